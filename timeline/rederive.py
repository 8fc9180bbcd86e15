"""A row again from its bytes: cut the record out, parse it, compare every column.

1. the item is taken apart as at the build, and the records at the cited positions are picked out
2. each is read by the first parser that recognises it, never by what the stored row claims
3. the row that comes out is compared with the stored one, column by column

Nothing here reads a derived table: what it gives is a function of the item's bytes alone.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, BinaryIO, NamedTuple

from collector.model import EvidenceItem
from timeline.normalize import PARSERS, archives, exchanges, ingest, lines, reextract, split
from timeline.normalize.model import BROKEN, OpenItem, Record, Unreadable, Where, micros

#: Filled by comparing all records with each other: no record alone gives it.
OVER_ALL_RECORDS = ("duplicate_of", "same_request_as")

_LOCATOR = re.compile(r"(?s)(?P<prefix>.*!/)?(?P<record>\d+)@(?P<offset>\d+)\+(?P<length>\d+)")


class Place(NamedTuple):
    """A locator taken apart: `[member!/]record@offset+length`."""

    prefix: str
    number: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One column in which a stored row is not what its bytes give."""

    column: str
    expected: Any
    found: Any

    def as_data(self) -> dict[str, Any]:
        """The object as printed."""
        return {"column": self.column, "expected": self.expected, "found": self.found}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What lies at a place.

    Attributes:
        data: the bytes.
        number: of the record, counted from 0; None where no record begins and ends there.
        form: `json`, `lines` or `table`.
        heading: of a table.
    """

    data: bytes
    number: int | None
    form: str
    heading: bytes | None = None

    @property
    def sha256(self) -> str:
        """Of exactly these bytes."""
        return sha256(self.data).hexdigest()


def place_of(locator: str | None) -> Place | None:
    """The parts of a locator; None where it names a whole item, a member or an end."""
    match = _LOCATOR.fullmatch(locator or "")
    if match is None:
        return None
    number, offset, length = (int(match[name]) for name in ("record", "offset", "length"))
    return Place(match["prefix"] or "", number, offset, length)


def read_back(
    open_item: OpenItem, item: EvidenceItem, places: Collection[Place]
) -> dict[Place, Found]:
    """The bytes at some places of an item, in one pass; a place that is not there is left out."""
    wanted = {(place.prefix, place.offset, place.length): place for place in places}
    at: dict[tuple[str, int, int], Found] = {}
    with open_item(item) as stream:
        for prefix, cut in _bodies(item, stream):
            for form, record in cut:
                key = (prefix, record.offset, record.length)
                if key in wanted and record.data is not None:
                    at[key] = Found(
                        data=record.data, number=record.number, form=form, heading=record.heading
                    )
            if len(at) == len(wanted):
                break
    found = {}
    for place in sorted(places):
        one = at.get((place.prefix, place.offset, place.length)) or _loose(open_item, item, place)
        if one is not None:
            found[place] = one
    return found


def _bodies(
    item: EvidenceItem, stream: BinaryIO
) -> Iterator[tuple[str, Iterable[tuple[str, Record]]]]:
    """(archive members that lead to it, records) of every body of an item."""
    if exchanges.is_exchange(item):
        try:
            found = exchanges.records(exchanges.received(stream.read()))
        except ValueError:
            found = ()
        yield "", [("json", record) for record in found]
        return
    for body in archives.bodies(stream):
        yield body.prefix, _records(body)


def _records(body: archives.Body) -> Iterator[tuple[str, Record]]:
    """A body cut into records as the build cuts it; what is damaged gives no record."""
    if body.problem is not None:
        return
    head, chunks = ingest.head_of(body.chunks)
    text = head.removeprefix(lines.BOM).lstrip()
    form, cut = "lines", lines.text_lines
    if text[:1] in (b"{", b"["):
        form, cut = "json", split.json_records
    elif ingest.table_of(text, PARSERS) is not None:
        form, cut = "table", lines.table_rows
    records, _ = lines.until_cut(cut(chunks))
    for record in records:
        yield form, record


def _loose(open_item: OpenItem, item: EvidenceItem, place: Place) -> Found | None:
    """Bytes that are no record by themselves: a report that is cited as a whole."""
    locator = f"{place.prefix}{place.number}@{place.offset}+{place.length}"
    try:
        data = reextract(open_item, item, locator)
    except LookupError:
        return None
    return Found(data=data, number=None, form="")


def event_row(item: EvidenceItem, place: Place, found: Found) -> dict[str, Any] | None:
    """The row of `events` that a record gives; None where it is of no known log form.

    Raises:
        Unreadable: it has a known form and is not readable.
    """
    from timeline.normalize.table import to_table

    if found.number is None:
        return None
    usable = (one for one in PARSERS if one.form == found.form)
    parser = next((one for one in usable if one.detect(found.heading or found.data)), None)
    if parser is None:
        return None
    record = Record(found.number, place.offset, place.length, found.data, heading=found.heading)
    try:
        row, _ = parser.read(record, Where(item.uid, place.prefix, micros(item.acquired_at)))
    except BROKEN as error:
        raise Unreadable(f"expected a whole record, found {error}") from error
    again: dict[str, Any] = to_table([row]).to_pylist()[0]
    return again


def compare(
    expected: Mapping[str, Any], found: Mapping[str, Any], *, leave: Collection[str] = ()
) -> tuple[Difference, ...]:
    """Columns in which two rows differ, in the order of the expected one; extra ones come last."""
    names = [*expected, *sorted(found.keys() - expected.keys())]
    return tuple(
        Difference(column=name, expected=expected.get(name), found=found.get(name))
        for name in names
        if name not in leave and not _same(expected.get(name), found.get(name))
    )


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 (a cell)
    """Equal and of one type: true is not 1."""
    return type(one) is type(other) and bool(one == other)
