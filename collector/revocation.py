"""Whether a token's certificates were revoked, by lists (CRLs) and answers (OCSP); offline.

For each certificate of the signer's chain but the root:

    1  its issuer: a stored certificate of that name, whose key signed it; lists signed by that
       issuer, and answers of responders that speak of it, signed for it (`collector.ocsp`)
    2  one of them says that it is revoked. The token stands only if it is older than the
       revocation and the reason given is one that does not touch the key (RFC 3161, 4:
       unspecified, affiliationChanged, superseded, cessationOfOperation)
    3  a list that reaches the token's time does not name it, or an answer that does says "good":
       good, as of the issue of either
    4  otherwise: unknown, which is printed and never taken for good

What was issued after the certificate expired may have dropped it, and a partial or delta list does
not speak of every certificate: neither says "good".
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import CRLEntryExtensionOID

from collector import ocsp, stamp, tsa_chain

#: Reasons that leave what was signed before standing; no reason at all does not.
HARMLESS = frozenset({"unspecified", "affiliationChanged", "superseded", "cessationOfOperation"})


class Status(StrEnum):
    """What lists and answers say of one certificate at the token's time."""

    GOOD = "good"
    REVOKED = "revoked"
    REVOKED_LATER = "revoked later"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The status of one certificate, and what it rests on."""

    certificate: str
    status: Status
    detail: str

    def as_data(self) -> dict[str, str]:
        """The row that a report prints."""
        return {"certificate": self.certificate, "detail": self.detail, "status": self.status.value}


def judge(
    chain: tsa_chain.Chain,
    stored: Sequence[x509.Certificate],
    lists: bytes,
    answers: Iterable[bytes],
    seconds: int,
) -> tuple[Finding, ...]:
    """One finding for each certificate of the chain but a root.

    Args:
        chain: of the token's signer.
        stored: certificates among which issuers are looked for.
        lists: PEM revocation lists; empty if there are none.
        answers: of OCSP responders, DER.
        seconds: the token's time, since 1970.
    """
    at = datetime.fromtimestamp(seconds, UTC)
    crls = tuple(_parsed(lists))
    heard = tuple(one for one in map(ocsp.parse, answers) if one is not None)
    found = []
    for one in chain.certificates:
        if one.issuer == one.subject:
            continue
        issuers = [c for c in stored if issued(one, c)]
        listed = [(raw, crl) for name, raw, crl in crls if name == one.issuer]
        said = [*_by_lists(one, listed, issuers, at), *_by_answers(one, heard, issuers, at)]
        status, detail = _worst(said)
        found.append(Finding(certificate=tsa_chain.name(one), status=status, detail=detail))
    if not chain.complete:
        end = chain.certificates[-1].issuer if chain.certificates else None
        what = "issuer of the last certificate" if end else "certificate of the signer"
        found.append(
            Finding(certificate=what, status=Status.UNKNOWN, detail="not among those stored")
        )
    return tuple(found)


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether a certificate is issued by this one: of its name, and by its key.

    The name alone is anybody's: lists and answers of a namesake would count.
    """
    return tsa_chain.by_name(certificate, issuer) and stamp.issued(
        certificate.public_bytes(Encoding.PEM), issuer.public_bytes(Encoding.PEM)
    )


def _worst(said: Sequence[tuple[Status, str]]) -> tuple[Status, str]:
    """What counts of all that is said: "revoked" before "revoked later" before "good"."""
    for status in (Status.REVOKED, Status.REVOKED_LATER):
        same = sorted(detail for one, detail in said if one is status)
        if same:
            return status, same[0]
    if not said:
        return Status.UNKNOWN, "no revocation list and no answer signed by its issuer"
    return next((one for one in said if one[0] is Status.GOOD), said[-1])


def _parsed(raw: bytes) -> Iterator[tuple[x509.Name, bytes, x509.CertificateRevocationList]]:
    """Issuer, PEM block and list; whatever else a list says is read once its signature holds."""
    for block in tsa_chain.blocks(raw, "X509 CRL"):
        try:
            crl = x509.load_pem_x509_crl(block + b"\n")
            yield crl.issuer, block, crl
        except (ValueError, x509.InvalidVersion):
            continue  # not a list: nothing is concluded from it


def _by_lists(
    one: x509.Certificate,
    crls: Sequence[tuple[bytes, x509.CertificateRevocationList]],
    issuers: Sequence[x509.Certificate],
    at: datetime,
) -> Iterator[tuple[Status, str]]:
    """What each signed list says of one certificate."""
    for block, crl in crls:
        if not any(_signed(block, issuer) for issuer in issuers):
            continue
        issued, until, indirect = crl.last_update_utc, crl.next_update_utc, _indirect(crl)
        entry = crl.get_revoked_certificate_by_serial_number(one.serial_number)
        if entry is not None and not indirect:
            yield _revoked(entry.revocation_date_utc, _reason(entry), at, "")
        elif indirect or any(extension.critical for extension in crl.extensions):
            yield Status.UNKNOWN, f"the list of {_shown(issued)} is partial"
        elif (until is None or until >= at) and issued <= one.not_valid_after_utc:
            yield Status.GOOD, f"not in the list of {_shown(issued)}"
        else:
            yield Status.UNKNOWN, f"the list of {_shown(issued)} does not reach the token's time"


def _by_answers(
    one: x509.Certificate,
    answers: Sequence[ocsp.Answer],
    issuers: Sequence[x509.Certificate],
    at: datetime,
) -> Iterator[tuple[Status, str]]:
    """What each signed answer says of one certificate.

    An answer without an end speaks of its own moment only (RFC 6960, 4.2.2.1), a list without one
    of all time until the next.
    """
    for single, vouched in ocsp.about(one, issuers, answers):
        what = f"the answer of {_shown(single.issued)}"
        reaches = single.issued >= at or (single.until is not None and single.until >= at)
        if single.revoked_at is not None:
            yield _revoked(single.revoked_at, single.reason, at, " (responder's answer)")
        elif single.status != "good":
            yield Status.UNKNOWN, f"{what} does not know it"
        elif not vouched:
            yield Status.UNKNOWN, f"{what} is by a responder that may itself be revoked"
        elif single.critical:
            yield Status.UNKNOWN, f"{what} is partial"
        elif reaches and single.issued <= one.not_valid_after_utc:
            yield Status.GOOD, f"good in {what}"
        else:
            yield Status.UNKNOWN, f"{what} does not reach the token's time"


def _signed(block: bytes, signer: x509.Certificate) -> bool:
    return stamp.list_signed(block + b"\n", signer.public_bytes(Encoding.PEM))


def _indirect(crl: x509.CertificateRevocationList) -> bool:
    """Whether entries speak of another issuer's certificates."""
    return any(
        extension.oid == CRLEntryExtensionOID.CERTIFICATE_ISSUER
        for entry in crl
        for extension in entry.extensions
    )


def _reason(entry: x509.RevokedCertificate) -> str | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (x509.ExtensionNotFound, ValueError):
        return None


def _revoked(when: datetime, reason: str | None, at: datetime, by: str) -> tuple[Status, str]:
    later = when > at and reason in HARMLESS
    said = f"on {_shown(when)}, reason {reason or 'not given'}{by}"
    return (Status.REVOKED_LATER if later else Status.REVOKED), said


def _shown(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
