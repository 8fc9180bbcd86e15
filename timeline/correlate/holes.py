"""Without `gaps-minimal`, what a period of missing records does to causation (7.8).

Anything may have been written in it. The course of events then holds, at both ends of the period,
a write of unknown content to every place, which no undo takes back; and the first recorded write
after it sets its place as a whole, because what it altered is not known. Undos that rest on what
stood before come out undetermined; what was written anew afterwards, and does not, stays decided.
By delta-undo a change from before the hole may still be the last one that altered a fact, although
the fact was written again later: its rows are undetermined, and so are the sets.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from collector.model import Gap
from timeline.correlate import signatures
from timeline.correlate.causation import Explained
from timeline.correlate.causes import Causes
from timeline.correlate.course import Alteration, Attempt
from timeline.correlate.decisions import Decided, RequestClass, Setting
from timeline.correlate.runs import UNDO
from timeline.correlate.signatures import Attempts
from timeline.correlate.views import GAPS_MINIMAL, Place, Viewed
from timeline.model import Verdict

#: Start and end of a period in which records of changes may be missing.
Hole: TypeAlias = tuple[datetime, datetime]

#: Kinds of gap in which records of changes may be missing, as for the state.
_KINDS = frozenset({"missing_log", "logging_off", "unreadable", "truncated", "failed", "denied"})
_UNDETERMINED = "undetermined"
_ANYTHING = Alteration(facts={}, whole=True, prior=None, content=None)


def periods(gaps: Iterable[Gap]) -> tuple[Hole, ...]:
    """Periods of the gaps that may hide changes, in order."""
    return tuple(
        sorted(
            (gap.time_from, gap.time_to)
            for gap in gaps
            if gap.kind in _KINDS and gap.time_from is not None and gap.time_to is not None
        )
    )


def applied(setting: Setting, holes: Sequence[Hole]) -> Setting:
    """The setting with unknown writes in the holes; as it is where `gaps-minimal` is on."""
    if GAPS_MINIMAL in setting.assumptions or not holes:
        return setting
    places = _places(setting.view, setting.attempts)
    marks = sorted({at for hole in holes for at in hole})
    unknown = [
        Attempt(
            change_uid=f"missing records/{at.isoformat()}",
            time=at,
            kind="default",  # never undone, and of nobody
            operation=None,
            accepted=True,
            written=dict.fromkeys(places, _ANYTHING),
        )
        for at in marks
    ]
    ordered = sorted([*unknown, *setting.attempts.ordered], key=lambda a: a.time)
    return replace(setting, attempts=Attempts(_blinded(ordered)))


def asked_in(one: RequestClass, setting: Setting) -> RequestClass:
    """A class with its slice as positions in the attempts of a setting."""
    return replace(one, slice=signatures.of_places(one.slice.places, setting.attempts))


def asked_all(decided: Decided, setting: Setting) -> Decided:
    """All classes in a setting."""
    classes = {uid: asked_in(one, setting) for uid, one in decided.classes.items()}
    return replace(decided, classes=classes)


def settled(
    found: tuple[Explained, ...],
    causes: Causes,
    decided: Decided,
    setting: Setting,
    holes: Sequence[Hole],
) -> tuple[tuple[Explained, ...], Causes]:
    """Results with what the holes leave undetermined by delta-undo; as they are by assumption."""
    if GAPS_MINIMAL in setting.assumptions or not holes:
        return found, causes
    times = {a.change_uid: a.time for a in setting.attempts.ordered}
    made: dict[str, Explained] = {}
    for one in found:
        if one.changes or one.sets:
            uid = one.class_uid
            made[uid] = settled_at(one, decided.classes[uid].at, times, holes)
    return tuple(made.values()), Causes(
        changes={uid: _undone(part.changes) for uid, part in made.items()},
        sets={uid: _undone(part.sets) for uid, part in made.items()},
        shapes={uid: part.shapes for uid, part in made.items()},
    )


def settled_at(
    one: Explained, at: datetime, times: Mapping[str, datetime], holes: Sequence[Hole]
) -> Explained:
    """One class's result with what the holes before its request leave undetermined.

    Args:
        one: as explained in a setting in which the holes are `applied`.
        at: of the request.
        times: change uid -> its time.
        holes: periods of missing records.
    """
    marks = [mark for hole in holes for mark in hole if mark <= at]
    return _unsettled(one, times, max(marks)) if marks else one


def _unsettled(one: Explained, times: Mapping[str, datetime], last: datetime) -> Explained:
    before = {uid for uid, at in times.items() if at < last}
    if not any(row["undo"] == "delta" and row["change_uid"] in before for row in one.changes):
        return one
    rows = []
    for row in one.changes:
        if row["undo"] == "delta" and row["counterfactual"] == UNDO:
            row = {**row, "ness": _UNDETERMINED, "hp_modified": _UNDETERMINED}
            row["responsibility"] = None
            if row["change_uid"] in before:
                row |= {"but_for": _UNDETERMINED, "across_completions": "some"}
                row["decision_without"] = str(Verdict.UNKNOWN)
        rows.append(row)
    return replace(
        one,
        changes=tuple(rows),
        sets=tuple(row for row in one.sets if row["undo"] != "delta"),
        shapes={**one.shapes, "delta": _UNDETERMINED},
    )


def _undone(rows: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Rows of the undos, without those of declared counterfactuals."""
    return tuple(row for row in rows if row["counterfactual"] == UNDO)


def _places(view: Viewed, attempts: Attempts) -> list[Place]:
    named = {(uid, slot) for uid in view.resources() for slot in view.slots(uid)}
    return sorted(named | set(attempts.by_place))


def _blinded(ordered: Iterable[Attempt]) -> list[Attempt]:
    """After an unknown write the first accepted one to a place sets it as a whole."""
    unseen: set[Place] = set()
    made = []
    for attempt in ordered:
        if attempt.change_uid.startswith("missing records/"):
            unseen |= set(attempt.written)
            made.append(attempt)
            continue
        blind = unseen & set(attempt.written)
        if blind:
            written = {
                place: replace(alteration, whole=True, prior=None) if place in blind else alteration
                for place, alteration in attempt.written.items()
            }
            attempt = replace(attempt, written=written)
        if attempt.accepted:
            unseen -= blind
        made.append(attempt)
    return made
