"""Which named assumptions a finding hangs on: each toggled alone and in pairs (R-166).

1. the assumptions that the decisions of a finding's request classes name;
2. for each of them, and each pair: the classes are decided again with them toggled;
3. where a decision stays ALLOWED, both undos are computed again and their necessity answers
   compared; a class *flips* where either differs.
A finding without request classes has nothing to toggle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from timeline.correlate import decisions, holes, orders
from timeline.correlate.causes import Causes
from timeline.correlate.decisions import Decided, RequestClass, Setting
from timeline.correlate.questions import Questions
from timeline.correlate.views import Doubted, Viewed
from timeline.model import Verdict

#: Necessity of each change under each undo.
Answers = frozenset[tuple[str, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What classes are asked again in.

    Attributes:
        history: of configuration, under no assumption.
        setting: of the build.
        decided, causes: what the build came to.
        writers: rows of `events` that made changes, by event uid.
        missing: periods in which records of changes may be missing.
        memo: (class uid, toggled) -> (decision, whether it flips).
    """

    history: Viewed
    setting: Setting
    decided: Decided
    causes: Causes
    writers: Mapping[str, Mapping[str, Any]]
    missing: Sequence[holes.Hole] = ()
    memo: dict[tuple[str, tuple[str, ...]], tuple[Verdict, bool]] = field(default_factory=dict)


def toggles(names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Each name alone, then each pair, in order."""
    ordered = sorted(set(names))
    return tuple((name,) for name in ordered) + tuple(combinations(ordered, 2))


def of_classes(uids: Sequence[str], case: Case) -> tuple[Mapping[str, Any], ...]:
    """One entry per toggle of the assumptions that some classes name.

    Returns:
        Each {toggled: names, classes: number asked, flipped: number, decisions: verdict -> number
        of classes, flips: whether any flipped}.
    """
    asked = [case.decided.classes[uid] for uid in uids]
    names = sorted({name for one in asked for name in one.decision.assumptions})
    return tuple(_entry(toggled, asked, case) for toggled in toggles(names))


def _entry(
    toggled: tuple[str, ...], asked: Sequence[RequestClass], case: Case
) -> Mapping[str, Any]:
    found = [_again(one, toggled, case) for one in asked]
    verdicts = [str(verdict) for verdict, _ in found]
    flipped = sum(flips for _, flips in found)
    return {
        "toggled": toggled,
        "classes": len(asked),
        "flipped": flipped,
        "decisions": {name: verdicts.count(name) for name in sorted(set(verdicts))},
        "flips": flipped > 0,
    }


def _again(one: RequestClass, toggled: tuple[str, ...], case: Case) -> tuple[Verdict, bool]:
    key = one.uid, toggled
    if key not in case.memo:
        case.memo[key] = _asked(one, frozenset(toggled), case)
    return case.memo[key]


def _asked(one: RequestClass, toggled: frozenset[str], case: Case) -> tuple[Verdict, bool]:
    held = case.setting.assumptions ^ toggled
    view = Doubted(case.history, held)
    setting = replace(case.setting, view=view, assumptions=held)
    decision = decisions.again(one, setting)
    verdict = decision.verdict
    if verdict is not one.decision.verdict or verdict is not Verdict.ALLOWED:
        return verdict, verdict is not one.decision.verdict
    setting = holes.applied(setting, case.missing)
    one = holes.asked_in(one, setting)
    questions = Questions(view, setting.attempts, setting.provider, held, case.writers)
    found = orders.explain_in_every_order(replace(one, decision=decision), questions)
    return verdict, _answers(found.changes) != _answers(case.causes.changes.get(one.uid, ()))


def _answers(rows: Sequence[Mapping[str, Any]]) -> Answers:
    return frozenset((r["change_uid"], r["undo"], r["but_for"]) for r in rows)
