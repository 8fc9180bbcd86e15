"""Lanes of the pictures, from the derived tables: state, exposure, accesses, coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import msgspec

from reports.grammar import Bar, Lane, Rule, Size, Style, Tick
from reports.lane_marks import bar_words, sign_words
from reports.material import Row, Rows
from reports.pinpoint import counted, instant, pinpoint

UNKNOWN = "UNKNOWN"
_KNOWN = {"observed": Style.SOLID, "inferred": Style.OUTLINED, "unknown": Style.UNKNOWN}


#: Rows of a numbered table that tell of changes, by change and resource.
Told = Mapping[tuple[str, str], int]


def state(slot: str, rows: Rows, label: str | None = None, told: Told | None = None) -> Lane:
    """One slot: its facts put together wherever one of them begins or ends.

    A bar cites the record of what begins with it, else of what goes on in it, and leads to the row
    of the change with which something began or ended there.
    """
    edges = sorted({at for row in rows for at in (row["start"], row["end"]) if at is not None})
    bounds: list[datetime | None] = [None, *edges, None]
    bars = []
    for start, end in pairwise(bounds):
        held = [row for row in rows if _holds(row, start, end)]
        if not held:
            continue
        bars.append(
            Bar(
                start=start, end=end, style=_style(held), text=shown(held),
                start_exact=start is not None and all(
                    row["start_bound"] == "exact" for row in held if row["start"] == start),
                end_exact=end is not None and all(
                    row["end_bound"] == "exact" for row in held if row["end"] == end),
                row=_told(rows, start, told or {}), cite=_cited(held, start),
            )
        )  # fmt: skip
    return Lane(label=label or slot, bars=tuple(_merged(bars)))


def _told(rows: Rows, start: datetime | None, told: Told) -> int | None:
    """The change with which something begins or ends at this instant."""
    changes = [(row["start_change_uid"], row) for row in rows if row["start"] == start]
    changes += [(row["end_change_uid"], row) for row in rows if row["end"] == start]
    keys = ((uid or "", row["resource_uid"]) for uid, row in changes if start is not None)
    return min((told[key] for key in keys if key in told), default=None)


def _cited(held: Sequence[Row], start: datetime | None) -> str:
    begun = [row for row in held if row["start"] == start] or held
    rows = [row for row in begun if row.get("evidence_item")]
    named = list(dict.fromkeys(pinpoint(row) for row in rows))
    more = f" and {len(named) - 1:,} more" if len(named) > 1 else ""
    return f"{named[0]}{more}" if named else ""


def shown(held: Sequence[Row]) -> str:
    """What a slot holds, in a word."""
    if any(row["value"] == UNKNOWN for row in held):
        return "unknown"
    present = [row for row in held if row["value"] is not None]
    if not present:
        return "none"
    if len(present) == 1 and present[0]["fact"] == "value":
        value = msgspec.json.decode(present[0]["value"])
        return value if isinstance(value, str) else present[0]["value"]
    return counted(len(present), "entry", "entries")


def exposure(
    windows: Sequence[Row], label: str, note: str, told: Mapping[str, int] | None = None
) -> Lane:
    """Periods in which the evaluator allows, or cannot tell; `told` are rows by window.

    Where both are computed for one lane (by different grants), the allowed period is drawn on top.
    """
    allowed = [row for row in windows if row["decision"] == "ALLOWED"]
    rest = [row for row in windows if row["decision"] != "ALLOWED"]
    rows = told or {}
    unknown = tuple(
        _window(row, Style.UNKNOWN, _exposed(row, allowed), rows.get(str(row.get("window_uid"))))
        for row in rest
    )
    granted = _together(
        [
            _window(row, Style.ALLOWED, "allow", rows.get(str(row.get("window_uid"))))
            for row in allowed
        ]
    )
    return Lane(label=label, note=note, bars=(*unknown, *granted))


def _window(row: Row, style: Style, text: str, told: int | None) -> Bar:
    return Bar(
        start=row["start"], end=row["end"], style=style, text=text, row=told,
        start_exact=row["start_bound"] == "exact", end_exact=row["end_bound"] == "exact",
    )  # fmt: skip


def _together(bars: Sequence[Bar]) -> list[Bar]:
    """Bars of one style that overlap or touch as one: several grants can allow the same."""
    merged: list[Bar] = []
    for bar in sorted(bars, key=lambda one: (one.start is not None, one.start)):
        last = merged[-1] if merged else None
        apart = last is None or (
            last.end is not None and bar.start is not None and last.end < bar.start
        )
        if last is None or apart:
            merged.append(bar)
        elif last.end is not None and (bar.end is None or bar.end > last.end):
            merged[-1] = replace(last, end=bar.end, end_exact=bar.end_exact)
    return merged


def _exposed(row: Row, allowed: Sequence[Row]) -> str:
    covered = any(
        (one["start"] is None or row["end"] is None or one["start"] < row["end"])
        and (one["end"] is None or row["start"] is None or one["end"] > row["start"])
        for one in allowed
    )
    return "" if covered else "cannot tell"


def accesses(
    rows: Sequence[Row], label: str, note: str, numbers: Mapping[str, int] | None = None
) -> Lane:
    """One stroke a request; `numbers` are the rows that tell of events."""
    known = numbers or {}
    return Lane(
        label=label, note=note,
        ticks=tuple(
            Tick(at=row["time"], success=row["logged"] == "success",
                 row=known.get(row["event_uid"]))
            for row in rows
        ),
    )  # fmt: skip


def sizes(rows: Sequence[Row]) -> tuple[Lane, ...]:
    """One lane of bytes, for requests whose record states a size; none where no record does."""
    stated = tuple(
        Size(at=row["time"], n=row["bytes_out"]) for row in rows if row["bytes_out"] is not None
    )
    if not stated:
        return ()
    n = sum(size.n for size in stated)
    return (Lane(label="bytes, as logged", note=f"{n:,} in all", sizes=stated),)


def coverage(rows: Rows, gaps: Rows, told: Mapping[str, int] | None = None) -> tuple[Lane, ...]:
    """One lane a source, gaps hatched over it; always the last lanes. `told` are rows by gap."""
    by_source: dict[str, list[Row]] = {}
    for row in rows:
        by_source.setdefault(row["source"], []).append(row)
    holes = tuple(
        Bar(start=gap["time_from"], end=gap["time_to"], style=Style.UNKNOWN,
            text=gap["kind"].replace("_", " "), row=(told or {}).get(gap["gap_uid"]),
            cite=pinpoint(gap) if gap.get("evidence_item") else "")
        for gap in gaps
        if gap["time_from"] is not None and gap["time_to"] is not None
    )  # fmt: skip
    lanes = []
    for source, covered in sorted(by_source.items()):
        bars = tuple(
            Bar(start=row["time_from"], end=row["time_to"], style=Style.COVERED)
            for row in covered
            if row["time_from"] is not None and row["time_to"] is not None
        )
        lanes.append(Lane(label="records of", note=source, bars=(*bars, *holes)))
    if not lanes:
        lanes.append(Lane(label="records", note="no known period", bars=holes))
    return tuple(lanes)


def rules(writes: Sequence[Sequence[Row]], numbers: Sequence[int]) -> tuple[Rule, ...]:
    """One numbered rule a write."""
    drawn = []
    for number, rows in zip(numbers, writes, strict=True):
        row = rows[0]
        actor = (row["technical_actor"] or "").rsplit("/", 1)[-1]
        words = row["operation"] or f"{row['kind']} change"
        drawn.append(
            Rule(
                number=number, low=row["time_from"], high=row["time_to"],
                text=f"{words}{' (refused)' if not row['accepted'] else ''}"
                     f"{' · ' + actor if actor else ''}",
                refused=not row["accepted"],
            )
        )  # fmt: skip
    return tuple(drawn)


def described(rules_drawn: Sequence[Rule], lanes_drawn: Sequence[Lane]) -> str:
    """The facts of a picture in sentences, for who cannot see it."""
    parts = [f"Change {rule.number} at {instant(rule.low)}: {rule.text}." for rule in rules_drawn]
    for lane in lanes_drawn:
        name = lane.name
        parts += [f"{name}: {bar_words(bar)}." for bar in lane.bars]
        if lane.sizes:
            stated = counted(len(lane.sizes), "record")
            parts.append(f"{name}: {counted(sum(s.n for s in lane.sizes), 'byte')} in {stated}.")
        if lane.ticks:
            good = sum(tick.success for tick in lane.ticks)
            times = [tick.at for tick in lane.ticks]
            parts.append(
                f"{name}: {good} of {counted(len(times), 'request')} succeeded, "
                f"{instant(min(times))} to {instant(max(times))}."
            )
        parts += [f"{name}: {sign_words(sign)} at {instant(sign.at)}." for sign in lane.signs]
    return " ".join(parts)


def _holds(row: Row, start: datetime | None, end: datetime | None) -> bool:
    begun = row["start"] is None or (start is not None and row["start"] <= start)
    goes_on = row["end"] is None or (end is not None and row["end"] >= end)
    return begun and goes_on


def _style(held: Sequence[Row]) -> Style:
    known = {row["how_known"] for row in held}
    for how in ("unknown", "inferred", "observed"):
        if how in known:
            return _KNOWN[how]
    return Style.UNKNOWN


def _merged(bars: list[Bar]) -> list[Bar]:
    """Neighbors that say the same are one bar."""
    merged: list[Bar] = []
    for bar in bars:
        last = merged[-1] if merged else None
        if last and last.end == bar.start and (last.style, last.text) == (bar.style, bar.text):
            merged[-1] = replace(last, end=bar.end, end_exact=bar.end_exact)
        else:
            merged.append(bar)
    return merged
