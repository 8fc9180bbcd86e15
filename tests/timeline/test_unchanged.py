"""A build with nothing new is passed over, and nothing else is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.timeline.correlate.cases import run
from tests.timeline.normalize.records import native, record
from timeline import build, unchanged


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built case, under a program that nobody edits meanwhile."""
    monkeypatch.setattr(unchanged, "_program", lambda: "this one")
    folder, logs = tmp_path / "case", tmp_path / "logs"
    logs.mkdir()
    (logs / "a.json").write_bytes(native(record(), record(eventID="E2", eventName="PutObject")))
    assert run("init", str(folder))[0] == 0
    assert run("import", "--case", str(folder), str(logs))[0] == 0
    assert run("build", "--case", str(folder))[0] in (0, 3)
    return folder


def written(case: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in (case / "derived").rglob("*") if path.is_file()]
    return {
        path.relative_to(case).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in files
    }


def test_nothing_new_is_said_and_nothing_written(case: Path) -> None:
    before, code = written(case), run("build", "--case", str(case))[0]
    report = build.run(case)
    assert report.again == build.NOTHING_NEW
    assert written(case) == before
    assert code == (3 if report.gaps or report.undecided else 0)
    assert build.NOTHING_NEW in run("build", "--case", str(case))[1]


def test_the_report_is_that_of_the_build(case: Path) -> None:
    again = build.run(case)
    (case / "derived" / unchanged.NAME).unlink()
    anew = build.run(case)
    assert anew.again is not None
    assert anew.again != build.NOTHING_NEW
    assert (again.sums, again.findings, dict(again.tables)) == (
        anew.sums, anew.findings, dict(anew.tables),
    )  # fmt: skip
    assert (again.gaps, again.undecided) == (anew.gaps, anew.undecided)


def _configured(case: Path) -> None:
    path = case / "case.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n# looked at again\n", encoding="utf-8")


def _imported(case: Path) -> None:
    more = case.parent / "more"
    more.mkdir()
    (more / "b.json").write_bytes(native(record(eventID="E3")))
    assert run("import", "--case", str(case), str(more))[0] == 0


def _withdrawn(case: Path) -> None:
    code, said = run("exclude", "--case", str(case), "EV-1.f1", "--reason", "privileged")
    assert code == 0, said


def _changed(case: Path) -> None:
    path = case / "derived" / "gaps.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def _gone(case: Path) -> None:
    (case / "derived" / "findings.json").unlink()


def _added(case: Path) -> None:
    (case / "derived" / "notes.txt").write_text("mine", encoding="utf-8")


def _garbled(case: Path) -> None:
    (case / "derived" / unchanged.NAME).write_text("{", encoding="utf-8")


@pytest.mark.parametrize(
    "change", [_configured, _imported, _withdrawn, _changed, _gone, _added, _garbled]
)
def test_whatever_is_new_is_built(change: Callable[[Path], None], case: Path) -> None:
    change(case)
    assert build.run(case).again != build.NOTHING_NEW
    assert (case / "derived" / "findings.json").is_file()


def test_another_program_builds_anew(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged, "_program", lambda: "that one")
    assert build.run(case).again != build.NOTHING_NEW


def test_the_program_is_told_by_its_files_and_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "timeline").mkdir()
    source = tmp_path / "timeline" / "a.py"
    monkeypatch.setattr(unchanged, "__file__", str(tmp_path / "timeline" / "unchanged.py"))
    found = set()
    for text in ("x = 1", "x = 2"):
        source.write_text(text, encoding="utf-8")
        found.add(unchanged._program())
    monkeypatch.setattr(unchanged, "LIBRARIES", (*unchanged.LIBRARIES, "click"))
    found.add(unchanged._program())
    assert len(found) == 3


def test_a_stored_file_of_another_size_is_not_passed_over(case: Path) -> None:
    (stored,) = (case / "evidence").glob("*/files/*")
    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes() + b"\n")
    assert unchanged.load(case, case / "derived") is None
