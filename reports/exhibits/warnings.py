"""Exhibit I: who was told when, and what followed. Ledger, three questions, steps, clocks.

Every state of a warning stands for itself; steps are computed from records or marked as stated;
clocks are arithmetic.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.exhibits import calendar_tables, clocks, ledger, parts, supplied, warnings_tables
from reports.exhibits import scope as scope_exhibit
from reports.exhibits.clocks import Run, Step
from reports.exhibits.ledger import Notice
from reports.material import Material
from reports.model import Exhibit, Kind, Label, Native, Origin, Section, Text, Value, plain, say
from reports.pinpoint import instant, stored
from reports.text import Say, said, sentences
from timeline.correlate.milestones import Milestone, milestones

TEMPLATE = "warnings.j2"
READ = ("warnings", "contracts", "documents", "communications")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Everything that the exhibit shows."""

    notices: tuple[Notice, ...]
    found: tuple[Milestone, ...]
    steps: tuple[Step, ...]
    runs: tuple[Run, ...]
    asked: tuple[ledger.Answered, ...]
    again: tuple[tuple[Notice, Mapping[str, object]], ...]
    resources: tuple[str, ...]
    due: tuple[calendar_tables.Due, ...]


def build(material: Material, label: Label, _numbers: Mapping[str, tuple[str, ...]]) -> Exhibit:
    """The exhibit for the whole case."""
    tell = sentences(TEMPLATE, material.case)
    told = gathered(material)
    times = [
        at for one in told.found if one.moment for at in (one.moment.low, one.moment.high) if at
    ]
    start, end = min(times, default=None), max(times, default=None)
    return Exhibit(
        key="I", number=label.number, stem=label.stem, title=tell("title"), kind=Kind.SUMMARY,
        origin=Origin.DERIVED, question=tell("question"),
        facts=(
            ("Period of the steps (UTC)",
             say(f"{instant(start)} to {instant(end)}" if start else "none")),
            supplied.cover_row(material, READ),
        ),
        coverage=parts.coverage(material), answer=tuple(_answer(material, tell, told)),
        sections=_sections(material, tell, told),
        limits=(*_limits(material, tell, told), *parts.limits(material, start=start, end=end)),
        sources=parts.sources(material, (
            row for row in (*(s.row for s in told.steps), *(n.row for n in told.notices)) if row)),
        native=_native(material, told), running=plain(tell("running")),
    )  # fmt: skip


def gathered(material: Material) -> Told:
    """Warnings, steps, clocks and questions of the case."""
    scope = scope_exhibit.computed(material)
    notices = ledger.notices(material.registers, ledger.detected(material.warnings))
    found = milestones(
        scope.windows, material.accesses, material.changes, material.intervals,
        material.class_changes,
    )  # fmt: skip
    first = next((one.moment for one in found if one.name == "accessed"), None)
    resources = sorted({str(row["resource_uid"]).split("/*")[0] for row in scope.windows})
    about = [one for one in resources if not any(one.startswith(f"{r}/") for r in resources)]
    return Told(
        notices=notices,
        found=found,
        steps=clocks.steps(material, found, notices),
        runs=clocks.runs(material, found, notices),
        asked=tuple(
            answered
            for resource in about
            for answered in ledger.questions(
                resource, first.low if first else None, notices, material.registers
            )
        ),
        again=tuple(ledger.recurrences(notices, scope.windows)),
        resources=tuple(about),
        due=tuple(calendar_tables.due(material)),
    )


def _answer(material: Material, tell: Say, told: Told) -> Iterator[Text]:
    yield tell(
        "answer_warnings", supplied=material.registers.supplied("warnings"), n=len(told.notices),
        provider=sum(one.row is not None for one in told.notices),
        delivered=sum(one.delivered is not None for one in told.notices),
        acknowledged=sum(one.acknowledged is not None for one in told.notices),
        closed=sum(one.closed is not None for one in told.notices),
    )  # fmt: skip
    known = [one for one in told.found if one.moment is not None]
    yield tell("answer_steps", known=len(known), n=len(told.found))
    counts = clocks.results(told.runs)
    yield tell(
        "answer_clocks", n=len(told.runs), met=counts["met"], late=counts["late"],
        open=counts["unknown"],
    )  # fmt: skip


def _sections(material: Material, tell: Say, told: Told) -> tuple[Section, ...]:
    registers = material.registers
    return (
        Section(title=tell("steps_title"), blocks=(warnings_tables.steps(tell, told.steps),)),
        Section(title=tell("ledger_title"), blocks=(warnings_tables.ledger(
            tell, told.notices, supplied=registers.supplied("warnings")),)),
        Section(title=tell("tests_title"), blocks=(warnings_tables.asked(tell, told.asked),)),
        Section(title=tell("recurrence_title"), blocks=(
            warnings_tables.again(tell, told.again),)),
        Section(title=tell("clocks_title"), blocks=(
            warnings_tables.runs(tell, told.runs, material),)),
        Section(title=tell("communications_title"), blocks=(warnings_tables.communications(
            tell, registers.of("communications"),
            supplied=registers.supplied("communications")),)),
        Section(title=tell("documents_title"), blocks=(
            calendar_tables.documents(tell, material, told.resources),)),
        Section(title=tell("calendar_title"), blocks=(calendar_tables.calendar(tell, told.due),)),
    )  # fmt: skip


def _limits(material: Material, tell: Say, told: Told) -> Iterator[Text]:
    read = [
        f"registers/{name}.csv" for name in READ if material.registers.supplied(name)
    ]  # fmt: skip
    yield tell("limit_registers", files=said(", ".join(read)) if read else None)
    yield tell("limit_delivery")
    yield tell("limit_arithmetic")
    names = clocks.presets(told.runs)
    if names:
        yield tell("limit_preset", names=", ".join(names))
    yield tell("limit_remediated")
    yield tell("limit_calendar")


def _native(material: Material, told: Told) -> Native:
    columns = (
        ("row", "int"), ("part", "text"), ("id", "text"), ("what", "text"), ("party", "text"),
        ("resource", "text"), ("from", "text"), ("to", "text"), ("delivered_at", "text"),
        ("recipient", "text"), ("acknowledged_at", "text"), ("action", "text"),
        ("closed_at", "text"), ("period", "text"), ("due_from", "text"), ("due_to", "text"),
        ("end_from", "text"), ("end_to", "text"), ("result", "text"), ("stated_in", "text"),
        ("stated_in_sha256", "text"), ("evidence_as_supplied", "text"), *parts.TRACE,
    )  # fmt: skip
    rows: Sequence[tuple[Value, ...]] = [
        *(_of_notice(material, one) for one in told.notices),
        *(_of_step(material, one) for one in told.steps),
        *(_of_run(material, one) for one in told.runs),
        *(_of_question(one) for one in told.asked),
        *_of_communications(material),
        *_of_documents(material, told),
    ]
    return Native(columns=columns, rows=tuple((n, *row) for n, row in enumerate(rows, 1)))


_NO_TRACE: tuple[Value, ...] = (None,) * len(parts.TRACE)


def _sha256(material: Material, place: str) -> str | None:
    name = place.removeprefix("registers/").partition(".csv:")[0]
    return material.registers.sha256.get(name)


def _of_notice(material: Material, one: Notice) -> tuple[Value, ...]:
    trace = parts.trace(material, one.row, one.emitted) if one.row is not None else _NO_TRACE
    return (
        "warning", one.uid, one.what, None, one.resource, stored(one.emitted), None,
        stored(one.delivered), one.recipient, stored(one.acknowledged), one.action,
        stored(one.closed), None, None, None, None, None, None, one.place,
        _sha256(material, one.place), one.evidence, *trace,
    )  # fmt: skip


def _of_step(material: Material, one: Step) -> tuple[Value, ...]:
    low, high = (one.moment.low, one.moment.high) if one.moment else (None, None)
    trace = parts.trace(material, one.row, low) if one.row is not None else _NO_TRACE
    return (
        "step", one.name, one.basis, None, None, stored(low), stored(high),
        *(None,) * 10, "not evidenced" if one.moment is None else "evidenced",
        one.place or None, _sha256(material, one.place), None, *trace,
    )  # fmt: skip


def _of_run(material: Material, one: Run) -> tuple[Value, ...]:
    low, high = (one.start.low, one.start.high) if one.start else (None, None)
    first, last = (one.end.low, one.end.high) if one.end else (None, None)
    due_low, due_high = clocks.due_of(one, material)
    return (
        "clock", one.uid, one.rule, one.party, None, stored(low), stored(high),
        *(None,) * 5, one.length.text if one.length else None, stored(due_low), stored(due_high),
        stored(first), stored(last), one.result, one.place, _sha256(material, one.place),
        one.evidence, *_NO_TRACE,
    )  # fmt: skip


def _of_question(one: ledger.Answered) -> tuple[Value, ...]:
    return (
        "question", one.name, None, None, one.resource, *(None,) * 12, one.answer,
        "; ".join(one.basis) or None, None, None, *_NO_TRACE,
    )  # fmt: skip


def _of_communications(material: Material) -> Iterator[tuple[Value, ...]]:
    for one in material.registers.of("communications"):
        yield (
            "communication", one.text("id"), one.text("subject"), one.text("from"), None,
            stored(one.time("sent_at")), None, stored(one.time("delivered_at")), one.text("to"),
            *(None,) * 9, one.place, _sha256(material, one.place), one.text("evidence"),
            *_NO_TRACE,
        )  # fmt: skip


def _of_documents(material: Material, told: Told) -> Iterator[tuple[Value, ...]]:
    for row in calendar_tables.native(material, told.resources):
        part, uid, what, party, resource, low, high, kind, period, result, place, evidence = row
        yield (
            part, uid, what, party, resource, low, high, None, None, None, kind, None, period,
            *(None,) * 4, result, place, _sha256(material, str(place)), evidence, *_NO_TRACE,
        )  # fmt: skip
