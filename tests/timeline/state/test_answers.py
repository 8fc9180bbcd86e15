"""Collected answers about one resource: what proves content, what proves absence, what neither."""

from datetime import UTC, datetime
from typing import Any

import pytest

from collector.model import Provenance
from timeline.state.aws import answers, organization_answers, snapshots
from timeline.state.ledger import EXISTENCE, Name, scalar

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BUCKET = "arn:aws:s3:::b"
ACCOUNT = "aws:account:111111111111"
USERS = "arn:aws:iam::111111111111:user"
OWNER = {"ID": "c0ffee"}
PRIVATE = {"Grantee": {"xsi:type": "CanonicalUser", "ID": "c0ffee"}, "Permission": "FULL_CONTROL"}
PUBLIC = {
    "Grantee": {"xsi:type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"},
    "Permission": "READ",
}
LISTING = {"ListAllMyBucketsResult": {"Owner": OWNER, "Buckets": {"Bucket": {"Name": "b"}}}}
NO_BLOCK = {"Error": {"Code": "NoSuchPublicAccessBlockConfiguration"}}
IGNORING = {"PublicAccessBlockConfiguration": {"IgnorePublicAcls": "true"}}
NO_CONTROLS = {"Error": {"Code": "OwnershipControlsNotFoundError"}}
ENFORCED = {"OwnershipControls": {"Rule": {"ObjectOwnership": "BucketOwnerEnforced"}}}

Asked = tuple[str, Any, str]


def read(*asked: Asked, acquisition: int = 1) -> answers.Answers:
    documents = [
        (kind, body, AT, Provenance(item=f"EV-{acquisition}.w{n}", locator="0@1+2", sha256=""), of)
        for n, (kind, body, of) in enumerate(asked)
    ]
    return answers.read(documents)


def acl(*grants: Any) -> Asked:
    listed = list(grants) if len(grants) > 1 else grants[0]
    body = {"Owner": OWNER, "AccessControlList": {"Grant": listed}}
    return ("aws.s3.acl", {"AccessControlPolicy": body}, BUCKET)


def open_to_lists() -> tuple[Asked, ...]:
    """All that must be known for a list to prove what is stored."""
    return (
        ("aws.s3.buckets", LISTING, ACCOUNT),
        ("aws.s3.ownership", NO_CONTROLS, BUCKET),
        ("aws.s3.public_access_block", NO_BLOCK, BUCKET),
        ("aws.s3.public_access_block", NO_BLOCK, ACCOUNT),
    )


@pytest.mark.parametrize(
    ("kind", "body", "slot", "atoms"),
    [
        ("aws.s3.policy", {"Error": {"Code": "NoSuchBucketPolicy"}}, "policy", {}),
        ("aws.s3.ownership", NO_CONTROLS, "ownership", scalar("ObjectWriter")),
        ("aws.s3.ownership", ENFORCED, "ownership", scalar("BucketOwnerEnforced")),
        ("aws.s3.policy", {"Error": {"Code": "NoSuchBucket"}}, EXISTENCE, {}),
        ("aws.s3.versioning", {"VersioningConfiguration": ""}, "versioning", {}),
        (
            "aws.s3.request_payment",
            {"RequestPaymentConfiguration": {"Payer": "Requester"}},
            "requester_pays",
            scalar(value=True),
        ),
        (
            "aws.s3.access_point_policy",
            {"Error": {"Code": "NoSuchAccessPointPolicy"}},
            "policy",
            {},
        ),
    ],
)
def test_one_slot(kind: str, body: Any, slot: str, atoms: Any) -> None:
    found = read((kind, body, BUCKET))
    assert [(o.resource_uid, o.slot, o.atoms, o.at) for o in found.observations] == [
        (BUCKET, slot, atoms, AT)
    ]
    assert found.gaps == ()


@pytest.mark.parametrize("kind", sorted(answers.KINDS - {organization_answers.POLICIES}))
@pytest.mark.parametrize("code", ["AccessDenied", "InternalError", "NoSuchCORSConfiguration", ""])
def test_no_other_error_proves_anything(kind: str, code: str) -> None:
    found = read((kind, {"Error": {"Code": code}}, BUCKET))
    assert found.observations == ()
    assert found.owners == {}
    if code or kind not in answers.NAMING:
        assert [gap.kind for gap in found.gaps] == ["not_understood"]


@pytest.mark.parametrize("kind", sorted(answers.KINDS - answers.NAMING))
def test_without_its_request_an_answer_is_a_gap(kind: str) -> None:
    found = answers.read([(kind, {"Policy": "{}"}, AT, None)])
    assert found.observations == ()
    assert "does not name" in found.gaps[0].reason


def test_a_list_with_nothing_that_hides_grants_is_what_is_stored() -> None:
    found = read(*open_to_lists(), acl(PRIVATE))
    (listed,) = (o for o in found.observations if o.slot == "acl")
    assert list(listed.atoms or ()) == ["grant:CanonicalUser:owner:FULL_CONTROL"]
    proof = Provenance(item="EV-1.w0", locator="0@1+2", sha256="")
    assert found.names == {(ACCOUNT, "canonical_id"): Name(value="c0ffee", provenance=proof)}
    assert found.owners == {"b": Name(value="111111111111", provenance=proof)}


def test_a_public_grant_that_is_shown_is_not_ignored() -> None:
    found = read(acl(PRIVATE, PUBLIC))
    assert [len(o.atoms or ()) for o in found.observations] == [2]


@pytest.mark.parametrize(
    ("position", "instead", "words"),
    [
        (0, None, "account that owns"),
        (1, None, "ownership controls"),
        (1, ("aws.s3.ownership", ENFORCED, BUCKET), "BucketOwnerEnforced"),
        (2, None, BUCKET),
        (2, ("aws.s3.public_access_block", IGNORING, BUCKET), "are ignored"),
        (3, None, ACCOUNT),
        (3, ("aws.s3.public_access_block", IGNORING, ACCOUNT), "are ignored"),
    ],
)
def test_a_list_that_may_hide_grants_proves_nothing(
    position: int, instead: Asked | None, words: str
) -> None:
    asked = [each for n, each in enumerate(open_to_lists()) if n != position]
    found = read(*asked, *([instead] if instead else []), acl(PRIVATE))
    assert [o for o in found.observations if o.slot == "acl"] == []
    assert [gap.kind for gap in found.gaps] == ["opaque"]
    assert words in found.gaps[0].reason


def test_policies_of_an_organization_are_mentioned_unless_they_are_the_providers() -> None:
    def listed(managed: bool) -> Asked:
        policy = {"Id": "p-1", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": managed}
        return ("aws.organizations.policies", {"Policies": [policy]}, "organization/x")

    mentioned = ("aws:organizations", "policy_types_mentioned/scps")
    assert mentioned not in read(listed(True)).names
    found = read(listed(True), listed(False)).names
    proof = Provenance(item="EV-1.w1", locator="0@1+2", sha256="")
    assert found[mentioned] == Name(value="scps", provenance=proof)


def test_a_date_of_creation_is_no_later_than() -> None:
    def listing(created: str) -> Asked:
        bucket = {"Name": "b", "CreationDate": created}
        return ("aws.s3.buckets", {"ListAllMyBucketsResult": {"Buckets": {"Bucket": bucket}}}, "")

    found = read(listing("2025-01-02T00:00:00.000Z")).created
    assert [(o.at, o.slot) for o in found.values()] == [
        (datetime(2025, 1, 2, tzinfo=UTC), "existence")
    ]
    for unusable in ("2027-01-01T00:00:00Z", "2025-01-02T00:00:00", "yesterday", ""):
        assert read(listing(unusable)).created == {}


def page(number: int, more: str, *users: str) -> tuple[Any, ...]:
    """One page of the listing of all principals of an account."""
    listed = [{"Arn": f"arn:aws:iam::111111111111:user/{u}", "UserId": u} for u in users]
    body = {"UserDetailList": listed, "IsTruncated": more}
    proof = Provenance(item=f"EV-1.w{number}", locator="0@1+2", sha256="")
    return (snapshots.AUTHORIZATION_DETAILS, body, AT, proof, ACCOUNT)


@pytest.mark.parametrize(
    ("pages", "whole"),
    [
        ([page(1, "true", "a"), page(2, "false", "b")], True),
        ([page(1, "false")], True),
        ([page(1, "true", "a")], False),
        ([page(1, "true", "a"), page(2, "true", "b")], False),
        ([page(1, "false", "a"), page(2, "false", "b")], False),
    ],
)
def test_all_pages_together_prove_absence(pages: list[tuple[Any, ...]], whole: bool) -> None:
    found = snapshots.listings(pages)
    assert len(found) == len(pages) + whole
    for listing, one in zip(found, pages, strict=False):
        assert listing.provenance == one[3]
        assert listing.prefixes == ()
    if whole:
        assert f"{USERS}/" in found[-1].prefixes
        assert {arn for each in found for arn in each.seen} == set(found[-1].seen)


def test_a_page_of_which_an_entry_cannot_be_read_proves_presence_alone() -> None:
    kind, body, *rest = page(1, "false", "a")
    body["UserDetailList"].append({"Arn": "not one"})
    assert [listing.prefixes for listing in snapshots.listings([(kind, body, *rest)])] == [()]
