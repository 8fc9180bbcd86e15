"""Provider defaults over time, as dated data: looked up, never compiled in.

The data files lie beside the code of each provider; every row has an id, a period and a source.
Source: `access.md` section 2, "Defaults over time".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from timeline.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """One row of dated defaults.

    Attributes:
        uid: id of the row.
        start, end: period `[start, end)` in which a new resource gets it; None = open.
        values: slot -> value; the text UNKNOWN in a roll-out window.
        note, source: what it says, and where it was read.
    """

    uid: str
    start: datetime | None
    end: datetime | None
    values: Mapping[str, Json]
    note: str
    source: str

    @property
    def why(self) -> str:
        """The sentence that an interval resting on this row carries."""
        return f"provider default {self.uid}: {self.note} ({self.source})"


@cache
def load(provider: str) -> Mapping[str, Json]:
    """The data file of a provider."""
    parsed = json.loads((Path(__file__).parent / provider / "defaults.json").read_text("utf-8"))
    assert isinstance(parsed, dict)
    return parsed


@cache
def table(provider: str, kind: str) -> tuple[Default, ...]:
    """Rows of one kind of resource, earliest first; their periods partition all time."""
    rows = []
    for row in load(provider)[kind]:  # type: ignore[union-attr]
        assert isinstance(row, dict)
        fixed = {"id", "from", "to", "note", "source"}
        rows.append(
            Default(
                uid=str(row["id"]),
                start=_instant(row["from"]),
                end=_instant(row["to"]),
                values={name: value for name, value in row.items() if name not in fixed},
                note=str(row["note"]),
                source=str(row["source"]),
            )
        )
    return tuple(rows)


def at(provider: str, kind: str, when: datetime) -> Default:
    """The row that applies to a resource created at an instant."""
    rows = table(provider, kind)
    return next(
        row
        for row in rows
        if (row.start is None or row.start <= when) and (row.end is None or when < row.end)
    )


def _instant(value: Json) -> datetime | None:
    return None if value is None else datetime.fromisoformat(str(value))
