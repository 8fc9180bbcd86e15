"""CJ: one value, one sequence of bytes."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import canonical

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES, max_size=5)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, b"{}"),
        ({"b": 1, "a": [True, None, "x"]}, b'{"a":[true,null,"x"],"b":1}'),
        ({"a/b": '\b\t\n\f\r"\\/'}, b'{"a/b":"\\b\\t\\n\\f\\r\\"\\\\/"}'),
        ({"a": "\x00\x1f\x7f"}, b'{"a":"\\u0000\\u001f\\u007f"}'),
        ({"a": "é\U0001f600"}, b'{"a":"\\u00e9\\ud83d\\ude00"}'),
        ({"\U0001f600": 1, "￿": 2}, b'{"\\uffff":2,"\\ud83d\\ude00":1}'),
        ({"n": 2**53 - 1}, b'{"n":9007199254740991}'),
    ],
)
def test_bytes(value: dict[str, Any], expected: bytes) -> None:
    assert expected == canonical.encode(value)
    assert value == canonical.decode(expected)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "expected an object, found list"),
        ({"a": 1.0}, r"\$\.a: expected JSON without floats, found float"),
        ({"a": [float("nan")]}, r"\$\.a\[0\]"),
        ({"a": 2**53}, "within 2\\*\\*53"),
        ({1: "a"}, "expected keys of text, found int"),
        ({"a": "\udc80"}, "lone surrogate"),
        ({"a": {"\ud800": 1}}, "lone surrogate"),
        ({"a": b"x"}, "found bytes"),
    ],
)
def test_refused_values(value: Any, message: str) -> None:
    with pytest.raises(canonical.CanonicalError, match=message):
        canonical.encode(value)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"b":1,"a":2}', b'{"a":1,"a":2}', b'{"a": 1}', b'{"a":1.0}', b'{"a":1}\r', b"[1]", b"{",
        b'{"a":"\xc3\xa9"}', b'{"a":"\\u00E9"}', b'{"a":NaN}', b"", b'{"a":' + b"[" * 100_000,
        b'{"a":"\\u0041"}', b'{"a":"\\/"}', b'{"a":-0}',
    ],
)  # fmt: skip
def test_refused_bytes(raw: bytes) -> None:
    with pytest.raises(canonical.CanonicalError):
        canonical.decode(raw)


@settings(deadline=None)
@given(OBJECTS)
def test_round_trip(value: dict[str, Any]) -> None:
    raw = canonical.encode(value)
    assert value == canonical.decode(raw)
    assert raw == json.dumps(
        value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False
    ).encode("ascii")
    assert all(0x20 <= byte <= 0x7E for byte in raw)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=20)), st.binary(max_size=20))
def test_lines_and_tail_are_all_the_bytes(lines: list[bytes], tail: bytes) -> None:
    clean, rest = [line.replace(b"\n", b"") for line in lines], tail.replace(b"\n", b"")
    raw = b"".join(line + b"\n" for line in clean) + rest
    assert clean == list(canonical.split_lines(raw))
    assert rest == canonical.torn(raw)
