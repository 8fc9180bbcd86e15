"""Lines of a stream with their offsets, and streams that end early."""

from collections.abc import Iterator
from typing import TypeVar

from timeline.normalize.archives import Cut
from timeline.normalize.model import RECORD_LIMIT, Record

Each = TypeVar("Each")

BOM = b"\xef\xbb\xbf"


def raw_lines(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes, int, str | None]]:
    """Lines as (offset, bytes without line end, length, problem); no bytes where one is."""
    rest = b""
    base = lost = 0
    chunks, ended = until_cut(chunks)
    for chunk in chunks:
        pieces = (rest + chunk).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            size = len(piece) + lost
            long = size > RECORD_LIMIT
            yield (base, b"", size, too_long(size)) if long else (base, piece, size, None)
            base += size + 1
            lost = 0
        if len(rest) > RECORD_LIMIT:
            lost += len(rest)
            rest = b""
    size = len(rest) + lost
    if size > RECORD_LIMIT:
        yield base, b"", size, too_long(size)
    elif rest and ended:
        yield base, b"", size, "expected a whole line, found its beginning"
    elif rest:
        yield base, rest, size, None
    if ended:
        raise ended[0]


def text_lines(chunks: Iterator[bytes]) -> Iterator[Record]:
    """One record a line of a text log, carriage returns cut; empty lines are none."""
    index = 0
    for offset, line, size, problem in raw_lines(chunks):
        skip = len(BOM) if offset == 0 and line.startswith(BOM) else 0
        data = line[skip:].rstrip(b"\r")
        if problem is not None:
            yield Record(index, offset, size, None, problem)
        elif data.strip():
            yield Record(index, offset + skip, len(data), data)
        else:
            continue
        index += 1


def until_cut(stream: Iterator[Each]) -> tuple[Iterator[Each], list[Cut]]:
    """A stream without its cut, and the list in which the cut turns up at the end."""
    ended: list[Cut] = []

    def quiet() -> Iterator[Each]:
        try:
            yield from stream
        except Cut as found:
            ended.append(found)

    return quiet(), ended


def too_long(size: int) -> str:
    """Why a record over the limit is a gap."""
    return f"expected a record of at most {RECORD_LIMIT} bytes, found {size} bytes"
