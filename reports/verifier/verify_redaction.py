"""Step 9 f: a redacted rendition is the one that its statement names, and who signed that.

Every file that redaction.json names has its digest, no other file is there, and the envelope beside
it, if any, holds the same bytes under a key that the reader trusts (--key).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from verify_files import digests
from verify_report import Report, Trust, parse, sha256
from verify_seals import key_of, unbase64
from verify_signatures import ed25519

STATEMENT, SIGNED = "redaction.json", "redaction.dsse.json"
AFTER = {STATEMENT, SIGNED, "manifest.jsonl", "SHA256SUMS"}
IN_TOTO = "application/vnd.in-toto+json"


def check_redaction(root: Path, report: Report, trust: Trust) -> None:
    """Nothing for an edition that is no rendition."""
    if not (root / STATEMENT).is_file():
        if (root / SIGNED).exists():
            report.bad("redaction-statement", STATEMENT, "the statement signed", "no such file")
        return
    raw = (root / STATEMENT).read_bytes()
    named = _subjects(raw)
    if named is None:
        wanted = "names and digests of files"
        report.bad("redaction-statement", STATEMENT, wanted, "another form")
        return
    for name, digest in sorted(named.items()):
        place = root / name
        found = digests(place, both=False)[0] if place.is_file() else "no such file"
        if found != digest:
            report.bad("redaction-file", name, digest, found)
    there = {place.relative_to(root).as_posix() for place in root.rglob("*") if place.is_file()}
    for name in sorted(there - named.keys() - AFTER):
        if not name.startswith("keys/"):
            report.bad("redaction-extra", name, "a file that the statement names", "another")
    _signature(root, raw, report, trust)


def _subjects(raw: bytes) -> dict[str, str] | None:
    try:
        subjects: Any = parse(raw.removesuffix(b"\n"))["subject"]
        named = {str(one["name"]): str(one["digest"]["sha256"]) for one in subjects}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    inside = all(not name.startswith("/") and ".." not in name.split("/") for name in named)
    return named if inside else None


def _signature(root: Path, raw: bytes, report: Report, trust: Trust) -> None:
    if not (root / SIGNED).is_file():
        report.open("redaction-unsigned", STATEMENT, "a signature", "none")
        return
    try:
        envelope = parse((root / SIGNED).read_bytes().removesuffix(b"\n"))
        (only,) = envelope["signatures"]
        keyid, signature = only["keyid"], unbase64(only["sig"])
        kind, payload = envelope["payloadType"], unbase64(envelope["payload"])
        if not isinstance(keyid, str) or not isinstance(kind, str):
            raise ValueError("not text")  # noqa: TRY004, TRY301
    except (ValueError, KeyError, TypeError, RecursionError):
        report.bad("redaction-signature", SIGNED, "an envelope", "not one")
        return
    if payload != raw or kind != IN_TOTO:
        report.bad("redaction-signature", SIGNED, f"the bytes of {STATEMENT}", "others")
        return
    message = b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)
    try:
        der = _der((root / "keys" / f"{keyid}.pem").read_text("ascii"))
        holds = sha256(der) == keyid and ed25519(key_of(der), message, signature)
    except (OSError, ValueError):
        holds = False
    if not holds:
        report.bad("redaction-signature", SIGNED, f"valid under key {keyid}", "not valid")
    elif keyid not in trust.keys:
        report.open("redaction-key", SIGNED, "a key that you trust", keyid)


def _der(pem: str) -> bytes:
    """Bytes of the one PUBLIC KEY in a PEM file."""
    found = re.fullmatch(
        r"-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*", pem
    )
    if found is None:
        raise ValueError("not a public key")
    return unbase64("".join(found[1].split()))
