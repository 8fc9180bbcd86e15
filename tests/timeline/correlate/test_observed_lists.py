"""An object on which no write is recorded, and whose list was seen: its grant is the fact.

Two objects of one bucket with different lists; which is asked for first decides nothing.
"""

from typing import Any

import pytest

from collector.model import Provenance
from tests.timeline.state.events import ALL_USERS, BUCKET, BUCKET_UID, at, create_bucket, event
from tests.timeline.state.test_object_answers import OWN, PUBLIC, acl, entry, listed, settings
from timeline.correlate import analysis, decisions
from timeline.correlate.aws.provider import AWS
from timeline.correlate.course import attempts
from timeline.correlate.signatures import Attempts
from timeline.correlate.views import Doubted
from timeline.schema import schema
from timeline.state import replay
from timeline.state.intervals import History

GRANT = f"grant:Group:{ALL_USERS}:READ"
ASSUMED = frozenset(("gaps-minimal", "records-complete", "unseen-guardrails-absent"))


def got(key: str, seconds: float) -> dict[str, Any]:
    """An anonymous read that succeeded."""
    who = {"actor_type": "Anonymous", "actor_uid": None, "actor_account_uid": None}
    asked = {"bucketName": BUCKET, "key": key}
    uid = f"{BUCKET_UID}/{key}"
    return event("GetObject", seconds, request=asked, resource_uid=uid, activity="read", **who)


def facts(order: tuple[str, ...]) -> dict[str, list[list[str]]]:
    """Key -> minimal sufficient sets of facts of its read."""
    reads = [got(key, 400 + n) for n, key in enumerate(order)]
    empty = dict.fromkeys(schema("events").names)
    rows = [empty | row for row in (event("ListBuckets", 0), create_bucket(1), *reads)]
    listing = listed(entry("k", "v1"), entry("j", "v2"))
    also = PUBLIC | {"Permission": "READ_ACP"}
    lists = [acl(OWN, PUBLIC, also, of=f"{BUCKET_UID}/k?versionId=v1"),
             acl(OWN, PUBLIC, of=f"{BUCKET_UID}/j?versionId=v2")]  # fmt: skip
    answers = [
        (kind, body, at(seconds), Provenance(item=f"EV-2.w{n}", locator="0@1+2", sha256=""), of)
        for n, (kind, body, seconds, of) in enumerate([*settings(), listing, *lists])
    ]
    state = replay.run([*rows, empty | event("ListBuckets", 1000)], answers)
    setting = decisions.Setting(
        view=Doubted(History(state.intervals, state.changes), ASSUMED),
        attempts=Attempts(attempts(state.changes)), provider=AWS, assumptions=ASSUMED,
    )  # fmt: skip
    decided = decisions.decide_all(rows, setting)
    keys = {uid: str(row["resource_uid"])[-1] for row, uid in decided.accesses}
    explained, _ = analysis.explained(decided, setting, {})
    return {
        keys[part.class_uid]: [
            row["members"] for row in part.facts if row["kind"] == "minimal sufficient"
        ]
        for part in explained
        if keys.get(part.class_uid) in order
    }


@pytest.mark.parametrize("order", [("k", "j"), ("j", "k")], ids=str)
def test_each_object_is_explained_by_its_own_list(order: tuple[str, ...]) -> None:
    found = facts(order)
    assert set(found) == set(order)
    for key, sets in found.items():
        assert any(f"{BUCKET_UID}/{key}|acl|{GRANT}" in members for members in sets)
        other = "j" if key == "k" else "k"
        assert not any(f"/{other}|acl" in member for members in sets for member in members)
