"""Step 6, revocation: what lists (CRLs) and answers (OCSP) beside a token say, offline.

For each certificate of the signer's chain but the root:
  1  its issuer: a stored certificate of that name, whose key signed it (openssl verify); lists
     signed by that issuer (openssl crl), and answers of responders that speak of it, signed for it
     (openssl ocsp)
  2  one of them says that it is revoked. The token stands only if it is older than the revocation
     and the reason is one that does not touch the key (RFC 3161, 4)
  3  a list that reaches the token's time does not name it, or an answer that does says "good":
     good, as of the issue of either
  4  otherwise: unknown, which is printed and never taken for good
"""

from __future__ import annotations

import base64
import binascii
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from verify_der import elements, moment
from verify_ocsp import REASONS, about, stored_answers
from verify_openssl import openssl

HARMLESS = ("unspecified", "affiliationChanged", "superseded", "cessationOfOperation")
COMMON_NAME = bytes.fromhex("550403")
ISSUER_OF_ENTRY = bytes.fromhex("551d1d")
REASON = bytes.fromhex("551d15")


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
        "der": der,
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


def issued(one: dict[str, Any], issuer: dict[str, Any]) -> bool:
    """Is a certificate issued by this one? The name alone is anybody's."""
    if one["issuer"] != issuer["subject"]:
        return False
    with tempfile.TemporaryDirectory() as folder:
        below, above = Path(folder) / "one.pem", Path(folder) / "issuer.pem"
        below.write_bytes(one["pem"] + b"\n")
        above.write_bytes(issuer["pem"] + b"\n")
        done = openssl(
            "verify", "-partial_chain", "-no_check_time", "-auth_level", "0", "-CAfile",
            str(above), "-no-CApath", "-no-CAstore", str(below),
        )  # fmt: skip
    return done is not None and done[0] == 0


def signed_by(block: bytes, issuer: bytes) -> bool:
    """Is this list (PEM) signed by this certificate (PEM)?"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "issuer.pem"
        path.write_bytes(issuer + b"\n")
        done = openssl("crl", "-noout", "-CAfile", str(path), given=block + b"\n")
    return done is not None and "verify OK" in done[1]


def revoked(when: int, reason: str | None, at: int, by: str = "") -> tuple[str, str]:
    """Status and detail of a revocation, held against the token's time."""
    status = "revoked later" if when > at and reason in HARMLESS else "revoked"
    return status, f"on {shown(when)}, reason {reason or 'not given'}{by}"


def by_lists(
    one: dict[str, Any], lists: list[dict[str, Any]], issuers: list[dict[str, Any]], at: int
) -> Iterator[tuple[str, str]]:
    """What each signed list says of one certificate."""
    for crl in lists:
        if crl["issuer"] != one["issuer"] or not any(
            signed_by(crl["pem"], issuer["pem"]) for issuer in issuers
        ):
            continue
        issued = shown(crl["issued"])
        if one["serial"] in crl["entries"] and not crl["indirect"]:
            when, reason = crl["entries"][one["serial"]]
            yield revoked(when, reason, at)
        elif crl["partial"]:
            yield "unknown", f"the list of {issued} is partial"
        elif (crl["until"] is None or crl["until"] >= at) and crl["issued"] <= one["ends"]:
            yield "good", f"not in the list of {issued}"
        else:
            yield "unknown", f"the list of {issued} does not reach the token's time"


def by_answers(
    one: dict[str, Any], answers: list[dict[str, Any]], issuers: list[dict[str, Any]], at: int
) -> Iterator[tuple[str, str]]:
    """What each signed answer says of one certificate; one without an end speaks of its moment."""
    for single in about(one, issuers, answers):
        issued, until = single["issued"], single["until"]
        what = f"the answer of {shown(issued)}"
        if single["when"] is not None:
            yield revoked(single["when"], single["reason"], at, " (responder's answer)")
        elif single["status"] != "good":
            yield "unknown", f"{what} does not know it"
        elif not single["vouched"]:
            yield "unknown", f"{what} is by a responder that may itself be revoked"
        elif single["critical"]:
            yield "unknown", f"{what} is partial"
        elif (issued >= at or (until is not None and until >= at)) and issued <= one["ends"]:
            yield "good", f"good in {what}"
        else:
            yield "unknown", f"{what} does not reach the token's time"


def worst(said: list[tuple[str, str]]) -> tuple[str, str]:
    """What counts of all that is said: "revoked" before "revoked later" before "good"."""
    for status in ("revoked", "revoked later"):
        same = sorted(row for row in said if row[0] == status)
        if same:
            return same[0]
    if not said:
        return "unknown", "no revocation list and no answer signed by its issuer"
    return next((row for row in said if row[0] == "good"), said[-1])


def judge(response: Path, roots: list[Path], at: int) -> tuple[list[str], list[dict[str, str]]]:
    """Names of the chain; one row {certificate, status, detail} for each of it but a root."""
    stem = response.name[: -len(".tsr")]
    stored = certificates(response.with_name(f"{stem}.certs.pem"), *roots)
    path, lists = response.with_name(f"{stem}.crls.pem"), []
    for pem, der in blocks(path.read_bytes() if path.is_file() else b"", "X509 CRL"):
        try:
            lists.append({**revocations(der), "pem": pem})
        except (ValueError, IndexError):
            continue
    answers = stored_answers(response)
    named, rows, walked = signer(response.read_bytes()), [], []
    one = next((c for c in stored if (c["issuer"], c["serial"]) == named), None)
    complete = False
    while one is not None and one not in walked:
        walked.append(one)
        complete = one["issuer"] == one["subject"]
        if complete:
            break
        issuers = [other for other in stored if issued(one, other)]
        said = [*by_lists(one, lists, issuers, at), *by_answers(one, answers, issuers, at)]
        status, detail = worst(said)
        rows.append({"certificate": one["name"], "detail": detail, "status": status})
        one = issuers[0] if issuers else None
    if not complete:
        what = "issuer of the last certificate" if walked else "certificate of the signer"
        rows.append({"certificate": what, "detail": "not among those stored", "status": "unknown"})
    return [one["name"] for one in walked], rows
