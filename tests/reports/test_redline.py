"""Redlines: every block of both versions is there once, with what happened to it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.model import Mark
from reports.redline import of_changes, redline

BLOCKS = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)


@pytest.mark.parametrize(
    ("before", "after", "marks"),
    [
        ("", "ab", "+a +b"),
        ("ab", "", "-a -b"),
        ("abc", "abc", "=a =b =c"),
        ("abc", "acd", "=a -b =c +d"),
        ("ab", "ba", "~b =a"),
    ],
)
def test_marks(before: str, after: str, marks: str) -> None:
    sign = {Mark.SAME: "=", Mark.ADDED: "+", Mark.REMOVED: "-", Mark.MOVED: "~"}
    found = " ".join(sign[mark] + block for mark, block in redline(before, after))
    assert marks == found


@given(BLOCKS, BLOCKS)
@settings(max_examples=200, deadline=None)
def test_both_versions_can_be_read_out_of_the_redline(before: list[str], after: list[str]) -> None:
    marks = redline(before, after)
    assert after == [block for mark, block in marks if mark is not Mark.REMOVED]
    assert sorted(before) == sorted(block for mark, block in marks if mark is not Mark.ADDED)


def test_rows_of_a_write() -> None:
    one, two = ({"Version": "2012-10-17", "Statement": {"Sid": s}} for s in "ab")
    rows: list[dict[str, str | None]] = [
        {"old": json.dumps(one), "new": json.dumps(one)},
        {"old": json.dumps(two), "new": None},
        {"old": "UNKNOWN", "new": json.dumps({"x": 1})},
    ]
    assert of_changes(rows) == (
        (Mark.SAME, '{\n  "Sid": "a"\n}'),
        (Mark.REMOVED, '{\n  "Sid": "b"\n}'),
        (Mark.ADDED, '{\n  "x": 1\n}'),
    )
