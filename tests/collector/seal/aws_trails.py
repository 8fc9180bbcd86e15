"""A trail of our own: log files, hourly digests signed with a key made here, served or held.

The same objects go to the product (as an acquisition) and to `aws cloudtrail validate-logs` (from a
local server), so that both judge the same bytes.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from collector import warc
from tests.collector.seal import build

ACCOUNT, REGION, TRAIL, BUCKET = "111111111111", "us-east-1", "audit_trail", "trail-bucket"
START = datetime(2026, 1, 2, 3, 0, 0, tzinfo=UTC)
HOURS = 5
AT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Stored:
    """One object: bytes and user metadata."""

    body: bytes
    metadata: Mapping[str, str] = field(default_factory=dict)


Objects = dict[str, Stored]


@cache
def key(number: int = 0) -> RSAPrivateKey:
    """A signing key; number 0 is the trail's own, others are somebody else's."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def public(number: int = 0) -> tuple[str, bytes]:
    """Fingerprint and PKCS#1 DER."""
    der = key(number).public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return hashlib.md5(der, usedforsecurity=False).hexdigest(), der


def public_keys(*numbers: int) -> bytes:
    """An answer of ListPublicKeys."""
    listed = [
        {"Fingerprint": public(n)[0], "Value": base64.b64encode(public(n)[1]).decode()}
        for n in numbers or (0,)
    ]
    return json.dumps({"PublicKeyList": listed}).encode()


def log_key(hour: int, number: int) -> str:
    """Object key of a log file delivered in an hour of the trail."""
    at = START + timedelta(hours=hour, minutes=20 + number)
    name = f"{ACCOUNT}_CloudTrail_{REGION}_{at:%Y%m%dT%H%M}Z_Abc{hour}{number}xyz.json.gz"
    return f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{at:%Y/%m/%d}/{name}"


def digest_key(hour: int, suffix: str = "") -> str:
    """Object key of the digest that ends with an hour of the trail."""
    at = START + timedelta(hours=hour + 1)
    name = f"{ACCOUNT}_CloudTrail-Digest_{REGION}_{TRAIL}_{REGION}_{at:%Y%m%dT%H%M%S}Z{suffix}"
    return f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/{at:%Y/%m/%d}/{name}.json.gz"


def sign(digest: Mapping[str, Any], *, number: int = 0, sha1: bool = False) -> Stored:
    """The object of a digest, with its signature in the user metadata."""
    content = json.dumps(digest).encode()
    message = "\n".join(
        (
            digest["digestEndTime"],
            f"{digest['digestS3Bucket']}/{digest['digestS3Object']}",
            hashlib.sha256(content).hexdigest(),
            digest["previousDigestSignature"] or "null",
        )
    ).encode()
    backfill = "_backfill" in digest["digestS3Object"]
    generated = {"backfill-generation-timestamp": digest["digestEndTime"]} if backfill else {}
    signature = key(number).sign(message, PKCS1v15(), SHA1() if sha1 else SHA256())
    return Stored(
        gzip.compress(content, mtime=0),
        {
            "signature": signature.hex(),
            "signature-algorithm": "SHA1withRSA" if sha1 else "SHA256withRSA",
            **generated,
        },
    )


def content(stored: Stored) -> dict[str, Any]:
    """A digest's JSON."""
    return dict(json.loads(gzip.decompress(stored.body)))


def trail(*, restart_at: int | None = None, number: int = 0) -> Objects:
    """HOURS hours: two log files and a digest each; `restart_at`: validation turned on again."""
    objects: Objects = {}
    previous: str | None = None
    for hour in range(HOURS):
        logs = []
        for n in range(2):
            body = json.dumps({"Records": [{"eventID": f"{hour}-{n}"}]}).encode()
            objects[log_key(hour, n)] = Stored(gzip.compress(body, mtime=0))
            logs.append(
                {
                    "s3Bucket": BUCKET,
                    "s3Object": log_key(hour, n),
                    "hashValue": hashlib.sha256(body).hexdigest(),
                    "hashAlgorithm": "SHA-256",
                }
            )
        if hour == restart_at:
            previous = None
            continue
        objects[digest_key(hour)] = sign(
            _digest(objects, hour, logs, previous, number), number=number
        )
        previous = digest_key(hour)
    return objects


def _digest(
    objects: Objects, hour: int, logs: list[dict[str, str]], previous: str | None, number: int
) -> dict[str, Any]:
    before = objects[previous] if previous else None
    return {
        "awsAccountId": ACCOUNT,
        "digestStartTime": (START + timedelta(hours=hour)).strftime(AT),
        "digestEndTime": (START + timedelta(hours=hour + 1)).strftime(AT),
        "digestS3Bucket": BUCKET,
        "digestS3Object": digest_key(hour),
        "digestPublicKeyFingerprint": public(number)[0],
        "digestSignatureAlgorithm": "SHA256withRSA",
        "previousDigestS3Bucket": BUCKET if previous else None,
        "previousDigestS3Object": previous,
        "previousDigestHashValue": (
            hashlib.sha256(gzip.decompress(before.body)).hexdigest() if before else None
        ),
        "previousDigestHashAlgorithm": "SHA-256" if previous else None,
        "previousDigestSignature": before.metadata["signature"] if before else None,
        "logFiles": logs,
    }


def changed(objects: Objects, path: str, change: Callable[[bytes], bytes]) -> Objects:
    """One object's bytes changed, its metadata kept."""
    return {**objects, path: replace(objects[path], body=change(objects[path].body))}


def without(objects: Objects, *paths: str) -> Objects:
    """Some objects gone."""
    return {path: one for path, one in objects.items() if path not in paths}


def hold(
    case: Path,
    objects: Objects,
    *,
    keys: bytes | None,
    collected: bool = True,
    metadata: bool = True,
    delivered: datetime | None = None,
) -> Path:
    """A case that holds the objects.

    Args:
        case: new folder.
        objects: of the bucket.
        keys: archived ListPublicKeys answer, None if nobody asked.
        collected: taken from the bucket (with its address), or handed over (relative names).
        metadata: whether user metadata came along.
        delivered: LatestDigestDeliveryTime of an archived GetTrailStatus answer.
    """
    case.mkdir()
    (case / "case.toml").write_text("format = 1\n")
    build.record(case, "case.init", {"case": "0" * 32})
    files: dict[str, bytes] = {}
    lines = []
    for number, (path, stored) in enumerate(sorted(objects.items()), start=1):
        name = f"{number:08d}-{path.rpartition('/')[2]}"[:80]
        files[name] = stored.body
        lines.append(
            {
                "item": f"EV-1.f{number}",
                "metadata": dict(stored.metadata) if metadata else {},
                "name": path,
                "source": f"s3://{BUCKET}/{path}" if collected else f"file:///mnt/{path}",
                "stored": f"files/{name}",
            }
        )
    extra = {"files.jsonl": b"".join(json.dumps(line).encode() + b"\n" for line in lines)}
    members = [warc.warcinfo(START, {"software": "test"})]
    if keys is not None:
        members += _exchange({"StartTime": 1}, keys)
    if delivered is not None:
        name = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{TRAIL}"
        status = {"LatestDigestDeliveryTime": delivered.timestamp()}
        members += _exchange({"Name": name}, json.dumps(status).encode())
    extra["api.warc.gz"] = b"".join(members)
    build.acquire(case, 1, files, extra=extra)
    return case


def _exchange(asked: Mapping[str, object], body: bytes) -> tuple[bytes, ...]:
    head = b"POST / HTTP/1.1\r\nHost: cloudtrail.us-east-1.amazonaws.com\r\n\r\n"
    request = warc.Request(
        uri="https://cloudtrail.us-east-1.amazonaws.com/",
        head=head,
        body=json.dumps(asked).encode(),
    )
    response = warc.Response(
        status=200, reason="OK", headers=(("Content-Type", "application/x-amz-json-1.1"),),
        body=body,
    )  # fmt: skip
    return warc.exchange(START, request, response)
