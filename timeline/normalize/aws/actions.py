"""From the name of an event to the IAM actions that all must be allowed (specification of the
decision, section 1.1). An event that is not here has unknown actions: nothing is guessed."""

from collections.abc import Mapping
from typing import Any

_SAME = [
    "GetObjectRetention",
    "PutObjectRetention",
    "GetObjectLegalHold",
    "PutObjectLegalHold",
    "RestoreObject",
    "AbortMultipartUpload",
    "GetBucketPolicy",
    "PutBucketPolicy",
    "DeleteBucketPolicy",
    "GetBucketAcl",
    "PutBucketAcl",
    "GetBucketPublicAccessBlock",
    "GetBucketLocation",
    "GetBucketVersioning",
    "PutBucketVersioning",
    "GetBucketLogging",
    "PutBucketLogging",
    "GetBucketRequestPayment",
    "PutBucketRequestPayment",
    "GetBucketTagging",
    "PutBucketTagging",
    "GetBucketWebsite",
    "PutBucketWebsite",
    "GetBucketOwnershipControls",
    "PutBucketOwnershipControls",
    "DeleteBucketWebsite",
    "DeleteBucket",
    "PutBucketPublicAccessBlock",
    "PutAccountPublicAccessBlock",
    # Not in the table of the specification; each by its page in the API reference of S3.
    "GetAccelerateConfiguration",
    "PutAccelerateConfiguration",
    "GetAccountPublicAccessBlock",
    "GetBucketNotification",
    "PutBucketNotification",
    "GetBucketObjectLockConfiguration",
    "PutBucketObjectLockConfiguration",
    "GetBucketPolicyStatus",
    "ListAccessPoints",
]

#: Events of S3 whose actions do not depend on the request.
S3_FIXED: Mapping[str, tuple[str, ...]] = {
    **{name: (f"s3:{name}",) for name in _SAME},
    "ListObjects": ("s3:ListBucket",),
    "ListObjectsV2": ("s3:ListBucket",),
    "HeadBucket": ("s3:ListBucket",),
    "ListObjectVersions": ("s3:ListBucketVersions",),
    "ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "ListParts": ("s3:ListMultipartUploadParts",),
    "ListBuckets": ("s3:ListAllMyBuckets",),
    "DeleteBucketPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "DeleteAccountPublicAccessBlock": ("s3:PutAccountPublicAccessBlock",),
    "PutPublicAccessBlock": ("s3:PutAccountPublicAccessBlock",),
    "DeletePublicAccessBlock": ("s3:PutAccountPublicAccessBlock",),
    "DeleteBucketCors": ("s3:PutBucketCORS",),
    "DeleteBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "DeleteBucketTagging": ("s3:PutBucketTagging",),
    "DeleteBucketLifecycle": ("s3:PutLifecycleConfiguration",),
    "DeleteBucketOwnershipControls": ("s3:PutBucketOwnershipControls",),
    # By the API reference as well. PutBucketReplication is left out: it also needs iam:PassRole on
    # a role that the request names.
    "GetBucketCors": ("s3:GetBucketCORS",),
    "PutBucketCors": ("s3:PutBucketCORS",),
    "GetBucketEncryption": ("s3:GetEncryptionConfiguration",),
    "PutBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "GetBucketLifecycle": ("s3:GetLifecycleConfiguration",),
    "PutBucketLifecycle": ("s3:PutLifecycleConfiguration",),
    "GetBucketReplication": ("s3:GetReplicationConfiguration",),
    "DeleteBucketReplication": ("s3:PutReplicationConfiguration",),
    "GetPublicAccessBlock": ("s3:GetAccountPublicAccessBlock",),
}

#: Events of S3 that address one object; with versionId the second form instead of the first, or,
#: where the table of the specification says "also", both.
S3_READS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "GetObject": (("s3:GetObject",), ("s3:GetObjectVersion",)),
    "HeadObject": (("s3:GetObject",), ("s3:GetObjectVersion",)),
    "SelectObjectContent": (("s3:GetObject",), ("s3:GetObjectVersion",)),
    "GetObjectAttributes": (
        ("s3:GetObject", "s3:GetObjectAttributes"),
        ("s3:GetObjectVersion", "s3:GetObjectVersionAttributes"),
    ),
    "GetObjectAcl": (("s3:GetObjectAcl",), ("s3:GetObjectAcl", "s3:GetObjectVersionAcl")),
    "PutObjectAcl": (("s3:PutObjectAcl",), ("s3:PutObjectAcl", "s3:PutObjectVersionAcl")),
    "GetObjectTagging": (
        ("s3:GetObjectTagging",),
        ("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
    ),
    "PutObjectTagging": (
        ("s3:PutObjectTagging",),
        ("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
    ),
    "DeleteObjectTagging": (
        ("s3:DeleteObjectTagging",),
        ("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
    ),
    "DeleteObject": (("s3:DeleteObject",), ("s3:DeleteObjectVersion",)),
    "DeleteObjects": (("s3:DeleteObject",), ("s3:DeleteObject",)),
}

#: Events that write an object; headers add actions.
S3_WRITES = frozenset(
    {
        "PutObject",
        "CreateMultipartUpload",
        "UploadPart",
        "CompleteMultipartUpload",
        "CopyObject",
        "UploadPartCopy",
    }
)
COPIES = frozenset({"CopyObject", "UploadPartCopy"})
#: Header -> action that it asks for besides PutObject.
WRITE_HEADERS: tuple[tuple[str, str], ...] = (
    ("x-amz-acl", "s3:PutObjectAcl"),
    ("x-amz-grant-", "s3:PutObjectAcl"),
    ("x-amz-tagging", "s3:PutObjectTagging"),
    ("x-amz-object-lock-mode", "s3:PutObjectRetention"),
    ("x-amz-object-lock-retain-until-date", "s3:PutObjectRetention"),
    ("x-amz-object-lock-legal-hold", "s3:PutObjectLegalHold"),
)

#: Events of IAM that carry configuration: the action has the event's name.
IAM_EVENTS = frozenset(
    {
        *(
            f"{verb}{kind}Policy"
            for verb in ("Put", "Delete")
            for kind in ("User", "Role", "Group")
        ),
        *(
            f"{verb}{kind}Policy"
            for verb in ("Attach", "Detach")
            for kind in ("User", "Role", "Group")
        ),
        *(
            f"{verb}{kind}"
            for verb in ("Create", "Delete", "Tag", "Untag")
            for kind in ("User", "Role")
        ),
        *(
            f"{verb}{kind}PermissionsBoundary"
            for verb in ("Put", "Delete")
            for kind in ("User", "Role")
        ),
        *[
            "CreatePolicy",
            "CreatePolicyVersion",
            "SetDefaultPolicyVersion",
            "DeletePolicyVersion",
            "DeletePolicy",
            "UpdateAssumeRolePolicy",
            "AddUserToGroup",
            "RemoveUserFromGroup",
            "CreateAccessKey",
            "DeleteAccessKey",
            "UpdateAccessKey",
        ],
    }
)

#: Operations of the server access log -> the event that CloudTrail would call it; the second name
#: holds where the line has no key.
ACCESS_LOG: dict[str, tuple[str, str]] = {
    "GET.OBJECT": ("GetObject", "GetObject"),
    "HEAD.OBJECT": ("HeadObject", "HeadObject"),
    "PUT.OBJECT": ("PutObject", "PutObject"),
    "POST.OBJECT": ("PutObject", "PutObject"),
    "DELETE.OBJECT": ("DeleteObject", "DeleteObject"),
    "COPY.OBJECT": ("PutObject", "PutObject"),
    "COPY.OBJECT_GET": ("GetObject", "GetObject"),
    "COPY.PART": ("UploadPart", "UploadPart"),
    "COPY.PART_GET": ("GetObject", "GetObject"),
    "PUT.PART": ("UploadPart", "UploadPart"),
    "POST.UPLOADS": ("CreateMultipartUpload", "CreateMultipartUpload"),
    "POST.UPLOAD": ("CompleteMultipartUpload", "CompleteMultipartUpload"),
    "DELETE.UPLOAD": ("AbortMultipartUpload", "AbortMultipartUpload"),
    "GET.UPLOAD": ("ListParts", "ListParts"),
    "GET.UPLOADS": ("ListMultipartUploads", "ListMultipartUploads"),
    "GET.BUCKET": ("ListObjects", "ListObjects"),
    "HEAD.BUCKET": ("HeadBucket", "HeadBucket"),
    "GET.BUCKETVERSIONS": ("ListObjectVersions", "ListObjectVersions"),
    "PUT.BUCKET": ("CreateBucket", "CreateBucket"),
    "DELETE.BUCKET": ("DeleteBucket", "DeleteBucket"),
    "GET.SERVICE": ("ListBuckets", "ListBuckets"),
    "GET.ACL": ("GetObjectAcl", "GetBucketAcl"),
    "PUT.ACL": ("PutObjectAcl", "PutBucketAcl"),
    "GET.OBJECT_TAGGING": ("GetObjectTagging", "GetBucketTagging"),
    "PUT.OBJECT_TAGGING": ("PutObjectTagging", "PutBucketTagging"),
    "DELETE.OBJECT_TAGGING": ("DeleteObjectTagging", "DeleteBucketTagging"),
    "GET.TAGGING": ("GetObjectTagging", "GetBucketTagging"),
    "GET.BUCKETPOLICY": ("GetBucketPolicy", "GetBucketPolicy"),
    "PUT.BUCKETPOLICY": ("PutBucketPolicy", "PutBucketPolicy"),
    "DELETE.BUCKETPOLICY": ("DeleteBucketPolicy", "DeleteBucketPolicy"),
    "GET.PUBLIC_ACCESS_BLOCK": ("GetBucketPublicAccessBlock", "GetBucketPublicAccessBlock"),
    "PUT.PUBLIC_ACCESS_BLOCK": ("PutBucketPublicAccessBlock", "PutBucketPublicAccessBlock"),
    "DELETE.PUBLIC_ACCESS_BLOCK": (
        "DeleteBucketPublicAccessBlock",
        "DeleteBucketPublicAccessBlock",
    ),
    "GET.LOCATION": ("GetBucketLocation", "GetBucketLocation"),
    "GET.VERSIONING": ("GetBucketVersioning", "GetBucketVersioning"),
    "PUT.VERSIONING": ("PutBucketVersioning", "PutBucketVersioning"),
    "GET.LOGGING_STATUS": ("GetBucketLogging", "GetBucketLogging"),
    "PUT.LOGGING_STATUS": ("PutBucketLogging", "PutBucketLogging"),
    "GET.REQUEST_PAYMENT": ("GetBucketRequestPayment", "GetBucketRequestPayment"),
    "PUT.REQUEST_PAYMENT": ("PutBucketRequestPayment", "PutBucketRequestPayment"),
    "GET.WEBSITE": ("GetBucketWebsite", "GetBucketWebsite"),
    "PUT.WEBSITE": ("PutBucketWebsite", "PutBucketWebsite"),
    "DELETE.WEBSITE": ("DeleteBucketWebsite", "DeleteBucketWebsite"),
    "GET.OWNERSHIP_CONTROLS": ("GetBucketOwnershipControls", "GetBucketOwnershipControls"),
    "PUT.OWNERSHIP_CONTROLS": ("PutBucketOwnershipControls", "PutBucketOwnershipControls"),
    "POST.MULTI_OBJECT_DELETE": ("DeleteObjects", "DeleteObjects"),
    "POST.RESTORE": ("RestoreObject", "RestoreObject"),
}


def event_name(operation: str, has_key: bool) -> str:
    """CloudTrail's name of an access-log operation; other names as they are."""
    kind, _, rest = operation.partition(".")
    if kind not in ("REST", "WEBSITE", "SOAP", "BATCH"):
        return operation
    names = ACCESS_LOG.get(rest)
    return operation if names is None else names[0 if has_key else 1]


def actions(
    service: str | None, event: str, version: bool, headers: Mapping[str, Any]
) -> tuple[str, ...]:
    """IAM actions of an event on its own resource; empty = unknown.

    Args:
        service: eventSource.
        event: CloudTrail's name of the event.
        version: whether the request names a versionId.
        headers: parameters and headers of the request, names in lower case.
    """
    if service == "iam.amazonaws.com":
        return (f"iam:{event}",) if event in IAM_EVENTS else ()
    if service not in ("s3.amazonaws.com", "s3-control.amazonaws.com"):
        return ()
    if event in S3_FIXED:
        return S3_FIXED[event]
    if event in S3_READS:
        return S3_READS[event][1 if version else 0]
    if event in S3_WRITES:
        return _with("s3:PutObject", WRITE_HEADERS, headers)
    if event == "CreateBucket":
        return _create_bucket(headers)
    return ()


def _with(
    base: str, table: tuple[tuple[str, str], ...], headers: Mapping[str, Any]
) -> tuple[str, ...]:
    extra = (
        action
        for name, action in table
        if any(key.startswith(name) if name.endswith("-") else key == name for key in headers)
    )
    return tuple(dict.fromkeys((base, *extra)))


def _create_bucket(headers: Mapping[str, Any]) -> tuple[str, ...]:
    found = ["s3:CreateBucket"]
    acl = headers.get("x-amz-acl")
    if (acl is not None and acl != "private") or any(k.startswith("x-amz-grant-") for k in headers):
        found.append("s3:PutBucketAcl")
    if "x-amz-object-ownership" in headers:
        found.append("s3:PutBucketOwnershipControls")
    return tuple(found)
