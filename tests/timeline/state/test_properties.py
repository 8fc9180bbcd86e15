"""What holds for every history: order of input, partition of time, and the fold of writes."""

import random
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.model import Knowledge
from timeline.state.intervals import History
from timeline.state.replay import run

from .events import (
    BUCKET_UID,
    at,
    block,
    create_bucket,
    delete_policy,
    event,
    policy,
    public_read,
    put_policy,
)

_STATEMENTS = [public_read(), public_read("S1") | {"Action": "s3:*"},
               public_read() | {"Principal": {"AWS": "222222222222"}}]  # fmt: skip
_FLAG = "public_access_block.IgnorePublicAcls"


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Random writes to one bucket, some refused, some opaque, some in the same second."""
    rows = [event("ListBuckets", 0, number=0)]
    for number in range(1, draw(st.integers(1, 12))):
        seconds = draw(st.integers(1, 40))
        error = draw(st.sampled_from([None, None, None, "AccessDenied"]))
        kind = draw(st.sampled_from(["put", "delete", "block", "opaque", "create"]))
        chosen = draw(st.lists(st.sampled_from(_STATEMENTS), max_size=3, unique_by=id))
        row = {
            "put": put_policy(seconds, policy(*chosen)),
            "delete": delete_policy(seconds),
            "opaque": put_policy(seconds, ""),
            "block": block(seconds, {"IgnorePublicAcls": len(chosen) > 1}),
            "create": create_bucket(seconds),
        }[kind]
        uid = f"EV-1.f1/{number}"
        rows.append(row | {"event_uid": uid, "provider_uid": f"{number:03}", "error_code": error})
    return [*rows, event("ListBuckets", 60, number=99)]


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_order_of_input_does_not_matter(rows: list[dict[str, Any]], chance: random.Random) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    assert run(rows) == run(shuffled)


@given(histories())
@settings(max_examples=120, deadline=None)
def test_intervals_partition_time(rows: list[dict[str, Any]]) -> None:
    """The intervals of one fact never overlap, and every instant of a slot has an answer."""
    found = run(rows)
    places: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in found.intervals:
        places.setdefault((row["resource_uid"], row["slot"]), []).append(row)
    for held in places.values():
        marks = sorted({m for r in held for m in (r["start"], r["end"]) if m is not None})
        for mark in [at(-1000), *marks, *(m + timedelta(microseconds=1) for m in marks)]:
            force = [r for r in held if _covers(r, mark)]
            facts = [r["fact"] for r in force]
            assert force
            assert len(facts) == len(set(facts))
            assert "*" not in facts or len(facts) == 1


@given(histories())
@settings(max_examples=120, deadline=None)
def test_facts_in_force_are_the_fold_of_writes(rows: list[dict[str, Any]]) -> None:
    """An independent fold over the rows themselves gives the same content at every write."""
    found = run(rows)
    states = History(found.intervals, found.changes)
    order = sorted(
        rows, key=lambda r: (r["time"], r["operation"] != "CreateBucket", r["provider_uid"])
    )
    policies: Any = "unknown"
    flag: Any = "unknown"
    born = False
    for position, row in enumerate(order):
        accepted = row["error_code"] is None
        if accepted and row["operation"] == "CreateBucket" and not born:
            policies, flag, born = {}, False, True
        if accepted and row["operation"] != "ListBuckets":
            born = True
        if accepted and row["operation"] == "DeleteBucketPolicy":
            policies = {}
        if accepted and row["operation"] == "PutBucketPolicy":
            policies = _documents(row)
        if accepted and row["operation"] == "PutBucketPublicAccessBlock":
            flag = '"IgnorePublicAcls": true' in row["params"]
        later = order[position + 1 :]
        if not born or (later and later[0]["time"] == row["time"]):
            continue
        seen = states.at(BUCKET_UID, "policy", row["time"])
        assert (policies == "unknown") == (seen.knowledge is Knowledge.UNKNOWN)
        if policies != "unknown":
            assert policies == _content(seen.value)
        if flag != "unknown":
            assert flag is states.at(BUCKET_UID, _FLAG, row["time"]).value


@given(histories())
@settings(max_examples=80, deadline=None)
def test_every_row_cites_its_bytes(rows: list[dict[str, Any]]) -> None:
    found = run(rows)
    for row in found.changes:
        assert row["evidence_item"] is not None
        assert row["locator"] is not None
    for row in found.intervals:
        if row["how_known"] == "observed":
            assert row["evidence_item"] is not None
        assert row["why"]


def _covers(row: dict[str, Any], t: Any) -> bool:
    return (row["start"] is None or row["start"] <= t) and (row["end"] is None or t < row["end"])


def _documents(row: dict[str, Any]) -> Any:
    import json

    given = json.loads(row["params"])["requestParameters"]["bucketPolicy"]
    return "unknown" if given == "" else _content(given)


def _content(document: Any) -> dict[str, Any]:
    """Statements by everything but their Sid."""
    import json

    listed = [] if document is None else document["Statement"]
    bare = [{k: v for k, v in s.items() if k != "Sid"} for s in listed]
    return {json.dumps(s, sort_keys=True): s for s in bare}
