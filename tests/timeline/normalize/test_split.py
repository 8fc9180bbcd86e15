"""Records and their offsets: both ways of cutting agree, and neighbours of damage are kept."""

import gzip
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.normalize import archives, lines, split
from timeline.normalize.model import RECORD_LIMIT, Record

A = b'{"eventVersion":"1","x":"}{\\"["}'
BAD = b'{"eventVersion":"2","bad":"},'


def cut(body: bytes, step: int | None = None) -> list[Record]:
    size = step or max(1, len(body))
    if step:
        return list(split.scan(iter(body[i : i + size] for i in range(0, len(body), size))))
    return list(split.json_records(iter((body,))))


def places(records: list[Record]) -> list[tuple[int, int, int]]:
    return [(r.number, r.offset, r.length) for r in records]


FORMS = [
    (b'{"Records":[' + A + b" ,\n" + A + b"]}", 2),
    (b"[" + A + b"," + A + b"]", 2),
    (A + b"\r\n" + A + b"\n", 2),
    (A, 1),
    (b'\xef\xbb\xbf{"Records":[ ' + A + b"]}", 1),
    (b'{"NextToken":"s","Events":[' + A + b"]}", 1),
    (b'{"Records":[' + A + b'],"Records":[' + A + b"]}", 2),
    (b'{"Records":[]}{"Records":[' + A + b"]}", 1),
    (b'{"Events":[' + A + b']}\n{"Events":[' + A + b"]}\n", 2),
    (b'{\n "a": {"b":[1]}\n}\n{\n "a": 2}', 2),
    (b"", 0),
    (b'{"Records":[]}', 0),
]


@pytest.mark.parametrize(("body", "count"), FORMS)
@pytest.mark.parametrize("step", [None, 1, 3, 7])
def test_forms(body: bytes, count: int, step: int | None) -> None:
    records = cut(body, step)
    assert [r.number for r in records] == list(range(count))
    assert all(r.problem is None for r in records)
    assert all(body[r.offset : r.offset + r.length] == r.data for r in records)


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        (b'{"Records":[' + A + b"," + BAD + A + b"]}", [False, True, False]),
        (b'{"Records":[' + A + b',{"eventVersion":"2","ba', [False, True]),
        (b'{"Records":[' + A + b",null," + A + b"]}x" + A, [False, True, False, True, False]),
        (b"garbage", [True]),
    ],
)
def test_damage_is_one_record_and_neighbours_are_kept(body: bytes, problems: list[bool]) -> None:
    assert problems == [r.problem is not None for r in cut(body)]
    assert problems == [r.problem is not None for r in cut(body, 3)]


def test_a_bad_line_costs_one_line() -> None:
    records = cut(A + b'\n{"a": "unc\n' + A + b"\n")
    assert [r.data for r in records] == [A, b'{"a": "unc', A]


def test_a_record_over_the_limit_is_no_data_in_bounded_memory() -> None:
    big = b'{"x":"' + b"y" * (RECORD_LIMIT + 10) + b'"}'
    body = b"[" + A + b"," + big + b"," + A + b"]"
    chunked = [body[i : i + (1 << 20)] for i in range(0, len(body), 1 << 20)]
    records = list(split.scan(iter(chunked)))
    assert [r.problem is not None for r in records] == [False, True, False]
    assert len(big) == records[1].length
    assert body[records[2].offset :][: records[2].length] == A


def test_a_long_line_is_no_data() -> None:
    body = b"a\n" + b"y" * (RECORD_LIMIT + 10) + b"\nb\n"
    chunked = (body[i : i + (1 << 20)] for i in range(0, len(body), 1 << 20))
    records = list(lines.text_lines(chunked))
    assert [r.data for r in records] == [b"a", None, b"b"]
    assert body[records[2].offset :][:1] == b"b"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=6), JSON), max_size=5), st.integers(1, 40))
def test_scanner_and_parser_agree(values: list[dict[str, object]], step: int) -> None:
    body = b'{"Records": [' + b" , ".join(json.dumps(v).encode() for v in values) + b"]}"
    whole, scanned = cut(body), cut(body, step)
    assert places(whole) == places(scanned)
    assert values == [json.loads(r.data or b"") for r in whole]


def chunks(data: bytes) -> Iterator[bytes]:
    import io

    for body in archives.bodies(io.BytesIO(data)):
        yield from body.chunks


def test_concatenated_members_and_padding() -> None:
    data = gzip.compress(A) + gzip.compress(A) + b"\0" * 8
    assert b"".join(chunks(data)) == A + A


@pytest.mark.parametrize("size", range(1, 60, 7))
def test_truncated_gzip_yields_what_was_there(size: int) -> None:
    packed = gzip.compress(A * 100, mtime=0)
    quiet, ended = lines.until_cut(chunks(packed[: max(3, len(packed) - size)]))
    assert (A * 100).startswith(b"".join(quiet))
    assert [cut.kind for cut in ended] == ["truncated"]
