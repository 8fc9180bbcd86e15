"""What the provider gives back in another form is no change; what says something else is one."""

import json
from datetime import timedelta
from typing import Any

import pytest

from collector.model import Provenance
from tests.timeline.state.events import BUCKET, at, event
from timeline.state.replay import run

LAST = event("ListBuckets", 7200)
UID = f"arn:aws:s3:::{BUCKET}"
ANYONE = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": ["s3:GetObject", "s3:ListBucket"],
    "Resource": [f"{UID}/*", UID],
}


def policy(statement: Any, version: str | None = "2012-10-17") -> dict[str, Any]:
    return ({"Version": version} if version else {}) | {"Statement": statement}


def hidden(written: dict[str, Any], answered: Any, kind: str, operation: str) -> list[str]:
    """Slots of hidden changes: one recorded write, and an answer an hour later."""
    rows = [
        event("ListBuckets", 0),
        event(operation, 10, request={"bucketName": BUCKET, **written}),
        LAST,
    ]
    proof = Provenance(item="EV-1.w2", locator="0@1+2", sha256="0" * 64)
    seen = (kind, answered, at(0) + timedelta(hours=1), proof, UID)
    found = run(rows, [seen])
    assert any(r["evidence_item"] == "EV-1.w2" for r in found.changes) == bool(
        [r for r in found.changes if r["kind"] == "hidden"]
    )
    return [r["slot"] for r in found.changes if r["kind"] == "hidden"]


def of_policy(written: Any, answered: Any) -> list[str]:
    return hidden({"bucketPolicy": written}, answered, "aws.s3.policy", "PutBucketPolicy")


@pytest.mark.parametrize(
    "answered",
    [
        ANYONE,
        ANYONE | {"Sid": "other"},
        ANYONE | {"Principal": {"AWS": "*"}},
        ANYONE | {"Principal": {"AWS": ["*"]}},
        ANYONE | {"Action": ["s3:ListBucket", "s3:GetObject"]},
        ANYONE | {"Resource": [UID, f"{UID}/*", UID]},
    ],
)
def test_another_spelling_is_no_change(answered: Any) -> None:
    assert of_policy(policy(ANYONE), policy([answered])) == []
    assert of_policy(policy([answered]), policy(ANYONE)) == []


@pytest.mark.parametrize(
    "answered",
    [
        ANYONE | {"Effect": "Deny"},
        ANYONE | {"Action": "s3:GetObject"},
        ANYONE | {"Resource": f"{UID}/*"},
        ANYONE | {"Principal": {"Service": "*"}},
        ANYONE | {"Principal": {"AWS": "AIDAEXAMPLE"}},
        ANYONE | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ],
)
def test_another_statement_is_a_change(answered: Any) -> None:
    assert of_policy(policy(ANYONE), policy(answered)) != []
    assert of_policy(policy(answered), policy(ANYONE)) != []


def test_everything_for_everyone_is_not_an_empty_policy() -> None:
    everything = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    assert of_policy(policy([]), policy(everything)) != []


def test_an_account_and_its_root_are_one_principal_and_no_condition() -> None:
    root = "arn:aws:iam::111111111111:root"
    short = ANYONE | {"Principal": {"AWS": "111111111111"}}
    assert of_policy(policy(short), policy(ANYONE | {"Principal": {"AWS": root}})) == []
    one, other = (
        ANYONE | {"Condition": {"StringEquals": {"aws:PrincipalArn": each}}}
        for each in (root, "111111111111")
    )
    assert of_policy(policy(one), policy(other)) != []


def test_the_values_of_a_condition_are_a_set() -> None:
    one, other = (
        ANYONE | {"Condition": {"StringEquals": {"aws:SourceVpc": each}}}
        for each in (["a", "b"], ["b", "a"])
    )
    assert of_policy(policy(one), policy(other)) == []
    assert of_policy(policy(one), policy(ANYONE)) != []


def test_a_version_that_is_not_written_is_the_first() -> None:
    assert of_policy(policy(ANYONE, None), policy(ANYONE, "2008-10-17")) == []
    assert of_policy(policy(ANYONE, None), policy(ANYONE)) != []


@pytest.mark.parametrize(
    ("written", "answered", "same"),
    [
        ("AES256", "AES256", True),
        ("aws:kms", "AES256", False),
        ("AES256", "aws:kms", False),
        ("aws:kms", "aws:kms", True),
    ],
)
def test_encryption(written: str, answered: str, same: bool) -> None:
    def body(algorithm: str) -> dict[str, Any]:
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}
        return {"ServerSideEncryptionConfiguration": {"Rule": rule}}

    found = hidden(body(written), body(answered), "aws.s3.encryption", "PutBucketEncryption")
    assert found == ([] if same else ["encryption"])


def test_a_bucket_with_its_defaults_is_given_back_unchanged() -> None:
    rows = [event("CreateBucket", 10, request={"bucketName": BUCKET}), LAST]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    answers: list[tuple[str, Any]] = [
        ("aws.s3.encryption", {"ServerSideEncryptionConfiguration": {"Rule": rule}}),
        ("aws.s3.policy", {"Error": {"Code": "NoSuchBucketPolicy"}}),
        ("aws.s3.request_payment", {"RequestPaymentConfiguration": {"Payer": "BucketOwner"}}),
        ("aws.s3.versioning", {"VersioningConfiguration": ""}),
        ("aws.s3.logging", {"BucketLoggingStatus": ""}),
    ]
    created = json.loads(json.dumps(at(10).isoformat()))
    listed = {"Bucket": {"Name": BUCKET, "CreationDate": created}}
    later = at(0) + timedelta(hours=1)
    shots: list[Any] = [(kind, body, later, None, UID) for kind, body in answers]
    shots.append(("aws.s3.buckets", {"ListAllMyBucketsResult": {"Buckets": listed}}, later, None))
    found = run(rows, shots)
    assert [r for r in found.changes if r["kind"] == "hidden"] == []
    assert found.gaps == []
