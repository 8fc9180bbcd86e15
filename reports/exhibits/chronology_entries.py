"""The entries of the chronology: changes, computed windows, gaps, stated times, runs of requests.

Where there are more entries than are printed, they are listed by resource, those that the case is
about first: on the list of one resource, changes of others cut no run of requests into pieces.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from reports.exhibits import configuration_history, parts, printed
from reports.exhibits.chronology_picture import inside
from reports.exhibits.configuration_history import Writes
from reports.exhibits.printed import Shelf
from reports.material import Material, Row, Rows
from reports.model import Text, given, quote, say
from reports.pinpoint import bounded, instant, interval
from reports.text import Say, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the chronology: the range of time in which it lies, and what it says.

    `low` None = before the records, `high` None = beyond them; `about` the resource, empty for the
    case as a whole; `derived` the window or gap that it begins.
    """

    low: datetime | None
    high: datetime | None
    sort: str
    shown: str
    text: Text
    who: Text
    rows: Rows
    ordered: bool = True
    about: str = ""
    derived: str = ""


def listed(material: Material, tell: Say, writes: Writes) -> tuple[Shelf[Entry], ...]:
    """All entries, in order of time where they are printed whole, else by resource.

    A list that is printed whole is one shelf without a name.
    """
    fixed = _fixed(material, tell, writes)
    entries = _in_order(fixed, material.accesses, tell)
    if len(entries) <= printed.bound(material):
        return (Shelf(name="", why="", first=1, rows=tuple(entries), printed=len(entries)),)
    return printed.shelves(material, _by_resource(material, fixed, tell), lambda entry: entry.about)


def _by_resource(material: Material, fixed: Sequence[Entry], tell: Say) -> Iterator[Entry]:
    known = printed.containers(material)
    held: dict[str, list[Entry]] = {}
    for entry in fixed:
        held.setdefault(printed.place(entry.about, known), []).append(entry)
    met: dict[str, list[Row]] = {}
    for row in material.accesses:
        met.setdefault(printed.place(_place(row), known), []).append(row)
    for name in sorted({*held, *met}):
        yield from _in_order(held.get(name, []), tuple(met.get(name, ())), tell)


def _fixed(material: Material, tell: Say, writes: Writes) -> list[Entry]:
    entries = [_change(tell, write) for write in writes]
    for window in filter(inside, material.windows):
        entries += _window(tell, window)
    entries += [_gap(tell, gap) for gap in material.gaps if gap["time_from"] is not None]
    return [*entries, *_clocks(material, tell)]


def _in_order(fixed: Sequence[Entry], accesses: Rows, tell: Say) -> list[Entry]:
    edges = sorted({entry.low for entry in fixed if entry.low is not None})
    entries = [*fixed, *_runs(accesses, edges, tell)]
    return sorted(entries, key=lambda e: (e.low is not None, e.low, e.sort, e.shown))


def _place(row: Row) -> str:
    """The resource of a request, as its entry names it; empty for none."""
    return str(row["container"] or row["resource_uid"] or "")


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
        rows=tuple(write), about=row["resource_uid"],
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
                about=row["resource_uid"], derived=row["window_uid"],
                shown=bounded(row["start"], row["start_bound"], edge="start"),
                text=tell("entry_open", decision=row["decision"], **names),
                who=say("computed from the settings in force"),
            )
        )  # fmt: skip
    if row["end"] is not None:
        entries.append(
            Entry(
                low=row["end"], high=row["end"], sort="3 closes", ordered=False, rows=(),
                about=row["resource_uid"],
                shown=bounded(row["end"], row["end_bound"], edge="end"),
                text=tell("entry_close", **names), who=say("computed from the settings in force"),
            )
        )  # fmt: skip
    return entries


def _gap(tell: Say, row: Row) -> Entry:
    return Entry(
        low=row["time_from"], high=row["time_to"], sort="5 gap", shown=instant(row["time_from"]),
        text=tell(
            "entry_gap", subject=row["subject"], reason=row["reason"],
            end=said(instant(row["time_to"], beyond="a time not known")),
        ),
        who=say("not recorded"), rows=(row,), ordered=False, derived=row["gap_uid"],
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
                        resource=_place(first) or said("no named resource"),
                        outcome=said(outcome) if not first["error_code"] else outcome,
                        last=said(instant(last["time"])),
                    ),
                    parts.joined((say(f"{incident}:"), given(first["incident_reason"] or "")), " "),
                ),
                who=parts.lines(
                    quote(parts.principal_of(first)), quote(first["src_ip"] or "no address")
                ),
                rows=rows, about=_place(first),
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


def unordered(held: Sequence[Shelf[Entry]]) -> list[tuple[int, int]]:
    """Neighbors of one list (numbers of rows) whose ranges of time overlap.

    Derived entries are left out.
    """
    return [
        (n, m)
        for shelf in held
        for (n, one), (m, other) in pairwise(
            [(n, e) for n, e in enumerate(shelf.rows, shelf.first) if e.ordered]
        )
        if _same_write(one, other) is False
        and (one.high is None or other.low is None or one.high > other.low)
    ]


def _same_write(one: Entry, other: Entry) -> bool:
    """Two settings written by one request are one act, not two that could be ordered."""
    both = one.sort == other.sort == "1 change"
    return both and one.rows[0]["change_uid"] == other.rows[0]["change_uid"]
