"""Bounds of a hidden change by outcomes: accesses, writes, contradictions, the assumption off."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.correlate.cases import ADMIN, OWNER, START, Record, Trail, build, read, run

TOML = """format = 1
[matter]
title = "Order"
[assumptions]
gaps-minimal = {minimal}
"""


def seen(bucket: str, minute: int, **parts: Record) -> Record:
    """A configuration item of a bucket."""
    at = START + timedelta(minutes=minute)
    return {
        "version": "1.3", "accountId": OWNER,
        "configurationItemCaptureTime": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "configurationItemStatus": "OK", "resourceType": "AWS::S3::Bucket",
        "resourceId": bucket, "resourceName": bucket, "ARN": f"arn:aws:s3:::{bucket}",
        "awsRegion": "us-east-1", "supplementaryConfiguration": parts,
    }  # fmt: skip


def case_of(folder: Path, trail: Trail, item: Record, minimal: str = "true") -> Path:
    case = build(folder, [trail], toml=TOML.format(minimal=minimal))
    (folder / "config").mkdir()
    (folder / "config" / "items.json").write_text(json.dumps({"configurationItems": [item]}))
    assert run("import", "--case", str(case), str(folder / "config"))[0] in (0, 3)
    assert run("build", "--case", str(case))[0] in (0, 3)
    return case


def policy(*statements: Record) -> Record:
    return {"policyText": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


def opened(outcomes: str) -> Trail:
    """A private bucket; then reads at minutes 5, 6, ...: `s` succeeds, `d` is denied."""
    trail = Trail("order")
    trail.create()
    trail.policy(trail.partner())
    trail.now = START + timedelta(minutes=4)
    for one in outcomes:
        trail.read(error=None if one == "s" else "AccessDenied")
    trail.now = START + timedelta(minutes=40)
    trail.read()
    return trail


def order(case: Path) -> list[dict[str, Any]]:
    return read(case, "inferred_order")


@pytest.mark.parametrize(
    ("outcomes", "low", "high"),
    [("ds", 5, 6), ("dd", 6, 30), ("ss", None, 5), ("ddsss", 6, 7)],
)
def test_reads_say_on_which_side_the_change_lies(
    tmp_path: Path, outcomes: str, low: int | None, high: int
) -> None:
    trail = opened(outcomes)
    item = seen("order", 30, BucketPolicy=policy(trail.partner(), trail.public()))
    (one,) = order(case_of(tmp_path, trail, item))
    if low is not None:
        assert one["inferred_from"] == START + timedelta(minutes=low)
    assert one["inferred_to"] == START + timedelta(minutes=high)
    assert len(one["witnesses"]) == len(outcomes)
    assert not one["contradicted"]


def test_outcomes_that_contradict_each_other_narrow_nothing(tmp_path: Path) -> None:
    trail = opened("sd")
    item = seen("order", 30, BucketPolicy=policy(trail.partner(), trail.public()))
    case = case_of(tmp_path, trail, item)
    (one,) = order(case)
    assert (one["contradicted"], one["inferred_from"], one["classes"]) == (True, None, [])


def test_without_the_assumption_nothing_is_narrowed(tmp_path: Path) -> None:
    trail = opened("ds")
    item = seen("order", 30, BucketPolicy=policy(trail.partner(), trail.public()))
    assert order(case_of(tmp_path, trail, item, minimal="false")) == []


def test_a_write_that_passed_its_gate_shows_that_the_gate_was_off(tmp_path: Path) -> None:
    """The gate went off unseen; the public policy that it would have refused was accepted after.

    So the hidden change comes before the policy, and is a precondition of it in a replay.
    """
    trail = Trail("order")
    trail.create()
    trail.block("BlockPublicPolicy")
    trail.now = START + timedelta(minutes=10)
    put = trail.policy(trail.public())
    trail.now = START + timedelta(minutes=40)
    access = trail.read()
    off = dict.fromkeys(
        ("blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets"), False
    )
    case = case_of(tmp_path, trail, seen("order", 30, PublicAccessBlockConfiguration=off))
    rows = {r["slot"]: r for r in order(case)}
    one = rows["public_access_block.BlockPublicPolicy"]
    events = {e["provider_uid"]: e for e in read(case, "events")}
    assert one["witnesses"] == [events[put]["event_uid"]]
    assert one["inferred_to"] == START + timedelta(minutes=11)
    (found,) = [a for a in read(case, "access_classes") if a["provider_uid"] == access]
    answers = {
        (r["undo"], r["change_uid"]): r["but_for"]
        for r in read(case, "class_changes")
        if r["class_uid"] == found["class_uid"]
    }
    assert answers["replay", one["change_uid"]] == "yes"
    assert answers["delta", one["change_uid"]] == "no"
    assert ADMIN["accountId"] == OWNER
