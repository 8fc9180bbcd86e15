"""Confirmed wrong results of versions of this tool, as shipped with it (R-105, R-189).

`known_issues.json` is a list of objects with exactly the fields of `Issue`. An entry is never taken
out: a version that was used stays wrong.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path

FILE = Path(__file__).parent / "known_issues.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One confirmed wrong result.

    Attributes:
        id: `KI-001`.
        versions: that are affected.
        what: what was wrong, and what a reader may have concluded from it.
        affects: kinds of results.
        detect: how to tell whether an edition is affected.
        fixed_in: version; None = open.
    """

    id: str
    versions: tuple[str, ...]
    what: str
    affects: str
    detect: str
    fixed_in: str | None


def issues() -> tuple[Issue, ...]:
    """Every entry, in the order of the file."""
    names = {one.name for one in fields(Issue)}
    found = []
    for number, entry in enumerate(json.loads(FILE.read_text(encoding="utf-8")), 1):
        if set(entry) != names:
            raise ValueError(
                f"{FILE}: entry {number}: expected exactly {', '.join(sorted(names))}, found "
                f"{', '.join(sorted(entry))}"
            )
        found.append(Issue(**{**entry, "versions": tuple(entry["versions"])}))
    return tuple(found)


def of_version(version: str) -> tuple[Issue, ...]:
    """Entries that affect a version."""
    return tuple(one for one in issues() if version in one.versions)
