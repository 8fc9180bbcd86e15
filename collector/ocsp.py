"""Answers of OCSP responders (RFC 6960): asked for when a token is made, read and judged offline.

Beside a token lie `MM.1.ocsp`, `MM.2.ocsp` …: whole answers in DER, as received, one for each
certificate of the authority's chain that names a responder (or as a person carried them along).

An answer counts for a certificate if

    1  it speaks of it: serial number, and hashes of its issuer's name and key
    2  openssl finds it signed by that issuer, or by a responder whom the issuer certified for that

What it then says is bounded in time (`collector.revocation`). No nonce is asked for: responders
answer from store, and what is judged later is the time that an answer speaks of.
"""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from collector import der, stamp, tsa_chain
from collector.errors import IncompleteError

SUFFIX = ".ocsp"
_DER = serialization.Encoding.DER
_TIMEOUT = 60
_LIMIT = 1 << 20
_HASHES = {
    "2b0e03021a": "sha1", "608648016503040201": "sha256", "608648016503040202": "sha384",
    "608648016503040203": "sha512",
}  # fmt: skip
_BASIC = bytes.fromhex("2b0601050507300101")
_NO_CHECK = bytes.fromhex("2b0601050507300105")
_REASONS = {
    0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged",
    4: "superseded", 5: "cessationOfOperation", 6: "certificateHold", 8: "removeFromCRL",
    9: "privilegeWithdrawn", 10: "aACompromise",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """What an answer says of one certificate.

    Attributes:
        hash_name: of the two hashes; None if it is none that we know.
        issuer_name, issuer_key: hashes of its issuer's name and key.
        serial: its serial number.
        status: `good`, `revoked` or `unknown`.
        revoked_at, reason: of a revoked one; no reason given is None.
        issued, until: the time that this speaks of, and when newer information is due.
        critical: whether it has an extension that must be understood.
    """

    hash_name: str | None
    issuer_name: bytes
    issuer_key: bytes
    serial: int
    status: str
    revoked_at: datetime | None
    reason: str | None
    issued: datetime
    until: datetime | None
    critical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer.

    Attributes:
        raw: as received.
        produced: when the responder signed it.
        responder: tag and content of its ResponderID: a name or the SHA-1 of a key.
        certificates: DER of those that it carries.
        singles: what it says, one for each certificate.
    """

    raw: bytes
    produced: datetime
    responder: tuple[int, bytes]
    certificates: tuple[bytes, ...]
    singles: tuple[Single, ...]


def files(response: Path) -> tuple[Path, ...]:
    """Stored answers beside a token's response, in order of their names."""
    return tuple(sorted(response.parent.glob(f"{response.stem}.*{SUFFIX}")))


def parse(raw: bytes) -> Answer | None:
    """An answer, None if it is not a successful one in DER (RFC 6960, 4.2.1)."""
    try:
        (outer,) = der.elements(raw)
        status, (wrapper, *_) = outer.parts[0], outer.parts[1].parts
        kind, body = wrapper.parts
        if outer.tag != 0x30 or status.content != b"\0" or kind.content != _BASIC:
            return None
        (basic,) = der.elements(body.content)
        data, _, _, *more = basic.parts
        parts = [one for one in data.parts if one.tag != 0xA0]
        return Answer(
            raw=raw,
            produced=_time(parts[1]),
            responder=(parts[0].tag, parts[0].parts[0].whole),
            certificates=tuple(one.whole for one in (more[0].parts[0].parts if more else ())),
            singles=tuple(_single(one, _critical(parts[3:])) for one in parts[2].parts),
        )
    except (ValueError, IndexError):
        return None


def _single(one: der.Element, critical: bool) -> Single:
    certificate, status, issued, *more = one.parts
    algorithm, name, key, serial = certificate.parts
    until = next((_time(part.parts[0]) for part in more if part.tag == 0xA0), None)
    word = {0x80: "good", 0xA1: "revoked"}.get(status.tag, "unknown")
    when, code = None, None
    if word == "revoked":
        when, *given = status.parts
        code = given[0].parts[0].content[-1] if given else None
    return Single(
        hash_name=_HASHES.get(algorithm.parts[0].content.hex()),
        issuer_name=name.content,
        issuer_key=key.content,
        serial=int.from_bytes(serial.content, "big", signed=True),
        status=word,
        revoked_at=None if when is None else _time(when),
        reason=None if code is None else _REASONS.get(code),
        issued=_time(issued),
        until=until,
        critical=critical or _critical(part for part in more if part.tag == 0xA1),
    )


def _critical(wrapped: Iterable[der.Element]) -> bool:
    """Whether one of the extensions in `[1]` is critical."""
    return any(
        extension.parts[1].whole == b"\x01\x01\xff"
        for one in wrapped
        for extension in one.parts[0].parts
    )


def _time(element: der.Element) -> datetime:
    text = element.content.decode("ascii")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def about(
    certificate: x509.Certificate, issuers: Sequence[x509.Certificate], answers: Iterable[Answer]
) -> Iterator[tuple[Single, bool]]:
    """What signed answers say of a certificate, and whether their responder vouches for himself.

    He does if he is the issuer, or if his certificate says that it need not be checked
    (id-pkix-ocsp-nocheck): else it may itself be revoked, and nobody here could tell.
    """
    for answer in answers:
        for single in answer.singles:
            if single.serial != certificate.serial_number:
                continue
            for issuer in issuers:
                if _speaks_of(single, issuer) and stamp.answer_signed(
                    answer.raw,
                    issuer.public_bytes(serialization.Encoding.PEM),
                    int(answer.produced.timestamp()),
                ):
                    yield single, _vouched(answer, issuer)
                    break


def _speaks_of(single: Single, issuer: x509.Certificate) -> bool:
    if single.hash_name is None:
        return False
    name, key = issuer.subject.public_bytes(), _key(issuer.public_bytes(_DER))
    return (
        hashlib.new(single.hash_name, name, usedforsecurity=False).digest() == single.issuer_name
        and hashlib.new(single.hash_name, key, usedforsecurity=False).digest() == single.issuer_key
    )


def _body(certificate: bytes) -> list[der.Element]:
    """Fields of a certificate without its version: serial number, algorithm, issuer …"""
    parts = der.elements(certificate)[0].parts[0].parts
    return [one for one in parts if one.tag != 0xA0]


def _key(certificate: bytes) -> bytes:
    """Bits of its public key."""
    return _body(certificate)[5].parts[1].content[1:]


def _vouched(answer: Answer, issuer: x509.Certificate) -> bool:
    if _named(answer, issuer.public_bytes(_DER)):
        return True
    responders = [one for one in answer.certificates if _named(answer, one)]
    return bool(responders) and all(_no_check(one) for one in responders)


def _named(answer: Answer, certificate: bytes) -> bool:
    """Whether an answer's ResponderID is this certificate's name or key."""
    tag, said = answer.responder
    try:
        if tag == 0xA1:
            return said == _body(certificate)[4].whole
        key = hashlib.sha1(_key(certificate), usedforsecurity=False)
    except (ValueError, IndexError):
        return False  # not a certificate
    return said[2:] == key.digest()


def _no_check(certificate: bytes) -> bool:
    try:
        return any(
            extension.parts[0].content == _NO_CHECK
            for one in _body(certificate)
            if one.tag == 0xA3
            for extension in one.parts[0].parts
        )
    except (ValueError, IndexError):
        return False


def responder(certificate: x509.Certificate) -> str | None:
    """Address of the first responder that a certificate names over http or https."""
    try:
        named = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except (x509.ExtensionNotFound, ValueError):
        return None
    for one in named.value:
        location = one.access_location
        if one.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
            location, x509.UniformResourceIdentifier
        ):
            address: str = location.value
            if address.startswith(("http://", "https://")):
                return address
    return None


def ask_for(
    chain: tsa_chain.Chain,
    stored: Sequence[x509.Certificate],
    issued: Callable[[x509.Certificate, x509.Certificate], bool],
) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """Ask the responders that a chain's certificates name; answers, and why others are not there.

    Args:
        chain: of a token's signer.
        stored: certificates among which issuers are looked for.
        issued: whether the first certificate is issued by the second.
    """
    answers: list[bytes] = []
    faults: list[str] = []
    for one in chain.certificates:
        address = responder(one)
        issuer = next((c for c in stored if issued(one, c)), None)
        if one.issuer == one.subject or address is None:
            continue
        if issuer is None:
            faults.append(f"{tsa_chain.name(one)}: expected its issuer's certificate, found none")
            continue
        try:
            answers.append(fetch(address, one, issuer))
        except IncompleteError as error:
            faults.append(f"{tsa_chain.name(one)}: {error.message}")
    return tuple(answers), tuple(faults)


def fetch(address: str, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """A responder's answer about one certificate (RFC 6960, appendix A: HTTP POST).

    Raises:
        IncompleteError: none, or no successful one.
    """
    # SHA-1 as an identifier of the issuer: the one hash that every responder knows (RFC 5019).
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    asked = urllib.request.Request(  # noqa: S310 # http or https only, see `responder`
        address,
        data=builder.build().public_bytes(_DER),
        headers={"Content-Type": "application/ocsp-request"},
    )
    try:
        with urllib.request.urlopen(asked, timeout=_TIMEOUT) as answer:  # noqa: S310
            body = bytes(answer.read(_LIMIT + 1))
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise IncompleteError(f"{address}: expected an OCSP answer, found: {error}") from error
    if len(body) > _LIMIT or parse(body) is None:
        raise IncompleteError(
            f"{address}: expected a successful OCSP answer, found {len(body)} bytes of another kind"
        )
    return body
