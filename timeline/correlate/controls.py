"""Controls that can be asked about by name: dated data, one file per provider.

A control is what somebody could have turned on; the day from which the mechanism existed and the
source of that day stand beside it, and before that day it is not asked (R-001, R-008). What a
control does to a configuration is the provider's part: `timeline/correlate/<provider>/controls.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from timeline.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One entry of the catalogue.

    Attributes:
        name: as asked for.
        title: what it does, in words.
        kind: how the provider's part carries it out.
        available: day from which the mechanism existed, its first instant.
        source: of that day.
        parameters: name -> what has to be supplied.
        statement: policy statement that it adds, with {container} and {parameters}; None if none.
    """

    name: str
    title: str
    kind: str
    available: datetime
    source: str
    parameters: Mapping[str, str]
    statement: Json


@cache
def catalogue(provider: str) -> Mapping[str, Control]:
    """All controls of a provider by name, in the order of the data."""
    path = Path(__file__).parent / provider / "controls.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["controls"]
    return {
        row["id"]: Control(
            name=row["id"],
            title=row["title"],
            kind=row["kind"],
            available=datetime.fromisoformat(row["available_from"]).replace(tzinfo=UTC),
            source=row["source"],
            parameters=row.get("parameters", {}),
            statement=row.get("statement"),
        )
        for row in rows
    }
