"""CloudTrail digest files: read them, and check the signature of each, offline, any year later.

Signing string: digestEndTime LF bucket/key LF hex SHA-256 of the inflated digest LF
previousDigestSignature or "null"; bucket and key as the digest states them; RSA PKCS#1 v1.5 with
SHA-256. The signature is in the user metadata of the digest object, and, for all but the newest,
in its successor. Keys are base64 PKCS#1 DER; a fingerprint is the MD5 of the DER, an identifier.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html
"""

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from collector.verify.holdings import Answer, Held

ALGORITHM = "SHA256withRSA"
#: A digest lists the log files of one hour; one that inflates beyond this is not read.
LIMIT = 1 << 26
#: Bytes that are looked at to tell what a file is.
HEAD = 4096

_KEY = re.compile(
    r"(?:.*/)?AWSLogs/(?:(o-[a-z0-9]+)/)?([0-9]{12})/CloudTrail-Digest/.*/"
    r"[0-9]{12}_CloudTrail-Digest_([a-z0-9-]+)_(.+)_([a-z0-9-]+)_[0-9]{8}T[0-9]{6}Z"
    r"(_backfill)?\.json\.gz"
)
_KEYS = b'"PublicKeyList"'
_DELIVERED = b'"LatestDigestDeliveryTime"'
_REQUIRED = (
    "digestPublicKeyFingerprint",
    "digestS3Bucket",
    "digestS3Object",
    "digestStartTime",
    "digestEndTime",
    "logFiles",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What one chain of digests belongs to; the bucket may change along it."""

    organization: str
    account: str
    region: str
    trail: str
    home_region: str
    backfill: bool

    def __str__(self) -> str:
        """As reports print it."""
        kind = "backfill" if self.backfill else "standard"
        owner = f"{self.organization}/{self.account}" if self.organization else self.account
        return f"{owner} {self.region} {self.trail} ({self.home_region}, {kind})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """One log file that a digest lists: its object, and the SHA-256 of its inflated content."""

    bucket: str
    key: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One digest as stored.

    Attributes:
        held: the stored file.
        chain: what it belongs to.
        bucket, key: of the object, as the digest itself states them.
        start, end: the period that it covers, by delivery of the log files.
        sha256: of the inflated digest, hex.
        fingerprint: of the signing key.
        algorithm: of the signature, as the digest and its metadata state it.
        signature: hex, from the object's metadata; None where a hand-over lost it.
        previous_key: object of the digest before; None at a chain start.
        previous_sha256, previous_signature: as stated of the digest before.
        logs: what it lists.
    """

    held: Held
    chain: Chain
    bucket: str
    key: str
    start: datetime
    end: datetime
    sha256: str
    fingerprint: str
    algorithm: str
    signature: str | None
    previous_key: str | None
    previous_sha256: str | None
    previous_signature: str | None
    logs: tuple[LogFile, ...]


_NOT_A_DIGEST = (
    KeyError, TypeError, AttributeError, RecursionError, json.JSONDecodeError, UnicodeDecodeError,
)  # fmt: skip


class DigestError(ValueError):
    """A file that should be a digest and is not: expected, found."""


def looks_like_digest(held: Held) -> bool:
    """By its name, or, where a hand-over renamed it, by its first bytes."""
    return is_digest(held.name, _head(held))


def concerns(name: str, head: bytes) -> bool:
    """Whether a file is a digest or holds public keys, by its name and inflated first bytes."""
    return is_digest(name, head) or _KEYS in head


def answer_concerns(answer: Answer) -> bool:
    """Whether an API answer holds public keys, or tells when the newest digest was delivered."""
    return any(mark in answer.response for mark in (_KEYS, _DELIVERED))


def is_digest(name: str, head: bytes) -> bool:
    """The same for a name and inflated first bytes."""
    return "CloudTrail-Digest" in name or b'"digestStartTime"' in head


def read(held: Held) -> Digest:
    """A digest from its stored file.

    Raises:
        DigestError: not exactly one gzip member, not JSON, a field missing or of another form.
    """
    content = _inflated(held.place.read_bytes() if held.inside is None else held.inside.body)
    try:
        value = json.loads(content)
        missing = [name for name in _REQUIRED if name not in value]
        if missing:
            raise DigestError(f"fields of a digest|{', '.join(missing)} missing")
        key = str(value["digestS3Object"])
        stated = {value.get("digestSignatureAlgorithm", ALGORITHM)}
        stated |= {held.metadata.get("signature-algorithm", ALGORITHM)}
        return Digest(
            held=held,
            chain=_chain(key),
            bucket=str(value["digestS3Bucket"]),
            key=key,
            start=_time(value["digestStartTime"]),
            end=_time(value["digestEndTime"]),
            sha256=hashlib.sha256(content).hexdigest(),
            fingerprint=str(value["digestPublicKeyFingerprint"]),
            algorithm=", ".join(sorted(str(one) for one in stated - {ALGORITHM})) or ALGORITHM,
            signature=held.metadata.get("signature"),
            previous_key=_text(value, "previousDigestS3Object"),
            previous_sha256=_text(value, "previousDigestHashValue"),
            previous_signature=_text(value, "previousDigestSignature"),
            logs=tuple(
                LogFile(
                    bucket=str(log["s3Bucket"]),
                    key=str(log["s3Object"]),
                    sha256=str(log["hashValue"]),
                )
                for log in value["logFiles"] or ()
            ),
        )
    except _NOT_A_DIGEST as error:
        raise DigestError("a digest in JSON|something else") from error


def signature_fault(
    digest: Digest, signature: str | None, keys: Mapping[str, RSAPublicKey]
) -> tuple[str, str, str] | None:
    """What keeps the digest's signature from being valid: (check, expected, found), None if valid.

    `provider-digest` says that it is wrong, the others that it could not be checked.
    """
    moved = digest.held.source.startswith("s3://")
    location = f"s3://{digest.bucket}/{digest.key}"
    if moved and digest.held.source != location:
        return "provider-digest", location, f"at {digest.held.source}"
    needed = ["signature-algorithm"] + ["backfill-generation-timestamp"] * digest.chain.backfill
    lost = [name for name in needed if name not in digest.held.metadata]
    if digest.signature is not None and lost:
        return "provider-metadata", ", ".join(lost), "not in the metadata, where the signature is"
    if digest.algorithm != ALGORITHM:
        return "provider-digest", ALGORITHM, digest.algorithm
    if digest.fingerprint not in keys:
        return "provider-key", f"public key {digest.fingerprint}", "not archived"
    if signature is None:
        found = "not in the metadata, and no later digest carries it"
        return "provider-signature", "its signature", found
    message = "\n".join(
        (
            digest.end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            f"{digest.bucket}/{digest.key}",
            digest.sha256,
            digest.previous_signature or "null",
        )
    )
    try:
        keys[digest.fingerprint].verify(
            binascii.unhexlify(signature), message.encode(), PKCS1v15(), SHA256()
        )
    except (InvalidSignature, ValueError):
        return "provider-digest", f"signature under key {digest.fingerprint}", "not valid"
    return None


def public_keys(files: Iterable[Held], answers: Iterable[Answer]) -> dict[str, RSAPublicKey]:
    """Archived keys by recomputed fingerprint: from API answers, and from files handed over."""
    found: dict[str, RSAPublicKey] = {}
    bodies = [answer.response for answer in answers if _KEYS in answer.response]
    bodies += [
        held.place.read_bytes() if held.inside is None else held.inside.body
        for held in files
        if _KEYS in _head(held)
    ]
    for body in bodies:
        for der in _keys(body):
            try:
                # PKCS#1 DER, wrapped by cryptography's loader for both forms.
                key = load_der_public_key(der)
            except ValueError:
                continue
            if isinstance(key, RSAPublicKey):
                # MD5 as the provider's identifier of the key, recomputed; nothing rests on it.
                found[hashlib.md5(der, usedforsecurity=False).hexdigest()] = key
    return found


def _keys(body: bytes) -> Iterator[bytes]:
    try:
        listed = json.loads(body)["PublicKeyList"]
        for key in listed:
            yield base64.b64decode(key["Value"], validate=True)
    except (ValueError, KeyError, TypeError):
        return


def latest_delivery(answers: Iterable[Answer]) -> dict[str, datetime]:
    """Trail name -> when its newest digest was delivered, as GetTrailStatus answered."""
    found: dict[str, datetime] = {}
    for answer in answers:
        if _DELIVERED not in answer.response:
            continue
        try:
            name = str(json.loads(answer.request)["Name"]).rpartition("/")[2]
            seconds = float(json.loads(answer.response)["LatestDigestDeliveryTime"])
            found[name] = datetime.fromtimestamp(seconds, UTC)
        except (ValueError, KeyError, TypeError, OverflowError):
            continue
    return found


def content_digest(held: Held) -> tuple[str, str]:
    """SHA-256 of what CloudTrail signs of a log file (its inflated content), and the container."""
    if held.inside is not None and held.inside.content is not None:
        return held.inside.content
    with held.place.open("rb") as stream:
        return stream_digest(lambda: stream.read(1 << 16), stream.read(1 << 16))


def stream_digest(more: Callable[[], bytes], block: bytes) -> tuple[str, str]:
    """The same for a first block and a function that reads the next one, empty at the end.

    The container is `gzip`, `plain` (received inflated), `trailing` (bytes after the one gzip
    member) or `cut off`. Constant memory.
    """
    hashed = hashlib.sha256()
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    if not block.startswith(b"\x1f\x8b"):
        while block:
            hashed.update(block)
            block = more()
        return hashed.hexdigest(), "plain"
    try:
        while block and not inflater.eof:
            hashed.update(inflater.decompress(block, 1 << 20))
            while inflater.unconsumed_tail:
                hashed.update(inflater.decompress(inflater.unconsumed_tail, 1 << 20))
            block = more()
    except zlib.error:
        return hashed.hexdigest(), "cut off"
    if not inflater.eof:
        return hashed.hexdigest(), "cut off"
    return hashed.hexdigest(), "trailing" if inflater.unused_data or block else "gzip"


def _head(held: Held) -> bytes:
    """The first bytes of a file, inflated if it is gzip."""
    if held.inside is not None:
        return held.inside.head
    with held.place.open("rb") as stream:
        return inflated_head(stream.read(HEAD))


def inflated_head(raw: bytes) -> bytes:
    """First bytes, inflated if they are gzip."""
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw, HEAD)
    except zlib.error:
        return b""


def _inflated(raw: bytes) -> bytes:
    if not raw.startswith(b"\x1f\x8b"):
        return raw  # received inflated: what is signed is the inflated content
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = inflater.decompress(raw, LIMIT)
    except zlib.error as error:
        raise DigestError("one gzip member|damaged") from error
    if inflater.unused_data:
        raise DigestError("one gzip member|bytes after it")
    if not inflater.eof:
        raise DigestError("one gzip member|cut off")
    return content


def _chain(key: str) -> Chain:
    found = _KEY.fullmatch(key)
    if found is None:
        raise DigestError("the object key of a digest|" + key[:200])
    organization, account, region, trail, home_region, backfill = found.groups()
    return Chain(
        organization=organization or "",
        account=account,
        region=region,
        trail=trail,
        home_region=home_region,
        backfill=backfill is not None,
    )


def _time(value: object) -> datetime:
    try:
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise DigestError(f"a time in UTC|{str(value)[:40]}") from error


def _text(value: Mapping[str, Any], name: str) -> str | None:
    found = value.get(name)
    return None if found is None else str(found)
