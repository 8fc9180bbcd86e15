"""Exhibit E: changes, computed windows, accesses and gaps on one axis. An illustrative aid.

The picture sets changes over accesses, so it suggests an order of cause and effect: it is never a
summary under Rule 1006. The table says for which neighbors the records do not establish an order
(R-164); nothing here says that one entry caused another.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime

from reports.exhibits import chronology_picture, configuration_history, parts, printed
from reports.exhibits.chronology_entries import Entry, listed, unordered
from reports.exhibits.chronology_picture import inside
from reports.exhibits.configuration_history import Writes, of_resource
from reports.exhibits.printed import Shelf
from reports.grammar import TICKS, WORDED
from reports.material import Material, Rows
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
    say,
)
from reports.pinpoint import instant, pinpoint, stored
from reports.text import Say, said, sentences

TEMPLATE = "chronology.j2"
#: Pairs without an established order that are listed one by one; all are in the count.
PAIRS = 40

COLUMNS = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Time (UTC)", width=1.5, exact=True),
    Column(title="Entry", width=4.4),
    Column(title="Who", width=2.8),
    Column(title="Record", width=2.1, exact=True),
)


#: Columns of the native table; `entry` is a number of the printed list.
NATIVE = (
    ("row", "int"), ("entry", "int"), ("what", "text"), ("operation", "text"), ("resource", "text"),
    ("object_or_setting", "text"), ("outcome", "text"), ("error_code", "text"),
    ("principal", "text"), ("address", "text"), ("client", "text"), ("bytes_out", "int"),
    ("bytes_out_event", "text"),
    ("class_uid", "text"),
    ("in_incident", "bool"), ("incident_reason", "text"), *parts.TRACE,
)  # fmt: skip


def build(material: Material, label: Label, numbers: Mapping[str, tuple[str, ...]]) -> Exhibit:
    """The exhibit for the whole case."""
    number = label.number
    based_on = (*numbers.get("C", ()), *numbers.get("D", ()))
    tell = sentences(TEMPLATE, material.case)
    writes = of_resource(material.changes, None)
    held = listed(material, tell, writes)
    entries = [entry for shelf in held for entry in shelf.rows]
    times = [at for e in entries for at in (e.low, e.high) if at is not None]
    first, last = min(times, default=None), max(times, default=None)
    pairs = unordered(held)
    cited: Rows = tuple(row for entry in entries for row in entry.rows)
    return Exhibit(
        key="E", number=number, stem=label.stem, title=tell("title"), kind=Kind.ILLUSTRATIVE,
        origin=Origin.DERIVED, question=tell("question"),
        facts=(("Period (UTC)", say(f"{instant(first)} to {instant(last)}")),),
        coverage=parts.coverage(material),
        answer=_answer(material, tell, number, writes, entries, pairs, (first, last)),
        sections=_sections(material, tell, writes, held, pairs, label),
        limits=(
            tell("not_shown"), *_edges(material, tell),
            *parts.limits(material, start=first, end=last),
            parts.every(material)("agents"), parts.every(material)("codepoints"),
        ),
        sources=parts.sources(material, cited), native=_native(material, writes, held),
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
    most = printed.bound(material)
    if len(entries) > most:
        answer.append(tell("answer_part", n=most, of=len(entries)))
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
    material: Material, tell: Say, writes: Writes, held: Sequence[Shelf[Entry]],
    pairs: Sequence[tuple[int, int]], label: Label,
) -> tuple[Section, ...]:  # fmt: skip
    sections = []
    foremost = drawn(held)
    numbered = [
        (n, e) for shelf in foremost for n, e in enumerate(shelf.rows[: shelf.printed], shelf.first)
    ]
    changes = [(n, list(e.rows)) for n, e in numbered if e.sort == "1 change"]
    requests = {row["event_uid"]: n for n, e in numbered if e.sort == "4 access" for row in e.rows}
    derived = {e.derived: n for n, e in numbered if e.derived}
    pictured = material
    if printed.left(held):
        pictured = chronology_picture.about(material, {shelf.name for shelf in foremost})
    picture = chronology_picture.picture(pictured, tell, changes, requests, derived)
    if picture:
        histogram = len(pictured.accesses) > TICKS
        legend = tell(
            "legend", histogram=histogram, of=len(held) if printed.left(held) else None,
            names=[shelf.name for shelf in foremost if shelf.name],
        )  # fmt: skip
        sections.append(Section(title=say("At a glance"), blocks=(picture, Paragraph(text=legend))))
    sections += _lists(material, tell, writes, held, label)
    order = _order(tell, held, pairs, label.number)
    sections.append(Section(title=tell("order_title"), blocks=order))
    return tuple(sections)


def drawn(held: Sequence[Shelf[Entry]]) -> Sequence[Shelf[Entry]]:
    """What the picture shows: of a list that is printed in part, resources until it is full."""
    if not printed.left(held):
        return held
    room = WORDED
    for n, shelf in enumerate(held):
        room -= sum(entry.sort == "1 change" for entry in shelf.rows)
        if room < 0:
            return held[: max(n, 1)]
    return held


def _lists(
    material: Material, tell: Say, writes: Writes, held: Sequence[Shelf[Entry]], label: Label
) -> list[Section]:
    """The entries: one list where all are printed, else one a resource and a slip sheet."""
    n = sum(len(shelf.rows) for shelf in held)
    native = len(material.accesses) + len(writes)
    if not printed.left(held):
        table = Table(
            caption=tell("table_caption", n=n, native=native), columns=COLUMNS,
            rows=tuple(_row(n, e) for n, e in enumerate(held[0].rows, 1)),
            empty=tell("table_empty"), numbered=True,
        )  # fmt: skip
        return [Section(title=tell("table_title"), blocks=(table,))]
    note = tell("table_part", n=n, printed=printed.bound(material), native=native)
    tables = printed.tables(held, COLUMNS, _row)
    return [
        Section(title=tell("part_title"), blocks=(Paragraph(text=note), printed.summary(held))),
        Section(title=tell("table_by_resource"), blocks=tuple(tables)),
        printed.slip(label, native, NATIVE),
    ]


def _row(number: int, entry: Entry) -> tuple[Text, ...]:
    return (
        say(f"{number:,}"), say(entry.shown), entry.text, entry.who, say(_records(entry)),
    )  # fmt: skip


def _order(
    tell: Say, held: Sequence[Shelf[Entry]], pairs: Sequence[tuple[int, int]], number: str
) -> tuple[Paragraph | Items, ...]:
    blocks: list[Paragraph | Items] = []
    entries = [entry for shelf in held for entry in shelf.rows]
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
            listed.append(tell("order_more", n=len(pairs) - PAIRS, part=bool(printed.left(held))))
        blocks += [Paragraph(text=tell("order_some")), Items(entries=tuple(listed))]
    return (*blocks, Paragraph(text=tell("order_precision")))


def _edges(material: Material, tell: Say) -> tuple[Text, ...]:
    n = sum(not inside(window) for window in material.windows)
    return (tell("edges", n=n),) if n else ()


def _records(entry: Entry) -> str:
    cited = [row for row in entry.rows if row.get("evidence_item")]
    if not cited:
        return "no record"
    if len(cited) == 1 or entry.sort == "1 change":
        return pinpoint(cited[0])
    return f"{pinpoint(cited[0])} and {len(cited) - 1:,} more in the native table"


def _native(material: Material, writes: Writes, held: Sequence[Shelf[Entry]]) -> Native:
    """Every change and every request, one row each, in order of time; `entry` names its entry."""
    entries = printed.numbers_of(held, _keys)
    changes = [
        (
            write[0]["time_from"] or write[0]["time_to"],
            (
                entries.get((write[0]["change_uid"], write[0]["resource_uid"])),
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
                entries.get(row["event_uid"]), "request", row["operation"],
                row["container"] or row["resource_uid"],
                row["object"], row["logged"], row["error_code"], parts.principal_of(row),
                row["src_ip"],
                row["user_agent"], row["bytes_out"], parts.size_event(row), row["class_uid"],
                row["in_incident"],
                row["incident_reason"], *parts.trace(material, row, row["time"]),
            ),
        )
        for row in material.accesses
    ]  # fmt: skip
    merged = sorted([*changes, *requests], key=lambda one: (stored(one[0]) or "", one[1][1]))
    return Native(columns=NATIVE, rows=tuple((n, *row) for n, (_, row) in enumerate(merged, 1)))


def _keys(entry: Entry) -> Iterator[Hashable]:
    """What an entry holds: a write of a resource, or single requests."""
    if entry.sort == "1 change":
        yield entry.rows[0]["change_uid"], entry.rows[0]["resource_uid"]
    elif entry.sort == "4 access":
        yield from (row["event_uid"] for row in entry.rows)
