"""Named assumptions and ambiguity readings: what they decide, and that they are named."""

from dataclasses import replace
from typing import Any

import pytest

from timeline.policy.aws import evaluate

UNSEEN = "unseen-guardrails-absent"
BOTH = frozenset(("documented-readings", UNSEEN))
DOCUMENTED = frozenset(("documented-readings",))
PUBLIC = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*",
    },
}
REQUEST: dict[str, Any] = {
    "principal": {"type": "Anonymous"},
    "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/k",
}
STATE: dict[str, Any] = {"bucket": {"name": "b", "owner_account": "111111111111", "policy": PUBLIC}}


def test_a_guardrail_that_no_evidence_mentions_counts_as_absent_where_assumed() -> None:
    unknown = ("unseen:account_public_access_block", "unseen:rcps")
    found = evaluate(REQUEST, STATE, unknown, assumptions=BOTH)
    assert found.verdict == "ALLOWED"
    assert found.assumptions == ("unseen-guardrails-absent",)


@pytest.mark.parametrize("assumptions", [DOCUMENTED, frozenset[str]()])
def test_without_the_assumption_it_is_unknown_by_its_own_name(assumptions: frozenset[str]) -> None:
    found = evaluate(REQUEST, STATE, ("unseen:rcps",), assumptions=assumptions)
    assert found.verdict == "UNKNOWN"
    assert found.unknowns == ("rcps",)
    assert found.assumptions == ()


def test_an_assumption_that_carries_nothing_is_not_named() -> None:
    private: dict[str, Any] = {"bucket": {**STATE["bucket"], "policy": None}}
    found = evaluate(REQUEST, private, ("unseen:rcps",), assumptions=BOTH)
    assert found.verdict == "DENIED"
    assert found.assumptions == ()


def test_a_guardrail_that_is_really_unknown_stays_so() -> None:
    found = evaluate(REQUEST, STATE, ("unseen:rcps", "bucket.policy"), assumptions=BOTH)
    assert found.verdict == "UNKNOWN"
    assert found.unknowns == ("bucket.policy",)


def test_documented_readings_decide_and_are_named() -> None:
    everyone = {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
    bob = {"type": "IAMUser", "arn": "arn:aws:iam::222222222222:user/bob"}
    acl = {"Owner": {"ID": "id"}, "Grants": [{"Grantee": everyone, "Permission": "READ"}]}
    state: dict[str, Any] = {
        "bucket": {**STATE["bucket"], "policy": None},
        "object": {"owner_account": "111111111111", "acl": acl},
    }
    request = {**REQUEST, "principal": bob}
    found = evaluate(request, state, (), assumptions=DOCUMENTED)
    assert (found.verdict, found.ambiguities) == ("DENIED", ("A9",))
    assert found.assumptions == ("documented-readings",)
    without = evaluate(request, state, (), assumptions=frozenset())
    assert (without.verdict, without.unknowns) == ("UNKNOWN", ("A9",))


def test_a_partly_known_policy_denies_by_what_is_known() -> None:
    denial = {**PUBLIC["Statement"], "Effect": "Deny"}  # type: ignore[dict-item]
    state: dict[str, Any] = {"bucket": {**STATE["bucket"], "policy": {"Statement": [denial]}}}
    assert evaluate(REQUEST, state, ("bucket.policy",)).verdict == "DENIED"
    known = evaluate(REQUEST, STATE, ("bucket.policy",))
    assert (known.verdict, known.unknowns) == ("UNKNOWN", ("bucket.policy",))


def test_the_assumption_changes_nothing_else_of_the_answer() -> None:
    everyone = {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
    acl = {"Owner": {"ID": "id"}, "Grants": [{"Grantee": everyone, "Permission": "READ"}]}
    closed = {**STATE["bucket"], "public_access_block": {"IgnorePublicAcls": True}}
    bob = {"type": "IAMUser", "arn": "arn:aws:iam::222222222222:user/bob"}
    denial = {"Statement": [{**PUBLIC["Statement"], "Effect": "Deny"}]}  # type: ignore[dict-item]
    cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        (REQUEST, STATE, "unseen:rcps"),
        (REQUEST, {**STATE, "bucket": closed, "object": {"acl": acl}}, "unseen:rcps"),
        (
            {**REQUEST, "principal": bob},
            {"bucket": {**closed, "policy": denial}, "object": {"acl": acl}},
            "unseen:scps",
        ),
    ]
    for request, state, unseen in cases:
        bare = evaluate(request, state, (), assumptions=BOTH)
        found = evaluate(request, state, (unseen,), assumptions=BOTH)
        assumed = {UNSEEN} if found.assumptions != bare.assumptions else set()
        named = tuple(sorted({*bare.assumptions, *assumed}))
        assert replace(bare, assumptions=named) == found
    assert evaluate(*cases[0][:2], (cases[0][2],), assumptions=BOTH).assumptions == (UNSEEN,)


def test_a_denial_under_an_assumption_says_of_which_kind_it_is() -> None:
    fred = {"type": "FederatedUser", "arn": "arn:aws:sts::111111111111:federated-user/fred"}
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    bucket = {**STATE["bucket"], "policy": None}
    state: dict[str, Any] = {"bucket": bucket, "identity_policies": [{"Statement": allowed}]}
    request = {**REQUEST, "principal": fred}
    found = evaluate(request, state, ("unseen:session_policies",), assumptions=BOTH)
    assert (found.verdict, found.deny_kind) == ("DENIED", "implicit")
    assert found.assumptions == (UNSEEN,)
