"""`verify.py rerun`: a model card again without butfor, against what the analysis says."""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import butfor
from tests.architecture.tree import ROOT
from timeline.correlate.cuts import Sets, hitting_sets, indices, minimal

VERIFIER = ROOT / "reports" / "verifier"
sys.path.append(str(VERIFIER))
RERUN = importlib.import_module("verify_rerun")


def rerun(card: Path, *settings: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON, by an interpreter that sees nothing but its standard library."""
    sets = [word for setting in settings for word in ("--set", setting)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(VERIFIER / "verify.py"), "rerun", str(card), *sets,
         "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {}


@pytest.fixture(scope="module")
def derived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Derived tables of the built-in incident."""
    case = tmp_path_factory.mktemp("rerun") / "case"
    done = CliRunner().invoke(butfor.main, ["demo", str(case)])
    assert done.exit_code == 0, done.output
    return case / "derived"


def test_each_change_alone_comes_to_what_the_table_says(derived: Path) -> None:
    card = derived / "model_card.json"
    said = {
        (row["class_uid"], f"changes-only-{row['undo']}", row["change_uid"]): row[
            "decision_without"
        ]
        for row in pq.read_table(derived / "class_changes.parquet").to_pylist()
        if row["counterfactual"] == "undo"
    }
    classes = RERUN.read(card)
    changes = sorted({name for one in classes for name in one["variables"]})
    compared = 0
    for change in changes:
        code, report = rerun(card, f"{change}=0")
        assert code == 0
        for row in report["results"]:
            if row["removed"]:
                assert row["outcome"] == said[row["class_uid"], row["model"], change]
                compared += 1
    assert compared >= 2 * len(changes) > 0


def test_nothing_taken_away_is_what_was_recorded(derived: Path) -> None:
    code, report = rerun(derived / "model_card.json", "EV-1.f14/2=1")
    assert code == 0
    assert {row["outcome"] for row in report["results"]} == {"ALLOWED"}
    assert all(row["removed"] == [] for row in report["results"])


def test_what_is_no_variable_no_value_or_no_card(derived: Path, tmp_path: Path) -> None:
    card = derived / "model_card.json"
    assert rerun(card, "nothing=0")[0] == 2
    assert rerun(card, "EV-1.f14/2=2")[0] == 2
    assert rerun(tmp_path / "none.json")[0] == 3
    for text in ("[", "[]", "{}", '{"format":2}', '{"format":1,"findings":[{"classes":[{}]}]}'):
        (tmp_path / "card.json").write_text(text)
        assert rerun(tmp_path / "card.json")[0] == 3, text


def test_a_card_that_contradicts_itself(derived: Path, tmp_path: Path) -> None:
    card = json.loads((derived / "model_card.json").read_text())
    for finding in card["findings"]:
        for one in finding["classes"]:
            one["formula"]["changes-only-delta"]["any_of"] = []
    (tmp_path / "card.json").write_text(json.dumps(card))
    code, report = rerun(tmp_path / "card.json")
    assert code == 1
    assert {row["model"] for row in report["results"] if not row["consistent"]} == {
        "changes-only-delta"
    }


def a_class(certain: Sets, possible: Sets, n: int) -> dict[str, Any]:
    """A class of a card over changes `c0` to `c<n-1>`, as the analysis writes it."""
    parts = [("certain", mask) for mask in certain.members]
    parts += [("possible", mask) for mask in possible.members if mask not in certain.members]
    return {
        "class_uid": "class-1", "decision": "ALLOWED", "variables": [f"c{i}" for i in range(n)],
        "formula": {"m": {
            "any_of": [{"all_of": [f"c{i}" for i in indices(mask)], "certainty": how}
                       for how, mask in parts],
            "complete": True,
        }},
    }  # fmt: skip


def removed(mask: int) -> frozenset[str]:
    """The changes of a mask."""
    return frozenset(f"c{i}" for i in indices(mask))


def family(outcomes: list[str], denies: Callable[[str], bool]) -> tuple[Sets, Sets]:
    """Minimal cuts and minimal sufficient sets of any function from removals to outcomes."""
    cuts = Sets(
        members=minimal(mask for mask, word in enumerate(outcomes) if denies(word)), complete=True
    )
    return cuts, hitting_sets(cuts)


@given(st.integers(1, 4).flatmap(
    lambda n: st.lists(st.sampled_from(RERUN.OUTCOMES), min_size=2**n - 1, max_size=2**n - 1)
))  # fmt: skip
def test_never_says_what_is_not_so(rest: list[str]) -> None:
    """For any course of events, changes that give and take included."""
    outcomes = ["ALLOWED", *rest]
    n = len(outcomes).bit_length() - 1
    certain_cuts, possible = family(outcomes, lambda word: word == "DENIED")
    _, certain = family(outcomes, lambda word: word != "ALLOWED")
    one = a_class(certain, possible, n)
    for mask, truth in enumerate(outcomes):
        said, why = RERUN.outcome(one, "m", removed(mask))
        assert said in (truth, "UNKNOWN"), (mask, why)
        if mask in certain_cuts.members or mask.bit_count() < 2:
            assert said == truth, (mask, why)
    one["formula"]["m"]["truth_table"] = {
        "variables": one["variables"],
        "outcomes": {
            "".join("0" if mask >> i & 1 else "1" for i in range(n)): word
            for mask, word in enumerate(outcomes)
        },
    }
    RERUN._check(one)
    for mask, truth in enumerate(outcomes):
        assert RERUN.outcome(one, "m", removed(mask))[0] == truth


def test_incomplete_sets_decide_nothing() -> None:
    one = a_class(Sets(members=(1,), complete=True), Sets(members=(1,), complete=True), 2)
    one["formula"]["m"]["complete"] = False
    assert RERUN.outcome(one, "m", removed(0b10))[0] == "UNKNOWN"
