"""A butfor case among handed-over material: copies that diverge are never merged.

`butfor import OTHERCASE` takes the other case as it lies there, custody, seals and ledgers
included, as one new acquisition:

1. the other case is verified where it lies, and the verdict goes into acquisition.json;
2. every file is kept; an item keeps its true name, headers and metadata, its old id as `origin`;
3. whole WARC records are appended to this acquisition's own api.warc.gz, byte for byte, and the
   observations that cite them follow (`adopt`): so they can be read here like any other;
4. what the other case is missing, what is damaged in it, and the gaps that it knew of become gaps
   of this acquisition; what was withdrawn there is withdrawn here (`inherited`).

Everything in the other case is hostile input: a line that is not in form is left out with a gap.
"""

import base64
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from collector import canonical, custody, ledger, verify
from collector.acquisition import FileFacts
from collector.errors import ButforError, UsageError
from collector.model import Digest, Gap, Origin
from collector.walk import shown

_ITEM = re.compile(r"EV-\d+\.f\d+")
_FOLDER = re.compile(r"evidence/[A-Za-z0-9][A-Za-z0-9._-]*")
_LATER = "a later state of this case"
#: What a damaged or foreign line may raise while it is read.
BROKEN = (ValueError, KeyError, TypeError, AttributeError, RecursionError, ButforError)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherCase:
    """A case that is handed over.

    Attributes:
        root: the folder that the user named.
        folder: the case itself: `root`, or `root/data` in a bag.
        case_id: as its first custody entry gives it.
        entries: objects of its custody, those that are in form.
        verdict: what `verify` says of it: what acquisition.json keeps.
        damage: what `verify` finds wrong, as (path below `root`, sentence).
    """

    root: Path
    folder: Path
    case_id: str
    entries: tuple[Mapping[str, Any], ...]
    verdict: Mapping[str, Any]
    damage: tuple[tuple[str, str], ...]

    @property
    def acquisitions(self) -> tuple[tuple[int, Path], ...]:
        """Number and folder of each of its closed acquisitions, in order."""
        closed = {str(one["data"].get("acq")) for one in self._of("acquisition.close")}
        opened = (one["data"] for one in self._of("acquisition.open"))
        return tuple(
            (data["acq"], self.folder / str(data["dir"]))
            for data in opened
            if isinstance(data.get("acq"), int)
            and str(data["acq"]) in closed
            and _FOLDER.fullmatch(str(data.get("dir")))
        )

    @property
    def withdrawn(self) -> dict[str, str]:
        """Item id there -> reason."""
        return {
            str(one["data"].get("item")): str(one["data"].get("reason"))
            for one in self._of("exclude")
        }

    def below(self, path: Path) -> str:
        """A path below `root`, printable."""
        return shown(os.fsencode(path.relative_to(self.root).as_posix()))

    def line(self, path: Path) -> Mapping[str, Any] | None:
        """The line of files.jsonl that speaks of a file, None if there is none in form."""
        if path.parent.name != ledger.FOLDER:
            return None
        return _lines(path.parent.parent / ledger.FILES).get(path.name)

    def origin(self, path: Path) -> Origin:
        """What a file of the folder is there."""
        line, place = self.line(path), self.below(path)
        if line is None:
            return Origin(case=self.case_id, path=place)
        return Origin(
            case=self.case_id,
            path=place,
            item=line["item"],
            source=ledger.read_text(line, "source"),
            acquired_at=ledger.read_when(line["acquired_at"]),
        )

    def facts(self, path: Path, found: FileFacts) -> FileFacts:
        """What is known of a file: of an item, what the other case knew of it."""
        line, origin = self.line(path), self.origin(path)
        if line is None:
            return replace(found, origin=origin)
        raw = base64.b64decode(line["name_b64"]) if "name_b64" in line else line["name"]
        return replace(
            found,
            name=raw,
            version_id=line.get("version_id"),
            headers=tuple((name, value) for name, value in line["headers"]),
            metadata=line["metadata"],
            observed_at=found.observed_at or ledger.read_when(line["observed_at"]),
            observed_by=found.observed_by or line.get("observed_by"),
            origin=origin,
        )

    def differs(self, path: Path, digest: Digest) -> Gap | None:
        """A gap if the bytes that were kept are not those that the other ledger speaks of."""
        line = self.line(path)
        if line is None or line["sha256"] == digest.sha256:
            return None
        return Gap(
            kind="failed",
            subject=self.below(path),
            reason=f"case {self.case_id}: expected SHA-256 {line['sha256']} of {line['item']}, "
            f"found {digest.sha256}",
        )

    def _of(self, action: str) -> Iterator[Mapping[str, Any]]:
        return (one for one in self.entries if one["action"] == action)


def examine(root: Path, ours: tuple[bytes, ...]) -> OtherCase | None:
    """The case that a named folder is; None if it is none.

    Args:
        root: folder.
        ours: custody lines of the case that imports, to tell how the two are related.

    Raises:
        UsageError: a later state of the very case that imports: work with that one.
    """
    folder = root / "data" if (root / "bagit.txt").is_file() else root
    try:
        raw = (folder / custody.NAME).read_bytes()
    except OSError:
        return None
    lines = tuple(canonical.split_lines(raw))
    entries = tuple(_entries(lines))
    if not entries or entries[0]["action"] != "case.init":
        return None
    relation = _relation(lines, ours)
    if relation == _LATER:
        raise UsageError(
            f"{root}: expected another case, or a copy of this one that went on separately, found "
            "a later state of this very case. Nothing is in here that is not in there: work with "
            "that copy. An import would make the two diverge."
        )
    case_id = str(entries[0]["data"].get("case"))
    report = verify.run_safely(root)
    verdict = {
        "case": case_id,
        "entries": len(lines),
        "exit": report.exit_code,
        "head": hashlib.sha256(lines[-1]).hexdigest(),
        "path": shown(os.fsencode(root)),
        "relation": relation,
        "seals": len(report.parts.get("seals", ())),
        "unchecked": [one.as_data() for one in report.unchecked[:100]],
        "wrong": [one.as_data() for one in report.wrong[:100]],
        "wrong_total": len(report.wrong),
    }
    damage = tuple(
        (one.path, f"expected {one.expected}, found {one.found} ({one.check})")
        for one in report.discrepancies
        if one in report.wrong or one.check in ("acquisition-open", "file-unreadable")
    )
    return OtherCase(
        root=root, folder=folder, case_id=case_id, entries=entries, verdict=verdict, damage=damage
    )


def _entries(lines: tuple[bytes, ...]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        try:
            entry = canonical.decode(line)
        except canonical.CanonicalError:
            continue
        if isinstance(entry.get("action"), str) and isinstance(entry.get("data"), dict):
            yield entry


def _relation(theirs: tuple[bytes, ...], ours: tuple[bytes, ...]) -> str:
    """How two custody chains are related."""
    common = 0
    for one, other in zip(theirs, ours, strict=False):
        if one != other:
            break
        common += 1
    if common == 0:
        return "another case"
    if common == len(theirs):
        return "an earlier state of this case"
    if common == len(ours):
        return _LATER
    return f"a copy of this case that went on separately after entry {common - 1}"


@lru_cache(maxsize=2)  # files come acquisition by acquisition
def _lines(path: Path) -> dict[str, Mapping[str, Any]]:
    """Stored name -> line in form, of a files.jsonl."""
    try:
        raw = path.read_bytes()
    except OSError:
        return {}
    found: dict[str, Mapping[str, Any]] = {}
    for row in raw.split(canonical.LF):
        try:
            line = json.loads(row)
            folder, _, name = str(line["stored"]).partition("/")
            whole = _ITEM.fullmatch(line["item"]) and folder == ledger.FOLDER
            pairs = all(isinstance(part, str) for pair in line["headers"] for part in pair)
            texts = (*line["metadata"], *line["metadata"].values(), line["sha256"])
            if whole and pairs and all(isinstance(text, str) for text in texts):
                for key in ("acquired_at", "observed_at"):
                    ledger.read_when(line[key])
                if ledger.read_text(line, "name") and all(len(p) == 2 for p in line["headers"]):
                    found[name] = line
        except BROKEN:
            continue
    return found


def withdrawn(
    other: OtherCase, items: Mapping[tuple[str, str], str], known: Mapping[tuple[str, str], str]
) -> dict[str, str]:
    """Id here -> reason, of what was withdrawn there: whole exchanges files included.

    Args:
        other: the case.
        items: (case, path there) -> id here.
        known: (case, id there) -> id here.
    """
    found: dict[str, str] = {}
    for uid, why in other.withdrawn.items():
        reason = f"withdrawn in case {other.case_id}: {why}"
        if (other.case_id, uid) in known:
            found[known[other.case_id, uid]] = reason
        number = uid.rpartition(".")[0].removeprefix("EV-")
        for acq, folder in other.acquisitions:
            place = (other.case_id, other.below(folder / ledger.WARC))
            if ".w" in uid and str(acq) == number and place in items:
                found[items[place]] = reason  # the stored file holds the record too
    return found


def gaps(other: OtherCase, items: Mapping[tuple[str, str], str]) -> Iterator[Gap]:
    """Step 4: gaps of the other case, in its own order, then what is missing or damaged in it.

    Args:
        other: the case.
        items: (case, path there) -> id of the item that the file became here.
    """
    where = f"case {other.case_id}"
    for _, folder in other.acquisitions:
        ids = {
            str(line["item"]): items.get((other.case_id, other.below(folder / str(line["stored"]))))
            for line in _lines(folder / ledger.FILES).values()
        }
        try:
            for line in ledger.lines(folder / ledger.GAPS):
                gap = ledger.read_gap(line)
                reason = f"{where} ({folder.name}): {gap.reason}"
                yield replace(gap, reason=reason, item=ids.get(gap.item or ""))
        except BROKEN as error:
            yield Gap(
                kind="unreadable",
                subject=other.below(folder / ledger.GAPS),
                reason=f"expected the gaps of {where}, found: {error}",
            )
    for path, reason in other.damage:
        yield Gap(
            kind="failed",
            subject=path,
            reason=f"the imported {where} does not verify: {reason}",
            item=items.get((other.case_id, path)),
        )
