"""A group of an acquisition: what is made durable at once, and in which order it is written."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector import canonical, clock, durable, ledger, recovery
from collector.files import Received

#: A group of small files is made durable at once: so many, or after so long.
GROUP_FILES = 256
GROUP_SECONDS = 1.0
#: The same of WARC records and lines of the other ledgers: some three of them an answer.
GROUP_LINES = 1024
#: WARC records wait in memory: no more than so many bytes of them.
GROUP_BYTES = 16 * 2**20
NS = 1_000_000_000


@dataclass(slots=True)
class Group:
    """Files under temporary names with their lines, WARC records, lines of the other ledgers.

    Attributes:
        since: monotonic nanoseconds when it began.
        files: what was received, and its line of files.jsonl.
        members: WARC records.
        observations: lines of observations.jsonl.
        gaps: lines of gaps.jsonl.
        size: bytes of `members`.
    """

    since: int = field(default_factory=clock.mono_ns)
    files: list[tuple[Received, dict[str, Any]]] = field(default_factory=list)
    members: list[bytes] = field(default_factory=list)
    observations: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0

    def due(self) -> bool:
        """Whether it is to be written now."""
        lines = len(self.members) + len(self.observations) + len(self.gaps)
        if len(self.files) >= GROUP_FILES or lines >= GROUP_LINES or self.size >= GROUP_BYTES:
            return True
        return clock.mono_ns() - self.since >= GROUP_SECONDS * NS

    def write(self, folder: Path, medium: durable.Medium) -> None:
        """Bytes first, the ledgers that speak of them after; durable when this returns.

        Raises:
            OSError: the medium refused; the ledgers end in whole lines.
        """
        if self.files:
            self._write_files(folder, medium)
        if self.members:
            durable.append(folder / ledger.WARC, b"".join(self.members))
        for name, lines in (
            (ledger.OBSERVATIONS, self.observations),
            (ledger.GAPS, self.gaps),
        ):
            if lines:
                durable.append(folder / name, b"".join(map(canonical.line, lines)))

    def _write_files(self, folder: Path, medium: durable.Medium) -> None:
        medium.flush_all([received.partial for received, _ in self.files])
        lines = [canonical.encode(line) for _, line in self.files]
        pending = [
            _pending(received, line) for (received, _), line in zip(self.files, lines, strict=True)
        ]
        recovery.write_pending(folder, b"".join(pending))
        for received, line in self.files:
            durable.rename_once(received.partial, folder / line["stored"])
        durable.flush_folder(folder / ledger.FOLDER)
        durable.append(folder / ledger.FILES, b"".join(line + canonical.LF for line in lines))


def _pending(received: Received, line: bytes) -> bytes:
    """A ledger line with the temporary name of its file: canonical, and encoded only once."""
    partial = canonical.encode({"partial": received.partial.name})
    return b'{"line":' + line + b"," + partial.removeprefix(b"{") + canonical.LF
