"""Part of exhibit I: documents as supplied, and reviews that were due beside those supplied.

Of a document: what it claims as its date, from when it is provable, and whether that is after the
incident began (R-018); whether the resource lies in its scope and the beginning of the incident in
its period (R-016). Of a review: the cadence that a clause states, each period of it up to the end
of the incident, and the documents of that kind dated in it (R-015). All of it is what somebody
states; what is not in the register was not supplied, which is not the same as not done.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from collector.registers import Entry
from reports.exhibits import parts
from reports.exhibits.ledger import about
from reports.material import Material
from reports.model import Column, Table, Text, Value, given, quote, say
from reports.text import Say

#: Due periods that are printed; the rest is counted, and stands in the native table.
LINES = 120
#: Periods of one clause that are computed; a clause of one day over decades is a misprint.
MOST = 2_000
_DAYS = re.compile(r"(?P<n>[1-9]\d{0,4})\s*d(?:ays?)?")
INSIDE, OUTSIDE, MISSING = "inside", "outside", "not supplied"
DOCUMENTS = (
    Column(title="Id; kind", width=1.4),
    Column(title="Title; framework", width=2.4),
    Column(title="Claimed", width=1.2, exact=True),
    Column(title="Provable from", width=1.2, exact=True),
    Column(title="Days between", width=0.8, number=True),
    Column(title="First provable", width=1.8),
    Column(title="Scope; period", width=1.8),
    Column(title="Register; evidence", width=2.2),
)
DUE = (
    Column(title="Clause; party", width=2.2),
    Column(title="Kind", width=1.4),
    Column(title="From", width=1.0, exact=True),
    Column(title="Until", width=1.0, exact=True),
    Column(title="Documents dated in it", width=3.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One period in which a review of a kind was due.

    Attributes:
        clause: row of the register that states the cadence.
        start: first day; `end` the first day after it.
        found: documents of that kind that are dated in it; none = none supplied.
    """

    clause: Entry
    start: date
    end: date
    found: tuple[Entry, ...]


def began(material: Material) -> date | None:
    """The day on which the incident begins, as case.toml states."""
    start = material.config.incident.time_from
    return start.date() if start is not None else None


def provable(one: Entry, first: date | None) -> str:
    """R-018, in a phrase of ours."""
    shown = one.day("provable_date")
    if shown is None or first is None:
        return "not supplied" if shown is None else "beginning of the incident not supplied"
    return "after the incident began" if shown > first else "before or as the incident began"


def placed(one: Entry, resources: Sequence[str], first: date | None) -> tuple[str, str]:
    """R-016: (whether a resource of the incident is in scope, whether its beginning in period)."""
    scope = one.text("scope")
    low, high = one.day("period_from"), one.day("period_to")
    in_scope = MISSING if scope is None or not resources else (
        INSIDE if any(about(scope, name) for name in resources) else OUTSIDE
    )  # fmt: skip
    if first is None or (low is None and high is None):
        return in_scope, MISSING
    return in_scope, OUTSIDE if (low and first < low) or (high and first > high) else INSIDE


def due(material: Material) -> Iterator[Due]:
    """Every period of every cadence that is over by the end of the incident, in register order."""
    documents = material.registers.of("documents")
    last = material.config.incident.time_to
    for clause in material.registers.of("contracts"):
        match = _DAYS.fullmatch((clause.text("period") or "").strip())
        start = clause.day("from")
        if clause.text("start_event") or not clause.text("duty") or not match:
            continue
        if start is None or last is None:
            continue
        ends = min(clause.day("to") or last.date(), last.date())
        for _ in range(MOST):
            end = start + timedelta(days=int(match["n"]))
            if end > ends:
                break  # still running when the incident ends: not yet due
            yield Due(clause=clause, start=start, end=end,
                      found=tuple(_dated(documents, clause, start, end)))  # fmt: skip
            start = end


def _dated(documents: Sequence[Entry], clause: Entry, start: date, end: date) -> Iterator[Entry]:
    kind = (clause.text("duty") or "").casefold()
    for one in documents:
        day = one.day("claimed_date") or one.day("provable_date")
        if (one.text("kind") or "").casefold() == kind and day is not None and start <= day < end:
            yield one


def documents(tell: Say, material: Material, resources: Sequence[str]) -> Table:
    """The register of documents, each with its dates and what they cover."""
    first = began(material)
    found = material.registers.of("documents")
    return Table(
        caption=tell("documents_caption", n=len(found)), columns=DOCUMENTS,
        rows=tuple(
            (
                parts.lines(given(one.text("id") or ""), given(one.text("kind") or "")),
                parts.lines(given(one.text("title") or ""),
                            given(one.text("framework") or "framework not supplied")),
                _day(one.day("claimed_date")), _day(one.day("provable_date")),
                say(_between(one)), say(provable(one, first)), _placed(one, resources, first),
                parts.lines(say(one.place), given(one.text("evidence") or "not supplied")),
            )
            for one in found
        ),
        empty=tell("documents_empty", supplied=material.registers.supplied("documents")),
        wide=True,
    )  # fmt: skip


def _placed(one: Entry, resources: Sequence[str], first: date | None) -> Text:
    scope, period = placed(one, resources, first)
    return parts.lines(
        quote(one.text("scope") or "") if one.text("scope") else None,
        say(f"scope: {scope}"), say(f"period: {period}"),
    )  # fmt: skip


def _between(one: Entry) -> str:
    claimed, shown = one.day("claimed_date"), one.day("provable_date")
    return f"{(shown - claimed).days:,}" if claimed and shown else ""


def _day(day: date | None) -> Text:
    return say(day.isoformat() if day else "not supplied")


def calendar(tell: Say, found: Sequence[Due]) -> Table:
    """Due beside supplied."""
    return Table(
        caption=tell("calendar_caption", n=len(found), printed=min(len(found), LINES)),
        columns=DUE,
        rows=tuple(
            (
                parts.lines(given(one.clause.text("clause") or one.clause.text("id") or ""),
                            given(one.clause.text("party") or "")),
                given(one.clause.text("duty") or ""), _day(one.start), _day(one.end),
                parts.lines(*(given(doc.text("id") or "") for doc in one.found))
                or say("none in the register"),
            )
            for one in found[:LINES]
        ),
        empty=tell("calendar_empty"),
    )  # fmt: skip


def native(material: Material, resources: Sequence[str]) -> Iterator[tuple[Value, ...]]:
    """(part, id, what, party, resource, from, to, action, period, result, place, evidence)."""
    first = began(material)
    for one in material.registers.of("documents"):
        scope, period = placed(one, resources, first)
        yield (
            "document", one.text("id"), one.text("title"), None, one.text("scope"),
            _stored(one.day("claimed_date")), _stored(one.day("provable_date")), one.text("kind"),
            None, f"{provable(one, first)}; scope: {scope}; period: {period}", one.place,
            one.text("evidence"),
        )  # fmt: skip
    for run in due(material):
        yield (
            "review due", run.clause.text("id"), run.clause.text("clause"),
            run.clause.text("party"), None, _stored(run.start), _stored(run.end),
            run.clause.text("duty"), run.clause.text("period"),
            "; ".join(doc.text("id") or "" for doc in run.found) or "none in the register",
            run.clause.place, run.clause.text("evidence"),
        )  # fmt: skip


def _stored(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
