"""Rows of the state table that other files do not hold: record by record, what a slot is then."""

import json
from typing import Any

import pytest

from timeline.model import Knowledge
from timeline.state.aws.input import state_for
from timeline.state.intervals import History
from timeline.state.replay import StateResult, run

from .events import (
    ALICE,
    ALL_USERS,
    BUCKET,
    BUCKET_UID,
    OWNER,
    at,
    create_bucket,
    event,
    iam,
    policy,
    public_read,
    put_policy,
)

FIRST, LAST = event("ListBuckets", 0), event("ListBuckets", 1000)
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/k1"
REPLICA = f"arn:aws:kms:eu-west-1:{OWNER}:key/mrk-1"
ROLE = f"arn:aws:iam::{OWNER}:role/R"
SESSION = f"arn:aws:sts::{OWNER}:assumed-role/R/s"
FEDERATED = f"arn:aws:sts::{OWNER}:federated-user/f"
DENY = policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
UNKNOWN = Knowledge.UNKNOWN


def made(*rows: dict[str, Any]) -> StateResult:
    return run([FIRST, *rows, LAST])


def kms(operation: str, seconds: float, **given: Any) -> dict[str, Any]:
    return event(operation, seconds, service="kms.amazonaws.com", **given)


def sts(operation: str, seconds: float, **given: Any) -> dict[str, Any]:
    return event(operation, seconds, service="sts.amazonaws.com", **given)


def grant(seconds: float, grant_id: str | None = "g", **more: Any) -> dict[str, Any]:
    request = {"keyId": KEY, "granteePrincipal": ALICE, "operations": ["Decrypt"]}
    answer = {"grantId": grant_id} if grant_id else None
    return kms("CreateGrant", seconds, request=request, response=answer, **more)


CREATED = kms("CreateKey", 2, request={"policy": json.dumps(DENY)},
              response={"keyMetadata": {"arn": KEY}})  # fmt: skip
USER = iam("CreateUser", 2, request={"userName": "alice"},
           response={"user": {"arn": ALICE, "userId": "AIDA1"}})  # fmt: skip
KEY_MADE = iam("CreateAccessKey", 5, request={"userName": "alice"},
               response={"accessKey": {"accessKeyId": "AKIA1", "status": "Active"}})  # fmt: skip
ASSUMED = {"assumedRoleUser": {"arn": SESSION}}


@pytest.mark.parametrize(
    ("what", "rows", "uid", "slot", "value"),
    [
        ("a new key has no grants", [CREATED], KEY, "grants", "complete"),
        ("a grant without its id: there is one more than is known",
         [CREATED, grant(5, None)], KEY, "grants", UNKNOWN),
        ("a refused one alters nothing",
         [CREATED, grant(5, None, error_code="AccessDenied")], KEY, "grants", "complete"),
        ("a grant that ends without its id may be any",
         [CREATED, grant(5), kms("RetireGrant", 6, request={"keyId": KEY})], KEY, "grant/g",
         UNKNOWN),
        ("a replica has its own policy",
         [kms("ReplicateKey", 5, request={"keyId": KEY, "policy": json.dumps(DENY)},
              response={"replicaKeyMetadata": {"arn": REPLICA}})], REPLICA, "policy", DENY),
        ("a replica under the default policy",
         [kms("ReplicateKey", 5, request={"keyId": KEY},
              response={"replicaKeyMetadata": {"arn": REPLICA}})], REPLICA, "policy", UNKNOWN),
        ("scheduled for deletion", [CREATED, kms("ScheduleKeyDeletion", 5, request={"keyId": KEY})],
         KEY, "enabled", False),
        ("a key by its bare id", [kms("DisableKey", 5, request={"keyId": "k1"})], KEY, "enabled",
         False),
        ("an access key", [USER, KEY_MADE], ALICE, "access_key/AKIA1", "Active"),
        ("switched off",
         [USER, KEY_MADE, iam("UpdateAccessKey", 6, request={
             "userName": "alice", "accessKeyId": "AKIA1", "status": "Inactive"})],
         ALICE, "access_key/AKIA1", "Inactive"),
        ("one's own, deleted",
         [USER, KEY_MADE, iam("DeleteAccessKey", 6, request={"accessKeyId": "AKIA1"})],
         ALICE, "access_key/AKIA1", None),
        ("a tag", [iam("TagRole", 5, request={
            "roleName": "R", "tags": [{"key": "team", "value": "x"}]})], ROLE, "tag/team", "x"),
        ("no tag any more",
         [iam("TagRole", 5, request={"roleName": "R", "tags": [{"key": "team", "value": "x"}]}),
          iam("UntagRole", 6, request={"roleName": "R", "tagKeys": ["team"]})], ROLE, "tag/team",
         None),
        ("tags at creation",
         [create_bucket(5, CreateBucketConfiguration={
             "Tags": {"Tag": {"Key": "a", "Value": "b"}}})], BUCKET_UID, "tags", {"a": "b"}),
        ("a session without a session policy",
         [sts("AssumeRole", 5, request={"roleArn": ROLE, "roleSessionName": "s"},
              response=ASSUMED)], SESSION, "session_policy", None),
        ("with one",
         [sts("AssumeRole", 5, request={"roleArn": ROLE, "roleSessionName": "s",
                                        "policy": json.dumps(DENY)}, response=ASSUMED)],
         SESSION, "session_policy", DENY),
        ("by managed policies",
         [sts("AssumeRole", 5, request={"roleArn": ROLE, "roleSessionName": "s",
                                        "policyArns": [{"arn": "arn:aws:iam::aws:policy/P"}]},
              response=ASSUMED)], SESSION, "session_policy_arns", ["arn:aws:iam::aws:policy/P"]),
        ("made by a service, whose answer lacks it",
         [sts("AssumeRole", 5, request={"roleArn": ROLE.replace("role/", "role/p/"),
                                        "roleSessionName": "s", "policy": json.dumps(DENY)})],
         SESSION, "session_policy", DENY),
        ("a federated user",
         [sts("GetFederationToken", 5, request={"name": "f", "policy": json.dumps(DENY)},
              response={"federatedUser": {"arn": FEDERATED}})], FEDERATED, "session_policy", DENY),
        ("two sessions of one name",
         [sts("AssumeRole", 5, request={"roleArn": ROLE, "roleSessionName": "s"},
              response=ASSUMED),
          sts("AssumeRole", 6, request={"roleArn": ROLE, "roleSessionName": "s",
                                        "policy": json.dumps(DENY)}, response=ASSUMED)],
         SESSION, "session_policy", UNKNOWN),
        ("a version of before the records",
         [iam("SetDefaultPolicyVersion", 5, request={
             "policyArn": f"arn:aws:iam::{OWNER}:policy/P", "versionId": "v3"})],
         f"arn:aws:iam::{OWNER}:policy/P", "default_version", "v3"),
        ("a new default version without its id",
         [iam("CreatePolicyVersion", 5, request={
             "policyArn": f"arn:aws:iam::{OWNER}:policy/P", "setAsDefault": True,
             "policyDocument": json.dumps(DENY)})],
         f"arn:aws:iam::{OWNER}:policy/P", "default_version", UNKNOWN),
        ("endpoint lists as {tag, content}",
         [event("DeleteVpcEndpoints", 5, service="ec2.amazonaws.com", request={
             "DeleteVpcEndpointsRequest": {"VpcEndpointId": {"tag": 1, "content": "vpce-1"}}})],
         "aws:vpce:vpce-1", "existence", None),
        ("a read that finds no website",
         [event("GetBucketWebsite", 5, request={"bucketName": BUCKET},
                error_code="NoSuchWebsiteConfiguration")], BUCKET_UID, "website", None),
        ("a read that is denied finds nothing out",
         [event("GetBucketTagging", 5, request={"bucketName": BUCKET},
                error_code="AccessDenied")], BUCKET_UID, "tags", UNKNOWN),
    ],
)  # fmt: skip
def test_row(what: str, rows: list[dict[str, Any]], uid: str, slot: str, value: Any) -> None:
    seconds = max((row["time"] - at(0)).total_seconds() for row in rows)
    state = History(made(*rows).intervals).at(uid, slot, at(seconds))
    if value is UNKNOWN:
        assert state.knowledge is UNKNOWN, what
    else:
        assert state.knowledge is not UNKNOWN, what
        assert state.value == value, what


def test_a_corrected_record_counts_instead_of_the_first_one() -> None:
    first = put_policy(5, policy(public_read()))
    params = json.loads(first["params"])
    params["requestParameters"]["bucketPolicy"] = DENY
    note = {"reason": "UPDATED_DATA", "originalEventID": first["provider_uid"]}
    again = first | {
        "event_uid": "EV-1.f2/1", "provider_uid": "later", "locator": "1@0+10",
        "params": json.dumps(params | {"addendum": note}),
    }  # fmt: skip
    result = made(create_bucket(1), first, again)
    assert History(result.intervals).at(BUCKET_UID, "policy", at(10)).value == DENY
    changed = {r["event_uid"] if "event_uid" in r else r["change_uid"] for r in result.changes
               if r["slot"] == "policy" and r["kind"] == "logged"}  # fmt: skip
    assert changed == {"EV-1.f2/1"}
    late = json.dumps(params | {"addendum": note | {"reason": "DELIVERY_DELAY"}})
    both = made(create_bucket(1), first, again | {"params": late})
    assert len([r for r in both.changes if r["operation"] == "PutBucketPolicy"]) > 1


def put(seconds: float, version: str | None, **headers: Any) -> dict[str, Any]:
    answer = {"x-amz-version-id": version} if version else None
    request = {"bucketName": BUCKET, "key": "k", **headers}
    return event("PutObject", seconds, request=request, response=answer)


GROUP = {"Grantee": {"xsi:type": "Group", "URI": ALL_USERS}, "Permission": "READ"}
LISTED = {"AccessControlList": {"Grant": GROUP}, "Owner": {"ID": "9"}}
OPENED = event(
    "PutObjectAcl",
    30,
    request={
        "bucketName": BUCKET,
        "key": "k",
        "versionId": "v1",
        "AccessControlPolicy": LISTED,
    },
)


@pytest.mark.parametrize(
    ("what", "rows", "version", "grants"),
    [
        ("none named", [put(10, "v1"), put(20, "v2", **{"x-amz-acl": "public-read"})], None, 2),
        ("an earlier one", [put(10, "v1"), put(20, "v2")], "v1", None),
        ("an earlier one, whose list is recorded", [put(10, "v1"), put(20, "v2"), OPENED], "v1", 1),
        ("null without versions", [put(10, None)], "null", 1),
        (
            "null beside versions",
            [
                event(
                    "PutBucketVersioning",
                    5,
                    request={
                        "bucketName": BUCKET,
                        "VersioningConfiguration": {"Status": "Enabled"},
                    },
                ),
                put(10, "v1"),
            ],
            "null",
            None,
        ),
        ("one that no record mentions", [], "v9", None),
    ],
)
def test_a_request_that_names_a_version(
    what: str, rows: list[dict[str, Any]], version: str | None, grants: int | None
) -> None:
    named = event("PutBucketAcl", 2, request={
        "bucketName": BUCKET, "AccessControlPolicy": {
            "Owner": {"ID": "9"}, "AccessControlList": ""}})  # fmt: skip
    told = History(made(create_bucket(1), named, *rows).intervals)
    context = {"s3:VersionId": version} if version else {}
    request = {"principal": {"type": "Anonymous"}, "resource": f"{BUCKET_UID}/k",
               "context": context}  # fmt: skip
    state, unknown, _ = state_for(told, request, at(500))
    if grants is None:
        assert "object.acl" in unknown, what
        assert state["object"]["owner_account"] is None, what
    else:
        assert "object.acl" not in unknown, what
        assert len(state["object"]["acl"]["Grants"]) == grants, what
