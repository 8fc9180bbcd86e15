"""Other ways to a bucket than its own name: decided as what they are, or not at all (R-S3-18)."""

import json
from typing import Any

import pytest

from timeline.correlate.aws import callers, requests
from timeline.correlate.aws.provider import AWS
from timeline.model import Verdict
from timeline.state.intervals import History
from timeline.state.replay import run

from .events import ALICE, BUCKET, BUCKET_UID, OWNER, at, create_bucket, event, policy, put_policy

FIRST, LAST = event("ListBuckets", 0), event("ListBuckets", 1000)
ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
POINT = f"arn:aws:s3:us-east-1:{OWNER}:accesspoint/ap"
MULTI = f"arn:aws:s3::{OWNER}:accesspoint/m123.mrap"
LAMBDA = f"arn:aws:s3-object-lambda:us-east-1:{OWNER}:accesspoint/ol"
KNOWN = frozenset(
    {"unseen-guardrails-absent", "documented-readings", "records-complete", "gaps-minimal"}
)
OPEN_BUCKET = put_policy(5, policy(ALLOW | {"Resource": "arn:aws:s3:::b/*"}))
OBJECT = event("PutObject", 6, request={"bucketName": BUCKET, "key": "k"})
OWNED = {"x-amz-object-ownership": "BucketOwnerEnforced"}


def point(document: Any | None) -> list[dict[str, Any]]:
    """An access point with its policy, all its flags off."""
    flags = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
    )
    given = {"name": "ap", "accountId": OWNER}
    made = event("CreateAccessPoint", 3, request=given
                 | {"Bucket": BUCKET, "PublicAccessBlockConfiguration": flags})  # fmt: skip
    put = event("PutAccessPointPolicy", 4, request=given | {"Policy": json.dumps(document)})
    return [made] if document is None else [made, put]


def decided(rows: list[dict[str, Any]], **more: Any) -> Verdict:
    """An anonymous read at second 500."""
    found = run([FIRST, create_bucket(1, **OWNED), OPEN_BUCKET, OBJECT, *rows, LAST])
    context = {"aws:SecureTransport": "true", **more.pop("context", {})}
    request = {
        "principal": {"type": "Anonymous"},
        "action": "s3:GetObject",
        "resource": f"{BUCKET_UID}/k",
        "time": "2022-06-01T00:08:20Z",
        "context": context,
        **more,
    }
    history = History(found.intervals, found.changes)
    return AWS.decide(history, request, at(500), KNOWN).verdict


THROUGH = {"s3:DataAccessPointArn": POINT, "s3:DataAccessPointAccount": OWNER}


@pytest.mark.parametrize(
    ("what", "rows", "context", "verdict"),
    [
        ("the bucket itself", [], {}, Verdict.ALLOWED),
        ("an access point that lets everyone in",
         point(policy(ALLOW | {"Resource": f"{POINT}/object/*"})), THROUGH, Verdict.ALLOWED),
        ("an access point without a policy", point(None), THROUGH, Verdict.DENIED),
        ("an access point that no record mentions", [], THROUGH, Verdict.UNKNOWN),
        ("a multi-Region access point", [], {"s3:DataAccessPointArn": MULTI}, Verdict.UNKNOWN),
        ("an Object Lambda access point", [], {"s3:DataAccessPointArn": LAMBDA}, Verdict.UNKNOWN),
    ],
)  # fmt: skip
def test_way_in(
    what: str, rows: list[dict[str, Any]], context: dict[str, str], verdict: Verdict
) -> None:
    assert decided(rows, context=context) is verdict, what


@pytest.mark.parametrize(
    ("what", "more"),
    [
        ("an alias", {"resource": "arn:aws:s3:::ap-abc123-s3alias/k"}),
        ("a directory bucket", {"resource": "arn:aws:s3:::b--usw2-az1--x-s3/k"}),
        ("a directory bucket by its service",
         {"action": "s3express:CreateSession",
          "resource": f"arn:aws:s3express:us-west-2:{OWNER}:bucket/b--usw2-az1--x-s3"}),
        ("a table bucket",
         {"action": "s3tables:GetTableData",
          "resource": f"arn:aws:s3tables:us-west-2:{OWNER}:bucket/t"}),
        ("Access Grants", {"action": "s3:GetDataAccess",
                           "resource": f"arn:aws:s3:us-east-1:{OWNER}:access-grants/default"}),
        ("an outpost", {"action": "s3-outposts:GetObject",
                        "resource": f"arn:aws:s3-outposts:us-east-1:{OWNER}:outpost/o/bucket/b"}),
    ],
)  # fmt: skip
def test_what_is_not_decided_is_unknown(what: str, more: dict[str, Any]) -> None:
    assert decided([], **more) is Verdict.UNKNOWN, what


def test_a_request_through_an_access_point_has_a_signature_of_its_own() -> None:
    mentions = AWS.mentions([])
    direct: dict[str, Any] = {
        "principal": {"type": "IAMUser", "arn": ALICE, "account": OWNER},
        "action": "s3:GetObject", "resource": f"{BUCKET_UID}/k", "context": {},
        "time": "2022-06-01T00:08:20Z",
    }  # fmt: skip
    through = {**direct, "context": THROUGH}
    assert requests.signature(direct, mentions) != requests.signature(through, mentions)
    assert requests.container_label(through) == BUCKET
    found = run([FIRST, create_bucket(1), LAST])
    named = callers.named(through, History(found.intervals), at(500))
    assert (named["resource"], named["bucket"]) == (f"{POINT}/object/k", BUCKET)


LAMBDA_POINT = f"arn:aws:s3-object-lambda:us-east-1:{OWNER}:accesspoint/ol"
INSTANCE = f"arn:aws:s3:us-east-1:{OWNER}:access-grants/default"
DIRECTORY = f"arn:aws:s3express:us-east-1:{OWNER}:bucket/d--use1-az4--x-s3"
TABLES = f"arn:aws:s3tables:us-east-1:{OWNER}:bucket/t"
SHOWN = policy(ALLOW | {"Resource": "*"})
GRANT = event(
    "CreateAccessGrant",
    5,
    request={
        "accountId": OWNER,
        "AccessGrantsLocationId": "default",
        "Permission": "READ",
        "Grantee": {"GranteeType": "IAM", "GranteeIdentifier": ALICE},
    },
    response={"accessGrantId": "g"},
)


@pytest.mark.parametrize(
    ("what", "rows", "uid", "slot", "value"),
    [
        ("a directory bucket",
         [event("PutBucketPolicy", 5, service="s3express.amazonaws.com", request={
             "bucketName": "d--use1-az4--x-s3", "bucketPolicy": SHOWN})], DIRECTORY, "policy",
         SHOWN),
        ("no policy any more",
         [event("DeleteBucketPolicy", 5, service="s3express.amazonaws.com", request={
             "bucketName": "d--use1-az4--x-s3"})], DIRECTORY, "policy", None),
        ("a table bucket",
         [event("PutTableBucketPolicy", 5, service="s3tables.amazonaws.com", request={
             "tableBucketARN": TABLES, "resourcePolicy": json.dumps(SHOWN)})], TABLES, "policy",
         SHOWN),
        ("an Object Lambda access point",
         [event("PutAccessPointPolicyForObjectLambda", 5, request={
             "name": "ol", "accountId": OWNER, "Policy": json.dumps(SHOWN)})], LAMBDA_POINT,
         "policy", SHOWN),
        ("Access Grants, who may use them from elsewhere",
         [event("PutAccessGrantsInstanceResourcePolicy", 5, request={
             "accountId": OWNER, "Policy": json.dumps(SHOWN)})], INSTANCE, "policy", SHOWN),
        ("a grant", [GRANT], INSTANCE, "access_grant/g",
         {"grantee": {"GranteeType": "IAM", "GranteeIdentifier": ALICE}, "permission": "READ",
          "location": "default"}),
        ("no grant any more",
         [GRANT, event("DeleteAccessGrant", 6, request={"accountId": OWNER, "accessGrantId": "g"})],
         INSTANCE, "access_grant/g", None),
    ],
)  # fmt: skip
def test_read_and_shown(
    what: str, rows: list[dict[str, Any]], uid: str, slot: str, value: Any
) -> None:
    told = History(run([FIRST, *rows, LAST]).intervals)
    assert told.at(uid, slot, at(10)).value == value, what
    assert BUCKET_UID not in told.resources(), what


def test_a_body_that_is_not_as_documented_is_opaque() -> None:
    row = event("PutAccessGrantsInstanceResourcePolicy", 5, request={"accountId": OWNER})
    result = run([FIRST, row, LAST])
    assert [gap.kind for gap in result.gaps] == ["opaque"]


def test_a_request_that_names_a_version_has_a_signature_of_its_own() -> None:
    mentions = AWS.mentions([])
    asked: dict[str, Any] = {
        "principal": {"type": "Anonymous"}, "action": "s3:GetObject", "time": None,
        "resource": f"{BUCKET_UID}/k",
    }  # fmt: skip
    made = [
        json.dumps(requests.signature({**asked, "context": context}, mentions), sort_keys=True)
        for context in ({}, {"s3:VersionId": "null"}, {"s3:VersionId": "v1"})
    ]
    assert len(set(made)) == 3
