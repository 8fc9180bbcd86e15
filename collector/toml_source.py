"""Reading TOML strictly: every value is asked for by name and type, and every complaint carries the
line it is about. `tomllib` keeps no positions, so they are found again by scanning the text.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from collector.errors import ConfigError

#: A dotted path: keys, and positions in arrays of tables.
Place = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=(.*)$"""
)


class Source:
    """A TOML file with its text, for messages that name file and line."""

    def __init__(self, path: Path) -> None:
        """Read and parse.

        Raises:
            ConfigError: unreadable, not UTF-8, not TOML (with the line).
        """
        self.path = path
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"{path}: expected a readable file, found: {error.strerror}"
            ) from error
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise ConfigError(f"{path}, line {line}: expected UTF-8, found other bytes") from error
        try:
            self.values: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(_undecodable(path, text, error)) from error
        self._lines = _positions(text)

    def error(self, place: Place, message: str) -> ConfigError:
        """A complaint about the value at `place`, or about its nearest table in the text."""
        known = place
        while known and known not in self._lines:
            known = known[:-1]
        where = f"{self.path}, line {self._lines.get(known, 1)}"
        return ConfigError(
            f"{where}: {message}" if not place else f"{where}: {name(place)}: {message}"
        )


class Table:
    """One table of a source, from which each key is taken once; `close` refuses the rest."""

    def __init__(self, source: Source, place: Place, values: Mapping[str, Any]) -> None:
        """A view on `values`, which stand at `place`."""
        self.source, self.place, self._values = source, place, values
        self._asked: set[str] = set()

    def error(self, key: str, message: str) -> ConfigError:
        """A complaint about one key of this table."""
        return self.source.error((*self.place, key), message)

    def text(self, key: str) -> str | None:
        """Text; missing or empty is None: not supplied."""
        value = self._take(key, str, "text in quotes")
        return value.strip() or None if isinstance(value, str) else None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, none of them empty; missing is the empty tuple."""
        value = self._take(key, list, 'a list of texts, ["…", "…"]')
        for item in value or ():
            if not isinstance(item, str) or not item.strip():
                raise self.error(key, f"expected texts that are not empty, found {show(item)}")
        return tuple(item.strip() for item in value or ())

    def flag(self, key: str, default: bool | None) -> bool | None:
        """true or false; missing is `default`."""
        value = self._take(key, bool, "true or false")
        return default if value is None else bool(value)

    def number(self, key: str, default: int, least: int) -> int:
        """A whole number of at least `least`; missing is `default`."""
        value = self._take(key, int, "a whole number")
        if value is not None and value < least:
            raise self.error(key, f"expected at least {least}, found {value}")
        return default if value is None else int(value)

    def choice(self, key: str, options: tuple[str, ...]) -> str | None:
        """One of `options`; missing or empty is None."""
        value = self.text(key)
        if value is None or value in options:
            return value
        expected = " or ".join(f'"{option}"' for option in options)
        raise self.error(key, f"expected {expected}, found {show(value)}.{near(value, options)}")

    def instant(self, key: str) -> datetime | None:
        """A time with its offset to UTC, as UTC; missing or empty is None.

        A time without an offset is refused: taken for UTC it could be hours off.
        """
        value = self._take(key, (datetime, date, time, str), "a time with its offset")
        if isinstance(value, str):
            value = self._from_text(key, value)
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self.error(
                key,
                f"expected a date, time and offset to UTC, as in 2026-01-02T03:04:05Z or "
                f"2026-01-02T05:04:05+02:00, found {value}",
            )
        try:
            return value.astimezone(UTC)
        except OverflowError as error:
            raise self.error(
                key, f"expected a time in the years 1 to 9999 UTC, found {value}"
            ) from error

    def _from_text(self, key: str, value: str) -> datetime | None:
        if not value.strip():
            return None
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise self.error(
                key, f"expected a time, as in 2026-01-02T03:04:05Z, found {show(value)} ({error})"
            ) from error

    def table(self, key: str) -> "Table":
        """A sub-table; missing is an empty one."""
        value = self._take(key, dict, f"a table, [{name((*self.place, key))}]")
        return Table(self.source, (*self.place, key), value or {})

    def tables(self, key: str) -> tuple["Table", ...]:
        """An array of tables; missing is the empty tuple."""
        wanted = f"tables, [[{name((*self.place, key))}]]"
        value = self._take(key, list, wanted)
        for at, item in enumerate(value or ()):
            if not isinstance(item, dict):
                raise self.source.error(
                    (*self.place, key, at), f"expected {wanted}, found {show(item)}"
                )
        return tuple(
            Table(self.source, (*self.place, key, at), item) for at, item in enumerate(value or ())
        )

    def names(self) -> tuple[str, ...]:
        """Every key as it stands: for tables whose keys are names that the case chooses."""
        return tuple(self._values)

    def named(self) -> tuple[tuple[str, "Table"], ...]:
        """Every key as a sub-table: for tables whose keys are names that the case chooses."""
        return tuple((key, self.table(key)) for key in self._values)

    def close(self) -> None:
        """Refuse keys that nobody asked for: a misspelled key would silently not count.

        Raises:
            ConfigError: with the key that was probably meant.
        """
        for key in self._values:
            if key not in self._asked:
                known = sorted(self._asked)
                raise self.error(
                    key, f"unknown key.{near(key, known)} Keys here: {', '.join(known)}."
                )

    def _take(self, key: str, kind: type | tuple[type, ...], wanted: str) -> Any:  # noqa: ANN401 # TOML
        self._asked.add(key)
        value = self._values.get(key)
        if value is None:
            return None
        wrong_flag = isinstance(value, bool) and kind is not bool
        if wrong_flag or not isinstance(value, kind):
            raise self.error(key, f"expected {wanted}, found {show(value)}")
        return value


def name(place: Place) -> str:
    """A place as people write it: `parties[2].name` (counted from 1)."""
    text = ""
    for part in place:
        text += f"[{part + 1}]" if isinstance(part, int) else ("." if text else "") + part
    return text


def near(word: str, options: Iterable[str]) -> str:
    """` Did you mean …?`, or nothing."""
    found = difflib.get_close_matches(word, list(options), n=1, cutoff=0.6)
    return f' Did you mean "{found[0]}"?' if found else ""


def show(value: object) -> str:
    """A value as TOML would spell it, cut to a readable length."""
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _undecodable(path: Path, text: str, error: tomllib.TOMLDecodeError) -> str:
    """The parser's complaint with its line first, and a hint for the commonest slip."""
    found = re.search(r"line (\d+)", str(error))
    line = int(found.group(1)) if found else text.count("\n") + 1
    lines = text.splitlines()
    shown = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    what = str(error).split(" (at ", maxsplit=1)[0]
    return (
        f"{path}, line {line}: expected TOML, found {show(shown)}: {what}. Texts stand in quotes, "
        "times do not, and every day must exist."
    )


def _positions(text: str) -> dict[Place, int]:
    """Line (from 1) of every table header and key. Keys inside inline tables have none."""
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    depth, quote = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if quote or depth:
            depth, quote = _state(line, depth, quote)
            continue
        if header := _HEADER.match(line):
            table = _resolve(_split(header.group(2)), counts)
            if header.group(1) == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_split(key.group(1))), number)
            depth, quote = _state(key.group(2), 0, "")
    return lines


def _resolve(place: Place, counts: Mapping[Place, int]) -> Place:
    """A header's path with the array positions that its parents are at (not its own)."""
    done: Place = ()
    for part in place[:-1]:
        done = (*done, part)
        if done in counts:
            done = (*done, counts[done])
    return (*done, place[-1])


def _split(dotted: str) -> Place:
    parts = re.findall(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""", dotted)
    return tuple(part.strip("\"'") for part in parts) or (dotted,)


def _state(rest: str, depth: int, quote: str) -> tuple[int, str]:
    """Open brackets and open multi-line quotes after a piece of a value."""
    at = 0
    while at < len(rest):
        if quote:
            end = rest.find(quote, at)
            if end == -1:
                return depth, quote if len(quote) == 3 else ""
            at, quote = end + len(quote), ""
            continue
        if rest[at] == "#":
            break
        if rest[at] in "\"'":
            quote = rest[at] * 3 if rest[at : at + 3] == rest[at] * 3 else rest[at]
            at += len(quote)
            continue
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(rest[at], 0)
        at += 1
    return max(depth, 0), quote if len(quote) == 3 else ""
