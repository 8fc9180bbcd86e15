"""The items that a certificate lists: whose records they are, and what the source said of each.

A source's own content hash is compared where its kind is known. An entity tag is never taken for
one (R-073), and an item without a published hash rests on the digest taken at acquisition (R-072).
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector import store
from collector.model import EvidenceItem
from reports.material import Material

#: Kinds of evidence that the case team wrote, and nobody keeps as a record of an activity.
TEAM = "registers"
_SHA256 = re.compile(r"(?:^|-)checksum-sha256$", re.IGNORECASE)
_OTHER = re.compile(r"(?:^|-)checksum-[a-z0-9]+$|^content-md5$", re.IGNORECASE)
_PARTS = re.compile(r"-\d+$")
NO_HASH = "none published with it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One item with what its source said.

    Attributes:
        uri: of the source, with `version` if it has one; None = not recorded for this item.
        kind: of the hash that the source published, `value` that hash; None = none.
        compared: what comparing gave, in a phrase of ours.
    """

    item: EvidenceItem
    uri: str | None
    version: str | None
    kind: str | None
    value: str | None
    compared: str


def kept(material: Material) -> tuple[EvidenceItem, ...]:
    """Items that were not withdrawn, in order."""
    return tuple(item for item in material.items if item.uid not in material.withdrawn)


def logged(material: Material, item: EvidenceItem) -> bool:
    """Whether records of a log were read from it: what its keeper can certify (R-077)."""
    return item.source != TEAM and not item.accompanies and material.records.get(item.uid, 0) > 0


def listed(material: Material) -> Iterator[Listed]:
    """Every kept item with what files.jsonl holds on it."""
    held = facts(material)
    for item in kept(material):
        yield _listed(item, held.get(item.uid, {}))


def _listed(item: EvidenceItem, facts: Mapping[str, Any]) -> Listed:
    uri = str(facts["source"]) if facts.get("source") else None
    version = str(facts["version_id"]) if facts.get("version_id") else None
    kind, value, compared = published(item, facts.get("headers") or ())
    return Listed(
        item=item, uri=uri, version=version, kind=kind, value=value, compared=compared
    )  # fmt: skip


def published(
    item: EvidenceItem, headers: Iterable[Sequence[object]]
) -> tuple[str | None, str | None, str]:
    """(kind, value, what comparing gave) of the source's hash, out of (name, value) pairs."""
    pairs = [(str(pair[0]), str(pair[1])) for pair in headers]
    for name, value in pairs:
        if _SHA256.search(name):
            return name, value, _compared(item, value)
    for name, value in pairs:
        if _OTHER.search(name):
            return name, value, "not compared: another kind of hash than the copy's"
    if any(name.lower() == "etag" for name, _ in pairs):
        return None, None, f"{NO_HASH} (an entity tag is no content hash)"
    return None, None, NO_HASH


def _compared(item: EvidenceItem, value: str) -> str:
    if _PARTS.search(value):
        return "not compared: a hash over parts"
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return "not compared: not in the form of its kind"
    return "agrees with the copy" if raw.hex() == item.digest.sha256 else "differs from the copy"


def facts(material: Material) -> Mapping[str, Mapping[str, Any]]:
    """Lines of files.jsonl by item."""
    if material.case is None or not material.custody:
        return {}
    known = {row["acq"] for row in material.acquisitions}
    return {
        f"EV-{one.number}.f{number}": line
        for one in store.acquisitions(material.case)
        if one.number in known
        for number, line in enumerate(store.facts(material.case, one), 1)
    }
