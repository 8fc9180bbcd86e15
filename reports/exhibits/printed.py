"""What of a long list is printed: by resource, those that the case is about first, up to a bound.

A list within the bound (`[exhibits] printed_rows`) is printed whole, in its own order. A longer one
is put in the order of resources, numbered in that order, and its first rows are printed, so that
"rows 1 to 1,000 are printed" says all. A table names every resource with its rows, printed or not,
and its sums close; the rest stands in the native table, on the slip sheet of which it is named.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Generic, TypeVar

from reports.exhibits import parts
from reports.material import Material
from reports.model import Column, Facts, Label, Section, Table, Text, cite, quote, say
from reports.pinpoint import counted

T = TypeVar("T")
#: Lines of the table of resources, if not more of them have printed rows; the rest is one line.
LINES = 60
COLUMNS = (
    Column(title="Resource", width=4.0),
    Column(title="Why in this place", width=2.6),
    Column(title="Row numbers", width=1.4),
    Column(title="Rows", width=0.9, number=True),
    Column(title="Printed", width=0.9, number=True),
    Column(title="Not printed", width=1.0, number=True),
)
REST = "its number of rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf(Generic[T]):
    """The rows of one resource.

    Attributes:
        name: its longest name in these rows; empty for what is about no resource.
        why: why it stands in its place.
        first: number of its first row.
        rows: all of them, in the order of the list.
        printed: how many are printed.
    """

    name: str
    why: str
    first: int
    rows: tuple[T, ...]
    printed: int


def shelves(
    material: Material, rows: Iterable[T], name_of: Callable[[T], str]
) -> tuple[Shelf[T], ...]:
    """Rows by resource, in the order in which they are numbered.

    What lies in a container stands with it. Names that differ only in what stands before the last
    colon, or in a final `/*`, are one.
    """
    known = containers(material)
    held: dict[str, list[T]] = {}
    names: dict[str, str] = {}
    for row in rows:
        name = name_of(row)
        short = place(name, known)
        held.setdefault(short, []).append(row)
        full = name[: name.index(short) + len(short)]
        names[short] = max(names.get(short, ""), full, key=len)
    rank = relevance(material)
    order = sorted(
        held, key=lambda short: (*_place(short, names[short], rank), -len(held[short]), short)
    )
    room, first, made = material.config.exhibits.printed_rows, 1, []
    for short in order:
        n = len(held[short])
        why = "about the case as a whole" if not short else rank.get(short, (0, REST))[1]
        made.append(
            Shelf(name=names[short], why=why, first=first, rows=tuple(held[short]),
                  printed=min(n, room))
        )  # fmt: skip
        first, room = first + n, room - min(n, room)
    return tuple(made)


def tail(name: str) -> str:
    """What stands for a resource wherever it is named: the part after the last colon."""
    return name.removesuffix("/*").rsplit(":", 1)[-1]


def place(name: str, known: frozenset[str]) -> str:
    """The container of a resource, if it is one of those known; else its own `tail`."""
    short = tail(name)
    head = short.partition("/")[0]
    return head if head in known else short


def containers(material: Material) -> frozenset[str]:
    """Containers that requests name, and resources without a path that were written to."""
    wrote = {tail(row["resource_uid"]) for row in material.changes}
    asked = {tail(row["container"]) for row in material.accesses if row["container"]}
    return frozenset(asked | {name for name in wrote if "/" not in name})


def relevance(material: Material) -> Mapping[str, tuple[int, str]]:
    """Rank and reason of each resource that the case says something of, by `place`.

    First what the incident definition names, then what findings are about and what their changes
    wrote to, then what a computed period of access is about.
    """
    known = containers(material)
    named = [place(name, known) for name in material.config.incident.resources]
    meant = (0, "named by the incident definition")
    found = {
        name: meant
        for name in sorted({*known, *named})
        if any(name == pattern or fnmatchcase(name, pattern) for pattern in named)
    }
    wrote: dict[str, set[str]] = {}
    for row in material.changes:
        wrote.setdefault(row["change_uid"], set()).add(place(row["resource_uid"], known))
    for at, finding in enumerate(material.findings, 1):
        why = (at, f"finding {finding['number']}")
        found.setdefault(place(finding["resource_uid"], known), why)
        for uid in finding.get("changes") or ():
            for name in sorted(wrote.get(str(uid), ())):
                found.setdefault(name, why)
    last = len(material.findings) + 1
    for row in material.windows:
        if row["decision"] == "ALLOWED":
            name = place(row["resource_uid"], known)
            found.setdefault(name, (last, "computed period of access"))
    return found


def _place(short: str, name: str, rank: Mapping[str, tuple[int, str]]) -> tuple[int, int]:
    if not short:
        return (0, 0)
    return (1, rank[short][0]) if short in rank else (2, 0)


def tables(
    held: Sequence[Shelf[T]], columns: tuple[Column, ...],
    row_of: Callable[[int, T], tuple[Text, ...]],
) -> Iterator[Table]:  # fmt: skip
    """One table for each resource of which rows are printed; numbers go on from one to the next."""
    for shelf in held:
        if not shelf.printed:
            continue
        n = len(shelf.rows)
        part = "" if shelf.printed == n else f", of which {shelf.printed:,} are printed"
        yield Table(
            caption=parts.joined(
                (quote(shelf.name) if shelf.name else say("No single resource"),
                 say(f"{counted(n, 'row')}{part}.")), ": ",
            ),
            columns=columns, empty=(), numbered=True,
            rows=tuple(row_of(shelf.first + at, row)
                       for at, row in enumerate(shelf.rows[: shelf.printed])),
        )  # fmt: skip


def summary(held: Sequence[Shelf[T]]) -> Table:
    """Every resource with its rows, printed and not; the last line is the sum."""
    lines = max(LINES, sum(shelf.printed > 0 for shelf in held) + 1)
    shown = held if len(held) <= lines else held[: lines - 1]
    rest = held[len(shown) :]
    rows = [
        (
            quote(shelf.name) if shelf.name else say("no single resource"), say(shelf.why),
            say(_span(shelf.first, len(shelf.rows))), *_numbers([shelf]),
        )
        for shelf in shown
    ]  # fmt: skip
    if rest:
        n = sum(len(shelf.rows) for shelf in rest)
        rows.append((
            say(f"{counted(len(rest), 'further resource')}, named in the native table"), say(REST),
            say(_span(rest[0].first, n)), *_numbers(rest),
        ))  # fmt: skip
    rows.append((say("All"), say(""), say(""), *_numbers(held)))
    return Table(
        caption=say(f"{counted(len(held), 'resource')} in the order in which rows are numbered."),
        columns=COLUMNS, rows=tuple(rows), empty=(),
    )  # fmt: skip


def _span(first: int, n: int) -> str:
    return f"{first:,}" if n == 1 else f"{first:,}–{first + n - 1:,}"


def _numbers(held: Sequence[Shelf[T]]) -> tuple[Text, Text, Text]:
    n, printed = sum(len(one.rows) for one in held), sum(one.printed for one in held)
    return say(f"{n:,}"), say(f"{printed:,}"), say(f"{n - printed:,}")


def bound(material: Material) -> int:
    """Most rows of one list that are printed."""
    return material.config.exhibits.printed_rows


def left(held: Sequence[Shelf[T]]) -> int:
    """Rows that are not printed."""
    return sum(len(one.rows) - one.printed for one in held)


def slip(label: Label, rows: int, columns: Sequence[tuple[str, str]]) -> Section:
    """The sheet in place of rows that are produced in their own format."""
    return Section(
        title=say("Document produced in native format"),
        blocks=(
            Facts(pairs=(
                ("Files", parts.joined(
                    [cite(f"{label.stem}.{ending}") for ending in ("csv", "parquet")], "\n")),
                ("Rows", say(f"{rows:,}")),
                ("Columns", say(f"{len(columns):,}, each row with its record and digests")),
                ("Digest", say("SHA-256 of the CSV on the cover; of every file in the index")),
            )),
        ),
    )  # fmt: skip


def numbers_of(
    held: Sequence[Shelf[T]], keys_of: Callable[[T], Iterable[Hashable]]
) -> dict[Hashable, int]:
    """Number of the row that holds each key."""
    return {
        key: shelf.first + at
        for shelf in held
        for at, row in enumerate(shelf.rows)
        for key in keys_of(row)
    }
