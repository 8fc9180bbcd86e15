"""Gaps from what was logged and what was delivered, through whole cases."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector import store
from tests.collector.seal import aws_trails
from tests.timeline.correlate.cases import ADMIN, OWNER, Record, Trail, build, read, run
from timeline.correlate import effects, gaps
from timeline.correlate.aws import logging, undelivered
from timeline.correlate.effects import Effect

EVERYTHING = [
    {"readWriteType": "All", "includeManagementEvents": True,
     "dataResources": [{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}]}
]  # fmt: skip


def switch(trail: Trail, name: str, about: str, more: Record | None = None) -> str:
    """A recorded switch of a trail, a minute after the record before it."""
    uid = trail.add(name, ADMIN, {"name": about, **(more or {})})
    record = trail.records[-1]
    record |= {"eventSource": "cloudtrail.amazonaws.com", "resources": []}
    del record["requestParameters"]["bucketName"]
    return uid


def holes(case: Path) -> list[dict[str, Any]]:
    return [g for g in read(case, "gaps") if g["kind"] == "logging_off"]


def begun(bucket: str) -> Trail:
    trail = Trail(bucket)
    switch(trail, "PutEventSelectors", "main", {"trailName": "main", "eventSelectors": EVERYTHING})
    trail.create()
    trail.policy(trail.public())
    trail.read()
    return trail


def test_a_stop_is_a_gap_and_says_what_it_leaves_uncertain(tmp_path: Path) -> None:
    trail = begun("stopped")
    stop = switch(trail, "StopLogging", "main")
    trail.now += timedelta(hours=2)
    switch(trail, "StartLogging", "main")
    trail.read()
    case = build(tmp_path, [trail])
    (hole,) = holes(case)
    assert hole["subject"] == "trail main"
    assert hole["time_to"] - hole["time_from"] == timedelta(hours=2, minutes=1)
    events = {r["provider_uid"]: r for r in read(case, "events")}
    assert hole["evidence_item"] == events[stop]["evidence_item"]
    found = [r for r in read(case, "gap_effects") if r["gap_uid"] == hole["gap_uid"]]
    assert {(r["category"], r["activity"], r["resource"]) for r in found} == {
        ("management", "read", None), ("management", "write", None),
        ("data", "read", "stopped"), ("data", "write", "stopped"),
    }  # fmt: skip
    open_windows = {w["window_uid"] for w in read(case, "windows") if w["principal"] == "anonymous"}
    reads = next(r for r in found if (r["category"], r["activity"]) == ("data", "read"))
    assert open_windows & set(reads["windows"])
    kept = [
        (r["kept"], r["time_from"], r["time_to"])
        for r in read(case, "logging")
        if (r["category"], r["activity"]) == ("data", "read")
    ]
    assert [k[0] for k in kept] == ["not known", "off", "recorded"]
    assert kept[1][1:] == (hole["time_from"], hole["time_to"])


def test_a_second_trail_covers_the_stop(tmp_path: Path) -> None:
    trail = begun("second")
    switch(trail, "PutEventSelectors", "other",
           {"trailName": "other", "eventSelectors": EVERYTHING})  # fmt: skip
    switch(trail, "StartLogging", "other")
    switch(trail, "StopLogging", "main")
    trail.now += timedelta(hours=2)
    switch(trail, "StartLogging", "main")
    case = build(tmp_path, [trail])
    assert holes(case) == []
    assert {r["kept"] for r in read(case, "logging") if r["time_to"] is None} == {"recorded"}


def test_records_of_a_source_that_nobody_named_cover_the_stop(tmp_path: Path) -> None:
    """The event history, or a trail whose switches are not recorded: it was there, and is named."""
    trail = begun("unnamed")
    switch(trail, "StopLogging", "main")
    trail.read()
    trail.block()
    trail.add("GetBucketAcl", ADMIN)
    trail.add("PutObject", ADMIN, key="other.csv", data=True)
    switch(trail, "StartLogging", "main")
    case = build(tmp_path, [trail])
    assert holes(case) == []
    named = {name for r in read(case, "logging") for name in r["loggers"]}
    assert any(logging.UNNAMED in name for name in named)


def test_records_that_end_long_before_the_start_leave_the_rest(tmp_path: Path) -> None:
    trail = begun("rest")
    switch(trail, "StopLogging", "main")
    last = trail.read()
    trail.now += timedelta(hours=3)
    switch(trail, "StartLogging", "main")
    case = build(tmp_path, [trail])
    at = next(r["time"] for r in read(case, "events") if r["provider_uid"] == last)
    found = {
        (r["category"], r["activity"]): g["time_from"]
        for g in holes(case)
        for r in read(case, "gap_effects")
        if r["gap_uid"] == g["gap_uid"]
    }
    assert found["data", "read"] == at
    assert found["data", "write"] == at - timedelta(minutes=1)


def test_an_open_gap_makes_what_is_carried_across_it_rest_on_the_assumption(
    tmp_path: Path,
) -> None:
    trail = begun("open")
    switch(trail, "StopLogging", "main")
    trail.now += timedelta(hours=3)
    access = trail.read()
    (tmp_path / "one").mkdir()
    case = build(tmp_path / "one", [trail])
    classes = {c["class_uid"]: c for c in read(case, "classes")}
    (one,) = [a for a in read(case, "access_classes") if a["provider_uid"] == access]
    assert "gaps-minimal" in classes[one["class_uid"]]["assumptions"]


def delivered(folder: Path, left_out: str) -> Path:
    """A case of a signed trail, without the object whose key ends in `left_out`."""
    logs = folder / "logs"
    for name, stored in aws_trails.trail().items():
        if left_out and name.endswith(left_out):
            continue
        place = logs / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(stored.body)
    case = folder / "case"
    assert run("init", str(case))[0] == 0
    assert run("import", "--case", str(case), str(logs))[0] in (0, 3)
    return case


def at(hour: int, minute: int) -> datetime:
    return aws_trails.START + timedelta(hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("left_out", "start", "end", "word"),
    [
        (aws_trails.log_key(2, 1)[-40:], at(2, 6), at(2, 22), "lists as delivered"),
        (aws_trails.digest_key(2)[-40:], at(1, 45), at(3, 0), "digests between two others"),
    ],
)
def test_what_was_delivered_and_is_not_here_is_a_gap(
    tmp_path: Path, left_out: str, start: datetime, end: datetime, word: str
) -> None:
    case = delivered(tmp_path, left_out)
    (gap,) = undelivered.gaps(undelivered.read(case, store.items(case)), store.items(case))
    assert (gap.kind, gap.time_from, gap.time_to) == ("missing_log", start, end)
    assert word in gap.reason
    assert gap.item is not None


def test_a_whole_delivery_has_no_gap(tmp_path: Path) -> None:
    case = delivered(tmp_path, "")
    assert undelivered.gaps(undelivered.read(case, store.items(case)), store.items(case)) == []


def test_records_up_to_the_minute_of_the_collection_may_not_be_all() -> None:
    last = datetime(2022, 6, 1, tzinfo=UTC)
    (gap,) = undelivered.last_minutes(last, last + timedelta(minutes=4))
    assert (gap.time_from, gap.time_to) == (
        last - timedelta(minutes=11), last + timedelta(minutes=4),
    )  # fmt: skip
    assert undelivered.last_minutes(last, last + timedelta(hours=1)) == []
    assert undelivered.last_minutes(None, last) == []


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        (Effect(category="data", activity="read", resource="b"), "reads of objects of b"),
        (
            Effect(category="data", activity="write", resource="b"),
            "writes and deletions of objects",
        ),
        (Effect(category="management", activity="write", account_uid=OWNER), "every slot that"),
        (Effect(category="management", activity="read"), "reads and listings of configuration"),
        (
            Effect(category="management", activity="write", resource="arn:b policy"),
            "who changed it",
        ),
        (Effect(), "changes and accesses"),
    ],
)
def test_what_is_uncertain_is_said(effect: Effect, words: str) -> None:
    assert words in effects.said(effect)


def test_every_gap_has_an_effect(tmp_path: Path) -> None:
    trail = begun("each")
    trail.add("PutBucketAcl", ADMIN, {"acl": ""})
    case = build(tmp_path, [trail], iam=False)
    rows = read(case, "gaps")
    assert rows
    assert {r["gap_uid"] for r in rows} == {r["gap_uid"] for r in read(case, "gap_effects")}
    assert json.dumps(gaps.rows_of([]), default=str) == "[]"


def test_a_log_file_whose_content_a_digest_lists_is_told_from_any_other(tmp_path: Path) -> None:
    case = delivered(tmp_path, "")
    items = store.items(case)
    signed = undelivered.listed(undelivered.read(case, items), items)
    names = {item.name for item in items if item.uid in signed}
    assert names == {item.name for item in items if "CloudTrail-Digest" not in item.name}
    altered = [replace(item, content_sha256="0" * 64) for item in items]
    assert undelivered.listed(undelivered.read(case, items), altered) == frozenset()
