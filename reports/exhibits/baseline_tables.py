"""Tables of exhibit H: what each setting is measured against, one named baseline at a time."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase

from collector.registers import Entry
from reports.exhibits import parts
from reports.model import Column, Table, Text, Value, given, quote, say
from reports.pinpoint import instant, interval, pinpoint
from reports.text import Say
from timeline import baseline
from timeline.correlate.baselines import OPEN, UNKNOWN, Found, compared
from timeline.model import Json, Knowledge, SlotState
from timeline.state.defaults import Default

SETTINGS = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Setting; resource", width=2.4),
    Column(title="Value found; how known; since", width=3.0),
    Column(title="Default when it was created", width=1.6),
    Column(title="Default for one created on the date", width=1.6),
    Column(title="Same value: k of N", width=1.0),
    Column(title="Record", width=1.6, exact=True),
)
GUIDANCE = (
    Column(title="Available from", width=1.2, exact=True),
    Column(title="Document; control; kind", width=2.5),
    Column(title="What it says", width=3.0),
    Column(title="Settings; value named; comparison", width=2.8),
    Column(title="Source", width=1.8, exact=True),
)
CONTRACT = (
    Column(title="Id; clause; party", width=1.8),
    Column(title="Text, as supplied", width=3.2),
    Column(title="In force", width=1.3),
    Column(title="Settings; value named; comparison", width=2.6),
    Column(title="Register; evidence", width=1.9, exact=True),
)
LATER = (
    Column(title="Available from", width=1.2, exact=True),
    Column(title="Document; control", width=2.6),
    Column(title="Subject", width=2.8),
    Column(title="Source", width=2.4, exact=True),
)


def settings(tell: Say, found: Sequence[Found], histories: Sequence[str]) -> Table:
    """Values found and defaults; settings that say the same in every column share a row."""
    groups: dict[tuple[object, ...], list[Found]] = {}
    for one in found:
        cells = _cells(tell, one, histories)
        groups.setdefault((one.resource_uid, one.title, cells), []).append(one)
    rows = tuple(
        (
            say(f"{n:,}"),
            parts.lines(
                say(ones[0].title), *(quote(one.slot) for one in ones),
                quote(ones[0].resource_uid),
            ),
            *_cells(tell, ones[0], histories),
        )
        for n, ones in enumerate(groups.values(), 1)
    )  # fmt: skip
    return Table(
        caption=tell("settings_caption", n=len(rows)), columns=SETTINGS, rows=rows,
        empty=tell("settings_empty"), wide=True,
    )  # fmt: skip


def _cells(tell: Say, one: Found, histories: Sequence[str]) -> tuple[Text, ...]:
    row = one.interval
    known = "not known" if row is None else f"{row['how_known']} by the records"
    if row is not None and row["how_known"] == "unknown":
        known = "not known from the records"
    since = tell("unwritten")
    if one.writer is not None and one.writer["operation"]:
        since = tell(
            "written", operation=one.writer["operation"],
            actor=one.writer["technical_actor"] or "not logged", at=interval(one.writer),
        )  # fmt: skip
    peers = one.peers
    counted = f"{peers.same:,} of {peers.known:,}"
    return (
        parts.lines(
            _found(one.state, histories),
            tell("found_on", day=str(one.as_of), known=known), since,
        ),
        _default(one.state, one.default_created, created=instant(one.created) if one.created else
                 "no record of the creation"),
        _default(one.state, one.default_then, created=None),
        parts.lines(say(counted if one.state.knowledge is not Knowledge.UNKNOWN else "not known"),
                    say(f"{peers.unknown:,} not known") if peers.unknown else None),
        say(pinpoint(row) if row is not None else "no record"),
    )  # fmt: skip


def _found(state: SlotState, histories: Sequence[str]) -> Text:
    if state.knowledge is Knowledge.UNKNOWN:
        return say("unknown")
    if state.knowledge is Knowledge.ABSENT:
        return say("none")
    if isinstance(state.value, dict | list):
        where = ", ".join(f"Ex. {number}" for number in histories) or "the configuration history"
        return say(f"a document, printed in full in {where}")
    return quote(json.dumps(state.value, ensure_ascii=False))


def _default(
    state: SlotState, default: tuple[Json, Default | None] | None, *, created: str | None
) -> Text:
    if default is None:
        return parts.lines(say("no default known"), say(created) if created else None)
    value, row = default
    return parts.lines(
        _value(value), say(compared(state, value)), say(created) if created else None,
        say(row.uid) if row is not None else None,
        say("roll-out of weeks, or general knowledge alone") if value == UNKNOWN else None,
    )  # fmt: skip


def _value(value: Json) -> Text:
    if value is None:
        return say("none")
    if value == UNKNOWN:
        return say("not known")
    return quote(json.dumps(value, ensure_ascii=False))


def default_verdict(one: Found) -> str:
    """Comparison with the default of the resource's creation."""
    return OPEN if one.default_created is None else compared(one.state, one.default_created[0])


def guided(one: Found, row: baseline.Row) -> str:
    """Comparison with what a dated row names; `OPEN` where it names no value."""
    names, value = row.recommended(one.slot)
    return compared(one.state, value) if names else OPEN


def guidance(tell: Say, found: Sequence[Found]) -> Table:
    """What was available on the date, one row each."""
    groups: dict[str, tuple[baseline.Row, list[Found]]] = {}
    for one in found:
        for row in one.guidance:
            groups.setdefault(row.uid, (row, []))[1].append(one)
    ordered = sorted(
        groups.values(), key=lambda item: (item[0].available_from or date.min, item[0].uid)
    )
    rows = tuple(
        (
            _since(row), _document(row),
            parts.lines(say(row.subject), say(row.statement)),
            _against(row, ones), given(row.source),
        )
        for row, ones in ordered
    )  # fmt: skip
    return Table(
        caption=tell("guidance_caption", n=len(rows)), columns=GUIDANCE, rows=rows,
        empty=tell("guidance_empty"), wide=True,
    )  # fmt: skip


def _since(row: baseline.Row) -> Text:
    if row.date_precision == "always":
        return say("always")
    day = say(str(row.available_from))
    return day if row.date_precision == "day" else parts.lines(day, say(row.date_precision))


def _document(row: baseline.Row) -> Text:
    name = row.document + (f", {row.version}" if row.version and row.version not in row.document
                           else "")  # fmt: skip
    return parts.lines(
        say(name), say(row.uid), say(f"{row.kind}; for {row.applies_to} resources"
                                     if row.applies_to != "both" else str(row.kind)),
    )  # fmt: skip


def _against(row: baseline.Row, ones: Sequence[Found]) -> Text:
    times = Counter(one.slot for one in ones)
    slots = [
        parts.joined((quote(slot), *((say(f"({n:,} resources)"),) if n > 1 else ())), " ")
        for slot, n in times.items()
    ]
    named = [row.recommended(one.slot) for one in ones]
    if not any(names for names, _ in named):
        return parts.lines(*slots, say("names no value"))
    verdicts = {guided(one, row) for one in ones}
    values = {json.dumps(value) for names, value in named if names}
    return parts.lines(
        *slots, say(f"value named: {', '.join(sorted(values))}"), say("; ".join(sorted(verdicts))),
    )  # fmt: skip


def later(tell: Say, found: Sequence[Found]) -> Table:
    """What came after the date."""
    rows_by = {row.uid: row for one in found for row in one.later}
    rows = tuple(
        (_since(row), _document(row), say(row.subject), given(row.source))
        for row in sorted(
            rows_by.values(), key=lambda one: (one.available_from or date.min, one.uid)
        )
    )
    return Table(
        caption=tell("later_caption", n=len(rows)), columns=LATER, rows=rows,
        empty=tell("later_empty"), wide=True,
    )  # fmt: skip


def clauses(entries: Sequence[Entry], found: Sequence[Found]) -> tuple[tuple[Found, Entry], ...]:
    """Clauses of the register that are about a setting and in force on its date."""
    return tuple(
        (one, entry)
        for entry in entries
        for one in found
        if _about(entry.text("control"), one.slot) and _in_force(entry, one)
    )


def _about(control: str | None, slot: str) -> bool:
    names = [part.strip() for part in (control or "").split(";")]
    return any(name and fnmatchcase(slot, name) for name in names)


def _in_force(entry: Entry, one: Found) -> bool:
    first, last = entry.day("from"), entry.day("to")
    return (first is None or first <= one.as_of) and (last is None or one.as_of <= last)


def clause_verdict(one: Found, entry: Entry) -> str:
    """Comparison with the value that a clause names; `OPEN` where it names none, or no JSON."""
    names, value = _named(entry)
    return compared(one.state, value) if names else OPEN


def _named(entry: Entry) -> tuple[bool, Json]:
    text = entry.text("value")
    if text is None:
        return False, None
    try:
        value: Json = json.loads(text)
    except ValueError:
        return False, None
    return True, value


def contract(tell: Say, held: Sequence[tuple[Found, Entry]], *, supplied: bool) -> Table:
    """Clauses in force about the settings."""
    groups: dict[str, tuple[Entry, list[Found]]] = {}
    for one, entry in held:
        groups.setdefault(entry.place, (entry, []))[1].append(one)
    rows = tuple(_clause(entry, ones) for entry, ones in groups.values())
    return Table(
        caption=tell("contract_caption", n=len(rows)), columns=CONTRACT, rows=rows,
        empty=tell("contract_empty", supplied=supplied), wide=True,
    )  # fmt: skip


def _clause(entry: Entry, ones: Sequence[Found]) -> tuple[Text, ...]:
    names, _ = _named(entry)
    verdicts = sorted({clause_verdict(one, entry) for one in ones})
    first, last = entry.day("from"), entry.day("to")
    return (
        parts.lines(*(given(text) for text in
                      (entry.text("id"), entry.text("clause"), entry.text("party")) if text)),
        given(entry.text("text") or "not supplied"),
        say(f"{first or 'start not supplied'} to {last or 'end not supplied'}"),
        parts.lines(
            *(quote(one.slot) for one in ones),
            parts.joined((say("value named:"), given(entry.text("value") or "")), " ") if names
            else say("names no value"),
            say("; ".join(verdicts)),
        ),
        parts.lines(say(entry.place), given(entry.text("evidence") or "evidence not supplied")),
    )  # fmt: skip


def stored_value(state: SlotState) -> str | None:
    """The value found as JSON; the word UNKNOWN where it is not known; null where there is none."""
    if state.knowledge is Knowledge.UNKNOWN:
        return UNKNOWN
    if state.knowledge is Knowledge.ABSENT:
        return None
    return json.dumps(state.value, sort_keys=True, ensure_ascii=False)


def measured(one: Found, entries: Sequence[Entry]) -> Iterator[tuple[Value, ...]]:
    """Everything that a setting is measured against, as columns of the native table."""
    for against, default in (
        ("provider default when it was created", one.default_created),
        ("provider default on the date", one.default_then),
    ):
        value, row = default if default is not None else (UNKNOWN, None)
        yield (
            against, "default", row.uid if row else None, None, None, None, None,
            UNKNOWN if value == UNKNOWN else json.dumps(value),
            OPEN if default is None else compared(one.state, value), row.source if row else None,
        )  # fmt: skip
    for guide in one.guidance:
        names, value = guide.recommended(one.slot)
        yield (
            str(guide.kind), str(guide.standard), guide.uid, guide.document, guide.version,
            str(guide.available_from) if guide.date_precision != "always" else None,
            guide.date_precision, json.dumps(value) if names else None, guided(one, guide),
            guide.source,
        )  # fmt: skip
    for entry in entries:
        yield (
            "contract", "contract", entry.text("id"), entry.text("clause"), None,
            str(entry.day("from")) if entry.day("from") else None, None, entry.text("value"),
            clause_verdict(one, entry), entry.place,
        )  # fmt: skip
