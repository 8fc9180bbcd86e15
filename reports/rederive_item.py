"""Whether an evidence item's bytes are those that were recorded: ledger, manifest, custody, bytes.

One item, without hashing the rest of its acquisition: custody states the manifest's digest, the
manifest those of the ledger and of the item, the ledger that of the item again.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from collector import custody, ledger, manifest, store
from collector.errors import CaseError, IntegrityError
from collector.model import EvidenceItem
from timeline.rederive import Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The manifest of one acquisition as it is now, and where it is not as custody states."""

    digests: Mapping[str, str]
    differences: tuple[Difference, ...]


def listed(case: Path, number: int) -> Listed:
    """Manifest and ledgers of a closed acquisition against custody."""
    one = next(one for one in store.acquisitions(case) if one.number == number)
    stated = next(
        entry.data["manifest"]["sha256"]
        for entry in custody.read(case)
        if entry.action == "acquisition.close" and entry.data["acq"] == number
    )
    try:
        raw = (case / one.folder / manifest.NAME).read_bytes()
        digests = {line.path: line.sha256 for line in manifest.parse(raw)}
    except (OSError, manifest.ManifestError) as error:
        gone = _one(f"{manifest.NAME} of acquisition {number}", stated, str(error))
        return Listed(digests={}, differences=(gone,))
    actual = {manifest.NAME: hashlib.sha256(raw).hexdigest()}
    expected = {manifest.NAME: stated}
    for name in (ledger.FILES, ledger.OBSERVATIONS):
        actual[name] = hashlib.sha256((case / one.folder / name).read_bytes()).hexdigest()
        expected[name] = digests.get(name, "no line in the manifest")
    differences = tuple(
        _one(f"{name} of acquisition {number}", expected[name], actual[name])
        for name in expected
        if expected[name] != actual[name]
    )
    return Listed(digests=digests, differences=differences)


def altered(case: Path, item: EvidenceItem, known: Listed) -> tuple[Difference, ...]:
    """Everything in which the item is not as recorded; empty if nothing is.

    Args:
        case: the case folder.
        item: as the ledger has it.
        known: of the item's acquisition.

    Raises:
        CaseError: the bytes are there, and cannot be read.
    """
    found = list(known.differences)
    stored = f"{item.path.parent.name}/{item.path.name}"
    if item.path.name != ledger.WARC and known.digests.get(stored) != item.digest.sha256:
        expected = known.digests.get(stored, "no line in the manifest")
        found.append(_one(f"ledger line of {item.uid}", expected, item.digest.sha256))
    return (*found, *_bytes(case, item))


def _bytes(case: Path, item: EvidenceItem) -> tuple[Difference, ...]:
    """The stored bytes against the ledger (files.jsonl, observations.jsonl)."""
    if not (case / item.path).is_file():
        return (_one(f"stored bytes of {item.uid}", item.digest.sha256, "no such file"),)
    try:
        with store.open_item(case, item) as stream:
            hashed = hashlib.sha256()
            while block := stream.read(1 << 20):
                hashed.update(block)
    except IntegrityError as error:
        return (_one(f"stored bytes of {item.uid}", item.digest.sha256, error.message),)
    except OSError as error:
        raise CaseError(f"{item.uid}: expected readable bytes, found: {error}") from error
    found = hashed.hexdigest()
    if found == item.digest.sha256:
        return ()
    return (_one(f"stored bytes of {item.uid}", item.digest.sha256, found),)


def _one(what: str, expected: str, found: str) -> Difference:
    return Difference(column=what, expected=expected, found=found)
