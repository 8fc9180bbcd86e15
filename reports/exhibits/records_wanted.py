"""Part of exhibit K: the records that would settle what is unknown, who holds them, until when.

The list that one side sends to the other. One row a record to ask for, those first on which most
requests hang; what it would settle stands in it by name, as in `butfor gaps --requests`;
the whole list lies in an edition as `requests.csv`.
"""

from collections.abc import Mapping, Sequence

from reports.exhibits import parts
from reports.material import Material
from reports.model import Column, Native, Paragraph, Section, Table, Text, given, say
from reports.text import Say
from timeline import asked

#: Rows that are printed; the rest is counted.
LINES = 200
#: Columns of the list as data, as `butfor gaps --requests` names them.
NATIVE = ("record", "held_by", "exists_until", "from", "to", "unknown", "about")
#: File of an edition that holds the whole list.
FILE = "requests.csv"
COLUMNS = (
    Column(title="No.", width=0.4, number=True),
    Column(title="Record to ask for", width=2.8),
    Column(title="Held by", width=2.0),
    Column(title="Exists until", width=2.4),
    Column(title="Period (UTC)", width=1.4, exact=True),
    Column(title="Would settle (requests that hang on it)", width=3.0),
)


def section(material: Material, tell: Say) -> Section:
    """The table."""
    found = wanted(material)
    table = Table(
        caption=tell("wanted_caption", n=len(found), file=FILE), columns=COLUMNS,
        rows=tuple(_row(n, rows) for n, rows in enumerate(found[:LINES], 1)),
        empty=tell("wanted_empty"),
    )  # fmt: skip
    left = len(found) - LINES
    more = (Paragraph(text=tell("wanted_more", n=left, file=FILE)),) if left > 0 else ()
    return Section(title=tell("wanted_title"), blocks=(table, *more))


def wanted(material: Material) -> list[list[Mapping[str, str]]]:
    """What is unknown, by the record that would settle it; copies of requests do not count."""
    times = {row["event_uid"]: row["time"] for row in material.accesses}
    unknown = asked.of_rows(material.classes, material.accesses, times, material.gaps)
    held: dict[tuple[str, str, str], list[Mapping[str, str]]] = {}
    for one in unknown:
        held.setdefault((one["record"], one["held_by"], one["exists_until"]), []).append(one)
    return sorted(held.values(), key=lambda rows: -max(int(row["accesses"] or 0) for row in rows))


def native(material: Material) -> Native:
    """The whole list as data: one row for each thing that is unknown; `number` as printed."""
    columns = (("number", "int"), *((name, "text") for name in NATIVE), ("requests", "int"))
    return Native(
        columns=columns,
        rows=tuple(
            (n, *(row[name] or None for name in NATIVE),
             int(row["accesses"]) if row["accesses"] else None)
            for n, rows in enumerate(wanted(material), 1) for row in rows
        ),
    )  # fmt: skip


def _row(number: int, rows: Sequence[Mapping[str, str]]) -> tuple[Text, ...]:
    one = rows[0]
    starts, ends = {row["from"] for row in rows}, {row["to"] for row in rows}
    period = (
        say(_written(min(starts)) or "start open"), say("to"),
        say("end open" if "" in ends else _written(max(ends))),
    )  # fmt: skip
    return (
        say(str(number)), given(one["record"]), given(one["held_by"]),
        given(one["exists_until"]), parts.lines(*period),
        parts.lines(*(_unknown(row, one["record"]) for row in rows)),
    )  # fmt: skip


def _written(at: str) -> str:
    """`2022-06-02T10:02:00Z` as exhibits write it."""
    return at.replace("T", " ").replace("Z", " Z")


def _unknown(row: Mapping[str, str], record: str) -> Text:
    about = row["about"]
    return parts.joined(
        (
            given(row["unknown"]),
            *((given(f"of {about}"),) if about and about not in record + row["unknown"] else ()),
            *((say(f"({int(row['accesses']):,})"),) if row["accesses"] else ()),
        ),
        " ",
    )  # fmt: skip
