"""Before the first record, between records and observations, and beyond the last."""

from datetime import timedelta
from typing import Any

import pytest

from collector.model import Gap, Provenance
from timeline.model import Knowledge
from timeline.state.intervals import History
from timeline.state.replay import StateResult, run

from .events import (
    ALICE,
    BUCKET,
    BUCKET_UID,
    OWNER,
    START,
    at,
    block,
    create_bucket,
    delete_policy,
    event,
    iam,
    policy,
    public_read,
    put_policy,
)

P = policy(public_read())
LAST = event("ListBuckets", 1000)
ANSWER = Provenance(item="EV-2.f1", locator="0@0+9", sha256="ab" * 32)
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def shape(found: StateResult, slot: str, uid: str = BUCKET_UID) -> list[tuple[Any, ...]]:
    """(from, to, content, how known) of a slot, in seconds; content shortened."""

    def seconds(value: Any) -> float | None:
        return None if value is None else (value - START) / timedelta(seconds=1)

    words = {None: "empty", "UNKNOWN": "unknown"}
    return [
        (seconds(r["start"]), seconds(r["end"]), words.get(r["value"], "held"), r["how_known"])
        for r in found.intervals
        if (r["resource_uid"], r["slot"]) == (uid, slot)
    ]


def details(*users: dict[str, Any]) -> dict[str, Any]:
    return {
        "UserDetailList": list(users),
        "RoleDetailList": [],
        "GroupDetailList": [],
        "Policies": [],
    }


def user(name: str, *attached: str, inline: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "UserName": name,
        "UserId": f"AIDA{name.upper()}",
        "Arn": f"arn:aws:iam::{OWNER}:user/{name}",
        "GroupList": [],
        "AttachedManagedPolicies": [{"PolicyArn": a} for a in attached],
        "UserPolicyList": [
            {"PolicyName": n, "PolicyDocument": d} for n, d in (inline or {}).items()
        ],
    }


def snapshot(seconds: float, document: Any) -> tuple[Any, ...]:
    return ("aws.iam.authorization_details", document, at(seconds), ANSWER)


def test_unknown_before_the_first_write_and_after_coverage() -> None:
    found = run([event("ListBuckets", 0), put_policy(10, P), delete_policy(20), LAST])
    assert shape(found, "policy") == [
        (None, 10.0, "unknown", "unknown"),
        (10.0, 20.0, "held", "observed"),
        (20.0, 1001.0, "empty", "observed"),
        (1001.0, None, "unknown", "unknown"),
    ]


def test_deletion_implies_nothing_of_before() -> None:
    found = run([event("ListBuckets", 0), delete_policy(20), LAST])
    assert shape(found, "policy")[0] == (None, 20.0, "unknown", "unknown")


def test_read_that_finds_nothing_is_an_observation() -> None:
    """Without a write before it under coverage, the slot was empty since coverage began."""
    read = event(
        "GetBucketPolicy", 30, request={"bucketName": BUCKET}, error_code="NoSuchBucketPolicy"
    )
    found = run([event("ListBuckets", 0), read, put_policy(50, P), LAST])
    assert shape(found, "policy") == [
        (None, 0.0, "unknown", "unknown"),
        (0.0, 30.0, "empty", "inferred"),
        (30.0, 50.0, "empty", "observed"),
        (50.0, 1001.0, "held", "observed"),
        (1001.0, None, "unknown", "unknown"),
    ]


def test_denied_read_proves_nothing() -> None:
    read = event("GetBucketPolicy", 30, request={"bucketName": BUCKET}, error_code="AccessDenied")
    found = run([event("ListBuckets", 0), read, put_policy(50, P), LAST])
    assert shape(found, "policy")[0] == (None, 50.0, "unknown", "unknown")


def test_disagreement_is_a_hidden_change_of_nobody() -> None:
    read = event(
        "GetBucketPolicy", 30, request={"bucketName": BUCKET}, error_code="NoSuchBucketPolicy"
    )
    found = run([event("ListBuckets", 0), put_policy(10, P), read, LAST])
    assert shape(found, "policy") == [
        (None, 10.0, "unknown", "unknown"),
        (10.0, 11.0, "held", "observed"),
        (11.0, 30.0, "unknown", "unknown"),
        (30.0, 1001.0, "empty", "observed"),
        (1001.0, None, "unknown", "unknown"),
    ]
    hidden = [r for r in found.changes if r["kind"] == "hidden"]
    assert [(at(11), at(30), None, "removes")] == [
        (r["time_from"], r["time_to"], r["technical_actor"], r["effect"]) for r in hidden
    ]
    assert [g.kind for g in found.gaps] == ["missing_log"]


def test_policy_seen_where_none_should_be() -> None:
    read = event("GetBucketPolicy", 30, request={"bucketName": BUCKET})
    found = run([event("ListBuckets", 0), delete_policy(10), read, LAST])
    assert shape(found, "policy")[-1] == (11.0, None, "unknown", "unknown")
    assert [r["new"] for r in found.changes if r["kind"] == "hidden"] == ["UNKNOWN"]


def test_observation_next_to_a_write_proves_nothing() -> None:
    """Within the time that a change takes to be seen everywhere, order is not established."""
    read = event(
        "GetBucketPolicy", 12, request={"bucketName": BUCKET}, error_code="NoSuchBucketPolicy"
    )
    found = run([event("ListBuckets", 0), put_policy(10, P), read, LAST])
    assert not [r for r in found.changes if r["kind"] == "hidden"]


def test_snapshot_before_and_after_agree() -> None:
    """Between them inferred where no record runs; what they show was so in between."""
    rows = [event("ListBuckets", 100), event("ListBuckets", 200)]
    shots = [
        snapshot(0, details(user("alice", ADMIN))),
        snapshot(500, details(user("alice", ADMIN))),
    ]
    found = run(rows, shots)
    assert shape(found, f"attached_policy/{ADMIN}", ALICE) == [
        (None, 0.0, "unknown", "unknown"),
        (0.0, 100.0, "held", "inferred"),
        (100.0, 201.0, "held", "observed"),
        (201.0, 501.0, "held", "inferred"),
        (501.0, None, "unknown", "unknown"),
    ]


def test_snapshot_today_ninety_days_of_logs() -> None:
    rows = [event("ListBuckets", 100), event("ListBuckets", 200)]
    found = run(rows, [snapshot(500, details(user("alice", ADMIN)))])
    assert shape(found, f"attached_policy/{ADMIN}", ALICE) == [
        (None, 100.0, "unknown", "unknown"),
        (100.0, 201.0, "held", "inferred"),
        (201.0, 500.0, "held", "inferred"),
        (500.0, 501.0, "held", "observed"),
        (501.0, None, "unknown", "unknown"),
    ]
    bounds = [r["start_bound"] for r in found.intervals
              if r["slot"].startswith("attached_policy") and r["start"] == at(100)]  # fmt: skip
    assert bounds == ["no later than"]


def test_entity_missing_from_a_later_list_was_deleted_unseen() -> None:
    shots = [snapshot(0, details(user("alice", ADMIN))), snapshot(500, details(user("bob")))]
    found = run([event("ListBuckets", 100), LAST], shots)
    hidden = {r["slot"]: r["effect"] for r in found.changes
              if r["kind"] == "hidden" and r["resource_uid"] == ALICE}  # fmt: skip
    assert {"existence": "removes", f"attached_policy/{ADMIN}": "removes",
            "listing": "removes"} == hidden  # fmt: skip


def test_detaching_implies_that_it_was_attached() -> None:
    row = iam("DetachUserPolicy", 20, request={"userName": "alice", "policyArn": ADMIN})
    found = run([event("ListBuckets", 0), row, LAST])
    assert shape(found, f"attached_policy/{ADMIN}", ALICE)[1] == (0.0, 20.0, "held", "inferred")


def test_hole_in_the_records_weakens_what_is_known() -> None:
    hole = Gap(kind="missing_log", subject="aws.cloudtrail", reason="hour missing",
               time_from=at(100), time_to=at(200))  # fmt: skip
    found = run([event("ListBuckets", 0), put_policy(10, P), put_policy(400, P), LAST], gaps=[hole])
    assert shape(found, "policy")[1:-1] == [
        (10.0, 100.0, "held", "observed"),
        (100.0, 400.0, "held", "inferred"),
        (400.0, 1001.0, "held", "observed"),
    ]
    assert any("gaps-minimal" in r["why"] for r in found.intervals if r["slot"] == "policy")


def test_same_second_is_marked() -> None:
    found = run([put_policy(10, P, number=1), delete_policy(10, number=2), LAST])
    tied = [r for r in found.changes if "order_not_established_with" in (r["attribution"] or "")]
    assert len({r["change_uid"] for r in tied}) == 1


def test_duplicates_count_once() -> None:
    copy = put_policy(10, P, number=2, duplicate_of="EV-1.f1/1")
    found = run([put_policy(10, P, number=1), copy, LAST])
    assert {"EV-1.f1/1"} == {r["change_uid"] for r in found.changes}


@pytest.mark.parametrize("slot", ["public_access_block.IgnorePublicAcls", "ownership", "policy"])
def test_slot_that_no_record_mentions_is_unknown(slot: str) -> None:
    state = History([]).at(BUCKET_UID, slot, at(0))
    assert state.knowledge == Knowledge.UNKNOWN
    assert state.value is None


def test_flags_are_slots_of_their_own() -> None:
    found = run([create_bucket(1), block(10, {"BlockPublicAcls": True}), LAST])
    effects = {
        r["slot"].split(".")[-1]: r["effect"] for r in found.changes if r["time_from"] == at(10)
    }
    assert effects == {"BlockPublicAcls": "sets", "IgnorePublicAcls": "re-asserts",
            "BlockPublicPolicy": "re-asserts", "RestrictPublicBuckets": "re-asserts"}  # fmt: skip


def test_deleted_unseen_not_before_its_last_use() -> None:
    """A principal that called existed: its deletion lies between that call and the list."""
    shots = [snapshot(0, details(user("alice", ADMIN))), snapshot(500, details(user("bob")))]
    found = run([event("ListBuckets", 300)], shots)
    times = {(r["time_from"], r["time_to"]) for r in found.changes
             if r["kind"] == "hidden" and r["resource_uid"] == ALICE}  # fmt: skip
    assert times == {(at(301), at(500))}
    assert shape(found, f"attached_policy/{ADMIN}", ALICE)[-4:-2] == [
        (300.0, 301.0, "held", "observed"),
        (301.0, 500.0, "unknown", "unknown"),
    ]
