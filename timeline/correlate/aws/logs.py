"""Survey of what CloudTrail recorded: statements of switches, gaps with their effects, matrix."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from collector.model import Gap
from timeline import events
from timeline.correlate import coverage, effects
from timeline.correlate.aws import logging, switches, undelivered
from timeline.correlate.coverage import Cell, Kept, Period, Statement, Step
from timeline.correlate.effects import Effect
from timeline.correlate.gaps import uid_of
from timeline.normalize import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was logged in a case.

    Attributes:
        statements, loggers: of all trails and event data stores.
        rows: of the table `coverage`.
        last: instant of the last record; None without records.
        known: gap_uid -> effects, of gaps that the switches made.
        gaps: these gaps, and the last minutes before a collection.
    """

    statements: tuple[Statement, ...]
    loggers: Mapping[str, Sequence[Step]]
    rows: Sequence[Mapping[str, Any]]
    last: datetime | None
    known: Mapping[str, tuple[Effect, ...]]
    gaps: tuple[Gap, ...]

    def effects_of(self, gap: Gap) -> tuple[Effect, ...]:
        """What a gap of any origin may hide."""
        return self.known.get(uid_of(gap)) or logging.effects(gap)

    def hiding_writes(self, gaps: Iterable[Gap]) -> list[Gap]:
        """Gaps in which a change may be hidden; an open one runs to the end of the records."""
        return [
            replace(gap, time_to=self.last) if self._is_open(gap) else gap
            for gap in gaps
            if any(e.activity != "read" for e in self.effects_of(gap))
        ]

    def matrix(self, containers: Iterable[str]) -> list[dict[str, Any]]:
        """Rows of the table `logging`."""
        _, every = logging.cells(self.rows, containers, logging.left_out(self.statements))
        return [coverage.row(p) for p in coverage.matrix(self.loggers, every, logging.keeps)]

    def _is_open(self, gap: Gap) -> bool:
        begun = gap.time_from is not None and self.last is not None and gap.time_from < self.last
        return gap.kind == "logging_off" and begun and gap.time_to is None


def survey(
    table: Any,  # noqa: ANN401 Arrow
    answers: Iterable[Snapshot],
    rows: Sequence[Mapping[str, Any]],
) -> Survey:
    """Surveys the trails and event data stores of a case.

    Args:
        table: `events`.
        answers: of any kind.
        rows: of the table `coverage`.
    """
    said = switches.statements(events.of_services(table, (switches.SERVICE,)), answers)
    seen, _ = logging.cells(rows, (), logging.left_out(said))
    said += _unnamed(table, coverage.steps(said), seen)
    loggers = coverage.steps(said)
    known: dict[str, tuple[Effect, ...]] = {}
    gaps: list[Gap] = []
    for hole in coverage.holes(loggers, seen, logging.keeps):
        gaps.append(logging.gap(hole))
        known[uid_of(gaps[-1])] = tuple(map(effects.of_cell, hole.cells))
    last = max((r["time_to"] for r in rows), default=None)
    return Survey(
        statements=tuple(said),
        loggers=loggers,
        rows=rows,
        last=last,
        known=known,
        gaps=(*gaps, *undelivered.last_minutes(last, _acquired(table))),
    )


def _acquired(table: Any) -> datetime | None:  # noqa: ANN401 Arrow
    import pyarrow.compute as pc

    found = pc.max(table["acquired_at"]).as_py() if table.num_rows else None
    return found if isinstance(found, datetime) else None


def _unnamed(
    table: Any,  # noqa: ANN401 Arrow
    loggers: Mapping[str, Sequence[Step]],
    cells: Sequence[Cell],
) -> list[Statement]:
    """Sources that kept a cell while every trail was off: an unnamed trail, the event history."""
    found: list[Statement] = []
    for period in coverage.matrix(loggers, cells, logging.keeps):
        if period.kept is not Kept.OFF:
            continue
        ends = _first_and_last(table, period)
        if ends is None:
            continue
        first, last = ends
        near = period.end is None or period.end - last["time"] <= undelivered.DELIVERY
        found += logging.unnamed(period, first, last, period.end if near else last["time"])
    return found


def _first_and_last(
    table: Any,  # noqa: ANN401 Arrow
    period: Period,
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """First and last row of `events` of a period's cell strictly inside it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cell = period.cell
    mask = pc.and_(
        pc.equal(table["category"], cell.category),
        pc.is_in(table["activity"], value_set=pa.array(_ACTIVITIES[cell.activity])),
    )
    for column, value in (("account_uid", cell.account_uid), ("region", cell.region)):
        mask = pc.and_(mask, pc.equal(pc.fill_null(table[column], ""), value))
    if cell.category == "data":
        mask = pc.and_(mask, pc.equal(table["container"], cell.resource))
    elif cell.resource:
        mask = pc.and_(mask, pc.equal(table["service"], cell.resource))
    kind = table.schema.field("time").type
    if period.start is not None:
        mask = pc.and_(mask, pc.greater(table["time"], pa.scalar(period.start, kind)))
    if period.end is not None:
        mask = pc.and_(mask, pc.less(table["time"], pa.scalar(period.end, kind)))
    inside = table.filter(mask)
    if not inside.num_rows:
        return None
    ends = inside.slice(0, 1).to_pylist() + inside.slice(inside.num_rows - 1).to_pylist()
    return ends[0], ends[1]


#: Kinds of activity of a cell, as `events` names them; `other` tells nothing.
_ACTIVITIES = {
    "read": ["read", "list", "authenticate"],
    "write": ["write", "delete", "configure"],
}
