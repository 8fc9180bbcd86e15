"""Dated baselines: nothing is held against a day on which it was not there (R-001)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline import baseline
from timeline.correlate.aws.settings import SETTINGS, default_at
from timeline.correlate.baselines import compared, settings_at
from timeline.model import Knowledge, SlotState

BUCKET = "arn:aws:s3:::claims"
SLOTS = ("policy", "acl", "ownership", "encryption", "public_access_block.BlockPublicAcls")
DAYS = st.dates(min_value=date(2006, 1, 1), max_value=date(2030, 1, 1))


@settings(max_examples=200, deadline=None)
@given(day=DAYS, slot=st.sampled_from(SLOTS))
def test_no_row_is_given_before_its_day_or_after_its_end(day: date, slot: str) -> None:
    now, after = baseline.available("aws", slot, day), baseline.later("aws", slot, day)
    assert all(row.available_from is not None and row.available_from <= day for row in now)
    assert all(row.available_until is None or day < row.available_until for row in now)
    assert all(row.available_from is not None and day < row.available_from for row in after)
    assert not {row.uid for row in now} & {row.uid for row in after}


def test_event_of_2017_cites_nothing_of_2018_or_later() -> None:
    for slot in SLOTS:
        for row in baseline.available("aws", slot, date(2017, 6, 12)):
            assert row.available_from is not None
            assert row.available_from.year <= 2017, row.uid
    assert "aws-s3-bpa-2018" not in {r.uid for r in _flags(date(2018, 11, 14))}
    assert "aws-s3-bpa-2018" in {r.uid for r in _flags(date(2018, 11, 15))}


def test_the_guard_itself_refuses() -> None:
    row = next(row for row in baseline.rows() if row.uid == "aws-s3-bpa-2018")
    assert baseline.cited(row, date(2018, 11, 15)) is row
    with pytest.raises(baseline.AnachronismError, match=r"aws-s3-bpa-2018: expected a row avail"):
        baseline.cited(row, date(2018, 11, 14))
    undated = next(row for row in baseline.rows() if row.available_from is None)
    with pytest.raises(baseline.AnachronismError):
        baseline.cited(undated, date(2030, 1, 1))


def test_general_knowledge_is_kept_counted_and_never_given_out() -> None:
    kept = baseline.unconfirmed("aws", SLOTS)
    assert kept
    given_out = {r.uid for slot in SLOTS for r in baseline.available("aws", slot, date(2030, 1, 1))}
    assert not given_out & {row.uid for row in kept}
    assert baseline.clock("nis2-23") is None
    assert baseline.clock("gdpr-33") is not None


def test_every_row_is_whole() -> None:
    uids = [row.uid for row in baseline.rows()]
    assert len(uids) == len(set(uids))
    for row in baseline.rows():
        assert row.source, row.uid
        assert row.statement, row.uid
        assert row.document, row.uid
        assert row.retrieved, row.uid
        assert row.control, row.uid
        assert (row.available_from is None) == (row.kind is baseline.Kind.CLOCK), row.uid
        assert (row.standard is baseline.Standard.STATUTE) == (row.kind is baseline.Kind.CLOCK)


def test_benchmark_control_without_version_is_refused() -> None:
    line = {"id": "CIS 2.1.4", "kind": "benchmark", "version": None}
    with pytest.raises(ValueError, match="expected NAME@VERSION:CONTROL, found no version"):
        baseline._row(line)


@pytest.mark.parametrize(
    ("knowledge", "value", "other", "verdict"),
    [
        (Knowledge.PRESENT, True, True, "these agree"),
        (Knowledge.PRESENT, False, True, "these differ"),
        (Knowledge.PRESENT, "ObjectWriter", "ObjectWriter", "these agree"),
        (Knowledge.PRESENT, 1, True, "these differ"),
        (Knowledge.ABSENT, None, None, "these agree"),
        (Knowledge.ABSENT, None, True, "these differ"),
        (Knowledge.PRESENT, {"Statement": []}, None, "these differ"),
        (Knowledge.PRESENT, {"Statement": []}, True, "not compared"),
        (Knowledge.PRESENT, True, {"Statement": []}, "not compared"),
        (Knowledge.UNKNOWN, None, True, "not compared"),
        (Knowledge.UNKNOWN, None, None, "not compared"),
        (Knowledge.PRESENT, True, "UNKNOWN", "not compared"),
    ],
)
def test_comparison(knowledge: Knowledge, value: Any, other: Any, verdict: str) -> None:
    assert verdict == compared(SlotState(knowledge=knowledge, value=value, why=""), other)


def test_defaults_of_the_day_and_of_the_roll_out() -> None:
    before = default_at("public_access_block.BlockPublicAcls", datetime(2022, 3, 1, tzinfo=UTC))
    within = default_at("public_access_block.BlockPublicAcls", datetime(2023, 4, 20, tzinfo=UTC))
    after = default_at("ownership", datetime(2024, 1, 1, tzinfo=UTC))
    assert [before, within, after] != [None, None, None]
    assert [one[0] for one in (before, within, after) if one] == [
        False, "UNKNOWN", "BucketOwnerEnforced",
    ]  # fmt: skip
    assert default_at("policy", datetime(2022, 3, 1, tzinfo=UTC)) == (None, None)
    unread = default_at("ownership", datetime(2016, 1, 1, tzinfo=UTC))
    assert unread is not None
    assert unread[0] == "UNKNOWN", "the row of these years rests on general knowledge alone"
    assert default_at("acl", datetime(2022, 3, 1, tzinfo=UTC)) is None


def test_settings_of_a_resource_with_peers() -> None:
    at = datetime(2022, 5, 27, tzinfo=UTC)
    rows = [
        _interval(BUCKET, "public_access_block.BlockPublicAcls", "false", "c1"),
        _interval(f"{BUCKET}-2", "public_access_block.BlockPublicAcls", "false", None),
        _interval(f"{BUCKET}-3", "public_access_block.BlockPublicAcls", "true", None),
        _interval(f"{BUCKET}-4", "public_access_block.BlockPublicAcls", "UNKNOWN", None),
        _interval(BUCKET, "existence", "true", "c0"),
        _interval(f"{BUCKET}/key", "acl", "UNKNOWN", None),
        _interval(BUCKET, "owner", '"1"', None),
    ]
    change = {"change_uid": "c1", "resource_uid": BUCKET, "operation": "Put", "kind": "logged",
              "slot": "public_access_block.BlockPublicAcls", "time_from": at, "time_to": at,
              "fact": "value", "old": "true", "new": "false", "effect": "sets", "accepted": True,
              "technical_actor": "a", "initiating_actor": None, "attribution": None,
              "party": "p", "evidence_item": None, "locator": None,
              "record_sha256": None}  # fmt: skip
    (found,) = settings_at(BUCKET, at, rows, [change])
    assert found.slot == "public_access_block.BlockPublicAcls"
    assert (found.peers.same, found.peers.known, found.peers.unknown) == (2, 3, 1)
    assert found.writer is change
    assert found.created == datetime(2022, 3, 1, tzinfo=UTC)
    assert found.default_created is not None
    assert found.default_created[0] is False


def test_every_setting_has_actions_that_the_access_reference_spells() -> None:
    for one in SETTINGS:
        assert one.write.startswith("s3:Put")
        assert one.read.startswith("s3:Get")


def _flags(day: date) -> tuple[baseline.Row, ...]:
    return baseline.available("aws", "public_access_block.BlockPublicAcls", day)


def _interval(uid: str, slot: str, value: str, change: str | None) -> dict[str, Any]:
    return {
        "resource_uid": uid, "slot": slot, "fact": "value", "value": value,
        "start": datetime(2022, 3, 1, tzinfo=UTC), "start_bound": "exact", "end": None,
        "end_bound": "unknown", "how_known": "unknown" if value == "UNKNOWN" else "observed",
        "why": "w", "start_change_uid": change, "end_change_uid": None, "evidence_item": None,
        "locator": None, "record_sha256": None,
    }  # fmt: skip
