"""Truth tables for the model card: the outcome of every set of changes taken away (R-165).

1. the variables: every change of the class that can be undone, in order of time; of more than
   `MOST` only those that are in some minimal cut, or whose own answer is not no;
2. all 2^n removals are run through the history at once; removals that meet in one state share what
   follows, since equal states have equal futures;
3. a table that differs in any single removal from what the build stored is not given.
Where no table is given the card says why, and its sets are what is left.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from timeline.correlate.course import Attempt, Worlds
from timeline.correlate.cuts import indices
from timeline.correlate.runs import Model
from timeline.model import Verdict

#: Variables of one table.
MOST = 12
#: How an outcome is written in a table.
LETTERS = {Verdict.ALLOWED: "A", Verdict.DENIED: "D", Verdict.UNKNOWN: "U"}


def table(
    model: Model, rows: Sequence[Mapping[str, Any]], sets: Sequence[Mapping[str, Any]], left: int
) -> tuple[dict[str, Any] | None, str | None]:
    """One class under one undo.

    Args:
        model: its undo.
        rows, sets: of `class_changes` and `class_sets` at change level, of this class and undo.
        left: rows that the card still has room for.

    Returns:
        ({variables, outcomes} or None, why there is none or what it leaves out). Outcomes are one
        letter each; letter k, counted from 0, is that of the removal whose binary figures, first
        variable first, make up k, 1 = undone: the first letter is that of nothing undone.
    """
    attempts = model.question.course.attempts
    chosen = indices(model.removable)
    said = None
    if len(chosen) > MOST:
        members = {uid for row in sets if row["kind"] == "minimal cut" for uid in row["members"]}
        members |= {row["change_uid"] for row in rows if row["but_for"] != "no"}
        kept = tuple(i for i in chosen if attempts[i].change_uid in members)
        said = (
            f"{len(chosen) - len(kept)} of {len(chosen)} changes are in no minimal cut and stand "
            "in the table as recorded"
        )
        chosen = kept
    if not all(row["complete"] for row in sets):
        said = "the search for sets met its cap"
        chosen = indices(model.removable)
    if len(chosen) > MOST:
        return None, f"{len(chosen)} changes, more than the {MOST} of a truth table" + (
            f"; {said}" if said else ""
        )
    if 1 << len(chosen) > left:
        return None, "the tables of the other classes fill the card"
    outcomes = _all(model, chosen)
    if not _agrees(outcomes, chosen, attempts, rows):
        return None, "the stored answers rest on more than the changes: no table"
    return {
        "variables": [attempts[i].change_uid for i in chosen],
        "outcomes": "".join(LETTERS[outcomes[mask]] for mask in range(1 << len(chosen))),
    }, said


def _all(model: Model, chosen: Sequence[int]) -> dict[int, Verdict]:
    """Removal -> outcome; the highest bit is the first variable's, 1 = taken away."""
    at = {i: len(chosen) - 1 - v for v, i in enumerate(chosen)}
    states: dict[Worlds, list[int]] = {model.start: [0]}
    for i in range(len(model.question.course.attempts)):
        reached: dict[Worlds, list[int]] = {}
        for worlds, masks in states.items():
            reached.setdefault(model.step(i, worlds), []).extend(masks)
            if i in at:
                reached.setdefault(worlds, []).extend(mask | 1 << at[i] for mask in masks)
        states = reached
    return {
        mask: verdict
        for worlds, masks in states.items()
        for verdict in (model.verdict(worlds),)
        for mask in masks
    }


def _agrees(
    outcomes: Mapping[int, Verdict],
    chosen: Sequence[int],
    attempts: Sequence[Attempt],
    rows: Sequence[Mapping[str, Any]],
) -> bool:
    stored = {row["change_uid"]: row["decision_without"] for row in rows}
    return all(
        stored.get(attempts[i].change_uid) == str(outcomes[1 << len(chosen) - 1 - v])
        for v, i in enumerate(chosen)
    )
