"""Step 1: custody.jsonl. Each line in form, numbers follow, each `prev` is the line before.

Reading on after a break is the point: the chain is reported where it breaks, and the lines after
the break still say which acquisitions and seals there should be.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import canonical, custody, merkle
from collector.verify import lines as files_of_lines
from collector.verify.report import Discrepancy, unchecked, wrong

#: Fields of an entry and their types; a bool is not an int here.
FIELDS: Mapping[str, type] = {
    "action": str, "actor": dict, "at": str, "clock": dict, "data": dict, "prev": str, "seq": int,
    "tool": dict, "v": int, "why": str,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Custody as found: raw lines, and their objects, None where a line is not in form."""

    lines: tuple[bytes, ...]
    entries: tuple[Mapping[str, Any] | None, ...]

    def of(self, action: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """(index, data) of every entry with this action."""
        for index, entry in enumerate(self.entries):
            if entry is not None and entry["action"] == action:
                yield index, entry["data"]

    @property
    def case_id(self) -> object:
        """`data.case` of case.init, None without it."""
        return next((data.get("case") for _, data in self.of("case.init")), None)

    def root(self, size: int) -> str:
        """Merkle root over the first `size` lines, hex."""
        return merkle.root(merkle.leaf_hashes(self.lines[:size])).hex()


def check(root: Path, at: str) -> tuple[Chain, list[Discrepancy]]:
    """The chain of the case at `root`; `at` is put before every path that is reported."""
    label = at + custody.NAME
    path = root / custody.NAME
    if not path.is_file():
        missing = wrong("custody-missing", label, "custody.jsonl", "no such file")
        return Chain(lines=(), entries=()), [missing]
    lines, found = files_of_lines.read(path, label, "custody-torn")
    entries = tuple(_entry(line) for line in lines)
    before, follows = custody.ZERO, 0
    for number, (line, entry) in enumerate(zip(lines, entries, strict=True), start=1):
        place = f"{label}:{number}"
        if entry is None:
            found.append(
                wrong("custody-line", place, "an entry in canonical form", "something else")
            )
        else:
            found += _check_entry(entry, place, before, follows)
            follows = entry["seq"]
        before, follows = hashlib.sha256(line).hexdigest(), follows + 1
    first = (entries[0] or {}).get("action") if entries else "nothing"
    if first != "case.init":
        found.append(wrong("custody-start", f"{label}:1", "case.init", first))
    return Chain(lines=lines, entries=entries), found


def _entry(line: bytes) -> Mapping[str, Any] | None:
    try:
        entry = canonical.decode(line)
    except canonical.CanonicalError:
        return None
    return entry if {name: type(value) for name, value in entry.items()} == FIELDS else None


def _check_entry(
    entry: Mapping[str, Any], place: str, before: str, follows: int
) -> Iterator[Discrepancy]:
    if entry["v"] != custody.VERSION:
        yield unchecked("custody-version", place, "v 1", f"v {entry['v']}")
    if entry["action"] not in custody.ACTIONS:
        yield unchecked("custody-action", place, "a known action", entry["action"])
    if entry["seq"] != follows:
        yield wrong("custody-seq", place, follows, entry["seq"])
    if entry["prev"] != before:
        yield wrong("custody-prev", place, before, entry["prev"])
