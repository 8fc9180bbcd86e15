"""The tool key: an Ed25519 key that seals, one a person and machine, kept outside every case.

It says "this tool, in this person's hands, made this seal". It is nobody's signature on an exhibit
or a certificate (R-139). The private key lies in the user's configuration folder, mode 0600,
encrypted under a passphrase (PKCS#8, scrypt by the cryptography library's best choice); the case
gets the public key in a key.add entry.
"""

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from collector import dsse, durable, identity
from collector.errors import UsageError

#: Shortest passphrase that `key new` takes.
SHORTEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolKey:
    """One key of the user: its fingerprint and its two files (public.pem, private.pem)."""

    keyid: str
    folder: Path

    @property
    def public_der(self) -> bytes:
        """44 bytes of DER SubjectPublicKeyInfo."""
        key = load_pem_public_key((self.folder / "public.pem").read_bytes())
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def folder() -> Path:
    """Where the user's keys lie, one folder a fingerprint."""
    return identity.config_folder() / "keys"


def new(passphrase: str) -> ToolKey:
    """Make a key.

    Raises:
        UsageError: the passphrase is too short.
    """
    if len(passphrase) < SHORTEST:
        raise UsageError(
            f"expected a passphrase of {SHORTEST} characters or more, found {len(passphrase)}."
        )
    return _store(Ed25519PrivateKey.generate(), passphrase)


def _store(key: Ed25519PrivateKey, passphrase: str) -> ToolKey:
    keyid = dsse.keyid(key.public_key())
    place = folder() / keyid
    place.mkdir(mode=0o700, parents=True)
    private = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
    )
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write_private(place / "private.pem", private)
    durable.write_once(place / "public.pem", public)
    return ToolKey(keyid=keyid, folder=place)


def _write_private(path: Path, data: bytes) -> None:
    """0600 from the first byte: never readable by others, not even for an instant."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | durable.BINARY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        durable.flush(file.fileno())
    durable.flush_folder(path.parent)


def every() -> tuple[ToolKey, ...]:
    """The user's keys, by fingerprint; a folder without both files is not a key."""
    base = folder()
    if not base.is_dir():
        return ()
    return tuple(
        ToolKey(keyid=place.name, folder=place)
        for place in sorted(base.iterdir())
        if (place / "private.pem").is_file() and (place / "public.pem").is_file()
    )


def choose(fingerprint: str | None) -> ToolKey:
    """The key of this fingerprint (or the beginning of one); without one, the only key there is.

    Raises:
        UsageError: none, or more than one.
    """
    found = [one for one in every() if one.keyid.startswith((fingerprint or "").lower())]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"{folder()}: expected a tool key{f' {fingerprint}…' if fingerprint else ''}, found "
            "none. `butfor key new` makes one."
        )
    names = ", ".join(one.keyid[:16] for one in found)
    raise UsageError(f"expected one tool key, found {names}. Choose with --with-key.")


def unlock(key: ToolKey, passphrase: str) -> Ed25519PrivateKey:
    """The private key.

    Raises:
        UsageError: another passphrase, or a file that is no Ed25519 key of this fingerprint.
    """
    path = key.folder / "private.pem"
    try:
        private = load_pem_private_key(path.read_bytes(), passphrase.encode())
    except ValueError as error:
        raise UsageError(f"{path}: expected its passphrase, found another: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise UsageError(f"{path}: expected an Ed25519 key, found another kind.")
    if dsse.keyid(private.public_key()) != key.keyid:
        raise UsageError(f"{path}: expected key {key.keyid}, found another key.")
    return private


def key_add(public_der: bytes, previous: Ed25519PrivateKey | None) -> dict[str, str | None]:
    """`data` of a key.add entry; `previous` signs the new key's DER, None for the first."""
    signed = base64.b64encode(previous.sign(public_der)).decode("ascii") if previous else None
    return {
        "keyid": dsse.keyid(dsse.public_key(public_der)),
        "public_key": base64.b64encode(public_der).decode("ascii"),
        "signed_by_previous": signed,
    }
