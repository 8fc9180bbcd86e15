"""Narrower bounds of hidden changes, by logged outcomes (specification: causation, 7.8, G10).

An observation leaves a hidden change between the last proof of the old content and itself. Under
`gaps-minimal` it is one change, so each outcome that only one of the two contents explains says on
which side of it the change lies:
1. an access in between that the old content denies and the new one allows, or the reverse;
2. a recorded write in between whose permissions or gates let it pass under one content alone.
Used for bounds and counterfactuals only: no decision on an access looks at its own outcome, and a
result that rests on one says so (*order inferred from the outcome*). Outcomes that contradict each
other narrow nothing. A write that alters the same slot is a proof of its own and never lies within.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from timeline.correlate import decisions, signatures
from timeline.correlate.course import attempts
from timeline.correlate.decisions import TICK, Decided, RequestClass, Setting
from timeline.correlate.provider import let_through
from timeline.correlate.signatures import Attempts
from timeline.correlate.views import GAPS_MINIMAL, Doubted, Overlay, Place, Viewed
from timeline.model import Decision, Knowledge, SlotState, Verdict

#: Outcomes of accesses that speak of authorization.
_OUTCOMES = {"success": Verdict.ALLOWED, "denied": Verdict.DENIED}
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """A hidden change with what its place held before and after.

    Attributes:
        change_uid, place: which.
        start, end: bounds as observed.
        before, after: contents, both known.
    """

    change_uid: str
    place: Place
    start: datetime
    end: datetime
    before: SlotState
    after: SlotState


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """A hidden change with the bounds that outcomes give.

    Attributes:
        hidden: the change as observed.
        low: the old content was still in force; high: the new one already was.
        witnesses: event uids of the outcomes, in order.
        contradicted: outcomes that no single change explains; nothing is narrowed then.
    """

    hidden: Hidden
    low: datetime
    high: datetime
    witnesses: tuple[str, ...]
    contradicted: bool = False


class Placed:
    """The inner view, with contents where outcomes have settled them."""

    def __init__(self, inner: Viewed, found: Iterable[Narrowed]) -> None:
        self._inner = inner
        self._found = {n.hidden.place: n for n in found if not n.contradicted}

    def at(self, resource_uid: str, slot: str, t: datetime) -> SlotState:
        """As the inner view, but known on either side of the narrower bounds."""
        one = self._found.get((resource_uid, slot))
        if one is None or not one.hidden.start <= t < one.hidden.end:
            return self._inner.at(resource_uid, slot, t)
        if t <= one.low:
            return _settled(one.hidden.before)
        return (
            _settled(one.hidden.after) if t >= one.high else self._inner.at(resource_uid, slot, t)
        )

    def resources(self) -> Iterable[str]:
        """As the inner view."""
        return self._inner.resources()

    def slots(self, resource_uid: str) -> Iterable[str]:
        """As the inner view."""
        return self._inner.slots(resource_uid)


def narrowed(
    decided: Decided,
    setting: Setting,
    changes: Sequence[Mapping[str, Any]],
    writers: Mapping[str, Mapping[str, Any]],
) -> tuple[Narrowed, ...]:
    """Hidden changes that outcomes narrow, or contradict; in order.

    Args:
        decided: classes and accesses of the build.
        setting: of the build; without `gaps-minimal` nothing is narrowed.
        changes: rows of the table.
        writers: rows of `events` that made changes.
    """
    if GAPS_MINIMAL not in setting.assumptions:
        return ()
    by_class: dict[str, list[Mapping[str, Any]]] = {}
    for row, uid in decided.accesses:
        if decided.classes[uid].decision.verdict is Verdict.UNKNOWN:
            by_class.setdefault(uid, []).append(row)
    found = []
    for hidden in _hidden(setting, changes):
        old, new = _by_accesses(hidden, by_class, decided, setting)
        for row, is_new in _by_writes(hidden, setting, writers):
            (new if is_new else old).append(row)
        if old or new:
            found.append(_bounded(hidden, old, new))
    return tuple(found)


def applied(
    found: Sequence[Narrowed],
    decided: Decided,
    setting: Setting,
    history: Viewed,
    changes: Sequence[Mapping[str, Any]],
) -> tuple[Decided, Setting, Viewed]:
    """Classes and setting in which causation is asked: the hidden changes at their narrower place.

    A class that was UNKNOWN is decided under them if all its accesses lie on one side; this
    decision is causation's alone.

    Returns:
        (classes, setting, history under no assumption).
    """
    usable = {n.hidden.change_uid: n for n in found if not n.contradicted}
    if not usable:
        return decided, setting, history
    placed = Placed(history, usable.values())
    view = Doubted(placed, setting.assumptions)
    moved = [
        {
            **row,
            "time_from": usable[row["change_uid"]].low,
            "time_to": usable[row["change_uid"]].high - TICK,
        }
        if row["change_uid"] in usable
        else row
        for row in changes
    ]
    ordered = Attempts(attempts(moved))
    asked = replace(setting, view=view, attempts=ordered)
    times: dict[str, list[datetime]] = {}
    for row, uid in decided.accesses:
        times.setdefault(uid, []).append(row["time"])
    classes = {
        uid: _again(one, times.get(uid, [one.at]), asked, usable.values())
        for uid, one in decided.classes.items()
    }
    return replace(decided, classes=classes), asked, placed


def rows(found: Sequence[Narrowed], decided: Decided, asked: Decided) -> list[dict[str, Any]]:
    """Rows of the table `inferred_order`.

    Args:
        found: the narrowed changes.
        decided: classes as the build decided them.
        asked: classes as causation was asked.
    """
    made = []
    for one in found:
        rests = [
            uid
            for uid, was in decided.classes.items()
            if one.hidden.place in was.slice.places
            and was.decision.verdict is not asked.classes[uid].decision.verdict
        ]
        made.append(
            {
                "change_uid": one.hidden.change_uid,
                "resource_uid": one.hidden.place[0],
                "slot": one.hidden.place[1],
                "time_from": one.hidden.start,
                "time_to": one.hidden.end,
                "inferred_from": None if one.contradicted else one.low,
                "inferred_to": None if one.contradicted else one.high,
                "contradicted": one.contradicted,
                "witnesses": list(one.witnesses),
                "classes": sorted(rests),
            }
        )
    return sorted(made, key=lambda r: r["change_uid"])


def _hidden(setting: Setting, changes: Sequence[Mapping[str, Any]]) -> list[Hidden]:
    starts = {r["change_uid"]: r["time_from"] for r in changes if r["kind"] == "hidden"}
    found = []
    for attempt in setting.attempts.ordered:
        start = starts.get(attempt.change_uid)
        if attempt.kind != "hidden" or start is None:
            continue
        for place in sorted(attempt.written):
            before = setting.view.at(*place, start - TICK)
            after = setting.view.at(*place, attempt.time)
            if Knowledge.UNKNOWN not in (before.knowledge, after.knowledge):
                found.append(
                    Hidden(
                        change_uid=attempt.change_uid,
                        place=place,
                        start=start,
                        end=attempt.time,
                        before=before,
                        after=after,
                    )
                )
    return found


def _by_accesses(
    hidden: Hidden,
    by_class: Mapping[str, Sequence[Mapping[str, Any]]],
    decided: Decided,
    setting: Setting,
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Rows whose outcome the old content alone explains, and those of the new content."""
    old: list[Mapping[str, Any]] = []
    new: list[Mapping[str, Any]] = []
    for uid, accesses in sorted(by_class.items()):
        one = decided.classes[uid]
        inside = [r for r in accesses if hidden.start <= r["time"] and r["time"] < hidden.end]
        if hidden.place not in one.slice.places or not inside:
            continue
        verdicts = [
            _decision(one, inside[0]["time"], Overlay(setting.view, {hidden.place: s}), setting)
            for s in (hidden.before, hidden.after)
        ]
        if set(verdicts) != {Verdict.ALLOWED, Verdict.DENIED}:
            continue
        for row in inside:
            outcome = _OUTCOMES.get(row["outcome"])
            if outcome is not None:
                (new if outcome is verdicts[1] else old).append(row)
    return old, new


def _decision(one: RequestClass, at: datetime, view: Viewed, setting: Setting) -> Verdict:
    found = setting.provider.decide(view, decisions.timed(one.request, at), at, setting.assumptions)
    return found.verdict


def _by_writes(
    hidden: Hidden, setting: Setting, writers: Mapping[str, Mapping[str, Any]]
) -> Iterable[tuple[Mapping[str, Any], bool]]:
    """(row, whether the new content explains it) of recorded writes that tell."""
    for attempt in setting.attempts.ordered:
        row = writers.get(attempt.change_uid.removeprefix("opaque/"))
        inside = hidden.start <= attempt.time < hidden.end
        if row is None or not inside or attempt.kind not in ("logged", "opaque"):
            continue
        if not attempt.accepted and not setting.provider.refusal_depends(row):
            continue
        request = setting.provider.write_request(row, min(attempt.written)[0])
        if request is None:
            continue
        at = attempt.time - TICK
        written = {place: a.content for place, a in attempt.written.items()}
        passes: list[bool | None] = []
        for state in (hidden.before, hidden.after):
            view = Overlay(setting.view, {hidden.place: state})
            asked = decisions.timed(request, attempt.time)
            passes.append(
                let_through(setting.provider, asked, written, view, at, setting.assumptions)
            )
        if set(passes) == {True, False}:
            yield row, passes[1] is attempt.accepted


def _bounded(
    hidden: Hidden, old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> Narrowed:
    low = max((r["time"] for r in old), default=hidden.start - TICK)
    high = min((r["time"] for r in new), default=hidden.end)
    told = sorted((*old, *new), key=lambda r: (r["time"], r["event_uid"]))
    return Narrowed(
        hidden=hidden,
        low=low,
        high=high,
        witnesses=tuple(r["event_uid"] for r in told),
        # Inside one second the order of two records is not known.
        contradicted=low + _SECOND > high,
    )


def _again(
    one: RequestClass, times: Sequence[datetime], setting: Setting, found: Iterable[Narrowed]
) -> RequestClass:
    moved = replace(one, slice=signatures.of_places(one.slice.places, setting.attempts))
    if one.decision.verdict is not Verdict.UNKNOWN:
        return moved
    for narrow in found:
        if narrow.hidden.place in one.slice.places and not _one_side(times, narrow):
            return moved
    verdict: Decision = decisions.again(moved, setting)
    if verdict.verdict is not Verdict.ALLOWED:
        return moved  # a denied access has no cause to look for
    return replace(moved, decision=verdict)


def _one_side(times: Sequence[datetime], narrow: Narrowed) -> bool:
    return all(t >= narrow.high for t in times) or all(t <= narrow.low for t in times)


def _settled(state: SlotState) -> SlotState:
    return replace(
        state, why=f"{state.why}; order inferred from logged outcomes, assumption {GAPS_MINIMAL}"
    )
