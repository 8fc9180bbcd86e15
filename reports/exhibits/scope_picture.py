"""The picture of the scope: one bar a tier, counting distinct objects, hatched where open."""

from collections.abc import Sequence

from reports.grammar import ACCENT, FACE, HATCH, QUIET_INK, RULE
from reports.lettering import INK, words_at
from timeline.correlate.scope import Tier

WIDTH, LEFT, ROOM = 680.0, 92.0, 400.0
ROW, THICK, OPEN = 34.0, 15.0, 46.0


def draw(tiers: Sequence[Tier], misused: int) -> str:
    """The bars as SVG; the tier `misused` has a bar of its own kind: supplied or not."""
    most = max([tier.objects for tier in tiers] + [1])
    parts = [_tier(tier, most, 8 + ROW * row) for row, tier in enumerate(tiers)]
    top = 8 + ROW * len(tiers)
    words = f"{misused:,} supplied" if misused else "not supplied"
    parts.append(words_at(0, top + 13, "misused", size=10.5))
    parts.append(_hatched(LEFT, OPEN, top))
    parts.append(words_at(LEFT + OPEN + 8, top + 13, words, size=10))
    height = top + ROW
    line = (
        f'<line x1="{LEFT}" x2="{LEFT}" y1="2" y2="{height - 4:.2f}" stroke="{RULE}" '
        f'stroke-width="0.8"/>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" '
        f'font-family="{FACE}" font-size="10">{HATCH}{"".join(parts)}{line}</svg>'
    )


def described(tiers: Sequence[Tier], misused: int) -> str:
    """The same facts as sentences."""
    parts = [
        f"{tier.name}: {_words(tier)}{'' if tier.objects_most is not None else ', bar open'}."
        for tier in tiers
    ]
    return " ".join([*parts, f"misused: {f'{misused:,} supplied' if misused else 'not supplied'}."])


def _tier(tier: Tier, most: int, top: float) -> str:
    long = ROOM * tier.objects / most
    bar = (
        f'<rect x="{LEFT}" y="{top:.2f}" width="{long:.2f}" height="{THICK}" fill="{ACCENT}" '
        f'stroke="{INK}" stroke-width="0.5"/>'
    )
    end = LEFT + long
    if tier.objects_most is None:
        bar += _hatched(end, OPEN, top)
        end += OPEN
    label = words_at(0, top + 11, tier.name, size=10.5)
    return label + bar + words_at(end + 8, top + 11, _words(tier), size=10)


def _hatched(x: float, width: float, top: float) -> str:
    return (
        f'<rect x="{x:.2f}" y="{top:.2f}" width="{width}" height="{THICK}" fill="url(#unknown)" '
        f'stroke="{QUIET_INK}" stroke-width="0.5"/>'
    )


def _words(tier: Tier) -> str:
    noun = "object" if tier.objects == 1 else "objects"
    return f"{'at least ' if tier.objects_most is None else ''}{tier.objects:,} {noun}"
