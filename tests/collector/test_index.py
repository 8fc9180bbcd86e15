"""The index behaves as a dictionary does; a failed group is the last one that is written."""

import errno
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import acquisition, acquisition_group, clock, durable, ledger, session, warc
from collector.acquisition_record import Request
from collector.errors import IncompleteError
from collector.index import Index, key

KEYS = st.sampled_from([b"", b"a", b"\x00", b"b" * 70])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(KEYS, st.text(max_size=8))))
def test_an_index_is_a_dictionary(puts: list[tuple[bytes, str]]) -> None:
    index, expected = Index(), dict[bytes, str]()
    for name, value in puts:
        index.put(name, value.replace("\x00", ""))
        expected[name] = value.replace("\x00", "")
        assert len(index) == len(expected)
    assert {name: index.get(name) for name in expected} == expected
    assert index.get(b"never") is None
    assert b"never" not in index


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_keys_tell_parts_apart(one: list[str], other: list[str]) -> None:
    assert (key(*one) == key(*other)) == (one == other)


def test_keys_take_names_that_are_not_unicode() -> None:
    assert key("a\udce9") != key("aé")


def exchange(number: int) -> tuple[tuple[str, bytes], ...]:
    return (("warcinfo", warc.warcinfo(clock.now(), {"n": str(number)})),)


def test_records_of_many_threads_are_where_they_are_said_to_be(tmp_path: Path) -> None:
    session.create(tmp_path / "case")
    request = Request(source="test", scope="s", asked={}, why="test")
    places: dict[int, int] = {}

    def add(writer: acquisition.AcquisitionWriter, start: int) -> None:
        for number in range(start, start + 200):
            (pointer,) = writer.add_exchange(exchange(number))
            places[number] = pointer.record

    with session.writing(tmp_path / "case", "t") as writing, acquisition.acquire(
        writing, request
    ) as writer:  # fmt: skip
        threads = [threading.Thread(target=add, args=(writer, 200 * n)) for n in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        writer.commit()
        for number, record in places.items():
            place = writer.pointer(record)
            _, block = warc.read_at(writer.folder / ledger.WARC, place.offset)
            assert block == f"n: {number}\r\n".encode()
    assert sorted(places.values()) == list(range(1, 801))


def test_after_a_write_that_failed_nothing_more_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else later records would be at other offsets than their citations say."""
    monkeypatch.setattr(acquisition_group, "GROUP_SECONDS", 1000.0)
    session.create(tmp_path / "case")
    request = Request(source="test", scope="s", asked={}, why="test")
    real, refused = durable.append, [True]

    def full(target: Path, data: bytes) -> None:
        if target.name == ledger.WARC and refused.pop():
            raise OSError(errno.ENOSPC, "No space left on device")
        real(target, data)

    def fill(writer: acquisition.AcquisitionWriter) -> None:
        writer.add_exchange(exchange(1))
        writer.commit()
        monkeypatch.setattr(durable, "append", full)
        writer.add_exchange(exchange(2))
        with pytest.raises(OSError, match="No space"):
            writer.commit()
        writer.add_exchange(exchange(3))
        writer.commit()

    with session.writing(tmp_path / "case", "t") as writing:  # noqa: SIM117
        with pytest.raises(IncompleteError), acquisition.acquire(writing, request) as writer:
            fill(writer)
    assert refused == []
    (warc_file,) = (tmp_path / "case").rglob(ledger.WARC)
    assert warc.whole_length(warc_file)[1] == 1
