"""One evidence item to rows, gaps and documents. Steps:

1. open the stored bytes and take them apart into bodies (`archives`);
2. tell what each body is by its first bytes: JSON, a table, lines of a log, or none of these;
3. cut a log into records (`split`) and hand each to the first parser that recognises it;
4. a record that no parser reads is a gap with its place; so is a cut; neighbours are read;
5. a body without any recognised record is a document (`documents`) or one gap as a whole.

Invariants: records = rows + record gaps; bodies = read + gapped + documents.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from collector import registers
from collector.model import EvidenceItem, Gap
from timeline.normalize import blocks, documents, exchanges, lines, split
from timeline.normalize.archives import Body, Cut, bodies
from timeline.normalize.aws.answers import REPORT
from timeline.normalize.coded import Many
from timeline.normalize.model import (
    BROKEN,
    RECORD_LIMIT,
    Document,
    OpenItem,
    Parser,
    Part,
    Partition,
    Record,
    Unreadable,
    Where,
    micros,
)
from timeline.normalize.packed import packed
from timeline.normalize.row import Row
from timeline.normalize.spans import Spans
from timeline.normalize.spool import Spool
from timeline.normalize.table import day_name
from timeline.normalize.taken import AsTaken

#: A body of which so many records are of no known form is no log: one gap for the whole.
GIVE_UP = 20_000
#: Bytes looked at to tell what a body is.
HEAD = 64 * 1024


class _Place(NamedTuple):
    """The body being read."""

    item: EvidenceItem
    where: Where
    name: str

    def gap(self, kind: str, reason: str, locator: str | None) -> Gap:
        """A gap in it."""
        subject = self.name if locator is None else self.item.name
        return Gap(kind=kind, subject=subject, reason=reason, item=self.item.uid, locator=locator)


@dataclass(slots=True)
class _Tally:
    """What is being counted while an item is read; becomes a frozen `Part`."""

    spool: Spool
    gaps: list[Gap] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    files: int = 0
    files_read: int = 0
    files_gapped: int = 0
    records: int = 0
    rows: int = 0
    record_gaps: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    days: set[tuple[str, int]] = field(default_factory=set)

    def row(self, row: Row, place: int) -> None:
        """A record that gives a row."""
        self.rows += 1
        self.sources[row.source] += 1
        self.days |= self.spool.add(packed(row, place))

    def together(self, read: Many) -> None:
        """Records that gave a row each."""
        count = len(read.times())
        self.days |= self.spool.add(read)
        self.records += count
        self.rows += count
        self.sources[read.source] += count

    def whole(self, place: _Place, kind: str, reason: str) -> None:
        """A body that could not be read at all: one gap."""
        self.files_gapped += 1
        self.gaps.append(place.gap(kind, reason, place.where.prefix or None))

    def document(self, place: _Place, kind: str) -> None:
        """A body that is no log."""
        prefix = place.where.prefix
        self.documents.append(
            Document(kind=kind, item=place.item.uid, locator=prefix, name=place.name)
        )

    def record_gap(self, place: _Place, record: Record, reason: str) -> None:
        """A record that gives no row."""
        self.record_gaps += 1
        self.gaps.append(place.gap("not_understood", reason, locator_of(place.where, record)))

    def add(self, other: "_Tally") -> None:
        """A log that was read."""
        self.files_read += 1
        self.rows += other.rows
        self.sources.update(other.sources)
        self.days |= other.days
        self.gaps.extend(other.gaps)
        self.records += other.records
        self.record_gaps += other.record_gaps


def locator_of(where: Where, record: Record) -> str:
    """Where a record is, in the item's decompressed stream."""
    return f"{where.prefix}{record.number}@{record.offset}+{record.length}"


def read_item(
    item: EvidenceItem, open_item: OpenItem, parsers: tuple[Parser, ...], spool: Spool
) -> Part:
    """Read one evidence item, rows to the spool; never raises for what is in it."""
    tally = _Tally(spool)
    try:
        with open_item(item) as file:
            stream = AsTaken(file, item)
            if exchanges.is_exchange(item):
                tally.files += 1
                _read_exchange(stream.read(), item, parsers, tally)
            else:
                for body in bodies(stream):
                    tally.files += 1
                    _read_body(body, item, parsers, tally)
            if changed := stream.problem():
                kind, reason = changed
                tally.gaps.append(Gap(kind=kind, subject=item.name, reason=reason, item=item.uid))
    except OSError as error:
        tally.files += 1
        place = _Place(item, Where(item.uid, "", 0), item.name)
        tally.whole(place, "unreadable", f"expected readable stored bytes, found {error}")
    assert tally.records == tally.rows + tally.record_gaps
    assert tally.files == tally.files_read + tally.files_gapped + len(tally.documents)
    return Part(
        item=item.uid,
        gaps=tuple(tally.gaps),
        documents=tuple(tally.documents),
        files=tally.files,
        files_read=tally.files_read,
        files_gapped=tally.files_gapped,
        records=tally.records,
        rows=tally.rows,
        record_gaps=tally.record_gaps,
        sources=dict(sorted(tally.sources.items())),
        partitions=tuple(
            Partition(provider, day_name(day)) for provider, day in sorted(tally.days)
        ),
    )


def _read_body(body: Body, item: EvidenceItem, parsers: tuple[Parser, ...], tally: _Tally) -> None:
    name = body.prefix.removesuffix("!/") or item.name
    where = Where(item.uid, body.prefix, micros(item.acquired_at), tally.records)
    place = _Place(item, where, name)
    if body.problem is not None:
        tally.whole(place, body.problem.kind, str(body.problem))
        return
    head, chunks = head_of(body.chunks)
    text = head.removeprefix(lines.BOM).lstrip()
    usable = tuple(each for each in parsers if each.form == "lines")
    if text[:1] in (b"{", b"["):
        usable = tuple(each for each in parsers if each.form == "json")
        records = split.read_json(chunks, _by_pieces(usable, place))
        _read_log(records, "json", place, usable, tally)
    elif (table := table_of(text, parsers)) is not None:
        _read_log(lines.table_rows(chunks), "table", place, (table,), tally)
    elif any(each.detect(line) for each in usable for line in _first_lines(text)):
        _read_log(lines.read_lines(chunks, _by_block(usable, place)), "lines", place, usable, tally)
    else:
        _read_other(head, chunks, place, tally)


def table_of(text: bytes, parsers: tuple[Parser, ...]) -> Parser | None:
    """The form of a table, by the line that heads it; every row below is of that form."""
    heading = _first_lines(text)[0].strip()
    found = next((each for each in parsers if each.form == "table" and each.detect(heading)), None)
    return None if found is None else replace(found, detect=lambda row: True)


def _read_exchange(
    member: bytes, item: EvidenceItem, parsers: tuple[Parser, ...], tally: _Tally
) -> None:
    """One recorded answer: a log if it brings records of a known form, else a document."""
    place = _Place(item, Where(item.uid, "", micros(item.acquired_at)), item.name)
    try:
        page = exchanges.received(member)
        records = exchanges.records(page)
    except ValueError as error:
        tally.whole(place, "not_understood", str(error))
        return
    usable = tuple(each for each in parsers if each.form == "json")
    if any(each.detect(record.data) for record in records if record.data for each in usable):
        _read_log(iter(records), "json", place, usable, tally)
    else:
        tally.document(place, f"answer to {page.answer.operation}")


def head_of(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, and the whole body again. A cut comes at its place in the whole."""
    held: list[bytes] = []
    size = 0
    quiet, ended = lines.until_cut(chunks)
    for chunk in quiet:
        held.append(chunk)
        size += len(chunk)
        if size >= HEAD:
            break

    def again() -> Iterator[bytes]:
        while held:
            yield held.pop(0)
        yield from quiet
        if ended:
            raise ended[0]

    return b"".join(held)[:HEAD], again()


def _by_block(
    usable: tuple[Parser, ...], place: _Place
) -> Callable[[blocks.Block], blocks.Taken] | None:
    """How the first form reads many lines at once, if it does: it is asked first for any line."""
    read = usable[0].read_block
    return None if read is None else lambda block: read(block, place.where)


def _by_pieces(
    usable: tuple[Parser, ...], place: _Place
) -> Callable[[Spans], blocks.TakenPieces] | None:
    """How a form reads many records at once; it takes none that another form would."""
    read = next((each.read_pieces for each in usable if each.read_pieces is not None), None)
    return None if read is None else lambda pieces: read(pieces, place.where)


def _first_lines(text: bytes) -> list[bytes]:
    """Some lines to tell a text log by: one bad line at the top must not hide it."""
    return [line.rstrip(b"\r") for line in text[:HEAD].split(b"\n", 20)[:20]]


def _read_log(
    records: Iterator[Record | Many],
    form: str,
    place: _Place,
    parsers: tuple[Parser, ...],
    tally: _Tally,
) -> None:
    """Read a body record by record; if none is recognised, say what it is as a whole."""
    seen = _Tally(tally.spool)
    current: Parser | None = None
    recognised = False
    look = documents.Look()
    quiet, ended = lines.until_cut(records)
    for record in quiet:
        if not isinstance(record, Record):
            seen.together(record)
            recognised = True
            current = next(each for each in parsers if each.source == record.source)
            continue
        seen.records += 1
        if seen.records > GIVE_UP and not recognised:
            break
        if record.data is None:
            seen.record_gap(place, record, record.problem or "not readable")
            look.at(record)
            continue
        if current is not None and _read_record(record, current, place, seen) is None:
            continue
        current = next((each for each in parsers if each.detect(record.data)), None)
        if current is None:
            shown = record.data[:60].decode("utf-8", "replace")
            seen.record_gap(place, record, f"expected a known {form} record, found {shown!r}")
            look.at(record)
            continue
        recognised = True
        problem = _read_record(record, current, place, seen)
        if problem is not None:
            seen.record_gap(place, record, problem)
    cut = ended[0] if ended else None
    empty = seen.records == 0 and form == "json" and cut is None
    if not recognised and not empty:
        _not_a_log(look, seen.records, cut, place, tally)
        return
    if cut is not None:
        end = f"{place.where.prefix}{seen.records}"
        seen.gaps.append(place.gap(cut.kind, str(cut), end))
    tally.add(seen)


def _read_record(record: Record, parser: Parser, place: _Place, seen: _Tally) -> str | None:
    """Add the row; or say why there is none."""
    assert record.data is not None
    if len(record.data) > RECORD_LIMIT:
        return lines.too_long(len(record.data))
    try:
        row, gaps = parser.read(record, place.where)
    except Unreadable as error:
        return str(error)
    except BROKEN as error:
        return f"expected a whole record, found {error}"
    seen.row(row, place.where.before + record.number)
    seen.gaps.extend(gaps)
    return None


def _not_a_log(
    look: documents.Look, count: int, cut: Cut | None, place: _Place, tally: _Tally
) -> None:
    """No record was recognised: a known answer, a paper, or one gap for the whole body."""
    kind = look.kind or ("text" if documents.paper(place.name) else None)
    if cut is not None:
        tally.whole(place, cut.kind, f"no record before the cut: {cut}")
    elif kind is not None:
        tally.document(place, kind)
    elif not count:
        tally.whole(place, "not_understood", "expected a known log form, found no record")
    else:
        reason = (
            "expected a known log form or API answer, found "
            f"{f'over {GIVE_UP}' if count > GIVE_UP else count} records of another form, "
            f"the first beginning {look.first!r}"
        )
        tally.whole(place, "not_understood", reason)


def _read_other(head: bytes, chunks: Iterator[bytes], place: _Place, tally: _Tally) -> None:
    """Neither JSON nor an access log."""
    quiet, ended = lines.until_cut(chunks)
    for _ in quiet:
        pass
    if ended:
        tally.whole(place, ended[0].kind, str(ended[0]))
    elif place.item.source == registers.FOLDER:
        tally.document(place, "register of the case team")
    elif documents.is_credential_report(head):
        tally.document(place, REPORT)
    elif documents.paper(place.name):
        tally.document(place, "text")
    elif not head.strip():
        found = "an empty file" if not head else "only white space"
        tally.whole(place, "not_understood", f"expected a log, found {found}")
    else:
        shown = head[:60].decode("utf-8", "replace")
        reason = f"expected JSON or an access log at offset 0, found {shown!r}"
        tally.whole(place, "not_understood", reason)
