"""Facts given: what case.toml states, each as instructed and none as established (R-101)."""

from collections.abc import Iterator
from datetime import datetime

from collector.case import Exemption
from collector.case_people import Assigned
from reports.documents.knowledge import Knowledge
from reports.documents.places import Numbers
from reports.exhibits import parts
from reports.material import Material
from reports.model import Block, Facts, Paragraph, Text, given, say
from reports.pinpoint import instant
from reports.text import Say


def given_facts(material: Material, tell: Say, _numbers: Numbers) -> Iterator[Block]:
    """One fact a row, marked; nothing is printed for what is not supplied."""
    stated = tuple(_stated(material))
    if not stated:
        yield Paragraph(text=tell("given_none"))
        return
    mark = str(Knowledge.INSTRUCTED)
    yield Facts(pairs=tuple((mark, parts.joined((say(name), text), ": ")) for name, text in stated))


def _stated(material: Material) -> Iterator[tuple[str, Text]]:
    config = material.config
    yield from _incident(material)
    for party in config.parties:
        own = (*party.accounts, *party.principals)
        yield "Party", parts.joined(
            (
                given(party.name), given(party.role) if party.role else say("role not supplied"),
                parts.joined(
                    (say("said to be its own"), given(", ".join(own)) if own else say("none")), ": "
                ),
            ),
            "; ",
        )  # fmt: skip
    yield from (("Person", _person(one)) for one in config.people)
    place = config.jurisdiction
    if place.contract:
        dated = given(place.contract_date) if place.contract_date else say("date not supplied")
        yield "Governing contract", parts.joined((given(place.contract), dated), "; ")
    if place.data_classes:
        yield "Classes of data", given(", ".join(place.data_classes))


def _incident(material: Material) -> Iterator[tuple[str, Text]]:
    incident = material.config.incident
    if incident.time_from or incident.time_to:
        yield "Period of the incident", say(_period(incident.time_from, incident.time_to))
    for name, values in (
        ("Resources of the incident", incident.resources),
        ("Addresses of the incident", incident.addresses),
        ("Principals of the incident", incident.principals),
    ):
        if values:
            yield name, given(", ".join(values))
    if incident.anonymous:
        yield "Anonymous accesses", say("in the incident")
    yield from (("Exempt from the incident", _exempt(one)) for one in incident.exempt)
    events: tuple[tuple[str, datetime | None], ...] = (
        ("Discovered", incident.discovered), ("Contained", incident.contained),
        ("Notified", incident.notified),
    )  # fmt: skip
    yield from ((name, say(instant(at))) for name, at in events if at is not None)


def _person(one: Assigned) -> Text:
    """Who is said to have held what, and the document that says so."""
    return parts.joined(
        (
            given(one.name), given(", ".join(one.principals)),
            say(_period(one.time_from, one.time_to)), given(one.evidence),
        ),
        "; ",
    )  # fmt: skip


def _period(start: datetime | None, end: datetime | None) -> str:
    """Half-open, as case.toml states it; an end that is not stated is not printed."""
    told = [f"from {instant(start)}"] if start else []
    told += [f"until before {instant(end)}"] if end else []
    return " ".join(told) or "without bounds in time"


def _exempt(one: Exemption) -> Text:
    return parts.joined(
        (given(", ".join((*one.principals, *one.addresses))), given(one.reason)), "; reason: "
    )
