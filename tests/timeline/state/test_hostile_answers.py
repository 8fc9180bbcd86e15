"""Answers of any shape: read, or a gap with its reason; never an error, never a lost row."""

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.model import Provenance
from timeline.state.aws import answers
from timeline.state.replay import run

from .events import BUCKET_UID, OWNER, at, create_bucket, event

#: A readable answer of a kind; what is altered in it is drawn.
WHOLE: dict[str, Any] = {
    "aws.organizations.organization": {"Organization": {"Id": "o", "MasterAccountId": OWNER}},
    "aws.organizations.roots": {"Roots": [{"Id": "r-1", "PolicyTypes": [
        {"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}]},
    "aws.organizations.units": {"OrganizationalUnits": [{"Id": "ou-1"}]},
    "aws.organizations.accounts": {"Accounts": [{"Id": OWNER}]},
    "aws.organizations.attached": {"Policies": [
        {"Id": "p-1", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": False}]},
    "aws.organizations.targets": {"Targets": [{"TargetId": OWNER}]},
    "aws.organizations.effective": {"EffectivePolicy": {"PolicyContent": "{}"}},
    "aws.organizations.policy": {"Policy": {
        "PolicySummary": {"Id": "p-1", "Type": "S3_POLICY"}, "Content": "{}"}},
    "aws.s3.buckets": {"ListAllMyBucketsResult": {
        "Owner": {"ID": "9"}, "Buckets": {"Bucket": [{"Name": "x", "CreationDate": ""}]}}},
    "aws.s3.object_versions": {"ListVersionsResult": {
        "Name": "b", "Prefix": "", "IsTruncated": "false", "Version": {
            "Key": "k", "VersionId": "v1", "IsLatest": "true", "Owner": {"ID": "9"},
            "LastModified": "2022-06-01T00:00:01Z"}}},
    "aws.s3.object_acl": {"AccessControlPolicy": {"Owner": {"ID": "9"}, "AccessControlList": {
        "Grant": {"Grantee": {"xsi:type": "Group", "URI":
                  "http://acs.amazonaws.com/groups/global/AllUsers"}, "Permission": "READ"}}}},
    "aws.s3.object_head": {"Headers": {"x-amz-server-side-encryption": "aws:kms"}},
    "aws.kms.grants": {"Grants": [{"GrantId": "g", "Operations": ["Decrypt"]}],
                       "Truncated": False},
    "aws.s3.tags": {"Tagging": {"TagSet": {"Tag": {"Key": "a", "Value": "b"}}}},
}  # fmt: skip
WORDS = st.sampled_from(
    ["", "r-1", "ou-1", OWNER, "true", "false", "ENABLED", "SERVICE_CONTROL_POLICY", "S3_POLICY",
     "p-1", "NoSuchKey", "NoSuchTagSet", "2022-06-01T00:00:10Z", "2022-06-01", "k", "{}", "[]",
     '{"Statement": []}', "url", "%zz", "CanonicalUser", "Group", "READ"]
)  # fmt: skip
BODIES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=6,
)
ABOUT = st.sampled_from(
    [BUCKET_UID, f"{BUCKET_UID}/k?versionId=v1", f"aws:account:{OWNER}", "r-1", "ou-1",
     f"{OWNER}/SERVICE_CONTROL_POLICY", f"{OWNER}/S3_POLICY", "p-1", "", "arn:aws:kms:r:1:key/k"]
)  # fmt: skip


@st.composite
def altered(draw: st.DrawFn) -> tuple[str, Any, int, str]:
    """An answer of which one part is something else, or is missing; or one of any shape."""
    kind = draw(st.sampled_from([*sorted(answers.KINDS), *sorted(WHOLE)]))
    body = _altered(draw, WHOLE[kind]) if kind in WHOLE else draw(BODIES)
    return kind, body, draw(st.integers(5, 7)), draw(ABOUT)


def _altered(draw: st.DrawFn, value: Any) -> Any:
    if draw(st.integers(0, 5)) == 0:
        return draw(BODIES)
    if isinstance(value, dict) and value:
        name = draw(st.sampled_from(sorted(value)))
        kept = {k: v for k, v in value.items() if k != name or draw(st.integers(0, 5))}
        return kept | {name: _altered(draw, value[name])} if name in kept else kept
    if isinstance(value, list) and value:
        return [_altered(draw, value[0]), *value] if draw(st.booleans()) else value
    return value


@settings(max_examples=150, deadline=None)
@given(st.lists(altered(), max_size=5))
def test_answers_of_any_shape(given_answers: list[tuple[str, Any, int, str]]) -> None:
    documents = [
        (kind, body, at(seconds), Provenance(item=f"EV-2.w{n}", locator="0@1+2", sha256=""), about)
        for n, (kind, body, seconds, about) in enumerate(given_answers)
    ]
    rows = [
        create_bucket(1),
        event("PutObject", 2, request={"bucketName": "b", "key": "k"}),
        event("AttachPolicy", 3, service="organizations.amazonaws.com",
              request={"policyId": "p-1", "targetId": OWNER}),
        event("ListBuckets", 20),
    ]  # fmt: skip
    result = run(rows, documents)
    assert result == run(list(reversed(rows)), documents)
    assert [row for row in result.intervals if row["evidence_item"] is None] == []
    places: dict[tuple[str, str, str], list[tuple[Any, Any]]] = {}
    for row in result.intervals:
        place = (row["resource_uid"], row["slot"], row["fact"])
        places.setdefault(place, []).append((row["start"], row["end"]))
    for place, held in places.items():
        known = sorted((start or at(-1), end or at(10_000)) for start, end in held)
        assert all(one[1] <= other[0] for one, other in pairwise(known)), place
