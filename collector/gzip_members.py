"""Members of a gzip file, one after the other: a WARC record is one member each."""

import zlib
from collections.abc import Callable, Iterator

#: Bytes read, and bytes inflated, at a time. What follows a member is copied once for each member.
STEP = 1 << 16


def whole(
    read_bytes: Callable[[int], bytes], *, limit: int | None = None
) -> Iterator[tuple[int, int, bytes]]:
    """Start, end and content of every whole gzip member; constant memory but for one member.

    Args:
        read_bytes: gives up to so many bytes, none at the end.
        limit: members that inflate beyond it are passed over, and never held.
    """
    start = position = held = 0
    pending, full = b"", False
    parts: list[bytes] = []
    unpacker = zlib.decompressobj(31)
    while full or pending or (pending := read_bytes(STEP)):
        try:
            piece = unpacker.decompress(pending, STEP)
        except zlib.error:
            return  # a torn member followed by other bytes: nothing whole starts here
        held += len(piece)
        if limit is None or held <= limit:
            parts.append(piece)
        else:
            parts.clear()
        rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        position += len(pending) - len(rest)
        pending, full = rest, len(piece) == STEP and not unpacker.eof
        if unpacker.eof:
            if limit is None or held <= limit:
                yield start, position, b"".join(parts)
            start, held, parts, unpacker = position, 0, [], zlib.decompressobj(31)
