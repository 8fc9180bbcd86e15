"""Readings of the register: what each turns."""

import pytest

from timeline.policy.aws import evaluate

OWNER = "111122223333"
REQUEST = {
    "principal": {"type": "Anonymous"}, "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/k", "context": {}, "time": "2024-01-01T00:00:00Z",
}  # fmt: skip


def state() -> dict[str, object]:
    """A public policy under RestrictPublicBuckets, and a list that is public too."""
    everybody = {"Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}}
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    return {
        "bucket": {
            "name": "b", "owner_account": OWNER, "ownership": "ObjectWriter", "acl": None,
            "policy": {"Version": "2012-10-17", "Statement": [statement]},
            "public_access_block": {"RestrictPublicBuckets": True}, "region": "us-east-1",
        },
        "account": {"public_access_block": None},
        "object": {"owner_account": OWNER, "acl": {
            "Owner": {"ID": "x"}, "Grants": [{**everybody, "Permission": "READ"}],
        }},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("assumed", "verdict", "used"),
    [
        (("documented-readings",), "ALLOWED", ("documented-readings",)),
        ((), "UNKNOWN", ()),
        (("reading A4=first",), "ALLOWED", ("reading A4=first",)),
        (("reading A4=other",), "DENIED", ("reading A4=other",)),
        (("documented-readings", "reading A4=other"), "DENIED", ("reading A4=other",)),
        (("reading A9=other",), "UNKNOWN", ()),
    ],
)
def test_a_reading_that_is_taken_decides_and_is_named(
    assumed: tuple[str, ...], verdict: str, used: tuple[str, ...]
) -> None:
    found = evaluate(REQUEST, state(), (), assumptions=assumed)
    assert (str(found.verdict), found.assumptions) == (verdict, used)
