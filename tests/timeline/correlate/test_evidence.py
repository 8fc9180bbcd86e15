"""More evidence, less evidence, the same evidence twice: what may change and what may not."""

import gzip
from datetime import timedelta
from pathlib import Path

import pytest

from tests.timeline.correlate.cases import PARTNER_USER, READER, Trail, build, read, run

ASSUMPTIONS = (
    "records-complete", "unseen-guardrails-absent", "gaps-minimal", "documented-readings",
)  # fmt: skip


def trail() -> Trail:
    """Public policy, reads by everybody, remediation, a refused read."""
    t = Trail("evidence")
    t.create()
    t.policy(t.public(), t.partner())
    t.read()
    t.read(READER)
    t.read(PARTNER_USER)
    t.policy()
    t.read(error="AccessDenied")
    return t


def decisions(case: Path) -> dict[str, str]:
    classes = {c["class_uid"]: c["decision"] for c in read(case, "classes")}
    return {a["provider_uid"]: classes[a["class_uid"]] for a in read(case, "access_classes")}


def but_for(case: Path) -> dict[tuple[str, str, str], str]:
    names = {c["change_uid"]: c["provider_uid"] for c in read(case, "changes")}
    accesses: dict[str, list[str]] = {}
    for a in read(case, "access_classes"):
        accesses.setdefault(a["class_uid"], []).append(a["provider_uid"])
    return {
        (event, names[r["change_uid"]], r["undo"]): r["but_for"]
        for r in read(case, "class_changes")
        for event in accesses[r["class_uid"]]
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("whole"), [trail()])


def test_whole_evidence_decides_everything(whole: Path) -> None:
    assert set(decisions(whole).values()) == {"ALLOWED", "DENIED"}
    assert {r["agreement"] for r in read(whole, "access_classes")} == {"agrees"}


def test_the_same_records_twice_change_nothing(whole: Path, tmp_path: Path) -> None:
    twice = build(tmp_path, [trail()])
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in sorted((tmp_path / "logs").iterdir()):
        again = gzip.compress(gzip.decompress(path.read_bytes()), 1, mtime=0)
        (copy / f"again-{path.name}").write_bytes(again)
    assert run("import", "--case", str(twice), str(copy))[0] in (0, 3)
    assert run("build", "--case", str(twice))[0] in (0, 3)
    copies = [e for e in read(twice, "events") if e["duplicate_of"] is not None]
    assert len(copies) == len(trail().records)
    assert decisions(twice) == decisions(whole)
    assert but_for(twice) == but_for(whole)


def test_without_the_listings_answers_only_become_unknown(whole: Path, tmp_path: Path) -> None:
    less = build(tmp_path, [trail()], iam=False)
    before, after = decisions(whole), decisions(less)
    assert all(after[uid] in (before[uid], "UNKNOWN") for uid in before)
    assert "UNKNOWN" in after.values()
    answers = but_for(less)
    assert all(answers[key] in (value, "undetermined") for key, value in but_for(whole).items())


@pytest.mark.parametrize("name", ASSUMPTIONS)
def test_without_an_assumption_answers_only_become_unknown(
    whole: Path, tmp_path: Path, name: str
) -> None:
    toml = f"format = 1\n[assumptions]\n{name} = false\n"
    less = build(tmp_path, [trail()], toml=toml)
    before, after = decisions(whole), decisions(less)
    assert all(after[uid] in (before[uid], "UNKNOWN") for uid in before)
    used = {a for c in read(whole, "classes") for a in c["assumptions"]}
    assert (before != after) == (name in used)


def test_an_access_within_the_slack_of_a_change_is_not_ordered(tmp_path: Path) -> None:
    t = Trail("slack")
    t.create()
    t.policy(t.public())
    t.now -= timedelta(seconds=58)
    near = t.read()
    far = t.read()
    case = build(tmp_path, [t])
    found = decisions(case)
    assert (found[near], found[far]) == ("UNKNOWN", "ALLOWED")
    classes = {c["class_uid"]: c for c in read(case, "classes")}
    (access,) = [a for a in read(case, "access_classes") if a["provider_uid"] == near]
    assert "A11" in classes[access["class_uid"]]["unknowns"]


def test_both_states_equal_within_the_slack_is_decided(tmp_path: Path) -> None:
    t = Trail("slack-equal")
    t.create()
    t.policy(t.public())
    t.policy(t.public("Renamed"))
    t.now -= timedelta(seconds=58)
    near = t.read()
    assert decisions(build(tmp_path, [t]))[near] == "ALLOWED"


def test_sums_are_printed_and_a_bucket_without_data_events_is_a_gap(tmp_path: Path) -> None:
    t = Trail("silent")
    t.add("CreateBucket", READER)
    t.policy(t.public())
    case = build(tmp_path, [t])
    code, said = run("build", "--case", str(case))
    assert code == 3
    assert "accesses 0 = decided 0 + left out 0" in said
    gaps = [g for g in read(case, "gaps") if g["kind"] == "logging_off"]
    assert [g["subject"] for g in gaps] == ["silent"]
    assert "Access during it: not established, no data events in the records for silent" in said


def test_an_answer_without_a_time_is_a_gap_and_is_not_used(tmp_path: Path) -> None:
    t = trail()
    case = build(tmp_path, [t], iam=False)
    seen = tmp_path / "listing"
    seen.mkdir()
    (seen / "listing.json").write_text('{"UserDetailList": [], "RoleDetailList": []}')
    assert run("import", "--case", str(case), str(seen))[0] in (0, 3)
    assert run("build", "--case", str(case))[0] == 3
    assert any("--observed-at" in g["reason"] for g in read(case, "gaps"))


@pytest.mark.parametrize("command", [("gaps",), ("gaps", "--requests"), ("explain", "F-01")])
def test_before_a_build_the_commands_say_what_to_do(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    case = tmp_path / "case"
    assert run("init", str(case))[0] == 0
    name, *rest = command
    code, said = run(name, "--case", str(case), *rest)
    assert code == 2
    assert "butfor build" in said


def test_an_empty_case_builds_to_empty_tables(tmp_path: Path) -> None:
    case = tmp_path / "case"
    assert run("init", str(case))[0] == 0
    code, said = run("build", "--case", str(case))
    assert code == 0, said
    assert read(case, "windows") == []
    assert read(case, "class_sets") == []
