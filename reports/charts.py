"""The picture grammar: lanes over one time axis, drawn as SVG.

One function draws every picture, for print and screen alike. Marks, from top to bottom: numbered
rules for changes; bars for state (solid = observed, outlined = inferred, hatched = unknown; a
bound that is not exact has a slanted end); thick bars for what the evaluator allows; ticks for
accesses (success up, denial down; beyond `TICKS` a histogram); triangles for warnings (filled =
delivered) and, pointing down, for responses; coverage of the logs, always last.
**Unknown is always a hatch, and nothing else is ever hatched.**
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from reports.lettering import INK, drawn_words, width_of, words_at
from reports.marks import laned, marked
from reports.pinpoint import instant, local
from reports.timescale import Scale, scale

WIDTH, LEFT, RIGHT = 680.0, 158.0, 672.0
LANE, HEAD = 25.0, 13.0
TICKS = 400
#: Up to so many changes have their words beside them; beyond, numbers alone.
WORDED = 14
BINS = 60
ACCENT, QUIET_INK, RULE = "#1f4e79", "#555555", "#b8b8b8"
FACE = "'Libertinus Serif', 'Source Serif 4', Georgia, serif"


class Style(StrEnum):
    """How a bar is drawn."""

    SOLID = "solid"
    OUTLINED = "outlined"
    UNKNOWN = "unknown"
    ALLOWED = "allowed"
    COVERED = "covered"
    PART = "in part"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A stretch of a lane; None = beyond the records; `exact` ends are upright."""

    start: datetime | None
    end: datetime | None
    style: Style
    text: str = ""
    start_exact: bool = True
    end_exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One access, and the row that tells of it."""

    at: datetime
    success: bool
    row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One warning: a triangle, filled if its delivery is evidenced; a response points down."""

    at: datetime
    filled: bool
    response: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A row of the picture: bars, ticks or signs, and a label of one or two lines."""

    label: str
    note: str = ""
    bars: tuple[Bar, ...] = ()
    ticks: tuple[Tick, ...] = ()
    signs: tuple[Sign, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A numbered change; `low`/`high` are its bounds in time."""

    number: int
    low: datetime | None
    high: datetime | None
    text: str
    refused: bool = False


def instants(rules: Iterable[Rule], lanes: Iterable[Lane]) -> list[datetime]:
    """Every instant that a picture has to show."""
    found = [at for rule in rules for at in (rule.low, rule.high) if at is not None]
    covered: list[datetime] = []
    for lane in lanes:
        for bar in lane.bars:
            ends = [at for at in (bar.start, bar.end) if at is not None]
            (covered if bar.style is Style.COVERED else found).extend(ends)
        found += [tick.at for tick in lane.ticks]
        found += [sign.at for sign in lane.signs]
    # Records that begin and end with every file are no events: no break could lie between them.
    return [*found, *((min(covered), max(covered)) if covered else ())]


def draw(rules: Sequence[Rule], lanes: Sequence[Lane], zone: ZoneInfo) -> str:
    """The picture, or an empty text if there is nothing to place in time."""
    marks = instants(rules, lanes)
    if not marks:
        return ""
    axis = scale(marks, LEFT, RIGHT)
    worded = len(rules) <= WORDED
    head = 6 + HEAD * (len(rules) if worded else 1)
    body = head + LANE * len(lanes)
    tops = [head + LANE * row for row in range(len(lanes))]
    parts = [_ground(axis, head, body)]
    placed = [
        (lane, top, f"{lane.label} {lane.note}") for lane, top in zip(lanes, tops, strict=True)
    ]
    parts += [laned(_lane(lane, axis, top), name) for lane, top, name in placed]
    heads = [6 + HEAD * row * worded for row in range(len(rules))]
    parts += [_rule(rule, axis, at, body) for rule, at in zip(rules, heads, strict=True)]
    # Words come last, each on a ground of its own, so that no line crosses them.
    parts += [laned(_values(lane, axis, top), name) for lane, top, name in placed]
    if worded:
        parts += [_rule_label(rule, axis, at) for rule, at in zip(rules, heads, strict=True)]
    else:
        parts.append(_numbers(rules, axis))
    parts += [_axis(axis, body, zone)]
    height = body + (42 if zone.key != "UTC" else 30)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" '
        f'font-family="{FACE}" font-size="9.5">{HATCH}{"".join(parts)}</svg>'
    )


#: The one pattern, for what is unknown; `url(#unknown)` refers to it.
HATCH = (
    '<defs><pattern id="unknown" width="5" height="5" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="5" height="5" fill="#ffffff"/>'
    f'<rect width="1.1" height="5" fill="{QUIET_INK}"/></pattern></defs>'
)


def _ground(axis: Scale, head: float, body: float) -> str:
    """White ground, hairlines between lanes, break marks."""
    rows = int((body - head) / LANE)
    parts = [
        f'<line x1="0" x2="{RIGHT}" y1="{head + LANE * n:.2f}" y2="{head + LANE * n:.2f}" '
        f'stroke="#e2e2e2" stroke-width="0.6"/>'
        for n in range(rows + 1)
    ]
    for piece in axis.breaks():
        middle = (piece.left + piece.right) / 2
        for x in (middle - 2, middle + 2):
            parts.append(
                f'<line x1="{x - 2.5:.2f}" x2="{x + 2.5:.2f}" y1="{body + 4:.2f}" '
                f'y2="{body - 4:.2f}" stroke="{INK}" stroke-width="0.9"/>'
            )
    return "".join(parts)


def _lane(lane: Lane, axis: Scale, top: float) -> str:
    middle = top + LANE / 2
    label = words_at(0, middle + (0 if lane.note else 3.2), lane.label, room=LEFT - 10)
    if lane.note:
        label += words_at(0, middle + 9, lane.note, room=LEFT - 10, size=7.6, fill=QUIET_INK)
        label = label.replace(f'y="{middle:.2f}"', f'y="{middle - 0.5:.2f}"', 1)
    bars = "".join(_bar(bar, axis, top) for bar in lane.bars)
    signs = "".join(_sign(sign, axis, top + LANE / 2) for sign in lane.signs)
    return label + bars + _ticks(lane.ticks, axis, top) + signs


def _sign(sign: Sign, axis: Scale, middle: float) -> str:
    x, up = axis.x(sign.at, missing=LEFT), 1 if sign.response else -1
    fill = ACCENT if sign.filled else "#ffffff"
    return (
        f'<path d="M{x:.2f} {middle + 5 * up:.2f}L{x - 4.5:.2f} {middle - 4 * up:.2f}'
        f'L{x + 4.5:.2f} {middle - 4 * up:.2f}Z" fill="{fill}" stroke="{ACCENT}" '
        f'stroke-width="0.9"/>'
    )


def _ends(bar: Bar, axis: Scale) -> tuple[float, float]:
    """Left and right end; a hatch is never drawn so narrow that it could be overlooked."""
    x1, x2 = axis.x(bar.start, missing=LEFT), axis.x(bar.end, missing=RIGHT)
    least = 3.0 if bar.style is Style.UNKNOWN else 0.8
    if x2 - x1 < least:
        x1 = min(x1, RIGHT - least)
        x2 = x1 + least
    return x1, x2


def _bar(bar: Bar, axis: Scale, top: float) -> str:
    x1, x2 = _ends(bar, axis)
    thick = bar.style is Style.ALLOWED
    y1, y2 = top + (4 if thick else 6), top + LANE - (4 if thick else 6)
    slant = min(4.0, (x2 - x1) / 3)
    a = slant if not bar.start_exact or bar.start is None else 0
    b = slant if not bar.end_exact or bar.end is None else 0
    fill, stroke, _ = _COLORS[bar.style]
    return (
        f'<path d="M{x1 + a:.2f} {y1:.2f}L{x2:.2f} {y1:.2f}L{x2 - b:.2f} {y2:.2f}L{x1:.2f} '
        f'{y2:.2f}Z" fill="{fill}" stroke="{stroke}" stroke-width="0.8"/>'
    )


def _values(lane: Lane, axis: Scale, top: float) -> str:
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
            _grounded(middle, top + LANE / 2 + 2.9, text, ink=ink, ground=ground, anchor="middle")
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


def _rule(rule: Rule, axis: Scale, top: float, body: float) -> str:
    """A line through all lanes, from the head of its label."""
    x1, x2, x = _place(rule, axis)
    dash = ' stroke-dasharray="2 2"' if rule.refused else ""
    line = (
        f'<line x1="{x:.2f}" x2="{x:.2f}" y1="{top + 5:.2f}" y2="{body:.2f}" stroke="{INK}" '
        f'stroke-width="0.7"{dash}/>'
    )
    if x2 - x1 < 1 or rule.low is None or rule.high is None:
        return line
    return line + (
        f'<rect x="{x1:.2f}" y="{top + 4:.2f}" width="{x2 - x1:.2f}" height="3" '
        f'fill="url(#unknown)" stroke="{QUIET_INK}" stroke-width="0.4"/>'
    )


def _rule_label(rule: Rule, axis: Scale, top: float) -> str:
    """Number and words beside the line, drawn after all lines so that none crosses them."""
    _, _, x = _place(rule, axis)
    label = f"{rule.number}  {drawn_words(rule.text)}"
    right = x + 6 + width_of(label, 8.4) < RIGHT
    dot = (
        f'<circle cx="{x:.2f}" cy="{top + 5:.2f}" r="2.2" stroke="{INK}" stroke-width="0.7" '
        f'fill="{"#ffffff" if rule.refused else INK}"/>'
    )
    beside = _grounded(
        x + 6 if right else x - 6, top + 8, label, ink=INK, ground="#ffffff",
        anchor="start" if right else "end", room=RIGHT - x - 6 if right else x - 6,
    )  # fmt: skip
    when = instant(rule.low, beyond="before the first record")
    return marked(dot + beside, f"{label}, {when}", rule.number)


def _numbers(rules: Sequence[Rule], axis: Scale) -> str:
    """Too many changes for words: numbers alone, those that stand close together as a range."""
    clusters: list[list[tuple[float, int]]] = []
    for x, number in sorted((_place(rule, axis)[2], rule.number) for rule in rules):
        if clusters and x - clusters[-1][0][0] < 30:
            clusters[-1].append((x, number))
        else:
            clusters.append([(x, number)])
    drawn = []
    for cluster in clusters:
        numbers = sorted(number for _, number in cluster)
        words = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"
        drawn.append(
            _grounded(cluster[0][0], 12.0, words, ink=INK, ground="#ffffff", anchor="start")
        )
    return "".join(drawn)


def _place(rule: Rule, axis: Scale) -> tuple[float, float, float]:
    """Left and right bound and the middle, where the line stands."""
    x1, x2 = axis.x(rule.low, missing=LEFT), axis.x(rule.high, missing=RIGHT)
    return x1, x2, x1 if rule.high is None or x2 - x1 < 1 else (x1 + x2) / 2


def _axis(axis: Scale, body: float, zone: ZoneInfo) -> str:
    parts = [
        f'<line x1="{LEFT}" x2="{RIGHT}" y1="{body:.2f}" y2="{body:.2f}" stroke="{INK}" '
        f'stroke-width="0.8"/>',
        words_at(0, body + 15, "UTC", size=8.4),
    ]
    ticks = [(x, at) for x, at in axis.ticks(90) if x < RIGHT - 38]
    fine = any((at.hour, at.minute, at.second) != (0, 0, 0) for _, at in ticks)
    whole = fine and any(at.second for _, at in ticks)
    for x, at in ticks:
        form = "%Y-%m-%d" + (" %H:%M:%S" if whole else " %H:%M" if fine else "")
        parts.append(
            f'<line x1="{x:.2f}" x2="{x:.2f}" y1="{body:.2f}" y2="{body + 4:.2f}" stroke="{INK}" '
            f'stroke-width="0.8"/>'
        )
        parts.append(words_at(x, body + 15, at.strftime(form), size=8.4, anchor="middle"))
        if zone.key != "UTC":
            there = local(at, zone)
            shown = f"{there[:16]} {there[-6:]}"
            parts.append(words_at(x, body + 27, shown, size=7.4, anchor="middle", fill=QUIET_INK))
    if zone.key != "UTC":
        parts.append(words_at(0, body + 27, zone.key, size=7.4, fill=QUIET_INK))
    return "".join(parts)


def _grounded(
    x: float, y: float, words: str, *, ink: str, ground: str, anchor: str,
    room: float | None = None,
) -> str:  # fmt: skip
    """A line of text on a ground that hides the lines behind it."""
    width = min(width_of(words, 8.4), room or RIGHT) + 3
    left = x - {"start": 1.5, "middle": width / 2, "end": width - 1.5}[anchor]
    return (
        f'<rect x="{left:.2f}" y="{y - 7.2:.2f}" width="{width:.2f}" height="9.6" fill="{ground}"/>'
    ) + words_at(x, y, words, size=8.4, fill=ink, anchor=anchor, room=room)
