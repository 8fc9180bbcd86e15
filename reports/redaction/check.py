"""Step 9 f of `verify`: a redacted rendition is the one that its statement names, and who signed.

The same checks, with the same words, as the stand-alone `verify_redaction.py`: every file that
redaction.json names has its digest, no other file is there, and the envelope beside it, if any,
holds the same bytes under a key that the reader trusts.
"""

from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key

from collector import canonical, dsse
from collector.verify.report import Discrepancy, Trust, unchecked, wrong
from reports.edition_files import sha256
from reports.redaction.applied import KEYS, SIGNED, STATEMENT

#: Files that are made after the statement.
AFTER = frozenset({STATEMENT, SIGNED, "manifest.jsonl", "SHA256SUMS"})


def check(root: Path, trust: Trust) -> Iterator[Discrepancy]:
    """Nothing for an edition that is no rendition."""
    if not (root / STATEMENT).is_file():
        if (root / SIGNED).exists():
            yield wrong("redaction-statement", STATEMENT, "the statement signed", "no such file")
        return
    raw = (root / STATEMENT).read_bytes()
    named = _subjects(raw)
    if named is None:
        yield wrong("redaction-statement", STATEMENT, "names and digests of files", "another form")
        return
    for name, digest in sorted(named.items()):
        path = root / name
        found = sha256(path) if path.is_file() else "no such file"
        if found != digest:
            yield wrong("redaction-file", name, digest, found)
    there = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    for name in sorted(there - named.keys() - AFTER):
        if not name.startswith(f"{KEYS}/"):
            yield wrong("redaction-extra", name, "a file that the statement names", "another")
    yield from _signature(root, raw, trust)


def _subjects(raw: bytes) -> dict[str, str] | None:
    try:
        subjects = canonical.decode(raw.removesuffix(canonical.LF))["subject"]
        named = {str(one["name"]): str(one["digest"]["sha256"]) for one in subjects}
    except (canonical.CanonicalError, KeyError, TypeError):
        return None
    inside = all(not name.startswith("/") and ".." not in name.split("/") for name in named)
    return named if inside else None


def _signature(root: Path, raw: bytes, trust: Trust) -> Iterator[Discrepancy]:
    if not (root / SIGNED).is_file():
        yield unchecked("redaction-unsigned", STATEMENT, "a signature", "none")
        return
    try:
        envelope = dsse.parse((root / SIGNED).read_bytes())
    except dsse.EnvelopeError:
        yield wrong("redaction-signature", SIGNED, "an envelope", "not one")
        return
    if envelope.payload != raw or envelope.payload_type != dsse.IN_TOTO:
        yield wrong("redaction-signature", SIGNED, f"the bytes of {STATEMENT}", "others")
        return
    path = root / KEYS / f"{envelope.keyid}.pem"
    try:
        key = dsse.public_key(dsse.public_der(load_pem_public_key(path.read_bytes())))  # type: ignore[arg-type]
        holds = dsse.keyid(key) == envelope.keyid and dsse.verified(envelope, key)
    except (OSError, ValueError, AttributeError):
        holds = False
    if not holds:
        yield wrong("redaction-signature", SIGNED, f"valid under key {envelope.keyid}", "not valid")
    elif envelope.keyid not in trust.keys:
        yield unchecked("redaction-key", SIGNED, "a key that you trust", envelope.keyid)
