"""Exhibit C: what was set on a resource, when, and by whom. A summary of records.

One row a write, also of refused ones; hidden changes (seen by an observation that no write accounts
for) stand between their bounds and are attributed to nobody. The document redlines are computed
from the facts of `changes`, so that they show exactly what the analysis used.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from reports.charts import draw
from reports.exhibits import lanes, parts, printed
from reports.material import Material, Row, Rows, event_of
from reports.model import (
    Column,
    Exhibit,
    Kind,
    Label,
    Mark,
    Native,
    Origin,
    Paragraph,
    Picture,
    Redline,
    Section,
    Table,
    Text,
    given,
    plain,
    quote,
    say,
)  # fmt: skip
from reports.pinpoint import instant, interval, local, pinpoint, stored
from reports.redline import of_changes
from reports.text import Say, said, sentences

TEMPLATE = "configuration_history.j2"
Writes = list[list[Row]]
#: Most documents that are printed as redlines, and most settings that are drawn.
REDLINES, DRAWN = 200, 24

COLUMNS = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Time (UTC)", width=1.4, exact=True),
    Column(title="Operation; setting; before → after", width=3.7),
    Column(title="Technical actor; initiating actor; tool as stated by the client", width=3.6),
    Column(title="Record", width=1.7, exact=True),
)
STATE_COLUMNS = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Setting", width=2.0),
    Column(title="Value", width=2.2),
    Column(title="From (UTC)", width=1.5, exact=True),
    Column(title="Until (UTC)", width=1.5, exact=True),
    Column(title="How known", width=3.1),
    Column(title="Record", width=1.7, exact=True),
)
#: Columns of the native table.
NATIVE = (
    ("row", "int"), ("change_uid", "text"), ("kind", "text"), ("time_from", "text"),
    ("time_to", "text"), ("operation", "text"), ("accepted", "bool"), ("resource", "text"),
    ("setting", "text"), ("fact", "text"), ("before", "text"), ("after", "text"),
    ("effect", "text"), ("technical_actor", "text"), ("initiating_actor", "text"),
    ("attribution", "text"), ("party", "text"), *parts.TRACE,
)  # fmt: skip


def build(
    material: Material,
    label: Label,
    _numbers: Mapping[str, tuple[str, ...]],
    *,
    resource: str | None,
) -> Exhibit:
    """The exhibit of one resource."""
    number = label.number
    tell = sentences(TEMPLATE, material.case)
    writes = of_resource(material.changes, resource)
    state = tuple(row for row in material.intervals if row["resource_uid"] == resource)
    stated = [w[0]["time_from"] or w[0]["time_to"] for w in writes]
    times = [at for at in stated if at is not None]
    first, last = min(times, default=None), max(times, default=None)
    never = _never_known(state)
    cited: Rows = (*(row for write in writes for row in write), *state)
    return Exhibit(
        key="C", running=plain(tell("running")), number=number,
        stem=label.stem, title=tell("title", resource=resource),
        kind=Kind.SUMMARY, origin=Origin.DERIVED, question=tell("question"),
        facts=(
            ("Subject", quote(resource) if resource else say("all resources")),
            ("Period (UTC)", say(f"{instant(first)} to {instant(last)}")),
            *_local(material, first, last),
        ),
        coverage=parts.coverage(material),
        answer=_answer(tell, resource, number, writes, first, last),
        sections=tuple(_sections(material, tell, resource, writes, state, never)),
        limits=(
            *_defaults(tell, state),
            *parts.limits(material, start=first, end=last, unknown=never),
            parts.every(material)("agents"), parts.every(material)("codepoints"),
        ),
        sources=parts.sources(material, cited),
        native=native(material, writes),
    )  # fmt: skip


def of_resource(changes: Rows, resource: str | None) -> Writes:
    """Rows of `changes` put together: one list a write and resource, in order of time.

    One request may write several settings; it is one act and one row.
    """
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in changes:
        if row["kind"] != "default" and resource in (None, row["resource_uid"]):
            groups.setdefault((row["change_uid"], row["resource_uid"]), []).append(row)
    return sorted(groups.values(), key=_order)


def by_slot(write: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """The settings that one write concerns, sorted."""
    slots: dict[str, list[Row]] = {}
    for row in write:
        slots.setdefault(row["slot"], []).append(row)
    return sorted(slots.items())


def native(material: Material, writes: Writes) -> Native:
    """Every fact that every write concerned: one row each."""
    rows = tuple(
        (
            number, row["change_uid"], row["kind"], stored(row["time_from"]),
            stored(row["time_to"]), row["operation"], row["accepted"], row["resource_uid"],
            row["slot"], row["fact"], row["old"], row["new"], row["effect"],
            row["technical_actor"], row["initiating_actor"], row["attribution"], row["party"],
            *parts.trace(
                material, {**row, "time_text": cause(material, row).get("time_text")},
                row["time_from"],
            ),
        )
        for number, write in enumerate(writes, 1)
        for row in write
    )  # fmt: skip
    return Native(columns=NATIVE, rows=rows)


def cause(material: Material, row: Row) -> Row:
    """The event behind a change; empty for one without a record."""
    return material.causes.get(event_of(row), {})


def _answer(
    tell: Say, resource: str | None, number: str, writes: Writes, first: object, last: object
) -> tuple[Text, ...]:
    if not writes:
        return (tell("answer_empty", resource=resource),)
    logged = [n for n, w in enumerate(writes, 1) if w[0]["kind"] in ("logged", "opaque")]
    hidden = [n for n, w in enumerate(writes, 1) if w[0]["kind"] == "hidden"]
    opaque = [n for n, w in enumerate(writes, 1) if w[0]["kind"] == "opaque"]
    starts = [writes[n - 1][0]["time_from"] for n in logged]
    answer = []
    if logged:
        accepted = sum(bool(writes[n - 1][0]["accepted"]) for n in logged)
        answer.append(
            tell(
                "answer", resource=resource, writes=len(logged), accepted=accepted,
                refused=len(logged) - accepted, first=said(instant(starts[0])),
                last=said(instant(starts[-1])), rows=parts.rows_cite(number, logged[0], logged[-1]),
            )
        )  # fmt: skip
        answer.append(tell("answer_actors", actors=_actors([writes[n - 1] for n in logged])))
    if hidden:
        answer.append(tell("answer_hidden", n=len(hidden), rows=parts.rows_list(number, hidden)))
    if opaque:
        answer.append(tell("answer_opaque", n=len(opaque), rows=parts.rows_list(number, opaque)))
    return tuple(answer)


def _sections(
    material: Material,
    tell: Say,
    resource: str | None,
    writes: Writes,
    state: Rows,
    never: Sequence[str],
) -> list[Section]:
    sections = []
    picture, further = _picture(material, tell, resource, writes, state, never)
    if picture:
        legend = Paragraph(text=tell("legend", further=further))
        sections.append(Section(title=say("At a glance"), blocks=(picture, legend)))
    most = printed.bound(material)
    changes = Table(
        caption=tell("changes_caption", n=len(writes)), columns=COLUMNS, numbered=True,
        rows=tuple(row_of(material, n, write) for n, write in enumerate(writes[:most], 1)),
        empty=tell("changes_empty"),
    )  # fmt: skip
    more = _more(tell, "changes_more", len(writes) - most)
    sections.append(Section(title=tell("changes_title"), blocks=(changes, *more)))
    documents = _documents(writes)
    redlines = [_redline(tell, n, rows) for n, rows in documents[:REDLINES]]
    if redlines:
        note = Paragraph(text=tell("redlines_note"))
        more = _more(tell, "redlines_more", len(documents) - REDLINES)
        sections.append(Section(title=tell("redlines_title"), blocks=(note, *redlines, *more)))
    dark = [row for row in state if _at_edge(row)]
    known = [row for row in state if row["slot"] not in never and not _at_edge(row)]
    periods = Table(
        caption=tell("state_caption", n=len(known), dark=len(dark)), columns=STATE_COLUMNS,
        rows=tuple(_period(n, row) for n, row in enumerate(known[:most], 1)),
        empty=tell("state_empty"),
    )  # fmt: skip
    more = _more(tell, "state_more", len(known) - most)
    return [*sections, Section(title=tell("state_title"), blocks=(periods, *more))]


def _at_edge(row: Row) -> bool:
    """Unknown before the first or beyond the last record: true of every setting alike."""
    return row["value"] == "UNKNOWN" and (row["start"] is None or row["end"] is None)


def _more(tell: Say, macro: str, n: int) -> tuple[Paragraph, ...]:
    """What is left out of print, with its number."""
    return (Paragraph(text=tell(macro, n=n)),) if n > 0 else ()


def _picture(
    material: Material,
    tell: Say,
    resource: str | None,
    writes: Writes,
    state: Rows,
    never: Sequence[str],
) -> tuple[Picture | None, int]:
    """The picture, and how many settings it leaves out: those written to most are drawn."""
    drawn_rules = lanes.rules(writes, range(1, len(writes) + 1))
    written = Counter(slot for write in writes for slot, _ in by_slot(write))
    slots = sorted(
        {row["slot"] for row in state if row["slot"] not in never},
        key=lambda slot: (-written[slot], slot),
    )
    drawn = [
        lanes.state(slot, tuple(row for row in state if row["slot"] == slot))
        for slot in sorted(slots[:DRAWN])
    ]
    drawn += lanes.coverage(material.coverage, material.gaps)
    svg = draw(drawn_rules, drawn, material.config.zone)
    if not svg or not (writes or slots):
        return None, 0
    made = Picture(
        question=tell("picture", resource=resource), svg=svg,
        alt=lanes.described(drawn_rules, drawn),
    )  # fmt: skip
    return made, max(len(slots) - DRAWN, 0)


def row_of(material: Material, number: int, write: Sequence[Row]) -> tuple[Text, ...]:
    """One write as a row of `COLUMNS`."""
    row = write[0]
    operation = quote(row["operation"]) if row["operation"] else say(f"{row['kind']} change")
    outcome = say("refused; altered nothing") if not row["accepted"] else None
    agent = cause(material, row).get("user_agent")
    settings = [parts.joined((quote(slot), effect(rows)), ": ") for slot, rows in by_slot(write)]
    return (
        say(str(number)),
        say(interval(row)),
        parts.lines(operation, *settings, outcome),
        parts.lines(
            quote(row["technical_actor"]) if row["technical_actor"] else say("not logged"),
            initiating(row["initiating_actor"]),
            parts.joined((say("tool:"), quote(agent)), " ") if agent else None,
        ),
        say(pinpoint(row)),
    )


def initiating(stored_value: str | None) -> Text:
    """Who set the caller to work, as far as the records lead."""
    if not stored_value:
        return say("initiating: not established")
    link: Mapping[str, str] = msgspec.json.decode(stored_value)
    principal = link.get("principal")
    if not principal:
        return say("initiating: not established")
    how = ", ".join(str(link[name]) for name in ("link", "certainty") if link.get(name))
    return parts.joined(
        (say("initiating:"), quote(principal), *((say(f"({how})"),) if how else ())), " "
    )


def _actors(writes: Sequence[Sequence[Row]]) -> list[tuple[str | None, int]]:
    """Technical actors with their number of writes, most first."""
    counts: dict[str, int] = {}
    for write in writes:
        name = write[0]["technical_actor"] or ""
        counts[name] = counts.get(name, 0) + 1
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [(name or None, n) for name, n in ranked]


#: How the words of column `effect` are printed, with a count before them.
_EFFECTS = {
    "adds": "added",
    "removes": "removed",
    "sets": "set",
    "re-asserts": "written again unchanged",
    "unknown": "not known after it",
    "refused": "asked for",
}


def effect(rows: Sequence[Row]) -> Text:
    """Before and after in a line; documents are counted here and shown as a redline."""
    if len(rows) == 1 and rows[0]["fact"] in ("value", "*"):
        return parts.joined((parts.value(rows[0]["old"]), parts.value(rows[0]["new"])), " → ")
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["effect"]] = counts.get(row["effect"], 0) + 1
    return say(", ".join(f"{counts[e]} {word}" for e, word in _EFFECTS.items() if e in counts))


def _documents(writes: Writes) -> list[tuple[int, list[Row]]]:
    """(number of the write, its rows for one slot), for slots that hold a document or a list."""
    return [
        (number, rows)
        for number, write in enumerate(writes, 1)
        for _, rows in by_slot(write)
        if any(row["fact"] not in ("value", "*") for row in rows)
    ]


def _redline(tell: Say, number: int, write: Sequence[Row]) -> Redline:
    row = write[0]
    blocks = of_changes(write)
    marks = [mark for mark, _ in blocks]
    note = tell(
        "redline_note", removed=marks.count(Mark.REMOVED), added=marks.count(Mark.ADDED),
        same=marks.count(Mark.SAME),
    )  # fmt: skip
    if not row["accepted"]:
        note = parts.joined((tell("redline_refused"), note), " ")
    elif any(one["old"] == "UNKNOWN" for one in write):
        note = parts.joined((tell("redline_unknown"), note), " ")
    operation = row["operation"] or f"{row['kind']} change"
    title = tell(
        "redline_title", number=number, operation=operation, slot=row["slot"],
        when=said(interval(row)),
    )  # fmt: skip
    return Redline(title=title, note=note, blocks=blocks)


def _period(number: int, row: Row) -> tuple[Text, ...]:
    shown = parts.value(row["value"])
    if row["fact"] not in ("value", "*") and row["value"] not in (None, "UNKNOWN"):
        shown = parts.lines(say("holds"), quote(row["value"]))
    return (
        say(str(number)), quote(row["slot"]), shown, parts.since(row), parts.until(row),
        parts.lines(say(row["how_known"]), given(row["why"]) if row["why"] else None),
        say(pinpoint(row)),
    )  # fmt: skip


def _never_known(state: Rows) -> tuple[str, ...]:
    """Slots of which nothing is known at any time."""
    known = {row["slot"] for row in state if row["value"] != "UNKNOWN"}
    return tuple(sorted({row["slot"] for row in state} - known))


def _defaults(tell: Say, state: Rows) -> tuple[Text, ...]:
    n = sum(row["value"] not in ("UNKNOWN",) and not row["evidence_item"] for row in state)
    return (tell("default_note", n=n),) if n else ()


def _local(material: Material, first: object, last: object) -> tuple[tuple[str, Text], ...]:
    """The period in the case's own zone; nothing where that is UTC, which stands above it."""
    zone = material.config.time_zone
    if zone == "UTC":
        return ()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return ((f"Period ({zone})", say("not established")),)
    shown = f"{local(first, material.config.zone)} to {local(last, material.config.zone)}"
    return ((f"Period ({zone})", say(shown)),)


def _order(write: Sequence[Row]) -> tuple[object, ...]:
    row = write[0]
    at = row["time_from"] or row["time_to"]
    return (at is not None, at, row["change_uid"], row["resource_uid"])
