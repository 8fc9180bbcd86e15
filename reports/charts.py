"""The picture grammar: lanes over one time axis, drawn as SVG.

One function draws every picture, for print and screen alike. Marks, from top to bottom: numbered
rules for changes; bars for state (solid = observed, outlined = inferred, hatched = unknown; a
bound that is not exact has a slanted end); thick bars for what the evaluator allows; ticks for
accesses (success up, denial down; beyond `TICKS` a histogram); triangles for warnings (filled =
delivered) and, pointing down, for responses; coverage of the logs, always last.
**Unknown is always a hatch, and nothing else is ever hatched.**
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from reports.grammar import (
    FACE,
    HATCH,
    HEAD,
    LANE,
    LEFT,
    QUIET_INK,
    RIGHT,
    WIDTH,
    WORDED,
    Lane,
    Rule,
    Style,
)
from reports.lane_marks import lane_of, values
from reports.lettering import INK, drawn_words, grounded, width_of, words_at
from reports.marks import laned, marked
from reports.pinpoint import instant, local
from reports.timescale import Scale, scale


def instants(rules: Iterable[Rule], lanes: Iterable[Lane]) -> list[datetime]:
    """Every instant that a picture has to show."""
    found = [at for rule in rules for at in (rule.low, rule.high) if at is not None]
    covered: list[datetime] = []
    for lane in lanes:
        for bar in lane.bars:
            ends = [at for at in (bar.start, bar.end) if at is not None]
            (covered if bar.style is Style.COVERED else found).extend(ends)
        found += [tick.at for tick in lane.ticks]
        found += [size.at for size in lane.sizes]
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
    placed = [(lane, top, lane.name) for lane, top in zip(lanes, tops, strict=True)]
    parts += [laned(lane_of(lane, axis, top), name) for lane, top, name in placed]
    heads = [6 + HEAD * row * worded for row in range(len(rules))]
    parts += [_rule(rule, axis, at, body) for rule, at in zip(rules, heads, strict=True)]
    # Words come last, each on a ground of its own, so that no line crosses them.
    parts += [laned(values(lane, axis, top), name) for lane, top, name in placed]
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
    beside = grounded(
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
            grounded(cluster[0][0], 12.0, words, ink=INK, ground="#ffffff", anchor="start")
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
