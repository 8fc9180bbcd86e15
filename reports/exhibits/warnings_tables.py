"""Tables of exhibit I."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from collector.registers import Entry
from reports.exhibits import clocks, parts
from reports.exhibits.clocks import Run, Step
from reports.exhibits.ledger import Answered, Notice
from reports.material import Material
from reports.model import Column, Table, Text, given, quote, say
from reports.pinpoint import instant, local, pinpoint
from reports.text import Say
from timeline.correlate.periods import Moment

STEPS = (
    Column(title="Step", width=2.3),
    Column(title="When (UTC)", width=2.2, exact=True),
    Column(title="After “introduced”", width=1.5),
    Column(title="After the step above", width=1.5),
    Column(title="What it rests on; record", width=3.4),
)
LEDGER = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Warning; about", width=3.0),
    Column(title="Emitted (UTC)", width=1.4, exact=True),
    Column(title="Delivered (UTC); to", width=1.6),
    Column(title="Acknowledged (UTC)", width=1.7, exact=True),
    Column(title="Action, as supplied", width=1.8),
    Column(title="Closed (UTC)", width=1.4, exact=True),
    Column(title="Stated in; evidence", width=1.7),
)
ASKED = (
    Column(title="Question", width=3.0),
    Column(title="Resource", width=2.6),
    Column(title="Answer", width=0.9),
    Column(title="Rests on", width=2.2),
)
AGAIN = (
    Column(title="Warning", width=2.4),
    Column(title="Closed (UTC)", width=1.5, exact=True),
    Column(title="Window began again (UTC)", width=1.5, exact=True),
    Column(title="Resource; caller; action", width=3.0),
)
RUNS = (
    Column(title="Clock; party; rule", width=2.4),
    Column(title="Starts with", width=1.7),
    Column(title="Period; due", width=2.0),
    Column(title="Ends with", width=1.7),
    Column(title="Result", width=1.6),
    Column(title="Stated in; evidence", width=1.7),
)
COMMUNICATIONS = (
    Column(title="Id", width=0.7),
    Column(title="Sent (UTC)", width=1.4, exact=True),
    Column(title="Delivered (UTC)", width=1.4, exact=True),
    Column(title="From; to", width=2.0),
    Column(title="Subject, as supplied", width=2.6),
    Column(title="Register; evidence", width=1.8),
)

_LAST = datetime.max.replace(tzinfo=UTC)


def steps(tell: Say, found: Sequence[Step]) -> Table:
    """Steps with the time since the first and since the one above that is evidenced."""
    first = next((one.moment for one in found if one.name == "introduced"), None)
    rows = []
    above = None
    for one in found:
        rows.append(
            (
                tell("step", name=one.name), say(clocks.when(one.moment)),
                _elapsed(first, one, "introduced"), _elapsed(above, one, ""),
                parts.lines(say(one.basis) if one.moment or not one.place else None,
                            say(pinpoint(one.row)) if one.row is not None and
                            one.row.get("evidence_item") else None,
                            say(one.place) if one.place and one.moment else None),
            )
        )  # fmt: skip
        above = one.moment or above
    return Table(caption=tell("steps_caption"), columns=STEPS, rows=tuple(rows), empty=say("none"))


def _elapsed(since: Moment | None, one: Step, itself: str) -> Text:
    if one.moment is None or since is None or one.name == itself:
        return say("")
    return say(clocks.elapsed(since, one.moment))


def ledger(tell: Say, found: Sequence[Notice], *, supplied: bool) -> Table:
    """Warnings, each state in a column of its own."""
    rows = tuple(
        (
            say(f"{n:,}"),
            parts.lines(
                given(one.uid), given(one.what) if one.row is None else quote(one.what),
                given(one.resource) if one.resource else say("resource not supplied"),
                given(one.setting) if one.setting else None,
            ),
            _state(one.emitted),
            parts.lines(_state(one.delivered),
                        given(one.recipient) if one.recipient else say("recipient not supplied")),
            _state(one.acknowledged),
            given(one.action) if one.action else say("not supplied"),
            parts.lines(say("no later than") if one.closed_latest else None, _state(one.closed)),
            parts.lines(say(one.place), say(pinpoint(one.row)) if one.row is not None else
                        given(one.evidence or "evidence not supplied")),
        )
        for n, one in enumerate(found, 1)
    )  # fmt: skip
    return Table(
        caption=tell("ledger_caption", n=len(rows)), columns=LEDGER, rows=rows,
        empty=tell("ledger_empty", supplied=supplied), wide=True,
    )  # fmt: skip


def _state(at: datetime | None) -> Text:
    return say(instant(at, beyond="not evidenced"))


def asked(tell: Say, found: Sequence[Answered]) -> Table:
    """The three questions."""
    rows = tuple(
        (
            tell("test", name=one.name), quote(one.resource),
            say(one.answer if one.answer != "unknown" else "unknown (no evidence)"),
            say("; ".join(one.basis) or "nothing supplied about it"),
        )
        for one in found
    )  # fmt: skip
    return Table(caption=tell("tests_caption"), columns=ASKED, rows=rows, empty=tell("tests_empty"))


def again(tell: Say, found: Sequence[tuple[Notice, Mapping[str, object]]]) -> Table:
    """Warnings that were closed, and windows that began later."""
    rows = tuple(
        (
            parts.lines(given(one.uid), given(one.what)), _state(one.closed),
            parts.since(row),
            parts.lines(quote(str(row["resource_uid"])), quote(str(row["principal"])),
                        quote(str(row["action"]))),
        )
        for one, row in found
    )  # fmt: skip
    return Table(
        caption=tell("recurrence_caption", n=len(rows)), columns=AGAIN, rows=rows,
        empty=tell("recurrence_empty"),
    )  # fmt: skip


def runs(tell: Say, found: Sequence[Run], material: Material) -> Table:
    """Clocks as they ran."""
    return Table(
        caption=tell("clocks_caption", n=len(found), zone=material.config.zone.key), columns=RUNS,
        rows=tuple(_run(one, material) for one in found), empty=tell("clocks_empty"), wide=True,
    )  # fmt: skip


def _run(one: Run, material: Material) -> tuple[Text, ...]:
    low, high = clocks.due_of(one, material)
    due = clocks.when(Moment(low=low, high=high)) if low or high else "not established"
    there = low or high
    return (
        parts.lines(
            given(one.uid), given(one.party) if one.party else None,
            given(one.duty) if one.duty else None,
            given(one.rule) if one.rule else say("rule not supplied"),
            parts.joined((say("version:"), given(one.version)), " ") if one.version else None,
        ),
        parts.lines(given(one.start_event or "not supplied"), say(clocks.when(one.start))),
        parts.lines(
            given(one.length.text) if one.length else say("period not supplied"),
            say(f"due: {due}"),
            say(local(there, material.config.zone))
            if there and material.config.zone.key != "UTC" else None,
        ),
        parts.lines(
            given(one.end_event) if one.end_event else say("no event supplied"),
            say(clocks.when(one.end)),
        ),
        parts.lines(say(one.result), _distance(one, low, high)),
        parts.lines(say(one.place), given(one.evidence) if one.evidence else None),
    )  # fmt: skip


def _distance(one: Run, low: datetime | None, high: datetime | None) -> Text | None:
    """How long before or after the due time the end was."""
    if one.end is None or (low is None and high is None):
        return None
    over = Moment(low=low, high=high)
    if one.result == "late":
        return say(f"{clocks.elapsed(over, one.end)} after it was due")
    if one.result == "met":
        return say(f"{clocks.elapsed(one.end, over)} before it was due")
    return None


def communications(tell: Say, found: Sequence[Entry], *, supplied: bool) -> Table:
    """Who told whom."""
    ordered = sorted(found, key=lambda one: (one.time("sent_at") or _LAST, one.line))
    rows = tuple(
        (
            given(one.text("id") or ""), _state(one.time("sent_at")),
            _state(one.time("delivered_at")),
            parts.lines(given(one.text("from") or "sender not supplied"),
                        given(one.text("to") or "recipient not supplied")),
            given(one.text("subject") or "not supplied"),
            parts.lines(say(one.place), given(one.text("evidence") or "evidence not supplied")),
        )
        for one in ordered
    )  # fmt: skip
    return Table(
        caption=tell("communications_caption", n=len(rows)), columns=COMMUNICATIONS, rows=rows,
        empty=tell("communications_empty", supplied=supplied),
    )  # fmt: skip
