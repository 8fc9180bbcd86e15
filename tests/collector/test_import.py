"""`butfor init`, `import`, `custody`, `exclude` as a person runs them."""

import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner, Result

import butfor
from collector import custody, importer, session, store
from collector.acquisition import AcquisitionWriter
from collector.errors import UsageError
from collector.importer import HandOver, ImportReport
from collector.model import Gap
from tests.collector import cases


def run(*arguments: str | Path) -> Result:
    """In this process, for speed; the crash tests use real processes."""
    return CliRunner().invoke(butfor.main, [str(one) for one in arguments])


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return cases.make(tmp_path)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Material with folders, an empty file, a gzip file, an archive."""
    root = tmp_path / "logs"
    (root / "b" / "deep").mkdir(parents=True)
    (root / "empty folder inside").mkdir()
    (root / "b" / "2.json").write_bytes(b"{}")
    (root / "b" / "deep" / "3.json.gz").write_bytes(gzip.compress(b"{}", mtime=0))
    (root / "a.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    (root / "B").write_bytes(b"")
    os.utime(root / "b" / "2.json", ns=(0, 1_700_000_000_123_456_789))
    return root


def imported(case: Path, *paths: Path, **stated: Any) -> ImportReport:
    with session.writing(case, "import") as writing:
        return importer.run(writing, paths, HandOver(**stated))


def read(case: Path, at: int) -> bytes:
    with store.open_item(case, store.items(case)[at]) as file:
        return file.read()


def test_first_steps(tmp_path: Path, logs: Path) -> None:
    case = tmp_path / "northwind"
    made = run("init", case)
    assert made.exit_code == 0
    assert "case.toml" in made.output
    done = run("import", logs, "--case", case)
    assert done.exit_code == 0, done.output
    assert "seen 4 = kept 4 + gaps 0 + already held 0; 46 bytes kept" in done.output
    assert "manifest: 9 files, root " in done.output


def test_as_received_in_the_order_of_names(case: Path, logs: Path) -> None:
    before = cases.tree(logs)
    report = imported(case, logs)
    assert (report.acquisition, report.seen, report.kept, report.already) == (1, 4, 4, 0)
    assert report.bytes == sum(map(len, before.values()))
    items = store.items(case)
    assert [item.name for item in items] == [
        "logs/B", "logs/a.zip", "logs/b/2.json", "logs/b/deep/3.json.gz",
    ]  # fmt: skip
    assert [read(case, at) for at in range(4)] == [
        before["B"], before["a.zip"], before["b/2.json"], before["b/deep/3.json.gz"],
    ]  # fmt: skip
    assert items[2].source == "import"
    assert items[2].observed_at is None
    assert items[3].content_sha256 is not None
    lines = list(store.facts(case, store.acquisitions(case)[0]))
    assert lines[2]["source"] == (logs / "b" / "2.json").as_uri()
    assert lines[2]["modified_at"] == "2023-11-14T22:13:20.123456Z"
    assert cases.tree(logs) == before


def test_hand_over_is_recorded_as_stated(case: Path, logs: Path) -> None:
    done = run(
        "import", logs, "--case", case, "--provided-by", "Contoso IT", "--note", "disk 2",
        "--received-at", "2026-01-05T10:00:00+01:00", "--observed-at", "2026-01-04T00:00:00Z",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    record = store.acquisitions(case)[0].record
    assert record["handover"] == {
        "label": "provenance before hand-over not established",
        "note": "disk 2",
        "observed_at": "2026-01-04T00:00:00.000000Z",
        "provided_by": "Contoso IT",
        "received_at": "2026-01-05T09:00:00.000000Z",
        "stated_by": custody.read(case)[0].actor["login"],
    }
    assert store.items(case)[0].observed_at == datetime(2026, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize("given", ["2026-01-05T10:00:00", "2026-02-30T10:00:00Z", "yesterday"])
def test_impossible_times(case: Path, logs: Path, given: str) -> None:
    done = run("import", logs, "--case", case, "--observed-at", given)
    assert done.exit_code == 2
    assert "expected" in done.output
    assert store.acquisitions(case) == ()


def test_json(case: Path, logs: Path) -> None:
    (logs / "link").symlink_to("B")
    done = run("import", logs, "--case", case, "--json")
    assert done.exit_code == 3
    value = json.loads(done.output)
    assert (value["seen"], value["kept"], value["already"]) == (5, 4, 0)
    assert [gap["subject"] for gap in value["gaps"]] == ["logs/link"]
    assert len(value["manifest"]["root"]) == 64


def gaps_of(report: ImportReport) -> list[tuple[str, str]]:
    return [(gap.kind, gap.subject) for gap in report.gaps]


def test_single_file_and_named_link(case: Path, logs: Path, tmp_path: Path) -> None:
    link = tmp_path / "named"
    link.symlink_to(logs / "b" / "2.json")
    report = imported(case, link, logs / "B")
    assert gaps_of(report) == []
    assert [item.name for item in store.items(case)] == ["named", "B"]
    assert read(case, 0) == b"{}"


def test_links_and_loops_are_recorded_not_followed(case: Path, logs: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_text("x")
    (logs / "out").symlink_to(outside)
    (logs / "loop").symlink_to(".")
    (logs / "b" / "up").symlink_to("..")
    (logs / "dangling").symlink_to("nowhere")
    report = imported(case, logs)
    assert gaps_of(report) == [
        ("not_requested", "logs/b/up"), ("not_requested", "logs/dangling"),
        ("not_requested", "logs/loop"), ("not_requested", "logs/out"),
    ]  # fmt: skip
    assert (report.seen, report.kept) == (8, 4)
    assert "symbolic link to '..'" in report.gaps[0].reason


def test_special_files_do_not_block(case: Path, logs: Path) -> None:
    os.mkfifo(logs / "pipe")
    report = imported(case, logs)
    assert gaps_of(report) == [("unreadable", "logs/pipe")]
    assert "found a named pipe" in report.gaps[0].reason
    assert "found a character device" in imported(case, Path("/dev/null")).gaps[0].reason


def test_unreadable_by_permission(tmp_path: Path) -> None:
    """As an unprivileged user, because root may read everything."""
    (tmp_path / "f").write_bytes(b"x")
    imported(cases.make(tmp_path), tmp_path / "f")  # loads all that root alone may read
    with cases.as_nobody(), TemporaryDirectory() as name:
        place = Path(name)
        logs = place / "logs"
        (logs / "closed").mkdir(parents=True)
        (logs / "a").write_text("a")
        (logs / "b").write_text("b")
        (logs / "b").chmod(0)
        (logs / "closed").chmod(0)
        case = cases.make(place)
        report = imported(case, logs)
        (logs / "closed").chmod(0o700)
        for path in (case / "evidence").glob("*"):
            path.chmod(0o700)
            (path / "files").chmod(0o700)
    assert gaps_of(report) == [("denied", "logs/b"), ("denied", "logs/closed")]
    assert (report.seen, report.kept) == (3, 1)
    assert "Permission denied" in report.gaps[0].reason


def test_empty_folder(case: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done = run("import", tmp_path / "nothing", "--case", case)
    assert done.exit_code == 3
    assert "gap (failed): nothing: expected files, found an empty folder" in done.output
    assert "seen 1 = kept 0 + gaps 1" in done.output


@contextmanager
def touched(path: Path, change: bytes | None) -> Iterator[None]:
    """Change or remove a file at the moment its bytes are being read."""
    original = AcquisitionWriter.receive

    def receive(self: AcquisitionWriter, source: Any, *, limit: int | None = None) -> Any:
        if os.fstat(source.fileno()).st_ino == inode and change is not None:
            with path.open("ab") as file:
                file.write(change)
        return original(self, source, limit=limit)

    inode = path.stat().st_ino
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AcquisitionWriter, "receive", receive)
        yield


def test_a_file_that_grows_is_kept_and_remarked(case: Path, logs: Path) -> None:
    with touched(logs / "b" / "2.json", b"more"):
        report = imported(case, logs)
    assert (report.seen, report.kept) == (4, 4)
    (gap,) = report.gaps
    assert (gap.kind, gap.subject, gap.item) == ("truncated", "logs/b/2.json", "EV-1.f3")
    assert "2 bytes, found one that changed" in gap.reason
    assert "(6 bytes afterwards); 2 bytes were kept" in gap.reason
    assert read(case, 2) == b"{}"


def test_a_file_that_vanishes(case: Path, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = importer._take

    def vanish(writer: AcquisitionWriter, found: Any, handover: HandOver, other: None) -> Any:
        if not isinstance(found, Gap) and found.path.name == "2.json":
            found.path.unlink()
        return take(writer, found, handover, other)

    monkeypatch.setattr(importer, "_take", vanish)
    report = imported(case, logs)
    assert gaps_of(report) == [("failed", "logs/b/2.json")]


def test_a_pipe_in_the_place_of_a_file(
    case: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = importer._take

    def swap(writer: AcquisitionWriter, found: Any, handover: HandOver, other: None) -> Any:
        if not isinstance(found, Gap) and found.path.name == "2.json":
            found.path.unlink()
            os.mkfifo(found.path)
        return take(writer, found, handover, other)

    monkeypatch.setattr(importer, "_take", swap)
    report = imported(case, logs)
    assert gaps_of(report) == [("failed", "logs/b/2.json")]
    assert "found something else" in report.gaps[0].reason


def test_not_into_itself(case: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("x")
    with pytest.raises(UsageError, match="expected material from outside"):
        imported(case, case / "case.toml")
    report = imported(case, tmp_path)
    assert report.kept == 1
    assert ("not_requested", f"{tmp_path.name}/case") in gaps_of(report)


def test_each_path_once(case: Path, logs: Path) -> None:
    with pytest.raises(UsageError, match="expected each path once"):
        imported(case, logs, logs / "b" / "..")
    assert store.acquisitions(case) == ()


def test_usage(case: Path, tmp_path: Path) -> None:
    assert run("import", "--case", case).exit_code == 2
    assert run("import", tmp_path / "absent", "--case", case).exit_code == 2
    assert run("import", tmp_path, "--case", tmp_path / "absent").exit_code == 2


def test_newer_case(case: Path, logs: Path) -> None:
    config = case / "case.toml"
    config.write_text(config.read_text().replace("format = 1", "format = 2"))
    done = run("import", logs, "--case", case)
    assert done.exit_code == 2
    assert "written by a newer butfor" in done.output


def test_custody_add_and_list(case: Path, logs: Path) -> None:
    imported(case, logs)
    digest = "AB" * 32
    added = run(
        "custody", "add", "handover", "--case", case, "--releaser", "A. Clerk", "--receiver", "E",
        "--purpose", "analysis", "--place", "Court", "--medium", "disk", "--serial", "7",
        "--item", "EV-1.f2", "--at", "2026-01-02T00:00:00Z", "--sha256-before", digest,
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    entry = custody.read(case)[-1]
    assert (entry.action, entry.why) == ("handover", "analysis")
    assert entry.data == {
        "at": "2026-01-02T00:00:00.000000Z", "items": ["EV-1.f2"], "medium": "disk",
        "note": None, "place": "Court", "purpose": "analysis", "receiver": "E",
        "releaser": "A. Clerk", "serial": "7", "sha256_after": None,
        "sha256_before": digest.lower(),
    }  # fmt: skip
    assert f"custody entry {entry.seq}: handover; SHA-256 {entry.sha256}" in added.output
    listed = run("custody", "list", "--case", case)
    assert len(listed.output.splitlines()) == entry.seq + 1
    raw = run("custody", "list", "--case", case, "--json").output.splitlines()[-1]
    assert raw.encode() == entry.raw


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["handover", "--purpose", "x", "--receiver", "E"], "expected --releaser and --receiver"),
        (["access", "--purpose", "x"], "expected --receiver"),
        (["access", "--receiver", "E"], "Missing option '--purpose'"),
        (["access", "--receiver", "E", "--purpose", "x", "--item", "EV-9.f9"], "found none"),
        (["access", "--receiver", "E", "--purpose", "x", "--sha256-after", "zz"], "64 hex digits"),
        (["theft", "--purpose", "x"], "Invalid value"),
    ],
)
def test_custody_add_refuses(case: Path, arguments: list[str], message: str) -> None:
    before = len(custody.read(case))
    done = run("custody", "add", *arguments, "--case", case)
    assert done.exit_code == 2
    assert message in done.output
    assert len(custody.read(case)) == before


def test_exclude(case: Path, logs: Path) -> None:
    imported(case, logs)
    wrong = run("exclude", "EV-1.f33", "--reason", "x", "--case", case)
    assert wrong.exit_code == 2
    assert 'Did you mean "EV-1.f3"?' in wrong.output
    assert run("exclude", "EV-1.f3", "--reason", " ", "--case", case).exit_code == 2
    assert run("exclude", "EV-1.f3", "--reason", "privileged", "--case", case).exit_code == 0
    again = run("exclude", "EV-1.f3", "--reason", "privileged", "--case", case)
    assert "withdrawn already" in again.output
    assert custody.read(case)[-1].data == {"item": "EV-1.f3", "reason": "privileged"}
    assert [item.uid for item in store.items(case)] == ["EV-1.f1", "EV-1.f2", "EV-1.f4"]
