"""A profile applied to one edition: what `reports.bundle` asks of it while it writes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from collector import canonical, dsse
from collector.errors import IntegrityError
from reports import csv_table
from reports import edition_files as files
from reports.redaction import log, residue, rewrite
from reports.redaction.profile import Profile
from reports.redaction.pseudonyms import Pseudonyms

LOG = "redaction-log.csv"
STATEMENT = "redaction.json"
#: The same bytes in an envelope under a tool key, as a seal is signed, and that key.
SIGNED, KEYS = "redaction.dsse.json", "keys"
PREDICATE = "https://butfor.invalid/redaction/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A profile, the map of tokens, the function that puts them in place, and who signs."""

    profile: Profile
    pseudonyms: Pseudonyms
    rewrite: rewrite.Rewrite
    signer: Ed25519PrivateKey | None = None


def carry(applied: Applied, source: Path, target: Path) -> None:
    """A JSON file of the case, rewritten."""
    value = rewrite.through(json.loads(source.read_bytes()), applied.rewrite)
    text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
    target.write_text(text + "\n", encoding="utf-8", newline="\n")


def finish(
    applied: Applied, produced: Sequence[files.Produced], inputs: Mapping[str, Any], folder: Path
) -> None:
    """The log, the search for what is left, the map made durable, the statement; in this order.

    Raises:
        IntegrityError: a redacted value is still in a file. Nothing is kept of the rendition.
    """
    pages = [
        (one.exhibit.number, file.name, file.begin)
        for one in produced for file in one.files if file.name.endswith(".pdf")
    ]  # fmt: skip
    words = {token.rpartition("-")[0] for _, token in applied.pseudonyms.values()}
    listed = log.table(folder, pages, sorted(words), applied.profile)
    (folder / LOG).write_bytes(csv_table.encode(listed))
    whole = [
        (value, token) for value, token in applied.pseudonyms.values()
        if not token.startswith(f"{rewrite.PART}-")
    ]  # fmt: skip
    hits = residue.scan(folder, whole)
    if hits:
        raise IntegrityError(
            "expected no redacted value in the rendition, found some; it was not kept:\n  "
            + "\n  ".join(f"{hit.path} ({hit.part}): the value of {hit.token}" for hit in hits[:20])
        )
    applied.pseudonyms.save()
    statement = canonical.line(_statement(applied, inputs, folder))
    (folder / STATEMENT).write_bytes(statement)
    if applied.signer is not None:
        _sign(folder, statement, applied.signer)


def _sign(folder: Path, statement: bytes, signer: Ed25519PrivateKey) -> None:
    """The envelope, and the public key: a convenience for whoever checks, not trust."""
    envelope = dsse.sign(dsse.IN_TOTO, statement, signer)
    (folder / SIGNED).write_bytes(envelope.raw)
    pem = signer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / KEYS).mkdir()
    (folder / KEYS / f"{envelope.keyid}.pem").write_bytes(pem)


def _statement(applied: Applied, inputs: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What is bound to what (in-toto Statement v1): these files to the edition they redact."""
    subjects = [
        {"name": path.relative_to(folder).as_posix(), "digest": {"sha256": files.sha256(path)}}
        for path in sorted(one for one in folder.rglob("*") if one.is_file())
    ]
    told = inputs["redaction"]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": PREDICATE,
        "predicate": {
            "basis": applied.profile.basis,
            "map": {
                "entries": applied.pseudonyms.entries(), "sha256": applied.pseudonyms.digest(),
            },
            "original": told["of"],
            "profile": {"keyed_digest": told["profile"], "name": applied.profile.name},
        },
        "subject": subjects,
    }  # fmt: skip
