"""Step 7: CloudTrail digests, public keys and log files as they are stored.

Ledgers are read leniently: the manifest check has already said whether they are as recorded.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import json
import re
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ALGORITHM = "SHA256withRSA"
LIMIT = 1 << 26
HEAD = 4096  # bytes that tell what a file is
BLOCK = 1 << 16
GZIP = b"\x1f\x8b"
KEY = re.compile(
    r"(?:.*/)?AWSLogs/(?:(o-[a-z0-9]+)/)?([0-9]{12})/CloudTrail-Digest/.*/"
    r"[0-9]{12}_CloudTrail-Digest_([a-z0-9-]+)_(.+)_([a-z0-9-]+)_[0-9]{8}T[0-9]{6}Z"
    r"(_backfill)?\.json\.gz"
)
LOG = re.compile(
    r"([0-9]{12})_CloudTrail_([a-z0-9-]+)_([0-9]{8}T[0-9]{4})Z_[A-Za-z0-9]+\.json(?:\.gz)?"
)
REQUIRED = (
    "digestPublicKeyFingerprint",
    "digestS3Bucket",
    "digestS3Object",
    "digestStartTime",
    "digestEndTime",
    "logFiles",
)


NOT_A_DIGEST = (
    KeyError, TypeError, AttributeError, RecursionError, json.JSONDecodeError, UnicodeDecodeError,
)  # fmt: skip


class Unreadable(ValueError):
    """Not a digest: what was expected, what was found."""


def held_files(folder: Path, at: str) -> Iterator[dict[str, Any]]:
    """Stored files of an acquisition, from its files.jsonl."""
    ledger = folder / "files.jsonl"
    if not ledger.is_file():
        return
    with ledger.open("rb") as lines:
        yield from _held(folder, at, lines)


def _held(folder: Path, at: str, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for raw in lines:
        try:
            line = json.loads(raw)
            stored, uid, metadata = str(line["stored"]), line["item"], line["metadata"]
            name = line["name"] if "name" in line else base64.b64decode(line["name_b64"])
        except (ValueError, KeyError, TypeError):
            continue
        place = folder / stored
        fits = re.fullmatch(r"files/[0-9]{8,}-[A-Za-z0-9._-]+", stored)
        if fits and place.is_file() and not place.is_symlink():
            name = name.decode("latin-1") if isinstance(name, bytes) else str(name)
            yield {
                "metadata": metadata if isinstance(metadata, dict) else {},
                "name": name,
                "base": re.split(r"[/\\]", name)[-1],
                "path": at + stored,
                "place": place,
                "source": str(line.get("source")),
                "uid": str(uid),
            }


def answers(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Bodies of request and successful answer of the exchanges in a WARC file."""
    request = b""
    for record in records(path):
        head, _, block = record.partition(b"\r\n\r\n")
        length = re.search(rb"\r\nContent-Length: ([0-9]+)(?:\r\n|$)", head)
        whole = length is not None and len(block) == int(length.group(1)) + 4
        if not head.startswith(b"WARC/1.1\r\n") or not whole:
            return
        http, _, body = block[: -len(b"\r\n\r\n")].partition(b"\r\n\r\n")
        if b"WARC-Type: request" in head:
            request = body
        elif b"WARC-Type: response" in head and http.split(b" ")[1:2] == [b"200"]:
            yield request, body


def records(path: Path) -> Iterator[bytes]:
    """Whole records (gzip members) up to the first that is damaged; those over LIMIT are left out.

    Read in blocks: of the file no more than one record is held.
    """
    if not path.is_file():
        return
    parts: list[bytes] = []
    inflater, size, raw, more = zlib.decompressobj(31), 0, b"", False
    with path.open("rb") as file:
        while more or raw or (raw := file.read(BLOCK)):
            try:
                part = inflater.decompress(raw, BLOCK)
            except zlib.error:
                return
            size += len(part)
            parts.append(part)
            if size > LIMIT:
                parts.clear()
            raw = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            more = len(part) == BLOCK and not inflater.eof
            if inflater.eof:
                if size <= LIMIT:
                    yield b"".join(parts)
                inflater, parts, size = zlib.decompressobj(31), [], 0


def start_of(held: dict[str, Any]) -> bytes:
    """First bytes of a file or of a member of an archive, inflated if they are gzip."""
    if "head" in held:
        return bytes(held["head"])
    with held["place"].open("rb") as stream:
        return head_of(stream.read(HEAD))


def head_of(raw: bytes) -> bytes:
    """First bytes, inflated if they are gzip."""
    if not raw.startswith(GZIP):
        return raw
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw, HEAD)
    except zlib.error:
        return b""


def bytes_of(held: dict[str, Any]) -> bytes:
    """All bytes of a file or of a member of an archive."""
    return bytes(held["body"] if "body" in held else held["place"].read_bytes())


def inflated(raw: bytes) -> bytes:
    """Content of a digest: exactly one gzip member, or a file received inflated."""
    if not raw.startswith(GZIP):
        return raw
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = inflater.decompress(raw, LIMIT)
    except zlib.error as error:
        raise Unreadable("one gzip member", "damaged") from error
    if inflater.unused_data:
        raise Unreadable("one gzip member", "bytes after it")
    if not inflater.eof:
        raise Unreadable("one gzip member", "cut off")
    return content


def content_digest(held: dict[str, Any]) -> tuple[str, str]:
    """SHA-256 of a log file's inflated content, and what its container is."""
    if held.get("content") is not None:
        actual, container = held["content"]
        return str(actual), str(container)
    with held["place"].open("rb") as stream:
        return stream_digest(stream, stream.read(BLOCK))


def stream_digest(stream: Any, raw: bytes) -> tuple[str, str]:  # noqa: ANN401
    """The same for a stream of which `raw` has been read."""
    inflater, hashed = zlib.decompressobj(zlib.MAX_WBITS | 16), hashlib.sha256()
    if not raw.startswith(GZIP):
        while raw:
            hashed.update(raw)
            raw = stream.read(BLOCK)
        return hashed.hexdigest(), "plain"
    try:
        while raw and not inflater.eof:
            hashed.update(inflater.decompress(raw, 1 << 20))
            raw = inflater.unconsumed_tail or (b"" if inflater.eof else stream.read(BLOCK))
    except zlib.error:
        return hashed.hexdigest(), "cut off"
    if not inflater.eof:
        return hashed.hexdigest(), "cut off"
    return hashed.hexdigest(), "trailing" if inflater.unused_data or stream.read(1) else "gzip"


def seconds(value: object) -> int:
    """Seconds since 1970 of a time as digests give it."""
    try:
        return calendar.timegm(time.strptime(str(value), "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError as error:
        raise Unreadable("a time in UTC", str(value)[:40]) from error


def shown(at: float) -> str:
    """A time as reports print it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def read_digest(held: dict[str, Any]) -> dict[str, Any]:
    """A digest with what the checks need; Unreadable if it is not one."""
    content = inflated(bytes_of(held))
    try:
        value = json.loads(content)
        missing = [name for name in REQUIRED if name not in value]
        if missing:
            raise Unreadable("fields of a digest", f"{', '.join(missing)} missing")
        key, metadata = str(value["digestS3Object"]), held["metadata"]
        algorithms = {
            str(value.get("digestSignatureAlgorithm", ALGORITHM)),
            str(metadata.get("signature-algorithm", ALGORITHM)),
        } - {ALGORITHM}
        digest = {
            "held": held,
            "bucket": str(value["digestS3Bucket"]),
            "key": key,
            "start": seconds(value["digestStartTime"]),
            "end": seconds(value["digestEndTime"]),
            "sha256": hashlib.sha256(content).hexdigest(),
            "fingerprint": str(value["digestPublicKeyFingerprint"]),
            "algorithm": ", ".join(sorted(algorithms)) or ALGORITHM,
            "signature": metadata.get("signature"),
            "logs": [
                (str(log["s3Bucket"]), str(log["s3Object"]), str(log["hashValue"]))
                for log in value["logFiles"] or ()
            ],
        }
        for name in ("S3Object", "HashValue", "Signature"):
            stated = value.get(f"previousDigest{name}")
            digest[f"previous{name}"] = None if stated is None else str(stated)
    except NOT_A_DIGEST as error:
        raise Unreadable("a digest in JSON", "something else") from error
    found = KEY.fullmatch(key)
    if found is None:
        raise Unreadable("the object key of a digest", key[:200])
    organization, account, region, trail, home, backfill = found.groups()
    owner = f"{organization}/{account}" if organization else account
    kind = "backfill" if backfill else "standard"
    digest["chain"] = f"{owner} {region} {trail} ({home}, {kind})"
    digest["account"], digest["region"], digest["trail"] = account, region, trail
    digest["standard"], digest["home"] = not backfill, home
    needed = ["signature-algorithm"] + ["backfill-generation-timestamp"] * bool(backfill)
    digest["lost"] = [name for name in needed if name not in held["metadata"]]
    return digest


def archived_keys(
    files: list[dict[str, Any]], exchanges: list[tuple[bytes, bytes]]
) -> dict[str, bytes]:
    """PKCS#1 DER of every archived key by its recomputed fingerprint (MD5: an identifier only)."""
    bodies = [body for _, body in exchanges if b'"PublicKeyList"' in body]
    bodies += [bytes_of(held) for held in files if b'"PublicKeyList"' in start_of(held)]
    keys = {}
    for body in bodies:
        try:
            for key in json.loads(body)["PublicKeyList"]:
                der = base64.b64decode(key["Value"], validate=True)
                keys[hashlib.md5(der, usedforsecurity=False).hexdigest()] = der
        except (ValueError, KeyError, TypeError):
            continue
    return keys


def deliveries(exchanges: list[tuple[bytes, bytes]]) -> dict[str, float]:
    """Trail name -> when its newest digest was delivered, as GetTrailStatus answered."""
    found = {}
    for request, body in exchanges:
        if b'"LatestDigestDeliveryTime"' in body:
            try:
                name = str(json.loads(request)["Name"]).rpartition("/")[2]
                found[name] = float(json.loads(body)["LatestDigestDeliveryTime"])
            except (ValueError, KeyError, TypeError):
                continue
    return found
