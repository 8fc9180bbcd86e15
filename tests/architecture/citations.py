"""The rule "no claim without bytes", asked of the derived tables of a whole case."""

from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from collector import store
from timeline import normalize, tables

TABLES = ("changes", "intervals")


def rows(case: Path) -> list[tuple[str, dict[str, Any]]]:
    """(table and number, row) of every row that must cite its bytes."""
    return [
        (f"{table}:{number}", row)
        for table in TABLES
        for number, row in enumerate(tables.read(case / "derived", table))
    ]


def unresolved(case: Path) -> list[str]:
    """Rows of which the citation does not lead to bytes of that digest; there is no exception."""
    items = {item.uid: item for item in store.items(case)}
    opened = partial(store.open_item, case)
    known: dict[tuple[str, str], str] = {}
    found = []
    for name, row in rows(case):
        place = (row["evidence_item"], row["locator"])
        if None in place or place[0] not in items:
            found.append(f"{name} {row['resource_uid']} {row['slot']}: cites {place}")
            continue
        if place not in known:
            body = normalize.reextract(opened, items[place[0]], place[1])
            known[place] = sha256(body).hexdigest()
        if known[place] != row["record_sha256"]:
            found.append(f"{name} {row['resource_uid']} {row['slot']}: other bytes at {place}")
    return found


def undated(case: Path) -> list[str]:
    """Rows that rest on dated reference data without naming its row and its source."""
    words = ("provider default ", "provider-managed policy ")
    said = [(name, str(row.get("why") or row.get("attribution"))) for name, row in rows(case)]
    return [
        f"{name}: {why}"
        for name, why in said
        if any(word in why for word in words) and not ("aws-" in why and "(" in why)
    ]
