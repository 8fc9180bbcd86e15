"""Configuration items as observations at their own capture time."""

import json
from pathlib import Path
from typing import Any

import pytest

from collector.model import Provenance
from timeline.model import Knowledge
from timeline.state.intervals import History
from timeline.state.replay import run

from .events import BUCKET, BUCKET_UID, OWNER, at, event, policy, public_read, put_policy

DATA = Path(__file__).parents[4] / "shared" / "data" / "aws_config_s3_items"
PROOF = Provenance(item="EV-2.f1", locator="0@0+9", sha256="cd" * 32)
FIRST, LAST = event("ListBuckets", 0), event("ListBuckets", 1000)
OWNER_ONLY = {"grantee": {"id": "o"}, "permission": "FullControl"}
EVERYONE = {"grantee": "AllUsers", "permission": "Read"}


def item(seconds: float, status: str = "OK", **parts: Any) -> tuple[Any, ...]:
    """One configuration item of the bucket, parts as text inside the JSON."""
    body = {
        "resourceType": "AWS::S3::Bucket",
        "resourceName": BUCKET,
        "accountId": OWNER,
        "configurationItemStatus": status,
        "configurationItemCaptureTime": at(seconds).isoformat(),
        "supplementaryConfiguration": {name: json.dumps(value) for name, value in parts.items()},
    }
    return ("aws.config.items", {"configurationItems": [body]}, at(0), PROOF)


def history(*shots: tuple[Any, ...], rows: tuple[dict[str, Any], ...] = ()) -> History:
    return History(run([FIRST, *rows, LAST], shots).intervals)


def listed(*grants: Any) -> str:
    return json.dumps({"grantList": list(grants), "owner": {"id": "o"}})


BLOCK = dict.fromkeys(
    ("blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets"), False
)


def test_slots_of_a_bucket() -> None:
    document = policy(public_read())
    shot = item(
        30,
        BucketPolicy={"policyText": json.dumps(document)},
        IsRequesterPaysEnabled=False,
        PublicAccessBlockConfiguration=BLOCK,
        AccessControlList=listed(OWNER_ONLY, EVERYONE),
    )
    states = history(shot)
    assert states.at(BUCKET_UID, "policy", at(500)).value == document
    assert states.at(BUCKET_UID, "policy", at(10)).value == document, "no write before it"
    assert states.at(BUCKET_UID, "requester_pays", at(500)).value is False
    assert states.at(BUCKET_UID, "owner", at(500)).value == OWNER
    facts = [row.fact for row in states.at(BUCKET_UID, "acl", at(500)).intervals]
    assert len(facts) == 2
    proof = states.at(BUCKET_UID, "policy", at(500)).intervals[0].provenance
    assert proof == PROOF


def test_part_that_an_item_does_not_have_proves_nothing() -> None:
    states = history(item(30, BucketPolicy={"policyText": None}))
    assert states.at(BUCKET_UID, "policy", at(500)).knowledge is Knowledge.ABSENT
    flag = states.at(BUCKET_UID, "public_access_block.IgnorePublicAcls", at(500))
    assert flag.knowledge is Knowledge.UNKNOWN


@pytest.mark.parametrize(
    ("what", "parts", "known"),
    [
        ("public grants shown", {"AccessControlList": listed(OWNER_ONLY, EVERYONE)}, True),
        ("owner alone, and nothing is ignored",
         {"AccessControlList": listed(OWNER_ONLY), "PublicAccessBlockConfiguration": BLOCK}, True),
        ("owner alone, public grants are ignored",
         {"AccessControlList": listed(OWNER_ONLY),
          "PublicAccessBlockConfiguration": BLOCK | {"ignorePublicAcls": True}}, False),
        ("owner alone, not recorded whether ignored",
         {"AccessControlList": listed(OWNER_ONLY)}, False),
        ("unknown grantee",
         {"AccessControlList": listed({"grantee": "Nobody", "permission": "Read"})}, False),
    ],
)  # fmt: skip
def test_list_as_it_takes_effect(what: str, parts: dict[str, Any], known: bool) -> None:
    state = history(item(30, **parts)).at(BUCKET_UID, "acl", at(500))
    assert (state.knowledge is Knowledge.PRESENT) == known, what


def test_disagreement_with_the_log_is_a_hidden_change() -> None:
    shot = item(30, BucketPolicy={"policyText": None})
    found = run([FIRST, put_policy(10, policy(public_read())), LAST], [shot])
    hidden = [r for r in found.changes if r["kind"] == "hidden"]
    assert [(r["slot"], r["effect"]) for r in hidden] == [("policy", "removes")]


def test_deleted() -> None:
    states = history(item(10), item(30, status="ResourceDeleted"))
    assert states.at(BUCKET_UID, "existence", at(500)).knowledge is Knowledge.ABSENT


@pytest.mark.skipif(not DATA.is_dir(), reason=f"real items not at hand: {DATA}")
def test_real_items() -> None:
    for file in sorted(DATA.glob("s3*.json")):
        answer = json.loads(file.read_text("utf-8"))
        if "resourceType" not in answer:
            continue
        found = run([FIRST, LAST], [("aws.config.items", answer, at(0), PROOF)])
        uid = f"arn:aws:s3:::{answer['resourceName']}"
        slots = {r["slot"] for r in found.intervals if r["resource_uid"] == uid}
        assert {"existence", "policy", "requester_pays", "owner"} <= slots, (file.name, slots)
