"""Sensitivity against the whole build: an assumption switched off in case.toml, all built anew.

The entries of a finding come from asking its classes again; here the case is built again, and the
decisions of the same accesses are compared with what the entry says.
"""

import json
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.correlate.cases import read, run
from tests.timeline.correlate.test_northwind import built
from timeline.correlate.worlds import toggles

NAMES = ("gaps-minimal", "records-complete", "unseen-guardrails-absent")


@pytest.fixture(scope="module")
def northwind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("sensitivity"))


@pytest.fixture(scope="module")
def finding(northwind: Path) -> dict[str, Any]:
    """The finding on the anonymous reads."""
    found = json.loads((northwind / "derived" / "findings.json").read_text(encoding="utf-8"))
    (one,) = (f for f in found if f["numbers"].get("accesses") == 112)
    assert isinstance(one, dict)
    return one


def test_each_name_alone_then_each_pair() -> None:
    assert toggles(["b", "a", "b"]) == (("a",), ("b",), ("a", "b"))
    assert toggles([]) == ()
    assert len(toggles(NAMES)) == 3 + 3


def test_every_assumption_of_the_finding_is_toggled_alone_and_in_pairs(
    finding: dict[str, Any],
) -> None:
    assert tuple(finding["assumptions"]) == NAMES
    assert tuple(tuple(e["toggled"]) for e in finding["sensitivity"]) == toggles(NAMES)


@pytest.mark.parametrize("toggled", toggles(NAMES), ids="+".join)
def test_an_entry_is_what_a_build_without_the_assumptions_comes_to(
    northwind: Path, finding: dict[str, Any], toggled: tuple[str, ...], tmp_path: Path
) -> None:
    case = tmp_path / "case"
    shutil.copytree(northwind, case)
    shutil.rmtree(case / "derived")
    off = "".join(f"{name} = false\n" for name in toggled)
    text = (case / "case.toml").read_text(encoding="utf-8")
    (case / "case.toml").write_text(f"{text}\n[assumptions]\n{off}", encoding="utf-8")
    code, output = run("build", "--case", str(case))
    assert code == 3, output

    of_class = {r["event_uid"]: r["class_uid"] for r in read(northwind, "access_classes")}
    decided = {r["class_uid"]: r["decision"] for r in read(case, "classes")}
    again: dict[str, set[str]] = defaultdict(set)
    for row in read(case, "access_classes"):
        again[of_class[row["event_uid"]]].add(decided[row["class_uid"]])
    built_anew: Counter[str] = Counter()
    for uid in finding["classes"]:
        (verdict,) = again[uid]
        built_anew[verdict] += 1
    (entry,) = (e for e in finding["sensitivity"] if tuple(e["toggled"]) == toggled)
    assert dict(built_anew) == entry["decisions"]
    assert entry["classes"] == len(finding["classes"])
    assert entry["flips"] == (entry["flipped"] > 0)
