"""The statement inside a seal: which prefix of custody it commits to (evidence.md, Formats).

in-toto Statement v1, one subject (custody.jsonl), predicate `https://butfor.invalid/seal/v1`.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector import canonical, dsse, merkle

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://butfor.invalid/seal/v1"
SUBJECT = "custody.jsonl"
TREE = "rfc9162-sha256"
FILE = "seal.dsse.json"

_HEX = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """One envelope with the numbers that it commits to; signature and content not yet checked.

    Attributes:
        envelope: the signed bytes.
        statement: the in-toto statement, as parsed.
        number: from 1.
        size: custody lines covered.
        length: bytes of those lines, line feeds included.
        root: Merkle root over them, hex.
        head: SHA-256 of the last of them, hex.
        consistency: proof from the tree of the seal before.
    """

    envelope: dsse.Envelope
    statement: Mapping[str, Any]
    number: int
    size: int
    length: int
    root: str
    head: str
    consistency: tuple[bytes, ...]

    @property
    def predicate(self) -> Mapping[str, Any]:
        """The seal's own part of the statement."""
        predicate = self.statement["predicate"]
        assert isinstance(predicate, dict)
        return predicate

    @property
    def subject(self) -> Mapping[str, Any] | None:
        """The one subject, None if there is not exactly one."""
        subject = self.statement.get("subject")
        if isinstance(subject, list) and len(subject) == 1 and isinstance(subject[0], dict):
            return subject[0]
        return None


def payload(
    *,
    case_id: str,
    number: int,
    lines: Sequence[bytes],
    previous: Seal | None,
    at: str,
) -> bytes:
    """Canonical bytes of the statement over `lines`, the custody lines so far (without LF)."""
    raw = b"".join(line + canonical.LF for line in lines)
    leaves = merkle.leaf_hashes(lines)
    proof = merkle.consistency_path(leaves, previous.size) if previous else []
    return canonical.encode(
        {
            "_type": STATEMENT,
            "predicate": {
                "at": at,
                "bytes": len(raw),
                "case": case_id,
                "consistency": [step.hex() for step in proof],
                "head": hashlib.sha256(lines[-1]).hexdigest(),
                "prev_seal": previous.envelope.sha256 if previous else None,
                "root": merkle.root(leaves).hex(),
                "seal": number,
                "size": len(lines),
                "tree": TREE,
            },
            "predicateType": PREDICATE,
            "subject": [{"digest": {"sha256": hashlib.sha256(raw).hexdigest()}, "name": SUBJECT}],
        }
    )


def parse(raw: bytes) -> Seal:
    """A seal from the bytes of its file.

    Raises:
        dsse.EnvelopeError: not an envelope, or a statement without the numbers of a seal.
    """
    envelope = dsse.parse(raw)
    try:
        statement = canonical.decode(envelope.payload)
    except canonical.CanonicalError as error:
        raise dsse.EnvelopeError(str(error)) from error
    predicate = statement.get("predicate")
    if not isinstance(predicate, dict):
        raise dsse.EnvelopeError("expected a predicate, found none")
    steps = predicate.get("consistency")
    if not isinstance(steps, list):
        raise dsse.EnvelopeError("expected a consistency proof, found none")
    return Seal(
        envelope=envelope,
        statement=statement,
        number=_count(predicate, "seal"),
        size=_count(predicate, "size"),
        length=_count(predicate, "bytes"),
        root=_digest(predicate.get("root")),
        head=_digest(predicate.get("head")),
        consistency=tuple(bytes.fromhex(_digest(step)) for step in steps),
    )


def _count(predicate: Mapping[str, Any], name: str) -> int:
    value = predicate.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise dsse.EnvelopeError(f"expected {name} to be a count, found {value!r}")
    return value


def _digest(value: object) -> str:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise dsse.EnvelopeError(f"expected a SHA-256 in lower-case hex, found {value!r}")
    return value
