"""Logs of our own making with a realistic mix: mostly data reads, some listings, few changes.

Mix of one million events: 70 % GetObject, 12 % HeadObject, 8 % PutObject, 6 % ListObjects,
3 % AssumeRole, 1 % other management calls; 20 roles, 512 addresses, 200,000 keys, 5 % anonymous.
About 1,400 bytes an event, like records of a real trail.
"""

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

OWNER = "111122223333"
MIX = (
    ("GetObject", 70), ("HeadObject", 12), ("PutObject", 8), ("ListObjects", 6),
    ("AssumeRole", 3), ("GetBucketLocation", 1),
)  # fmt: skip
START = datetime(2022, 1, 1, tzinfo=UTC)


def cloudtrail(target: Path, events: int, per_file: int) -> int:
    """Write `events` records in gzip files of `per_file`; returns the bytes of the gzip files."""
    target.mkdir(parents=True, exist_ok=True)
    rng, size = random.Random(7), 0
    for number, first in enumerate(range(0, events, per_file)):
        records = [record(rng, n) for n in range(first, min(first + per_file, events))]
        body = json.dumps({"Records": records}, separators=(",", ":")).encode()
        path = target / f"{OWNER}_CloudTrail_us-east-1_{number:06d}.json.gz"
        path.write_bytes(gzip.compress(body, 6, mtime=0))
        size += path.stat().st_size
    return size


def record(rng: random.Random, number: int) -> dict[str, Any]:
    """One record; every field that a real one carries."""
    (name,) = rng.choices([n for n, _ in MIX], [w for _, w in MIX])
    bucket, key = f"corp-data-{rng.randrange(12)}", f"part/{rng.randrange(200_000):06d}.parquet"
    anonymous = name == "GetObject" and rng.random() < 0.07
    unique = f"{rng.getrandbits(128):032x}"
    data = name in {"GetObject", "HeadObject", "PutObject", "ListObjects"}
    host = f"{bucket}.s3.us-east-1.amazonaws.com"
    return {
        "eventVersion": "1.08",
        "userIdentity": _caller(rng, anonymous=anonymous),
        "eventTime": f"{START + timedelta(seconds=number // 3):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "sts.amazonaws.com" if name == "AssumeRole" else "s3.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": f"198.51.{rng.randrange(2)}.{rng.randrange(256)}",
        "userAgent": "[aws-sdk-java/1.12.201 Linux/5.10.102 OpenJDK_64-Bit_Server_VM/11.0.14]",
        "requestParameters": {"bucketName": bucket, "Host": host, "key": key},
        "responseElements": None,
        "additionalEventData": {
            "SignatureVersion": "SigV4",
            "CipherSuite": "ECDHE-RSA-AES128-GCM-SHA256",
            "bytesTransferredIn": 0,
            "AuthenticationMethod": "AuthHeader",
            "x-amz-id-2": "x" * 76,
            "bytesTransferredOut": rng.randrange(1 << 22),
        },
        "requestID": unique[:16].upper(),
        "eventID": f"{unique[:8]}-{unique[8:12]}-4{unique[13:16]}-a{unique[17:20]}-{unique[20:]}",
        "readOnly": name != "PutObject",
        "resources": [
            {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
            {"accountId": OWNER, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},
        ],
        "eventType": "AwsApiCall",
        "managementEvent": not data,
        "recipientAccountId": OWNER,
        "eventCategory": "Data" if data else "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.2",
            "cipherSuite": "ECDHE-RSA-AES128-GCM-SHA256",
            "clientProvidedHostHeader": host,
        },
    }


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
            "webIdFederationData": {},
            "attributes": {"creationDate": "2022-01-01T00:00:00Z", "mfaAuthenticated": "false"},
        },
    }
