"""Certificates behind a timestamp token: who signed it, and the issuers above, as stored beside it.

Whether the chain holds is openssl's to say (`collector.stamp.judge`). Here it is only walked, to
know which certificates expire when and may have been revoked.
"""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from collector import der

_BLOCK = "-----BEGIN {0}-----\r?\n[A-Za-z0-9+/=\r\n]+-----END {0}-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The signer's certificate and its issuers, upward.

    Attributes:
        certificates: signer first; empty if its certificate is not stored.
        complete: whether the last one is self-issued: a root.
    """

    certificates: tuple[x509.Certificate, ...]
    complete: bool


def blocks(raw: bytes, kind: str) -> tuple[bytes, ...]:
    """PEM blocks of one kind (`CERTIFICATE`, `X509 CRL`), in order; other bytes are skipped.

    Strict, because readers differ in what else they take for base64.
    """
    found = re.findall(_BLOCK.format(kind).encode(), raw)
    return tuple(block for block in found if _canonical(block))


def _canonical(block: bytes) -> bool:
    text = b"".join(block.split(b"-----")[2].split())
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)) == text
    except ValueError:
        return False


def certificates(*files: Path) -> tuple[x509.Certificate, ...]:
    """Certificates of PEM files, in order; a file that is not there has none."""
    return tuple(one for path in files if path.is_file() for one in parse(path.read_bytes()))


def parse(raw: bytes) -> tuple[x509.Certificate, ...]:
    """Certificates among PEM blocks, in order."""
    found = []
    for block in blocks(raw, "CERTIFICATE"):
        try:
            one = x509.load_pem_x509_certificate(block + b"\n")
            name(one), not_after(one)  # parsed when first asked for
            found.append(one)
        except (ValueError, x509.InvalidVersion):
            continue  # openssl has the last word on the chain
    return tuple(found)


def by_name(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether a certificate names this issuer."""
    return certificate.issuer == issuer.subject


def of(
    response: bytes,
    stored: Sequence[x509.Certificate],
    issued: Callable[[x509.Certificate, x509.Certificate], bool] = by_name,
) -> Chain:
    """The chain of a token's signer among stored certificates.

    Args:
        response: the token's.
        stored: certificates beside it.
        issued: whether the first is issued by the second; by name alone, a certificate of somebody
            else under that name may be taken for it.
    """
    signer = _signer(response)
    one = next((c for c in stored if (c.issuer.public_bytes(), c.serial_number) == signer), None)
    walked: list[x509.Certificate] = []
    while one is not None and one not in walked:
        walked.append(one)
        if one.issuer == one.subject:
            return Chain(certificates=tuple(walked), complete=True)
        below = one
        one = next((c for c in stored if issued(below, c)), None)
    return Chain(certificates=tuple(walked), complete=False)


def name(certificate: x509.Certificate) -> str:
    """Common name and serial number, printable whatever the certificate holds."""
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    text = str(common[-1].value) if common else "no common name"
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return f"{shown} (serial {certificate.serial_number:X})"


def not_after(certificate: x509.Certificate) -> datetime:
    """End of its validity, UTC."""
    return certificate.not_valid_after_utc


def _signer(response: bytes) -> tuple[bytes, int] | None:
    """Issuer (DER) and serial number that the token's SignerInfo names (RFC 5652, 5.3)."""
    try:
        token = der.elements(response)[0].parts[1]
        signed = token.parts[1].parts[0]
        info = signed.parts[-1].parts[0]
        issuer, serial = info.parts[1].parts
    except (IndexError, ValueError):
        return None
    return issuer.whole, int.from_bytes(serial.content, "big", signed=True)
