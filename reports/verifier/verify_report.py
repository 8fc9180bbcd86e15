"""Raw bytes, strict JSON, and the two lists that everything ends in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

TEXT_LIMIT = 1 << 26  # files above 64 MiB are not tried for CRLF damage
ZERO = "0" * 64
BOM = b"\xef\xbb\xbf"
SYNC_NAME = re.compile(
    r"conflicted copy|\.sync-conflict-|^\.DS_Store$|^\._|^Thumbs\.db$|^desktop\.ini$", re.IGNORECASE
)


class Report:
    """What was found: lists of {check, path, expected, found}, and what each part says."""

    def __init__(self) -> None:
        """An empty report."""
        self.wrong: list[dict[str, str]] = []
        self.unchecked: list[dict[str, str]] = []
        self.notes: list[str] = []
        self.parts: dict[str, Any] = {}

    def bad(self, check: str, path: str, expected: object, found: object) -> None:
        """Record something that disagrees."""
        self.wrong.append(_row(check, path, expected, found))

    def open(self, check: str, path: str, expected: object, found: object) -> None:
        """Record something that could not be checked."""
        self.unchecked.append(_row(check, path, expected, found))

    def exit_code(self) -> int:
        """4 if anything is wrong, 3 if anything could not be checked, else 0."""
        return 4 if self.wrong else 3 if self.unchecked else 0


def _row(check: str, path: str, expected: object, found: object) -> dict[str, str]:
    return {"check": check, "expected": str(expected), "found": str(found), "path": path}


class Trust:
    """What the reader brings: key fingerprints, a TSA root, seals received earlier."""

    def __init__(
        self,
        keys: Sequence[str] = (),
        tsa_root: str | None = None,
        earlier: Sequence[str] = (),
        sha512: bool = False,
    ) -> None:
        """All optional; fingerprints may carry colons and upper case."""
        self.keys = {key.lower().replace(":", "") for key in keys}
        self.tsa_root = tsa_root
        self.earlier = tuple(earlier)
        self.sha512 = sha512


def sha256(data: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(data).hexdigest()


def parse(raw: bytes) -> dict[str, Any]:
    """One object in canonical form; ValueError for anything else, a key twice or a float included.

    The comparison is a check of form only: what is hashed is always the raw line.
    """

    def refuse(text: str) -> int:
        raise ValueError(text)

    def exact(text: str) -> int:
        return int(text) if abs(int(text)) < 1 << 53 else refuse(text)

    value = json.loads(raw, parse_int=exact, parse_float=refuse, parse_constant=refuse)
    if type(value) is not dict or raw != json.dumps(
        value, sort_keys=True, separators=(",", ":")
    ).encode("ascii"):
        raise ValueError("not one object in canonical form")
    return value


def object_at(value: dict[str, Any], name: str) -> dict[str, Any]:
    """The member `name` where it is an object, else an empty one: comparisons then disagree."""
    member = value.get(name)
    return member if isinstance(member, dict) else {}


class Lines:
    """Lines of a sound file without their LF, read anew each time, never all held."""

    def __init__(self, path: Path) -> None:
        """Of this file."""
        self.path = path

    def __iter__(self) -> Iterator[bytes]:
        """One after the other."""
        with self.path.open("rb") as file:
            for line in file:
                yield line[:-1]


def long_lines_of(path: Path, label: str, check: str, report: Report) -> Iterable[bytes]:
    """`lines_of` for a long file: of a sound one no line is held."""
    last, damaged, first = b"\n", False, True
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            damaged = damaged or b"\r" in block or (first and block.startswith(BOM))
            last, first = block[-1:], False
    return lines_of(path, label, check, report) if damaged or last != b"\n" else Lines(path)


def lines_of(path: Path, label: str, check: str, report: Report) -> list[bytes]:
    """Lines without their LF. Damage by sync tools is one named finding; the rest is still read."""
    data = path.read_bytes()
    if b"\r" in data or data.startswith(BOM):
        report.bad("sync-damage", label, "LF line ends, no byte order mark", "CR or BOM inserted")
        data = data.replace(b"\r\n", b"\n").replace(BOM, b"")
    lines = data.split(b"\n")
    if lines.pop():
        # Custody ends so after an interrupted write; a manifest is only ever written whole.
        say = report.open if check == "custody-torn" else report.bad
        say(check, label, "a line feed at the end", "a torn or shortened last line")
    return lines
