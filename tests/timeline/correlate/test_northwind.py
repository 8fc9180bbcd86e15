"""The built-in incident through the build: known answers, words, bytes."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.architecture import citations
from tests.timeline.correlate.cases import read, run
from timeline.correlate.wording import BLOCKED

SCENARIO = Path(__file__).parents[3] / "fixtures" / "scenarios" / "northwind"
OPS = "arn:aws:sts::111122223333:assumed-role/MeridianOps/dlee"


def built(folder: Path) -> Path:
    case = folder / "case"
    assert run("init", str(case))[0] == 0
    shutil.copyfile(SCENARIO / "case.toml", case / "case.toml")
    assert run("import", "--case", str(case), str(SCENARIO / "logs"))[0] == 0
    for day in sorted((SCENARIO / "iam").iterdir()):
        at = f"{day.name}T00:00:00Z"
        assert run("import", "--case", str(case), "--observed-at", at, str(day))[0] == 0
    code, output = run("build", "--case", str(case))
    assert code == 3, output  # it has a gap
    return case


@pytest.fixture(scope="module")
def northwind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("northwind"))


@pytest.fixture(scope="module")
def findings(northwind: Path) -> list[dict[str, Any]]:
    found = json.loads((northwind / "derived" / "findings.json").read_text(encoding="utf-8"))
    assert isinstance(found, list)
    return found


def test_every_change_and_interval_resolves_to_its_bytes(northwind: Path) -> None:
    assert citations.unresolved(northwind) == []
    assert citations.undated(northwind) == []
    assert any(row.get("kind") == "default" for _, row in citations.rows(northwind))
    slots = {row["slot"] for _, row in citations.rows(northwind)}
    assert {"owner", "arn", "policy"} <= slots


def test_every_access_agrees_with_its_logged_outcome(northwind: Path) -> None:
    assert {r["agreement"] for r in read(northwind, "access_classes")} == {"agrees"}


def test_the_incident_is_the_anonymous_reads(northwind: Path) -> None:
    inside = [r for r in read(northwind, "access_classes") if r["in_incident"]]
    assert sorted(r["logged"] for r in inside) == ["denied"] * 4 + ["success"] * 112
    assert {r["incident_reason"] for r in inside} == {"anonymous"}


def test_first_finding_says_what_was_open_used_and_needed(findings: list[dict[str, Any]]) -> None:
    first = findings[0]
    said = first["statement"]
    assert "from 2022-05-27 08:12:19 Z until 2022-06-05 07:45:10 Z" in said
    assert "112 successful requests" in said
    assert "on 36 distinct objects" in said
    assert said.count("the evaluator returns deny for 112 of 112 requests") == 2
    assert f"PutBucketPolicy at 2022-05-27 08:12:19 Z by {OPS}" in said
    assert f"PutBucketPublicAccessBlock at 2022-05-23 14:33:42 Z by {OPS}" in said
    assert first["numbers"]["accesses"] == 112
    assert len(first["basis"]) == 112 + len(first["changes"])


def test_the_partner_is_told_apart(findings: list[dict[str, Any]]) -> None:
    partner = [f for f in findings if "444455556666" in f["statement"]]
    assert partner
    assert all(f["numbers"]["accesses"] == 0 for f in partner)
    assert all("exports/*" in f["resource_uid"] for f in partner)


def test_the_period_without_logging_limits_the_finding(findings: list[dict[str, Any]]) -> None:
    assert any("StopLogging" in text for text in findings[0]["limitations"])


@pytest.mark.parametrize(
    "field",
    ["basis", "coverage", "inference_steps", "alternatives", "falsifiers", "not_opined",
     "counter_evidence"],
)  # fmt: skip
def test_mandatory_fields_are_filled(findings: list[dict[str, Any]], field: str) -> None:
    assert all(f[field] for f in findings if f["numbers"]["accesses"])


def test_no_blocked_word_in_any_finding(findings: list[dict[str, Any]]) -> None:
    pattern = re.compile("|".join(rf"\b{re.escape(w)}\b" for w in BLOCKED), re.IGNORECASE)
    for finding in findings:
        assert not pattern.search(json.dumps(finding)), finding["number"]


def test_windows_have_the_two_changes_at_their_bounds(northwind: Path) -> None:
    (window,) = [
        w
        for w in read(northwind, "windows")
        if w["principal"] == "anonymous"
        and w["action"] == "s3:GetObject"
        and w["decision"] == "ALLOWED"
        and w["resource_uid"].endswith("archive/*")
    ]
    operations = {c["change_uid"]: c["operation"] for c in read(northwind, "changes")}
    assert (window["start_bound"], window["end_bound"]) == ("exact", "exact")
    assert operations[window["opened_by"]] == "PutBucketPolicy"
    assert operations[window["closed_by"]] == "PutBucketPublicAccessBlock"
    assert window["accesses"] == 112


def test_changes_are_linked_to_who_began_the_session(northwind: Path) -> None:
    opened = [c for c in read(northwind, "changes") if c["technical_actor"] == OPS]
    assert opened
    assert {c["party"] for c in opened} == {"Meridian Cloud Services"}
    assert all(c["initiating_actor"] for c in opened)


def test_explain_and_gaps_read_in_plain_words(northwind: Path) -> None:
    read_access = next(
        r
        for r in read(northwind, "access_classes")
        if r["in_incident"] and r["logged"] == "success"
    )
    code, said = run("explain", "--case", str(northwind), read_access["event_uid"])
    assert code == 0
    assert "decision: ALLOWED" in said
    assert "but-for yes" in said
    assert "F-01 (counterfactual" in run("explain", "--case", str(northwind), "F-01")[1]
    assert "StopLogging" in run("gaps", "--case", str(northwind))[1]
    assert run("gaps", "--case", str(northwind), "--requests")[0] == 0


def test_explain_of_nothing_says_what_was_expected(northwind: Path) -> None:
    code, said = run("explain", "--case", str(northwind), "no-such-id")
    assert code == 2
    assert "expected the id of an event or of a finding" in said


def test_a_second_build_gives_the_same_bytes(northwind: Path) -> None:
    def content() -> dict[str, bytes]:
        files = [p for p in (northwind / "derived").rglob("*") if p.is_file()]
        return {p.relative_to(northwind).as_posix(): p.read_bytes() for p in files}

    before = content()
    shutil.rmtree(northwind / "derived")
    run("build", "--case", str(northwind))
    assert before == content()


def test_model_card_reproduces_the_but_for_answers(northwind: Path) -> None:
    """From the card alone: a variable set to false, and whether any set is still whole."""
    card = json.loads((northwind / "derived" / "model_card.json").read_text(encoding="utf-8"))
    stored = {
        (r["class_uid"], r["change_uid"], r["undo"]): r["but_for"]
        for r in read(northwind, "class_changes")
    }
    checked = 0
    for one in card["classes"]:
        (own,) = (world for world in one["worlds"] if not world["toggled"])
        for undo in ("delta", "replay"):
            formula = card["formulas"][own["formula"][f"changes-only-{undo}"]]
            for variable in one["variables"]:
                still = any(variable not in s["all_of"] for s in formula["any_of"])
                expected = "no" if still else "yes"
                assert stored[one["class_uid"], variable, undo] == expected
                checked += 1
    assert checked > 0


def test_whatif_turns_a_control_on_from_a_time(northwind: Path) -> None:
    code, said = run(
        "whatif", "--case", str(northwind), "--control", "block-public-access",
        "--from", "2022-06-02T00:00:00Z",
    )  # fmt: skip
    assert code == 0
    assert "returns deny for 32 of 112 accesses of the incident, allow for 80" in said


def test_whatif_undoes_changes_by_both_undos(northwind: Path) -> None:
    changes = read(northwind, "changes")
    uid = next(
        c["change_uid"]
        for c in changes
        if c["operation"] == "PutBucketPolicy" and c["accepted"] and c["technical_actor"] == OPS
    )
    code, said = run("whatif", "--case", str(northwind), "--undo", uid)
    assert code == 0
    for undo in ("replay", "delta"):
        assert f"{undo}-undo of PutBucketPolicy" in said
    assert said.count("returns deny for 112 of 112") == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "expected --undo, --set or --control"),
        (("--control", "block-public-access"), "expected --from"),
        (("--control", "none", "--from", "2022-06-02T00:00:00Z"), "expected one of"),
        (("--set", "nothing", "--from", "2022-06-02T00:00:00Z"), "expected RESOURCE|SLOT=VALUE"),
        (("--undo", "no-such-change"), "expected the change_uid or event id"),
    ],
)
def test_whatif_says_what_it_expected(
    northwind: Path, arguments: tuple[str, ...], expected: str
) -> None:
    code, said = run("whatif", "--case", str(northwind), *arguments)
    assert code == 2
    assert expected in said
