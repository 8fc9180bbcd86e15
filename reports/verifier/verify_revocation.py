"""Step 6, revocation: what the lists (CRLs) beside a token say of its certificates, offline.

For each certificate of the signer's chain but the root:
  1  lists of its issuer by name, signed by a stored certificate of that name (openssl crl)
  2  one of them names it: revoked. The token stands only if it is older than the revocation and
     the reason is one that does not touch the key (RFC 3161, 4)
  3  one that reaches the token's time does not name it: good, as of the list's issue
  4  otherwise: unknown, which is printed and never taken for good
"""

from __future__ import annotations

import base64
import binascii
import calendar
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from verify_openssl import openssl

HARMLESS = ("unspecified", "affiliationChanged", "superseded", "cessationOfOperation")
REASONS = {
    0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged",
    4: "superseded", 5: "cessationOfOperation", 6: "certificateHold", 8: "removeFromCRL",
    9: "privilegeWithdrawn", 10: "aACompromise",
}  # fmt: skip
COMMON_NAME = bytes.fromhex("550403")
ISSUER_OF_ENTRY = bytes.fromhex("551d1d")
REASON = bytes.fromhex("551d15")
Element = tuple[int, bytes, bytes]


def elements(data: bytes) -> list[Element]:
    """DER elements that follow each other: tag, content, whole element."""
    found, at = [], 0
    while at < len(data):
        length, start = data[at + 1], at + 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[at + 2 : start], "big")
        if start + length > len(data):
            raise ValueError("DER is cut off")
        found.append((data[at], data[start : start + length], data[at : start + length]))
        at = start + length
    return found


def moment(element: Element) -> int:
    """Seconds since 1970 of a UTCTime or GeneralizedTime."""
    text = element[1].decode("ascii")
    if element[0] == 0x17:
        text = ("19" if text[0] >= "5" else "20") + text
    return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ"))


def blocks(raw: bytes, kind: str) -> Iterator[tuple[bytes, bytes]]:
    """PEM blocks of one kind, with the DER inside."""
    pattern = f"-----BEGIN {kind}-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END {kind}-----".encode()
    for match in re.finditer(pattern, raw):
        text = b"".join(match.group(1).split())
        try:
            der = base64.b64decode(text, validate=True)
        except binascii.Error:
            continue
        if base64.b64encode(der) == text:  # readers differ in what else they take for base64
            yield match.group(0), der


def certificate(pem: bytes, der: bytes) -> dict[str, Any]:
    """Names, serial number and end of a certificate (RFC 5280, 4.1)."""
    body = elements(elements(elements(der)[0][1])[0][1])
    body = body[1:] if body[0][0] == 0xA0 else body
    serial, _, issuer, validity, subject = body[:5]
    names = [
        pair[1]
        for part in elements(subject[1])
        for one in elements(part[1])
        if (pair := elements(one[1]))[0][1] == COMMON_NAME
    ]
    text = "no common name"
    if names:
        tag, content, _ = names[-1]
        text = content.decode("utf-16-be" if tag == 0x1E else "utf-8", "replace")
    shown = "".join(char if char.isprintable() else "?" for char in text)
    number = int.from_bytes(serial[1], "big", signed=True)
    return {
        "pem": pem,
        "issuer": issuer[2],
        "subject": subject[2],
        "serial": number,
        "ends": moment(elements(validity[1])[1]),
        "name": f"{shown} (serial {number:X})",
    }


def certificates(*files: Path) -> list[dict[str, Any]]:
    """Certificates of PEM files, in order; a file that is not there has none."""
    found = []
    for path in files:
        for pem, der in blocks(path.read_bytes() if path.is_file() else b"", "CERTIFICATE"):
            try:
                found.append(certificate(pem, der))
            except (ValueError, IndexError):
                continue
    return found


def signer(response: bytes) -> tuple[bytes, int] | None:
    """Issuer and serial number that the token's SignerInfo names (RFC 5652, 5.3)."""
    try:
        token = elements(elements(response)[0][1])[1]
        signed = elements(elements(elements(token[1])[1][1])[0][1])
        info = elements(elements(signed[-1][1])[0][1])
        issuer, serial = elements(info[1][1])
    except (IndexError, ValueError):
        return None
    return issuer[2], int.from_bytes(serial[1], "big", signed=True)


def revocations(der: bytes) -> dict[str, Any]:
    """A list's issuer, times, entries and whether it speaks of all certificates (RFC 5280, 5.1)."""
    body = elements(elements(elements(der)[0][1])[0][1])
    body = body[1:] if body[0][0] == 0x02 else body
    issuer, issued, rest = body[1], body[2], body[3:]
    until = moment(rest.pop(0)) if rest and rest[0][0] in (0x17, 0x18) else None
    entries, indirect = {}, False
    if rest and rest[0][0] == 0x30:
        for row in elements(rest.pop(0)[1]):
            number, when, *more = elements(row[1])
            extensions = elements(elements(row[1])[2][1]) if more else []
            held = {elements(one[1])[0][1]: elements(one[1])[-1][1] for one in extensions}
            indirect = indirect or ISSUER_OF_ENTRY in held
            reason = REASONS.get(held[REASON][-1]) if REASON in held else None
            entries[int.from_bytes(number[1], "big", signed=True)] = (moment(when), reason)
    extensions = elements(elements(rest[0][1])[0][1]) if rest else []
    critical = any(elements(one[1])[1][2] == b"\x01\x01\xff" for one in extensions)
    return {
        "issuer": issuer[2], "issued": moment(issued), "until": until, "entries": entries,
        "indirect": indirect, "partial": critical or indirect,
    }  # fmt: skip


def shown(at: int) -> str:
    """A time as reports print it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def signed_by(block: bytes, issuer: bytes) -> bool:
    """Is this list (PEM) signed by this certificate (PEM)?"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "issuer.pem"
        path.write_bytes(issuer + b"\n")
        done = openssl("crl", "-noout", "-CAfile", str(path), given=block + b"\n")
    return done is not None and "verify OK" in done[1]


def judge_one(
    one: dict[str, Any], lists: list[dict[str, Any]], stored: list[dict[str, Any]], at: int
) -> tuple[str, str]:
    """Steps 1 to 4 for one certificate: status and detail."""
    issuers = [other for other in stored if other["subject"] == one["issuer"]]
    held = [
        crl
        for crl in lists
        if crl["issuer"] == one["issuer"]
        and any(signed_by(crl["pem"], issuer["pem"]) for issuer in issuers)
    ]
    said = []
    for crl in held:
        if one["serial"] in crl["entries"] and not crl["indirect"]:
            when, reason = crl["entries"][one["serial"]]
            status = "revoked later" if when > at and reason in HARMLESS else "revoked"
            said.append((status, f"on {shown(when)}, reason {reason or 'not given'}"))
    if said:
        return min(said)
    detail = "no revocation list signed by its issuer"
    for crl in held:
        issued = shown(crl["issued"])
        if crl["partial"]:
            detail = f"the list of {issued} is partial"
        elif (crl["until"] is None or crl["until"] >= at) and crl["issued"] <= one["ends"]:
            return "good", f"not in the list of {issued}"
        else:
            detail = f"the list of {issued} does not reach the token's time"
    return "unknown", detail


def judge(response: Path, roots: list[Path], at: int) -> list[dict[str, str]]:
    """One row {certificate, status, detail} for each certificate of the chain but a root."""
    stem = response.name[: -len(".tsr")]
    stored = certificates(response.with_name(f"{stem}.certs.pem"), *roots)
    path, lists = response.with_name(f"{stem}.crls.pem"), []
    for pem, der in blocks(path.read_bytes() if path.is_file() else b"", "X509 CRL"):
        try:
            lists.append({**revocations(der), "pem": pem})
        except (ValueError, IndexError):
            continue
    named, rows, walked = signer(response.read_bytes()), [], []
    one = next((c for c in stored if (c["issuer"], c["serial"]) == named), None)
    complete = False
    while one is not None and one not in walked:
        walked.append(one)
        complete = one["issuer"] == one["subject"]
        if complete:
            break
        status, detail = judge_one(one, lists, stored, at)
        rows.append({"certificate": one["name"], "detail": detail, "status": status})
        issuer = one["issuer"]
        one = next((c for c in stored if c["subject"] == issuer), None)
    if not complete:
        what = "issuer of the last certificate" if walked else "certificate of the signer"
        rows.append({"certificate": what, "detail": "not among those stored", "status": "unknown"})
    return rows
