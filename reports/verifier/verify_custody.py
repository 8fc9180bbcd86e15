"""Step 1: custody.jsonl."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from verify_report import ZERO, Report, lines_of, object_at, parse, sha256

ACTIONS = frozenset(
    "case.init case.config case.moved key.add key.revoke acquisition.open acquisition.close "  # noqa: SIM905
    "acquisition.recover handover access exclude seal.create token.add verify.run bates.reserve "
    "bates.unissued exhibits.final produce torn".split()
)
FIELDS = dict.fromkeys(("actor", "clock", "data", "tool"), dict) | {
    **dict.fromkeys(("action", "at", "prev", "why"), str),
    **dict.fromkeys(("seq", "v"), int),
}


class Custody:
    """Lines of custody.jsonl and their objects; None where a line does not parse."""

    def __init__(self, lines: list[bytes], entries: list[dict[str, Any] | None]) -> None:
        """Lists of equal length."""
        self.lines, self.entries = lines, entries

    def all(self, action: str) -> list[tuple[int, dict[str, Any]]]:
        """(index, data) of every entry of this action."""
        return [
            (index, object_at(entry, "data"))
            for index, entry in enumerate(self.entries)
            if entry is not None and entry.get("action") == action
        ]

    def case_id(self) -> object:
        """`data.case` of case.init, None without it."""
        return next((data.get("case") for _, data in self.all("case.init")), None)


def check_custody(root: Path, at: str, report: Report) -> Custody:
    """Step 1. Lines that disagree are reported where the chain breaks, not for all that follow."""
    label = at + "custody.jsonl"
    path = root / "custody.jsonl"
    if not path.is_file():
        report.bad("custody-missing", label, "custody.jsonl", "no such file")
        return Custody([], [])
    lines = lines_of(path, label, "custody-torn", report)
    entries: list[dict[str, Any] | None] = []
    before, follows = ZERO, 0
    for number, line in enumerate(lines, 1):
        place = f"{label}:{number}"
        entry = None
        try:
            entry = parse(line)
            if {name: type(entry.get(name)) for name in entry} != FIELDS:
                raise ValueError("fields of an entry")  # noqa: TRY301
        except (ValueError, RecursionError):
            report.bad("custody-line", place, "an entry in canonical form", "something else")
            entry = None
        entries.append(entry)
        if entry is not None:
            _check_entry(entry, place, before, follows, report)
            follows = entry["seq"]
        before, follows = sha256(line), follows + 1
    first = (entries[0] or {}).get("action") if entries else "nothing"
    if first != "case.init":
        report.bad("custody-start", f"{label}:1", "case.init", first)
    return Custody(lines, entries)


def check_config(root: Path, custody: Custody, at: str, report: Report) -> None:
    """Step 1, case.toml: edited since custody last recorded it, or gone?"""
    recorded = [str(data.get("sha256")) for _, data in custody.all("case.config")]
    path = root / "case.toml"
    found = f"SHA-256 {sha256(path.read_bytes())}" if path.is_file() else "no such file"
    if recorded and found != f"SHA-256 {recorded[-1]}":
        report.open("config-unrecorded", f"{at}case.toml", f"SHA-256 {recorded[-1]}", found)


def _check_entry(entry: dict[str, Any], at: str, before: str, follows: int, report: Report) -> None:
    if entry["v"] != 1:
        report.open("custody-version", at, "v 1", f"v {entry['v']}")
    if entry["action"] not in ACTIONS:
        report.open("custody-action", at, "a known action", entry["action"])
    if entry["seq"] != follows:
        report.bad("custody-seq", at, follows, entry["seq"])
    if entry["prev"] != before:
        report.bad("custody-prev", at, before, entry["prev"])
