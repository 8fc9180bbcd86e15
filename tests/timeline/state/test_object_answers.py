"""Collected answers about objects: versions, lists, owners, keys; and what is not in a listing."""

from datetime import datetime
from typing import Any

import pytest

from collector.model import Provenance
from timeline.model import Knowledge
from timeline.state.aws.input import state_for
from timeline.state.intervals import History
from timeline.state.replay import StateResult, run

from .events import ALL_USERS, BUCKET, BUCKET_UID, CANONICAL, OWNER, at, create_bucket, event

OTHER_ID = "8" * 64
KEY = f"{BUCKET_UID}/k"
VERSION = f"{KEY}?versionId=v1"
FIRST, LAST = event("ListBuckets", 0), event("ListBuckets", 1000)
#: Data events are recorded at all.
LOGGED = event("GetObject", 1, request={"bucketName": BUCKET, "key": "other"})
OWN = {"Grantee": {"xsi:type": "CanonicalUser", "ID": CANONICAL}, "Permission": "FULL_CONTROL"}
PUBLIC = {"Grantee": {"xsi:type": "Group", "URI": ALL_USERS}, "Permission": "READ"}
NO_BLOCK = {"Error": {"Code": "NoSuchPublicAccessBlockConfiguration"}}

Asked = tuple[str, Any, float, str]


def listed(*entries: dict[str, Any], seconds: float = 500, **more: Any) -> Asked:
    """One page of versions; an entry with `marker` is a deletion marker."""
    body: dict[str, Any] = {"Name": BUCKET, "Prefix": "", "IsTruncated": "false", "KeyMarker": ""}
    for entry in entries:
        kind = "DeleteMarker" if entry.pop("marker", False) else "Version"
        body.setdefault(kind, []).append(entry)
    return (
        "aws.s3.object_versions", {"ListVersionsResult": body | more}, seconds, BUCKET_UID,
    )  # fmt: skip


def entry(
    key: str = "k", version: str = "v1", owner: str = CANONICAL, **more: Any
) -> dict[str, Any]:
    fixed = {"IsLatest": "true", "LastModified": "2022-06-01T00:00:50.000Z"}
    return {"Key": key, "VersionId": version, "Owner": {"ID": owner}} | fixed | more


def acl(*grants: Any, seconds: float = 501, of: str = VERSION) -> Asked:
    body = {"Owner": {"ID": CANONICAL}, "AccessControlList": {"Grant": list(grants)}}
    return ("aws.s3.object_acl", {"AccessControlPolicy": body}, seconds, of)


def settings() -> list[Asked]:
    """All that must be known for a list to prove what is stored."""
    buckets = {"Owner": {"ID": CANONICAL}, "Buckets": {"Bucket": {"Name": BUCKET}}}
    body = {"ListAllMyBucketsResult": buckets}
    ownership = {"OwnershipControls": {"Rule": {"ObjectOwnership": "ObjectWriter"}}}
    account = f"aws:account:{OWNER}"
    return [
        ("aws.s3.buckets", body, 499, account),
        ("aws.s3.ownership", ownership, 499, BUCKET_UID),
        ("aws.s3.public_access_block", NO_BLOCK, 499, BUCKET_UID),
        ("aws.s3.public_access_block", NO_BLOCK, 499, account),
    ]


def made(asked: list[Asked], *rows: dict[str, Any]) -> StateResult:
    answers = [
        (kind, body, at(seconds), Provenance(item=f"EV-2.w{n}", locator="0@1+2", sha256=""), of)
        for n, (kind, body, seconds, of) in enumerate(asked)
    ]
    return run([FIRST, LOGGED, *rows, LAST], answers)


def history(asked: list[Asked], *rows: dict[str, Any]) -> History:
    return History(made(asked, *rows).intervals)


def put(seconds: float, **headers: Any) -> dict[str, Any]:
    return event("PutObject", seconds, request={"bucketName": BUCKET, "key": "k"} | headers)


def hidden(result: StateResult) -> list[tuple[str, str]]:
    found = {(r["resource_uid"], r["slot"]) for r in result.changes if r["kind"] == "hidden"}
    return sorted(found)


def test_a_version_was_there_from_its_date_to_the_listing() -> None:
    told = history([listed(entry(IsLatest="false"))])
    states = [told.at(VERSION, "existence", at(s)).knowledge for s in (40, 60, 500)]
    assert states == [Knowledge.UNKNOWN, Knowledge.PRESENT, Knowledge.PRESENT]
    assert told.slots(KEY) == ()


def test_a_list_of_the_latest_version_is_the_list_of_the_object() -> None:
    told = history([*settings(), listed(entry()), acl(OWN, PUBLIC)])
    for place in (VERSION, KEY):
        state = told.at(place, "acl", at(501))
        assert len(state.value["Grants"]) == 2  # type: ignore[index, call-overload, arg-type]


@pytest.mark.parametrize(
    ("what", "asked", "rows"),
    [
        ("no listing", [acl(OWN, PUBLIC)], []),
        ("not the latest", [listed(entry(IsLatest="false")), acl(OWN, PUBLIC)], []),
        ("written in between", [listed(entry()), acl(OWN, PUBLIC)], [put(500)]),
        ("listing of another collection", [], []),
    ],
)
def test_a_list_of_another_version_says_nothing_of_the_object(
    what: str, asked: list[Asked], rows: list[dict[str, Any]]
) -> None:
    told = history([*settings(), *asked], *rows)
    state = told.at(KEY, "acl", at(501))
    assert state.value is None or len(state.value["Grants"]) == 1, what  # type: ignore[index, call-overload, arg-type]


def test_a_list_that_may_hide_grants_proves_nothing() -> None:
    result = made([listed(entry()), acl(OWN)])
    assert History(result.intervals).at(KEY, "acl", at(501)).knowledge is Knowledge.UNKNOWN
    assert [gap.kind for gap in result.gaps] == ["opaque"]
    enforced = {"OwnershipControls": {"Rule": {"ObjectOwnership": "BucketOwnerEnforced"}}}
    asked = [*settings(), listed(entry()), acl(OWN)]
    asked[1] = ("aws.s3.ownership", enforced, 499, BUCKET_UID)
    assert History(made(asked).intervals).at(KEY, "acl", at(501)).value is None


@pytest.mark.parametrize("canned", [None, "private", "bucket-owner-full-control"])
def test_a_list_in_other_words_agrees_with_the_record(canned: str | None) -> None:
    rows = [create_bucket(1), put(50, **({"x-amz-acl": canned} if canned else {}))]
    assert hidden(made([*settings(), listed(entry()), acl(OWN)], *rows)) == []


def test_a_list_that_disagrees_with_the_record_is_a_hidden_change() -> None:
    rows = [create_bucket(1), put(50)]
    found = hidden(made([*settings(), listed(entry()), acl(OWN, PUBLIC)], *rows))
    assert found == [(KEY, "acl")]


def test_no_such_version() -> None:
    body = {"Error": {"Code": "NoSuchVersion"}}
    told = history([("aws.s3.object_acl", body, 500, VERSION)])
    assert told.at(VERSION, "existence", at(500)).knowledge is Knowledge.ABSENT


@pytest.mark.parametrize("code", ["AccessDenied", "InternalError"])
def test_another_error_says_nothing(code: str) -> None:
    result = made([("aws.s3.object_acl", {"Error": {"Code": code}}, 500, VERSION)])
    assert VERSION not in History(result.intervals).resources()
    assert [gap.kind for gap in result.gaps] == ["not_understood"]


def asked_of(told: History, seconds: float) -> tuple[Any, list[str], list[str]]:
    request = {"principal": {"type": "Anonymous"}, "resource": KEY, "context": {}}
    state, unknown, unseen = state_for(told, request, at(seconds))
    return state["object"], unknown, unseen


@pytest.mark.parametrize(
    ("owner", "account"), [(CANONICAL, OWNER), (OTHER_ID, None)], ids=["own", "foreign"]
)
def test_owner_as_listed(owner: str, account: str | None) -> None:
    told = history([*settings(), listed(entry(owner=owner)), acl(OWN, PUBLIC)], create_bucket(1))
    found, unknown, unseen = asked_of(told, 501)
    assert (found["owner_account"], found["owner_canonical_id"]) == (account, owner)
    assert ("object.owner_account" in unknown) == (account is None)
    assert "object.sse" in unseen  # a listing does not speak of keys


def test_key_as_the_headers_say() -> None:
    headers = {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:r:1:key/x",
    }
    head = ("aws.s3.object_head", {"Headers": headers}, 502, VERSION)
    found, _, unseen = asked_of(history([*settings(), listed(entry()), head]), 500)
    assert (found["sse"], found["kms_key"]) == ("aws:kms", "arn:aws:kms:r:1:key/x")
    assert "object.sse" not in unseen


def test_a_deletion_marker_is_no_object() -> None:
    marker = entry(version="m", marker=True)
    told = history([listed(marker, entry(IsLatest="false"))])
    assert asked_of(told, 500)[0] is None
    assert told.at(VERSION, "existence", at(500)).knowledge is Knowledge.PRESENT


@pytest.mark.parametrize(
    ("what", "pages", "gone"),
    [
        ("complete", [listed(entry("other"))], True),
        ("of another prefix", [listed(entry("z/1"), Prefix="z/")], False),
        ("cut off", [listed(entry("other"), IsTruncated="true")], False),
        ("from the middle", [listed(entry("other"), KeyMarker="c")], False),
        (
            "two pages",
            [listed(entry("other"), IsTruncated="true"), listed(seconds=520, KeyMarker="p")],
            True,
        ),
    ],
)
def test_what_a_complete_listing_does_not_show_is_gone(
    what: str, pages: list[Asked], gone: bool
) -> None:
    state = history(pages, put(50)).at(KEY, "acl", at(530))
    assert (state.knowledge is Knowledge.ABSENT) == gone, what


def test_keys_of_a_listing_are_decoded() -> None:
    told = history([listed(entry("a+b%2Bc%2F%C3%A9"), EncodingType="url")])
    assert f"{BUCKET_UID}/a b+c/é?versionId=v1" in told.resources()


def buckets(*names: str, token: bool = False, seconds: float = 500) -> Asked:
    body: dict[str, Any] = {"Buckets": {"Bucket": [{"Name": name} for name in names]}}
    root = {"ListAllMyBucketsResult": body | ({"ContinuationToken": "t"} if token else {})}
    return ("aws.s3.buckets", root, seconds, f"aws:account:{OWNER}")


@pytest.mark.parametrize(
    ("what", "asked", "rows", "gone"),
    [
        ("not listed", [buckets("x")], [create_bucket(1)], True),
        ("not listed, nothing else is", [buckets()], [create_bucket(1)], True),
        ("listed", [buckets(BUCKET)], [create_bucket(1)], False),
        ("more pages are missing", [buckets("x", token=True)], [create_bucket(1)], False),
        ("owner not established", [buckets("x")],
         [event("PutBucketVersioning", 1, request={"bucketName": BUCKET})], False),
        ("a refusal", [("aws.s3.buckets", {"Error": {"Code": "AccessDenied"}}, 500,
                        f"aws:account:{OWNER}")], [create_bucket(1)], False),
        ("no listing", [("aws.s3.buckets", {}, 500, f"aws:account:{OWNER}")],
         [create_bucket(1)], False),
    ],
)  # fmt: skip
def test_a_bucket_that_its_account_does_not_list(
    what: str, asked: list[Asked], rows: list[dict[str, Any]], gone: bool
) -> None:
    result = made(asked, *rows)
    told = History(result.intervals)
    assert (told.at(BUCKET_UID, "existence", at(510)).knowledge is Knowledge.ABSENT) == gone, what
    assert bool(hidden(result)) == gone, what
    if gone:
        assert told.at(BUCKET_UID, "policy", at(510)).knowledge is Knowledge.ABSENT


def test_a_bucket_was_there_until_its_last_use() -> None:
    used = event("GetObject", 300, request={"bucketName": BUCKET, "key": "x"})
    refused = event("GetObject", 400, request={"bucketName": BUCKET, "key": "x"},
                    error_code="AccessDenied")  # fmt: skip
    result = made([buckets("x")], create_bucket(1), used, refused)
    (change,) = (r for r in result.changes if r["kind"] == "hidden" and r["slot"] == "existence")
    assert (change["time_from"], change["time_to"]) == (at(301), at(500))


GRANTED = f"arn:aws:kms:us-east-1:{OWNER}:key/k1"


def grants(*ids: str, more: bool = False) -> Asked:
    listed_grants = [{"GrantId": i, "GranteePrincipal": "arn:x", "Operations": ["Decrypt"],
                      "Constraints": {"EncryptionContextSubset": {"a": "b"}} if i == "c" else {}}
                     for i in ids]  # fmt: skip
    return ("aws.kms.grants", {"Grants": listed_grants, "Truncated": more}, 500, GRANTED)


def kms(operation: str, seconds: float, **given: Any) -> dict[str, Any]:
    return event(operation, seconds, service="kms.amazonaws.com", **given)


def create(seconds: float, grant: str) -> dict[str, Any]:
    request = {"keyId": GRANTED, "granteePrincipal": "arn:x", "operations": ["Decrypt"]}
    return kms("CreateGrant", seconds, request=request, response={"grantId": grant})


def test_grants_on_a_key() -> None:
    told = history([grants("a", "c")], create(50, "a"), create(60, "gone"))
    at_end = {s: told.at(GRANTED, s, at(500)).value for s in told.slots(GRANTED)}
    assert at_end["grant/a"] == {"grantee": "arn:x", "operations": ["Decrypt"],
                                 "constrained": False}  # fmt: skip
    assert at_end["grant/c"]["constrained"] is True  # type: ignore[index, call-overload]
    assert at_end["grant/gone"] is None
    assert at_end["grants"] == "complete"
    part = history([grants("a", more=True)], create(60, "gone"))
    assert part.at(GRANTED, "grant/gone", at(500)).value is not None
    assert part.slots(GRANTED) == ("grant/a", "grant/gone")


def test_grants_reach_the_state_of_a_request() -> None:
    sealed = {"x-amz-server-side-encryption": "aws:kms",
              "x-amz-server-side-encryption-aws-kms-key-id": GRANTED}  # fmt: skip
    told = history([grants("a")], put(50, **sealed))
    request = {"principal": {"type": "Anonymous"}, "resource": KEY, "context": {}}
    state, unknown, _ = state_for(told, request, at(500))
    assert [each["grantee"] for each in state["kms_grants"]] == ["arn:x"]
    assert "kms_grants" not in unknown
    assert "kms_grants" in state_for(history([], put(50, **sealed)), request, at(500))[1]


def test_a_revoked_grant_ends() -> None:
    revoke = kms("RevokeGrant", 70, request={"keyId": GRANTED, "grantId": "a"})
    extra = {"grantId": "b"}
    retire = kms("RetireGrant", 80, request={"keyId": GRANTED}, extra=extra)
    told = history([], create(50, "a"), create(60, "b"), revoke, retire)
    values = [told.at(GRANTED, f"grant/{g}", at(s)).value for g, s in
              (("a", 65), ("a", 75), ("b", 75), ("b", 85))]  # fmt: skip
    assert [value is not None for value in values] == [True, False, True, False]


def test_every_row_cites_a_record() -> None:
    asked = [*settings(), listed(entry(), entry("gone", IsLatest="false")), acl(OWN), grants("a")]
    rows = made(asked, create_bucket(1), put(50), create(60, "x")).intervals
    assert [row for row in rows if row["evidence_item"] is None] == []
    assert all(isinstance(row["start"], datetime | None) for row in rows)


DEFAULT = {
    "ServerSideEncryptionConfiguration": {
        "Rule": {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": GRANTED,
            }
        }
    }
}
OTHER_KEY = GRANTED.replace("k1", "k2")
HEADER = "s3:x-amz-server-side-encryption"


@pytest.mark.parametrize(
    ("what", "rows", "context", "default", "asked_key"),
    [
        ("new buckets name no key", [create_bucket(1)], {}, None, None),
        ("the bucket's default", [event("PutBucketEncryption", 5, request={
            "bucketName": BUCKET, **DEFAULT})], {}, "aws:kms", GRANTED),
        ("another key in the request", [event("PutBucketEncryption", 5, request={
            "bucketName": BUCKET, **DEFAULT})],
         {HEADER: "aws:kms", f"{HEADER}-aws-kms-key-id": OTHER_KEY}, "aws:kms", OTHER_KEY),
        ("the provider's own key in the request", [event("PutBucketEncryption", 5, request={
            "bucketName": BUCKET, **DEFAULT})], {HEADER: "aws:kms"}, "aws:kms", None),
    ],
)  # fmt: skip
def test_key_that_an_upload_needs(
    what: str,
    rows: list[dict[str, Any]],
    context: dict[str, str],
    default: str | None,
    asked_key: str | None,
) -> None:
    sealed = {"policy": '{"Version": "2012-10-17", "Statement": []}'}
    policies = [
        kms("PutKeyPolicy", 6, request={"keyId": key, **sealed}) for key in (GRANTED, OTHER_KEY)
    ]
    told = history([], *rows, *policies)
    request = {
        "principal": {"type": "Anonymous"},
        "action": "s3:PutObject",
        "resource": f"{BUCKET_UID}/new",
        "context": context,
    }
    state, unknown, unseen = state_for(told, request, at(100))
    assert state["bucket"]["default_sse"] == default, what
    assert ("kms_grants" in unknown) == (asked_key is not None), what
    assert (state["kms_key_policy"] is not None) == (asked_key is not None), what
    assert "bucket.default_sse" not in [*unknown, *unseen], what


def test_default_encryption_that_no_record_mentions_is_unseen() -> None:
    request = {"principal": {"type": "Anonymous"}, "resource": KEY, "context": {}}
    assert "bucket.default_sse" in state_for(history([]), request, at(100))[2]
