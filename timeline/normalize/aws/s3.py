"""S3 in CloudTrail records: which events are data events, and what was acted on."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

#: Data events of S3, for records before eventCategory (1.07). ListObjectsV2 is logged as
#: ListObjects; ListBuckets is a management event.
DATA_EVENTS = frozenset(
    [
        "GetObject",
        "HeadObject",
        "HeadBucket",
        "ListObjects",
        "ListObjectVersions",
        "ListParts",
        "GetObjectAcl",
        "PutObjectAcl",
        "GetObjectTagging",
        "PutObjectTagging",
        "DeleteObjectTagging",
        "GetObjectAttributes",
        "CopyObject",
        "UploadPart",
        "UploadPartCopy",
        "CreateMultipartUpload",
        "CompleteMultipartUpload",
        "AbortMultipartUpload",
        "RestoreObject",
        "SelectObjectContent",
        "UpdateObjectEncryption",
        "PutObject",
        "DeleteObject",
        "DeleteObjects",
        "PreflightRequest",
        "GetObjectRetention",
        "PutObjectRetention",
        "GetObjectLegalHold",
        "PutObjectLegalHold",
        "GetObjectTorrent",
        "ListMultipartUploads",
        "PostObject",
    ]
)
#: Data events that write configuration.
CONFIGURES = frozenset({"PutObjectAcl", "PutObjectRetention", "PutObjectLegalHold"})
#: Calls of the account's settings; no bucket is named.
ACCOUNT_SETTINGS = frozenset(
    {
        "PutAccountPublicAccessBlock",
        "DeleteAccountPublicAccessBlock",
        "GetAccountPublicAccessBlock",
        "PutPublicAccessBlock",
        "DeletePublicAccessBlock",
        "GetPublicAccessBlock",
    }
)
#: Operations that address a bucket whatever key their parameters carry.
_ON_BUCKETS = re.compile(
    r"ListObjects|ListObjectVersions|HeadBucket|ListMultipartUploads|DeleteObjects"
)
_ACCOUNT_HOST = re.compile(r"(\d{12})\.s3-control\.")
_SERVICES = ("s3.amazonaws.com", "s3-control.amazonaws.com", "s3express.amazonaws.com")


class Acted(NamedTuple):
    """What an event acted on; None for what it does not name."""

    kind: str | None = None
    uid: str | None = None
    container: str | None = None
    object: str | None = None
    version: str | None = None
    account: str | None = None


def resource(
    recipient: str | None,
    asked: Mapping[str, Any],
    resources: Sequence[Mapping[str, Any]],
    service: str | None,
    operation: str,
) -> Acted:
    """What an event acted on, from its parameters first and its list of resources second."""
    if service not in _SERVICES:
        return _other(asked, resources)
    if operation in ACCOUNT_SETTINGS and not asked.get("bucketName"):
        return _account(recipient, asked)
    bucket_entry = next((each for each in resources if each.get("type") == "AWS::S3::Bucket"), {})
    bucket_arn = _arn(bucket_entry)
    bucket = _first(asked.get("bucketName"))
    if bucket is None or ":" in bucket or "/" in bucket or bucket.endswith("-s3alias"):
        bucket = bucket_arn.removeprefix("arn:aws:s3:::") if bucket_arn else bucket
    account = _first(bucket_entry.get("accountId"))
    if bucket is None:
        return Acted(account=account)
    partition = bucket_arn.split(":")[1] if bucket_arn and bucket_arn.count(":") >= 5 else "aws"
    uid = bucket if bucket.startswith("arn:") else f"arn:{partition}:s3:::{bucket}"
    key = None if _ON_BUCKETS.match(operation) else _first(asked.get("key"))
    if key is None and "Object" in operation and not _ON_BUCKETS.match(operation):
        key = _key_in(resources, f"{uid}/")
    if key is None:
        return Acted("AWS::S3::Bucket", uid, bucket, None, None, account)
    version = _first(asked.get("versionId"))
    return Acted("AWS::S3::Object", f"{uid}/{key}", bucket, key, version, account)


def _account(recipient: str | None, asked: Mapping[str, Any]) -> Acted:
    host = _ACCOUNT_HOST.match(_first(asked.get("Host") or asked.get("host")) or "")
    account = _first(asked.get("accountId")) or (host[1] if host else None)
    account = account or recipient
    uid = f"aws:account:{account}" if account else None
    return Acted("AWS::::Account", uid, None, None, None, account)


def _other(asked: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> Acted:
    for each in resources:
        arn = _arn(each)
        if arn:
            return Acted(
                _first(each.get("type")), arn, None, None, None, _first(each.get("accountId"))
            )
    for name in ("resourceArn", "roleArn", "policyArn", "keyId", "trailName", "secretId"):
        value = _first(asked.get(name))
        if value and value.startswith("arn:"):
            return Acted(None, value)
    return Acted()


def _arn(entry: Mapping[str, Any]) -> str | None:
    return _first(entry.get("ARN") or entry.get("arn"))


def _key_in(resources: Sequence[Mapping[str, Any]], prefix: str) -> str | None:
    for each in resources:
        arn = _arn(each)
        if arn and each.get("type") == "AWS::S3::Object" and arn.startswith(prefix):
            return arn.removeprefix(prefix) or None
    return None


def _first(value: object) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) and value else None
