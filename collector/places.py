"""Where each WARC record of an acquisition is: rows of one size in a private temporary file.

Memory does not grow with the number of records, and a look-up is one read at a known place. The
file has no name and vanishes with the process; it can always be made again from api.warc.gz.
"""

import struct
import tempfile

from collector.model import Digest, WarcPointer

#: Offset, length, kind, SHA-256, SHA-512.
_ROW = struct.Struct("<QQ16s32s64s")
#: Rows that wait in memory before they are written together.
_WAITING = 512


class Places:
    """Records by number, from 1, in order. Used by one thread at a time: its owner has the lock."""

    def __init__(self) -> None:
        """None yet."""
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (closed with its owner)
        self._written = 0
        self._waiting: list[WarcPointer] = []
        self.end = 0

    def __len__(self) -> int:
        """Records whose place is known."""
        return self._written + len(self._waiting)

    def __del__(self) -> None:
        """The temporary file goes with its owner."""
        self._file.close()

    def add(self, pointer: WarcPointer) -> None:
        """The next record; it begins where the last one ends, `end`.

        Raises:
            OSError: the temporary file refused (disk full).
        """
        assert pointer.record == len(self) + 1, (pointer, len(self))
        self._waiting.append(pointer)
        self.end = pointer.offset + pointer.length
        if len(self._waiting) == _WAITING:
            self._file.seek(0, 2)
            rows = b"".join(map(_row, self._waiting))
            if self._file.write(rows) != len(rows):
                raise OSError("temporary file of places: expected room for it, found none")
            self._written += len(self._waiting)
            self._waiting = []

    def at(self, record: int) -> WarcPointer:
        """Where a record is; it must have been added."""
        assert 0 < record <= len(self), f"record {record} was never written"
        if record > self._written:
            return self._waiting[record - self._written - 1]
        self._file.seek((record - 1) * _ROW.size)
        offset, length, kind, sha256, sha512 = _ROW.unpack(self._file.read(_ROW.size))
        return WarcPointer(
            record=record, kind=kind.rstrip(b"\0").decode("ascii"), offset=offset, length=length,
            digest=Digest(sha256=sha256.hex(), sha512=sha512.hex()),
        )  # fmt: skip


def _row(pointer: WarcPointer) -> bytes:
    kind, digest = pointer.kind.encode("ascii"), pointer.digest
    assert len(kind) <= 16, kind
    sha256, sha512 = bytes.fromhex(digest.sha256), bytes.fromhex(digest.sha512)
    return _ROW.pack(pointer.offset, pointer.length, kind, sha256, sha512)
