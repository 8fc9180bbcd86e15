"""Members of a gzip file: found whole whatever the reads give, and held one at a time."""

import gzip
import io
import random
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import gzip_members, warc
from collector.verify import holdings
from tests.collector.seal import standalone


def found(
    data: bytes, size: int = 1 << 16, limit: int | None = None
) -> list[tuple[int, int, bytes]]:
    """Members, where reads give no more than `size` bytes."""
    file = io.BytesIO(data)
    return list(gzip_members.whole(lambda asked: file.read(min(asked, size)), limit=limit))


@settings(max_examples=100, deadline=None)
@given(bodies=st.lists(st.binary(max_size=300), max_size=6), size=st.integers(1, 400))
def test_any_members(bodies: list[bytes], size: int) -> None:
    packed = [gzip.compress(body, mtime=0) for body in bodies]
    ends = [sum(map(len, packed[: at + 1])) for at in range(len(packed))]
    expected = [
        (end - len(one), end, body) for one, end, body in zip(packed, ends, bodies, strict=True)
    ]
    assert found(b"".join(packed), size) == expected


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])
@pytest.mark.parametrize("zeros", [True, False])
def test_sizes_around_a_step(size: int, zeros: bool) -> None:
    """Where a step of inflating ends with the member: nothing is lost, nothing waits for more."""
    body = bytes(size) if zeros else random.Random(size).randbytes(size)
    packed = gzip.compress(body, mtime=0)
    assert [one for *_, one in found(packed + packed)] == [body, body]
    assert [one for *_, one in found(packed[:-1])] == []
    assert [one for *_, one in found(packed + b"no member")] == [body]


def test_what_is_too_large_is_passed_over() -> None:
    """A record that inflates without end is not held, and what comes after it is read."""
    bomb = gzip.compress(bytes(64 << 20), mtime=0)
    small = gzip.compress(b"small", mtime=0)
    tracemalloc.start()
    members = found(small + bomb + small, limit=1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [body for *_, body in members] == [b"small", b"small"]
    assert members[1][0] == len(small) + len(bomb)
    assert peak < 8 << 20


def test_both_verifiers_read_a_large_file_with_little_memory(tmp_path: Path) -> None:
    """48 MB of exchanges: each sees every answer, and holds one at a time."""
    dice = random.Random(1)
    path = tmp_path / "api.warc.gz"
    head = b"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: %d\r\n\r\n"
    with path.open("wb") as file:
        for _ in range(48):
            block = b"HTTP/1.1 200 OK\r\n\r\n" + dice.randbytes(1 << 20)
            record = head % len(block) + block + b"\r\n\r\n"
            file.write(gzip.compress(record, 1, mtime=0))
    for read in (holdings._answers, standalone.AWS.answers):
        tracemalloc.start()
        assert sum(1 for _ in read(path)) == 48
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 16 << 20
    assert warc.whole_length(path) == (path.stat().st_size, 48)
