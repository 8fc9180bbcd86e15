"""Registers: tables that the case team supplies, as CSV files in `CASE/registers/`.

They hold what no log holds: warnings, contracts, documents, who is to configure what, who told
whom. What is written there is what somebody states; it is printed as such, with file and line.
The reader is strict, because a misspelled column or a time without an offset would silently not
count: every refusal names the file, the line, what was expected and what was found.
An empty cell means *not supplied*. Columns: `docs/registers.md`.
"""

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from collector.errors import ConfigError
from collector.toml_source import near, show

FOLDER = "registers"
#: A register larger than this is not one that a person keeps.
MOST_BYTES = 64 * 1024 * 1024


class Form(Enum):
    """What a column holds."""

    TEXT = "a text"
    NAME = "a text that is not empty"
    TIME = "a date, time and offset to UTC, as in 2026-01-02T03:04:05Z"
    DATE = "a date, as in 2026-01-02, or a time with its offset"


Cell: TypeAlias = str | datetime | date | None

_WARNINGS = {
    "id": Form.NAME, "what": Form.NAME, "emitted_at": Form.TIME, "delivered_at": Form.TIME,
    "recipient": Form.TEXT, "acknowledged_at": Form.TIME, "action": Form.TEXT,
    "closed_at": Form.TIME, "evidence": Form.TEXT,
}  # fmt: skip
_CONTRACTS = {
    "id": Form.NAME, "party": Form.NAME, "clause": Form.TEXT, "text": Form.TEXT,
    "control": Form.TEXT, "duty": Form.TEXT, "start_event": Form.TEXT, "period": Form.TEXT,
    "from": Form.DATE, "to": Form.DATE, "evidence": Form.TEXT,
}  # fmt: skip
_DOCUMENTS = {
    "id": Form.NAME, "kind": Form.NAME, "title": Form.NAME, "claimed_date": Form.DATE,
    "provable_date": Form.DATE, "scope": Form.TEXT, "evidence": Form.TEXT,
}  # fmt: skip
_CONTROL = {
    "control": Form.NAME, "party": Form.NAME, "role": Form.NAME, "clause": Form.TEXT,
    "evidence": Form.TEXT,
}  # fmt: skip
_COMMUNICATIONS = {
    "id": Form.NAME, "sent_at": Form.TIME, "delivered_at": Form.TIME, "from": Form.TEXT,
    "to": Form.TEXT, "subject": Form.TEXT, "evidence": Form.TEXT,
}  # fmt: skip

#: Register -> the columns that its file must have.
COLUMNS: Mapping[str, Mapping[str, Form]] = {
    "warnings": _WARNINGS,
    "contracts": _CONTRACTS,
    "documents": _DOCUMENTS,
    "control": _CONTROL,
    "communications": _COMMUNICATIONS,
}
#: Register -> columns that its file may have besides.
FURTHER: Mapping[str, Mapping[str, Form]] = {
    "warnings": {"resource": Form.TEXT, "setting": Form.TEXT},
    "contracts": {"end_event": Form.TEXT, "value": Form.TEXT},
    "documents": {"period_from": Form.DATE, "period_to": Form.DATE, "framework": Form.TEXT},
}
ROLES = ("configures", "monitors", "investigates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of a register.

    Attributes:
        register: its name; `line` of the file on which the row begins.
        cells: column -> text, UTC time, date, or None where not supplied.
    """

    register: str
    line: int
    cells: Mapping[str, Cell]

    @property
    def place(self) -> str:
        """`registers/warnings.csv:3`."""
        return f"{FOLDER}/{self.register}.csv:{self.line}"

    def text(self, column: str) -> str | None:
        """A cell of text; None where not supplied."""
        value = self.cells.get(column)
        assert value is None or isinstance(value, str)
        return value

    def time(self, column: str) -> datetime | None:
        """A time in UTC; None where not supplied."""
        value = self.cells.get(column)
        assert value is None or isinstance(value, datetime)
        return value

    def day(self, column: str) -> date | None:
        """A date; None where not supplied."""
        value = self.cells.get(column)
        assert value is None or (isinstance(value, date) and not isinstance(value, datetime))
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """All registers of a case.

    Attributes:
        entries: register -> rows in the order of the file; a register not supplied has no key.
        sha256: register -> digest of the file as read.
    """

    entries: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    sha256: Mapping[str, str] = field(default_factory=dict)

    def of(self, register: str) -> tuple[Entry, ...]:
        """Rows of a register; none where it was not supplied."""
        return self.entries.get(register, ())

    def supplied(self, register: str) -> bool:
        """Whether the case has the file, be it with no row."""
        return register in self.entries


def read(case: Path) -> Registers:
    """Every register of a case.

    Raises:
        ConfigError: a file is not in form: file, line, what was expected and found.
    """
    folder = case / FOLDER
    if not folder.is_dir():
        return Registers()
    entries: dict[str, tuple[Entry, ...]] = {}
    digests: dict[str, str] = {}
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in COLUMNS:
            known = ", ".join(f"{name}.csv" for name in COLUMNS)
            raise ConfigError(
                f"{path}: expected one of {known}, found a register of another name."
                f"{near(path.stem, COLUMNS)}"
            )
        raw = _bytes(path)
        digests[path.stem] = hashlib.sha256(raw).hexdigest()
        entries[path.stem] = tuple(_entries(path, path.stem, raw))
    return Registers(entries=entries, sha256=digests)


def _bytes(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise ConfigError(f"{path}: expected a file, found something else.")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ConfigError(f"{path}: expected at most {MOST_BYTES:,} bytes, found {size:,}.")
    return path.read_bytes()


def _entries(path: Path, register: str, raw: bytes) -> list[Entry]:
    reader = csv.reader(io.StringIO(_decoded(path, raw), newline=""), strict=True)
    forms = {**COLUMNS[register], **FURTHER.get(register, {})}
    found: list[Entry] = []
    header: list[str] = []
    begun = 1
    try:
        for row in reader:
            line, begun = begun, reader.line_num + 1
            if not header:
                header = _header(path, line, register, row)
            elif row:
                cells = _cells(path, line, header, forms, row)
                found.append(Entry(register=register, line=line, cells=cells))
    except csv.Error as error:
        raise ConfigError(
            f"{path}:{begun}: expected comma-separated values (RFC 4180), found: {error}"
        ) from error
    if not header:
        raise ConfigError(
            f"{path}:1: expected a first line with the columns {', '.join(COLUMNS[register])}, "
            "found an empty file."
        )
    _distinct(path, found)
    return found


def _decoded(path: Path, raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{path}:{line}: expected UTF-8, found byte 0x{raw[error.start]:02x}. Save the table "
            "as “CSV UTF-8”."
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ConfigError(f"{path}:{line}: expected text, found the character U+0000.")
    return text


def _header(path: Path, line: int, register: str, row: list[str]) -> list[str]:
    names = [name.strip() for name in row]
    required = COLUMNS[register]
    known = (*required, *FURTHER.get(register, {}))
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{path}:{line}: unknown column {show(name)}.{near(name, known)} Columns of this "
                f"register: {', '.join(known)}."
            )
        if names.count(name) > 1:
            raise ConfigError(f"{path}:{line}: expected each column once, found {name} twice.")
    missing = [name for name in required if name not in names]
    if missing:
        raise ConfigError(
            f"{path}:{line}: expected the columns {', '.join(required)}; missing: "
            f"{', '.join(missing)}."
        )
    return names


def _cells(
    path: Path, line: int, header: list[str], forms: Mapping[str, Form], row: list[str]
) -> dict[str, Cell]:
    if len(row) != len(header):
        raise ConfigError(
            f"{path}:{line}: expected {len(header)} cells as in the first line, found {len(row)}."
        )
    cells = {}
    for name, text in zip(header, row, strict=True):
        try:
            cells[name] = _cell(forms[name], text)
        except ValueError as error:
            raise ConfigError(
                f"{path}:{line}: {name}: expected {forms[name].value}, found {show(text)}."
            ) from error
    role = cells.get("role")
    if "role" in header and role not in ROLES:
        raise ConfigError(
            f"{path}:{line}: role: expected {' or '.join(ROLES)}, found {show(role)}."
        )
    return cells


def _cell(form: Form, text: str) -> Cell:
    value = text.strip()
    if form is Form.TEXT:
        return value or None
    if form is Form.NAME:
        if not value:
            raise ValueError(text)
        return value
    if not value:
        return None
    return _time(value) if form is Form.TIME else _date(value)


def _time(value: str) -> datetime:
    parsed = datetime.fromisoformat(value)
    if parsed.tzinfo is None:
        raise ValueError(value)
    try:
        return parsed.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(value) from error


def _date(value: str) -> date:
    """A date as it stands; a time with its offset gives its date in UTC."""
    return date.fromisoformat(value) if len(value) == len("2026-01-02") else _time(value).date()


def _distinct(path: Path, found: list[Entry]) -> None:
    seen: dict[Cell, int] = {}
    for entry in found:
        if "id" not in entry.cells:
            continue
        name = entry.cells["id"]
        if name in seen:
            raise ConfigError(
                f"{path}:{entry.line}: id: expected each id once, found {show(name)} also on line "
                f"{seen[name]}."
            )
        seen[name] = entry.line
