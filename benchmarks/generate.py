"""Logs of our own making, with the lengths and the variety of real ones; equal for equal sizes.

Mix of one million CloudTrail events: 69.9 % GetObject, 12 % HeadObject, 8 % PutObject, 6 %
ListObjects, 3 % AssumeRole, 1 % GetBucketLocation, 0.1 % PutBucketPolicy; 20 roles, 4 clients, 512
addresses, 200,000 keys, 12 buckets; 5 % of the reads anonymous, 2 % of all events denied. About
1,670 bytes an event, 150 after gzip, as in trails of real accounts (S3 events of one public
collection have 1,621 and 159).
"""

import base64
import gzip
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

OWNER = "111122223333"
MIX = (
    ("GetObject", 699), ("HeadObject", 120), ("PutObject", 80), ("ListObjects", 60),
    ("AssumeRole", 30), ("GetBucketLocation", 10), ("PutBucketPolicy", 1),
)  # fmt: skip
NAMES, WEIGHTS = zip(*MIX, strict=True)
DATA = frozenset({"GetObject", "HeadObject", "PutObject", "ListObjects"})
START = datetime(2022, 1, 1, tzinfo=UTC)
CLIENTS = (
    "[aws-sdk-java/1.12.201 Linux/5.10.102 OpenJDK_64-Bit_Server_VM/11.0.14]",
    "[Boto3/1.21.30 Python/3.9.12 Linux/5.10.102-99.473.amzn2.x86_64 Botocore/1.24.30]",
    "[aws-cli/2.4.29 Python/3.8.8 Linux/5.10.102 exe/x86_64.amzn.2 prompt/off command/s3.cp]",
    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.11.1030 Linux/5.4.172]",
)
#: From so many records on they are written by several processes.
WORTH_WORKERS = 100_000
CIPHER = "ECDHE-RSA-AES128-GCM-SHA256"


def cloudtrail(
    target: Path, events: int, per_file: int, *, start: datetime = START, seed: int = 7
) -> int:
    """Write `events` records in gzip files of `per_file`; returns the bytes of the gzip files."""
    target.mkdir(parents=True, exist_ok=True)
    write = partial(_trail_file, target, events, per_file, start, seed)
    return _every_file(write, events, per_file)


def _trail_file(
    target: Path, events: int, per_file: int, start: datetime, seed: int, number: int
) -> int:
    rng = random.Random(f"{seed}/{number}")
    first = number * per_file
    records = [record(rng, n, start) for n in range(first, min(first + per_file, events))]
    body = msgspec.json.encode({"Records": records})
    at = f"{start + timedelta(minutes=5 * number):%Y%m%dT%H%MZ}"
    path = target / f"{OWNER}_CloudTrail_us-east-1_{at}_{number:016d}.json.gz"
    return path.write_bytes(gzip.compress(body, 6, mtime=0))


def _every_file(write: Callable[[int], int], records: int, per_file: int) -> int:
    """Every file of a set by its number; a file's draws are its own, so that the order is free."""
    numbers = range(-(-records // per_file))
    if records < WORTH_WORKERS:
        return sum(map(write, numbers))
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return sum(pool.map(write, numbers, chunksize=8))


def record(rng: random.Random, number: int, start: datetime = START) -> dict[str, Any]:
    """One record; every field that a real one carries."""
    (name,) = rng.choices(NAMES, WEIGHTS)
    bucket, key = f"corp-data-{rng.randrange(12)}", f"part/{rng.randrange(200_000):06d}.parquet"
    anonymous = name == "GetObject" and rng.random() < 0.05
    unique = f"{rng.getrandbits(128):032x}"
    return {
        "eventVersion": "1.08",
        "userIdentity": _caller(rng, anonymous=anonymous),
        "eventTime": f"{start + timedelta(seconds=number // 12):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "sts.amazonaws.com" if name == "AssumeRole" else "s3.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": f"198.51.{rng.randrange(2)}.{rng.randrange(256)}",
        "userAgent": rng.choice(CLIENTS),
        **(
            {"errorCode": "AccessDenied", "errorMessage": "Access Denied"}
            if rng.random() < 0.02
            else {}
        ),
        "requestParameters": _asked(name, bucket, key),
        "responseElements": None,
        **({} if name == "AssumeRole" else _beside(rng, name, anonymous=anonymous)),
        "requestID": unique[:16].upper(),
        "eventID": f"{unique[:8]}-{unique[8:12]}-4{unique[13:16]}-a{unique[17:20]}-{unique[20:]}",
        "readOnly": name not in ("PutObject", "PutBucketPolicy"),
        **({} if name == "AssumeRole" else {"resources": _resources(name, bucket, key)}),
        "eventType": "AwsApiCall",
        "managementEvent": name not in DATA,
        "recipientAccountId": OWNER,
        "eventCategory": "Data" if name in DATA else "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.2",
            "cipherSuite": CIPHER,
            "clientProvidedHostHeader": f"{bucket}.s3.us-east-1.amazonaws.com",
        },
    }


def _asked(name: str, bucket: str, key: str) -> dict[str, Any]:
    host = f"{bucket}.s3.us-east-1.amazonaws.com"
    if name == "AssumeRole":
        role = f"arn:aws:iam::{OWNER}:role/service-00"
        return {"roleArn": role, "roleSessionName": "run", "durationSeconds": 3600}
    if name == "ListObjects":
        return {"list-type": "2", "bucketName": bucket, "prefix": key[:6], "Host": host}
    if name == "GetBucketLocation":
        return {"bucketName": bucket, "Host": host, "location": ""}
    if name == "PutBucketPolicy":
        statement = {
            "Sid": "Readers", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OWNER}:root"},
            "Action": ["s3:GetObject"], "Resource": f"arn:aws:s3:::{bucket}/*",
        }  # fmt: skip
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return {"bucketPolicy": policy, "bucketName": bucket, "Host": host, "policy": ""}
    return {"bucketName": bucket, "Host": host, "key": key}


def _beside(rng: random.Random, name: str, *, anonymous: bool) -> dict[str, Any]:
    sent = rng.randrange(1 << 22)
    return {
        "additionalEventData": {
            **({} if anonymous else {"SignatureVersion": "SigV4"}),
            "CipherSuite": CIPHER,
            "bytesTransferredIn": sent if name == "PutObject" else 0,
            **({} if anonymous else {"AuthenticationMethod": "AuthHeader"}),
            "x-amz-id-2": base64.b64encode(rng.randbytes(56)).decode(),
            "bytesTransferredOut": 0 if name == "PutObject" else sent,
        },
    }


def _resources(name: str, bucket: str, key: str) -> list[dict[str, str]]:
    on_object = {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"}
    if name == "ListObjects":
        on_object = {"type": "AWS::S3::Object", "ARNPrefix": f"arn:aws:s3:::{bucket}/{key[:6]}"}
    of_bucket = {"accountId": OWNER, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}
    return [on_object, of_bucket] if name in DATA else [of_bucket]


def _caller(rng: random.Random, *, anonymous: bool) -> dict[str, Any]:
    if anonymous:
        return {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
    role = f"service-{rng.randrange(20):02d}"
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE{role.upper()}:run",
        "arn": f"arn:aws:sts::{OWNER}:assumed-role/{role}/run",
        "accountId": OWNER,
        "accessKeyId": "ASIAEXAMPLE000000000",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": f"AROAEXAMPLE{role.upper()}",
                "arn": f"arn:aws:iam::{OWNER}:role/{role}",
                "accountId": OWNER,
                "userName": role,
            },
            "attributes": {"creationDate": "2022-01-01T00:00:00Z", "mfaAuthenticated": "false"},
        },
    }


def access_log(target: Path, count: int, per_file: int) -> int:
    """Write server access-log lines in plain files of `per_file`; returns their bytes.

    Three lines of a thousand have stray quotes in the agent, as scanners write them.
    """
    target.mkdir(parents=True, exist_ok=True)
    return _every_file(partial(_access_file, target, count, per_file), count, per_file)


def _access_file(target: Path, count: int, per_file: int, number: int) -> int:
    rng = random.Random(f"11/{number}")
    first = number * per_file
    text = "".join(_lines(rng, first, min(first + per_file, count)))
    return (target / f"access-{number:06d}").write_bytes(text.encode("ascii"))


def _lines(rng: random.Random, first: int, last: int) -> Iterator[str]:
    for number in range(first, last):
        bucket, key = f"corp-data-{rng.randrange(12)}", f"part/{rng.randrange(200_000):06d}.parquet"
        at = START + timedelta(seconds=number // 12)
        agent = rng.choice(CLIENTS[:3])
        if number % 1000 in (17, 430, 811):
            agent = 'Mozilla/5.0 "quoted" (X11; "stray'
        role = rng.randrange(20)
        requester = f"arn:aws:sts::{OWNER}:assumed-role/service-{role:02d}/run"
        if rng.random() < 0.05:
            requester = "-"
        verb = rng.choices(("GET", "HEAD", "PUT"), (80, 12, 8))[0]
        yield (
            f"{OWNER:7<64} {bucket} [{at:%d/Jan/%Y:%H:%M:%S} +0000] "
            f"198.51.{rng.randrange(2)}.{rng.randrange(256)} "
            f"{requester} {rng.getrandbits(64):016X} REST.{verb}.OBJECT {key} "
            f'"{verb} /{key} HTTP/1.1" 200 - {rng.randrange(1 << 22)} 4194304 {rng.randrange(200)} '
            f'{rng.randrange(100)} "-" "{agent}" - '
            f"{base64.b64encode(rng.randbytes(56)).decode()} "
            f"{'-' if requester == '-' else 'SigV4'} {CIPHER} "
            f"{'-' if requester == '-' else 'AuthHeader'} "
            f"{bucket}.s3.us-east-1.amazonaws.com TLSv1.2 - -\n"
        )
