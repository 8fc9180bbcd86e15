"""Grants on the key of an encrypted object: a way in beside the key policy (R-S3-15)."""

from typing import Any

import pytest

from timeline.model import Verdict
from timeline.policy.aws import evaluate
from timeline.policy.malformed import MalformedError

OWNER, OTHER = "111111111111", "222222222222"
ALICE = f"arn:aws:iam::{OWNER}:user/alice"
ROLE = f"arn:aws:iam::{OWNER}:role/path/R"
SESSION = f"arn:aws:sts::{OWNER}:assumed-role/R/s"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/k"
ANY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
GET = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}
#: A key policy that names somebody else alone.
CLOSED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OWNER}:role/Admin"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}
REFUSING = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"},
        *CLOSED["Statement"],
    ],
}


def grant(grantee: str = ALICE, *operations: str, constrained: bool = False) -> dict[str, Any]:
    return {
        "grantee": grantee,
        "operations": list(operations or ("Decrypt",)),
        "constrained": constrained,
    }


def decided(
    grants: list[Any] | None,
    unknown: tuple[str, ...] = (),
    *,
    policy: Any = CLOSED,
    boundary: Any = None,
    principal: dict[str, Any] | None = None,
    context: dict[str, str] | None = None,
) -> Verdict:
    who = principal or {"type": "IAMUser", "arn": ALICE, "account": OWNER}
    given = {"aws:SecureTransport": "true", **(context or {})}
    request = {
        "principal": who,
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k",
        "time": "2026-01-02T03:04:05Z",
        "context": given,
    }
    state = {
        "bucket": {"name": "b", "owner_account": OWNER, "ownership": "BucketOwnerEnforced"},
        "object": {"owner_account": OWNER, "sse": "aws:kms", "kms_key": KEY},
        "identity_policies": [GET],
        "permissions_boundary": boundary,
        "kms_key_policy": policy,
    }
    if grants is not None:
        state["kms_grants"] = grants
    return evaluate(request, state, list(unknown)).verdict


@pytest.mark.parametrize(
    ("what", "grants", "more", "verdict"),
    [
        ("none given", None, {}, Verdict.DENIED),
        ("none in force", [], {}, Verdict.DENIED),
        ("to the caller", [grant()], {}, Verdict.ALLOWED),
        ("for another operation", [grant(ALICE, "Encrypt")], {}, Verdict.DENIED),
        ("to another user", [grant(ALICE.replace("alice", "bob"))], {}, Verdict.DENIED),
        ("under a constraint", [grant(constrained=True)], {}, Verdict.UNKNOWN),
        ("to the account", [grant(f"arn:aws:iam::{OWNER}:root")], {}, Verdict.UNKNOWN),
        ("within a boundary", [grant()], {"boundary": ANY}, Verdict.UNKNOWN),
        ("against a refusal of the key", [grant()], {"policy": REFUSING}, Verdict.DENIED),
        ("not known", [], {"unknown": ("kms_grants",)}, Verdict.UNKNOWN),
        ("one known, others not", [grant()], {"unknown": ("kms_grants",)}, Verdict.ALLOWED),
    ],
)
def test_grants(what: str, grants: Any, more: dict[str, Any], verdict: Verdict) -> None:
    assert decided(grants, **more) is verdict, what


def test_a_grant_to_a_role_reaches_its_sessions() -> None:
    who = {"type": "AssumedRole", "arn": SESSION, "account": OWNER}
    issuer = {"aws:PrincipalArn": ROLE}
    assert decided([grant(ROLE)], principal=who, context=issuer) is Verdict.ALLOWED
    assert decided([grant(SESSION)], principal=who, context=issuer) is Verdict.ALLOWED
    # Without its path in the record the role is known by its name alone.
    assert decided([grant(ROLE)], principal=who) is Verdict.UNKNOWN


def test_an_allowed_request_needs_no_grant() -> None:
    open_key = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": ALICE},
                "Action": "kms:Decrypt",
                "Resource": "*",
            }
        ],
    }
    assert decided([], ("kms_grants",), policy=open_key) is Verdict.ALLOWED


PUT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}],
}


@pytest.mark.parametrize(
    ("what", "default", "header", "unknown", "verdict"),
    [
        ("a key of the bucket's own", {"default_sse": "aws:kms", "default_kms_key": KEY}, {}, (),
         Verdict.DENIED),
        ("the provider's keys", {"default_sse": "AES256"}, {}, (), Verdict.ALLOWED),
        ("none", {"default_sse": None}, {}, (), Verdict.ALLOWED),
        ("not known", {"default_sse": None}, {}, ("bucket.default_sse",), Verdict.UNKNOWN),
        ("the request asks for the provider's", {"default_sse": "aws:kms", "default_kms_key": KEY},
         {"s3:x-amz-server-side-encryption": "AES256"}, (), Verdict.ALLOWED),
        ("not given: the object's", {}, {}, (), Verdict.DENIED),
    ],
)  # fmt: skip
def test_default_encryption_of_an_upload(
    what: str,
    default: dict[str, Any],
    header: dict[str, str],
    unknown: tuple[str, ...],
    verdict: Verdict,
) -> None:
    request = {
        "principal": {"type": "IAMUser", "arn": ALICE, "account": OWNER},
        "action": "s3:PutObject",
        "resource": "arn:aws:s3:::b/k",
        "time": "2026-01-02T03:04:05Z",
        "context": {"aws:SecureTransport": "true", **header},
    }
    bucket = {"name": "b", "owner_account": OWNER, "ownership": "BucketOwnerEnforced"}
    state = {
        "bucket": bucket | default,
        "object": {"owner_account": OWNER, "sse": "aws:kms", "kms_key": KEY},
        "identity_policies": [PUT],
        "kms_key_policy": CLOSED,
    }
    assert evaluate(request, state, list(unknown)).verdict is verdict, what


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"GranteePrincipal": ALICE, "Operations": ["Decrypt"]}, Verdict.ALLOWED),
        ({"GranteePrincipal": ALICE, "Operations": ["Encrypt"]}, Verdict.DENIED),
        (
            {
                "GranteePrincipal": ALICE,
                "Operations": ["Decrypt"],
                "Constraints": {"EncryptionContextSubset": {"team": "x"}},
            },
            Verdict.UNKNOWN,
        ),
        ({"operations": ["Decrypt"], "grantee": None}, Verdict.UNKNOWN),
        ({"operations": ["Encrypt"], "grantee": None}, Verdict.DENIED),
    ],
)
def test_grants_as_the_provider_lists_them(given: dict[str, Any], expected: Verdict) -> None:
    assert decided([given]) is expected


@pytest.mark.parametrize(
    "given", [[1], [{}], [{"grantee": ALICE}], {"grantee": ALICE, "Grants": 1}]
)
def test_what_is_no_grant_is_named(given: Any) -> None:
    with pytest.raises(MalformedError, match=r"state\.kms_grants: expected"):
        decided(given)
