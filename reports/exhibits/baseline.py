"""Exhibit H: settings on a day, beside defaults, guidance and contract of that day.

1. the date that each resource is held against, and why that one;
2. values found, defaults at creation and on the day, comparable resources;
3. what was available then (reasonable care), statutes (a class of its own), contract clauses;
4. what came later, named apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.registers import Entry
from reports.exhibits import baseline_tables as tables_of
from reports.exhibits import parts, supplied
from reports.exhibits import scope as scope_exhibit
from reports.material import Material
from reports.model import (
    Exhibit,
    Items,
    Kind,
    Label,
    Native,
    Origin,
    Paragraph,
    Section,
    Text,
    Value,
    plain,
    say,
)
from reports.pinpoint import instant, stored
from reports.text import Say, said, sentences
from timeline import baseline
from timeline.correlate.baselines import AGREE, DIFFER, Found, settings_at
from timeline.state.intervals import History

TEMPLATE = "baseline.j2"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """The instant that a resource is held against, and why that one (R-001)."""

    resource: str
    at: datetime
    why: str


def build(
    material: Material, label: Label, numbers: Mapping[str, tuple[str, ...]], *,
    resources: tuple[str, ...], left: int = 0,
) -> Exhibit:  # fmt: skip
    """The exhibit for the resources that get a history; `left` others are not held against it."""
    tell = sentences(TEMPLATE, material.case)
    dates = tuple(as_of(material, resources))
    history = History(material.intervals, material.changes)
    found = tuple(
        setting
        for one in dates
        for setting in settings_at(
            one.resource, one.at, material.intervals, material.changes, history
        )
    )
    clauses = tables_of.clauses(material.registers.of("contracts"), found)
    return Exhibit(
        key="H", number=label.number, stem=label.stem, title=tell("title"),
        kind=Kind.EXPERT_REPORT, origin=Origin.DERIVED, question=tell("question"),
        facts=(
            ("As of (UTC)", say(", ".join(instant(one.at) for one in dates) or "none")),
            supplied.cover_row(material, ("contracts",)),
        ),
        coverage=parts.coverage(material),
        answer=tuple(_answer(material, tell, found, clauses)),
        sections=_sections(material, tell, dates, found, clauses, numbers),
        limits=(*((tell("left", n=left),) if left else ()), *_limits(material, tell, dates, found)),
        sources=parts.sources(material, (one.interval for one in found if one.interval)),
        native=_native(material, found, clauses), running=plain(tell("running")),
    )  # fmt: skip


def as_of(material: Material, resources: tuple[str, ...]) -> Iterator[AsOf]:
    """Of each resource: begin of its exposure, else of the incident, else its last change."""
    windows = scope_exhibit.computed(material).windows
    for resource in resources:
        starts = [
            row["start"]
            for row in windows
            if row["start"] is not None and row["resource_uid"].startswith(resource)
        ]
        written = [
            row["time_from"]
            for row in material.changes
            if row["resource_uid"] == resource and row["accepted"] and row["time_from"] is not None
        ]
        if starts:
            why = "the beginning of the first computed window for a caller of the incident"
            yield AsOf(resource=resource, at=min(starts), why=why)
        elif material.config.incident.time_from is not None:
            why = "the beginning of the incident as case.toml defines it"
            yield AsOf(resource=resource, at=material.config.incident.time_from, why=why)
        elif written:
            yield AsOf(resource=resource, at=max(written), why="the last recorded change")


def _answer(
    material: Material, tell: Say, found: Sequence[Found], clauses: Sequence[tuple[Found, Entry]]
) -> Iterator[Text]:
    if not found:
        yield tell("answer_empty")
        return
    days = sorted({str(one.as_of) for one in found})
    verdicts = [tables_of.default_verdict(one) for one in found]
    yield tell(
        "answer_settings", n=len(found), resources=len({one.resource_uid for one in found}),
        day=said(", ".join(days)), default_agree=verdicts.count(AGREE),
        default_differ=verdicts.count(DIFFER),
        default_open=len(verdicts) - verdicts.count(AGREE) - verdicts.count(DIFFER),
    )  # fmt: skip
    told = [tables_of.guided(one, row) for one in found for row in one.guidance]
    yield tell(
        "answer_guidance", documents=len({row.uid for one in found for row in one.guidance}),
        agree=told.count(AGREE), differ=told.count(DIFFER),
        open=len(told) - told.count(AGREE) - told.count(DIFFER),
    )  # fmt: skip
    held = [tables_of.clause_verdict(one, entry) for one, entry in clauses]
    yield tell(
        "answer_contract", supplied=material.registers.supplied("contracts"),
        n=len({entry.place for _, entry in clauses}), agree=held.count(AGREE),
        differ=held.count(DIFFER), open=len(held) - held.count(AGREE) - held.count(DIFFER),
    )  # fmt: skip


def _sections(
    material: Material, tell: Say, dates: Sequence[AsOf], found: Sequence[Found],
    clauses: Sequence[tuple[Found, Entry]], numbers: Mapping[str, tuple[str, ...]],
) -> tuple[Section, ...]:  # fmt: skip
    held = Items(
        entries=tuple(
            tell("as_of", resource=one.resource, at=said(instant(one.at)), why=one.why)
            for one in dates
        )
        or (tell("answer_empty"),)
    )
    stated = material.config.jurisdiction
    contract = (
        Paragraph(
            text=tell("contract_governing", contract=stated.contract, date=stated.contract_date)
        ),
        tables_of.contract(tell, clauses, supplied=material.registers.supplied("contracts")),
    )
    statute = (Paragraph(text=tell("statute", law=", ".join(stated.law))),)
    return (
        Section(title=tell("as_of_title"), blocks=(held,)),
        Section(
            title=tell("settings_title"),
            blocks=(tables_of.settings(tell, found, numbers.get("C", ())),),
        ),
        Section(title=tell("guidance_title"), blocks=(tables_of.guidance(tell, found),)),
        Section(title=tell("statute_title"), blocks=statute),
        Section(title=tell("contract_title"), blocks=contract),
        Section(title=tell("later_title"), blocks=(tables_of.later(tell, found),)),
    )


def _limits(
    material: Material, tell: Say, dates: Sequence[AsOf], found: Sequence[Found]
) -> Iterator[Text]:
    yield tell("limit_choice")
    yield tell("limit_sources")
    kept = baseline.unconfirmed("aws", sorted({one.slot for one in found}))
    if kept:
        yield tell("limit_unconfirmed", n=len(kept))
    yield tell("limit_rollout")
    times = [one.at for one in dates]
    yield from parts.limits(material, start=min(times, default=None), end=max(times, default=None))


def _native(
    material: Material, found: Sequence[Found], clauses: Sequence[tuple[Found, Entry]]
) -> Native:
    columns = (
        ("row", "int"), ("resource", "text"), ("setting", "text"), ("as_of", "text"),
        ("value_found", "text"), ("how_known", "text"), ("measured_against", "text"),
        ("class", "text"), ("id", "text"), ("document", "text"), ("version", "text"),
        ("available_from", "text"), ("date_precision", "text"), ("names_value", "text"),
        ("comparison", "text"), ("same_value", "int"), ("known_resources", "int"),
        ("source", "text"), *parts.TRACE,
    )  # fmt: skip
    rows: list[tuple[Value, ...]] = []
    for one in found:
        for measured in tables_of.measured(one, [e for f, e in clauses if f is one]):
            rows.append(_native_row(material, len(rows) + 1, one, measured))
    return Native(columns=columns, rows=tuple(rows))


def _native_row(
    material: Material, number: int, one: Found, measured: tuple[Value, ...]
) -> tuple[Value, ...]:
    interval = one.interval or {}
    against, standard, uid, document, version, since, precision, value, verdict, source = measured
    return (
        number, one.resource_uid, one.slot, stored(one.at), tables_of.stored_value(one.state),
        interval.get("how_known"), against, standard, uid, document, version, since, precision,
        value, verdict, one.peers.same, one.peers.known, source,
        *parts.trace(material, interval, interval.get("start")),
    )  # fmt: skip
