"""custody.jsonl: who did what, when, with which tool. Append-only, hash-chained (R-121).

What it proves: the chain alone stops accidents, not a person who can write the folder, because
whoever can rewrite one line can rewrite all that follow. Only the prefix covered by a trusted
timestamp is proven (see the seals).

Reading is for everybody; `append` is called by `collector.session` alone, which holds the lock.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from collector import canonical, clock, durable, identity
from collector.errors import CaseError, IntegrityError

NAME = "custody.jsonl"
VERSION = 1
ZERO = "0" * 64
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)

#: Every action there is. A reader that meets another one says "could not be checked".
ACTIONS = frozenset(
    {
        "case.init", "case.config", "case.moved", "key.add", "key.revoke", "acquisition.open",
        "acquisition.close", "acquisition.recover", "handover", "access", "exclude", "seal.create",
        "token.add", "verify.run", "bates.reserve", "bates.unissued",
        "exhibits.final", "produce", "torn",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyEntry:
    """One line of the chain.

    Attributes:
        raw: bytes of the line without its line feed: what the next line's `prev` hashes.
        seq: number of the line, from 0.
        prev: SHA-256 of the line before, 64 zeros for the first.
        at: wall time of the writer; not forced to grow.
        data: what the action records; its shape belongs to the action.
        actor, tool, clock: as written.
    """

    raw: bytes
    seq: int
    prev: str
    at: datetime
    action: str
    why: str
    data: Mapping[str, Any]
    actor: Mapping[str, Any]
    tool: Mapping[str, Any]
    clock: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """What the next line cites as `prev`."""
        return hashlib.sha256(self.raw).hexdigest()


def parse(raw: bytes) -> CustodyEntry:
    """One line, strictly.

    Raises:
        canonical.CanonicalError: not canonical JSON, or a field missing or of another type.
        CaseError: written by a newer version of butfor.
    """
    value = canonical.decode(raw)
    version = value.get("v")
    if isinstance(version, int) and version > VERSION:
        raise CaseError(
            f"{NAME}: expected format version {VERSION}, found {version}. This case was written "
            "by a newer butfor: use that one."
        )
    if version != VERSION:
        raise canonical.CanonicalError(f"expected v = {VERSION}, found {version!r}")
    shape: dict[str, type] = {
        "action": str, "actor": dict, "at": str, "clock": dict, "data": dict, "prev": str,
        "seq": int, "tool": dict, "v": int, "why": str,
    }  # fmt: skip
    for name, kind in shape.items():
        if not isinstance(value.get(name), kind):
            raise canonical.CanonicalError(f"expected {name} to be {kind.__name__}")
    if not _AT.fullmatch(value["at"]):
        raise canonical.CanonicalError(f"expected a UTC time, found {value['at']!r}")
    if set(value) != set(shape):
        raise canonical.CanonicalError(f"unexpected fields {sorted(set(value) - set(shape))}")
    try:
        at = datetime.fromisoformat(value["at"])
    except ValueError as error:
        raise canonical.CanonicalError(f"expected a UTC time, found {value['at']!r}") from error
    return CustodyEntry(
        raw=raw, seq=value["seq"], prev=value["prev"], at=at, action=value["action"],
        why=value["why"], data=value["data"], actor=value["actor"], tool=value["tool"],
        clock=value["clock"],
    )  # fmt: skip


def read(case: Path) -> tuple[CustodyEntry, ...]:
    """All whole lines, the chain checked. An unfinished last line is left to `session`.

    Raises:
        CaseError: no custody log, or one of a newer version.
        IntegrityError: a line that is not in form or does not follow from the one before.
    """
    path = case / NAME
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CaseError(
            f"{path}: expected a custody log, found: {error.strerror}. `butfor init` makes one."
        ) from error
    entries: list[CustodyEntry] = []
    prev = ZERO
    for number, line in enumerate(canonical.split_lines(raw)):
        try:
            entry = parse(line)
        except canonical.CanonicalError as error:
            raise IntegrityError(_broken(path, number, str(error), line)) from error
        if entry.seq != number or entry.prev != prev:
            found = f"seq {entry.seq}, prev {entry.prev[:16]}…"
            wanted = f"expected seq {number}, prev {prev[:16]}…, found {found}"
            raise IntegrityError(_broken(path, number, wanted, line))
        prev = entry.sha256
        entries.append(entry)
    return tuple(entries)


def _broken(path: Path, number: int, what: str, line: bytes) -> str:
    hint = ""
    if line.endswith(b"\r"):
        hint = " The line ends in CR LF: a sync tool or editor has converted the file."
    return (
        f"{path}, line {number + 1}: {what}. The log was altered outside butfor; nothing is "
        f"written to it any more. Compare with a copy or the last seal.{hint}"
    )


def append(
    case: Path,
    last: CustodyEntry | None,
    *,
    action: str,
    why: str,
    data: Mapping[str, Any],
    actor: identity.Actor,
) -> CustodyEntry:
    """One more line, durable when this returns. The caller holds the lock and knows the last line.

    Raises:
        ValueError: an action that is not in the list.
        OSError: the medium refused; the log then ends as before or in a torn line.
    """
    if action not in ACTIONS:
        raise ValueError(f"expected one of {sorted(ACTIONS)}, found {action!r}")
    now = clock.reading()
    raw = canonical.encode(
        {
            "action": action,
            "actor": actor.as_data(),
            "at": clock.stamp(now.at),
            "clock": {"boot": now.boot, "mono_ns": now.mono_ns, "synced": now.synced},
            "data": dict(data),
            "prev": last.sha256 if last else ZERO,
            "seq": last.seq + 1 if last else 0,
            "tool": identity.tool().as_data(),
            "v": VERSION,
            "why": why,
        }
    )
    durable.append(case / NAME, raw + canonical.LF)
    return parse(raw)


def set_torn_aside(case: Path) -> dict[str, Any] | None:
    """Move an unfinished last line to `custody.torn.<seq>`; what to record of it, or None.

    The copy is durable before the log is cut, so that nothing is lost by a second crash.
    """
    path = case / NAME
    raw = path.read_bytes()
    tail = canonical.torn(raw)
    if not tail:
        return None
    seq = raw.count(canonical.LF)
    aside = case / f"custody.torn.{seq}"
    again = 1
    while aside.exists() and aside.read_bytes() != tail:
        again += 1
        aside = case / f"custody.torn.{seq}.{again}"
    if not aside.exists():
        durable.write_once(aside, tail)
    with path.open("r+b") as file:
        file.truncate(len(raw) - len(tail))
        durable.flush(file.fileno())
    return {
        "bytes": len(tail), "file": aside.name, "sha256": hashlib.sha256(tail).hexdigest(),
    }  # fmt: skip
