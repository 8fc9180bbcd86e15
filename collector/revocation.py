"""Whether a token's certificates were revoked, by the lists (CRLs) stored beside it; offline.

For each certificate of the signer's chain but the root:

    1  lists of its issuer by name, signed by a stored certificate of that name
    2  one of them names it: revoked. The token stands only if it is older than the revocation and
       the reason given is one that does not touch the key (RFC 3161, 4: unspecified,
       affiliationChanged, superseded, cessationOfOperation)
    3  one that reaches the token's time does not name it: good, as of the list's issue
    4  otherwise: unknown, which is printed and never taken for good

A list issued after the certificate expired may have dropped it, and a partial or delta list does
not speak of every certificate: neither says "good".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import CRLEntryExtensionOID

from collector import stamp, tsa_chain

#: Reasons that leave what was signed before standing; no reason at all does not.
HARMLESS = frozenset(
    {
        x509.ReasonFlags.unspecified, x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded, x509.ReasonFlags.cessation_of_operation,
    }
)  # fmt: skip


class Status(StrEnum):
    """What the stored lists say of one certificate at the token's time."""

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
    chain: tsa_chain.Chain, stored: Sequence[x509.Certificate], lists: bytes, seconds: int
) -> tuple[Finding, ...]:
    """One finding for each certificate of the chain but a root.

    Args:
        chain: of the token's signer.
        stored: certificates among which issuers of lists are looked for.
        lists: PEM revocation lists; empty if there are none.
        seconds: the token's time, since 1970.
    """
    at = datetime.fromtimestamp(seconds, UTC)
    crls = tuple(_parsed(lists))
    found = [
        _judge(one, [(raw, crl) for name, raw, crl in crls if name == one.issuer], stored, at)
        for one in chain.certificates
        if one.issuer != one.subject
    ]
    if not chain.complete:
        end = chain.certificates[-1].issuer if chain.certificates else None
        what = "issuer of the last certificate" if end else "certificate of the signer"
        found.append(
            Finding(certificate=what, status=Status.UNKNOWN, detail="not among those stored")
        )
    return tuple(found)


def _parsed(raw: bytes) -> Iterator[tuple[x509.Name, bytes, x509.CertificateRevocationList]]:
    """Issuer, PEM block and list; whatever else a list says is read once its signature holds."""
    for block in tsa_chain.blocks(raw, "X509 CRL"):
        try:
            crl = x509.load_pem_x509_crl(block + b"\n")
            yield crl.issuer, block, crl
        except (ValueError, x509.InvalidVersion):
            continue  # not a list: nothing is concluded from it


def _judge(
    one: x509.Certificate,
    crls: Sequence[tuple[bytes, x509.CertificateRevocationList]],
    stored: Sequence[x509.Certificate],
    at: datetime,
) -> Finding:
    """Steps 1 to 4 for one certificate."""
    signers = [c for c in stored if c.subject == one.issuer]
    held = [crl for block, crl in crls if any(_signed(block, signer) for signer in signers)]
    direct = [crl for crl in held if not _indirect(crl)]
    status, detail = Status.UNKNOWN, "no revocation list signed by its issuer"
    entries = [crl.get_revoked_certificate_by_serial_number(one.serial_number) for crl in direct]
    said = sorted(_revoked(entry, at) for entry in entries if entry is not None)
    if said:  # lists may disagree: "revoked" comes before "revoked later"
        return Finding(certificate=tsa_chain.name(one), status=said[0][0], detail=said[0][1])
    for crl in held:
        issued, until = crl.last_update_utc, crl.next_update_utc
        if crl in direct and not any(extension.critical for extension in crl.extensions):
            reaches = (until is None or until >= at) and issued <= one.not_valid_after_utc
            if reaches:
                status, detail = Status.GOOD, f"not in the list of {_shown(issued)}"
                break
            detail = f"the list of {_shown(issued)} does not reach the token's time"
        else:
            detail = f"the list of {_shown(issued)} is partial"
    return Finding(certificate=tsa_chain.name(one), status=status, detail=detail)


def _signed(block: bytes, signer: x509.Certificate) -> bool:
    return stamp.list_signed(block + b"\n", signer.public_bytes(Encoding.PEM))


def _indirect(crl: x509.CertificateRevocationList) -> bool:
    """Whether entries speak of another issuer's certificates."""
    return any(
        extension.oid == CRLEntryExtensionOID.CERTIFICATE_ISSUER
        for entry in crl
        for extension in entry.extensions
    )


def _revoked(entry: x509.RevokedCertificate, at: datetime) -> tuple[Status, str]:
    when = entry.revocation_date_utc
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, ValueError):
        reason = None
    said = f"on {_shown(when)}, reason {reason.value if reason else 'not given'}"
    later = when > at and reason in HARMLESS
    return (Status.REVOKED_LATER if later else Status.REVOKED), said


def _shown(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
