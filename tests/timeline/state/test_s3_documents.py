"""Tags, tag-based access, website, replication: one document each, in one form."""

from typing import Any

import pytest

from collector.model import Provenance
from timeline.model import Knowledge
from timeline.state.intervals import History
from timeline.state.replay import StateResult, run

from .events import BUCKET, BUCKET_UID, at, create_bucket, event

FIRST, LAST = event("ListBuckets", 0), event("ListBuckets", 1000)
SITE = {"IndexDocument": {"Suffix": "index.html"}}


def made(*rows: dict[str, Any], answers: tuple[tuple[str, Any], ...] = ()) -> StateResult:
    given = [
        (kind, body, at(500), Provenance(item="EV-2.w1", locator="0@1+2", sha256=""), BUCKET_UID)
        for kind, body in answers
    ]
    return run([FIRST, create_bucket(1), *rows, LAST], given)


def put(operation: str, seconds: float, **request: Any) -> dict[str, Any]:
    return event(operation, seconds, request={"bucketName": BUCKET, **request})


def tagged(*tags: dict[str, Any]) -> dict[str, Any]:
    listed: Any = list(tags) if len(tags) != 1 else tags[0]
    return {"Tagging": {"TagSet": {"Tag": listed}}}


A, B = {"Key": "a", "Value": "1x"}, {"Key": "b", "Value": "y"}


@pytest.mark.parametrize(
    ("what", "rows", "slot", "value"),
    [
        ("one tag is an object", [put("PutBucketTagging", 5, **tagged(A))], "tags", {"a": "1x"}),
        ("beside the name of the sub-resource",
         [put("PutBucketTagging", 5, **tagged(A), tagging="")], "tags", {"a": "1x"}),
        ("the name first", [put("PutBucketTagging", 5, tagging="", **tagged(A))], "tags",
         {"a": "1x"}),
        ("so with ownership",
         [put("PutBucketOwnershipControls", 5, ownershipControls="",
              OwnershipControls={"Rule": {"ObjectOwnership": "ObjectWriter"}},
              ownershipcontrols="")], "ownership", "ObjectWriter"),
        ("two are a list", [put("PutBucketTagging", 5, **tagged(A, B))], "tags",
         {"a": "1x", "b": "y"}),
        ("a boolean was text", [put("PutBucketTagging", 5, **tagged(A | {"Value": True}))], "tags",
         {"a": "true"}),
        ("an empty value", [put("PutBucketTagging", 5, **tagged(A | {"Value": ""}))], "tags",
         {"a": ""}),
        ("replaced as a whole",
         [put("PutBucketTagging", 5, **tagged(A)), put("PutBucketTagging", 6, **tagged(B))],
         "tags", {"b": "y"}),
        ("refused", [put("PutBucketTagging", 5, **tagged(A)),
                     put("PutBucketTagging", 6, **tagged(B)) | {"error_code": "AccessDenied"}],
         "tags", {"a": "1x"}),
        ("deleted", [put("PutBucketTagging", 5, **tagged(A)), put("DeleteBucketTagging", 6)],
         "tags", None),
        ("tag-based access", [put("PutBucketAbac", 5, AbacStatus={"Status": "Enabled"})], "abac",
         {"Status": "Enabled"}),
        ("a website", [put("PutBucketWebsite", 5, WebsiteConfiguration={"xmlns": "x"} | SITE)],
         "website", SITE),
        ("no website any more", [put("PutBucketWebsite", 5, WebsiteConfiguration=SITE),
                                 put("DeleteBucketWebsite", 6)], "website", None),
        ("replication", [put("PutBucketReplication", 5, ReplicationConfiguration={
            "Role": "r", "Rule": [{"ID": "x", "Priority": 1}]})], "replication",
         {"Role": "r", "Rule": {"ID": "x", "Priority": "1"}}),
    ],
)  # fmt: skip
def test_recorded(what: str, rows: list[dict[str, Any]], slot: str, value: Any) -> None:
    state = History(made(*rows).intervals).at(BUCKET_UID, slot, at(10))
    assert state.value == value, what
    assert state.knowledge is (Knowledge.ABSENT if value is None else Knowledge.PRESENT), what


@pytest.mark.parametrize(
    ("what", "row"),
    [
        ("a number may have been text", put("PutBucketTagging", 6, **tagged(A | {"Value": 7}))),
        ("no body", put("PutBucketTagging", 6)),
        ("some tags of a resource",
         event("TagResource", 6, request={"resourceArn": BUCKET_UID, "tags": {"a": "b"}})),
    ],
)  # fmt: skip
def test_opaque(what: str, row: dict[str, Any]) -> None:
    result = made(put("PutBucketTagging", 5, **tagged(A)), row)
    assert History(result.intervals).at(BUCKET_UID, "tags", at(10)).knowledge is Knowledge.UNKNOWN
    assert [gap.kind for gap in result.gaps] == ["opaque"], what


@pytest.mark.parametrize(
    ("operation", "request_body", "kind", "answer"),
    [
        ("PutBucketTagging", tagged(A | {"Value": True}), "aws.s3.tags",
         {"Tagging": {"TagSet": {"Tag": A | {"Value": "true"}}}}),
        ("PutBucketReplication", {"ReplicationConfiguration": {"Role": "r", "Rule": [{"P": 1}]}},
         "aws.s3.replication", {"ReplicationConfiguration": {"Role": "r", "Rule": {"P": "1"}}}),
        ("PutBucketWebsite", {"WebsiteConfiguration": SITE}, "aws.s3.website",
         {"WebsiteConfiguration": SITE}),
        ("DeleteBucketTagging", {}, "aws.s3.tags", {"Error": {"Code": "NoSuchTagSet"}}),
    ],
)  # fmt: skip
def test_an_answer_in_another_spelling_is_no_hidden_change(
    operation: str, request_body: dict[str, Any], kind: str, answer: Any
) -> None:
    result = made(put(operation, 5, **request_body), answers=((kind, answer),))
    assert [row for row in result.changes if row["kind"] == "hidden"] == []
    assert result.gaps == []


def test_an_answer_that_says_otherwise_is_a_hidden_change() -> None:
    answer = ("aws.s3.tags", {"Error": {"Code": "NoSuchTagSet"}})
    result = made(put("PutBucketTagging", 5, **tagged(A)), answers=(answer,))
    assert [row["slot"] for row in result.changes if row["kind"] == "hidden"] == ["tags"]
