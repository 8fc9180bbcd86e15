"""Who owns an object, and what is said of it to the evaluator (R-S3-4)."""

from typing import Any

import pytest

from timeline.state.aws.input import ANONYMOUS_OWNER, state_for
from timeline.state.intervals import History
from timeline.state.replay import run

from .events import BUCKET, BUCKET_UID, CANONICAL, OWNER, at, create_bucket, event

OTHER = "222222222222"
FIRST, LAST = event("ListBuckets", 0), event("ListBuckets", 1000)
GET = {"principal": {"type": "Anonymous"}, "resource": f"{BUCKET_UID}/k", "context": {}}


def put(seconds: float, actor: str | None, **headers: Any) -> dict[str, Any]:
    """PutObject by an account; None = anonymous."""
    row = event("PutObject", seconds, request={"bucketName": BUCKET, "key": "k"} | headers)
    kind = "AWSAccount" if actor else "Anonymous"
    return row | {"actor_account_uid": actor, "actor_type": kind}


def asked(*rows: dict[str, Any]) -> tuple[dict[str, Any], list[str], list[str]]:
    """object, unknown, unseen at second 500."""
    found = run([FIRST, *rows, LAST])
    state, unknown, unseen = state_for(History(found.intervals, found.changes), GET, at(500))
    return state["object"], unknown, unseen


OWN = {"x-amz-object-ownership": "BucketOwnerPreferred"}
FULL = {"x-amz-acl": "bucket-owner-full-control"}


@pytest.mark.parametrize(
    ("what", "rows", "owner"),
    [
        ("writer of the owner's account", [create_bucket(1), put(10, OWNER)], OWNER),
        ("another writer", [create_bucket(1), put(10, OTHER)], OTHER),
        ("preferred, with full control", [create_bucket(1, **OWN), put(10, OTHER, **FULL)], OWNER),
        ("preferred, without", [create_bucket(1, **OWN), put(10, OTHER)], OTHER),
        ("full control alone", [create_bucket(1), put(10, OTHER, **FULL)], OTHER),
        ("enforced now",
         [create_bucket(1), put(10, OTHER),
          event("PutBucketOwnershipControls", 20, request={"bucketName": BUCKET,
                "OwnershipControls": {"Rule": {"ObjectOwnership": "BucketOwnerEnforced"}}})],
         OWNER),
        ("anonymous writer", [create_bucket(1), put(10, None)], "anonymous"),
        ("setting not known", [put(10, OTHER)], None),
        ("own writer, setting not known", [put(10, OWNER)], OWNER),
        ("never written in the records", [create_bucket(1)], None),
    ],
)  # fmt: skip
def test_owner(what: str, rows: list[dict[str, Any]], owner: str | None) -> None:
    found, unknown, _ = asked(*rows)
    assert found["owner_account"] == owner, what
    assert ("object.owner_account" in unknown) == (owner is None), what


def test_what_anonymous_callers_upload_is_theirs() -> None:
    found, _, _ = asked(create_bucket(1), put(10, None))
    assert found["owner_canonical_id"] == ANONYMOUS_OWNER
    assert found["acl"]["Grants"][0]["Grantee"]["ID"] == ANONYMOUS_OWNER


def test_grant_to_the_bucket_owner_by_role_gets_its_id() -> None:
    body = {"AccessControlPolicy": {"AccessControlList": "", "Owner": {"ID": CANONICAL}}}
    named = event("PutBucketAcl", 5, request={"bucketName": BUCKET} | body)
    found, _, _ = asked(create_bucket(1), named, put(10, OTHER, **FULL))
    ids = [grant["Grantee"]["ID"] for grant in found["acl"]["Grants"]]
    assert ids == [CANONICAL]


@pytest.mark.parametrize(
    ("what", "rows", "sse", "missing"),
    [
        ("asked for",
         [put(10, OWNER, **{"x-amz-server-side-encryption": "aws:kms"})], "aws:kms", None),
        ("nothing said", [create_bucket(1), put(10, OWNER)], None, None),
        ("by the bucket",
         [create_bucket(1),
          event("PutBucketEncryption", 5, request={"bucketName": BUCKET,
                "ServerSideEncryptionConfiguration": {"Rule": {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}}}),
          put(10, OWNER)], "aws:kms", None),
        ("never mentioned", [], None, "unseen"),
    ],
)  # fmt: skip
def test_encryption(
    what: str, rows: list[dict[str, Any]], sse: str | None, missing: str | None
) -> None:
    found, unknown, unseen = asked(*rows)
    assert found["sse"] == sse, what
    assert ("object.sse" in unseen) == (missing == "unseen"), what
    assert "object.sse" not in unknown, what


def test_deleted_object_is_not_there() -> None:
    gone = event("DeleteObject", 20, request={"bucketName": BUCKET, "key": "k"})
    found, _, _ = asked(create_bucket(1), put(10, OWNER), gone)
    assert found is None


def test_deleted_version_leaves_the_current_one_unknown() -> None:
    request = {"bucketName": BUCKET, "key": "k", "versionId": "v1"}
    gone = event("DeleteObject", 20, request=request)
    _, unknown, _ = asked(create_bucket(1), put(10, OWNER), gone)
    assert "object.acl" in unknown
