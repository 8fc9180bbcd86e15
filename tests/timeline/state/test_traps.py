"""Traps c and k of the specification (causation, 7.2) as golden rows.

`BUTFOR_REGEN=1 pytest tests/timeline/state/test_traps.py` writes the golden files anew.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from timeline.state.replay import run

from .events import block, create_bucket, event, policy, public_read, put_policy

GOLDEN = Path(__file__).parent / "golden"
ALL_ON = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
LAST = event("ListBuckets", 1000)
TRAPS: dict[str, list[dict[str, Any]]] = {
    "c_block_off_long_before_a_policy": [
        create_bucket(0),
        block(10, {"RestrictPublicBuckets": True}),
        block(20, {"RestrictPublicBuckets": False}),
        put_policy(100, policy(public_read())),
        LAST,
    ],
    "c_policy_dormant_until_block_off": [
        create_bucket(0),
        block(10, {"RestrictPublicBuckets": True}),
        put_policy(20, policy(public_read())),
        block(100, {"RestrictPublicBuckets": False}),
        LAST,
    ],
    "c_policy_refused_while_blocked": [
        create_bucket(0),
        block(10, ALL_ON),
        put_policy(20, policy(public_read()), error_code="AccessDenied"),
        block(100, {}),
        LAST,
    ],
    "k_sid_renamed": [
        create_bucket(0),
        put_policy(10, policy(public_read("First"))),
        put_policy(20, policy(public_read("Second"))),
        LAST,
    ],
}


@pytest.mark.parametrize("name", sorted(TRAPS))
def test_trap(name: str) -> None:
    found = run(TRAPS[name])
    made = json.dumps(
        {"changes": found.changes, "intervals": found.intervals}, indent=1, default=str
    )
    file = GOLDEN / f"{name}.json"
    if os.environ.get("BUTFOR_REGEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(made + "\n", "utf-8")
    assert file.read_text("utf-8") == made + "\n"


def test_renamed_statement_is_the_same_fact() -> None:
    """One fact from the first write on; the second write re-asserts it."""
    rows = [r for r in run(TRAPS["k_sid_renamed"]).changes if r["slot"] == "policy"]
    assert [r["effect"] for r in rows] == ["adds", "re-asserts"]
    assert len({r["fact"] for r in rows}) == 1


def test_dormant_policy_goes_on_through_the_block() -> None:
    found = run(TRAPS["c_policy_dormant_until_block_off"])
    held = [r for r in found.intervals if r["slot"] == "policy" and len(r["fact"]) == 64]
    assert len(held) == 1
