"""When what happened, out of the tables: introduced, exposed, accessed, contained … (R-043).

Every milestone is an instant with bounds and the row that it rests on, or it is not evidenced.
Nothing is taken from what somebody states; statements stand beside these in the exhibit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from timeline.correlate.decisions import TICK
from timeline.correlate.periods import Moment, exactly
from timeline.model import Knowledge
from timeline.state.intervals import History

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One step.

    Attributes:
        name: key of its sentence in the template.
        moment: None = not evidenced.
        row: row of a table that it rests on, with provenance where it has one.
        why: what was computed, in a phrase.
    """

    name: str
    moment: Moment | None
    row: Row | None
    why: str


def milestones(
    windows: Sequence[Row],
    accesses: Sequence[Row],
    changes: Sequence[Row],
    intervals: Sequence[Row],
    class_changes: Sequence[Row],
) -> tuple[Milestone, ...]:
    """The computed steps of an incident, in the order in which they are printed.

    Args:
        windows: computed windows of callers of the incident (`scope.Scope.windows`).
        accesses: decided accesses with their event.
        changes, intervals, class_changes: rows of these tables.
    """
    met = [row for row in accesses if row["in_incident"] and row["logged"] == "success"]
    needed = _needed(met, class_changes, changes)
    exposed = min((w for w in windows if w["start"]), key=lambda w: w["start"], default=None)
    over = _over(windows)
    later = _by_uid(changes, over.row["closed_by"]) if over.row is not None else None
    return (
        _introduced(needed),
        Milestone(
            name="exposed", moment=_bound(exposed, "start") if exposed else None,
            row=_by_uid(changes, exposed["opened_by"]) if exposed else None,
            why="start of the first computed window for a caller of the incident",
        ),
        _accessed(met),
        Milestone(name="contained", moment=over.moment, row=later, why=over.why),
        _remediated(needed, over.moment, changes, intervals),
        _refused(accesses, over.moment),
    )  # fmt: skip


def necessary(
    accesses: Iterable[Row], class_changes: Iterable[Row], changes: Sequence[Row]
) -> tuple[Row, ...]:
    """Rows of the changes that are but-for for a class of the incident, in order of time."""
    met = [row for row in accesses if row["in_incident"] and row["logged"] == "success"]
    return tuple(_needed(met, class_changes, changes))


def _needed(
    met: Sequence[Row], class_changes: Iterable[Row], changes: Sequence[Row]
) -> list[Row]:  # fmt: skip
    classes = {row["class_uid"] for row in met}
    uids = {
        row["change_uid"]
        for row in class_changes
        if row["class_uid"] in classes and row["but_for"] == "yes"
        and row["counterfactual"] == "undo"
    }  # fmt: skip
    found = [row for row in changes if row["change_uid"] in uids and row["time_from"] is not None]
    return sorted(found, key=lambda row: (row["time_from"], row["change_uid"], row["slot"]))


def _introduced(needed: Sequence[Row]) -> Milestone:
    why = "first change without which the evaluator denies an access of the incident"
    if not needed:
        return Milestone(name="introduced", moment=None, row=None, why=why)
    row = needed[0]
    return Milestone(
        name="introduced", moment=Moment(low=row["time_from"], high=row["time_to"]), row=row,
        why=why,
    )  # fmt: skip


def _accessed(met: Sequence[Row]) -> Milestone:
    first = min(met, key=lambda row: row["time"], default=None)
    return Milestone(
        name="accessed", moment=exactly(first["time"]) if first else None, row=first,
        why="first logged success of the incident",
    )  # fmt: skip


def _over(windows: Sequence[Row]) -> Milestone:
    """The end of the last window; one that goes on beyond the records is not over."""
    why = "end of the last computed window for a caller of the incident"
    if not windows or any(w["end"] is None for w in windows):
        return Milestone(name="contained", moment=None, row=None, why=why)
    last = max(windows, key=lambda w: (w["end"], w["window_uid"]))
    if last["end_bound"] != "exact":
        return Milestone(name="contained", moment=None, row=None, why=why)
    return Milestone(name="contained", moment=exactly(last["end"]), row=last, why=why)


def _remediated(
    needed: Sequence[Row],
    contained: Moment | None,
    changes: Sequence[Row],
    intervals: Sequence[Row],
) -> Milestone:
    """From when on every setting that a necessary change altered is as it was before the first."""
    why = "every setting that a necessary change altered is again as it was before"
    none = Milestone(name="remediated", moment=None, row=None, why=why)
    if not needed or contained is None or contained.low is None:
        return none
    first: dict[tuple[str, str], Row] = {}
    for row in needed:
        first.setdefault((row["resource_uid"], row["slot"]), row)
    about = [row for row in intervals if (row["resource_uid"], row["slot"]) in first]
    history = History(about, ())
    wanted = {place: history.at(*place, row["time_from"] - TICK) for place, row in first.items()}
    if any(state.knowledge is Knowledge.UNKNOWN for state in wanted.values()):
        return none
    edges = sorted({
        at for row in about for at in (row["start"], row["end"])
        if at is not None and at >= contained.low
    })  # fmt: skip
    for at in edges:
        states = {place: history.at(*place, at) for place in wanted}
        if all(
            (states[p].knowledge, states[p].value) == (wanted[p].knowledge, wanted[p].value)
            for p in wanted
        ):
            return Milestone(
                name="remediated", moment=_edge(about, at), row=_at(changes, at), why=why
            )
    return none


def _refused(accesses: Sequence[Row], contained: Moment | None) -> Milestone:
    """The first refusal, after the end of the windows, of what had been allowed before."""
    why = "first logged refusal of the same caller and action after that"
    classes = {
        (row["class"].get("principal"), row["class"].get("action"))
        for row in accesses
        if row["in_incident"] and row["logged"] == "success"
    }
    refused = [
        row
        for row in accesses
        if contained is not None and contained.high is not None
        and row["logged"] == "denied" and row["time"] >= contained.high
        and (row["class"].get("principal"), row["class"].get("action")) in classes
    ]  # fmt: skip
    first = min(refused, key=lambda row: row["time"], default=None)
    return Milestone(
        name="verified", moment=exactly(first["time"]) if first else None, row=first, why=why
    )


def _bound(window: Row, edge: str) -> Moment:
    at: datetime = window[edge]
    how = window[f"{edge}_bound"]
    low = None if how == "no later than" else at
    high = None if how == "no earlier than" else at
    return Moment(low=low, high=high)


def _by_uid(changes: Iterable[Row], uid: str | None) -> Row | None:
    return next((row for row in changes if row["change_uid"] == uid), None) if uid else None


def _edge(about: Iterable[Row], at: datetime) -> Moment:
    """An edge of intervals: exact only if every row that begins or ends there says so."""
    bounds = {row["start_bound"] for row in about if row["start"] == at}
    bounds |= {row["end_bound"] for row in about if row["end"] == at}
    return exactly(at) if bounds == {"exact"} else Moment(low=None, high=at)


def _at(changes: Iterable[Row], at: datetime) -> Row | None:
    return next((row for row in changes if row["time_from"] == at and row["accepted"]), None)
