"""Cutting a decompressed body into records, with byte offset and length.

Two ways give the same records: a body that is valid JSON and fits in memory is parsed once, and
anything else (too long to hold, cut off, malformed somewhere) goes through a scanner over strings
and brackets, which keeps the neighbours of a malformed record. JSON lines are cut at their lines.
Offsets count from the first byte of the body, byte order mark included. Bytes between records that
are neither space nor punctuation become a record with a problem: nothing is passed over unseen.
"""

import itertools
import re
from collections.abc import Callable, Iterator

import msgspec

from timeline.normalize import pieces
from timeline.normalize.blocks import TakenPieces
from timeline.normalize.coded import Many
from timeline.normalize.lines import BOM, raw_lines, too_long, until_cut
from timeline.normalize.model import BODY_LIMIT, BROKEN, RECORD_LIMIT, Record
from timeline.normalize.spans import Spans

#: Objects that only wrap records: the keys under which providers put the list.
CONTAINERS = ("Records", "Events", "records", "events", "QueryResultRows", "logEvents")

_KEYS = "|".join(CONTAINERS).encode()
_WRAPPER = re.compile(
    rb'\{\s*(?:"\w+"\s*:\s*(?:"[^"\\]*"|null|\d+)\s*,\s*)*"(?:' + _KEYS + rb')"\s*:\s*\['
)
_CONTAINER_KEY = re.compile(rb'"(?:' + _KEYS + rb')"\s*:\s*$')
#: A run without structure: anything but brackets, whole strings included.
_RUN = re.compile(rb'[^"{}\[\]]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^"{}\[\]]*)*', re.DOTALL)
_IN_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
#: How a record of the known forms may begin: where to go on after a record that never closes.
_RESTART = re.compile(rb'\{\s*"(?:eventVersion|eventTime|awsRegion|EventId|requestParameters)"\s*:')
#: Level inside a wrapper after its list: nothing there is a record.
REMAINDER = -1
#: Bytes kept before the position, to see the key before a bracket.
LOOK_BACK = 64
_SPACE = b" \t\r\n\x1e"


class _Envelope(msgspec.Struct):
    Records: list[msgspec.Raw] | None = None
    Events: list[msgspec.Raw] | None = None
    records: list[msgspec.Raw] | None = None
    events: list[msgspec.Raw] | None = None
    QueryResultRows: list[msgspec.Raw] | None = None
    logEvents: list[msgspec.Raw] | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_array = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder(msgspec.Raw)


def json_records(chunks: Iterator[bytes]) -> Iterator[Record]:
    """Records of a JSON body, whatever its size and however it is damaged.

    Raises:
        Cut: after the last record, if the stream ended early.
    """
    for found in read_json(chunks, None):
        assert isinstance(found, Record)
        yield found


def read_json(
    chunks: Iterator[bytes], by_pieces: Callable[[Spans], TakenPieces] | None
) -> Iterator[Record | Many]:
    """Records of a JSON body in their order: rows of those that were read together.

    Args:
        chunks: the body.
        by_pieces: reads the records that it is sure of; the others come as records.

    Raises:
        Cut: after the last record, if the stream ended early.
    """
    held: list[bytes] = []
    size = 0
    quiet, ended = until_cut(chunks)
    for chunk in quiet:
        held.append(chunk)
        size += len(chunk)
        if size > BODY_LIMIT:
            break
    head = b"".join(held)
    held.clear()
    if not ended and size <= BODY_LIMIT:
        yield from _held(head, by_pieces)
        return
    rest = itertools.chain((head,), quiet)
    yield from (lines(rest) if _is_lines(head) else scan(rest))
    if ended:
        raise ended[0]


def _held(body: bytes, by_pieces: Callable[[Spans], TakenPieces] | None) -> Iterator[Record | Many]:
    """Records of a body that is held in memory, many at once as far as that goes."""
    done = 0 if by_pieces is None else (yield from pieces.read(body, _start(body), by_pieces))
    if done is not None:
        yield from (record for record in whole(body) if record.number >= done)


def _start(body: bytes) -> int:
    """Where a body begins, after byte order mark and space."""
    skip = len(BOM) if body.startswith(BOM) else 0
    while skip < len(body) and body[skip] in _SPACE:
        skip += 1
    return skip


def whole(body: bytes) -> Iterator[Record]:
    """Records of a body that is held in memory: envelope, array, lines, or a single object."""
    skip = _start(body)
    text = memoryview(body)[skip:]
    try:
        if body[skip : skip + 1] == b"[":
            yield from _located(body, _array.decode(text), skip)
            return
        found = _envelope.decode(text)
    except BROKEN:
        yield from (lines if _is_lines(body) else scan)(iter((body,)))
        return
    wrapped = [raws for raws in map(found.__getattribute__, CONTAINERS) if raws is not None]
    if not wrapped:
        end = len(body.rstrip(_SPACE))
        yield Record(0, skip, end - skip, body[skip:end])
    elif len(wrapped) == 1 and _names_one_list(body, wrapped[0]):
        yield from _located(body, wrapped[0], skip)
    else:
        yield from scan(iter((body,)))


def _names_one_list(body: bytes, raws: list[msgspec.Raw]) -> bool:
    """Whether the container key occurs once outside the records.

    A parser lets the last of two equal keys win, and would lose the records of the first.
    """
    if not raws:
        return body.count(b"{") == 1
    first, last = _address(body, raws[0]), _address(body, raws[-1]) + len(memoryview(raws[-1]))
    outside = body[:first] + body[last:]
    return sum(outside.count(b'"%s"' % name.encode()) for name in CONTAINERS) == 1


def _address(body: bytes, raw: msgspec.Raw) -> int:
    """Offset of a raw value, which is a view into the body that was parsed."""
    import pyarrow as pa

    return int(pa.py_buffer(raw).address) - int(pa.py_buffer(body).address)


def _located(body: bytes, raws: list[msgspec.Raw], skip: int) -> Iterator[Record]:
    """Give each raw value its offset.

    They follow each other with nothing but spaces and a comma between, so that after the first,
    whose address is taken, each is found where the search begins.
    """
    position = _address(body, raws[0]) if raws else skip
    for index, raw in enumerate(raws):
        data = bytes(raw)
        if body[position] == 0x2C and body[position + 1] == data[0]:
            position += 1
        else:
            position = body.index(data, position)
        yield Record(index, position, len(data), data)
        position += len(data)


def _is_lines(head: bytes) -> bool:
    """Whether the first line that is not empty is a JSON object by itself, and others follow."""
    text = head.removeprefix(BOM).lstrip(_SPACE)
    first, newline, rest = text.partition(b"\n")
    if not newline or not rest.strip(_SPACE):
        return False
    try:
        _value.decode(first.strip(_SPACE + b","))
    except BROKEN:
        return False
    return first[:1] == b"{"


def lines(chunks: Iterator[bytes]) -> Iterator[Record]:
    """One record a line; a line that wraps a list of records gives those."""
    index = 0
    for offset, line, size, problem in raw_lines(chunks):
        if problem is not None:
            yield Record(index, offset, size, None, problem)
            index += 1
            continue
        skip = len(BOM) if offset == 0 and line.startswith(BOM) else 0
        text = line[skip:].strip(_SPACE + b",")
        if not text:
            continue
        offset += skip + line[skip:].index(text)
        if _WRAPPER.match(text):
            for record in whole(text):
                yield record._replace(number=index, offset=offset + record.offset)
                index += 1
            continue
        yield Record(index, offset, len(text), text)
        index += 1


def scan(chunks: Iterator[bytes]) -> Iterator[Record]:
    """Records by brackets and strings alone, in bounded memory.

    Raises:
        Cut: after the last record, if the stream ended early.
    """
    scanner = _Scanner()
    chunks, ended = until_cut(chunks)
    for chunk in chunks:
        yield from scanner.feed(chunk)
    # After a cut too: the records before it stand, the open one is a gap.
    yield from scanner.finish()
    if ended:
        raise ended[0]


class _Scanner:
    """State of a scan between chunks.

    `level` is the bracket depth at which records live: 0 for objects in sequence, 1 in an array,
    2 in a wrapper's list, `REMAINDER` after that list.
    """

    def __init__(self) -> None:
        self.buffer = b""
        self.base = 0
        self.position = 0
        self.depth = 0
        self.level = 0
        self.in_string = False
        self.start: int | None = None
        self.between = 0
        self.lost = False
        self.index = 0
        self.first = True

    def feed(self, chunk: bytes) -> Iterator[Record]:
        """Scan on; yields the records that close in this chunk."""
        self.buffer += chunk
        if self.first and len(self.buffer) < len(BOM):
            return
        if self.first:
            self.first = False
            if self.buffer.startswith(BOM):
                self.position = self.between = len(BOM)
        yield from self._advance()
        yield from self._bound()

    def _advance(self) -> Iterator[Record]:
        while True:
            buffer = self.buffer
            pattern = _IN_STRING if self.in_string else _RUN
            found = pattern.match(buffer, self.position)
            assert found is not None
            at = found.end()
            self.position = at
            if at >= len(buffer):
                return
            byte = buffer[at]
            if byte == 0x5C:  # a backslash whose partner is in the next chunk
                return
            self.position = at + 1
            if byte == 0x22:
                self.in_string = not self.in_string
            elif byte in b"{[":
                yield from self._opens(at, byte)
            else:
                yield from self._closes(at + 1)

    def _opens(self, at: int, byte: int) -> Iterator[Record]:
        if self.depth == 0 and byte == 0x5B:
            yield from self._stray(at)
            self.level, self.between = 1, at + 1
        elif self.start is None and self.depth == self.level:
            yield from self._stray(at)
            self.start = at
        elif byte == 0x5B and self._wraps(at):
            self.level, self.start, self.lost = 2, None, False
            self.between = at + 1
        self.depth += 1

    def _wraps(self, at: int) -> bool:
        """Whether the bracket at `at` opens a wrapper's list."""
        outermost = self.depth == 1 and self.level in (0, REMAINDER)
        begin = max(0, at - LOOK_BACK)
        return outermost and _CONTAINER_KEY.search(self.buffer, begin, at) is not None

    def _closes(self, end: int) -> Iterator[Record]:
        inside = self.depth
        self.depth = max(0, inside - 1)
        if self.start is not None:
            if self.depth == self.level:
                yield from self._record(end)
        elif inside == self.level:
            yield from self._stray(end - 1)
            self.level, self.between = (REMAINDER if self.depth else 0), end
        if self.depth == 0:
            self.level, self.between = 0, end

    def _record(self, end: int) -> Iterator[Record]:
        assert self.start is not None
        start, self.start, self.between = self.start, None, end
        if self.lost:
            self.lost = False
            size = end - start
            yield self._next(start, size, None, too_long(size))
            return
        data = self.buffer[start:end]
        if len(data) > RECORD_LIMIT:
            yield self._next(start, len(data), None, too_long(len(data)))
            return
        try:
            _value.decode(data)
        except BROKEN as error:
            restart = _RESTART.search(data, 1)
            if restart is None:
                yield self._next(start, len(data), data)
                return
            yield from self._broken(start, start + restart.start(), str(error))
            return
        yield self._next(start, len(data), data)

    def _broken(self, start: int, restart: int, error: str) -> Iterator[Record]:
        """A record that runs into its neighbours: a gap up to where the next one begins."""
        data = self.buffer[start:restart].rstrip(_SPACE + b",")
        reason = f"expected a JSON object, found one that runs into the next record ({error})"
        yield self._next(start, len(data), None, reason)
        self.position = self.between = restart
        self.depth, self.start, self.in_string, self.lost = self.level, None, False, False

    def _stray(self, at: int) -> Iterator[Record]:
        """Bytes between records that are neither space nor comma."""
        start = max(0, self.between)
        text = self.buffer[start:at].strip(_SPACE + b",")
        if text and self.level != REMAINDER:
            start = self.buffer.index(text, start)
            yield self._next(start, len(text), None, "expected a JSON object, found other bytes")

    def _next(self, start: int, size: int, data: bytes | None, why: str | None = None) -> Record:
        record = Record(self.index, self.base + start, size, data, why)
        self.index += 1
        return record

    def _bound(self) -> Iterator[Record]:
        """Drop what has been scanned; give up on holding a record that grows beyond the limit."""
        if self.start is not None and not self.lost and self.position - self.start > RECORD_LIMIT:
            restart = _RESTART.search(self.buffer, self.start + 1)
            if restart is not None:
                yield from self._broken(self.start, restart.start(), "it does not close")
                yield from self._advance()
                yield from self._bound()
                return
            self.lost = True
        keep = self.position
        if self.start is not None and not self.lost:
            keep = self.start
        elif self.start is None and self.position - self.between <= RECORD_LIMIT:
            keep = min(keep, self.between)
        self._forget(max(0, keep - LOOK_BACK))

    def _forget(self, size: int) -> None:
        """Drop bytes from the front; positions before it go negative and stay true offsets."""
        self.buffer = self.buffer[size:]
        self.base += size
        self.position -= size
        self.between -= size
        if self.start is not None:
            self.start -= size

    def finish(self) -> Iterator[Record]:
        """The end: an open record is a gap, unless a neighbour begins inside it."""
        yield from self._advance()
        while self.start is not None and not self.lost:
            restart = _RESTART.search(self.buffer, self.start + 1)
            if restart is None:
                break
            yield from self._broken(self.start, restart.start(), "it does not close")
            yield from self._advance()
        if self.start is not None:
            size = len(self.buffer) - self.start
            yield self._next(self.start, size, None, "expected a whole record, found its beginning")
            self.start = None
        else:
            yield from self._stray(len(self.buffer))
