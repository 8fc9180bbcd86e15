"""Steps with the time between them (R-043), and clocks by arithmetic alone (R-044, R-045)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.case import Clock
from collector.errors import ConfigError
from collector.registers import Entry
from reports.exhibits.ledger import Notice
from reports.material import Material, Row
from reports.pinpoint import instant
from timeline import baseline
from timeline.correlate.milestones import Milestone
from timeline.correlate.periods import (
    Moment,
    Period,
    between,
    due,
    exactly,
    judged,
    period,
    spelled,
)

#: Duty -> the event that ends it where the register names none.
ENDS = {"notification": "notified", "remediation": "contained"}
_SECOND = timedelta(seconds=1)
STATED = ("discovered", "contained", "notified")
_OF_WARNINGS = ("emitted", "delivered", "acknowledged", "closed")
_OF_COMMUNICATIONS = {"sent": "sent_at", "received": "delivered_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row of the table of steps.

    Attributes:
        name: key of its words in the template.
        moment: None = not evidenced.
        basis: what it rests on, in our words; `row` its record, None where it is a statement.
        place: where it is stated; empty for a computed one.
    """

    name: str
    moment: Moment | None
    basis: str
    row: Row | None
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One clock as it ran.

    Attributes:
        uid, party, duty, rule, version: as supplied.
        start_event, end_event: by name; None = not supplied.
        start, end: None = not evidenced.
        length: None = not supplied.
        result: met, late, unknown.
        place: line of the register, or the table of case.toml.
        preset: id of the rule whose period was chosen; None for a clock of one's own.
    """

    uid: str
    party: str | None
    duty: str | None
    rule: str | None
    version: str | None
    start_event: str | None
    start: Moment | None
    length: Period | None
    end_event: str | None
    end: Moment | None
    result: str
    place: str
    evidence: str | None
    preset: str | None = None


def steps(
    material: Material, found: Sequence[Milestone], said: Sequence[Notice]
) -> tuple[Step, ...]:
    """All steps, computed and stated, in the order in which they are printed."""
    computed = {
        one.name: Step(name=one.name, moment=one.moment, basis=one.why, row=one.row)
        for one in found
    }
    stated = material.config.incident
    start = computed["introduced"].moment
    return (
        computed["introduced"], computed["exposed"], computed["accessed"],
        *_signals(said, start.low if start else None),
        _stated("discovered", stated.discovered), computed["contained"],
        _stated("contained_stated", stated.contained), computed["remediated"],
        computed["verified"], _stated("notified", stated.notified),
    )  # fmt: skip


def _stated(name: str, at: datetime | None) -> Step:
    return Step(
        name=name, moment=exactly(at) if at else None, row=None,
        basis="as stated in case.toml", place="case.toml",
    )  # fmt: skip


def _signals(said: Sequence[Notice], start: datetime | None) -> Iterator[Step]:
    """The first warning after the beginning, its first delivery, the first acknowledgement."""
    later = [one for one in said if one.emitted and (start is None or one.emitted >= start)]
    for name, attribute in (
        ("signal", "emitted"), ("delivered", "delivered"), ("acknowledged", "acknowledged"),
    ):  # fmt: skip
        held = [(getattr(one, attribute), one.place, one) for one in later
                if getattr(one, attribute)]  # fmt: skip
        at, place, one = min(held, key=lambda item: item[:2], default=(None, "", None))
        yield Step(
            name=name, moment=exactly(at) if at else None, row=one.row if one else None,
            basis="first of the warnings below", place=place,
        )  # fmt: skip


def elapsed(first: Moment | None, second: Moment | None) -> str:
    """Time between two steps, least and most where they differ."""
    least, most = between(first, second)
    if least is None and most is None:
        return "not established"
    if least is not None and most is not None:
        if spelled(least) == spelled(most):
            return spelled(least)
        if most - least <= _SECOND:
            return f"{spelled(least)} (to 1 s)"
        return f"{spelled(least)} to {spelled(most)}"
    return f"at least {spelled(least)}" if least is not None else f"at most {spelled(most)}"  # type: ignore[arg-type]


def when(moment: Moment | None) -> str:
    """A moment in print."""
    if moment is None:
        return "not evidenced"
    if moment.low is None:
        return f"no later than {instant(moment.high)}"
    if moment.high is None:
        return f"no earlier than {instant(moment.low)}"
    if (moment.high - moment.low).total_seconds() <= 1:
        return instant(moment.low)
    return f"between {instant(moment.low)} and {instant(moment.high)}"


def runs(material: Material, found: Sequence[Milestone], said: Sequence[Notice]) -> tuple[Run, ...]:
    """Clocks of the register of contracts, then those of case.toml.

    Raises:
        ConfigError: an event, a period or a preset is not one that is known; with its place.
    """
    events = _Events(material, found, said)
    clauses = [one for one in material.registers.of("contracts") if one.text("start_event")]
    return (
        *(_clause(one, events, material) for one in clauses),
        *(_chosen(one, events, material) for one in material.config.clocks),
    )


def _clause(entry: Entry, events: "_Events", material: Material) -> Run:
    duty = entry.text("duty")
    start_event = entry.text("start_event")
    end_event = entry.text("end_event") or ENDS.get((duty or "").casefold())
    length = _period(entry.text("period"), entry.place)
    start, end = events.of(start_event, entry.place), events.of(end_event, entry.place)
    return Run(
        uid=entry.text("id") or "", party=entry.text("party"), duty=duty,
        rule=entry.text("clause"), version=None, start_event=start_event, start=start,
        length=length, end_event=end_event, end=end,
        result=judged(start, length, end, material.config.zone), place=entry.place,
        evidence=entry.text("evidence"),
    )  # fmt: skip


def _chosen(clock: Clock, events: "_Events", material: Material) -> Run:
    place = f"case.toml, clocks.{clock.name}"
    text, rule, ends = f"{clock.hours} h", clock.rule, clock.ends or "notified"
    if clock.preset:
        row = baseline.clock(clock.preset)
        if row is None or row.period is None:
            known = ", ".join(
                one.uid
                for one in baseline.rows()
                if one.kind is baseline.Kind.CLOCK and one.citable
            )
            raise ConfigError(f"{place}: preset: expected one of {known}, found {clock.preset!r}.")
        text, rule = row.period, clock.rule or row.document
    length = _period(text, place)
    start = exactly(clock.starts_at) if clock.starts_at else events.of(clock.starts, place)
    end = events.of(ends, place)
    return Run(
        uid=clock.name, party=None, duty=ends, rule=rule, version=clock.version,
        start_event=clock.starts or "a time of case.toml", start=start, length=length,
        end_event=ends, end=end,
        result=judged(start, length, end, material.config.zone), place=place, evidence=None,
        preset=clock.preset,
    )  # fmt: skip


def _period(text: str | None, place: str) -> Period | None:
    if text is None:
        return None
    try:
        return period(text)
    except ValueError as error:
        raise ConfigError(f"{place}: period: {error}.") from error


def due_of(run: Run, material: Material) -> tuple[datetime | None, datetime | None]:
    """Bounds of the time at which a clock is over.

    Raises:
        ConfigError: beyond the years that can be written.
    """
    if run.start is None or run.length is None:
        return None, None
    zone = material.config.zone
    low, high = run.start.low, run.start.high
    try:
        return (
            due(low, run.length, zone) if low is not None else None,
            due(high, run.length, zone) if high is not None else None,
        )
    except OverflowError as error:
        raise ConfigError(f"{run.place}: period: it ends after the year 9999.") from error


class _Events:
    """Events by the names that registers use."""

    def __init__(
        self, material: Material, found: Sequence[Milestone], said: Sequence[Notice]
    ) -> None:
        stated = material.config.incident
        computed = {one.name: one.moment for one in found}
        self._named: dict[str, Moment | None] = {
            name: _moment(getattr(stated, name)) for name in STATED
        }
        self._named |= {
            "first_exposed": computed.get("exposed"), "first_access": computed.get("accessed"),
        }  # fmt: skip
        for one in said:
            for state in _OF_WARNINGS:
                self._named[f"{state}:{one.uid}"] = _moment(getattr(one, state))
        for entry in material.registers.of("communications"):
            for name, column in _OF_COMMUNICATIONS.items():
                self._named[f"{name}:{entry.text('id')}"] = _moment(entry.time(column))

    def of(self, name: str | None, place: str) -> Moment | None:
        """The moment of an event; None where it is not evidenced.

        Raises:
            ConfigError: no event of that name.
        """
        if name is None:
            return None
        if name in self._named:
            return self._named[name]
        try:
            at = datetime.fromisoformat(name)
        except ValueError:
            at = None
        if at is not None and at.tzinfo is not None:
            return exactly(at)
        raise ConfigError(
            f"{place}: expected an event ({', '.join(STATED)}, first_exposed, first_access, "
            f"{', '.join(f'{s}:ID' for s in (*_OF_WARNINGS, *_OF_COMMUNICATIONS))}) or a time with "
            f"its offset, found {name[:60]!r}"
        )


def _moment(at: datetime | None) -> Moment | None:
    return exactly(at) if at is not None else None


def presets(ran: Sequence[Run]) -> tuple[str, ...]:
    """Ids of the presets that clocks were chosen with."""
    return tuple(sorted({one.preset for one in ran if one.preset}))


def results(ran: Sequence[Run]) -> Mapping[str, int]:
    """How many ended in each way."""
    return {name: sum(one.result == name for one in ran) for name in ("met", "late", "unknown")}
