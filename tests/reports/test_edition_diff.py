"""What changed between two editions, and that nothing else is reported as changed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from collector.errors import UsageError
from reports import bundle, edition_diff, material
from reports.demo import evidence_dir
from tests.reports import builder, edition, sealed_case
from tests.reports.sealed_case import run


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """One edition, the same again under another label, and one after the case has changed."""
    case = tmp_path_factory.mktemp("diff") / "case"
    first = edition.make(case).folder
    same = edition.make(case, label="draft-002").folder
    loaded = builder.write(case, builder.Story(accesses=81, scheme="numbers"))
    finding = dict(loaded.findings[0], limitations=["another gap"])
    extra = dict(loaded.findings[0], finding_uid="f-2", statement="Records show one more.")
    changed: material.Material = replace(
        loaded, findings=(finding, extra), withdrawn={"EV-1.f1": "privileged"},
        items=(*loaded.items, replace(loaded.items[0], uid="EV-1.f3")),
    )  # fmt: skip
    (case / "derived" / "findings.json").write_text(json.dumps([finding, extra]))
    given = edition.described(case, changed, "draft-003")
    third = bundle.make(changed, given, case / "exhibits" / "draft-003", lambda line: None).folder
    return first, same, third


def test_equal_editions_differ_in_nothing(editions: tuple[Path, Path, Path]) -> None:
    found = edition_diff.compare(editions[0], editions[1])
    assert (found.findings, found.new_evidence, found.withdrawn_evidence) == ((), (), ())
    assert found.inputs == ()
    assert not any(one.differs for one in found.exhibits)
    assert found.exhibits


def test_findings_evidence_and_rows_that_changed(editions: tuple[Path, Path, Path]) -> None:
    found = edition_diff.compare(editions[0], editions[2])
    told = {one.where: (one.before, one.after) for one in found.findings}
    assert told["finding f-1, limitations"] == (["one gap of 3 h 8 min"], ["another gap"])
    assert told["finding f-2"] == (None, "Records show one more.")
    assert found.new_evidence == ("EV-1.f3",)
    assert found.withdrawn_evidence == ("EV-1.f1",)
    assert "case_toml" in found.inputs
    assert "derived/findings.json" in found.inputs
    accesses = next(one for one in found.exhibits if one.name.startswith("access-summary"))
    assert (accesses.before, accesses.rows[1] - accesses.rows[0]) == ("D", 1)
    assert accesses.differs
    back = edition_diff.compare(editions[2], editions[0])
    again = next(one for one in back.exhibits if one.name.startswith("access-summary"))
    assert (accesses.added, accesses.removed) == (again.removed, again.added)


def test_rows_are_matched_by_what_identifies_them(editions: tuple[Path, Path, Path]) -> None:
    """A row that only moved is no change; one that changed in a column names that column."""
    index = next(
        one
        for one in edition_diff.compare(editions[0], editions[2]).exhibits
        if one.name.startswith("evidence-index")
    )
    assert [row["evidence_item"] for row in index.added] == ["EV-1.f3"]
    assert index.removed == ()
    assert [(one.where, one.before, one.after) for one in index.changed] == [
        ("row 1 (EV-1.f1), withdrawn", None, "privileged"),
        ("row 2 (EV-1.f2), records", "125", "126"),
    ]


def test_long_lists_are_cut_in_print_and_whole_as_data(editions: tuple[Path, Path, Path]) -> None:
    found = edition_diff.compare(editions[0], editions[2])
    text = list(edition_diff.lines(found))
    assert any("more: --json lists all" in line for line in text)
    data = found.as_data()
    assert data["v"] == 1
    assert all(
        one["added"] or one["removed"] or one["changed"] or None in (one["before"], one["after"])
        for one in data["exhibits"]
    )


def test_a_folder_that_is_no_edition_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected an edition of exhibits"):
        edition_diff.compare(tmp_path, tmp_path)


def test_command_and_supplement_list(tmp_path: Path) -> None:
    """A final edition that follows another holds the list; the command prints the same."""
    import re

    from collector import identity

    with sealed_case.own_key(tmp_path / "config"):
        toml = (evidence_dir() / "case.toml").read_text(encoding="utf-8")
        toml = re.sub(r"(?m)^bates_writer = .*\n", "", toml)
        own = f'[exhibits]\nbates_writer = "{identity.writer()}"\n'
        case = sealed_case.sealed(tmp_path / "case", toml.replace("[exhibits]\n", own))
        asked = ("exhibits", "--case", str(case))
        final = (*asked, "--final", "--no-load-files", "--no-evidence")
        run(*final)
        run("exclude", "--case", str(case), "EV-1.f1", "--reason", "claw-back", code=None)
        run("seal", "--case", str(case), code=None)
        run(*final, "--reason", "an item was withdrawn")
        folder = case / "exhibits" / "final-002"
        data = json.loads((folder / "supplement.json").read_text(encoding="utf-8"))
        assert data["reason"] == "an item was withdrawn"
        assert data["withdrawn_evidence"] == ["EV-1.f1"]
        assert (data["before"], data["after"]) == ("final-001", "final-002")
        printed = run(*asked, "--diff", "final-001", "final-002").output
        assert printed == (folder / "supplement.txt").read_text(encoding="utf-8")
        told = json.loads(run(*asked, "--diff", "final-001", "final-002", "--json").output)
        assert told == data
        assert "what changed since final-001" in (folder / "README.txt").read_text()
