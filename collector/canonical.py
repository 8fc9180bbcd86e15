"""CJ, the canonical JSON of every line that butfor hashes: one object, one sequence of bytes.

ASCII only, keys sorted by code point, no spaces, no floats, integers within +-(2**53 - 1), so that
a reader in any language gets the same value back. A verifier hashes the raw bytes and never
re-serializes; `decode` is strict so that a line means one thing only.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

#: Largest integer that every JSON reader keeps exact (RFC 7493, 2.2).
MAX_INTEGER = 2**53 - 1

LF = b"\n"

_ENCODER = json.JSONEncoder(
    sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False
)


class CanonicalError(ValueError):
    """A value that CJ cannot hold, or bytes that are not CJ: expected and found, in words."""


def encode(value: Mapping[str, Any]) -> bytes:
    """The bytes of one object, without its line feed.

    Raises:
        CanonicalError: a float, an integer beyond 2**53, a key that is not text, a lone surrogate
            (text that is not Unicode goes in base64, under a name of its own).
    """
    if not isinstance(value, Mapping):
        raise CanonicalError(f"expected an object, found {type(value).__name__}")
    return _ENCODER.encode(value if _is_plain(value) else _checked(value, "$")).encode("ascii")


def line(value: Mapping[str, Any]) -> bytes:
    """`encode` with the line feed that ends every line."""
    return encode(value) + LF


def decode(raw: bytes) -> dict[str, Any]:
    """One object from its bytes (without line feed); refuses whatever `encode` would not write.

    Raises:
        CanonicalError: not JSON, not an object, or not in canonical form.
    """
    try:
        value = json.loads(raw.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise CanonicalError(f"expected one line of canonical JSON, found: {error}") from error
    if not isinstance(value, dict):
        raise CanonicalError(f"expected an object, found {type(value).__name__}")
    if encode(value) != raw:
        raise CanonicalError("expected canonical JSON, found another spelling of the same value")
    return value


def split_lines(raw: bytes) -> Iterator[bytes]:
    """Lines without their line feeds. Bytes after the last line feed are not a line: see `torn`."""
    start = 0
    while (end := raw.find(LF, start)) != -1:
        yield raw[start:end]
        start = end + 1


def torn(raw: bytes) -> bytes:
    """What follows the last line feed: empty, or the beginning of an unfinished line."""
    return raw[raw.rfind(LF) + 1 :]


def _is_plain(value: object) -> bool:
    """Whether a value is plain JSON without doubt. Most are: only the others are looked at again,
    at six times the cost, to convert them or to name the place of what CJ cannot hold."""
    if type(value) is str:
        return value.isascii()
    if type(value) is dict:
        return all(
            type(name) is str and name.isascii() and _is_plain(one) for name, one in value.items()
        )
    if type(value) is list:
        return all(map(_is_plain, value))
    if type(value) is int:
        return -MAX_INTEGER <= value <= MAX_INTEGER
    return value is None or type(value) is bool


def _checked(value: object, where: str) -> object:
    """The same value as plain JSON types, or an error that names the place."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise CanonicalError(f"{where}: expected an integer within 2**53 - 1, found {value}")
        return int(value)
    if isinstance(value, str):
        return _text(value, where)
    if isinstance(value, Mapping):
        return {_key(key, where): _checked(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(item, f"{where}[{at}]") for at, item in enumerate(value)]
    raise CanonicalError(f"{where}: expected JSON without floats, found {type(value).__name__}")


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise CanonicalError(f"{where}: expected keys of text, found {type(key).__name__}")
    return _text(key, where)


def _text(value: str, where: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError(f"{where}: expected Unicode text, found a lone surrogate") from error
    return str(value)
