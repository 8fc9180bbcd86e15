"""The worked traps of the specification (causation, 7.2) as golden scenarios.

`BUTFOR_REGEN=1 pytest tests/timeline/correlate/test_scenarios.py` writes the golden files anew.
What each must say is also stated by hand: here for traps g and h, in test_trap_cases.py for the
others.
"""

import json
import os
from typing import Any

import pytest

from fixtures.scenarios.traps import make
from tests.timeline.correlate.scenarios import TRAPS, Story, built, names

#: Cases of their own: logging is off in one, a role is named in the other.
ALONE = ("g_hidden_change", "h_stack_and_pipeline")
TOGETHER = tuple(name for name in make.TRAPS if name not in ALONE)
HIDDEN = "unrecorded change of policy between 00:03:01 and 02:30:00"

PARTIES = """format = 1
[matter]
title = "Trap"
[[parties]]
name = "Owner"
role = "account owner"
accounts = ["111122223333"]
[[parties]]
name = "Builder"
role = "contractor"
principals = ["arn:aws:iam::111122223333:role/StackRole"]
"""


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Story]:
    together = Story(built(tmp_path_factory.mktemp("traps"), TOGETHER))
    alone = {name: Story(built(tmp_path_factory.mktemp(name), (name,), PARTIES)) for name in ALONE}
    return {**dict.fromkeys(TOGETHER, together), **alone}


def test_files_are_what_the_script_writes() -> None:
    made = make.evidence()
    held = {
        path.relative_to(TRAPS).as_posix(): path.read_bytes()
        for path in TRAPS.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and path.name not in ("make.py", "ORIGIN.md")
        and path.name != "expected.json"
    }  # fmt: skip
    assert held == made


@pytest.mark.parametrize("trap", make.TRAPS)
def test_trap(stories: dict[str, Story], trap: str) -> None:
    found = json.dumps(stories[trap].of(trap), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    file = TRAPS / trap / "expected.json"
    if os.environ.get("BUTFOR_REGEN"):
        file.write_text(found, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == found, "run: BUTFOR_REGEN=1 pytest"


def causes(story: dict[str, Any], access: str, undo: str) -> dict[str, str]:
    found: dict[str, str] = story["accesses"][access]["causes"][undo]["changes"]
    return found


@pytest.mark.parametrize("undo", ["delta", "replay"])
def test_trap_g_the_hidden_change_is_the_cause_and_nobody_is_its_author(
    stories: dict[str, Story], undo: str
) -> None:
    story = stories["g_hidden_change"].of("g_hidden_change")
    found = causes(story, "x", undo)
    assert found[HIDDEN].startswith("but-for yes (all)")  # in every reading: certain
    assert found.get("nearest", "but-for no (none)").startswith("but-for no (none)")  # excluded
    assert "nearest" not in {
        name for row in story["accesses"]["x"]["causes"][undo]["minimal cut"] for name in row
    }
    hidden = story["changes"][HIDDEN]
    assert hidden["technical actor"] is None
    assert hidden["initiating actor"] is None
    assert hidden["party"] == "unattributed"


def test_trap_g_the_gap_covers_the_change_and_is_in_the_rows(stories: dict[str, Story]) -> None:
    held = stories["g_hidden_change"]
    (off,) = [g for g in held.tables["gaps"] if g["kind"] == "logging_off"]
    hidden, *others = [
        c
        for c in held.tables["changes"]
        if c["kind"] == "hidden" and c["resource_uid"] == "arn:aws:s3:::trap-g"
    ]
    assert {c["change_uid"] for c in others} <= {hidden["change_uid"]}  # one change, a row a fact
    assert hidden["time_from"] < off["time_from"] < off["time_to"] < hidden["time_to"]
    hides = {
        (r["category"], r["activity"])
        for r in held.tables["gap_effects"]
        if r["gap_uid"] == off["gap_uid"]
    }
    assert ("management", "write") in hides


def test_trap_g_outcomes_narrow_the_bounds_and_decide_nothing(stories: dict[str, Story]) -> None:
    held = stories["g_hidden_change"]
    events = names("g_hidden_change")
    (order,) = held.tables["inferred_order"]
    accesses = {a["provider_uid"]: a for a in held.tables["access_classes"]}
    early, between = accesses[events["early"]], accesses[events["between"]]
    assert order["witnesses"] == [early["event_uid"], between["event_uid"]]
    assert f"{order['inferred_from']:%H:%M} {order['inferred_to']:%H:%M}" == "00:04 02:08"
    assert order["classes"] == [between["class_uid"]]
    story = held.of("g_hidden_change")
    assert story["accesses"]["between"]["decision"] == "UNKNOWN"
    assert causes(story, "between", "replay")[HIDDEN].startswith("but-for yes (all)")


def test_where_the_order_of_a_hidden_change_is_not_known_both_orders_must_agree(
    stories: dict[str, Story],
) -> None:
    """Before the policy the gate going off was needed for it, after the policy it was not."""
    story = stories["g_hidden_order"].of("g_hidden_order")
    replay, delta = (causes(story, "x", undo) for undo in ("replay", "delta"))
    (hidden,) = [name for name in replay if name.startswith("unrecorded change")]
    assert story["accesses"]["x"]["decision"] == "ALLOWED"
    assert replay[hidden].startswith("but-for undetermined (some)")
    assert replay["put"].startswith("but-for yes (all)")
    assert delta.get(hidden, "but-for no (none)").startswith("but-for no (none)")
    cuts = story["accesses"]["x"]["causes"]["replay"]["minimal cut"]
    assert [cut for cut in cuts if cut[-1] == "certain"] == [["put", "certain"]]
    assert [hidden, "possible"] in cuts


def test_trap_h_technical_and_initiating_actor(stories: dict[str, Story]) -> None:
    made = stories["h_stack_and_pipeline"].of("h_stack_and_pipeline")["changes"]["c1"]
    assert made["technical actor"].endswith("assumed-role/StackRole/AWSCloudFormation")
    assert made["initiating actor"] == {
        "principal": "repo:claims:main",
        "link": "web identity",
        "certainty": "the only operation open with this role",
    }
    assert [link.split(":")[0] for link in made["links"]] == [
        "stack operation", "session key", "invoked by",
    ]  # fmt: skip
    assert made["party"] == "Builder"
