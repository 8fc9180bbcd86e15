"""Lines of a stream with their offsets, and streams that end early."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from timeline.normalize import blocks
from timeline.normalize.archives import Cut
from timeline.normalize.coded import Many, Numbers
from timeline.normalize.model import RECORD_LIMIT, Record

Each = TypeVar("Each")

BOM = b"\xef\xbb\xbf"
#: Bytes of lines that are looked at together; twice as many take 90 MB more and gain little.
BLOCK = 4 * 1024 * 1024


def raw_lines(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes, int, str | None]]:
    """Lines as (offset, bytes without line end, length, problem); no bytes where one is."""
    for offset, data, size, problem in whole_lines(chunks):
        if problem is not None or not data.endswith(b"\n"):
            yield offset, data, size, problem
            continue
        for piece in data[:-1].split(b"\n"):
            size = len(piece)
            long = size > RECORD_LIMIT
            yield (offset, b"", size, too_long(size)) if long else (offset, piece, size, None)
            offset += size + 1


def whole_lines(chunks: Iterator[bytes]) -> Iterator[tuple[int, bytes, int, str | None]]:
    """Lines by the block, as (offset, bytes with line ends, length, problem).

    A line with a problem comes by itself, without bytes. The last one may have no line end.
    """
    held: list[bytes | memoryview] = []  # whole lines that are not given out yet
    rest: list[bytes] = []  # the beginning of a line
    base = size = begun = lost = 0
    chunks, ended = until_cut(chunks)
    for chunk in chunks:
        if lost:
            end = chunk.find(b"\n")
            lost += len(chunk) if end < 0 else end
            if end < 0:
                continue
            yield base, b"", lost, too_long(lost)
            base, lost, chunk = base + lost + 1, 0, chunk[end + 1 :]
        if end := chunk.rfind(b"\n") + 1:
            held += [*rest, memoryview(chunk)[:end]]
            size += begun + end
            rest, begun = [chunk[end:]], len(chunk) - end
        else:
            rest.append(chunk)
            begun += len(chunk)
        if size >= BLOCK or (size and begun > RECORD_LIMIT):
            yield base, b"".join(held), size, None
            base, size, held = base + size, 0, []
        if begun > RECORD_LIMIT:
            rest, begun, lost = [], 0, begun
    if size:
        yield base, b"".join(held), size, None
    base, size = base + size, begun + lost
    if size > RECORD_LIMIT:
        yield base, b"", size, too_long(size)
    elif size and ended:
        yield base, b"", size, "expected a whole line, found its beginning"
    elif size:
        yield base, b"".join(rest), size, None
    if ended:
        raise ended[0]


def text_lines(chunks: Iterator[bytes]) -> Iterator[Record]:
    """One record a line of a text log, carriage returns cut; empty lines are none."""
    for found in read_lines(chunks, None):
        assert isinstance(found, Record)
        yield found


def read_lines(
    chunks: Iterator[bytes], read_block: Callable[[blocks.Block], blocks.Taken] | None
) -> Iterator[Record | Many]:
    """The lines of a text log in their order: rows of those that were read with their block.

    Args:
        chunks: the body.
        read_block: reads the lines of a block that it is sure of; the others come as records.
    """
    index = 0
    for offset, data, size, problem in whole_lines(chunks):
        if problem is not None:
            yield Record(index, offset, size, None, problem)
            index += 1
            continue
        skip = len(BOM) if offset == 0 and data.startswith(BOM) else 0
        text = data[skip:] if data.endswith(b"\n") else data[skip:] + b"\n"
        block = blocks.laid_out(text, offset + skip, index)
        left = np.arange(len(block.starts))
        if read_block is not None:
            taken, rows = read_block(block)
            if len(taken):
                yield rows
            left = np.delete(left, taken)
        yield from _records(block, left)
        index = block.after


def _records(block: blocks.Block, which: Numbers) -> Iterator[Record]:
    """Some lines of a block, each by itself."""
    spans = (block.starts[which], block.ends[which], block.numbers[which])
    for start, end, number in zip(*(span.tolist() for span in spans), strict=True):
        offset, size = block.offset + start, end - start
        if size > RECORD_LIMIT:
            yield Record(number, offset, size, None, too_long(size))
        elif number >= 0:
            data = block.data[start:end].rstrip(b"\r")
            yield Record(number, offset, len(data), data)


def table_rows(chunks: Iterator[bytes]) -> Iterator[Record]:
    """One record a row of CSV, each with the line that heads them, which is no record.

    A quoted cell may hold line ends: what stands in quotes is no row, whatever it looks like.
    """
    heading: bytes | None = None
    index = start = size = 0
    held: list[bytes] = []  # lines of a row whose quotes are open
    quiet, ended = until_cut(raw_lines(chunks))
    for offset, line, length, problem in quiet:
        start, is_open = (start, True) if held else (offset, False)
        size = offset + length - start
        held.append(line)
        is_open ^= line.count(b'"') % 2 == 1
        if problem is None and is_open and size <= RECORD_LIMIT:
            continue
        data = b"\n".join(held).rstrip(b"\r")
        held.clear()
        if problem is not None or size > RECORD_LIMIT:
            yield Record(index, start, size, None, problem or too_long(size), heading)
        elif heading is None:
            heading = data.removeprefix(BOM).strip() or None
            continue
        elif not data:
            continue
        else:
            yield Record(index, start, len(data), data, None, heading)
        index += 1
    if held:
        yield Record(index, start, size, None, "expected quotes to close, found the end", heading)
    if ended:
        raise ended[0]


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
