"""Hidden changes that may have happened at several places in the order of events (7.8).

The course of events holds a hidden change at the first moment at which it is proven. It may have
happened anywhere between its bounds, and what a recorded write in between comes to in a replay may
depend on the side: a gate that was on or off, a permission that was there or not. So a class is
asked once for every place in the order that such writes tell apart, and only what all of these say
is an answer:
1. the hidden changes of the class's course, each with the writes inside its bounds that look at
   what it altered;
2. the class explained with each of them just before each such write, in every combination, at most
   `MOST`; beyond, replay-undo is undetermined;
3. a row that differs is undetermined; a set that is not in every order is a possible one.
The column `role` is that of the first moment of proof.
"""

from collections.abc import Hashable, Mapping, Sequence
from itertools import product
from typing import Any

from timeline.correlate.causation import Explained, explain
from timeline.correlate.decisions import RequestClass
from timeline.correlate.questions import Questions
from timeline.correlate.runs import Question, Targets
from timeline.model import Verdict

#: Orders asked per class.
MOST = 16

_UNDETERMINED = "undetermined"
#: What differs between orders, and what then stands there.
_IN_DOUBT: Mapping[str, Any] = {
    "decision_without": str(Verdict.UNKNOWN),
    "but_for": _UNDETERMINED,
    "ness": _UNDETERMINED,
    "hp_modified": _UNDETERMINED,
    "across_completions": "some",
    "opened_window": False,
    "responsibility": None,
}


def explain_in_every_order(
    one: RequestClass,
    questions: Questions,
    targets: Targets | None = None,
    question: Question | None = None,
) -> Explained:
    """As `causation.explain`, for every place in the order that a hidden change may have.

    `question` is that of the class where it is at hand.
    """
    found = explain(question or questions.of(one), targets)
    loose = questions.loose(one) if one.decision.verdict is Verdict.ALLOWED else []
    if not loose:
        return found
    places = [[(hidden.change_uid, at) for at in (None, *times)] for hidden, times in loose]
    orders = [{uid: at for uid, at in order if at is not None} for order in product(*places)]
    if len(orders) > MOST:
        return _in_doubt(found)
    others = [explain(questions.reordered(one, order), targets) for order in orders if order]
    return agreed([found, *others])


def agreed(found: Sequence[Explained]) -> Explained:
    """What one class's results in several orders have in common; the first is that of the proof.

    A change that has no row in an order had not happened there by the time of the request.
    """
    rows: dict[Hashable, list[Mapping[str, Any]]] = {}
    sets: dict[Hashable, list[Mapping[str, Any]]] = {}
    for part in found:
        for row in part.changes:
            rows.setdefault((row["undo"], row["counterfactual"], row["change_uid"]), []).append(row)
        for row in part.sets:
            members = row["kind"], *sorted(row["members"])
            sets.setdefault((row["undo"], row["counterfactual"], members), []).append(row)
    return Explained(
        class_uid=found[0].class_uid,
        changes=tuple(
            _common(held, everywhere=len(held) == len(found))
            for held in rows.values()
            if len(held) == len(found) or any(row["ness"] != "no" for row in held)
        ),
        sets=tuple(_set(held, len(found)) for held in sets.values()),
        shapes={
            undo: shape if all(part.shapes.get(undo) == shape for part in found) else _UNDETERMINED
            for undo, shape in found[0].shapes.items()
        },
        facts=found[0].facts,
    )


def _common(rows: Sequence[Mapping[str, Any]], *, everywhere: bool) -> Mapping[str, Any]:
    """A row with the columns in doubt on which the orders do not agree."""
    first = rows[0]
    doubtful = {
        name: doubt
        for name, doubt in _IN_DOUBT.items()
        if not everywhere or any(row[name] != first[name] for row in rows)
    }
    return {**first, **doubtful}


def _set(rows: Sequence[Mapping[str, Any]], orders: int) -> Mapping[str, Any]:
    certain = len(rows) == orders and all(row["certainty"] == "certain" for row in rows)
    return {
        **rows[0],
        "certainty": "certain" if certain else "possible",
        "complete": all(row["complete"] for row in rows),
    }


def _in_doubt(found: Explained) -> Explained:
    """More orders than are asked: nothing is certain where writes are run again."""
    return Explained(
        class_uid=found.class_uid,
        changes=tuple(
            {**row, **_IN_DOUBT} if row["undo"] == "replay" else row for row in found.changes
        ),
        sets=tuple(
            {**row, "certainty": "possible", "complete": False} if row["undo"] == "replay" else row
            for row in found.sets
        ),
        shapes={**found.shapes, "replay": _UNDETERMINED},
        facts=found.facts,
    )
