"""Files of canonical lines as a verifier reads them: damage is named and the rest is read on."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from collector import canonical
from collector.verify.report import Discrepancy, unchecked, wrong

#: Names that sync tools and desktops leave behind.
SYNC_NAME = re.compile(
    r"conflicted copy|\.sync-conflict-|^\.DS_Store$|^\._|^Thumbs\.db$|^desktop\.ini$", re.IGNORECASE
)
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a sound file without their line feeds, read anew each time, never all held."""

    path: Path

    def __iter__(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            for line in file:
                yield line[:-1]


def of(path: Path, label: str, torn: str) -> tuple[Iterable[bytes], list[Discrepancy]]:
    """`read` for a long file: of a sound one no line is held."""
    last, damaged, first = b"\n", False, True
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            damaged = damaged or b"\r" in block or (first and block.startswith(_BOM))
            last, first = block[-1:], False
    return read(path, label, torn) if damaged or last != canonical.LF else (Lines(path), [])


def read(path: Path, label: str, torn: str) -> tuple[tuple[bytes, ...], list[Discrepancy]]:
    """Lines without their line feeds, and what is wrong with the file as a whole.

    A carriage return cannot occur in canonical lines: it is a sync tool's or an editor's work, one
    finding rather than one a line. An unfinished last line of custody is what an interrupted write
    leaves, so it is "could not be checked"; a manifest is only ever written whole.
    """
    raw = path.read_bytes()
    found: list[Discrepancy] = []
    if b"\r" in raw or raw.startswith(_BOM):
        found.append(
            wrong("sync-damage", label, "LF line ends, no byte order mark", "CR or BOM inserted")
        )
        raw = raw.replace(b"\r\n", canonical.LF).replace(_BOM, b"")
    if canonical.torn(raw):
        say = unchecked if torn == "custody-torn" else wrong
        found.append(say(torn, label, "a line feed at the end", "a torn or shortened last line"))
    return tuple(canonical.split_lines(raw)), found
