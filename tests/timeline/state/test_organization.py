"""The tree of an organization and its policies: what binds an account at an instant."""

import json
from typing import Any

import pytest

from collector.model import Provenance
from timeline.state.aws.input import state_for
from timeline.state.intervals import History
from timeline.state.replay import run

from .events import ALICE, BUCKET_UID, OWNER, at, create_bucket, event, policy

MANAGING, OTHER = "999999999999", "333333333333"
ROOT, UNIT = "r-ab12", "ou-ab12-11111111"
SCP, RCP, S3 = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "S3_POLICY"
DENY = policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
ALLOW = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
OPEN = policy({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
BLOCK = {"s3_attributes": {"public_access_block_configuration": {"@@assign": "all"}}}
FIRST = event("ListBuckets", 0, account_uid=MANAGING)
LAST = event("ListBuckets", 1000, account_uid=MANAGING)
BUCKET = create_bucket(1)
PATHS = ("scps", "rcps", "organization_s3_policy")

Asked = tuple[str, Any, str]


def org(operation: str, seconds: float, **given: Any) -> dict[str, Any]:
    """An event of Organizations in the trail of the management account."""
    service = "organizations.amazonaws.com"
    return event(operation, seconds, service=service, account_uid=MANAGING, **given)


def summary(policy_id: str, kind: str, *, own: bool = False) -> dict[str, Any]:
    return {"Id": policy_id, "Type": kind, "AwsManaged": own}


def described(policy_id: str, kind: str, content: Any, *, own: bool = False) -> Asked:
    body = {"PolicySummary": summary(policy_id, kind, own=own), "Content": json.dumps(content)}
    return ("aws.organizations.policy", {"Policy": body}, policy_id)


def attached(target: str, kind: str, *policies: str) -> Asked:
    own = ("p-FullAWSAccess", "p-RCPFullAWSAccess")
    listed = [summary(each, kind, own=each in own) for each in policies]
    return ("aws.organizations.attached", {"Policies": listed}, f"{target}/{kind}")


def tree() -> list[Asked]:
    """A root with one unit, the owner's account in it; the managing account at the root."""
    in_use = [{"Type": kind, "Status": "ENABLED"} for kind in (SCP, RCP, S3)]
    return [
        (
            "aws.organizations.organization",
            {"Organization": {"Id": "o-1", "MasterAccountId": MANAGING}},
            f"aws:account:{MANAGING}",
        ),
        ("aws.organizations.roots", {"Roots": [{"Id": ROOT, "PolicyTypes": in_use}]}, "org"),
        ("aws.organizations.units", {"OrganizationalUnits": [{"Id": UNIT}]}, ROOT),
        ("aws.organizations.accounts", {"Accounts": [{"Id": MANAGING}]}, ROOT),
        ("aws.organizations.units", {"OrganizationalUnits": []}, UNIT),
        ("aws.organizations.accounts", {"Accounts": [{"Id": OWNER}]}, UNIT),
    ]


def plain() -> list[Asked]:
    """At every level the provider's own policies, and a denial at the unit."""
    found = tree()
    for target in (ROOT, UNIT, OWNER):
        more = ("p-deny",) if target == UNIT else ()
        found.append(attached(target, SCP, "p-FullAWSAccess", *more))
        found.append(attached(target, RCP, "p-RCPFullAWSAccess"))
        found.append(attached(target, S3))
    return [
        *found,
        described("p-FullAWSAccess", SCP, ALLOW, own=True),
        described("p-RCPFullAWSAccess", RCP, OPEN, own=True),
        described("p-deny", SCP, DENY),
    ]


def answers(asked: list[Asked], seconds: float = 500) -> list[Any]:
    return [
        (kind, body, at(seconds), Provenance(item=f"EV-2.w{n}", locator="0@1+2", sha256=""), about)
        for n, (kind, body, about) in enumerate(asked)
    ]


def bound(
    asked: list[Asked], *rows: dict[str, Any], seconds: float = 600, account: str = OWNER
) -> tuple[dict[str, Any], set[str], set[str]]:
    """(what binds, unknown, unseen) for a caller of an account on the owner's bucket."""
    found = run([FIRST, BUCKET, *rows, LAST], answers(asked))
    principal = {"type": "IAMUser", "arn": ALICE.replace(OWNER, account), "account": account}
    request = {"principal": principal, "resource": f"{BUCKET_UID}/k", "context": {}}
    state, unknown, unseen = state_for(History(found.intervals), request, at(seconds))
    return {p: state[p] for p in PATHS}, set(unknown) & set(PATHS), set(unseen) & set(PATHS)


def statements(levels: Any) -> list[list[Any]]:
    """Effects of the documents of each level."""
    return [[one["Statement"][0]["Effect"] for one in level] for level in levels]


@pytest.mark.parametrize("seconds", [100, 500, 900])
def test_policies_level_by_level_root_first(seconds: float) -> None:
    state, unknown, unseen = bound(plain(), seconds=seconds)
    assert (unknown, unseen) == (set(), set())
    assert statements(state["scps"]) == [["Allow"], ["Allow", "Deny"], ["Allow"]]
    assert statements(state["rcps"]) == [["Allow"], ["Allow"], ["Allow"]]
    assert state["organization_s3_policy"] is None


def test_outside_of_coverage_nothing_is_known() -> None:
    _, unknown, unseen = bound(plain(), seconds=-10)
    assert unknown == {"scps"}  # a policy of one's own is mentioned for it alone
    assert unseen == {"rcps", "organization_s3_policy"}


def test_control_policies_do_not_bind_the_managing_account() -> None:
    state, unknown, unseen = bound(plain(), account=MANAGING)
    assert state["scps"] is None
    assert "scps" not in unknown | unseen


def test_an_account_outside_of_the_tree_is_not_bound_by_it() -> None:
    _, unknown, unseen = bound(plain(), account=OTHER)
    assert "scps" in unseen
    assert "scps" not in unknown


@pytest.mark.parametrize(
    ("what", "leave_out"),
    [
        ("the policies of one level", f"{UNIT}/{SCP}"),
        ("the content of a policy", "p-deny"),
        ("the types in use", "org"),
        ("who manages it", f"aws:account:{MANAGING}"),
        ("the accounts of a unit", UNIT),
    ],
)
def test_what_is_incomplete_is_not_known(what: str, leave_out: str) -> None:
    asked = [each for each in plain() if each[2] != leave_out]
    state, unknown, _ = bound(asked)
    assert state["scps"] is None, what
    assert "scps" in unknown, what


def test_a_page_that_speaks_of_more_proves_no_absence() -> None:
    asked = [
        (kind, {**body, "NextToken": "x"} if about == f"{UNIT}/{SCP}" else body, about)
        for kind, body, about in plain()
    ]
    assert "scps" in bound(asked)[1]


def test_an_account_in_no_organization() -> None:
    body = {"Error": {"Code": "AWSOrganizationsNotInUseException"}}
    asked = [("aws.organizations.organization", body, f"aws:account:{OWNER}")]
    state, unknown, unseen = bound(asked, event("ListBuckets", 2), seconds=500)
    assert state == dict.fromkeys(PATHS)
    assert (unknown, unseen) == (set(), set())


def attach(seconds: float, policy_id: str, target: str, *, off: bool = False) -> dict[str, Any]:
    name = "DetachPolicy" if off else "AttachPolicy"
    return org(name, seconds, request={"policyId": policy_id, "targetId": target})


def test_attachments_through_time() -> None:
    rows = [attach(200, "p-deny", UNIT), attach(800, "p-deny", UNIT, off=True)]
    for seconds, count in ((100, 1), (300, 2), (700, 2), (900, 1)):
        state, unknown, _ = bound(plain(), *rows, seconds=seconds)
        assert unknown == set()
        assert len(state["scps"][1]) == count, seconds


def test_an_updated_policy_has_its_text_of_then() -> None:
    request = {"policyId": "p-deny", "content": json.dumps(DENY | {"Id": "new"})}
    changed = org("UpdatePolicy", 300, request=request | {"content": json.dumps(ALLOW)})
    asked = [each if each[2] != "p-deny" else described("p-deny", SCP, ALLOW) for each in plain()]
    assert "scps" in bound(asked, changed, seconds=200)[1]
    assert statements(bound(asked, changed, seconds=400)[0]["scps"])[1] == ["Allow", "Allow"]


def test_a_moved_account_is_bound_by_its_new_parents() -> None:
    request = {"accountId": OWNER, "sourceParentId": ROOT, "destinationParentId": UNIT}
    rows = [org("MoveAccount", 300, request=request)]
    before, after = (bound(plain(), *rows, seconds=s)[0]["scps"] for s in (200, 400))
    assert (len(before), len(after)) == (2, 3)


def test_a_type_that_is_switched_off_binds_nobody() -> None:
    request = {"rootId": ROOT, "policyType": SCP}
    off, on = (org(f"{word}PolicyType", s, request=request)
               for word, s in (("Disable", 700), ("Enable", 800)))  # fmt: skip
    state, unknown, _ = bound(plain(), off, on, seconds=750)
    assert state["scps"] is None
    assert "scps" not in unknown
    assert "scps" in bound(plain(), off, on, seconds=850)[1]
    assert len(bound(plain(), off, on, seconds=650)[0]["scps"]) == 3


def test_a_policy_of_unknown_type_makes_its_level_unknown() -> None:
    _, unknown, _ = bound(plain(), attach(600, "p-9", OWNER), seconds=700)
    assert unknown == set(PATHS)


@pytest.mark.parametrize("seconds", [500, 900])
def test_an_s3_policy_is_what_the_provider_says_it_comes_to(seconds: float) -> None:
    content = {"s3_attributes": {"public_access_block_configuration": "all"}}
    body = {"EffectivePolicy": {"PolicyContent": json.dumps(content)}}
    asked = [*plain(), ("aws.organizations.effective", body, f"{OWNER}/{S3}")]
    assert bound(asked, seconds=seconds)[0]["organization_s3_policy"] == content


def test_no_effective_s3_policy_is_none() -> None:
    body = {"Error": {"Code": "EffectivePolicyNotFoundException"}}
    asked: list[Asked] = [("aws.organizations.effective", body, f"{OWNER}/{S3}")]
    _, unknown, unseen = bound(asked, seconds=500)
    assert "organization_s3_policy" not in unknown | unseen


def test_an_effective_policy_holds_until_one_is_attached() -> None:
    content = {"s3_attributes": {"public_access_block_configuration": "none"}}
    body = {"EffectivePolicy": {"PolicyContent": json.dumps(content)}}
    asked = [*plain(), ("aws.organizations.effective", body, f"{OWNER}/{S3}"),
             described("p-s3", S3, BLOCK)]  # fmt: skip
    state, unknown, _ = bound(asked, attach(700, "p-s3", ROOT), seconds=800)
    assert unknown == set()
    assert state["organization_s3_policy"] == BLOCK


def test_every_row_cites_a_record() -> None:
    rows = [attach(200, "p-deny", UNIT), org("CreateAccount", 300, request={"email": "x"})]
    found = run([FIRST, BUCKET, *rows, LAST], answers(plain()))
    assert [row for row in found.intervals if row["evidence_item"] is None] == []
    assert "tree" in {row["slot"] for row in found.intervals}


def test_account_that_joins_makes_the_tree_unknown() -> None:
    rows = [org("CreateAccount", 700, request={"email": "x"})]
    assert "scps" in bound(plain(), *rows, account=OTHER, seconds=600)[2]
    assert "scps" in bound(plain(), *rows, account=OTHER, seconds=800)[1]
