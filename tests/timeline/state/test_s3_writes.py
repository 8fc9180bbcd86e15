"""From one record to the facts that it writes: forms that mean the same come out the same."""

import json
from typing import Any

import pytest

from timeline.model import Knowledge
from timeline.state.intervals import History
from timeline.state.replay import run

from .events import (
    ALL_USERS,
    BUCKET,
    BUCKET_UID,
    CANONICAL,
    OWNER,
    at,
    block,
    create_bucket,
    event,
    policy,
    public_read,
    put_policy,
)

FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def history(*rows: dict[str, Any]) -> History:
    found = run(list(rows))
    return History(found.intervals, found.changes)


def held(slot: str, *rows: dict[str, Any], seconds: float = 100, uid: str = BUCKET_UID) -> Any:
    last = event("ListBuckets", 1000)
    return history(*rows, last).at(uid, slot, at(seconds)).value


PUBLIC = policy(public_read())


@pytest.mark.parametrize(
    ("form", "given"),
    [
        ("object", PUBLIC),
        ("text", json.dumps(PUBLIC)),
        ("one-element list", [PUBLIC]),
        ("one statement, no list", {"Version": "2012-10-17", "Statement": public_read()}),
        ("version as time stamp", PUBLIC | {"Version": "2012-10-17T00:00:00.000Z"}),
        ("url-encoded", "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A"
         "%5B" + json.dumps(public_read()).replace('"', "%22").replace(" ", "") + "%5D%7D"),
    ],
)  # fmt: skip
def test_policy_forms(form: str, given: Any) -> None:
    assert held("policy", put_policy(10, given)) == PUBLIC, form


GROUP = {"Grantee": {"xsi:type": "Group", "URI": ALL_USERS}, "Permission": "READ"}
SELF = {"Grantee": {"xsi:type": "CanonicalUser", "ID": CANONICAL}, "Permission": "FULL_CONTROL"}


def _body(grants: Any) -> dict[str, Any]:
    return {
        "AccessControlPolicy": {"AccessControlList": {"Grant": grants}, "Owner": {"ID": CANONICAL}}
    }


@pytest.mark.parametrize(
    ("form", "given", "grants"),
    [
        ("one grant is an object", _body(GROUP), {"AllUsers READ"}),
        ("several are a list", _body([SELF, GROUP]), {"owner FULL_CONTROL", "AllUsers READ"}),
        ("canned", {"x-amz-acl": "public-read"}, {"owner FULL_CONTROL", "AllUsers READ"}),
        ("canned in a list", {"x-amz-acl": ["private"]}, {"owner FULL_CONTROL"}),
        ("headers, top level", {"x-amz-grant-read": f'uri="{ALL_USERS}"'}, {"AllUsers READ"}),
        ("headers, nested",
         {"accessControlList": {"x-amz-grant-full-control": 'id="aa", id="bb"'}},
         {"aa FULL_CONTROL", "bb FULL_CONTROL"}),
        ("no grants", _body(""), set()),
    ],
)  # fmt: skip
def test_acl_forms(form: str, given: dict[str, Any], grants: set[str]) -> None:
    row = event("PutBucketAcl", 10, request={"bucketName": BUCKET, "acl": ""} | given)
    last = event("ListBuckets", 1000)
    facts = {r["fact"] for r in run([row, last]).intervals
             if r["slot"] == "acl" and r["start"] == at(10) and r["fact"] != "*"}  # fmt: skip
    named = {" ".join(f.removeprefix("grant:").rsplit("/", 1)[-1].split(":")[-2:]) for f in facts}
    assert grants == named, form


@pytest.mark.parametrize(
    ("form", "given", "value"),
    [
        ("boolean", {"IgnorePublicAcls": True}, True),
        ("text", {"IgnorePublicAcls": "true"}, True),
        ("text in capitals", {"IgnorePublicAcls": "TRUE"}, True),
        ("missing flag is false", {"BlockPublicAcls": True}, False),
        ("list", {"IgnorePublicAcls": ["false"]}, False),
    ],
)
def test_block_forms(form: str, given: dict[str, Any], value: bool) -> None:
    assert value is held("public_access_block.IgnorePublicAcls", block(10, given)), form


@pytest.mark.parametrize(
    ("what", "row", "slot"),
    [
        ("no document beside the flag", put_policy(10, ""), "policy"),
        ("not JSON", put_policy(10, "{broken"), "policy"),
        ("request left out", put_policy(10, PUBLIC, omitted='["requestParameters"]'), "policy"),
        ("no statements", put_policy(10, {"Version": "2012-10-17"}), "policy"),
        ("flag not a truth value", block(10, {"IgnorePublicAcls": 7}),
         "public_access_block.IgnorePublicAcls"),
        ("no flags at all", block(10, None), "public_access_block.BlockPublicAcls"),
        ("grantee by e-mail",
         event("PutBucketAcl", 10, request={"bucketName": BUCKET,
               "x-amz-grant-read": 'emailAddress="a@example.com"'}), "acl"),
        ("no list at all",
         event("PutBucketAcl", 10, request={"bucketName": BUCKET, "acl": ""}), "acl"),
    ],
)  # fmt: skip
def test_unreadable_write_is_opaque(what: str, row: dict[str, Any], slot: str) -> None:
    """The slot is not known from then on: neither its old content nor empty."""
    before = create_bucket(1)
    found = run([before, row, event("ListBuckets", 1000)])
    states = History(found.intervals, found.changes)
    assert states.at(BUCKET_UID, slot, at(500)).knowledge == Knowledge.UNKNOWN, what
    assert states.at(BUCKET_UID, slot, at(9)).knowledge != Knowledge.UNKNOWN, what
    rows = [r for r in found.changes if r["slot"] == slot and r["kind"] == "opaque"]
    assert {"UNKNOWN"} == {r["new"] for r in rows}, what
    assert {"EV-1.f1"} == {r["evidence_item"] for r in rows}, what
    assert f"opaque {BUCKET_UID} {slot}" in {f"{g.kind} {g.subject}" for g in found.gaps}, what


@pytest.mark.parametrize(
    ("created", "flag", "ownership"),
    [
        ("2018-01-01", False, "ObjectWriter"),
        ("2022-06-01", False, "ObjectWriter"),
        ("2023-04-04", False, "ObjectWriter"),
        ("2023-04-05", None, None),
        ("2023-05-31", None, None),
        ("2023-06-01", True, "BucketOwnerEnforced"),
        ("2026-01-01", True, "BucketOwnerEnforced"),
    ],
)
def test_defaults_over_time(created: str, flag: bool | None, ownership: str | None) -> None:
    from datetime import datetime

    day = datetime.fromisoformat(f"{created}T00:00:00+00:00")
    row = create_bucket(0) | {"time": day}
    found = run([row, event("ListBuckets", 5) | {"time": day.replace(hour=1)}])
    states = History(found.intervals)
    for name in FLAGS:
        state = states.at(BUCKET_UID, f"public_access_block.{name}", day)
        assert flag == state.value
        assert (flag is None) == (state.knowledge is Knowledge.UNKNOWN)
    assert ownership == states.at(BUCKET_UID, "ownership", day).value
    assert states.at(BUCKET_UID, "policy", day).knowledge == Knowledge.ABSENT
    kinds = {r["kind"] for r in found.changes if r["slot"] == "ownership"}
    assert {"default"} == kinds
    cited = {r["evidence_item"] for r in found.changes if r["kind"] == "default"}
    assert {row["evidence_item"]} == cited, "a default cites the record of the creation"
    why = {r["attribution"] for r in found.changes if r["kind"] == "default"}
    assert all("provider default aws-bucket-" in str(w) and row["event_uid"] in str(w) for w in why)


def test_creation_says_otherwise() -> None:
    row = create_bucket(
        10, **{"x-amz-acl": "public-read", "x-amz-object-ownership": "ObjectWriter"}
    )
    found = run([row, event("ListBuckets", 1000)])
    own = [r for r in found.changes if r["slot"] in ("acl", "ownership")]
    assert {"logged"} == {r["kind"] for r in own}
    assert {("adds", None)} == {(r["effect"], r["old"]) for r in own if "AllUsers" in r["fact"]}, (
        "a list given at creation comes on top of the private one"
    )


def test_second_creation_keeps_settings() -> None:
    """Creating one's own bucket again succeeds in us-east-1 and resets the access control list."""
    again = create_bucket(20)
    rows = (create_bucket(1), put_policy(10, PUBLIC), block(11, {"BlockPublicAcls": True}), again)
    assert held("policy", *rows) == PUBLIC
    assert True is held("public_access_block.BlockPublicAcls", *rows)


def test_deletion_ends_everything() -> None:
    gone = event("DeleteBucket", 30, request={"bucketName": BUCKET})
    put = event("PutObject", 12, request={"bucketName": BUCKET, "key": "k"})
    states = history(
        create_bucket(1), put_policy(10, PUBLIC), put, gone, event("ListBuckets", 1000)
    )
    for slot in ("policy", "acl", "existence", "ownership"):
        assert states.at(BUCKET_UID, slot, at(100)).knowledge == Knowledge.ABSENT
    assert states.at(f"{BUCKET_UID}/k", "acl", at(100)).knowledge == Knowledge.ABSENT


def test_account_block_is_of_the_account_in_the_host() -> None:
    request = {"Host": "222222222222.s3-control.us-east-1.amazonaws.com",
               "PublicAccessBlockConfiguration": {"BlockPublicPolicy": True}}  # fmt: skip
    row = event("PutAccountPublicAccessBlock", 10, request=request)
    states = history(row, event("ListBuckets", 1000))
    slot = "public_access_block.BlockPublicPolicy"
    assert True is states.at("aws:account:222222222222", slot, at(10)).value


def test_refused_write_alters_nothing() -> None:
    refused = put_policy(20, PUBLIC, error_code="AccessDenied")
    found = run([create_bucket(1), refused, event("ListBuckets", 1000)])
    rows = [r for r in found.changes if r["operation"] == "PutBucketPolicy"]
    assert [(r["accepted"], r["effect"]) for r in rows] == [(False, "refused")]
    assert History(found.intervals).at(BUCKET_UID, "policy", at(50)).knowledge == Knowledge.ABSENT


def test_object_lists() -> None:
    key = f"{BUCKET_UID}/k"
    put = event("PutObject", 10, request={"bucketName": BUCKET, "key": "k"})
    public = event(
        "PutObjectAcl", 20, request={"bucketName": BUCKET, "key": "k", "x-amz-acl": "public-read"}
    )
    again = event("PutObject", 30, request={"bucketName": BUCKET, "key": "k"})
    found = run([put, public, again, event("ListBuckets", 1000)])
    states = History(found.intervals, found.changes)

    def grants(seconds: float) -> int:
        value = states.at(key, "acl", at(seconds)).value
        assert isinstance(value, dict)
        return len(value["Grants"])  # type: ignore[arg-type]

    assert [grants(s) for s in (15, 25, 35)] == [1, 2, 1]
    rows = [(r["operation"], r["effect"]) for r in found.changes if "AllUsers" in r["fact"]]
    assert rows == [("PutObjectAcl", "adds"), ("PutObject", "removes")]
    assert not [r for r in found.changes if r["time_from"] == at(10)], "a plain upload is no change"


def test_upload_in_parts_takes_its_list_from_the_start() -> None:
    start = {"bucketName": BUCKET, "key": "k", "x-amz-acl": "public-read"}
    begun = event("CreateMultipartUpload", 10, request=start)
    done = event(
        "CompleteMultipartUpload", 20, request={"bucketName": BUCKET, "key": "k", "uploadId": ""}
    )
    key = f"{BUCKET_UID}/k"
    value = held("acl", begun, done, uid=key)
    assert len(value["Grants"]) == 2
    assert held("acl", done, uid=key) is None, "without its start the list is not known"


def test_owner_of_bucket() -> None:
    states = history(put_policy(10, PUBLIC), event("ListBuckets", 1000))
    assert states.at(BUCKET_UID, "owner", at(500)).value == OWNER
