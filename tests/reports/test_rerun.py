"""`verify.py rerun`: a model card again without butfor, against what the analysis says."""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import butfor
from tests.architecture.tree import ROOT
from timeline.correlate.cuts import Sets, hitting_sets, indices, minimal

VERIFIER = ROOT / "reports" / "verifier"
sys.path.append(str(VERIFIER))
CARD = importlib.import_module("verify_card")


def rerun(card: Path, *settings: str, more: Sequence[str] = ()) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON, by an interpreter that sees nothing but its standard library."""
    sets = [*(word for setting in settings for word in ("--set", setting)), *more]
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
    classes = CARD.read(card)["classes"]
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
    for text in ("[", "[]", "{}", '{"format":1}', '{"format":2,"classes":[{}]}'):
        (tmp_path / "card.json").write_text(text)
        assert rerun(tmp_path / "card.json")[0] == 3, text


def altered(derived: Path, folder: Path, alter: Callable[[dict[str, Any]], object]) -> Path:
    """The card with something altered."""
    card = json.loads((derived / "model_card.json").read_text())
    alter(card)
    (folder / "card.json").write_text(json.dumps(card))
    return folder / "card.json"


def test_a_card_that_contradicts_itself(derived: Path, tmp_path: Path) -> None:
    def sets(card: dict[str, Any]) -> None:
        card["formulas"]["f1"]["any_of"] = []

    def letter(card: dict[str, Any]) -> None:
        card["formulas"]["f1"]["outcomes"] = "D" + card["formulas"]["f1"]["outcomes"][1:]

    def alone(card: dict[str, Any]) -> None:
        formula = card["formulas"]["f1"]["alone"]
        formula[next(iter(formula))] = "UNKNOWN"

    def turned(card: dict[str, Any]) -> None:
        card["classes"][0]["worlds"][1]["flips"] ^= True

    for alter in (sets, letter, alone, turned):
        code, report = rerun(altered(derived, tmp_path, alter))
        assert code == 1, alter
        assert report["contradictions"], alter


def test_a_card_whose_parts_do_not_fit(derived: Path, tmp_path: Path) -> None:
    alterations: tuple[Callable[[dict[str, Any]], object], ...] = (
        lambda card: card["formulas"]["f1"]["any_of"][0]["all_of"].append("nothing"),
        lambda card: card["formulas"]["f1"].update(outcomes="AD"),
        lambda card: card["sources"].popitem(),
        lambda card: card["classes"].append(card["classes"][0]),
        lambda card: card["findings"][0].update(accesses=1),
        lambda card: card["classes"][0].update(worlds=[]),
        lambda card: card["formulas"].pop("f1"),
    )
    for number, alter in enumerate(alterations):
        assert rerun(altered(derived, tmp_path, alter))[0] == 3, number


def test_premises_alone_in_pairs_and_with_changes(derived: Path) -> None:
    card = derived / "model_card.json"
    stored = json.loads((derived / "findings.json").read_text())[0]
    assert stored["sensitivity"]
    for entry in stored["sensitivity"]:
        more = [word for name in entry["toggled"] for word in ("--assume", f"{name}=0")]
        code, report = rerun(card, more=more)
        (first,) = report["findings"]
        assert first["flips"] is entry["flips"]
        assert first["flipped_classes"] == entry["flipped"]
        assert (code == 3) is ("UNKNOWN" in entry["decisions"])
        assert sum(first["by_outcome"]["changes-only-delta"].values()) == first["accesses"]
    _, report = rerun(card, "EV-1.f14/2=0", more=["--assume", "gaps-minimal=0"])
    assert report["findings"][0]["by_outcome"]["changes-only-replay"] == {
        "ALLOWED": 0, "DENIED": 80, "UNKNOWN": 32,
    }  # fmt: skip


def test_worlds_that_are_not_held_are_unknown_and_names_that_are_none_are_refused(
    derived: Path,
) -> None:
    card = derived / "model_card.json"
    three = ("gaps-minimal", "records-complete", "documented-readings")
    code, report = rerun(card, more=[w for name in three for w in ("--assume", f"{name}=0")])
    assert code == 3
    assert {row["outcome"] for row in report["results"]} == {"UNKNOWN"}
    assert report["findings"][0]["flips"] is None
    code, report = rerun(card, more=["--reading", "A4=other"])
    assert code == 0
    assert "A4 turned no answer" in report["notes"][0]
    for wrong in (["--assume", "nothing=0"], ["--reading", "A99=other"], ["--reading", "A4=1"],
                  ["--each", "--assume", "gaps-minimal=0"]):  # fmt: skip
        assert rerun(card, more=wrong)[0] == 2, wrong


def test_every_world_one_by_one(derived: Path) -> None:
    code, report = rerun(derived / "model_card.json", more=["--each"])
    assert code == 0
    assert len(report["worlds"]) == 1 + 4 + 6
    assert report["worlds"][0]["toggled"] == []
    assert report["worlds"][0]["findings"][0]["flips"] is False
    assert report["worlds"][0]["findings"][0]["by_outcome"]["changes-only-delta"]["ALLOWED"] == 112


def a_world(certain: Sets, possible: Sets, n: int) -> dict[str, Any]:
    """A world of a card over changes `c0` to `c<n-1>`, as the analysis writes it."""
    parts = [("certain", mask) for mask in certain.members]
    parts += [("possible", mask) for mask in possible.members if mask not in certain.members]
    any_of = [{"all_of": [f"c{i}" for i in indices(mask)], "certainty": how} for how, mask in parts]
    formula = {"any_of": any_of, "alone": {}, "complete": True}
    return {"toggled": [], "decision": "ALLOWED", "flips": False, "formula": {"m": formula}}


def removed(mask: int) -> frozenset[str]:
    """The changes of a mask."""
    return frozenset(f"c{i}" for i in indices(mask))


def family(outcomes: list[str], denies: Callable[[str], bool]) -> tuple[Sets, Sets]:
    """Minimal cuts and minimal sufficient sets of any function from removals to outcomes."""
    cuts = Sets(
        members=minimal(mask for mask, word in enumerate(outcomes) if denies(word)), complete=True
    )
    return cuts, hitting_sets(cuts)


@settings(deadline=None)
@given(st.integers(1, 4).flatmap(
    lambda n: st.lists(st.sampled_from(CARD.OUTCOMES), min_size=2**n - 1, max_size=2**n - 1)
))  # fmt: skip
def test_never_says_what_is_not_so(rest: list[str]) -> None:
    """For any course of events, changes that give and take included."""
    outcomes = ["ALLOWED", *rest]
    n = len(outcomes).bit_length() - 1
    certain_cuts, possible = family(outcomes, lambda word: word == "DENIED")
    _, certain = family(outcomes, lambda word: word != "ALLOWED")
    world = a_world(certain, possible, n)
    for mask, truth in enumerate(outcomes):
        said, why = CARD.outcome(world, "m", removed(mask))
        assert said in (truth, "UNKNOWN"), (mask, why)
        if mask in certain_cuts.members or mask.bit_count() < 2:
            assert said == truth, (mask, why)
    formula = world["formula"]["m"]
    formula["variables"] = [f"c{i}" for i in reversed(range(n))]  # the first is the highest bit
    formula["outcomes"] = "".join(word[0] for word in outcomes)
    formula["alone"] = {f"c{i}": outcomes[1 << i] for i in range(n)}
    CARD._formula(formula, "class-1", {f"c{i}" for i in range(n)})
    for mask, truth in enumerate(outcomes):
        assert CARD.outcome(world, "m", removed(mask))[0] == truth
    one = {"class_uid": "class-1", "decision": "ALLOWED", "worlds": [world]}
    assert list(CARD.contradictions(one)) == []
