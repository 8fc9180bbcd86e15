# ruff: noqa: PT012 (what is tested is that the error leaves a whole block)
"""Acquisitions: written once, read back whole, put right after an interruption."""

import gzip
import io
import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collector import (
    acquisition_group,
    custody,
    durable,
    ledger,
    manifest,
    recovery,
    session,
    store,
    warc,
)
from collector.acquisition import AcquisitionWriter, FileFacts, acquire
from collector.acquisition_record import Request
from collector.errors import CaseError, IncompleteError, IntegrityError
from collector.model import EvidenceItem, Gap, Observation, Outcome
from tests.collector import cases

T = datetime(2023, 7, 10, 12, tzinfo=UTC)
REQUEST = Request(source="test", scope="1/x", asked={"a": [1]}, why="a test", principal="me")


def facts(name: str, **more: Any) -> FileFacts:
    return FileFacts(name=name, source=f"test:{name}", **more)


def exchange(text: str) -> list[tuple[str, bytes]]:
    """Request and response as WARC records."""
    request = warc.Request(uri="https://x/", head=b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    response = warc.Response(status=200, reason="OK", headers=(), body=text.encode())
    members = warc.exchange(T, request, response)
    return list(zip(("request", "response"), members, strict=True))


def fill(writer: AcquisitionWriter) -> None:
    """Two files, a gap, an exchange with its observation, an absence."""
    writer.saw(3)
    writer.add_file(
        io.BytesIO(gzip.compress(b"{}")),
        facts("k/a.gz", version_id="v1", headers=(("ETag", "x"),), metadata={"signature": "ab"},
              modified_at=T, observed_at=T, observed_by="E"),
    )  # fmt: skip
    writer.add_file(io.BytesIO(b""), facts("k/empty"))
    writer.add_gap(Gap(kind="denied", subject="k/b", reason="no", time_from=T), counted=True)
    _, response = writer.add_exchange(exchange("policy"))
    writer.add_observation(
        Observation(
            operation="s3:GetBucketPolicy", resource="b", outcome=Outcome.OBSERVED, at=T,
            request_id="R", account="1", region="r", parameters={"Bucket": "b"},
            records=(response,),
        )
    )  # fmt: skip
    writer.add_observation(
        Observation(
            operation="s3:GetBucketAcl", resource="b", outcome=Outcome.ABSENT, at=T, detail="none"
        )
    )


@pytest.fixture(autouse=True)
def groups_by_number_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine must not commit in between."""
    monkeypatch.setattr(acquisition_group, "GROUP_SECONDS", 1000.0)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return cases.make(tmp_path)


def stored(case: Path, item: EvidenceItem) -> bytes:
    with store.open_item(case, item) as file:
        return file.read()


def written(case: Path, request: Request = REQUEST) -> AcquisitionWriter:
    with session.writing(case, "test") as writing, acquire(writing, request) as writer:
        fill(writer)
    return writer


def test_everything_reads_back(case: Path) -> None:
    writer = written(case)
    first, second, third = store.items(case)
    assert isinstance(first, EvidenceItem)
    raw = gzip.compress(b"{}")
    assert first.uid == "EV-1.f1"
    assert first.acquisition == 1
    assert first.path.as_posix() == f"evidence/{writer.folder.name}/files/00000001-a.gz"
    assert first.name == "k/a.gz"
    assert first.size == len(raw)
    assert stored(case, first)[10:] == raw[10:]
    assert first.content_sha256 == (
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    )
    assert first.observed_at == T
    assert first.source == "test"
    assert abs((first.acquired_at - datetime.now(UTC)).total_seconds()) < 60
    assert (second.uid, second.size, second.content_sha256) == ("EV-1.f2", 0, None)
    assert (third.uid, third.name) == ("EV-1.w2", "s3:GetBucketPolicy b")
    assert b"policy" in gzip.decompress(stored(case, third))
    (gap,) = store.gaps(case)
    assert gap == Gap(kind="denied", subject="k/b", reason="no", time_from=T)
    one, two = [observation for _, observation in store.observations(case)]
    assert (one.outcome, one.request_id, one.account, one.region, one.parameters) == (
        Outcome.OBSERVED, "R", "1", "r", {"Bucket": "b"},
    )  # fmt: skip
    assert one.records == (writer.pointer(2),)
    assert (two.outcome, two.detail, two.records) == (Outcome.ABSENT, "none", ())
    (line, _) = store.facts(case, store.acquisitions(case)[0])
    assert line["version_id"] == "v1"
    assert line["headers"] == [["ETag", "x"]]
    assert line["metadata"] == {"signature": "ab"}
    assert line["modified_at"] == "2023-07-10T12:00:00.000000Z"


def test_record_and_manifest(case: Path) -> None:
    writer = written(case)
    record = json.loads((writer.folder / "acquisition.json").read_bytes())
    assert record["source"] == "test"
    assert record["principal"] == "me"
    assert record["complete"] is True
    assert record["files"] == 2
    assert record["gaps"] == {"denied": 1}
    assert record["outcomes"] == {"ABSENT": 1, "OBSERVED": 1}
    assert record["run"] == {"seen": 3, "kept": 2, "gaps": 1, "already": 0}
    assert record["clock_offset"] == "not measured"
    assert record["start"]["mono_ns"] <= record["end"]["mono_ns"]
    assert len(record["dependencies"]["sha256"]) == 64
    raw = (writer.folder / manifest.NAME).read_bytes()
    assert [one.path for one in manifest.parse(raw)] == [
        "acquisition.json", "api.warc.gz", "case.toml", "files.jsonl",
        "files/00000001-a.gz", "files/00000002-empty", "gaps.jsonl", "observations.jsonl",
    ]  # fmt: skip
    close = custody.read(case)[-1]
    assert close.action == "acquisition.close"
    assert close.data == {"acq": 1, "manifest": manifest.summarize(raw).as_data()}
    assert (writer.folder / "case.toml").read_bytes() == (case / "case.toml").read_bytes()


def test_closed_is_read_only(case: Path) -> None:
    writer = written(case)
    for path in [writer.folder, *writer.folder.rglob("*")]:
        assert path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) == 0, path


def test_identical_bytes_again_are_a_new_acquisition(case: Path) -> None:
    written(case)
    written(case)
    uids = [item.uid for item in store.items(case)]
    assert uids == ["EV-1.f1", "EV-1.f2", "EV-1.w2", "EV-2.f1", "EV-2.f2", "EV-2.w2"]


def test_open_is_durable_before_the_first_byte(case: Path) -> None:
    with session.writing(case, "test") as writing, acquire(writing, REQUEST) as writer:
        assert custody.read(case)[-1].action == "acquisition.open"
        assert custody.read(case)[-1].data["dir"] == f"evidence/{writer.folder.name}"
        assert (writer.folder / ledger.FILES).read_bytes() == b""
        assert list((writer.folder / ledger.FOLDER).iterdir()) == []


def test_sums_that_do_not_close_are_refused(case: Path) -> None:
    with (
        session.writing(case, "test") as writing,
        pytest.raises(AssertionError),
        acquire(writing, REQUEST) as writer,
    ):
        writer.saw(2)
        writer.add_file(io.BytesIO(b"x"), facts("a"))


def test_groups_commit_by_number_and_by_time(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acquisition_group, "GROUP_FILES", 3)
    with session.writing(case, "test") as writing, acquire(writing, REQUEST) as writer:
        path = writer.folder / ledger.FILES
        seen = []
        for at in range(7):
            writer.saw()
            writer.add_file(io.BytesIO(b"x"), facts(f"{at}"))
            seen.append(len(list(ledger.lines(path))))
        assert seen == [0, 0, 3, 3, 3, 6, 6]
        monkeypatch.setattr(acquisition_group, "GROUP_SECONDS", 0.0)
        writer.saw()
        writer.add_file(io.BytesIO(b"x"), facts("last"))
        assert len(list(ledger.lines(path))) == 8


class StopError(Exception):
    """Stands for the moment a process dies."""


def interrupted(case: Path, at: Callable[[AcquisitionWriter], None]) -> Path:
    """Fill an acquisition and die at a chosen point, leaving the folder as it is then."""
    folder = []
    with (
        session.writing(case, "test") as writing,
        pytest.raises(StopError),
        acquire(writing, REQUEST) as writer,
    ):
        folder.append(writer.folder)
        fill(writer)
        # A dead process tidies nothing.
        writer.abandon = writer._medium.close  # type: ignore[method-assign]
        at(writer)
        raise StopError
    return folder[0]


def resume(case: Path) -> AcquisitionWriter:
    """Run the same request again: ask only for what is not held."""
    with session.writing(case, "test") as writing, acquire(writing, REQUEST) as writer:
        for name, data in (("k/a.gz", gzip.compress(b"{}")), ("k/empty", b"")):
            writer.saw()
            if writer.held(f"test:{name}") is not None:
                writer.skip_held()
            else:
                writer.add_file(io.BytesIO(data), facts(name))
    return writer


def test_committed_files_survive_and_the_run_continues(case: Path) -> None:
    interrupted(case, lambda writer: writer.commit())
    assert store.items(case) == ()
    assert [gap.kind for gap in store.gaps(case)] == ["failed"]
    assert "Run its command again" in store.gaps(case)[0].reason
    writer = resume(case)
    assert writer.resumed
    assert writer.counts == {"seen": 2, "kept": 0, "gaps": 0, "already": 2}
    assert [item.uid for item in store.items(case)] == ["EV-1.f1", "EV-1.f2", "EV-1.w2"]
    assert [one.action for one in custody.read(case)][2:] == [
        "acquisition.open", "acquisition.recover", "acquisition.close",
    ]  # fmt: skip


def test_uncommitted_files_are_removed_and_read_again(case: Path) -> None:
    folder = interrupted(case, lambda writer: None)
    assert len(list((folder / ledger.FOLDER).glob("*.partial"))) == 2
    writer = resume(case)
    assert writer.counts == {"seen": 2, "kept": 2, "gaps": 0, "already": 0}
    entry = next(one for one in custody.read(case) if one.action == "acquisition.recover")
    assert sorted(entry.data["removed"]) == ["files/1.partial", "files/2.partial"]
    assert [item.name for item in store.items(case)][:2] == ["k/a.gz", "k/empty"]


@pytest.mark.parametrize("renamed", [0, 1, 2])
def test_a_group_cut_between_pending_and_ledger_is_adopted(
    case: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    """Bytes are durable and vouched for, 0 to 2 of them have their names, no ledger line yet."""
    done: list[Path] = []
    rename = durable.rename_once

    def dying(source: Path, target: Path) -> None:
        if len(done) == renamed:
            raise StopError
        done.append(target)
        rename(source, target)

    def commit(writer: AcquisitionWriter) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(durable, "rename_once", dying)
            patch.setattr(durable, "append", lambda *_: (_ for _ in ()).throw(StopError()))
            writer.commit()

    interrupted(case, commit)
    writer = resume(case)
    assert writer.counts == {"seen": 2, "kept": 0, "gaps": 0, "already": 2}
    entry = next(one for one in custody.read(case) if one.action == "acquisition.recover")
    assert entry.data["adopted"] == ["EV-1.f1", "EV-1.f2"]
    lines = list(store.facts(case, store.acquisitions(case)[0]))
    assert [line["recovered"] for line in lines] == [True, True]
    assert stored(case, store.items(case)[1]) == b""


def test_torn_lines_and_records_are_cut_and_recorded(case: Path) -> None:
    folder = interrupted(case, lambda writer: writer.commit())
    whole = {name: (folder / name).read_bytes() for name in ("gaps.jsonl", "api.warc.gz")}
    for name in whole:
        with (folder / name).open("ab") as file:
            file.write(b"\x1f\x8b\x08torn" if name == "api.warc.gz" else b'{"torn')
    resume(case)
    for name, raw in whole.items():
        assert (folder / name).read_bytes() == raw
    entry = next(one for one in custody.read(case) if one.action == "acquisition.recover")
    assert [(one["file"], one["bytes"]) for one in entry.data["cut"]] == [
        ("gaps.jsonl", 6), ("api.warc.gz", 7),
    ]  # fmt: skip


def test_another_request_closes_it_as_interrupted(case: Path) -> None:
    folder = interrupted(case, lambda writer: writer.commit())
    for member in exchange("beyond the ledger"):
        durable.append(folder / ledger.WARC, member[1])
    with session.writing(case, "test") as writing:
        other = Request(source="test", scope="2", asked={}, why="another")
        with acquire(writing, other) as writer:
            assert writer.number == 2
            assert not writer.resumed
    first, second = store.acquisitions(case)
    assert (first.record["complete"], second.record["complete"]) == (False, True)
    assert first.record["outcomes"] == {"ABSENT": 1, "OBSERVED": 1, "recovered": 1}
    assert [item.uid for item in store.items(case)] == [
        "EV-1.f1", "EV-1.f2", "EV-1.w2", "EV-1.w4",
    ]  # fmt: skip
    recovered = store.observations(case)[-1][1]
    assert (recovered.outcome, recovered.recovered) == (None, True)
    assert any("it was interrupted" in gap.reason for gap in store.gaps(case))


@pytest.mark.parametrize("step", ["acquisition.json", "manifest.jsonl", "close"])
def test_dying_while_closing(case: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Whatever was written of the end is set back, and the end is written again."""

    def close(writer: AcquisitionWriter) -> None:
        with monkeypatch.context() as patch:
            if step == "acquisition.json":
                patch.setattr(manifest, "write_ordered", stop)
            elif step == "manifest.jsonl":
                patch.setattr(session.Session, "record", stop)
            else:
                patch.setattr(recovery, "make_read_only", stop)
            writer.close()

    def stop(*_: object, **__: object) -> None:
        raise StopError

    folder = interrupted(case, close)
    writer = resume(case)
    if step == "close":
        assert writer.number == 2  # it was closed: a second look is a new acquisition
    else:
        assert writer.number == 1
        assert writer.counts["already"] == 2
        assert json.loads((folder / "acquisition.json").read_bytes())["files"] == 2
    assert len(store.items(case)) == (3 if step != "close" else 5)
    raw = (folder / manifest.NAME).read_bytes()
    closes = [one.data for one in custody.read(case) if one.action == "acquisition.close"]
    assert closes[0] == {"acq": 1, "manifest": manifest.summarize(raw).as_data()}


def test_dying_before_the_folder_exists(case: Path) -> None:
    with session.writing(case, "test") as writing:
        data = {"acq": 1, "dir": "evidence/0001-20230710T120000Z-test-1", "source": "test"}
        writing.record("acquisition.open", why="x", data=data)
    writer = resume(case)
    assert writer.number == 2
    assert store.acquisitions(case)[0].record["complete"] is False
    assert store.acquisitions(case)[0].record["start"] is None


def test_repair_can_itself_be_interrupted(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(case, lambda writer: writer.commit())
    with (
        session.writing(case, "test") as writing,
        monkeypatch.context() as patch,
        pytest.raises(StopError),
    ):
        patch.setattr(
            session.Session, "record", lambda *_, **__: (_ for _ in ()).throw(StopError())
        )
        recovery.repair(writing, *recovery.unclosed(case, writing.entries)[0])
    assert resume(case).counts["already"] == 2


def test_withdrawn_items_are_struck_not_deleted(case: Path) -> None:
    written(case)
    with session.writing(case, "test") as writing:
        data = {"item": "EV-1.f1", "reason": "privileged"}
        writing.record("exclude", why="privileged", data=data)
    assert [item.uid for item in store.items(case)] == ["EV-1.f2", "EV-1.w2"]
    assert store.items(case, withdrawn=True)[0].uid == "EV-1.f1"
    gap = store.gaps(case)[-1]
    assert (gap.subject, gap.item, gap.reason) == ("EV-1.f1", "EV-1.f1", "withdrawn: privileged")
    assert stored(case, store.items(case, withdrawn=True)[0])


def tampered(case: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    path = next((case / "evidence").iterdir()) / name
    path.parent.chmod(0o700)
    path.chmod(0o600)
    path.write_bytes(change(path.read_bytes()))


def test_a_ledger_cannot_lead_out_of_the_folder(case: Path) -> None:
    written(case)
    tampered(
        case, ledger.FILES, lambda raw: raw.replace(b"files/00000001-a.gz", b"../../case.toml")
    )
    with pytest.raises(IntegrityError, match=r"files\.jsonl, line 1: expected EV-1\.f1"):
        store.items(case)


def test_a_ledger_with_a_missing_line(case: Path) -> None:
    written(case)
    tampered(case, ledger.FILES, lambda raw: raw.split(b"\n", 1)[1])
    with pytest.raises(IntegrityError, match=r"line 1: expected EV-1\.f1 .* found EV-1\.f2"):
        store.items(case)


def test_stored_bytes_of_another_length(case: Path) -> None:
    written(case)
    tampered(case, "files/00000001-a.gz", lambda raw: raw + b"x")
    with pytest.raises(IntegrityError, match=r"expected \d+ bytes of EV-1\.f1, found"):
        store.open_item(case, store.items(case)[0])


def test_missing_bytes(case: Path) -> None:
    written(case)
    item = store.items(case)[0]
    (case / item.path).parent.chmod(0o700)
    (case / item.path).unlink()
    with pytest.raises(CaseError, match=r"expected the bytes of EV-1\.f1, found: No such file"):
        store.open_item(case, item)


def test_record_of_a_newer_version(case: Path) -> None:
    written(case)
    tampered(case, "acquisition.json", lambda raw: raw.replace(b'"v":1', b'"v":2'))
    with pytest.raises(CaseError, match="use a newer butfor"):
        store.items(case)


def test_full_disk_stops_with_what_to_do(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with (
        session.writing(case, "test") as writing,
        pytest.raises(IncompleteError, match="No space left on device"),
        acquire(writing, REQUEST) as writer,
    ):
        fill(writer)
        with monkeypatch.context() as patch:
            patch.setattr(durable, "append", full)
            writer.commit()
    assert resume(case).counts["seen"] == 2
