"""What was being logged, by whom, through time: a matrix over all loggers, and its holes.

A logger (a trail) keeps some kinds of events while it is on. Records of its switches and recorded
answers about it are statements; per logger and field they are replayed like configuration:
1. a recorded switch sets its fields from its instant on; before the first one they are not known;
2. an answer sets what it shows at its instant; where no switch is recorded before it, the value
   stood from the beginning (assumption `records-complete`);
3. an answer that shows another value than the last statement: between the two it is not known.
A cell of the matrix is a kind of event; it is *recorded* while any logger keeps it whole. A logger
that stops keeping a cell which another one keeps leaves no gap.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeAlias

from collector.model import Provenance

_BEGINNING, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

_TICK = timedelta(microseconds=1)


class Kept(StrEnum):
    """How much of a cell is kept."""

    RECORDED = "recorded"
    UNKNOWN = "not known"
    IN_PART = "in part"
    OFF = "off"


#: From most to least; a step down at a statement may open a hole.
_RANK = (Kept.RECORDED, Kept.UNKNOWN, Kept.IN_PART, Kept.OFF)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cell:
    """A kind of event.

    Attributes:
        category: management, data.
        activity: read, write.
        account_uid, region: whose, where; empty where not known.
        resource: container of data events; of management events a service that some logger leaves
            out, else empty.
    """

    category: str
    activity: str
    account_uid: str
    region: str
    resource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statement:
    """What one record or answer says of one logger.

    Attributes:
        logger: its name.
        at: when.
        name: operation.
        sets: fields it gives; others stay as they are.
        switched: True for a recorded switch, False for an answer that shows a state.
        before: fields as they were before it, where nothing earlier is known.
        provenance: the bytes.
    """

    logger: str
    at: datetime
    name: str
    sets: Mapping[str, Any]
    switched: bool
    provenance: Provenance
    before: Mapping[str, Any] = field(default_factory=dict)


#: Fields of a logger that are known at an instant.
State: TypeAlias = Mapping[str, Any]
#: (name of a logger, its state, cell) -> how much of the cell it keeps.
Keeps: TypeAlias = Callable[[str, State, Cell], Kept]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """State of one logger from an instant on; None = before all statements."""

    start: datetime | None
    state: State
    cause: Statement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A cell over `[start, end)`; None = before or beyond all statements.

    Attributes:
        cell, kept, loggers: what is kept, and by which loggers.
        causes: statements at the start.
    """

    cell: Cell
    kept: Kept
    loggers: tuple[str, ...]
    start: datetime | None
    end: datetime | None
    causes: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """From a statement that ends or narrows a logger, until the cells are recorded again.

    Attributes:
        start: the statement's instant; where an answer shows it, that of the statement before.
        cause, ended_by: statements; None where nothing ends it.
        cells: what is not, or not surely, recorded.
        kept: the least of these cells.
    """

    start: datetime
    cause: Statement
    ended_by: Statement | None
    cells: tuple[Cell, ...]
    kept: Kept

    @property
    def end(self) -> datetime | None:
        """Until when; None = to the end of the records."""
        return self.ended_by.at if self.ended_by else None


def steps(statements: Iterable[Statement]) -> dict[str, list[Step]]:
    """States of every logger over time, by its name."""
    found: dict[str, list[Statement]] = {}
    for one in statements:
        found.setdefault(one.logger, []).append(one)
    return {name: _replayed(found[name]) for name in sorted(found)}


def _replayed(statements: Sequence[Statement]) -> list[Step]:
    values: dict[str, list[_Value]] = {}
    seen: dict[str, datetime] = {}
    for one in sorted(statements, key=_order):
        for name, value in sorted(one.before.items()):
            if name not in values:
                values[name] = [(_BEGINNING, value, None)]
        for name, value in sorted(one.sets.items()):
            held = values.setdefault(name, [])
            if one.switched:
                held.append((one.at, value, one))
            elif not held:
                held.append((_BEGINNING, value, None))
            elif held[-1][1] != value:
                # What the answer shows was set between the last statement and the answer.
                held += [(seen[name] + _TICK, _NOT_KNOWN, one), (one.at, value, one)]
            seen[name] = one.at
    marks = sorted({at for held in values.values() for at, _, _ in held} | {_BEGINNING})
    return [_step(mark, values) for mark in marks]


def _step(mark: datetime, values: Mapping[str, Sequence["_Value"]]) -> Step:
    state: dict[str, Any] = {}
    cause = None
    for name, held in sorted(values.items()):
        in_force = [entry for entry in held if entry[0] <= mark][-1:]
        for at, value, statement in in_force:
            if value is not _NOT_KNOWN:
                state[name] = value
            if at == mark and statement is not None:
                cause = statement
    return Step(start=None if mark == _BEGINNING else mark, state=state, cause=cause)


#: Marks a field between the last statement and an answer that shows another value.
_NOT_KNOWN = object()
#: (from when, value, statement that says so)
_Value: TypeAlias = tuple[datetime, Any, Statement | None]


def matrix(
    loggers: Mapping[str, Sequence[Step]], cells: Iterable[Cell], keeps: Keeps
) -> list[Period]:
    """Every cell through time, in order; neighbors that say the same are one period."""
    found: list[Period] = []
    for cell in sorted(set(cells)):
        found += _periods(cell, loggers, keeps)
    return found


def _periods(cell: Cell, loggers: Mapping[str, Sequence[Step]], keeps: Keeps) -> list[Period]:
    marks = sorted({s.start or _BEGINNING for held in loggers.values() for s in held})
    made: list[Period] = []
    for mark in marks or [_BEGINNING]:
        each = {
            name: keeps(name, _at(held, mark).state, cell) for name, held in sorted(loggers.items())
        }
        kept = _together(each.values())
        names = tuple(name for name, one in each.items() if one is kept)
        if made and (made[-1].kept, made[-1].loggers) == (kept, names):
            continue
        start = None if mark == _BEGINNING else mark
        if made:
            made[-1] = replace(made[-1], end=start)
        causes = tuple(
            s.cause
            for _, held in sorted(loggers.items())
            for s in held
            if s.cause is not None and s.start == start
        )
        made.append(
            Period(cell=cell, kept=kept, loggers=names, start=start, end=None, causes=causes)
        )
    return made


def _together(each: Iterable[Kept]) -> Kept:
    """One logger that keeps it is enough; without any logger nothing is known."""
    return min(each, key=_RANK.index, default=Kept.UNKNOWN)


def holes(loggers: Mapping[str, Sequence[Step]], cells: Iterable[Cell], keeps: Keeps) -> list[Hole]:
    """Every hole, cells that share its bounds together, in order of time."""
    found: dict[tuple[str, datetime, Statement | None], list[tuple[Cell, Kept]]] = {}
    opened: dict[tuple[str, datetime, Statement | None], Step] = {}
    for cell in sorted(set(cells)):
        periods = _periods(cell, loggers, keeps)
        for name, held in sorted(loggers.items()):
            own = [(step, keeps(name, step.state, cell)) for step in held]
            for (_, was), (after, now) in pairwise(own):
                kept = _period_at(periods, after.start).kept
                lower = _RANK.index(now) > _RANK.index(was)
                if after.start is None or after.cause is None or not lower or kept is Kept.RECORDED:
                    continue
                key = (name, after.start, _recorded_again(after.start, was, own, periods))
                found.setdefault(key, []).append((cell, kept))
                opened[key] = after
    made = [_hole(key[1], opened[key], key[2], members) for key, members in found.items()]
    return sorted(made, key=lambda h: (h.start, h.cause.logger, h.end or _END, h.cells))


def _hole(
    start: datetime, opened: Step, end: Statement | None, members: Sequence[tuple[Cell, Kept]]
) -> Hole:
    assert opened.cause is not None
    return Hole(
        start=start,
        cause=opened.cause,
        ended_by=end,
        cells=tuple(cell for cell, _ in members),
        kept=max((kept for _, kept in members), key=_RANK.index),
    )


def _recorded_again(
    since: datetime, was: Kept, own: Sequence[tuple[Step, Kept]], periods: Sequence[Period]
) -> Statement | None:
    """The first statement after which the cell is recorded, or kept by this logger as before."""
    later = [
        step.cause
        for step, kept in own
        if step.cause is not None
        and (step.start or _BEGINNING) > since
        and _RANK.index(kept) <= _RANK.index(was)
    ]
    others = [
        p.causes[0]
        for p in periods
        if p.kept is Kept.RECORDED and (p.start or _BEGINNING) > since and p.causes
    ]
    return min([*later, *others], key=_order, default=None)


def _period_at(periods: Sequence[Period], at: datetime | None) -> Period:
    mark = at or _BEGINNING
    return [p for p in periods if (p.start or _BEGINNING) <= mark][-1]


def _at(held: Sequence[Step], mark: datetime) -> Step:
    return [s for s in held if (s.start or _BEGINNING) <= mark][-1]


def _order(one: Statement) -> tuple[datetime, str, str, str]:
    return (one.at, one.name, one.provenance.item, one.provenance.locator)


def row(period: Period) -> dict[str, Any]:
    """Row of the table `logging`."""
    cause = period.causes[0].provenance if period.causes else None
    return {
        "category": period.cell.category,
        "activity": period.cell.activity,
        "account_uid": period.cell.account_uid,
        "region": period.cell.region,
        "resource": period.cell.resource or None,
        "time_from": period.start,
        "time_to": period.end,
        "kept": str(period.kept),
        "loggers": list(period.loggers) if period.kept is not Kept.OFF else [],
        "why": "; ".join(f"{c.name} of {c.logger}" for c in period.causes)
        or "before the first statement on any logger",
        "evidence_item": cause.item if cause else None,
        "locator": cause.locator if cause else None,
        "record_sha256": cause.sha256 if cause else None,
    }
