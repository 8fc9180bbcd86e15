"""Access-log lines by the block: what is taken is what reading line by line gives; none is lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.timeline.normalize.evidence import DATA, places_and_rows
from timeline.normalize import columns, lines
from timeline.normalize.aws import s3_access_log, s3_access_log_block
from timeline.normalize.coded import Many
from timeline.normalize.lines import BOM
from timeline.normalize.model import Record, Unreadable, Where
from timeline.normalize.packed import packed
from timeline.normalize.table import to_table

WHERE = Where("EV-1.f1", "logs.zip!/", 1_700_000_000_000_000)
OWNER = "8787a3c41bf7ce0d54359d9348ad5b08e16bd5bb8ae5aa4e1508b435773a066e"
#: For each field what it may hold; hostile words among them, so that not every line is plain.
FIELDS: tuple[tuple[str, ...], ...] = (
    (OWNER, "-"),
    ("b", "corp-data", "-"),
    ("[06/Feb/2019:01:00:38 +0100]", "[31/Dec/2021:23:59:60 +0000]", "[06/Xxx/2019:00:00:38 +0000]",
     "[06/Feb/2019:01:00:38]", "06/Feb/2019:01:00:38 +0100", "[30/Feb/2020:00:00:00 +0000]"),
    ("192.0.2.3", "2001:db8::1", "-"),
    ("-", "arn:aws:sts::111111111111:assumed-role/r/s", "arn:aws:iam::111111111111:user/p/al",
     OWNER, "svc:cloudtrail.amazonaws.com", "AmazonS3"),
    ("REQ1", "3E57427F33A59F07", "-"),
    ("REST.GET.OBJECT", "REST.PUT.ACL", "BATCH.DELETE.OBJECT", "REST.GET.BUCKET", "-"),
    ("k", "-", "a%2520b", "a%20b", "date%3D2020/p.parquet", "%", 'k"q', "k\\n"),
    ('"GET /k HTTP/1.1"', '"GET /a%20b?versionId=v1&x=%22 HTTP/1.1"', '"-"', "-", '""', '"GET"',
     '"GET /k?X-Amz-Credential=AKIA%2F2020 HTTP/1.1"', '"GET /k?x="1"2" HTTP/1.1"',
     '"GET /k?AWSAccessKeyId=AK&versionId= HTTP/1.1"', '"GET /\u00e9 HTTP/1.1"'),
    ("200", "403", "-", "20", "abc"),
    ("-", "AccessDenied", "NoSuchKey"),
    ("12", "-", "007", "9223372036854775808", "1" * 19, "1" * 5000, "1x", "+5", ""),
    ("34", "-", "x"),
    ("5", "-"),
    ("6", "-", "0x1F"),
    ('"-"', '"https://x.example/"', "-", '""', '"a b" c"'),
    ('"aws-cli/2.0"', '"-"', "-", '"a"b" "c "', '"a\\\\b"', '"t\tab"', '"\u00fc"', '"\x7f"',
     '"""', '""', '"k" 200 - 1 2 3 4 "-" "x"', '"!"'),
    ("v1", "-"),
    ("hostid=", "-"),
    ("SigV4", "-"),
    ("ECDHE-RSA-AES128-GCM-SHA256", "-"),
    ("AuthHeader", "QueryString", "-"),
    ("b.s3.amazonaws.com", "-"),
    ("TLSv1.2", "-"),
    ("arn:aws:s3:us-east-1:111111111111:accesspoint/ap", "-"),
    ("Yes", "-"),
    ("us-east-1", "-"),
    ("more",),
)  # fmt: skip
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@st.composite
def log_lines(draw: st.DrawFn) -> bytes:
    """One line: mostly plain, now and then with a strange field, a blank too many, or cut off."""
    strange = draw(st.sets(st.integers(0, len(FIELDS) - 1), max_size=3))
    words = [
        draw(st.sampled_from(values)) if number in strange else draw(st.sampled_from(values[:2]))
        for number, values in enumerate(FIELDS)
    ]
    count = draw(st.sampled_from([26, 26, 25, 27, 28, 18, *range(17, 29)]))
    text = " ".join(words[:count])
    for _ in range(draw(st.sampled_from([0] * 8 + [1, 2, 3]))):
        at = draw(st.integers(0, len(text)))
        text = (
            text[:at]
            + draw(st.sampled_from(['"', " ", "  ", "\r", "\\", "-", "[", '" ']))
            + text[at:]
        )
    if draw(st.integers(0, 19)) == 0:
        text = text[: draw(st.integers(0, len(text)))]
    return text.replace("\n", "").encode()


#: Plain words, each line with its own, many of them hyphens.
word = st.sampled_from(["-", "-", "a", "b%41", "k"]) | st.text("ab-%=/.", min_size=1, max_size=9)
digits = st.sampled_from(["-", "0"]) | st.integers(0, 10**17).map(str)
quoted = st.sampled_from(['"-"', '""', '"GET /k?versionId=v&x HTTP/1.1"']) | st.text(
    'ab? "-!', max_size=9
).map('"{}"'.format)
moments = st.tuples(
    st.integers(1, 29), st.sampled_from(MONTHS), st.integers(1950, 9998),
    *(st.integers(0, last) for last in (23, 59, 60)), st.sampled_from(["+0000", "+0000", "-0730"]),
).map(lambda at: "[{:02}/{}/{:04}:{:02}:{:02}:{:02} {}]".format(*at))  # fmt: skip
varied_lines = st.tuples(
    *(word, word, moments, *[word] * 5, quoted),
    st.sampled_from(["200", "404", "-"]),
    word,
    *[digits] * 4,
    quoted,
    quoted,
    st.lists(word, min_size=1, max_size=10).map(" ".join),
).map(lambda words: " ".join(words).encode())


bodies = st.tuples(
    st.sampled_from([b"", BOM]),
    st.lists(st.one_of(log_lines(), st.sampled_from([b"", b" ", b"\r", b"\xff"])), max_size=12),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
).map(lambda each: each[0] + each[2].join(each[1]) + (each[2] if each[3] else b""))


def by_line(body: bytes) -> tuple[list[Many], list[tuple[str, str]]]:
    rows: list[Many] = []
    problems = []
    for record in lines.text_lines(iter((body,))):
        assert isinstance(record, Record)
        assert record.data == body[record.offset : record.offset + record.length]
        try:
            rows.append(packed(s3_access_log.read(record, WHERE)[0], record.number))
        except Unreadable as error:
            problems.append((f"{record.number}@{record.offset}+{record.length}", str(error)))
    return rows, problems


def by_block(body: bytes) -> tuple[list[Many], list[tuple[str, str]], int]:
    rows: list[Many] = []
    problems, taken = [], 0
    for found in lines.read_lines(iter((body,)), lambda b: s3_access_log_block.read(b, WHERE)):
        if not isinstance(found, Record):
            rows.append(found)
            taken += len(found.times())
            continue
        try:
            rows.append(packed(s3_access_log.read(found, WHERE)[0], found.number))
        except Unreadable as error:
            problems.append((f"{found.number}@{found.offset}+{found.length}", str(error)))
    return rows, problems, taken


def in_order(rows: list[Many]) -> list[dict[str, Any]]:
    each = [row for many in rows for row in places_and_rows(many.coded())]
    return [row for _, row in sorted(each, key=lambda pair: pair[0])]


def assert_same(body: bytes) -> int:
    expected, lost = by_line(body)
    found, also_lost, taken = by_block(body)
    assert lost == also_lost
    assert in_order(expected) == in_order(found)
    return taken


@settings(max_examples=200, deadline=None)
@given(bodies)
def test_a_block_gives_the_rows_of_its_lines(body: bytes) -> None:
    assert_same(body)


@settings(max_examples=100, deadline=None)
@given(st.lists(varied_lines, min_size=1, max_size=20))
def test_lines_that_hardly_repeat_give_the_same_rows(found: list[bytes]) -> None:
    taken = assert_same(b"\n".join(found))
    event(f"{10 * taken // len(found)} of 10 taken")


@settings(max_examples=60, deadline=None)
@given(st.lists(log_lines(), min_size=1, max_size=6), st.data())
def test_damaged_bytes_give_the_same_rows(found: list[bytes], data: st.DataObject) -> None:
    body = bytearray(b"\n".join(found) + b"\n")
    for _ in range(3):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    assert_same(bytes(body))


def test_a_plain_line_is_taken_with_all_that_it_says() -> None:
    for count in range(18, 28):
        body = " ".join(values[0] for values in FIELDS[:count]).encode()
        assert assert_same(body + b"\n" + body.replace(b" - ", b" v ")) == 2


@pytest.mark.parametrize(
    ("place", "text", "taken"),
    [
        (16, "k\\n", False), (16, "\u00e9", False), (16, "\tk", False), (16, "\x7f", False),
        (16, "k  k", True), (16, 'k"q', True), (16, '"', True), (16, '" "', True),
        (16, 'k" 200 - 1 2 3 4 "-" "x', True), (16, 'k HTTP/1.1" 200 - 1 2 3 4 "-" "x" - -', True),
        (15, 'k"q', False), (15, 'k" "q', True), (8, 'GET "k" HTTP/1.1', False),
        (8, 'GET /k HTTP/1.1" 200 - 1 2 3 4 "-', False), (8, "GET", True), (8, "", True),
    ],
)  # fmt: skip
def test_a_line_in_doubt_is_left_to_the_reader_of_lines(place: int, text: str, taken: bool) -> None:
    words = [values[0] for values in FIELDS[:26]]
    words[place] = f'"{text}"'
    plain = " ".join(values[0] for values in FIELDS[:26])
    body = "\n".join([plain, " ".join(words), plain]).encode()
    assert assert_same(body) == 2 + taken


def test_lines_longer_than_a_block_and_blocks_cut_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = " ".join(values[0] for values in FIELDS[:26]).encode()
    body = b"\n".join([plain, b"x" * 3000, b"", plain, plain])
    whole = [r for r in lines.text_lines(iter((body,))) if isinstance(r, Record)]
    monkeypatch.setattr(lines, "BLOCK", 100)
    for size in (1, 7, 550, 4000):
        chunks = [body[start : start + size] for start in range(0, len(body), size)]
        found = [r for r in lines.text_lines(iter(chunks)) if isinstance(r, Record)]
        assert whole == found


def test_a_line_over_the_limit_is_said_wherever_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "RECORD_LIMIT", 1000)
    monkeypatch.setattr(lines, "BLOCK", 100)
    body = b"\n".join([b"first", b"x" * 3000, b"second", b"y" * 1001])
    for size in (1, 90, 1500, 5000):
        chunks = [body[start : start + size] for start in range(0, len(body), size)]
        found = [r for r in lines.text_lines(iter(chunks)) if isinstance(r, Record)]
        told = [(r.number, r.offset, r.length, r.data, r.problem is None) for r in found]
        assert told == [
            (0, 0, 5, b"first", True), (1, 6, 3000, None, False),
            (2, 3007, 6, b"second", True), (3, 3014, 1001, None, False),
        ]  # fmt: skip


def test_values_are_worked_out_once_for_each_combination() -> None:
    numbers = columns.distinct(pa.array([1, 2, 1, None, 2]))
    texts = columns.distinct(pa.array(["a", "b", "a", None, "a"]))
    found = columns.combined(numbers, columns.alike("x", 5), texts)
    assert sorted(found.values, key=repr) == [
        (1, "x", "a"), (2, "x", "a"), (2, "x", "b"), (None, "x", None),
    ]  # fmt: skip
    assert found.texts(repr).to_pylist() == [
        "(1, 'x', 'a')", "(2, 'x', 'b')", "(1, 'x', 'a')", "(None, 'x', None)", "(2, 'x', 'a')",
    ]  # fmt: skip
    first = found.mapped(lambda values: values[0])
    assert sorted(first.values, key=repr) == [1, 2, None]
    assert [first.values[code] for code in first.code] == [1, 2, 1, None, 2]


def test_many_combinations_are_sorted_instead_of_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    pair = [columns.distinct(pa.array(rng.integers(0, 50, 500))) for _ in range(2)]
    expected = columns.combined(*pair)
    assert len(set(expected.values)) == len(expected.values)
    monkeypatch.setattr(columns, "_TABLE", 0)
    found = columns.combined(*pair)
    assert expected.values == found.values
    assert expected.code.tolist() == found.code.tolist()


def test_numbers_are_read_from_their_places() -> None:
    words = ["7", "007", "12345678", "123456789", "9" * 16, "0", "1" * 17, "", "1x", "x1", "/", ":",
             "1234567:", "12/45678", "9" * 8 + "x" + "9" * 7, "x" + "9" * 15, "-"]  # fmt: skip
    data = b" " * 16 + " ".join(words).encode() + b" " * 8
    ends = 15 + np.cumsum([len(word) + 1 for word in words])
    starts = ends - [len(word) for word in words]
    values, sound = columns.whole(data, starts, ends)
    expected = [
        int(word) if word.isdigit() and len(word) <= columns.DIGITS else None for word in words
    ]
    assert expected == [
        v if s else None for v, s in zip(values.tolist(), sound.tolist(), strict=True)
    ]


def test_texts_that_hold_a_byte() -> None:
    column = pa.array(["a?", "", None, "b", "?", "c?d?"]).slice(1)
    assert columns.holding(column, b"?").tolist() == [False, False, False, True, True]
    assert columns.holding(pa.nulls(2, pa.string()), b"?").tolist() == [False, False]


def real_logs() -> Iterator[Path]:
    for folder in sorted(DATA.glob("aws_s3_access_log_*")):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and s3_access_log.detect(path.read_bytes()[:400]):
                yield path


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared real logs are not on this machine")
def test_real_lines_are_read_alike() -> None:
    taken = total = 0
    for path in real_logs():
        body = path.read_bytes()
        taken += assert_same(body)
        total += len([line for line in body.splitlines() if line.strip()])
    assert total > 15
    assert taken > total * 3 // 4
    assert to_table(()).num_rows == 0
