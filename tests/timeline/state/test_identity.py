"""IAM and sessions: from records and listings to the policies of a caller."""

import json
from typing import Any

import pytest

from timeline.state.aws.input import state_for
from timeline.state.intervals import History
from timeline.state.replay import run

from .events import ALICE, BUCKET_UID, OWNER, at, create_bucket, event, iam, policy
from .test_history import ADMIN, details, snapshot, user

ALLOW = policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
DENY = policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
FIRST, LAST = event("ListBuckets", 0), event("ListBuckets", 1000)
AMY = f"arn:aws:iam::{OWNER}:user/team/amy"
ROLE = f"arn:aws:iam::{OWNER}:role/service/reader"
SESSION = f"arn:aws:sts::{OWNER}:assumed-role/reader/s1"
MINE = f"arn:aws:iam::{OWNER}:policy/mine"


def create(kind: str, arn: str, seconds: float, **request: Any) -> dict[str, Any]:
    """CreateUser or CreateRole with its answer."""
    name = arn.rsplit("/", 1)[-1]
    made = {kind: {"arn": arn, f"{kind}Id": f"{kind[0].upper()}ID{name}", f"{kind}Name": name}}
    given = {f"{kind}Name": name} | request
    return iam(f"Create{kind.capitalize()}", seconds, request=given, response=made)


def on(operation: str, kind: str, name: str, seconds: float, **request: Any) -> dict[str, Any]:
    """An IAM call about a user, role or group."""
    return iam(operation, seconds, request={f"{kind}Name": name} | request)


def caller(arn: str | None = AMY, kind: str = "IAMUser", **given: Any) -> dict[str, Any]:
    """A request by a caller."""
    principal = {"type": kind, "arn": arn, "account": OWNER} | given
    return {"principal": principal, "resource": f"{BUCKET_UID}/k", "context": {}}


def asked(rows: list[dict[str, Any]], request: dict[str, Any], shots: Any = ()) -> tuple[Any, ...]:
    """state, unknown, unseen at second 500."""
    found = run([FIRST, *rows, LAST], shots)
    return state_for(History(found.intervals, found.changes), request, at(500))


PUT = on("PutUserPolicy", "user", "amy", 20, policyName="p", policyDocument=json.dumps(ALLOW))
FIRST_VERSION = iam(
    "CreatePolicy", 12, request={"policyName": "mine", "policyDocument": json.dumps(ALLOW)}
)
SECOND_VERSION = iam(
    "CreatePolicyVersion",
    14,
    request={"policyArn": MINE, "setAsDefault": True, "policyDocument": json.dumps(DENY)},
    response={"policyVersion": {"versionId": "v2"}},
)
ATTACH = on("AttachUserPolicy", "user", "amy", 20, policyArn=ADMIN)


@pytest.mark.parametrize(
    ("what", "rows", "policies"),
    [
        ("a new user has none", [], []),
        ("inline", [PUT], [ALLOW]),
        ("deleted again",
         [PUT, on("DeleteUserPolicy", "user", "amy", 30, policyName="p")], []),
        ("refused", [PUT | {"error_code": "AccessDenied", "outcome": "denied"}], []),
        ("provider-managed", [ATTACH],
         [policy({"Effect": "Allow", "Action": "*", "Resource": "*"})]),
        ("detached again",
         [ATTACH, on("DetachUserPolicy", "user", "amy", 30, policyArn=ADMIN)], []),
        ("managed, second version by default",
         [FIRST_VERSION, SECOND_VERSION,
          on("AttachUserPolicy", "user", "amy", 20, policyArn=MINE)], [DENY]),
        ("managed, default set back",
         [FIRST_VERSION, SECOND_VERSION,
          iam("SetDefaultPolicyVersion", 16, request={"policyArn": MINE, "versionId": "v1"}),
          on("AttachUserPolicy", "user", "amy", 20, policyArn=MINE)], [ALLOW]),
        ("of a group",
         [create("group", f"arn:aws:iam::{OWNER}:group/readers", 11),
          on("PutGroupPolicy", "group", "readers", 12, policyName="g",
             policyDocument=json.dumps(ALLOW)),
          iam("AddUserToGroup", 13, request={"userName": "amy", "groupName": "readers"})], [ALLOW]),
    ],
)  # fmt: skip
def test_policies_of_a_user(
    what: str, rows: list[dict[str, Any]], policies: list[dict[str, Any]]
) -> None:
    state, unknown, _ = asked([create("user", AMY, 10), *rows], caller())
    assert state["identity_policies"] == policies, what
    assert not [path for path in unknown if path.startswith("identity")], what


@pytest.mark.parametrize(
    ("what", "rows", "missing"),
    [
        ("account not observed", [], f"identity:{OWNER}"),
        ("single events only", [PUT], f"identity:{OWNER}"),
        ("managed policy of unknown text",
         [create("user", AMY, 10), on("AttachUserPolicy", "user", "amy", 20, policyArn=MINE)],
         f"identity_policies.{MINE}"),
        ("unreadable inline policy",
         [create("user", AMY, 10),
          on("PutUserPolicy", "user", "amy", 20, policyName="p", policyDocument="{")],
         "identity_policies.inline_policy/p"),
    ],
)  # fmt: skip
def test_what_no_record_holds_is_unknown(
    what: str, rows: list[dict[str, Any]], missing: str
) -> None:
    _, unknown, _ = asked(rows, caller())
    assert missing in unknown, what


def test_known_deny_of_an_account_not_observed_still_counts() -> None:
    row = on("PutUserPolicy", "user", "amy", 20, policyName="p", policyDocument=json.dumps(DENY))
    state, unknown, _ = asked([row], caller())
    assert state["identity_policies"] == [] or unknown
    state, unknown, _ = asked([row], caller(f"arn:aws:iam::{OWNER}:user/amy"))
    assert state["identity_policies"] == [DENY]
    assert f"identity:{OWNER}" in unknown


def test_caller_of_another_account_by_its_unique_id() -> None:
    request = caller(kind="AWSAccount", arn=None, unique_id="AIDAALICE")
    state, unknown, _ = asked([], request, [snapshot(5, details(user("alice", ADMIN)))])
    assert len(state["identity_policies"]) == 1
    assert f"identity:{OWNER}" not in unknown


def test_listing_makes_the_policies_complete() -> None:
    shots = [snapshot(5, details(user("alice", inline={"p": ALLOW})))]
    state, unknown, unseen = asked([], caller(ALICE), shots)
    assert state["identity_policies"] == [ALLOW]
    assert state["permissions_boundary"] is None
    assert not [p for p in (*unknown, *unseen) if p.startswith(("identity", "permissions"))]


def test_role_behind_a_session_by_name_and_path() -> None:
    trust = json.dumps(policy({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}))
    rows = [
        create("role", ROLE, 10, assumeRolePolicyDocument=trust),
        on("PutRolePolicy", "role", "reader", 20, policyName="p", policyDocument=json.dumps(ALLOW)),
    ]
    state, _, unseen = asked(rows, caller(SESSION, "AssumedRole"))
    assert state["identity_policies"] == [ALLOW]
    assert "session_policies" in unseen


def assume(seconds: float, **request: Any) -> dict[str, Any]:
    """AssumeRole."""
    given = {"roleArn": ROLE, "roleSessionName": "s1"} | request
    made = {"assumedRoleUser": {"arn": SESSION}}
    return event("AssumeRole", seconds, service="sts.amazonaws.com", request=given, response=made)


def test_session_policies() -> None:
    request = caller(SESSION, "AssumedRole")
    state, unknown, unseen = asked([assume(20)], request)
    assert state["session_policies"] is None
    assert "session_policies" not in {*unknown, *unseen}
    state, _, _ = asked([assume(20, policy=json.dumps(DENY))], request)
    assert state["session_policies"] == [DENY]
    _, unknown, _ = asked([assume(20, policy=json.dumps(DENY)), assume(30)], request)
    assert "session_policies" in unknown, "two sessions of one name with different policies"


def test_boundary() -> None:
    rows = [create("user", AMY, 10, permissionsBoundary=ADMIN)]
    state, _, _ = asked(rows, caller())
    assert state["permissions_boundary"]["Statement"][0]["Action"] == "*"
    gone = on("DeleteUserPermissionsBoundary", "user", "amy", 30)
    state, _, _ = asked([*rows, gone], caller())
    assert state["permissions_boundary"] is None


def test_deleted_user_has_nothing_and_another_of_its_name_starts_anew() -> None:
    gone = on("DeleteUser", "user", "amy", 30)
    state, unknown, _ = asked(
        [create("user", AMY, 10), PUT, gone, create("user", AMY, 40)], caller()
    )
    assert state["identity_policies"] == []
    assert not [path for path in unknown if path.startswith("identity")]


def test_anonymous_has_no_identity_side() -> None:
    request = {"principal": {"type": "Anonymous"}, "resource": f"{BUCKET_UID}/k", "context": {}}
    state, unknown, unseen = asked([create_bucket(10)], request)
    assert state["identity_policies"] == []
    assert "scps" not in {*unknown, *unseen}
    assert "rcps" in unseen
    assert "account_public_access_block" in unseen
    assert not {*unknown} & {*unseen}
