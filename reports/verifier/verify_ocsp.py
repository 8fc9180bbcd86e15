"""Step 6, revocation: answers of OCSP responders beside a token (RFC 6960), offline.

An answer `MM.N.ocsp` counts for a certificate if
  1  it speaks of it: serial number, and hashes of its issuer's name and key
  2  openssl finds it signed by that issuer, or by a responder whom the issuer certified for that
What it then says is bounded in time: `verify_revocation.py`.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from verify_der import Element, elements, moment
from verify_openssl import openssl

HASHES = {
    "2b0e03021a": "sha1", "608648016503040201": "sha256", "608648016503040202": "sha384",
    "608648016503040203": "sha512",
}  # fmt: skip
REASONS = {
    0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged",
    4: "superseded", 5: "cessationOfOperation", 6: "certificateHold", 8: "removeFromCRL",
    9: "privilegeWithdrawn", 10: "aACompromise",
}  # fmt: skip
BASIC = bytes.fromhex("2b0601050507300101")
NO_CHECK = bytes.fromhex("2b0601050507300105")


def stored_answers(response: Path) -> list[dict[str, Any]]:
    """Answers beside a token, in order of their names; what is none is left out."""
    stem, found = response.name[: -len(".tsr")], []
    for path in sorted(response.parent.glob(f"{stem}.*.ocsp")):
        raw = path.read_bytes()
        try:
            found.append({**_answer(raw), "raw": raw})
        except (ValueError, IndexError):
            continue
    return found


def _answer(raw: bytes) -> dict[str, Any]:
    ((tag, outer, _),) = elements(raw)
    status, wrapped = elements(outer)[:2]
    kind, body = elements(elements(wrapped[1])[0][1])
    if tag != 0x30 or status[1] != b"\0" or kind[1] != BASIC:
        raise ValueError("not a successful answer")
    ((_, basic, _),) = elements(body[1])
    data, _, _, *more = elements(basic)
    parts = [part for part in elements(data[1]) if part[0] != 0xA0]
    responder, produced, rows = parts[:3]
    critical = _critical(parts[3:])
    return {
        "by_name": responder[0] == 0xA1,
        "responder": elements(responder[1])[0][2],
        "produced": moment(produced),
        "singles": [_single(row[1], critical) for row in elements(rows[1])],
        "certificates": [
            one[2] for one in (elements(elements(more[0][1])[0][1]) if more else [])
        ],
    }  # fmt: skip


def _single(row: bytes, critical: bool) -> dict[str, Any]:
    certificate, status, issued, *more = elements(row)
    algorithm, name, key, serial = elements(certificate[1])
    until = [moment(elements(part[1])[0]) for part in more if part[0] == 0xA0]
    word = {0x80: "good", 0xA1: "revoked"}.get(status[0], "unknown")
    when, reason = None, None
    if word == "revoked":
        first, *given = elements(status[1])
        when = moment(first)
        reason = REASONS.get(elements(given[0][1])[0][1][-1]) if given else None
    return {
        "hash": HASHES.get(elements(algorithm[1])[0][1].hex()),
        "name": name[1],
        "key": key[1],
        "serial": int.from_bytes(serial[1], "big", signed=True),
        "status": word,
        "when": when,
        "reason": reason,
        "issued": moment(issued),
        "until": until[0] if until else None,
        "critical": critical or _critical([part for part in more if part[0] == 0xA1]),
    }


def _critical(wrapped: list[Element]) -> bool:
    return any(
        elements(extension[1])[1][2] == b"\x01\x01\xff"
        for part in wrapped
        for extension in elements(elements(part[1])[0][1])
    )


def about(
    one: dict[str, Any], issuers: list[dict[str, Any]], answers: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """What signed answers say of a certificate; `vouched`: their responder needs no check itself.

    He needs none if he is the issuer, or if his certificate says so (id-pkix-ocsp-nocheck).
    """
    for answer in answers:
        for single in answer["singles"]:
            if single["serial"] != one["serial"]:
                continue
            for issuer in issuers:
                if _speaks_of(single, issuer) and _signed(answer, issuer["pem"]):
                    yield {**single, "vouched": _vouched(answer, issuer["der"])}
                    break


def _speaks_of(single: dict[str, Any], issuer: dict[str, Any]) -> bool:
    if single["hash"] is None:
        return False
    name = hashlib.new(single["hash"], issuer["subject"], usedforsecurity=False).digest()
    key = hashlib.new(single["hash"], _key(issuer["der"]), usedforsecurity=False).digest()
    return (name, key) == (single["name"], single["key"])


def _signed(answer: dict[str, Any], issuer: bytes) -> bool:
    """Is it signed by this certificate, or by one that it issued for this purpose?"""
    with tempfile.TemporaryDirectory() as folder:
        given, path = Path(folder) / "answer", Path(folder) / "issuer.pem"
        given.write_bytes(answer["raw"])
        path.write_bytes(issuer + b"\n")
        done = openssl(
            "ocsp", "-respin", str(given), "-CAfile", str(path), "-no-CApath", "-no-CAstore",
            "-verify_other", str(path), "-partial_chain", "-attime", str(answer["produced"]),
        )  # fmt: skip
    return done is not None and done[0] == 0 and "Response verify OK" in done[1]


def _fields(certificate: bytes) -> list[Element]:
    """Fields of a certificate without its version: serial number, algorithm, issuer …"""
    fields = elements(elements(elements(certificate)[0][1])[0][1])
    return [field for field in fields if field[0] != 0xA0]


def _key(certificate: bytes) -> bytes:
    return elements(_fields(certificate)[5][1])[1][1][1:]


def _vouched(answer: dict[str, Any], issuer: bytes) -> bool:
    if _named(answer, issuer):
        return True
    responders = [one for one in answer["certificates"] if _named(answer, one)]
    return bool(responders) and all(_no_check(one) for one in responders)


def _named(answer: dict[str, Any], certificate: bytes) -> bool:
    said = answer["responder"]
    try:
        if answer["by_name"]:
            return bool(said == _fields(certificate)[4][2])
        key = hashlib.sha1(_key(certificate), usedforsecurity=False)
        return bool(said[2:] == key.digest())
    except (ValueError, IndexError):
        return False


def _no_check(certificate: bytes) -> bool:
    try:
        return any(
            elements(extension[1])[0][1] == NO_CHECK
            for field in _fields(certificate)
            if field[0] == 0xA3
            for extension in elements(elements(field[1])[0][1])
        )
    except (ValueError, IndexError):
        return False
