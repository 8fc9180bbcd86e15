"""Roll-ups over the worked traps and the built-in incident: recounted from the other tables."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.correlate.cases import read
from tests.timeline.correlate.scenarios import built, names
from timeline.correlate import rollup

SUCCESSES = (
    "a_two_grants", "d_already_permitted", "g_hidden_change", "f_ignored_acl", "put_again",
)  # fmt: skip


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("rolled"), SUCCESSES)


def of(case: Path, trap: str, undo: str) -> dict[str | None, str]:
    """What the roll-ups say of the access `x` of a trap: name of the change -> relation."""
    told = names(trap)
    access = told["contradiction" if trap == "f_ignored_acl" else "x"]
    (uid,) = {a["class_uid"] for a in read(case, "access_classes") if a["provider_uid"] == access}
    named = {v: k for k, v in told.items()}
    change = {
        c["change_uid"]: named.get(c["provider_uid"], c["kind"]) for c in read(case, "changes")
    }
    return {
        change[r["change_uid"]] if r["change_uid"] else None: r["relation"]
        for r in read(case, "rollups")
        if r["scope"] == "all" and r["undo"] == undo and uid in r["classes"]
    }


@pytest.mark.parametrize(
    ("trap", "undo", "expected"),
    [
        ("a_two_grants", "replay", {"c1": "contributing only", "c2": "contributing only"}),
        ("d_already_permitted", "replay", {None: "baseline-sufficient"}),
        ("g_hidden_change", "replay", {"hidden": "but-for"}),
        ("f_ignored_acl", "delta", {None: "contradicted"}),
        ("put_again", "delta", {"c1": "but-for"}),
        ("put_again", "replay", dict.fromkeys(("c1", "c2", "c3"), "contributing only")),
    ],
)
def test_relation(case: Path, trap: str, undo: str, expected: dict[str | None, str]) -> None:
    assert of(case, trap, undo) == expected


def test_every_number_is_recounted_from_its_classes(case: Path) -> None:
    events = {e["event_uid"]: e for e in read(case, "events")}
    by_class: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for access in read(case, "access_classes"):
        if access["logged"] == "success":
            by_class[access["class_uid"]].append(events[access["event_uid"]])
    rows = [r for r in read(case, "rollups") if r["scope"] == "all"]
    assert {r["relation"] for r in rows} <= set(rollup.RELATIONS)
    for row in rows:
        held = [e for uid in row["classes"] for e in by_class[uid]]
        assert row["accesses"] == len(held)
        assert row["objects"] == len({e["resource_uid"] for e in held})
        assert row["bytes_out"] == sum(e["bytes_out"] or 0 for e in held)
        assert row["bytes_known"] == sum(e["bytes_out"] is not None for e in held)
        assert row["addresses"] == len({e["src_ip"] for e in held})
        assert (row["first"], row["last"]) == (
            min(e["time"] for e in held), max(e["time"] for e in held),
        )  # fmt: skip


def test_every_success_is_in_some_row_of_each_undo(case: Path) -> None:
    wanted = {a["class_uid"] for a in read(case, "access_classes") if a["logged"] == "success"}
    for undo in ("delta", "replay"):
        rows = [r for r in read(case, "rollups") if (r["scope"], r["undo"]) == ("all", undo)]
        assert {uid for r in rows for uid in r["classes"]} == wanted
