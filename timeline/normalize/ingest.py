"""One evidence item to rows, gaps and documents. Steps:

1. open the stored bytes and take them apart into bodies (`archives`);
2. tell what each body is by its first bytes: JSON, lines of an access log, or neither;
3. cut a log into records (`split`) and hand each to the first parser that recognises it;
4. a record that no parser reads is a gap with its place; so is a cut; neighbours are read;
5. a body without any recognised record is a document (`documents`) or one gap as a whole.

Invariants: records = rows + record gaps; bodies = read + gapped + documents.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from collector.model import EvidenceItem, Gap
from timeline.normalize import documents, lines, split
from timeline.normalize.archives import Body, Cut, bodies
from timeline.normalize.model import (
    BODY_LIMIT,
    BROKEN,
    RECORD_LIMIT,
    Document,
    EventRow,
    OpenItem,
    Parser,
    Part,
    Record,
    Unreadable,
    Where,
    micros,
)

#: Bytes looked at to tell what a body is.
HEAD = 64 * 1024


@dataclass(slots=True)
class _Tally:
    """What is being counted while an item is read; becomes a frozen `Part`."""

    rows: list[EventRow] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    files: int = 0
    files_read: int = 0
    files_gapped: int = 0
    records: int = 0
    record_gaps: int = 0


def read_item(item: EvidenceItem, open_item: OpenItem, parsers: tuple[Parser, ...]) -> Part:
    """Read one evidence item; never raises for what is in it."""
    tally = _Tally()
    try:
        with open_item(item) as stream:
            for body in bodies(stream):
                tally.files += 1
                _read_body(body, item, parsers, tally)
    except OSError as error:
        tally.files += 1
        _whole(item, "", "unreadable", f"expected readable stored bytes, found {error}", tally)
    assert tally.records == len(tally.rows) + tally.record_gaps
    assert tally.files == tally.files_read + tally.files_gapped + len(tally.documents)
    return Part(
        item=item.uid,
        rows=tuple(tally.rows),
        gaps=tuple(tally.gaps),
        documents=tuple(tally.documents),
        files=tally.files,
        files_read=tally.files_read,
        files_gapped=tally.files_gapped,
        records=tally.records,
        record_gaps=tally.record_gaps,
    )


def _whole(item: EvidenceItem, prefix: str, kind: str, reason: str, tally: _Tally) -> None:
    """A body that could not be read at all: one gap."""
    tally.files_gapped += 1
    tally.gaps.append(
        Gap(kind=kind, subject=item.name, reason=reason, item=item.uid, locator=prefix or None)
    )


def _read_body(body: Body, item: EvidenceItem, parsers: tuple[Parser, ...], tally: _Tally) -> None:
    if body.problem is not None:
        _whole(item, body.prefix, body.problem.kind, str(body.problem), tally)
        return
    head, chunks = _head(body.chunks)
    text = head.removeprefix(lines.BOM).lstrip()
    name = body.prefix.removesuffix("!/") or item.name
    where = Where(item.uid, body.prefix, micros(item.acquired_at))
    if text[:1] in (b"{", b"["):
        _read_log(split.json_records(chunks), "json", where, item, name, parsers, tally)
    elif any(each.form == "lines" and each.detect(_first_line(text)) for each in parsers):
        _read_log(lines.text_lines(chunks), "lines", where, item, name, parsers, tally)
    else:
        _read_other(head, chunks, item, body.prefix, name, tally)


def _head(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
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
        yield from itertools.chain(held, quiet)
        if ended:
            raise ended[0]

    return b"".join(held)[:HEAD], again()


def _first_line(text: bytes) -> bytes:
    return text.partition(b"\n")[0].rstrip(b"\r")


def _read_log(
    records: Iterator[Record],
    form: str,
    where: Where,
    item: EvidenceItem,
    name: str,
    parsers: tuple[Parser, ...],
    tally: _Tally,
) -> None:
    usable = tuple(parser for parser in parsers if parser.form == form)
    seen = _Tally()
    recognised = False
    current: Parser | None = None
    first: Record | None = None
    cut: Cut | None = None
    quiet, ended = _until_cut(records)
    for record in quiet:
        seen.records += 1
        first = first or record
        if record.data is None:
            _record_gap(record, record.problem or "not readable", where, item, seen)
            continue
        if current is None or not (recognised and current.detect(record.data)):
            current = next((each for each in usable if each.detect(record.data)), None)
        if current is None:
            _record_gap(record, _strange(record.data, form), where, item, seen)
            continue
        recognised = True
        if len(record.data) > RECORD_LIMIT:
            _record_gap(record, lines.too_long(len(record.data)), where, item, seen)
            continue
        try:
            row, gaps = current.read(record, where)
        except Unreadable as error:
            _record_gap(record, str(error), where, item, seen)
            continue
        except BROKEN as error:
            _record_gap(record, f"expected a whole record, found {error}", where, item, seen)
            continue
        seen.rows.append(row)
        seen.gaps.extend(gaps)
    cut = ended[0] if ended else None
    if not recognised and not (seen.records == 0 and form == "json" and cut is None):
        _not_a_log(first, seen, cut, where, item, name, tally)
        return
    if cut is not None:
        place = f"{where.prefix}{seen.records}"
        seen.gaps.append(
            Gap(kind=cut.kind, subject=name, reason=str(cut), item=item.uid, locator=place)
        )
    tally.files_read += 1
    tally.rows.extend(seen.rows)
    tally.gaps.extend(seen.gaps)
    tally.records += seen.records
    tally.record_gaps += seen.record_gaps


def _until_cut(records: Iterator[Record]) -> tuple[Iterator[Record], list[Cut]]:
    ended: list[Cut] = []

    def quiet() -> Iterator[Record]:
        try:
            yield from records
        except Cut as found:
            ended.append(found)

    return quiet(), ended


def _record_gap(
    record: Record, reason: str, where: Where, item: EvidenceItem, tally: _Tally
) -> None:
    tally.record_gaps += 1
    locator = f"{where.prefix}{record.number}@{record.offset}+{record.length}"
    tally.gaps.append(
        Gap(kind="not_understood", subject=item.name, reason=reason, item=item.uid, locator=locator)
    )


def _strange(data: bytes, form: str) -> str:
    shown = data[:60].decode("utf-8", "replace")
    return f"expected a record of a known {form} form, found {shown!r}"


def _not_a_log(
    first: Record | None,
    seen: _Tally,
    cut: Cut | None,
    where: Where,
    item: EvidenceItem,
    name: str,
    tally: _Tally,
) -> None:
    """No record was recognised: a known answer, a paper, or one gap for the whole body."""
    if cut is not None:
        _whole(item, where.prefix, cut.kind, f"no record before the cut: {cut}", tally)
        return
    kind = documents.answer_kind(first.data) if first is not None and first.data else None
    kind = kind or ("text" if documents.paper(name) else None)
    if kind is not None:
        locator = where.prefix
        tally.documents.append(Document(kind=kind, item=item.uid, locator=locator, name=name))
        return
    reason = "expected a known log form or API answer, found "
    if first is None:
        reason += "no record"
    else:
        shown = (first.data or b"")[:80].decode("utf-8", "replace")
        reason += f"{seen.records} JSON records of another form, the first beginning {shown!r}"
    _whole(item, where.prefix, "not_understood", reason, tally)


def _read_other(
    head: bytes,
    chunks: Iterator[bytes],
    item: EvidenceItem,
    prefix: str,
    name: str,
    tally: _Tally,
) -> None:
    """Neither JSON nor an access log."""
    quiet, ended = lines.until_cut(chunks)
    for _ in quiet:
        pass
    if ended:
        _whole(item, prefix, ended[0].kind, str(ended[0]), tally)
        return
    kind = None
    if documents.is_credential_report(head):
        kind = "aws.iam.credential_report"
    elif documents.paper(name):
        kind = "text"
    if kind is not None:
        tally.documents.append(Document(kind=kind, item=item.uid, locator=prefix, name=name))
        return
    if not head.strip():
        reason = "expected a log, found an empty file" if not head else "found only white space"
        _whole(item, prefix, "not_understood", reason, tally)
        return
    shown = head[:60].decode("utf-8", "replace")
    reason = f"expected JSON or an access log at offset 0, found {shown!r}"
    _whole(item, prefix, "not_understood", reason, tally)


def held(chunks: Iterator[bytes]) -> bytes:
    """A body that must be held whole.

    Raises:
        Unreadable: it is longer than may be held, or cut off.
    """
    parts: list[bytes] = []
    size = 0
    try:
        for chunk in chunks:
            parts.append(chunk)
            size += len(chunk)
            if size > BODY_LIMIT:
                raise Unreadable(f"expected at most {BODY_LIMIT} bytes, found more")
    except Cut as cut:
        raise Unreadable(str(cut)) from cut
    return b"".join(parts)
