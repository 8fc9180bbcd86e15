"""Bad input, each with a clear outcome: rows + gaps = records, and nothing is dropped unseen."""

import gzip
import io
import itertools
import os
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest

from collector.model import EvidenceItem
from tests.timeline.normalize.evidence import Store
from tests.timeline.normalize.records import native, record
from timeline import normalize
from timeline.normalize import split
from timeline.normalize.model import IngestReport

SOAK = bool(os.environ.get("BUTFOR_SOAK"))


def run(store: Store, out: Path) -> IngestReport:
    report = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    report.check()
    assert report.records == report.rows + report.record_gaps
    return report


class Growing(io.BytesIO):
    """A file to which somebody adds records while it is read."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        at = self.tell()
        self.seek(0, io.SEEK_END)
        self.write(native(record(eventID="later")))
        self.seek(at)
        return data


class Changed(Store):
    """Opens another file than the one that was taken in."""

    def __init__(self, opened: type[io.BytesIO], cut: int) -> None:
        super().__init__()
        self._opened, self._cut = opened, cut

    def open_item(self, item: EvidenceItem) -> BinaryIO:
        return self._opened(self.held[item.uid][: self._cut])


LINES = b"".join(msgspec.json.encode(record(eventID=f"E{n}")) + b"\n" for n in range(40))


@pytest.mark.parametrize(
    "data", [LINES, gzip.compress(LINES), native(record())], ids=["lines", "gzip", "native"]
)
def test_a_file_that_grows_while_it_is_read(data: bytes, tmp_path: Path) -> None:
    store = Changed(Growing, len(data))
    store.add(data)
    report = run(store, tmp_path / "events")
    assert report.rows == (1 if data.startswith(b'{"Records"') else 40)
    (gap,) = report.gaps
    assert gap.kind == "unreadable"
    assert "the file grew after it was taken in" in gap.reason
    ids = normalize.read(tmp_path / "events", ["provider_uid"]).column(0).to_pylist()
    assert "later" not in ids


def test_a_file_that_has_shrunk(tmp_path: Path) -> None:
    store = Changed(io.BytesIO, len(LINES) - 200)
    store.add(LINES)
    report = run(store, tmp_path / "events")
    assert (report.rows, report.record_gaps) == (39, 1)
    assert any(gap.kind == "truncated" for gap in report.gaps)


@pytest.mark.parametrize("time", [..., None, "", "yesterday", 5])
def test_a_record_without_a_time_is_a_gap(time: object, tmp_path: Path) -> None:
    store = Store()
    store.add(native(record(), record(eventTime=time, eventID="E2"), record(eventID="E3")))
    report = run(store, tmp_path / "events")
    assert (report.records, report.rows, report.record_gaps) == (3, 2, 1)
    assert "eventTime" in report.gaps[0].reason
    assert (report.gaps[0].locator or "").startswith("1@")


def test_one_event_id_with_two_contents_is_a_finding_and_both_count(tmp_path: Path) -> None:
    store = Store()
    store.add(native(record(), record(), record(sourceIPAddress="192.0.2.99")))
    report = run(store, tmp_path / "events")
    assert (report.rows, report.unique, report.duplicates, report.conflicts) == (3, 2, 1, 1)
    (gap,) = report.gaps
    assert "expected one content for one event id" in gap.reason
    assert "src_ip" in gap.reason


def small_files(count: int) -> Store:
    store = Store()
    for number in range(count):
        told = [
            record(
                eventID=f"{number}/{n}",
                requestID=f"{number:05}",
                eventTime=f"2026-01-{1 + number % 28:02}T00:{n:02}:00Z",
            )
            for n in range(20)
        ]
        store.add(gzip.compress(native(*told), 1))
    return store


def test_many_files_of_twenty_records_6000_in_soak(tmp_path: Path) -> None:
    count = 6_000 if SOAK else 300
    store = small_files(count)
    report = run(store, tmp_path / "events")
    assert (report.files, report.files_read) == (count, count)
    assert (report.records, report.rows, report.unique) == (count * 20,) * 3
    days = {path.parent.name for path in (tmp_path / "events").rglob("*.parquet")}
    assert len(days) == 28


class Endless(io.RawIOBase):
    """One large JSON file that exists nowhere: the parts of it are made as they are read."""

    def __init__(self, size: int) -> None:
        self._parts = self._made(size)
        self._held = b""

    @staticmethod
    def _made(size: int) -> Iterator[bytes]:
        yield b'{"Records":['
        body = msgspec.json.encode(record(eventID="N"))
        made = 0
        for number in itertools.count():
            one = body.replace(b'"eventID":"N"', b'"eventID":"E%d"' % number)
            yield (b"," if number else b"") + one
            made += len(one) + 1
            if made >= size:
                break
        yield b"]}"

    def read(self, size: int = -1, /) -> bytes:
        while len(self._held) < size:
            part = next(self._parts, None)
            if part is None:
                break
            self._held += part + b"".join(itertools.islice(self._parts, 500))
        found, self._held = self._held[:size], self._held[size:]
        return found


def length_of(size: int) -> int:
    stream = Endless(size)
    return sum(len(chunk) for chunk in iter(lambda: stream.read(1 << 20), b""))


@pytest.mark.skipif(not SOAK, reason="3 GB take minutes: run with BUTFOR_SOAK=1")
def test_soak_a_single_file_of_3_gb_in_constant_memory(tmp_path: Path) -> None:
    size = int(os.environ.get("BUTFOR_SOAK_BYTES", str(3 * 1024**3)))

    class OneFile(Store):
        def open_item(self, item: EvidenceItem) -> BinaryIO:
            return Endless(size)  # type: ignore[return-value]

    store = OneFile()
    item = store.add(b"")
    store.items = [replace(item, size=length_of(size))]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = run(store, tmp_path / "events")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert report.record_gaps == 0
    assert report.rows > size // 2000
    assert grown < 400, f"{grown:.0f} MB"


def test_a_large_body_is_split_as_a_stream_with_the_same_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Endless(3 << 20)
    store = Store()
    store.add(b"".join(iter(lambda: stream.read(1 << 20), b"")))
    whole = run(store, tmp_path / "whole")
    monkeypatch.setattr(split, "BODY_LIMIT", 1 << 20)
    streamed = run(store, tmp_path / "streamed")
    assert whole == streamed
    assert whole.rows > 2000
    for path in (tmp_path / "whole").rglob("*.parquet"):
        other = tmp_path / "streamed" / path.relative_to(tmp_path / "whole")
        assert path.read_bytes() == other.read_bytes()
