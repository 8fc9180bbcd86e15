"""Whatever a record holds, the replay ends: with rows, and with what it cannot read unknown."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.state.aws import harvest
from timeline.state.aws.input import state_for
from timeline.state.intervals import History
from timeline.state.replay import run

from .events import BUCKET_UID, at, event

_NAMES = st.sampled_from(
    ["bucketName", "key", "policy", "bucketPolicy", "policyDocument", "policyArn", "userName",
     "roleName", "groupName", "policyName", "AccessControlPolicy", "accessControlList", "Grant",
     "AccessControlList", "Grantee", "x-amz-acl", "x-amz-grant-read", "Statement", "Version",
     "PublicAccessBlockConfiguration", "BlockPublicAcls", "OwnershipControls", "Rule", "Owner",
     "ObjectOwnership", "Host", "accountId", "versionId", "uploadId", "permissionsBoundary",
     "roleArn", "roleSessionName", "policyArns", "user", "arn", "userId", "policyVersion",
     "targetId", "policyId", "content", "keyId", "CreateVpcEndpointRequest", "PolicyDocument"]
)  # fmt: skip
_LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(
    ["", "b", "{", "[]", "private", "arn:aws:iam::1:user/x", '{"Statement":[{"Effect":"Allow"}]}']
)  # fmt: skip
JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=6),
    max_leaves=12,
)
OPERATIONS = sorted(harvest.OPERATIONS)
SERVICES = sorted({service for service, _ in harvest.HANDLED})


@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), JSON, JSON), max_size=6), st.data())
@settings(max_examples=200, deadline=None)
def test_any_parameters(calls: list[tuple[str, Any, Any]], data: st.DataObject) -> None:
    rows = [event("ListBuckets", 0)]
    for number, (operation, request, answer) in enumerate(calls, start=1):
        service = data.draw(st.sampled_from(SERVICES))
        row = event(operation, number, number=number, service=service)
        row["params"] = json.dumps({"requestParameters": request, "responseElements": answer})
        row["error_code"] = data.draw(st.sampled_from([None, "AccessDenied"]))
        rows.append(row)
    found = run(rows)
    history = History(found.intervals, found.changes)
    request = {"principal": {"type": "Anonymous"}, "resource": f"{BUCKET_UID}/k", "context": {}}
    state_for(history, request, at(3))
    for row in found.changes:
        assert row["kind"] == "default" or row["evidence_item"]


@given(JSON, JSON)
@settings(max_examples=100, deadline=None)
def test_any_listing(users: Any, policies: Any) -> None:
    answer = {"UserDetailList": users, "RoleDetailList": [users], "Policies": policies}
    shot = ("aws.iam.authorization_details", answer, datetime(2022, 6, 1, tzinfo=UTC), None)
    run([event("ListBuckets", 0)], [shot])


def test_listing_with_an_entry_that_cannot_be_read_proves_no_absence() -> None:
    from .test_history import details, snapshot, user

    whole, broken = details(user("alice")), details(user("alice"), {"UserName": "x"})
    for answer, absent in ((whole, 1), (broken, 0)):
        shots = [snapshot(0, details(user("bob"), user("alice"))), snapshot(500, answer)]
        found = run([event("ListBuckets", 0), event("ListBuckets", 900)], shots)
        gone = [r for r in found.changes if r["kind"] == "hidden" and r["slot"] == "existence"]
        assert len(gone) == absent
