"""Exhibit D: who reached what, how often, how much. A summary of records, neutral.

Every total is a count of rows of the native table; nothing is estimated. Denied requests stand
beside those that succeeded.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from reports.exhibits import parts, printed
from reports.exhibits.parts import principal_of
from reports.exhibits.printed import Shelf
from reports.material import Material, Row, Rows
from reports.model import (
    Column,
    Exhibit,
    Kind,
    Label,
    Native,
    Origin,
    Paragraph,
    Section,
    Table,
    Text,
    quote,
    say,
)
from reports.pinpoint import instant, pinpoint
from reports.text import Say, said, sentences

TEMPLATE = "access_summary.j2"
#: Lines of one table of counts; the rest is one line, counted anew, so that the sums close.
LINES = 200

#: What is counted by: title, and key; None where the record holds none.
GROUPS: tuple[tuple[str, Callable[[Row], str | None]], ...] = (
    ("principal", lambda row: principal_of(row)),
    ("address", lambda row: row["src_ip"]),
    ("operation", lambda row: str(row["operation"])),
    ("container", lambda row: row["container"] or row["resource_uid"]),
    ("day (UTC)", lambda row: instant(row["time"])[:10]),
    ("client as stated", lambda row: row["user_agent"]),
)
LIST = (
    Column(title="No.", width=0.7, number=True),
    Column(title="Time (UTC)", width=1.4, exact=True),
    Column(title="Operation; object", width=3.4),
    Column(title="Principal; address", width=3.0),
    Column(title="Outcome; bytes", width=1.5),
    Column(title="Record", width=1.9, exact=True),
)


#: Columns of the native table.
NATIVE = (
    ("row", "int"), ("event_uid", "text"), ("operation", "text"), ("container", "text"),
    ("object", "text"), ("resource", "text"), ("principal", "text"), ("principal_kind", "text"),
    ("address", "text"), ("client", "text"), ("outcome", "text"), ("error_code", "text"),
    ("bytes_out", "int"), ("bytes_out_event", "text"), ("class_uid", "text"),
    ("decision", "text"), ("agreement", "text"),
    ("in_incident", "bool"), ("incident_reason", "text"), *parts.TRACE,
)  # fmt: skip


def build(material: Material, label: Label, _numbers: Mapping[str, tuple[str, ...]]) -> Exhibit:
    """The exhibit for the whole case."""
    tell = sentences(TEMPLATE, material.case)
    rows = material.accesses
    first, last = (rows[0]["time"], rows[-1]["time"]) if rows else (None, None)
    held = listed(material)
    return Exhibit(
        key="D", number=label.number, stem=label.stem, title=tell("title"), kind=Kind.SUMMARY,
        origin=Origin.DERIVED, question=tell("question"),
        facts=(("Period (UTC)", say(f"{instant(first)} to {instant(last)}")),),
        coverage=parts.coverage(material), answer=tuple(_answer(tell, rows, label.number)),
        sections=(*_counted(tell, rows), *_listed(material, tell, held, label)),
        limits=(
            *_own_limits(material, tell), *parts.limits(material, start=first, end=last),
            parts.every(material)("agents"), parts.every(material)("codepoints"),
        ),
        sources=parts.sources(material, rows), native=_native(material, held),
    )  # fmt: skip


def listed(material: Material) -> tuple[Shelf[Row], ...]:
    """Requests in the order of their numbers: of time, or where not all are printed by resource."""
    rows = material.accesses
    if len(rows) <= printed.bound(material):
        return (Shelf(name="", why="", first=1, rows=rows, printed=len(rows)),)
    return printed.shelves(material, rows, lambda row: str(row["container"] or row["resource_uid"]
                                                           or ""))  # fmt: skip


def in_incident(rows: Sequence[Row]) -> list[Row]:
    """Logged successes that meet the incident definition."""
    return [row for row in rows if row["in_incident"] and row["logged"] == "success"]


def bytes_of(rows: Sequence[Row]) -> int | None:
    """Sum of the sizes that records state; None if none states one."""
    sizes = [row["bytes_out"] for row in rows if row["bytes_out"] is not None]
    return sum(sizes) if sizes else None


def objects_of(rows: Sequence[Row]) -> int:
    """Number of distinct objects named."""
    return len({(row["container"], row["object"]) for row in rows if row["object"] is not None})


def _answer(tell: Say, rows: Rows, number: str) -> Iterator[Text]:
    if not rows:
        yield tell("answer_empty")
        return
    ok = sum(row["logged"] == "success" for row in rows)
    denied = sum(row["logged"] == "denied" for row in rows)
    yield tell(
        "answer", n=len(rows), ok=ok, denied=denied, other=len(rows) - ok - denied,
        first=said(instant(rows[0]["time"])), last=said(instant(rows[-1]["time"])),
        rows=parts.rows_cite(number, 1, len(rows)),
    )  # fmt: skip
    met = in_incident(rows)
    yield tell(
        "answer_incident", n=len(met), principals=len({principal_of(row) for row in met}),
        addresses=len({row["src_ip"] for row in met if row["src_ip"]}), objects=objects_of(met),
        size=bytes_of(met), unsized=sum(row["bytes_out"] is None for row in met),
    )  # fmt: skip


def _counted(tell: Say, rows: Rows) -> Iterator[Section]:
    """Counts by each of `GROUPS`."""
    for what, key in GROUPS:
        groups: dict[str, list[Row]] = {}
        for row in rows:
            groups.setdefault(key(row) or "", []).append(row)
        shown = sorted(groups.items())
        rest: list[Row] = []
        if len(shown) > LINES:
            shown.sort(key=lambda one: (-len(in_incident(one[1])), -len(one[1]), one[0]))
            rest = [row for _, of in shown[LINES - 1 :] for row in of]
            shown = shown[: LINES - 1]
        lines = [_counts(quote(name) if name else say("not logged"), of) for name, of in shown]
        if rest:
            n = len(groups) - len(shown)
            lines.append(_counts(tell("by_rest", n=n, what=said(_plural(what, n))), rest))
        if len(groups) > 1:
            lines.append(_counts(say("All"), rows))
        counts = Table(
            caption=tell("by_caption", n=len(groups), what=said(_plural(what, len(groups)))),
            columns=(
                Column(title=what[0].upper() + what[1:], width=4.0),
                Column(title="Requests", width=1.0, number=True),
                Column(title="Succeeded", width=1.0, number=True),
                Column(title="Denied", width=1.0, number=True),
                Column(title="Other error", width=1.0, number=True),
                Column(title="In the incident", width=1.1, number=True),
                Column(title="Distinct objects in the incident", width=1.3, number=True),
                Column(title="Bytes in the incident, as logged", width=1.5, number=True),
            ),
            rows=tuple(lines), empty=tell("by_empty"),
        )  # fmt: skip
        yield Section(title=tell("by_title", what=said(what)), blocks=(counts,))


def _listed(
    material: Material, tell: Say, held: Sequence[Shelf[Row]], label: Label
) -> Iterator[Section]:
    """The requests one by one: all, or the first by resource, and a slip sheet."""
    n = len(material.accesses)
    if not printed.left(held):
        listed = Table(
            caption=tell("list_caption", n=n), columns=LIST, numbered=True,
            rows=tuple(_row(n, row) for n, row in enumerate(held[0].rows, 1)),
            empty=tell("answer_empty"),
        )  # fmt: skip
        yield Section(title=tell("list_title"), blocks=(listed,))
        return
    note = Paragraph(text=tell("list_part", n=n, printed=printed.bound(material)))
    yield Section(title=tell("part_title"), blocks=(note, printed.summary(held)))
    tables = tuple(printed.tables(held, LIST, _row))
    yield Section(title=tell("list_by_resource"), blocks=tables)
    yield printed.slip(label, n, NATIVE)


def _plural(what: str, n: int) -> str:
    if n == 1:
        return what
    return {"address": "addresses", "day (UTC)": "days (UTC)", "client as stated":
            "clients as stated"}.get(what, what + "s")  # fmt: skip


def _counts(name: Text, rows: Sequence[Row]) -> tuple[Text, ...]:
    ok = sum(row["logged"] == "success" for row in rows)
    denied = sum(row["logged"] == "denied" for row in rows)
    met = in_incident(rows)
    size = bytes_of(met)
    numbers = (len(rows), ok, denied, len(rows) - ok - denied, len(met), objects_of(met))
    return (
        name,
        *(say(f"{n:,}") for n in numbers),
        say("0" if not met else "not logged" if size is None else f"{size:,}"),
    )


def _row(number: int, row: Row) -> tuple[Text, ...]:
    outcome = row["logged"] + (f" ({row['error_code']})" if row["error_code"] else "")
    size = "size not logged" if row["bytes_out"] is None else f"{row['bytes_out']:,} bytes"
    if row["bytes_supplied"] is not None:
        size += f", as logged by {row['supplied_by']}"
    where = row["object"] if row["object"] is not None else row["resource_uid"]
    return (
        say(f"{number:,}"), say(instant(row["time"])),
        parts.lines(quote(row["operation"]), quote(str(where or "not named"))),
        parts.lines(quote(principal_of(row)), quote(row["src_ip"] or "no address")),
        parts.lines(quote(outcome), say(size), say("in the incident") if row["in_incident"]
                    else None),
        say(pinpoint(row)),
    )  # fmt: skip


def _own_limits(material: Material, tell: Say) -> Iterator[Text]:
    one = material.config.incident
    low = instant(one.time_from, beyond="an open start")
    high = instant(one.time_to, beyond="an open end")
    yield tell(
        "definition", range=said(f"{low} to {high}"),
        resources=", ".join(one.resources) or "all", anonymous=one.anonymous,
        addresses=", ".join(one.addresses) or "none",
        principals=", ".join(one.principals) or "none",
    )  # fmt: skip
    for exempt in one.exempt:
        who = ", ".join((*exempt.principals, *exempt.addresses))
        yield tell("exemption", who=who, reason=exempt.reason)
    yield tell("sizes")
    supplied = sum(row["bytes_supplied"] is not None for row in material.accesses)
    if supplied:
        yield tell("supplied", n=supplied)
    yield tell("undecided")
    if material.copies:
        yield tell("copies", n=material.copies)


def _native(material: Material, held: Sequence[Shelf[Row]]) -> Native:
    rows = tuple(
        (
            n, row["event_uid"], row["operation"], row["container"], row["object"],
            row["resource_uid"], principal_of(row), row["actor_type"], row["src_ip"],
            row["user_agent"], row["logged"], row["error_code"], row["bytes_out"],
            parts.size_event(row),
            row["class_uid"], row["class"].get("decision"), row["agreement"], row["in_incident"],
            row["incident_reason"], *parts.trace(material, row, row["time"]),
        )
        for shelf in held
        for n, row in enumerate(shelf.rows, shelf.first)
    )  # fmt: skip
    return Native(columns=NATIVE, rows=rows)
