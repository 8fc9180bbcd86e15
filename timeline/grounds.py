"""What a decision rests on, in plain words: each fact of its minimal sufficient sets as it stood.

From the derived tables alone: `class_sets` names the facts, `intervals` holds what each said and
how that is known, `changes` the write that set it, as a redline (`-` before, `+` after). A fact
whose absence counts is shown with the change that took it away or later brought it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from timeline import pick
from timeline.correlate import wording
from timeline.state.show import plain, pretty

Row = Mapping[str, Any]

#: Before a fact whose absence counts, in `class_sets`.
ABSENT = "¬"
#: Facts shown one by one; the rest is counted.
SHOWN = 12


def lines(derived: Path, one: Row, at: datetime) -> Iterator[str]:
    """The facts that a class's decision rests on, as they stood at an instant.

    Args:
        derived: folder of derived tables.
        one: row of `classes`.
        at: time of the access.
    """
    if one["deny_kind"] == "implicit":
        yield "  denied by default: no grant in force, and with effect, allows this request"
    sets = pick.rows(
        derived,
        "class_sets",
        {
            "class_uid": (one["class_uid"],), "level": ("fact",), "counterfactual": ("undo",),
            "kind": ("minimal sufficient",),
        },
    )  # fmt: skip
    named = sorted({member for row in sets for member in row["members"]})
    if not named:
        return
    noun = wording.counted(len(sets), "minimal sufficient set")
    yield f"  rests on {wording.counted(len(named), 'fact')} of {noun}:"
    places = [member.removeprefix(ABSENT).split("|", 2)[:2] for member in named[:SHOWN]]
    of_places = {"resource_uid": {uid for uid, _ in places}, "slot": {slot for _, slot in places}}
    standing = pick.rows(derived, "intervals", of_places)
    changes = pick.rows(derived, "changes", of_places)
    for member in named[:SHOWN]:
        yield from _fact(member, at, standing, changes)
    if len(named) > SHOWN:
        yield f"    … {len(named) - SHOWN} more in class_sets"


def _fact(
    member: str, at: datetime, standing: Sequence[Row], changes: Sequence[Row]
) -> Iterator[str]:
    resource, slot, fact = member.removeprefix(ABSENT).split("|", 2)
    held = [
        row for row in standing
        if (row["resource_uid"], row["slot"]) == (resource, slot) and row["fact"] in (fact, "*")
        and (row["start"] is None or row["start"] <= at) and (row["end"] is None or at < row["end"])
    ]  # fmt: skip
    of_slot = [c for c in changes if (c["resource_uid"], c["slot"]) == (resource, slot)]
    if member.startswith(ABSENT):
        yield f"    {plain(slot)} of {plain(resource)}: a fact that was not there, and counts"
        touched = [c for c in of_slot if c["fact"] == fact and c["accepted"]]
        for change in _nearest(touched, at):
            yield from _change(change, of_slot, fact)
        return
    yield f"    {plain(slot)} of {plain(resource)}"
    for row in held:
        yield from _held(row, of_slot)


def _held(row: Row, of_slot: Sequence[Row]) -> Iterator[str]:
    """A fact as it stood: its redline where a recorded change set it, else its text."""
    made = [c for c in of_slot if c["change_uid"] == row["start_change_uid"]]
    own = [c for c in made if c["fact"] == row["fact"]]
    if own:
        yield from _change(own[0], of_slot, row["fact"])
    else:
        yield from (f"      {line}" for line in _text(row["value"]))
    start = wording.bounded(row["start"], row["start_bound"], edge="start")
    end = wording.bounded(row["end"], row["end_bound"], edge="end")
    yield f"      in force from {start} until {end}: {row['how_known']}, {plain(row['why'])}"
    yield f"      source: {_source(row)}"


def _change(change: Row, of_slot: Sequence[Row], fact: str) -> Iterator[str]:
    """One write as a redline of the fact, and how many others of the slot it altered."""
    when = wording.instant(change["time_from"] or change["time_to"], edge="start")
    by = plain(change["technical_actor"] or "nobody recorded")
    what = change["operation"] or change["kind"]
    yield f"      {what} at {when} by {by} ({change['change_uid']})"
    if change["effect"] in ("adds", "removes", "sets"):
        for mark, value in (("-", change["old"]), ("+", change["new"])):
            if value is not None:
                yield from (f"      {mark} {line}" for line in _text(value))
    others = [
        c for c in of_slot
        if c["change_uid"] == change["change_uid"] and c["fact"] != fact
        and c["effect"] in ("adds", "removes", "sets")
    ]  # fmt: skip
    if others:
        yield f"      and altered {wording.counted(len(others), 'other fact')} of the same slot"


def _nearest(touched: Sequence[Row], at: datetime) -> list[Row]:
    """The last change of a fact before an instant; without one the first after it."""
    timed = sorted(
        ((c["time_to"] or c["time_from"], c["change_uid"], c) for c in touched
         if c["time_to"] or c["time_from"]), key=lambda one: one[:2]
    )  # fmt: skip
    before = [c for when, _, c in timed if when <= at]
    return before[-1:] or [c for _, _, c in timed[:1]]


def _text(value: str | None) -> Iterator[str]:
    if value is None:
        yield "absent"
    elif value == "UNKNOWN":
        yield "not known"
    else:
        written = json.loads(value)
        statement = written.get("Statement") if isinstance(written, dict) else None
        yield from pretty(written if statement is None else statement)


def _source(row: Row) -> str:
    if row["evidence_item"] is None:
        return "dated reference data"
    return f"{row['evidence_item']} {plain(row['locator'])}, SHA-256 {row['record_sha256']}"
