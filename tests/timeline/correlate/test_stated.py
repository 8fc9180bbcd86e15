"""What a record says of the ground of its outcome: a check on the decision, and no part of it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from timeline.correlate.aws.stated import stated
from timeline.model import Decision, Verdict

NEW, OLD = datetime(2023, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)
LIST, POLICY = ("object.acl AllUsers READ",), ("bucket.policy#0",)
BOTH = ("identity_policies[0]#0", "bucket.acl CanonicalUser:x READ")
UNKNOWN = Decision(verdict=Verdict.UNKNOWN, unknowns=("object.acl",))
REQUIRED, NOT_REQUIRED = "access control list required", "no access control list required"


def allowed(*paths: tuple[str, ...]) -> Decision:
    return Decision(verdict=Verdict.ALLOWED, allow_paths=paths)


def denied(kind: str, *denies: str) -> Decision:
    return Decision(verdict=Verdict.DENIED, deny_kind=kind, denies=denies)


def read(required: str | None = None, time: datetime = NEW, **more: Any) -> dict[str, Any]:
    evidence = {"CipherSuite": "TLS_AES_128_GCM_SHA256"}
    evidence |= {"aclRequired": required} if required else {}
    return {
        "outcome": "success", "auth_evidence": json.dumps(evidence), "error_message": None,
        "auth_evidence_supplied": None, "source": "aws.cloudtrail", "time": time,
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("what", "row", "action", "decision", "expected"),
    [
        ("required, and a list alone allowed", read("Yes"), "s3:GetObject", allowed(LIST),
         (REQUIRED, "agrees")),
        ("required, beside a policy that is said to suffice", read("Yes"), "s3:GetObject",
         allowed(LIST, POLICY), (REQUIRED, "contradicts")),
        ("required, with the caller's own policy", read("Yes"), "s3:ListBucket", allowed(BOTH),
         (REQUIRED, "agrees")),
        ("not required, and a policy suffices", read(), "s3:GetObject", allowed(LIST, POLICY),
         (NOT_REQUIRED, "agrees")),
        ("not required, though only a list allowed", read(), "s3:GetObject", allowed(LIST),
         (NOT_REQUIRED, "contradicts")),
        ("absent before the mark was documented", read(time=OLD), "s3:GetObject", allowed(LIST),
         None),
        ("absent from a line of an access log, which may lack the field",
         read(source="aws.s3_access_log"), "s3:GetObject", allowed(LIST), None),
        ("present in one", read("Yes", source="aws.s3_access_log"), "s3:GetObject", allowed(LIST),
         (REQUIRED, "agrees")),
        ("present before", read("Yes", time=OLD), "s3:GetObject", allowed(POLICY),
         (REQUIRED, "contradicts")),
        ("the access log says what CloudTrail does not",
         read(auth_evidence_supplied='{"aclRequired":"Yes"}'), "s3:GetObject", allowed(LIST),
         (REQUIRED, "agrees")),
        ("no evidence at all", read(auth_evidence=None), "s3:GetObject", allowed(LIST), None),
        ("a write may have set one", read("Yes"), "s3:PutObject", allowed(POLICY), None),
        ("no list grants it", read("Yes"), "s3:ListAllMyBuckets", allowed(POLICY), None),
        ("a copy asks for two actions", read("Yes"), ["s3:GetObject", "s3:PutObject"],
         allowed(POLICY), None),
        ("not decided", read("Yes"), "s3:GetObject", UNKNOWN, (REQUIRED, "undetermined")),
        ("a failure says nothing", read("Yes", outcome="error"), "s3:GetObject", allowed(POLICY),
         None),
    ],
)  # fmt: skip
def test_the_mark_on_a_list(
    what: str, row: dict[str, Any], action: Any, decision: Decision, expected: object
) -> None:
    assert stated(row, {"action": action}, decision) == expected, what


@pytest.mark.parametrize(
    ("text", "decision", "expected"),
    [
        ("with an explicit deny in a resource-based policy", denied("explicit", "bucket.policy#1"),
         ("explicit deny, resource-based policy", "agrees")),
        ("with an explicit deny in an identity-based policy: arn:aws:iam::1:policy/p",
         denied("explicit", "bucket.policy#1"),
         ("explicit deny, identity-based policy", "contradicts")),
        ("with an explicit deny in a service control policy (Service: S3)",
         denied("implicit"), ("explicit deny, service control policy", "contradicts")),
        ("with an explicit deny in a session policy.", denied("explicit", "session_policies[0]#0"),
         ("explicit deny, session policy", "agrees")),
        ("with an explicit deny in a VPC endpoint policy", allowed(POLICY),
         ("explicit deny, VPC endpoint policy", "undetermined")),
        ("because no identity-based policy allows the s3:GetObject action", denied("implicit"),
         ("not allowed, identity-based policy", "agrees")),
        ("because no permissions boundary allows the s3:GetObject action",
         denied("explicit", "bucket.policy#0"),
         ("not allowed, permissions boundary", "contradicts")),
        ("because no resource-based policy allows the s3:GetObject action", UNKNOWN,
         ("not allowed, resource-based policy", "undetermined")),
        ("because no such policy allows it", denied("explicit", "bucket.policy#0"), None),
        ("Access Denied", denied("explicit", "bucket.policy#0"), None),
    ],
)  # fmt: skip
def test_the_text_of_a_refusal(text: str, decision: Decision, expected: object) -> None:
    said = f"User: arn:aws:iam::1:user/u is not authorized to perform: s3:GetObject on r {text}"
    row = read(outcome="denied", error_message=said)
    assert stated(row, {"action": "s3:GetObject"}, decision) == expected
