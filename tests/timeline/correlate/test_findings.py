"""Findings: mandatory fields, verbs by result class, our words, numbers again, parties swapped.

Over the built-in incident and the worked traps.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reports.wording import lint
from tests.timeline.correlate.cases import ADMIN, OWNER, Trail, build, read, run
from tests.timeline.correlate.scenarios import TRAPS, built
from tests.timeline.correlate.test_northwind import SCENARIO
from tests.timeline.correlate.test_northwind import built as incident

#: R-170, in our names; `coverage`, `limitations` and `intervening` may be empty lists.
MANDATORY = (
    "finding_uid", "number", "statement", "result_class", "basis", "method", "as_of", "baseline",
    "quality_grade", "inference_steps", "alternatives", "counter_evidence", "falsifiers",
    "not_opined", "author",
)  # fmt: skip
VERBS = {
    "counterfactual": r"Under (the |every )?counterfactual|Order inferred from the outcome",
    "derived": r"Computed from",
    "indeterminate": r"The records examined (do not establish|neither show)|not established",
}
ALTERNATIVES = 11
OTHER = f"arn:aws:iam::{OWNER}:user/other"


def of(case: Path) -> list[dict[str, Any]]:
    found = json.loads((case / "derived" / "findings.json").read_text(encoding="utf-8"))
    assert isinstance(found, list)
    return found


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    traps = [p.name for p in sorted(TRAPS.iterdir()) if (p / "logs").is_dir()]
    return {
        "incident": incident(tmp_path_factory.mktemp("incident")),
        "traps": built(tmp_path_factory.mktemp("traps"), traps),
    }


@pytest.mark.parametrize("name", ["incident", "traps"])
def test_every_mandatory_field_is_filled(cases: dict[str, Path], name: str) -> None:
    found = of(cases[name])
    assert found
    for finding in found:
        assert [f for f in MANDATORY if not finding[f] and f != "basis"] == []
        assert len(finding["alternatives"]) == ALTERNATIVES
        assert all(set(a) == {"name", "for", "against", "tested"} for a in finding["alternatives"])
        assert finding["author"] == "tool"
        assert finding["basis"] or finding["result_class"] != "counterfactual"
        assert bool(finding["counterfactual"]) == (finding["result_class"] == "counterfactual")
        assert finding["result_class"] != "counterfactual" or finding["definition"]


@pytest.mark.parametrize("name", ["incident", "traps"])
def test_the_verb_is_the_one_of_the_result_class(cases: dict[str, Path], name: str) -> None:
    for finding in of(cases[name]):
        assert re.search(VERBS[finding["result_class"]], finding["statement"]), finding["number"]
        if finding["result_class"] == "derived":
            assert "Under counterfactual" not in finding["statement"]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("name", ["incident", "traps"])
def test_no_word_that_exhibits_may_not_hold(cases: dict[str, Path], name: str) -> None:
    """The linter of the exhibits, over every text of every finding and of `explain`."""
    for finding in of(cases[name]):
        assert [hit for text in texts(finding) for hit in lint(text)] == []
        said = run("explain", "--case", str(cases[name]), finding["number"])[1]
        assert [hit for line in said.splitlines() for hit in lint(line)] == []


def test_gaps_and_their_effects_hold_no_such_word(cases: dict[str, Path]) -> None:
    for table in ("gaps", "gap_effects", "logging", "coverage"):
        rows = read(cases["traps"], table)
        assert rows
        assert [hit for row in rows for text in texts(row) for hit in lint(text)] == []


@pytest.mark.parametrize("name", ["incident", "traps"])
def test_every_number_comes_out_again_by_its_own_sql(
    cases: dict[str, Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    monkeypatch.chdir(cases[name] / "derived")
    asked = 0
    for finding in of(cases[name]):
        refs = {r["number"]: r for r in finding["refs"]}
        assert refs.keys() == (
            finding["numbers"].keys() if finding["numbers"]["accesses"] else set()
        )
        for number, ref in refs.items():
            with duckdb.connect() as db:
                row = db.execute(ref["sql"]).fetchone()
            assert row == (finding["numbers"][number],), (finding["number"], number)
            assert ref["value"] == finding["numbers"][number]
            asked += 1
    assert asked


def test_the_grant_that_authorized_the_reads_is_named(cases: dict[str, Path]) -> None:
    first = of(cases["incident"])[0]
    assert "authorized by “bucket.policy(PortalTest)” and by no other grant" in first["statement"]
    assert any("(4 days, 15:59:03)" in text for text in first["falsifiers"])


def swapped(text: str, one: str, other: str) -> str:
    return text.replace(one, "\0").replace(other, one).replace("\0", other)


def test_swapping_the_labels_of_parties_swaps_them_and_nothing_else(
    cases: dict[str, Path], tmp_path: Path
) -> None:
    """R-176: the same facts with the parties' names exchanged."""
    one, other = "Northwind Records", "Meridian Cloud Services"
    toml = (SCENARIO / "case.toml").read_text(encoding="utf-8")
    case = cases["incident"]
    copy = tmp_path / "case"
    shutil.copytree(case, copy)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    parties = toml.index("[[parties]]")
    (copy / "case.toml").write_text(
        toml[:parties] + swapped(toml[parties:], one, other), encoding="utf-8"
    )
    assert run("build", "--case", str(copy))[0] == 3
    before = (case / "derived" / "findings.json").read_text(encoding="utf-8")
    after = (copy / "derived" / "findings.json").read_text(encoding="utf-8")
    assert after == swapped(before, one, other)
    for table in ("class_changes", "class_sets", "windows", "rollups", "gaps", "classes"):
        assert read(copy, table) == read(case, table)
    labels = [(r["change_uid"], r["fact"], r["party"]) for r in read(case, "changes")]
    assert [(r["change_uid"], r["fact"], r["party"]) for r in read(copy, "changes")] == [
        (uid, fact, swapped(party, one, other)) for uid, fact, party in labels
    ]


def test_what_others_changed_in_between_is_listed_without_a_label(tmp_path: Path) -> None:
    trail = Trail("between")
    trail.create()
    trail.policy(trail.public())
    trail.add("PutBucketRequestPayment", {**ADMIN, "arn": OTHER},
                      {"RequestPaymentConfiguration": {"Payer": "BucketOwner"}})  # fmt: skip
    trail.read()
    trail.add("PutBucketVersioning", {**ADMIN, "arn": OTHER},
              {"VersioningConfiguration": {"Status": "Enabled"}})  # fmt: skip
    case = build(tmp_path, [trail])
    (finding,) = [f for f in of(case) if f["numbers"]["anonymous"]]
    (entry,) = finding["intervening"]
    assert entry["by"] == OTHER
    assert entry["what"].startswith("PutBucketRequestPayment")
    assert entry["prior knowledge"].startswith("not tested")
    assert (
        "changes by others in between" in run("explain", "--case", str(case), finding["number"])[1]
    )
