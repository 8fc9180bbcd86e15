"""Whether an evidence item's bytes are those that were recorded: ledger, manifest, custody, bytes.

One item, without hashing the rest of its acquisition: custody states the manifest's digest, the
manifest those of the ledger and of the item, the ledger that of the item again.
"""

import hashlib
from pathlib import Path

from collector import custody, ledger, manifest, store
from collector.errors import CaseError, IntegrityError
from collector.model import EvidenceItem
from timeline.rederive import Difference


def altered(case: Path, item: EvidenceItem) -> tuple[Difference, ...]:
    """Everything in which the item is not as recorded; empty if nothing is.

    Raises:
        CaseError: the bytes are there, and cannot be read.
    """
    return (*_ledger(case, item), *_bytes(case, item))


def _bytes(case: Path, item: EvidenceItem) -> tuple[Difference, ...]:
    """The stored bytes against the ledger (files.jsonl, observations.jsonl)."""
    if not (case / item.path).is_file():
        return (_one(item, "stored bytes", item.digest.sha256, "no such file"),)
    try:
        with store.open_item(case, item) as stream:
            hashed = hashlib.sha256()
            while block := stream.read(1 << 20):
                hashed.update(block)
    except IntegrityError as error:
        return (_one(item, "stored bytes", item.digest.sha256, error.message),)
    except OSError as error:
        raise CaseError(f"{item.uid}: expected readable bytes, found: {error}") from error
    found = hashed.hexdigest()
    if found == item.digest.sha256:
        return ()
    return (_one(item, "stored bytes", item.digest.sha256, found),)


def _ledger(case: Path, item: EvidenceItem) -> tuple[Difference, ...]:
    """The ledger's line against manifest and custody."""
    one = next(one for one in store.acquisitions(case) if one.number == item.acquisition)
    stated = next(
        entry.data["manifest"]["sha256"]
        for entry in custody.read(case)
        if entry.action == "acquisition.close" and entry.data["acq"] == item.acquisition
    )
    try:
        raw = (case / one.folder / manifest.NAME).read_bytes()
        listed = {line.path: line.sha256 for line in manifest.parse(raw)}
    except (OSError, manifest.ManifestError) as error:
        return (_one(item, manifest.NAME, stated, str(error)),)
    found = []
    digest = hashlib.sha256(raw).hexdigest()
    if digest != stated:
        found.append(_one(item, manifest.NAME, stated, digest))
    for name in (ledger.FILES, ledger.OBSERVATIONS):
        actual = hashlib.sha256((case / one.folder / name).read_bytes()).hexdigest()
        if listed.get(name) != actual:
            found.append(_one(item, name, str(listed.get(name)), actual))
    stored = item.path.relative_to(one.folder).as_posix()
    if stored != ledger.WARC and listed.get(stored) != item.digest.sha256:
        expected = str(listed.get(stored))
        found.append(_one(item, ledger.FILES, expected, item.digest.sha256))
    return tuple(found)


def _one(item: EvidenceItem, what: str, expected: str, found: str) -> Difference:
    return Difference(column=f"{what} of {item.uid}", expected=expected, found=found)
