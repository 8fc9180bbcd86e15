"""Dated baselines: what a provider's defaults, guidance and benchmarks said, and since when.

`baseline.jsonl` beside this file holds one row a line (R-195). Every look-up takes the date that it
is asked for, and gives nothing that was not available then: an event of 2017 is never held against
a control of 2018 (R-001). Statements are in our own words; texts under licence are cited by their
number and version alone (R-198). A row that rests on general knowledge is kept, is counted, and is
never given out as a fact.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from timeline.model import Json

NAME = "baseline.jsonl"


class Kind(StrEnum):
    """What a row is about."""

    DEFAULT = "default"
    FEATURE = "feature"
    GUIDANCE = "guidance"
    BENCHMARK = "benchmark"
    NOTICE = "notice"
    CLOCK = "clock"


class Standard(StrEnum):
    """Two classes that are argued separately, and so are kept and printed separately (R-003)."""

    CARE = "reasonable-care"
    STATUTE = "statutory"


class Mark(StrEnum):
    """How the row was checked: read in a published source, in a public history, or not at all."""

    READ = "V"
    HISTORY = "V-git"
    UNCONFIRMED = "GK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the baselines.

    Attributes:
        uid: stable; benchmark controls carry the version, as in `NAME@1.4.0:2.1.5` (R-197).
        provider: None where the row is about no provider.
        control: settings that it is about, as the tables name slots; `*` as a pattern.
        kind, standard: see there.
        subject, statement: in our own words.
        available_from, available_until: `[from, until)`; None = not known, open.
        applies_to: new, existing, both.
        date_precision: how exact `available_from` is.
        document, version: what to cite.
        recommends: setting -> value that the document recommends or sets; None where it names none.
        source, retrieved, mark: where that was read, when, and how it was checked.
        period: of a clock, as in a register of contracts.
    """

    uid: str
    provider: str | None
    control: tuple[str, ...]
    kind: Kind
    standard: Standard
    subject: str
    statement: str
    available_from: date | None
    available_until: date | None
    applies_to: str
    date_precision: str
    document: str
    version: str | None
    recommends: Mapping[str, Json] | None
    source: str
    retrieved: str
    mark: Mark
    period: str | None

    @property
    def citable(self) -> bool:
        """Whether it may be printed as a fact."""
        return self.mark is not Mark.UNCONFIRMED and bool(self.source)

    def about(self, slot: str) -> bool:
        """Whether it is about a setting."""
        return any(fnmatchcase(slot, pattern) for pattern in self.control)

    def recommended(self, slot: str) -> tuple[bool, Json]:
        """(whether the document names a value for the setting, the value)."""
        for pattern, value in (self.recommends or {}).items():
            if fnmatchcase(slot, pattern):
                return True, value
        return False, None


class AnachronismError(ValueError):
    """A row is asked for at a date at which it was not available."""


@cache
def rows() -> tuple[Row, ...]:
    """All rows, by the day from which they were available and id."""
    text = (Path(__file__).parent / NAME).read_text(encoding="utf-8")
    found = [_row(json.loads(line)) for line in text.splitlines() if line.strip()]
    return tuple(sorted(found, key=lambda row: (row.available_from or date.min, row.uid)))


def available(provider: str, slot: str, as_of: date) -> tuple[Row, ...]:
    """Rows about a setting that were available on a day and may be printed as facts.

    Args:
        provider: name of the provider.
        slot: setting, as the tables name it.
        as_of: day of the configuration event or exposure.
    """
    return tuple(
        cited(row, as_of)
        for row in rows()
        if row.provider == provider and row.about(slot) and row.citable and was_there(row, as_of)
    )


def later(provider: str, slot: str, as_of: date) -> tuple[Row, ...]:
    """Rows about a setting that came after a day: named, so that nobody takes them for earlier."""
    return tuple(
        row
        for row in rows()
        if row.provider == provider and row.about(slot) and row.citable
        and row.available_from is not None and row.available_from > as_of
    )  # fmt: skip


def unconfirmed(provider: str, slots: Iterable[str]) -> tuple[Row, ...]:
    """Rows about any of the settings that rest on general knowledge: counted, never printed."""
    names = tuple(slots)
    return tuple(
        row
        for row in rows()
        if row.provider == provider and not row.citable and any(map(row.about, names))
    )


def clock(uid: str) -> Row | None:
    """A period set by a rule, by its id; None where there is none that may be cited."""
    found = (row for row in rows() if row.uid == uid and row.kind is Kind.CLOCK and row.citable)
    return next(found, None)


def was_there(row: Row, as_of: date) -> bool:
    """Whether a row was available on a day; a row without a date never is."""
    if row.available_from is None or row.available_from > as_of:
        return False
    return row.available_until is None or as_of < row.available_until


def cited(row: Row, as_of: date) -> Row:
    """The row, checked against the date once more: the guard of R-001.

    Raises:
        AnachronismError: the row was not available then.
    """
    if not was_there(row, as_of):
        raise AnachronismError(
            f"{row.uid}: expected a row available on {as_of}, found one from {row.available_from} "
            f"until {row.available_until}"
        )
    return row


def _row(line: Mapping[str, Any]) -> Row:
    uid = str(line["id"])
    # The same number means different things in different versions of a benchmark.
    if line["kind"] == "benchmark" and re.search(r"\d+\.\d+", uid) and "@" not in uid:
        raise ValueError(f"{uid}: expected NAME@VERSION:CONTROL, found no version")
    return Row(
        uid=uid, provider=line["provider"], control=tuple(line["control"]),
        kind=Kind(line["kind"]), standard=Standard(line["class"]), subject=line["subject"],
        statement=line["statement"], available_from=_day(line["available_from"]),
        available_until=_day(line["available_until"]), applies_to=line["applies_to"],
        date_precision=line["date_precision"], document=line["document"], version=line["version"],
        recommends=line["recommends"], source=line["source"], retrieved=line["retrieved"],
        mark=Mark(line["verification"]), period=line["period"],
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
