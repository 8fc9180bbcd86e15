"""Organizations, keys, endpoints, access points: recorded, and unknown or unseen for a request."""

import json
from typing import Any

import pytest

from timeline.state.aws.input import state_for
from timeline.state.intervals import History
from timeline.state.replay import run

from .events import ALICE, BUCKET, BUCKET_UID, OWNER, at, create_bucket, event, policy

FIRST, LAST = event("ListBuckets", 0), event("ListBuckets", 1000)
DENY = policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/k1"
POINT = f"arn:aws:s3:us-east-1:{OWNER}:accesspoint/ap"


def org(operation: str, seconds: float, **given: Any) -> dict[str, Any]:
    """An event of Organizations."""
    return event(operation, seconds, service="organizations.amazonaws.com", **given)


def scp(seconds: float, kind: str = "SERVICE_CONTROL_POLICY") -> dict[str, Any]:
    """CreatePolicy with its answer."""
    request = {"content": json.dumps(DENY), "name": "n", "type": kind}
    return org("CreatePolicy", seconds, request=request,
               response={"policy": {"policySummary": {"id": "p-1", "type": kind}}})  # fmt: skip


def asked(*rows: dict[str, Any], resource: str = f"{BUCKET_UID}/k", **context: str) -> Any:
    """state, unknown, unseen at second 500 for alice."""
    found = run([FIRST, create_bucket(1), *rows, LAST])
    principal = {"type": "IAMUser", "arn": ALICE, "account": OWNER}
    keys = {f"aws:{name}": value for name, value in context.items()}
    request = {"principal": principal, "resource": resource, "context": keys}
    return state_for(History(found.intervals, found.changes), request, at(500))


@pytest.mark.parametrize(
    ("what", "rows", "unknown", "unseen"),
    [
        ("nothing recorded", [], set(), {"scps", "rcps", "organization_s3_policy"}),
        ("refused call", [scp(5) | {"error_code": "AccessDenied"}], set(),
         {"scps", "rcps", "organization_s3_policy"}),
        ("a service control policy", [scp(5)], {"scps"}, {"rcps", "organization_s3_policy"}),
        ("an S3 policy", [scp(5, "S3_POLICY")], {"organization_s3_policy"}, {"scps", "rcps"}),
        ("attached, type not recorded",
         [org("AttachPolicy", 5, request={"policyId": "p-9", "targetId": OWNER})],
         {"scps", "rcps", "organization_s3_policy"}, set()),
    ],
)  # fmt: skip
def test_organization(what: str, rows: list[Any], unknown: set[str], unseen: set[str]) -> None:
    _, not_known, not_seen = asked(*rows)
    names = {"scps", "rcps", "organization_s3_policy"}
    assert names & set(not_known) == unknown, what
    assert names & set(not_seen) == unseen, what


def test_organization_as_history() -> None:
    rows = [
        scp(5),
        org("AttachPolicy", 10, request={"policyId": "p-1", "targetId": OWNER}),
        org("DetachPolicy", 20, request={"policyId": "p-1", "targetId": OWNER}),
    ]
    history = History(run([FIRST, *rows, LAST]).intervals)
    target = f"aws:organizations:target/{OWNER}"
    assert history.at("aws:organizations:policy/p-1", "content", at(15)).value == DENY
    assert [history.at(target, "policy/p-1", at(s)).value for s in (15, 25)] == ["p-1", None]


def endpoint(seconds: float, **given: Any) -> dict[str, Any]:
    """CreateVpcEndpoint."""
    return event(
        "CreateVpcEndpoint", seconds, service="ec2.amazonaws.com",
        request={"CreateVpcEndpointRequest": {"VpcId": "vpc-1", **given}},
        response={"CreateVpcEndpointResponse": {"vpcEndpoint": {"vpcEndpointId": "vpce-1"}}},
    )  # fmt: skip


def modify(seconds: float, **given: Any) -> dict[str, Any]:
    """ModifyVpcEndpoint."""
    request = {"ModifyVpcEndpointRequest": {"VpcEndpointId": "vpce-1", **given}}
    return event("ModifyVpcEndpoint", seconds, service="ec2.amazonaws.com", request=request)


@pytest.mark.parametrize(
    ("what", "rows", "held", "seen"),
    [
        ("not recorded", [], None, False),
        ("no document is full access", [endpoint(5)], None, True),
        ("with a document", [endpoint(5, PolicyDocument=json.dumps(DENY))], DENY, True),
        ("changed", [endpoint(5), modify(9, PolicyDocument=json.dumps(DENY))], DENY, True),
        ("other things changed", [endpoint(5), modify(9, AddSubnetId="s")], None, True),
        ("reset",
         [endpoint(5, PolicyDocument=json.dumps(DENY)), modify(9, ResetPolicy=True)], None, True),
    ],
)  # fmt: skip
def test_endpoint(what: str, rows: list[Any], held: Any, seen: bool) -> None:
    state, unknown, unseen = asked(*rows, SourceVpce="vpce-1")
    assert state["vpc_endpoint_policy"] == held, what
    assert ("vpc_endpoint_policy" not in unseen) == seen, what
    assert "vpc_endpoint_policy" not in unknown, what


def test_key_policy_of_an_encrypted_object() -> None:
    headers = {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": KEY,
    }
    put = event("PutObject", 10, request={"bucketName": BUCKET, "key": "k", **headers})
    state, unknown, _ = asked(put)
    assert state["object"]["kms_key"] == KEY
    assert "kms_key_policy" in unknown
    given = {"keyId": "k1", "policyName": "default", "policy": json.dumps(DENY)}
    key = event("PutKeyPolicy", 5, service="kms.amazonaws.com", request=given)
    state, unknown, _ = asked(put, key)
    assert state["kms_key_policy"] == DENY
    assert "kms_key_policy" not in unknown


def test_access_point() -> None:
    made = event(
        "CreateAccessPoint", 5,
        request={"name": "ap", "accountId": OWNER, "Bucket": BUCKET,
                 "VpcConfiguration": {"VpcId": "vpc-1"}},
    )  # fmt: skip
    put = event("PutAccessPointPolicy", 9,
                request={"name": "ap", "accountId": OWNER, "Policy": json.dumps(DENY)})  # fmt: skip
    state, unknown, _ = asked(made, put, resource=f"{POINT}/object/k")
    assert state["access_point"]["policy"] == DENY
    assert state["access_point"]["network_origin"] == "VPC"
    assert state["access_point"]["public_access_block"]["BlockPublicPolicy"] is True
    assert state["bucket"]["name"] == BUCKET
    assert not [path for path in unknown if path.startswith("access_point")]


def test_access_point_that_no_record_mentions() -> None:
    state, unknown, _ = asked(resource=f"{POINT}/object/k")
    assert state["access_point"]["arn"] == POINT
    assert {"access_point.policy", "access_point.network_origin", "bucket"} <= set(unknown)


@pytest.mark.parametrize(("account", "unseen"), [(OWNER, False), ("999999999999", True)])
def test_a_key_of_another_account_has_control_policies_of_its_own(
    account: str, unseen: bool
) -> None:
    put = event("PutObject", 3, resource=f"{BUCKET_UID}/k", request={
        "bucketName": BUCKET, "key": "k", "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": KEY.replace(OWNER, account),
    })  # fmt: skip
    _, _, not_seen = asked(put)
    assert unseen == ("rcps_of_key" in not_seen)
