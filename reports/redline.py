"""Two versions of a document, statement by statement: removed, added, moved, unchanged.

Statements are compared as canonical JSON. Where the order of the statements is not known (state is
kept as facts), nothing is called moved: unknown order is not a difference.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import msgspec

from reports.model import Mark
from reports.pinpoint import canonical

#: What the derived tables say where a value is not known.
UNKNOWN = "UNKNOWN"


def redline(before: Sequence[str], after: Sequence[str]) -> tuple[tuple[Mark, str], ...]:
    """The blocks of both versions in reading order, each once, with what happened to it.

    A block that stands at another place in the second version is `moved`, shown where it now is.
    """
    kept_somewhere = set(before) & set(after)
    blocks: list[tuple[Mark, str]] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(
        a=list(before), b=list(after), autojunk=False
    ).get_opcodes():
        if tag == "equal":
            blocks += [(Mark.SAME, block) for block in after[j1:j2]]
            continue
        blocks += [(Mark.REMOVED, b) for b in before[i1:i2] if b not in kept_somewhere]
        blocks += [
            (Mark.MOVED if block in kept_somewhere else Mark.ADDED, block) for block in after[j1:j2]
        ]
    return tuple(blocks)


def of_changes(rows: Iterable[Mapping[str, Any]]) -> tuple[tuple[Mark, str], ...]:
    """The redline of one write, from its rows of `changes`: one row a fact.

    Unchanged facts come first, then those removed, then those added; each group by its text.
    """
    blocks: list[tuple[Mark, str]] = []
    for row in rows:
        old, new = block(row["old"]), block(row["new"])
        if old is not None and new is not None and old == new:
            blocks.append((Mark.SAME, new))
            continue
        if old is not None:
            blocks.append((Mark.REMOVED, old))
        if new is not None:
            blocks.append((Mark.ADDED, new))
    order = (Mark.SAME, Mark.MOVED, Mark.REMOVED, Mark.ADDED)
    return tuple(sorted(blocks, key=lambda one: (order.index(one[0]), one[1])))


def block(value: str | None) -> str | None:
    """One fact as a block of canonical JSON; None if absent or not known."""
    if value is None or value == UNKNOWN:
        return None
    return canonical(statement(msgspec.json.decode(value)))


def statement(value: object) -> object:
    """The statement alone, where a fact holds it together with its document's version."""
    if isinstance(value, dict) and set(value) == {"Version", "Statement"}:
        return value["Statement"]
    return value
