"""The command over a case that went through the whole pipeline."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import butfor
from reports.demo import evidence_dir


def run(*arguments: str) -> Result:
    """One command; its exit code is 0 or 3, unless the caller expects another."""
    return CliRunner().invoke(butfor.main, list(arguments))


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in incident, built."""
    folder = tmp_path_factory.mktemp("command") / "case"
    source = evidence_dir()
    assert run("init", str(folder)).exit_code == 0
    shutil.copyfile(source / "case.toml", folder / "case.toml")
    for arguments in (("import", "--provided-by", "owner", str(source / "logs")), ("build",)):
        done = run(arguments[0], "--case", str(folder), *arguments[1:])
        assert done.exit_code in (0, 3), done.output
    return folder


def test_edition_again_after_the_case_has_grown(case: Path) -> None:
    made = run("exhibits", "--case", str(case))
    assert made.exit_code == 0, made.output
    folder = case / "exhibits" / "draft-001"
    given = json.loads((folder / "inputs.json").read_text())
    assert given["custody"]["entries"] >= 4
    grown = run(
        "import", "--case", str(case), "--provided-by", "x", str(evidence_dir() / "case.toml")
    )
    assert grown.exit_code in (0, 3), grown.output
    again = run("exhibits", "--case", str(case), "--inputs", str(folder / "inputs.json"))
    assert again.exit_code == 0, again.output
    assert "the same bytes" in again.output


def test_custody_and_items_are_in_their_exhibits(case: Path) -> None:
    made = run("exhibits", "--case", str(case), "--label", "custody")
    assert made.exit_code == 0, made.output
    folder = case / "exhibits" / "draft-custody"
    entries = (case / "custody.jsonl").read_bytes().splitlines()
    chain = next(folder.glob("*chain-of-custody.csv")).read_text(encoding="utf-8")
    assert len(entries) == len(chain.splitlines()) - 1
    items = next(folder.glob("*evidence-index.csv")).read_text(encoding="utf-8")
    assert items.count("EV-1.f") >= 25


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--reason", "x"), 2, "expected with --final"),
        (("--no-load-files",), 2, "expected with --final"),
        (("--final", "--out", "x"), 2, "leave --out out"),
        (("--final",), 2, "bates_writer: expected the id of the one copy"),
        (("--label", "a/b"), 2, "expected letters"),
        (("--resource", "arn:none"), 2, "Resources with changes"),
        (("--inputs", "case.toml"), 2, "inputs.json of an edition"),
    ],
)
def test_refusals_say_why(case: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    arguments = tuple(str(case / a) if a == "case.toml" else a for a in arguments)
    done = run("exhibits", "--case", str(case), *arguments)
    assert code == done.exit_code
    assert message in done.output


def test_a_case_that_was_not_built_says_what_to_do(tmp_path: Path) -> None:
    run("init", str(tmp_path / "case"))
    done = run("exhibits", "--case", str(tmp_path / "case"))
    assert done.exit_code == 2
    assert "butfor build" in done.output
