"""Every combination of a model card, by the card alone, against the engine asked afresh."""

import importlib
import json
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from collector import case as case_file
from tests.architecture.tree import ROOT
from tests.timeline.correlate import test_northwind
from tests.timeline.correlate import test_trap_cases as traps
from tests.timeline.correlate.cases import Trail, build, read
from timeline import events, normalize, tables
from timeline.correlate import decisions, truth
from timeline.correlate.aws.provider import AWS
from timeline.correlate.course import attempts, delta_step, replay_step
from timeline.correlate.cuts import replay
from timeline.correlate.questions import Questions
from timeline.correlate.signatures import Attempts
from timeline.correlate.views import Doubted
from timeline.state.intervals import History

sys.path.append(str(ROOT / "reports" / "verifier"))
CARD = importlib.import_module("verify_card")


@pytest.fixture(scope="module", params=["northwind", "traps", "many"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "northwind":
        return test_northwind.built(folder)
    if request.param == "traps":
        return build(folder, [maker()[0] for maker in traps.MAKERS])
    t = Trail("many")
    t.create()
    for _ in range(truth.MOST + 2):
        t.policy(t.public())
    t.object_acl("public-read")
    t.read()
    return build(folder, [t])


def engine(case: Path) -> Iterator[tuple[str, str, Any]]:
    """(class uid, undo, what removals come to) by running the history without each, one by one."""
    derived = case / "derived"
    changes = tables.read(derived, "changes")
    held = frozenset(case_file.load(case).assumptions.on())
    setting = decisions.Setting(
        view=Doubted(History(tables.read(derived, "intervals"), changes), held),
        attempts=Attempts(attempts(changes)), provider=AWS, assumptions=held,
    )  # fmt: skip
    writers = events.by_uid(
        normalize.read(derived / "events"), {row["change_uid"] for row in changes}
    )
    decided = decisions.decide_all(normalize.rows(derived / "events"), setting)
    for uid, one in decided.classes.items():
        # Afresh for every class: nothing that another class was asked is taken over.
        asked = Questions(setting.view, setting.attempts, AWS, held, writers).of(one)

        def removing(names: frozenset[str], asked: Any = asked, undo: str = "delta") -> str:
            run = asked.course
            gone = sum(1 << i for i, a in enumerate(run.attempts) if a.change_uid in names)
            if undo == "delta":
                return str(
                    asked.decide(replay(run.start, len(run.attempts), delta_step(run), gone))
                )
            worlds = replay(
                frozenset({run.start}), len(run.attempts), replay_step(run, asked.admits), gone
            )
            said = {str(asked.decide(world)) for world in worlds}
            return said.pop() if len(said) == 1 else "UNKNOWN"

        yield uid, "delta", removing
        yield uid, "replay", lambda names, f=removing: f(names, undo="replay")


def test_every_combination(built: Path) -> None:
    card = CARD.read(built / "derived" / "model_card.json")
    classes = {one["class_uid"]: one for one in card["classes"]}
    compared = without_table = 0
    for uid, undo, removing in engine(built):
        one = classes.get(uid)
        if one is None or one["decision"] != "ALLOWED":
            continue
        world = CARD.world_of(one, frozenset())
        formula = world["formula"][f"changes-only-{undo}"]
        if "outcomes" not in formula:
            assert f"more than the {truth.MOST}" in formula["note"]
            assert len(one["variables"]) > truth.MOST
            without_table += 1
            continue
        names = formula["variables"]
        assert set(names) == set(one["variables"]) or "no minimal cut" in formula["note"]
        assert len(names) <= truth.MOST
        for figures in product("01", repeat=len(names)):
            removed = frozenset(n for n, f in zip(names, figures, strict=True) if f == "0")
            said, why = CARD.outcome(world, f"changes-only-{undo}", removed)
            assert said == removing(removed), (uid, undo, sorted(removed), why)
            by_sets, _ = CARD.by_sets(formula, removed)
            assert by_sets in (said, "UNKNOWN")
            compared += 1
    assert compared > 10 or without_table
    assert (without_table > 0) is built.parent.name.startswith("many")


def test_every_variable_has_its_source(built: Path) -> None:
    card = json.loads((built / "derived" / "model_card.json").read_text(encoding="utf-8"))
    stored = {row["change_uid"]: row for row in read(built, "changes")}
    rows = {row["event_uid"]: row for row in normalize.rows(built / "derived" / "events")}
    named = {v for c in card["classes"] for v in c["variables"]}
    assert named
    assert {uid for f in card["findings"] for uid in f["classes"]} == {
        c["class_uid"] for c in card["classes"]
    }
    for uid in named:
        source = card["sources"][uid]
        assert source["operation"] == stored[uid]["operation"]
        assert source["actual"] == 1
        assert set(source["domain"]) == {"0", "1"}
        assert source["wrote"]
        for field in ("evidence_item", "locator", "record_sha256"):
            assert source[field] == rows[uid][field]
