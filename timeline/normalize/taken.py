"""The stored bytes of an item, as many as were taken in: what came later is not read as evidence.

A stored file does not change. If it does all the same while it is read, what was taken in is read
and the difference is a gap.
"""

from typing import BinaryIO

from collector.model import EvidenceItem


class AsTaken:
    """A stream of exactly the bytes that the ledger counts."""

    def __init__(self, stream: BinaryIO, item: EvidenceItem) -> None:
        self._stream = stream
        self._expected = item.size
        self._found = 0
        self._ended = False

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes of those that were taken in."""
        left = self._expected - self._found
        data = self._stream.read(left if size < 0 else min(size, left))
        self._found += len(data)
        self._ended = self._ended or not data
        return data

    def problem(self) -> tuple[str, str] | None:
        """Kind and reason of a gap, if the stream is found longer or shorter than it was taken in.

        To be asked when everything has been read.
        """
        if self._found == self._expected:
            if not self._stream.read(1):
                return None
            reason = "more: the file grew after it was taken in, what came later is not read"
            return "unreadable", f"expected {self._expected} bytes as taken in, found {reason}"
        if self._ended:
            return "truncated", f"expected {self._expected} bytes as taken in, found {self._found}"
        return None
