"""Marks of one lane, drawn as SVG; each says its facts to who points at it or cannot see it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from reports.grammar import (
    ACCENT,
    BINS,
    LANE,
    LEFT,
    QUIET_INK,
    RIGHT,
    RULE,
    TICKS,
    Bar,
    Lane,
    Sign,
    Size,
    Style,
    Tick,
)
from reports.lettering import INK, SMALL, drawn_words, grounded, note_lines, width_of, words_at
from reports.marks import marked
from reports.pinpoint import counted, instant
from reports.timescale import Scale


def lane_of(lane: Lane, axis: Scale, top: float) -> str:
    middle = top + LANE / 2
    notes = note_lines(lane.note, LEFT - 10)
    first = middle + (3.2, -1.5, -4.0)[len(notes)]
    label = words_at(0, first, lane.label, room=LEFT - 10)
    for n, note in enumerate(notes, 1):
        label += words_at(
            0, first + 1.0 + 7.2 * n, note, size=SMALL, fill=QUIET_INK, room=LEFT - 10
        )
    bars = "".join(_bar(bar, axis, top, lane.name) for bar in lane.bars)
    signs = "".join(_sign(sign, axis, top + LANE / 2, lane.name) for sign in lane.signs)
    columns = _columns(lane.sizes, axis, top)
    return label + bars + _ticks(lane.ticks, axis, top) + columns + signs


def _sign(sign: Sign, axis: Scale, middle: float, name: str) -> str:
    x, up = axis.x(sign.at, missing=LEFT), 1 if sign.response else -1
    fill = ACCENT if sign.filled else "#ffffff"
    drawn = (
        f'<path d="M{x:.2f} {middle + 5 * up:.2f}L{x - 4.5:.2f} {middle - 4 * up:.2f}'
        f'L{x + 4.5:.2f} {middle - 4 * up:.2f}Z" fill="{fill}" stroke="{ACCENT}" '
        f'stroke-width="0.9"/>'
    )
    return marked(drawn, f"{name}: {sign_words(sign)}, {instant(sign.at)}")


def sign_words(sign: Sign) -> str:
    """A triangle in words."""
    if sign.response:
        return "response"
    return f"warning {'with' if sign.filled else 'without'} evidence of delivery"


def _ends(bar: Bar, axis: Scale) -> tuple[float, float]:
    """Left and right end; a hatch is never drawn so narrow that it could be overlooked."""
    x1, x2 = axis.x(bar.start, missing=LEFT), axis.x(bar.end, missing=RIGHT)
    least = 3.0 if bar.style is Style.UNKNOWN else 0.8
    if x2 - x1 < least:
        x1 = min(x1, RIGHT - least)
        x2 = x1 + least
    return x1, x2


def _bar(bar: Bar, axis: Scale, top: float, name: str) -> str:
    x1, x2 = _ends(bar, axis)
    thick = bar.style is Style.ALLOWED
    y1, y2 = top + (4 if thick else 6), top + LANE - (4 if thick else 6)
    slant = min(4.0, (x2 - x1) / 3)
    a = slant if not bar.start_exact or bar.start is None else 0
    b = slant if not bar.end_exact or bar.end is None else 0
    fill, stroke, _ = _COLORS[bar.style]
    drawn = (
        f'<path d="M{x1 + a:.2f} {y1:.2f}L{x2:.2f} {y1:.2f}L{x2 - b:.2f} {y2:.2f}L{x1:.2f} '
        f'{y2:.2f}Z" fill="{fill}" stroke="{stroke}" stroke-width="0.8"/>'
    )
    cited = f"; record {bar.cite}" if bar.cite else ""
    return marked(drawn, f"{name}: {bar_words(bar)}{cited}", bar.row)


def bar_words(bar: Bar) -> str:
    """A bar in words: value, how known, bounds."""
    how = "" if bar.text == bar.style.value else f" ({bar.style.value})" if bar.text else ""
    start = instant(bar.start, beyond="before the first record")
    end = instant(bar.end, beyond="beyond the last record")
    return f"{bar.text or bar.style.value}{how} from {start} to {end}"


def values(lane: Lane, axis: Scale, top: float) -> str:
    """The value in each bar that is wide enough for it; the table holds all of them."""
    shown = []
    for bar in lane.bars:
        x1, x2 = _ends(bar, axis)
        text = drawn_words(bar.text)
        if not text or width_of(text, 8.4) + 8 > x2 - x1:
            continue
        fill, _, ink = _COLORS[bar.style]
        ground = "#ffffff" if bar.style is Style.UNKNOWN else fill
        middle = (x1 + x2) / 2
        shown.append(
            grounded(middle, top + LANE / 2 + 2.9, text, ink=ink, ground=ground, anchor="middle")
        )
    return "".join(shown)


#: fill, stroke, ink
_COLORS = {
    Style.SOLID: ("#d9e3ee", ACCENT, INK),
    Style.OUTLINED: ("#ffffff", ACCENT, INK),
    Style.UNKNOWN: ("url(#unknown)", QUIET_INK, INK),
    Style.ALLOWED: (ACCENT, ACCENT, "#ffffff"),
    Style.COVERED: ("#c9c9c9", "#8a8a8a", INK),
    Style.PART: ("#ededed", "#8a8a8a", INK),
    Style.OFF: ("#ffffff", "#8a8a8a", INK),
}


def _ticks(ticks: Sequence[Tick], axis: Scale, top: float) -> str:
    """Single accesses, or a histogram: success above the line, denial below it."""
    if not ticks:
        return ""
    middle = top + LANE / 2
    line = (
        f'<line x1="{LEFT}" x2="{RIGHT}" y1="{middle:.2f}" y2="{middle:.2f}" stroke="{RULE}" '
        f'stroke-width="0.5"/>'
    )
    if len(ticks) <= TICKS:
        return line + "".join(_strokes(ticks, axis, middle))
    return line + _histogram(ticks, axis, middle)


def _strokes(ticks: Sequence[Tick], axis: Scale, middle: float) -> Iterator[str]:
    """One stroke where requests fall together; its facts name the first of them."""
    places: dict[tuple[float, float], list[Tick]] = {}
    for tick in ticks:
        x, up = round(axis.x(tick.at, missing=LEFT), 2), -9.5 if tick.success else 9.5
        places.setdefault((x, up), []).append(tick)
    for (x, up), here in sorted(places.items(), key=lambda one: one[0]):
        stroke = (
            f'<line x1="{x:.2f}" x2="{x:.2f}" y1="{middle:.2f}" y2="{middle + up:.2f}" '
            f'stroke="{ACCENT if up < 0 else INK}" stroke-width="0.7"/>'
        )
        first = min(here, key=lambda tick: tick.at)
        kind = "succeeded" if first.success else "did not succeed"
        yield marked(stroke, f"{len(here):,} {kind}, first {instant(first.at)}", first.row)


def _histogram(ticks: Sequence[Tick], axis: Scale, middle: float) -> str:
    bins: dict[tuple[int, bool], int] = {}
    spans: dict[int, tuple[datetime, datetime]] = {}
    width = (RIGHT - LEFT) / BINS
    for tick in ticks:
        at = min(int((axis.x(tick.at, missing=LEFT) - LEFT) / width), BINS - 1)
        bins[at, tick.success] = bins.get((at, tick.success), 0) + 1
        first, last = spans.get(at, (tick.at, tick.at))
        spans[at] = (min(first, tick.at), max(last, tick.at))
    most = max(bins.values())
    parts = []
    for (at, success), n in sorted(bins.items()):
        height = max(9.5 * n / most, 0.6)
        top = middle - height if success else middle
        bar = (
            f'<rect x="{LEFT + at * width + 0.4:.2f}" y="{top:.2f}" width="{width - 0.8:.2f}" '
            f'height="{height:.2f}" fill="{ACCENT if success else INK}"/>'
        )
        kind = "succeeded" if success else "did not succeed"
        parts.append(
            marked(bar, f"{n:,} {kind}, {instant(spans[at][0])} to {instant(spans[at][1])}")
        )
    return "".join(parts)


def _columns(sizes: Sequence[Size], axis: Scale, top: float) -> str:
    """Bytes by stretch of the axis; the highest column is named in the lane's note."""
    if not sizes:
        return ""
    low = top + LANE - 4
    line = (
        f'<line x1="{LEFT}" x2="{RIGHT}" y1="{low:.2f}" y2="{low:.2f}" stroke="{RULE}" '
        f'stroke-width="0.5"/>'
    )
    width = (RIGHT - LEFT) / BINS
    bins = stretches(sizes, axis)
    most = max(sum(size.n for size in held) for held in bins.values()) or 1
    parts = [line]
    for at, held in sorted(bins.items()):
        n = sum(size.n for size in held)
        height = max((LANE - 8) * n / most, 0.6)
        bar = (
            f'<rect x="{LEFT + at * width + 0.4:.2f}" y="{low - height:.2f}" '
            f'width="{width - 0.8:.2f}" height="{height:.2f}" fill="{ACCENT}"/>'
        )
        times = [size.at for size in held]
        words = f"{counted(n, 'byte')} in {counted(len(held), 'record')}"
        parts.append(marked(bar, f"{words}, {instant(min(times))} to {instant(max(times))}"))
    return "".join(parts)


def stretches(sizes: Sequence[Size], axis: Scale) -> dict[int, list[Size]]:
    """Sizes by column of the axis."""
    width = (RIGHT - LEFT) / BINS
    held: dict[int, list[Size]] = {}
    for size in sizes:
        at = min(int((axis.x(size.at, missing=LEFT) - LEFT) / width), BINS - 1)
        held.setdefault(at, []).append(size)
    return held
