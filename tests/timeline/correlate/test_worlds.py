"""Every world of a model card, by `verify.py` alone, against the case built with its premises.

For each assumption alone and in pairs, and each reading of the register that the card holds, the
case is built again as a whole with case.toml saying so; for every access that a finding counts, the
decision and the outcome without each change, by both undos, have to be what the card gives for the
access's class.
"""

import functools
import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.timeline.correlate import scenarios, test_northwind
from tests.timeline.correlate.cases import PARTNER_USER, Trail, build, read, run
from timeline.correlate.worlds import NAMED, READING, askable, readings, toggles
from timeline.policy.aws.register import READINGS

sys.path.append(str(ROOT / "reports" / "verifier"))
CARD = importlib.import_module("verify_card")
RERUN = importlib.import_module("verify_rerun")

TRAPS = tuple(sorted(p.name for p in scenarios.TRAPS.iterdir() if (p / "names.json").is_file()))


def ambiguous(folder: Path) -> Path:
    """Accesses of which the register decides: A4 (has a default) and A15 (has none)."""
    lists = Trail("lists")
    lists.create()
    lists.object_acl("public-read")
    lists.policy(lists.public())
    lists.block("RestrictPublicBuckets")
    lists.read()
    versions = Trail("versions")
    versions.create()
    partner = versions.partner() | {"Action": "s3:GetBucketVersioning"}
    versions.policy(partner | {"Resource": "arn:aws:s3:::versions"})
    versions.add("GetBucketVersioning", PARTNER_USER)
    return build(folder, [lists, versions])


SOAK = bool(os.environ.get("BUTFOR_SOAK"))
#: Cases of which each world takes a second, and the pairs that a run that is not long builds.
LARGE = ("northwind", "traps")
PAIRS = (("documented-readings", "gaps-minimal"),)
MAKERS: dict[str, Callable[[Path], Path]] = {
    "northwind": test_northwind.built,
    "traps": functools.partial(scenarios.built, traps=TRAPS),
    "ambiguous": ambiguous,
}


@pytest.fixture(scope="module", params=sorted(MAKERS))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = MAKERS[request.param](tmp_path_factory.mktemp(request.param))
    return made


def premises(toggled: Sequence[str]) -> str:
    """The table of case.toml that switches these, of a case in which all four are on."""
    off = [f"{name} = false" for name in toggled if not name.startswith(READING)]
    read_so = [name.removeprefix(READING) for name in toggled if name.startswith(READING)]
    return "\n".join(["", "[assumptions]", *off, f"readings = {json.dumps(read_so)}", ""])


def built_so(case: Path, toggled: Sequence[str], folder: Path) -> Path:
    """The case built anew, with case.toml saying so."""
    other = folder / "case"
    shutil.copytree(case, other)
    shutil.rmtree(other / "derived")
    text = (case / "case.toml").read_text(encoding="utf-8")
    kept = text.partition("[assumptions]")[0]
    after = text.partition("[assumptions]")[2].partition("\n[")
    (other / "case.toml").write_text(
        kept + (f"[{after[2]}" if after[2] else "") + premises(toggled), encoding="utf-8"
    )
    code, output = run("build", "--case", str(other))
    assert code in (0, 3), output
    return other


def test_soak_every_world_is_what_a_build_with_its_premises_comes_to(
    case: Path, tmp_path: Path
) -> None:
    card = CARD.read(case / "derived" / "model_card.json")
    classes = {one["class_uid"]: one for one in card["classes"]}
    worlds = sorted({tuple(w["toggled"]) for one in card["classes"] for w in one["worlds"]})
    assert set(toggles(NAMED)) <= set(worlds)
    of_class = {r["event_uid"]: r["class_uid"] for r in read(case, "access_classes")}
    compared = turned = 0
    for toggled in worlds:
        long = case.parent.name.startswith(LARGE) and not SOAK
        if long and len(toggled) > 1 and toggled not in PAIRS:
            continue
        other = built_so(case, toggled, tmp_path / "+".join(toggled).replace(" ", "_"))
        decided = {r["class_uid"]: r["decision"] for r in read(other, "classes")}
        inferred = {uid for r in read(other, "inferred_order") for uid in r["classes"]}
        without = {
            (r["class_uid"], f"changes-only-{r['undo']}", r["change_uid"]): r["decision_without"]
            for r in read(other, "class_changes")
            if r["counterfactual"] == "undo"
        }
        for row in read(other, "access_classes"):
            one = classes.get(of_class[row["event_uid"]])
            if one is None:
                continue
            world = CARD.world_of(one, frozenset(toggled))
            where = (toggled, row["event_uid"])
            if row["class_uid"] not in inferred:
                assert world["decision"] == decided[row["class_uid"]], where
            turned += world["flips"]
            for model in card["models"]:
                for change in one["variables"]:
                    said = CARD.outcome(world, model, frozenset((change,)))[0]
                    key = row["class_uid"], model, change
                    # A change without a row is no part of the history by then, or not asked.
                    expected = without.get(key, said if world["formula"] else "UNKNOWN")
                    assert said == expected, (where, key)
                    compared += 1
        shutil.rmtree(other)
    assert compared > 50
    assert turned > 0


def test_no_card_contradicts_itself(case: Path) -> None:
    card = CARD.read(case / "derived" / "model_card.json")
    assert [said for one in card["classes"] for said in CARD.contradictions(one)] == []


def test_readings_that_turn_an_answer_are_held_and_named(tmp_path: Path) -> None:
    card = CARD.read(ambiguous(tmp_path) / "derived" / "model_card.json")
    assert set(card["readings"]) == {"A4", "A15"}
    assert set(card["readings_met_by_none"]) == READINGS.keys() - {"A4", "A15"}
    worlds = {tuple(w["toggled"]) for one in card["classes"] for w in one["worlds"]}
    assert {
        ("reading A4=other",), ("reading A15=first",), ("reading A15=other",)
    } == worlds - set(toggles(NAMED)) - {()}  # fmt: skip
    found = {
        (one["request"]["action"], way): CARD.world_of(one, frozenset((f"reading {way}",)))
        for one in card["classes"]
        for way in ("A4=other", "A15=first", "A15=other")
    }
    assert found["s3:GetObject", "A4=other"]["decision"] == "DENIED"
    assert found["s3:GetBucketVersioning", "A15=first"]["decision"] == "ALLOWED"
    assert found["s3:GetBucketVersioning", "A15=other"]["decision"] == "DENIED"


def test_assumptions_on_records_switched_on_are_not_asked() -> None:
    held = frozenset({"documented-readings", "records-complete"})
    assert askable(("records-complete",), held)
    assert not askable(("gaps-minimal", "records-complete"), held)


def test_readings_beside_those_that_the_case_takes() -> None:
    from timeline.correlate.aws.provider import AWS

    held = frozenset({"documented-readings", "reading A4=other", "reading A13=first"})
    assert readings(("A13", "A4"), held, AWS) == [
        ("reading A13=first", "reading A13=other"), ("reading A13=first",), ("reading A4=other",),
    ]  # fmt: skip
    assert readings(("A4",), frozenset(), AWS) == [("reading A4=first",), ("reading A4=other",)]


def test_a_reading_that_no_register_has(tmp_path: Path) -> None:
    t = Trail("one")
    t.create()
    case = build(tmp_path, [t])
    text = (case / "case.toml").read_text(encoding="utf-8")
    text = text.replace("[assumptions]", '[assumptions]\nreadings = ["A99=other"]')
    (case / "case.toml").write_text(text, encoding="utf-8")
    code, output = run("build", "--case", str(case))
    assert code == 2
    assert "found A99" in output
