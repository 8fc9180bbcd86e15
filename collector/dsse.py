"""DSSE envelopes (in-toto attestation spec v1, envelope.md): one payload, one Ed25519 signature.

The signature covers the pre-authentication encoding, so neither the payload's type nor its length
can be changed under it. Security rests on the payload's raw bytes, never on a JSON spelling.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from collector import canonical

IN_TOTO = "application/vnd.in-toto+json"


class EnvelopeError(ValueError):
    """Bytes that are not an envelope of this format: expected and found, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One signed payload.

    Attributes:
        raw: bytes of the file, line feed included: what a timestamp token covers.
        payload_type: media type, part of what is signed.
        payload: bytes that are signed.
        keyid: hex SHA-256 of the signer's DER SubjectPublicKeyInfo.
        signature: 64 bytes.
    """

    raw: bytes
    payload_type: str
    payload: bytes
    keyid: str
    signature: bytes

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the file: what the next seal and the token cite."""
        return hashlib.sha256(self.raw).hexdigest()


def pae(payload_type: str, payload: bytes) -> bytes:
    """Pre-authentication encoding: `DSSEv1 SP len(type) SP type SP len(body) SP body`."""
    kind = payload_type.encode()
    return b" ".join(
        (b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload)
    )


def public_der(key: Ed25519PublicKey) -> bytes:
    """The 44 bytes of the DER SubjectPublicKeyInfo."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public_key(der: bytes) -> Ed25519PublicKey:
    """An Ed25519 key from its DER SubjectPublicKeyInfo.

    Raises:
        EnvelopeError: another kind of key, or no key.
    """
    try:
        key = load_der_public_key(der)
    except ValueError as error:
        raise EnvelopeError(f"expected an Ed25519 public key, found: {error}") from error
    if not isinstance(key, Ed25519PublicKey) or public_der(key) != der:
        raise EnvelopeError("expected an Ed25519 public key in DER, found another key")
    return key


def keyid(key: Ed25519PublicKey) -> str:
    """Fingerprint: hex SHA-256 of the DER SubjectPublicKeyInfo."""
    return hashlib.sha256(public_der(key)).hexdigest()


def sign(payload_type: str, payload: bytes, key: Ed25519PrivateKey) -> Envelope:
    """An envelope over the payload. Ed25519 is deterministic: same input, same bytes."""
    signature = key.sign(pae(payload_type, payload))
    signer = keyid(key.public_key())
    raw = canonical.line(
        {
            "payload": base64.b64encode(payload).decode("ascii"),
            "payloadType": payload_type,
            "signatures": [{"keyid": signer, "sig": base64.b64encode(signature).decode("ascii")}],
        }
    )
    return Envelope(
        raw=raw, payload_type=payload_type, payload=payload, keyid=signer, signature=signature
    )


def parse(raw: bytes) -> Envelope:
    """An envelope from the bytes of its file; the signature is not checked here.

    Raises:
        EnvelopeError: not one canonical line with a payload and exactly one signature.
    """
    if not raw.endswith(canonical.LF):
        raise EnvelopeError("expected one line with its line feed")
    try:
        value = canonical.decode(raw[:-1])
    except canonical.CanonicalError as error:
        raise EnvelopeError(str(error)) from error
    signatures = value.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise EnvelopeError("expected exactly one signature")
    only = signatures[0] if isinstance(signatures[0], dict) else {}
    return Envelope(
        raw=raw,
        payload_type=_text(value, "payloadType"),
        payload=decode64(value.get("payload")),
        keyid=_text(only, "keyid"),
        signature=decode64(only.get("sig")),
    )


def verified(envelope: Envelope, key: Ed25519PublicKey) -> bool:
    """Whether the signature is the key's over this payload and type."""
    return verified_bytes(pae(envelope.payload_type, envelope.payload), envelope.signature, key)


def verified_bytes(message: bytes, signature: bytes, key: Ed25519PublicKey) -> bool:
    """Whether `signature` is the key's over `message`."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def decode64(text: object) -> bytes:
    """Strict standard base64.

    Raises:
        EnvelopeError: not text, or not base64.
    """
    if not isinstance(text, str):
        raise EnvelopeError(f"expected base64, found {type(text).__name__}")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnvelopeError(f"expected base64, found: {error}") from error


def _text(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise EnvelopeError(f"expected {name} to be text, found {type(found).__name__}")
    return found
