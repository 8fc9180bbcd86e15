"""S3 in CloudTrail records: which events are data events, and what was acted on."""

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from timeline.normalize.aws.cloudtrail_fields import Asked, Resource

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
ON_BUCKETS = frozenset(
    {
        "ListObjects",
        "ListObjectsV2",
        "ListObjectVersions",
        "HeadBucket",
        "ListMultipartUploads",
        "DeleteObjects",
    }
)
_ACCOUNT_HOST = re.compile(r"(\d{12})\.s3-control\.")
_SERVICES = frozenset({"s3.amazonaws.com", "s3-control.amazonaws.com", "s3express.amazonaws.com"})


class Acted(msgspec.Struct, frozen=True, gc=False):
    """What an event acted on; None for what it does not name."""

    kind: str | None = None
    uid: str | None = None
    container: str | None = None
    object: str | None = None
    version: str | None = None
    account: str | None = None


def resource(
    recipient: str | None,
    asked: Asked,
    resources: Sequence[Resource],
    service: str | None,
    operation: str,
) -> Acted:
    """What an event acted on, from its parameters first and its list of resources second."""
    if service not in _SERVICES:
        return _other(asked, resources)
    bucket = asked.bucketName or None
    if bucket is None and operation in ACCOUNT_SETTINGS:
        return _account(recipient, asked)
    arn = account = None
    for each in resources:
        if each.type == "AWS::S3::Bucket":
            arn, account = each.ARN or each.arn, each.accountId or None
            break
    bucket, uid = _bucket(bucket, arn)
    if bucket is None:
        return Acted(account=account)
    key = None
    if operation not in ON_BUCKETS:
        key = asked.key or None
        if key is None and "Object" in operation:
            key = _key_in(resources, f"{uid}/")
    if key is None:
        return Acted("AWS::S3::Bucket", uid, bucket, None, None, account)
    return Acted("AWS::S3::Object", f"{uid}/{key}", bucket, key, asked.versionId or None, account)


@lru_cache(maxsize=4096)
def _bucket(named: str | None, arn: str | None) -> tuple[str | None, str]:
    """Name and ARN of a bucket: as the request names it, and as the list of resources does."""
    if named is None or ":" in named or "/" in named or named.endswith("-s3alias"):
        # An access point's ARN or alias: the bucket behind it is among the resources.
        named = arn.rpartition(":")[2] if arn else named
    if named is None:
        return None, ""
    if named.startswith("arn:"):
        return named, named
    return named, arn if arn and arn.endswith(f":::{named}") else f"arn:aws:s3:::{named}"


def _account(recipient: str | None, asked: Asked) -> Acted:
    host = _ACCOUNT_HOST.match(asked.Host or asked.host or "")
    account = asked.accountId or (host[1] if host else None) or recipient
    uid = f"aws:account:{account}" if account else None
    return Acted("AWS::::Account", uid, None, None, None, account)


def _other(asked: Asked, resources: Sequence[Resource]) -> Acted:
    for each in resources:
        arn = each.ARN or each.arn
        if arn:
            return Acted(each.type or None, arn, None, None, None, each.accountId or None)
    for value in (
        asked.resourceArn, asked.roleArn, asked.policyArn, asked.keyId, asked.trailName,
        asked.secretId,
    ):  # fmt: skip
        if value and value.startswith("arn:"):
            return Acted(None, value)
    return _NOT_NAMED


def _key_in(resources: Sequence[Resource], prefix: str) -> str | None:
    for each in resources:
        arn = each.ARN or each.arn
        if arn and each.type == "AWS::S3::Object" and arn.startswith(prefix):
            return arn.removeprefix(prefix) or None
    return None


_NOT_NAMED = Acted()
