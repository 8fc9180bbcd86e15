"""Which recorded changes an allowed request needed: both undos, all definitions, as table rows.

For one request class and its course of events (specification: causation, 7.1 to 7.3):
1. delta-undo and replay-undo are both computed, and neither overwrites the other;
2. a state denies for sure where every world in it denies, possibly where one does not allow;
3. cuts and sufficient sets come from `cuts.py`, verdicts per change from `roles.py`;
4. necessity of one change is run directly and holds even where the search met its cap.

Unknown stays unknown: a class whose own decision is not ALLOWED has no cause to look for; where it
is UNKNOWN each change's rows say undetermined.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from timeline import tables
from timeline.correlate.course import as_logged
from timeline.correlate.cuts import Sets, cuts, hitting_sets, indices
from timeline.correlate.roles import Answer, CutFamily, judge, shape
from timeline.correlate.runs import UNDO, Question, Run, Targets, agreed, narrowed, runs, undoable
from timeline.model import Verdict

_ANSWERS = {
    Verdict.DENIED: Answer.YES,
    Verdict.ALLOWED: Answer.NO,
    Verdict.UNKNOWN: Answer.UNDETERMINED,
}

#: A row of a derived table.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Rows of `class_changes` and `class_sets` of one class, and the shape of each undo.

    The rows are without their `class_uid`: classes with the same answer have them in common.

    Attributes:
        class_uid: of the table `classes`.
        changes, sets: at change level.
        shapes: undo -> shape.
        facts: further rows of `class_sets`, at fact level.
    """

    class_uid: str
    changes: tuple[Row, ...]
    sets: tuple[Row, ...]
    shapes: Mapping[str, str]
    facts: tuple[Row, ...] = ()


def explain(question: Question, targets: Targets | None = None) -> Explained:
    """Both undos of one class; nothing for a class that is denied.

    Args:
        question: the class.
        targets: name of a declared counterfactual -> what it holds places at. A change is then not
            undone but replaced: what it wrote to such a place stands at the target instead, and
            later changes go on from there.
    """
    if targets:  # what they hold is not part of the key
        return _explained(question, targets)
    found = question.kept("explained", lambda: _explained(question, {}))
    return replace(found, class_uid=question.class_uid)


def _explained(question: Question, targets: Targets) -> Explained:
    factual = question.decide(as_logged(question.course)[-1])
    if factual is Verdict.DENIED:
        return Explained(class_uid=question.class_uid, changes=(), sets=(), shapes={})
    narrow = narrowed(question)
    if factual is Verdict.UNKNOWN:
        return _undecided(narrow, targets)
    opener = _opener(narrow)
    found = [(run, _judged(run, narrow, opener)) for run in runs(narrow, targets)]
    return Explained(
        class_uid=question.class_uid,
        changes=tuple(row for _, part in found for row in part.changes),
        sets=tuple(row for _, part in found for row in part.sets),
        shapes={
            run.undo: part.shapes[run.undo] for run, part in found if run.counterfactual == UNDO
        },
    )


def _undecided(question: Question, targets: Targets) -> Explained:
    """A class whose own decision is not known."""
    found = undoable(question, targets)
    return Explained(
        class_uid=question.class_uid,
        changes=tuple(
            _undetermined(question, i, undo, counterfactual)
            for undo, counterfactual, mask in found
            for i in indices(mask)
        ),
        sets=(),
        shapes={undo: "undetermined" for undo, *_ in found},
    )


def _judged(run: Run, question: Question, opener: int | None) -> Explained:
    """One run's part: the same for classes that decide alike on every state."""
    final = {state: agreed(state, question.decide) for state in run.frontier.states}
    alone = tuple(
        final[state] if state in final else agreed(state, question.decide) for _, state in run.alone
    )
    baseline = agreed(run.start, question.decide) is Verdict.ALLOWED
    key: Hashable = (tuple(final.values()), alone, baseline, opener)
    if key not in run.answers:
        run.answers[key] = _answered(run, final, alone, baseline, opener)
    found: Explained = run.answers[key]
    return found


def _answered(
    run: Run,
    final: Mapping[Any, Verdict],
    alone: Sequence[Verdict],
    baseline: bool,
    opener: int | None,
) -> Explained:
    certain = cuts(run.frontier, lambda s: final[s] is Verdict.DENIED)
    possible = cuts(run.frontier, lambda s: final[s] is not Verdict.ALLOWED)
    family = CutFamily(
        certain_cuts=certain,
        possible_cuts=possible,
        certain_sufficient=hitting_sets(possible),
        possible_sufficient=hitting_sets(certain),
    )
    rows = tuple(
        _change_row(run, family, i, decision, opener)
        for (i, _), decision in zip(run.alone, alone, strict=True)
    )
    return Explained(
        class_uid="",
        changes=rows,
        sets=tuple(_set_rows(run, family)),
        shapes={run.undo: shape(family, baseline)},
    )


def _change_row(
    run: Run, family: CutFamily, i: int, decision: Verdict, opener: int | None
) -> dict[str, Any]:
    verdict = judge(
        family,
        i,
        alone=_ANSWERS[decision],
        asserted_only=not run.attempts[i].altering,
        superseded=bool(run.superseded >> i & 1),
        order=range(len(run.attempts)),
    )
    return {
        "change_uid": run.attempts[i].change_uid,
        "undo": run.undo,
        "counterfactual": run.counterfactual,
        "decision_without": str(decision),
        "but_for": str(verdict.but_for),
        "ness": str(verdict.ness),
        "hp_modified": str(verdict.hp_modified),
        "across_completions": verdict.across,
        "role": str(verdict.role),
        "opened_window": opener == i,
        "responsibility": verdict.responsibility,
    }


def _undetermined(question: Question, i: int, undo: str, counterfactual: str) -> dict[str, Any]:
    attempt = question.course.attempts[i]
    return {
        "change_uid": attempt.change_uid,
        "undo": undo,
        "counterfactual": counterfactual,
        "decision_without": str(Verdict.UNKNOWN),
        "but_for": str(Answer.UNDETERMINED),
        "ness": str(Answer.UNDETERMINED),
        "hp_modified": str(Answer.UNDETERMINED),
        "across_completions": "some",
        "role": "irrelevant" if attempt.altering else "re-asserting",
        "opened_window": False,
        "responsibility": None,
    }


def _set_rows(run: Run, family: CutFamily) -> list[dict[str, Any]]:
    pairs = (
        ("minimal cut", family.certain_cuts, family.possible_cuts),
        ("minimal sufficient", family.certain_sufficient, family.possible_sufficient),
    )
    rows = []
    for kind, certain, possible in pairs:
        for certainty, sets in (("certain", certain), ("possible", _only(possible, certain))):
            rows += [_set_row(run, kind, mask, certainty, sets.complete) for mask in sets.members]
    return rows


def _only(possible: Sets, certain: Sets) -> Sets:
    kept = tuple(m for m in possible.members if m not in certain.members)
    return Sets(members=kept, complete=possible.complete)


def _set_row(run: Run, kind: str, mask: int, certainty: str, complete: bool) -> dict[str, Any]:
    return {
        "level": "change",
        "undo": run.undo,
        "counterfactual": run.counterfactual,
        "kind": kind,
        "members": [run.attempts[i].change_uid for i in indices(mask)],
        "certainty": certainty,
        "complete": complete,
    }


def _opener(question: Question) -> int | None:
    """The attempt at the last flip from denied to allowed; None where none is recorded.

    From unknown to allowed is no flip: what was not known before may have been the same.
    """
    worlds = as_logged(question.course)
    opener, before = None, question.decide(worlds[0])
    for i, world in enumerate(worlds[1:]):
        after = question.decide(world)
        if after is Verdict.ALLOWED and before is Verdict.DENIED:
            opener = i
        elif after is Verdict.ALLOWED and before is Verdict.UNKNOWN:
            opener = None
        before = after
    return opener


def rows_in_order(
    explained: Sequence[Explained],
) -> tuple[Sequence[Row], Sequence[Row]]:
    """Rows of both tables, sorted so that equal results give equal bytes."""
    changes = [(part.class_uid, row) for part in explained for row in part.changes]
    sets = [(part.class_uid, row) for part in explained for row in (*part.sets, *part.facts)]
    changes.sort(
        key=lambda pair: (pair[0], *_first(pair[1]), pair[1]["undo"], pair[1]["change_uid"])
    )
    sets.sort(
        key=lambda pair: (
            pair[0], *_first(pair[1]), pair[1]["level"], pair[1]["undo"], pair[1]["kind"],
            pair[1]["members"],
        )
    )  # fmt: skip
    return tables.Made(changes, _of_class), tables.Made(sets, _of_class)


def _of_class(pair: tuple[str, Row]) -> Row:
    return {"class_uid": pair[0], **pair[1]}


def _first(row: Row) -> tuple[bool, str]:
    return row["counterfactual"] != UNDO, row["counterfactual"]
