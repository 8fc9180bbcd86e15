"""Derived requests, row by row of the table of the decision's specification, section 1.1."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.timeline.normalize.records import ANONYMOUS, BASE, record
from timeline.normalize.aws import cloudtrail
from timeline.normalize.aws.request import DerivedRequest, request_of
from timeline.normalize.model import EPOCH, Record, Where

ABSENT, UNKNOWN = "absent", "unknown"


def row_of(body: dict[str, Any]) -> dict[str, Any]:
    """The row of a record as a reader of the table gets it."""
    from datetime import timedelta

    data = json.dumps(body).encode()
    packed, _ = cloudtrail.read_packed(Record(0, 0, len(data), data), Where("EV-1.f1", "", 0))
    row = packed.unpacked()
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    values["time"] = EPOCH + timedelta(microseconds=row.time)
    return values


def derive(**changed: Any) -> DerivedRequest:
    found = request_of(row_of(record(**changed)))
    assert found is not None
    return found


def key(request: DerivedRequest, name: str) -> object:
    """Value of a key, or the words ABSENT and UNKNOWN."""
    if name in request.context:
        assert name not in request.unknown_context
        return request.context[name]
    return UNKNOWN if name in request.unknown_context else ABSENT


ROLE = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLE:sess",
    "arn": "arn:aws:sts::111111111111:assumed-role/r/sess",
    "accountId": "111111111111",
    "accessKeyId": "ASIAEXAMPLE",
    "sessionContext": {
        "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111111111111:role/p/r"},
        "attributes": {"mfaAuthenticated": "false", "creationDate": "2026-01-02T03:00:00Z"},
    },
}
ROLE_BARE = {k: v for k, v in ROLE.items() if k != "sessionContext"}
CROSS = {"type": "AWSAccount", "principalId": "AROACROSS:x", "accountId": "222222222222"}
SERVICE = {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}
SLR = {
    **ROLE,
    "invokedBy": "rds.amazonaws.com",
    "sessionContext": {
        "sessionIssuer": {"arn": "arn:aws:iam::111111111111:role/aws-service-role/rds/R"}
    },
}
USER = BASE["userIdentity"]
AT_POINT = {
    "type": "AWS::S3::AccessPoint",
    "ARN": "arn:aws:s3:us-east-1:111111111111:accesspoint/p",
}
EXTRA = BASE["additionalEventData"]
NO_METHOD = {k: v for k, v in EXTRA.items() if k != "AuthenticationMethod"}


def asked(**parameters: Any) -> dict[str, Any]:
    names = {name.replace("_", "-"): value for name, value in parameters.items()}
    return {"requestParameters": {**BASE["requestParameters"], **names}}


PRINCIPALS: list[tuple[dict[str, Any], dict[str, str]]] = [
    (
        USER,
        {
            "type": "IAMUser",
            "arn": "arn:aws:iam::111111111111:user/alice",
            "account": "111111111111",
            "unique_id": "AIDAEXAMPLEEXAMPLE000",
        },
    ),
    (
        ROLE,
        {
            "type": "AssumedRole",
            "arn": "arn:aws:sts::111111111111:assumed-role/r/sess",
            "account": "111111111111",
            "unique_id": "AROAEXAMPLE:sess",
            "issuer_arn": "arn:aws:iam::111111111111:role/p/r",
        },
    ),
    (ANONYMOUS, {"type": "Anonymous"}),
    ({"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"}, {"type": "Anonymous"}),
    (
        CROSS,
        {"type": "AWSAccount", "account": "222222222222", "unique_id": "AROACROSS:x"},
    ),
    (SERVICE, {"type": "AWSService", "service": "cloudtrail.amazonaws.com"}),
    ({}, {"type": "Unknown"}),
]


@pytest.mark.parametrize(("identity", "expected"), PRINCIPALS)
def test_principal(identity: dict[str, Any], expected: dict[str, str]) -> None:
    assert expected == derive(userIdentity=identity).principal


CONSOLE = {"userAgent": "[S3Console/0.4, aws-internal/3]"}
KEYS: list[tuple[str, dict[str, Any], str, object]] = [
    ("address", {}, "aws:SourceIp", "198.51.100.7"),
    ("no endpoint", {}, "aws:SourceVpce", ABSENT),
    ("no endpoint", {}, "aws:VpcSourceIp", ABSENT),
    ("endpoint", {"vpcEndpointId": "vpce-1"}, "aws:SourceIp", ABSENT),
    ("endpoint", {"vpcEndpointId": "vpce-1"}, "aws:VpcSourceIp", "198.51.100.7"),
    ("endpoint", {"vpcEndpointId": "vpce-1"}, "aws:SourceVpce", "vpce-1"),
    ("endpoint", {"vpcEndpointId": "vpce-1"}, "aws:SourceVpc", UNKNOWN),
    (
        "older endpoint",
        {"additionalEventData": {**EXTRA, "vpcEndpointId": "vpce-2"}},
        "aws:SourceVpce",
        "vpce-2",
    ),
    ("a service", {"sourceIPAddress": "rds.amazonaws.com"}, "aws:SourceIp", UNKNOWN),
    ("internal", {"sourceIPAddress": "AWS Internal"}, "aws:SourceIp", UNKNOWN),
    ("IPv6", {"sourceIPAddress": "2001:db8::1"}, "aws:SourceIp", "2001:db8::1"),
    ("console", {**CONSOLE, "sourceIPAddress": "10.1.2.3"}, "aws:SourceIp", UNKNOWN),
    ("console", {**CONSOLE, "sourceIPAddress": "10.1.2.3"}, "aws:SourceVpce", UNKNOWN),
    (
        "console's endpoint",
        {**CONSOLE, "vpcEndpointId": "vpce-3", "vpcEndpointAccountId": "999999999999"},
        "aws:SourceVpce",
        UNKNOWN,
    ),
    (
        "own endpoint, console",
        {**CONSOLE, "vpcEndpointId": "vpce-3", "vpcEndpointAccountId": "111111111111"},
        "aws:SourceVpce",
        "vpce-3",
    ),
    ("console without endpoint", CONSOLE, "aws:SourceIp", "198.51.100.7"),
    ("organization", {}, "aws:PrincipalOrgID", UNKNOWN),
    ("tags", {}, "aws:PrincipalTag/*", UNKNOWN),
    ("anonymous", {"userIdentity": ANONYMOUS}, "aws:PrincipalOrgID", ABSENT),
    ("anonymous", {"userIdentity": ANONYMOUS}, "aws:PrincipalTag/*", ABSENT),
    ("TLS", {}, "aws:SecureTransport", "true"),
    ("cipher", {"tlsDetails": ...}, "aws:SecureTransport", "true"),
    (
        "neither",
        {"tlsDetails": ..., "additionalEventData": {}},
        "aws:SecureTransport",
        UNKNOWN,
    ),
    ("TLS version", {}, "s3:TlsVersion", "1.2"),
    ("TLS version", {"tlsDetails": ...}, "s3:TlsVersion", UNKNOWN),
    ("long-term key", {}, "aws:MultiFactorAuthPresent", ABSENT),
    ("long-term key", {}, "aws:TokenIssueTime", ABSENT),
    ("session", {"userIdentity": ROLE}, "aws:MultiFactorAuthPresent", "false"),
    ("session", {"userIdentity": ROLE}, "aws:TokenIssueTime", "2026-01-02T03:00:00Z"),
    ("no session", {"userIdentity": ROLE_BARE}, "aws:MultiFactorAuthPresent", UNKNOWN),
    ("foreign", {"userIdentity": CROSS}, "aws:MultiFactorAuthPresent", UNKNOWN),
    (
        "role ARN with its path",
        {"userIdentity": ROLE},
        "aws:PrincipalArn",
        "arn:aws:iam::111111111111:role/p/r",
    ),
    ("header", {}, "s3:authType", "REST-HEADER"),
    (
        "presigned",
        {"additionalEventData": {**EXTRA, "AuthenticationMethod": "QueryString"}},
        "s3:authType",
        "REST-QUERY-STRING",
    ),
    ("not logged", {"additionalEventData": NO_METHOD}, "s3:authType", UNKNOWN),
    ("anonymous", {"userIdentity": ANONYMOUS}, "s3:authType", ABSENT),
    ("header", {}, "s3:signatureAge", UNKNOWN),
    ("signature", {}, "s3:signatureversion", "AWS4-HMAC-SHA256"),
    ("prefix", asked(prefix="a/"), "s3:prefix", "a/"),
    ("prefix in a list", asked(prefix=["a/"]), "s3:prefix", "a/"),
    ("no prefix", {}, "s3:prefix", ABSENT),
    ("empty prefix", asked(prefix=""), "s3:prefix", ""),
    ("nothing stated", {"requestParameters": None}, "s3:prefix", UNKNOWN),
    ("left out", {"requestParameters": {"omitted": True}}, "s3:x-amz-acl", UNKNOWN),
    ("canned ACL", asked(x_amz_acl="public-read"), "s3:x-amz-acl", "public-read"),
    (
        "nested grant",
        asked(accessControlList={"x-amz-grant-read": 'id="1"'}),
        "s3:x-amz-grant-read",
        'id="1"',
    ),
    ("version", asked(versionId="v1"), "s3:VersionId", "v1"),
    ("max-keys", {"eventName": "ListObjects"}, "s3:max-keys", UNKNOWN),
    ("max-keys", {"eventName": "ListObjects", **asked(max_keys=5.0)}, "s3:max-keys", "5"),
    ("max-keys", {}, "s3:max-keys", ABSENT),
    ("agent", {}, "aws:UserAgent", "aws-cli/2.15.0"),
    ("agent", {"userAgent": "[[x]]"}, "aws:UserAgent", "[x]"),
    ("referer", {}, "aws:Referer", UNKNOWN),
    ("tags of the object", {}, "s3:ExistingObjectTag/*", UNKNOWN),
    ("tags of the object", {"eventName": "DeleteObject"}, "s3:ExistingObjectTag/*", ABSENT),
    ("tags of the object", {"eventName": "PutObject"}, "s3:ExistingObjectTag/*", ABSENT),
    ("region", {}, "aws:RequestedRegion", UNKNOWN),
    ("by itself", {}, "aws:ViaAWSService", "false"),
    ("service", {"userIdentity": SERVICE}, "aws:ViaAWSService", "false"),
    (
        "service",
        {"userIdentity": SERVICE},
        "aws:PrincipalServiceName",
        "cloudtrail.amazonaws.com",
    ),
    (
        "on behalf",
        {"userIdentity": {**USER, "invokedBy": "athena.amazonaws.com"}},
        "aws:ViaAWSService",
        "true",
    ),
    ("service-linked", {"userIdentity": SLR}, "aws:ViaAWSService", "false"),
    (
        "kind not clear",
        {"userIdentity": {**ROLE, "invokedBy": "athena.amazonaws.com"}},
        "aws:ViaAWSService",
        UNKNOWN,
    ),
]


@pytest.mark.parametrize(("what", "changed", "name", "expected"), KEYS)
def test_context(what: str, changed: dict[str, Any], name: str, expected: object) -> None:
    assert expected == key(derive(**changed), name), what


def test_age_of_a_presigned_signature_in_milliseconds() -> None:
    request = derive(
        additionalEventData={**EXTRA, "AuthenticationMethod": "QueryString"},
        **asked(X_Amz_Date="20260102T030400Z", X_Amz_Expires="3600"),
    )
    assert key(request, "s3:signatureAge") == "5000"


ACTIONS: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("GetObject", {}, ("s3:GetObject",)),
    ("HeadObject", {}, ("s3:GetObject",)),
    ("SelectObjectContent", {}, ("s3:GetObject",)),
    ("GetObject", {"versionId": "v"}, ("s3:GetObjectVersion",)),
    ("GetObjectAttributes", {}, ("s3:GetObject", "s3:GetObjectAttributes")),
    (
        "GetObjectAttributes",
        {"versionId": "v"},
        ("s3:GetObjectVersion", "s3:GetObjectVersionAttributes"),
    ),
    ("GetObjectAcl", {}, ("s3:GetObjectAcl",)),
    ("GetObjectAcl", {"versionId": "v"}, ("s3:GetObjectAcl", "s3:GetObjectVersionAcl")),
    ("PutObjectTagging", {}, ("s3:PutObjectTagging",)),
    ("PutObjectRetention", {}, ("s3:PutObjectRetention",)),
    ("AbortMultipartUpload", {}, ("s3:AbortMultipartUpload",)),
    ("ListObjects", {"list-type": "2"}, ("s3:ListBucket",)),
    ("HeadBucket", {}, ("s3:ListBucket",)),
    ("ListObjectVersions", {}, ("s3:ListBucketVersions",)),
    ("ListMultipartUploads", {}, ("s3:ListBucketMultipartUploads",)),
    ("ListParts", {}, ("s3:ListMultipartUploadParts",)),
    ("PutObject", {}, ("s3:PutObject",)),
    ("PutObject", {"x-amz-acl": "public-read"}, ("s3:PutObject", "s3:PutObjectAcl")),
    (
        "CreateMultipartUpload",
        {"accessControlList": {"x-amz-grant-read": "x"}, "x-amz-tagging": "a=b"},
        ("s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging"),
    ),
    (
        "PutObject",
        {"x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-legal-hold": "ON"},
        ("s3:PutObject", "s3:PutObjectRetention", "s3:PutObjectLegalHold"),
    ),
    ("UploadPart", {}, ("s3:PutObject",)),
    ("CompleteMultipartUpload", {}, ("s3:PutObject",)),
    ("CopyObject", {}, ("s3:PutObject",)),
    ("DeleteObject", {}, ("s3:DeleteObject",)),
    ("DeleteObject", {"versionId": "v"}, ("s3:DeleteObjectVersion",)),
    ("DeleteObjects", {}, ("s3:DeleteObject",)),
    ("ListBuckets", {}, ("s3:ListAllMyBuckets",)),
    ("CreateBucket", {}, ("s3:CreateBucket",)),
    ("CreateBucket", {"x-amz-acl": "private"}, ("s3:CreateBucket",)),
    (
        "CreateBucket",
        {"x-amz-acl": "public-read", "x-amz-object-ownership": "ObjectWriter"},
        ("s3:CreateBucket", "s3:PutBucketAcl", "s3:PutBucketOwnershipControls"),
    ),
    ("DeleteBucketPublicAccessBlock", {}, ("s3:PutBucketPublicAccessBlock",)),
    ("DeleteAccountPublicAccessBlock", {}, ("s3:PutAccountPublicAccessBlock",)),
    ("DeleteBucketLifecycle", {}, ("s3:PutLifecycleConfiguration",)),
    ("PutBucketPolicy", {}, ("s3:PutBucketPolicy",)),
    ("GetBucketPublicAccessBlock", {}, ("s3:GetBucketPublicAccessBlock",)),
    ("DeleteBucket", {}, ("s3:DeleteBucket",)),
    ("GetBucketEncryption", {}, ("s3:GetEncryptionConfiguration",)),
    ("GetBucketLifecycle", {}, ("s3:GetLifecycleConfiguration",)),
    ("GetBucketPolicyStatus", {}, ("s3:GetBucketPolicyStatus",)),
    ("PutBucketCors", {}, ("s3:PutBucketCORS",)),
    ("GetPublicAccessBlock", {}, ("s3:GetAccountPublicAccessBlock",)),
    ("PutBucketReplication", {}, ()),
    ("SomethingNew", {}, ()),
]


@pytest.mark.parametrize(("event", "parameters", "expected"), ACTIONS)
def test_actions(event: str, parameters: dict[str, Any], expected: tuple[str, ...]) -> None:
    changed = {"requestParameters": {**BASE["requestParameters"], **parameters}}
    assert expected == derive(eventName=event, **changed).actions


def test_iam_events_are_named_after_themselves() -> None:
    source = {"eventSource": "iam.amazonaws.com", "requestParameters": {"userName": "u"}}
    assert derive(eventName="PutUserPolicy", **source).actions == ("iam:PutUserPolicy",)
    assert derive(eventName="ListUsers", **source).actions == ()


RESOURCES = [
    ("GetObject", {}, "arn:aws:s3:::b/k"),
    ("ListObjects", {"key": None}, "arn:aws:s3:::b"),
    ("ListBuckets", {"bucketName": None, "key": None}, "*"),
    ("ListAccessPoints", {"bucketName": "b", "key": None}, "*"),
    ("PutAccountPublicAccessBlock", {}, "*"),
    ("DeleteObjects", {"key": None}, None),
]


@pytest.mark.parametrize(("event", "parameters", "expected"), RESOURCES)
def test_resource(event: str, parameters: dict[str, Any], expected: str | None) -> None:
    changed = {"requestParameters": {**BASE["requestParameters"], **parameters}}
    assert expected == derive(eventName=event, **changed).resource


def test_a_copy_also_reads_its_source() -> None:
    also = derive(eventName="CopyObject", **asked(x_amz_copy_source="src/a%20b?versionId=1")).also
    assert also is not None
    assert (also.actions, also.resource) == (("s3:GetObjectVersion",), "arn:aws:s3:::src/a b")
    unnamed = derive(eventName="CopyObject").also
    assert unnamed is not None
    assert unnamed.resource is None


def test_preflight_is_no_access() -> None:
    assert request_of(row_of(record(eventName="PreflightRequest"))) is None


def test_as_decide_has_the_form_of_the_evaluator() -> None:
    given = derive().as_decide()
    assert list(given) == ["principal", "action", "resource", "time", "context", "unknown_context"]
    assert given["action"] == "s3:GetObject"
    assert given["time"] == "2026-01-02T03:04:05Z"
    assert json.loads(json.dumps(given)) == given
    assert derive(eventName="GetObjectAttributes").as_decide()["action"] == [
        "s3:GetObject",
        "s3:GetObjectAttributes",
    ]


@pytest.mark.parametrize(
    ("event", "operation"),
    [("HeadObject", "HeadObject"), ("UploadPart", "UploadPart"), ("GetObject", None),
     ("PutObject", None), ("REST.HEAD.OBJECT", "HeadObject"), ("REST.PUT.PART", "UploadPart")],
)  # fmt: skip
def test_an_operation_that_asks_for_other_rights_on_a_key_is_named(
    event: str, operation: str | None
) -> None:
    assert derive(eventName=event).as_decide().get("operation") == operation


HIDEABLE = ("tlsDetails", "additionalEventData", "requestParameters", "resources", "userAgent")


@settings(max_examples=100, deadline=None)
@given(
    st.sets(st.sampled_from(HIDEABLE)),
    st.sampled_from(["GetObject", "ListObjects", "PutObject", "CopyObject", "GetBucketAcl"]),
    st.sampled_from([USER, ROLE, CROSS, ANONYMOUS, SERVICE]),
)
def test_hiding_a_field_makes_keys_unknown_never_other(
    hidden: set[str], event: str, identity: dict[str, Any]
) -> None:
    """What is not logged any more may turn a key into UNKNOWN, never into another value."""
    full = derive(eventName=event, userIdentity=identity)
    less = derive(eventName=event, userIdentity=identity, **dict.fromkeys(hidden, ...))
    for name, value in less.context.items():
        assert full.context.get(name) == value
    lost = set(full.context) - set(less.context)
    assert lost <= set(less.unknown_context)
    assert datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC) == less.time


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([AT_POINT], AT_POINT["ARN"]),
        ([AT_POINT, "of another type"], AT_POINT["ARN"]),
        ([{"ARN": 7}, AT_POINT], AT_POINT["ARN"]),
        ([], ABSENT),
        (None, UNKNOWN),
        ("of another type", UNKNOWN),
        ({"of": "another type"}, UNKNOWN),
    ],
)
def test_an_access_point_is_not_lost_among_entries_of_another_type(
    resources: Any, expected: object
) -> None:
    found = derive(resources=resources)
    assert key(found, "s3:DataAccessPointArn") == expected
    assert derive(eventName="PutObject", readOnly=False, resources=resources).context.get(
        "s3:DataAccessPointArn"
    ) == found.context.get("s3:DataAccessPointArn")
