"""Which recorded changes an allowed request needed: both undos, all definitions, as table rows.

For one request class and its course of events (specification: causation, 7.1 to 7.3):
1. delta-undo and replay-undo are both computed, and neither overwrites the other;
2. a state denies for sure where every world in it denies, possibly where one does not allow;
3. cuts and sufficient sets come from `cuts.py`, verdicts per change from `roles.py`;
4. necessity of one change is run directly and holds even where the search met its cap.

Unknown stays unknown: a class whose own decision is not ALLOWED has no cause to look for; where it
is UNKNOWN each change's rows say undetermined.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from timeline.correlate.course import (
    Content,
    Course,
    World,
    Worlds,
    as_logged,
    delta_step,
    replay_step,
)
from timeline.correlate.cuts import (
    Sets,
    course_of,
    cuts,
    explore,
    hitting_sets,
    indices,
    without,
)
from timeline.correlate.merging import forgetting
from timeline.correlate.roles import Answer, CutFamily, judge, shape
from timeline.correlate.views import Place
from timeline.model import Verdict

UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request class, to be explained.

    Attributes:
        class_uid: of the table `classes`.
        course: writes up to the request, gates and authors included.
        decide: decision on the request in a world.
        admits: whether attempt i would be accepted in a world; None = not known.
        read: positions of the places that `decide` looks at.
        inputs: for each attempt the positions of the places that `admits` looks at.
        alike: (place, value of a fact) -> a text that is equal for facts of equal effect on the
            request; None where that is not known.
    """

    class_uid: str
    course: Course
    decide: Callable[[World], Verdict]
    admits: Callable[[int, World], bool | None]
    read: tuple[int, ...]
    inputs: tuple[tuple[int, ...], ...]
    alike: Callable[[Place, str], str | None] = lambda _, __: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Rows of `class_changes` and `class_sets` of one class, and the shape of each undo.

    Attributes:
        changes, sets: at change level.
        shapes: undo -> shape.
        facts: further rows of `class_sets`, at fact level.
    """

    changes: tuple[Mapping[str, Any], ...]
    sets: tuple[Mapping[str, Any], ...]
    shapes: Mapping[str, str]
    facts: tuple[Mapping[str, Any], ...] = ()


def explain(
    question: Question, targets: Mapping[str, Mapping[Place, Content]] | None = None
) -> Explained:
    """Both undos of one class; nothing for a class that is denied.

    Args:
        question: the class.
        targets: name of a declared counterfactual -> what it holds places at. A change is then not
            undone but replaced: what it wrote to such a place stands at the target instead, and
            later changes go on from there.
    """
    course = question.course
    factual = question.decide(as_logged(course)[-1])
    if factual is Verdict.DENIED:
        return Explained(changes=(), sets=(), shapes={})
    undone = models(question)
    others = [
        replace(
            model,
            counterfactual=name,
            removable=replaceable(course, contents),
            instead=_replacing(course, contents, model.step),
        )
        for name, contents in sorted((targets or {}).items())
        for model in undone
    ]
    parts = [_judged(model, factual) for model in (*undone, *others)]
    return Explained(
        changes=tuple(row for part in parts for row in part.changes),
        sets=tuple(row for part in parts for row in part.sets),
        shapes={
            name: shape for part in parts[: len(undone)] for name, shape in part.shapes.items()
        },
    )


def models(question: Question) -> tuple["Model", ...]:
    """The two undos of a question, delta first."""
    course, opener = question.course, _opener(question)
    once = forgetting(_lifted(delta_step(course)), course, question.read, alike=question.alike)
    again = forgetting(
        replay_step(course, question.admits), course, question.read, inputs=question.inputs
    )
    return tuple(
        Model(
            question=question, undo=undo, counterfactual=UNDO, opener=opener, step=step,
            start=frozenset({course.start}), removable=course.removable, instead=None,
        )
        for undo, step in (("delta", once), ("replay", again))
    )  # fmt: skip


def replaceable(course: Course, contents: Mapping[Place, Content]) -> int:
    """Mask of the changes that wrote to a place that a declared counterfactual speaks of."""
    found = 0
    for i in indices(course.removable):
        written = course.attempts[i].written
        if any(place in written for place in contents if place in course.places):
            found |= 1 << i
    return found


def _replacing(
    course: Course, contents: Mapping[Place, Content], step: Callable[[int, Worlds], Worlds]
) -> Callable[[int, Worlds], Worlds]:
    """What stands in the place of a change: its other places as written, these at the target."""
    held = {n: contents[place] for n, place in enumerate(course.places) if place in contents}

    def instead(i: int, worlds: Worlds) -> Worlds:
        written = course.attempts[i].written
        mine = {n: content for n, content in held.items() if course.places[n] in written}
        return frozenset(
            tuple(mine.get(n, content) for n, content in enumerate(world))
            for world in step(i, worlds)
        )

    return instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One undo of one question, or one declared counterfactual in its place."""

    question: Question
    undo: str
    counterfactual: str
    start: Worlds
    step: Callable[[int, Worlds], Worlds]
    removable: int
    instead: Callable[[int, Worlds], Worlds] | None
    opener: int | None

    def verdict(self, worlds: Worlds) -> Verdict:
        """What all worlds agree on; UNKNOWN where they do not."""
        return _verdict(worlds, self.question.decide)


def _judged(model: Model, factual: Verdict) -> Explained:
    n, removable = len(model.question.course.attempts), model.removable
    if factual is Verdict.UNKNOWN:
        rows = tuple(_undetermined(model, i) for i in indices(removable))
        return Explained(changes=rows, sets=(), shapes={model.undo: "undetermined"})
    family = _family(model, n, removable)
    states = course_of(model.start, n, model.step)
    rows = tuple(_change_row(model, family, i, states) for i in indices(removable))
    baseline = _verdict(model.start, model.question.decide) is Verdict.ALLOWED
    return Explained(
        changes=rows,
        sets=tuple(_set_rows(model, family)),
        shapes={model.undo: shape(family, baseline)},
    )


def _family(model: Model, n: int, removable: int) -> CutFamily:
    frontier = explore(model.start, n, model.step, removable, instead=model.instead)
    certain = cuts(frontier, lambda s: model.verdict(s) is Verdict.DENIED)
    possible = cuts(frontier, lambda s: model.verdict(s) is not Verdict.ALLOWED)
    return CutFamily(
        certain_cuts=certain,
        possible_cuts=possible,
        certain_sufficient=hitting_sets(possible),
        possible_sufficient=hitting_sets(certain),
    )


def _change_row(
    model: Model, family: CutFamily, i: int, states: tuple[Worlds, ...]
) -> dict[str, Any]:
    attempts = model.question.course.attempts
    decision = model.verdict(without(i, states, model.step, model.instead))
    answers = {
        Verdict.DENIED: Answer.YES,
        Verdict.ALLOWED: Answer.NO,
        Verdict.UNKNOWN: Answer.UNDETERMINED,
    }
    verdict = judge(
        family,
        i,
        alone=answers[decision],
        asserted_only=not attempts[i].altering,
        superseded=model.undo == "delta"
        and model.counterfactual == UNDO
        and _superseded(model.question.course, i),
        order=range(len(attempts)),
    )
    return {
        "class_uid": model.question.class_uid,
        "change_uid": attempts[i].change_uid,
        "undo": model.undo,
        "counterfactual": model.counterfactual,
        "decision_without": str(decision),
        "but_for": str(verdict.but_for),
        "ness": str(verdict.ness),
        "hp_modified": str(verdict.hp_modified),
        "across_completions": verdict.across,
        "role": str(verdict.role),
        "opened_window": model.opener == i,
        "responsibility": verdict.responsibility,
    }


def _undetermined(model: Model, i: int) -> dict[str, Any]:
    attempts = model.question.course.attempts
    return {
        "class_uid": model.question.class_uid,
        "change_uid": attempts[i].change_uid,
        "undo": model.undo,
        "counterfactual": model.counterfactual,
        "decision_without": str(Verdict.UNKNOWN),
        "but_for": str(Answer.UNDETERMINED),
        "ness": str(Answer.UNDETERMINED),
        "hp_modified": str(Answer.UNDETERMINED),
        "across_completions": "some",
        "role": "irrelevant" if attempts[i].altering else "re-asserting",
        "opened_window": False,
        "responsibility": None,
    }


def _set_rows(model: Model, family: CutFamily) -> list[dict[str, Any]]:
    pairs = (
        ("minimal cut", family.certain_cuts, family.possible_cuts),
        ("minimal sufficient", family.certain_sufficient, family.possible_sufficient),
    )
    rows = []
    for kind, certain, possible in pairs:
        for certainty, sets in (("certain", certain), ("possible", _only(possible, certain))):
            rows += [_set_row(model, kind, mask, certainty, sets.complete) for mask in sets.members]
    return rows


def _only(possible: Sets, certain: Sets) -> Sets:
    kept = tuple(m for m in possible.members if m not in certain.members)
    return Sets(members=kept, complete=possible.complete)


def _set_row(model: Model, kind: str, mask: int, certainty: str, complete: bool) -> dict[str, Any]:
    attempts = model.question.course.attempts
    return {
        "class_uid": model.question.class_uid,
        "level": "change",
        "undo": model.undo,
        "counterfactual": model.counterfactual,
        "kind": kind,
        "members": [attempts[i].change_uid for i in indices(mask)],
        "certainty": certainty,
        "complete": complete,
    }


def _lifted(step: Callable[[int, World], World]) -> Callable[[int, Worlds], Worlds]:
    return lambda i, worlds: frozenset(step(i, world) for world in worlds)


def _verdict(worlds: Worlds, decide: Callable[[World], Verdict]) -> Verdict:
    """What all worlds agree on; UNKNOWN where they do not."""
    verdicts = {decide(world) for world in worlds}
    return verdicts.pop() if len(verdicts) == 1 else Verdict.UNKNOWN


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


def _superseded(course: Course, i: int) -> bool:
    """It altered facts of the course's places, and a later change altered each of them again."""
    mine = _facts(course, i)
    if not mine:
        return False
    later: set[tuple[str, str, str]] = set()
    for j in range(i + 1, len(course.attempts)):
        later |= _facts(course, j)
    return mine <= later


def _facts(course: Course, i: int) -> set[tuple[str, str, str]]:
    attempt = course.attempts[i]
    if not attempt.accepted:
        return set()
    return {
        (*place, fact)
        for place, alteration in attempt.written.items()
        if place in course.places
        for fact in alteration.facts
    }


def rows_in_order(
    explained: Sequence[Explained],
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Rows of both tables, sorted so that equal results give equal bytes."""
    changes = [row for part in explained for row in part.changes]
    sets = [row for part in explained for row in (*part.sets, *part.facts)]
    changes.sort(
        key=lambda r: (r["class_uid"], r["counterfactual"] != UNDO, r["counterfactual"],
                       r["undo"], r["change_uid"])
    )  # fmt: skip
    sets.sort(
        key=lambda r: (r["class_uid"], r["counterfactual"] != UNDO, r["counterfactual"],
                       r["level"], r["undo"], r["kind"], r["members"])
    )  # fmt: skip
    return changes, sets
