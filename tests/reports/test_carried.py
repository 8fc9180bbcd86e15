"""A rendered edition checks itself: the verifier in it, run without anything else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.tree import ROOT
from tests.reports import edition


def check(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of `python -I -S verify.py . …` inside a folder."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", *(arguments or (".",)), "--json"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One edition, outside of any case."""
    made = edition.make(tmp_path_factory.mktemp("carried") / "case").folder
    return Path(shutil.copytree(made, tmp_path_factory.mktemp("received") / "bundle"))


def test_every_file_of_the_verifier_is_carried(rendered: Path) -> None:
    sources = {path.name for path in (ROOT / "reports" / "verifier").glob("verify*.py")}
    assert {path.name for path in rendered.glob("verify*.py")} == sources
    assert len(sources) > 8


def test_an_untouched_edition_holds(rendered: Path) -> None:
    before = sorted(path.name for path in rendered.iterdir())
    for folder in (rendered, rendered):  # a first run leaves nothing behind
        code, report = check(folder)
        assert report["wrong"] == []
        assert code in (0, 3)
    assert sorted(path.name for path in rendered.iterdir()) == before


def test_a_changed_byte_in_any_file_is_found(rendered: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(rendered, tmp_path / "copy"))
    verifier = {path.name for path in rendered.glob("verify*.py")}
    names = sorted(
        path.relative_to(copy).as_posix()
        for path in copy.rglob("*")
        if path.is_file() and path.name not in verifier
    )
    assert sum(name.startswith("exhibit-") for name in names) >= 4 * 7
    for name in names:
        sound = (copy / name).read_bytes()
        at = len(sound) // 2
        (copy / name).write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        # The manifest is the measure itself: of its SHA-512 column only --all takes notice.
        code, report = check(copy, ".", *(["--all"] if name == "manifest.jsonl" else []))
        assert code == 4, name
        assert name == "manifest.jsonl" or any(row["path"] == name for row in report["wrong"]), name
        (copy / name).write_bytes(sound)
    assert check(copy)[1]["wrong"] == []


def test_files_that_are_gone_or_added_are_found(rendered: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(rendered, tmp_path / "copy"))
    (copy / "added.csv").write_text("1\n")
    assert check(copy)[0] == 4
    (copy / "added.csv").unlink()
    (copy / "findings.json").unlink()
    assert check(copy)[0] == 4


def test_the_verifier_without_its_files_checks_nothing(rendered: Path, tmp_path: Path) -> None:
    shutil.copyfile(rendered / "verify.py", tmp_path / "verify.py")
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", str(rendered)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "could not check" in done.stdout


def test_no_file_beside_the_verifier_hides_a_standard_module(
    rendered: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(rendered, tmp_path / "copy"))
    for name in ("hashlib.py", "json.py", "argparse.py", "subprocess.py"):
        (copy / name).write_text("raise SystemExit(0)\n")
    code, report = check(copy)
    assert code == 4
    assert {row["check"] for row in report["wrong"]} == {"file-extra"}
