"""Exhibit E: changes, computed windows, accesses and gaps on one axis. An illustrative aid.

The picture sets changes over accesses, so it suggests an order of cause and effect: it is never a
summary under Rule 1006. The table says for which neighbors the records do not establish an order
(R-164); nothing here says that one entry caused another.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from reports.charts import TICKS
from reports.exhibits import chronology_picture, configuration_history, parts
from reports.exhibits.chronology_picture import inside
from reports.exhibits.configuration_history import Writes, of_resource
from reports.material import Material, Row, Rows
from reports.model import (
    Column,
    Exhibit,
    Items,
    Kind,
    Label,
    Native,
    Origin,
    Paragraph,
    Section,
    Table,
    Text,
    given,
    quote,
    say,
)
from reports.pinpoint import bounded, instant, interval, pinpoint, stored
from reports.text import Say, said, sentences

TEMPLATE = "chronology.j2"
#: Pairs without an established order that are listed one by one; all are in the count.
PAIRS = 40

COLUMNS = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Time (UTC)", width=1.7, exact=True),
    Column(title="Entry", width=5.0),
    Column(title="Who", width=2.4),
    Column(title="Record", width=1.7, exact=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the chronology: the range of time in which it lies, and what it says.

    `low` None = before the records, `high` None = beyond them.
    """

    low: datetime | None
    high: datetime | None
    sort: str
    shown: str
    text: Text
    who: Text
    rows: Rows
    ordered: bool = True


def build(material: Material, label: Label, numbers: Mapping[str, tuple[str, ...]]) -> Exhibit:
    """The exhibit for the whole case."""
    number = label.number
    based_on = (*numbers.get("C", ()), *numbers.get("D", ()))
    tell = sentences(TEMPLATE, material.case)
    writes = of_resource(material.changes, None)
    entries = _entries(material, tell, writes)
    times = [at for e in entries for at in (e.low, e.high) if at is not None]
    first, last = min(times, default=None), max(times, default=None)
    pairs = _unordered(entries)
    cited: Rows = tuple(row for entry in entries for row in entry.rows)
    return Exhibit(
        key="E", number=number, stem=label.stem, title=tell("title"), kind=Kind.ILLUSTRATIVE,
        origin=Origin.DERIVED, question=tell("question"),
        facts=(("Period (UTC)", say(f"{instant(first)} to {instant(last)}")),),
        coverage=parts.coverage(material),
        answer=_answer(material, tell, number, writes, entries, pairs, (first, last)),
        sections=_sections(material, tell, writes, entries, pairs, number),
        limits=(
            tell("not_shown"), *_edges(material, tell),
            *parts.limits(material, start=first, end=last),
            parts.every(material)("agents"), parts.every(material)("codepoints"),
        ),
        sources=parts.sources(material, cited), native=_native(material, writes),
        based_on=based_on,
    )  # fmt: skip


def _answer(
    material: Material, tell: Say, number: str, writes: Writes, entries: Sequence[Entry],
    pairs: Sequence[tuple[int, int]], span: tuple[datetime | None, datetime | None],
) -> tuple[Text, ...]:  # fmt: skip
    if not writes and not material.accesses:
        return (tell("answer_empty"),)
    answer = [
        tell(
            "answer", changes=len(writes), windows=sum(map(inside, material.windows)),
            accesses=len(material.accesses), first=said(instant(span[0])),
            last=said(instant(span[1])), rows=parts.rows_cite(number, 1, len(entries)),
        )
    ]  # fmt: skip
    met = [row for row in material.accesses if row["in_incident"]]
    if material.accesses:
        answer.append(
            tell(
                "answer_incident", n=len(met), of=len(material.accesses),
                first=said(instant(met[0]["time"])) if met else None,
                last=said(instant(met[-1]["time"])) if met else None,
            )
        )  # fmt: skip
    if pairs:
        answer.append(tell("answer_unordered", n=len(pairs)))
    return tuple(answer)


def _sections(
    material: Material, tell: Say, writes: Writes, entries: Sequence[Entry],
    pairs: Sequence[tuple[int, int]], number: str,
) -> tuple[Section, ...]:  # fmt: skip
    sections = []
    changes = [(n, list(e.rows)) for n, e in enumerate(entries, 1) if e.sort == "1 change"]
    requests = {
        row["event_uid"]: n
        for n, e in enumerate(entries, 1) if e.sort == "4 access"
        for row in e.rows
    }  # fmt: skip
    picture = chronology_picture.picture(material, tell, changes, requests)
    if picture:
        histogram = len(material.accesses) > TICKS
        legend = Paragraph(text=tell("legend", histogram=histogram))
        sections.append(Section(title=say("At a glance"), blocks=(picture, legend)))
    table = Table(
        caption=tell(
            "table_caption", n=len(entries), native=len(material.accesses) + len(writes)
        ),
        columns=COLUMNS,
        rows=tuple(
            (say(str(n)), say(e.shown), e.text, e.who, say(_records(e)))
            for n, e in enumerate(entries, 1)
        ),
        empty=tell("table_empty"),
    )  # fmt: skip
    sections.append(Section(title=tell("table_title"), blocks=(table,)))
    sections.append(Section(title=tell("order_title"), blocks=_order(tell, entries, pairs, number)))
    return tuple(sections)


def _order(
    tell: Say, entries: Sequence[Entry], pairs: Sequence[tuple[int, int]], number: str
) -> tuple[Paragraph | Items, ...]:
    blocks: list[Paragraph | Items] = []
    if not pairs:
        blocks.append(Paragraph(text=tell("order_all", n=len(entries))))
    else:
        listed = [
            tell(
                "order_pair", one=parts.rows_cite(number, a, a),
                other=parts.rows_cite(number, b, b), when=said(entries[b - 1].shown),
            )
            for a, b in pairs[:PAIRS]
        ]  # fmt: skip
        if len(pairs) > PAIRS:
            listed.append(say(f"{len(pairs) - PAIRS:,} further pairs, in the table above."))
        blocks += [Paragraph(text=tell("order_some")), Items(entries=tuple(listed))]
    return (*blocks, Paragraph(text=tell("order_precision")))


def _entries(material: Material, tell: Say, writes: Writes) -> list[Entry]:
    entries = [_change(tell, write) for write in writes]
    for window in filter(inside, material.windows):
        entries += _window(tell, window)
    entries += [_gap(tell, gap) for gap in material.gaps if gap["time_from"] is not None]
    entries += _clocks(material, tell)
    edges = sorted({e.low for e in entries if e.low is not None})
    entries += _runs(material.accesses, edges, tell)
    return sorted(entries, key=lambda e: (e.low is not None, e.low, e.sort, e.shown))


def _change(tell: Say, write: Sequence[Row]) -> Entry:
    row = write[0]
    name = row["operation"] or f"{row['kind']} change"
    settings = [
        parts.joined((quote(slot), configuration_history.effect(rows)), ": ")
        for slot, rows in configuration_history.by_slot(write)
    ]
    who = quote(row["technical_actor"]) if row["technical_actor"] else say("not logged")
    return Entry(
        low=row["time_from"] or row["time_to"], high=row["time_to"], sort="1 change",
        shown=interval(row),
        text=parts.lines(
            tell("entry_change", operation=name, resource=row["resource_uid"]),
            *(settings if row["accepted"] else [tell("entry_refused")]),
        ),
        who=parts.lines(who, configuration_history.initiating(row["initiating_actor"])),
        rows=tuple(write),
    )  # fmt: skip


def _window(tell: Say, row: Row) -> list[Entry]:
    names = {
        "action": row["action"],
        "resource": row["resource_uid"],
        "principal": row["principal"],
    }
    entries = []
    if row["start"] is not None:
        entries.append(
            Entry(
                low=row["start"], high=row["start"], sort="2 opens", ordered=False, rows=(),
                shown=bounded(row["start"], row["start_bound"], edge="start"),
                text=tell("entry_open", decision=row["decision"], **names),
                who=say("computed from the settings in force"),
            )
        )  # fmt: skip
    if row["end"] is not None:
        entries.append(
            Entry(
                low=row["end"], high=row["end"], sort="3 closes", ordered=False, rows=(),
                shown=bounded(row["end"], row["end_bound"], edge="end"),
                text=tell("entry_close", **names), who=say("computed from the settings in force"),
            )
        )  # fmt: skip
    return entries


def _edges(material: Material, tell: Say) -> tuple[Text, ...]:
    n = sum(not inside(window) for window in material.windows)
    return (tell("edges", n=n),) if n else ()


def _gap(tell: Say, row: Row) -> Entry:
    return Entry(
        low=row["time_from"], high=row["time_to"], sort="5 gap", shown=instant(row["time_from"]),
        text=tell(
            "entry_gap", subject=row["subject"], reason=row["reason"],
            end=said(instant(row["time_to"], beyond="a time not known")),
        ),
        who=say("not recorded"), rows=(row,), ordered=False,
    )  # fmt: skip


def _clocks(material: Material, tell: Say) -> list[Entry]:
    incident = material.config.incident
    return [
        Entry(
            low=at, high=at, sort="6 stated", shown=instant(at), rows=(), ordered=False,
            text=tell("entry_clock", name=said(name)), who=say("case.toml"),
        )
        for name, at in (
            ("discovered", incident.discovered), ("contained", incident.contained),
            ("notified", incident.notified),
        )
        if at is not None
    ]  # fmt: skip


def _runs(accesses: Rows, edges: Sequence[datetime], tell: Say) -> list[Entry]:
    """Requests of one kind between two other entries, as one entry."""
    keyed = groupby(accesses, key=lambda row: (_stretch(row["time"], edges), *_class(row)))
    entries = []
    for _, group in keyed:
        rows = tuple(group)
        first, last = rows[0], rows[-1]
        step = timedelta(microseconds=last["time_precision"] or 0)
        outcome = first["logged"] + (f" ({first['error_code']})" if first["error_code"] else "")
        incident = "in the incident" if first["in_incident"] else "not in the incident"
        entries.append(
            Entry(
                low=first["time"], high=last["time"] + step, sort="4 access",
                shown=instant(first["time"]),
                text=parts.lines(
                    tell(
                        "entry_access", n=len(rows), operation=first["operation"],
                        resource=first["container"] or first["resource_uid"]
                        or said("no named resource"),
                        outcome=said(outcome) if not first["error_code"] else outcome,
                        last=said(instant(last["time"])),
                    ),
                    parts.joined((say(f"{incident}:"), given(first["incident_reason"] or "")), " "),
                ),
                who=parts.lines(
                    quote(parts.principal_of(first)), quote(first["src_ip"] or "no address")
                ),
                rows=rows,
            )
        )  # fmt: skip
    return entries


def _stretch(at: datetime, edges: Sequence[datetime]) -> int:
    return bisect_right(edges, at)


def _class(row: Row) -> tuple[object, ...]:
    return (
        row["operation"], parts.principal_of(row), row["src_ip"], row["container"], row["logged"],
        row["error_code"], row["in_incident"], row["incident_reason"],
    )  # fmt: skip


def _records(entry: Entry) -> str:
    cited = [row for row in entry.rows if row.get("evidence_item")]
    if not cited:
        return "no record"
    if len(cited) == 1 or entry.sort == "1 change":
        return pinpoint(cited[0])
    return f"{pinpoint(cited[0])} and {len(cited) - 1:,} more in the native table"


def _unordered(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    """Neighbors (numbers of rows) whose ranges of time overlap; derived entries are left out."""
    recorded = [(n, e) for n, e in enumerate(entries, 1) if e.ordered]
    return [
        (n, m)
        for (n, one), (m, other) in pairwise(recorded)
        if _same_write(one, other) is False
        and (one.high is None or other.low is None or one.high > other.low)
    ]


def _same_write(one: Entry, other: Entry) -> bool:
    """Two settings written by one request are one act, not two that could be ordered."""
    both = one.sort == other.sort == "1 change"
    return both and one.rows[0]["change_uid"] == other.rows[0]["change_uid"]


def _native(material: Material, writes: Writes) -> Native:
    """Every change and every request, one row each, in order of time."""
    columns = (
        ("row", "int"), ("what", "text"), ("operation", "text"), ("resource", "text"),
        ("object_or_setting", "text"), ("outcome", "text"), ("error_code", "text"),
        ("principal", "text"), ("address", "text"), ("client", "text"), ("bytes_out", "int"),
        ("bytes_out_event", "text"),
        ("class_uid", "text"),
        ("in_incident", "bool"), ("incident_reason", "text"), *parts.TRACE,
    )  # fmt: skip
    changes = [
        (
            write[0]["time_from"] or write[0]["time_to"],
            (
                "change", write[0]["operation"], write[0]["resource_uid"],
                ", ".join(slot for slot, _ in configuration_history.by_slot(write)),
                "accepted" if write[0]["accepted"] else "refused", None,
                write[0]["technical_actor"], None, None, None, None, None, None, None,
                *parts.trace(material, write[0], write[0]["time_from"]),
            ),
        )
        for write in writes
    ]  # fmt: skip
    requests = [
        (
            row["time"],
            (
                "request", row["operation"], row["container"] or row["resource_uid"],
                row["object"], row["logged"], row["error_code"], parts.principal_of(row),
                row["src_ip"],
                row["user_agent"], row["bytes_out"], parts.size_event(row), row["class_uid"],
                row["in_incident"],
                row["incident_reason"], *parts.trace(material, row, row["time"]),
            ),
        )
        for row in material.accesses
    ]  # fmt: skip
    merged = sorted([*changes, *requests], key=lambda one: (stored(one[0]) or "", one[1][0]))
    return Native(columns=columns, rows=tuple((n, *row) for n, (_, row) in enumerate(merged, 1)))
