"""One course of events under one undo, run once for all request classes that it is common to.

1. places that no change writes are left out of the states: they stand in every one as they are;
2. every set of removed changes is run at the same time (`cuts.explore`), and each change alone;
3. what is found holds for every class with the same writes, the same start, the same places looked
   at and the same facts alike in effect: twenty callers of one bucket share it. Which of the final
   states deny is each class's own question.
"""

from collections.abc import Callable, Hashable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

from timeline.correlate.course import (
    Attempt,
    Content,
    Course,
    World,
    Worlds,
    as_logged,
    delta_step,
    replay_step,
)
from timeline.correlate.cuts import Frontier, course_of, explore, indices, without
from timeline.correlate.merging import (
    Merge,
    forgetting,
    merging_altered,
    merging_whole,
    partition,
)
from timeline.correlate.views import Place
from timeline.model import Verdict

T = TypeVar("T")

UNDO = "undo"

#: Name of a declared counterfactual -> what it holds places at.
Targets: TypeAlias = Mapping[str, Mapping[Place, Content]]


def _nothing_alike(*_: object) -> str | None:
    return None


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
        alike_to: (attempt i, place, value of a fact) -> the same for the attempt's own request.
        shared: runs that several questions of one history have in common.
        key: equal for questions of one history that have the same answers, names of the caller and
            of the object aside; None = there is none.
    """

    class_uid: str
    course: Course
    decide: Callable[[World], Verdict]
    admits: Callable[[int, World], bool | None]
    read: tuple[int, ...]
    inputs: tuple[tuple[int, ...], ...]
    alike: Callable[[Place, str], str | None] = _nothing_alike
    alike_to: Callable[[int, Place, str], str | None] = _nothing_alike
    shared: MutableMapping[Hashable, Any] = field(default_factory=dict)
    key: Hashable = None

    def kept(self, what: Hashable, make: Callable[[], T]) -> T:
        """What was made for a question with the same answers, else made now."""
        if self.key is None:
            return make()
        if (what, self.key) not in self.shared:
            self.shared[what, self.key] = make()
        found: T = self.shared[what, self.key]
        return found


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

    def verdict(self, worlds: Worlds) -> Verdict:
        """What all worlds agree on; UNKNOWN where they do not."""
        return agreed(worlds, self.question.decide)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """A model run once.

    Attributes:
        undo, counterfactual, start, removable: of the model.
        attempts: the writes.
        frontier: every final state with its minimal removed sets.
        alone: (change, final state without it), for each that can be undone.
        superseded: mask of the changes none of whose facts survives.
        answers: (verdicts on the states) -> rows, filled by whoever asks.
    """

    undo: str
    counterfactual: str
    start: Worlds
    removable: int
    attempts: tuple[Attempt, ...]
    frontier: Frontier[Worlds]
    alone: tuple[tuple[int, Worlds], ...]
    superseded: int
    answers: dict[Hashable, Any] = field(default_factory=dict)


def agreed(worlds: Worlds, decide: Callable[[World], Verdict]) -> Verdict:
    """What all worlds agree on; UNKNOWN where they do not."""
    verdicts = {decide(world) for world in worlds}
    return verdicts.pop() if len(verdicts) == 1 else Verdict.UNKNOWN


def narrowed(question: Question) -> Question:
    """The same question over the places alone that some change writes."""
    course = question.course
    written = {place for attempt in course.attempts for place in attempt.written}
    kept = [n for n, place in enumerate(course.places) if place in written]
    if len(kept) == len(course.places):
        return question
    at = {n: k for k, n in enumerate(kept)}

    def lifted(world: World) -> World:
        full = list(course.start)
        for n, content in zip(kept, world, strict=True):
            full[n] = content
        return tuple(full)

    def positions(wide: Sequence[int]) -> tuple[int, ...]:
        return tuple(at[n] for n in wide if n in at)

    return replace(
        question,
        course=Course(
            places=tuple(course.places[n] for n in kept),
            start=tuple(course.start[n] for n in kept),
            attempts=course.attempts,
        ),
        decide=lambda world: question.decide(lifted(world)),
        admits=lambda i, world: question.admits(i, lifted(world)),
        read=positions(question.read),
        inputs=tuple(positions(wide) for wide in question.inputs),
    )


def models(question: Question) -> tuple[Model, ...]:
    """The two undos of a question, delta first."""
    question = narrowed(question)
    course = question.course
    altered = merging_altered(course, question.alike)
    once = forgetting(_lifted(delta_step(course)), course, question.read, merge=altered)
    whole = merging_whole(lambda n, value: _alike_to_all(question, n, value))
    attempted = replay_step(course, _met(question, whole))
    again = forgetting(attempted, course, question.read, inputs=question.inputs, merge=whole)
    first = whole(0, course.start)
    return tuple(
        Model(
            question=question, undo=undo, counterfactual=UNDO, step=step,
            start=frozenset({start}), removable=course.removable, instead=None,
        )
        for undo, step, start in (("delta", once, course.start), ("replay", again, first))
    )  # fmt: skip


def undoable(question: Question, targets: Targets) -> tuple[tuple[str, str, int], ...]:
    """(undo, counterfactual, mask of the changes) of every run, without running any."""
    course = question.course
    named = [(name, _replaceable(course, held)) for name, held in sorted(targets.items())]
    return tuple(
        (undo, counterfactual, mask)
        for counterfactual, mask in ((UNDO, course.removable), *named)
        for undo in ("delta", "replay")
    )


def runs(question: Question, targets: Targets) -> tuple[Run, ...]:
    """Both undos, and both under each target, as far as other questions have not run them.

    Args:
        question: over the places that changes write (`narrowed`).
        targets: declared counterfactuals.
    """
    key = _key(question, targets)
    if key not in question.shared:
        undone = models(question)
        others = [
            replace(
                model,
                counterfactual=name,
                removable=_replaceable(question.course, contents),
                instead=_replacing(question.course, contents, model.step),
            )
            for name, contents in sorted(targets.items())
            for model in undone
        ]
        question.shared[key] = tuple(_run(model) for model in (*undone, *others))
    found: tuple[Run, ...] = question.shared[key]
    return found


def _run(model: Model) -> Run:
    course = model.question.course
    n = len(course.attempts)
    states = course_of(model.start, n, model.step)
    removable = indices(model.removable)
    superseded = model.undo == "delta" and model.counterfactual == UNDO
    return Run(
        undo=model.undo,
        counterfactual=model.counterfactual,
        start=model.start,
        removable=model.removable,
        attempts=course.attempts,
        frontier=explore(model.start, n, model.step, model.removable, instead=model.instead),
        alone=tuple((i, without(i, states, model.step, model.instead)) for i in removable),
        superseded=_superseded(course) if superseded else 0,
    )


def _key(question: Question, targets: Targets) -> Hashable:
    """Equal for questions whose runs are the same, states included."""
    course = question.course
    names = tuple(map(id, course.attempts))
    held = tuple(
        (name, tuple((place, contents[place]) for place in course.places if place in contents))
        for name, contents in sorted(targets.items())
    )
    about = ("values", names, course.places, course.start, held)
    if about not in question.shared:
        question.shared[about] = _values(course, held)
    alike = partition(question.shared[about], question.alike)
    return "runs", names, course.places, course.start, question.read, alike, held


def _values(
    course: Course, held: Sequence[tuple[str, Sequence[tuple[Place, Content]]]]
) -> tuple[tuple[Place, str], ...]:
    """Every fact that stands in some state of a course, each once."""
    found: dict[tuple[Place, str], None] = {}
    contents = list(zip(course.places, course.start, strict=True))
    contents += [pair for _, pairs in held for pair in pairs]
    for attempt in course.attempts:
        contents += [(place, a.content) for place, a in attempt.written.items()]
        contents += [(place, a.prior) for place, a in attempt.written.items()]
    for place, content in contents:
        found.update(((place, value), None) for _, value in content or ())
    return tuple(found)


def _alike_to_all(question: Question, n: int, value: str) -> str | None:
    """Equal for facts of equal effect on the request and on every write that looks at the place."""
    place = question.course.places[n]
    texts: list[str] = []
    if n in question.read:
        text = question.alike(place, value)
        if text is None:
            return None
        texts.append(text)
    for i, looked in enumerate(question.inputs):
        if n in looked:
            text = question.alike_to(i, place, value)
            if text is None:
                return None
            texts.append(text)
    return repr(texts)


def _met(question: Question, merge: Merge) -> Callable[[int, World], bool | None]:
    """Whether a write is accepted, where states hold what is alike as one.

    A write that meets what is alike in effect to what it met keeps its logged outcome.
    """
    logged = as_logged(question.course)
    met = [merge(i, world) for i, world in enumerate(logged)]

    known: dict[tuple[int, World], bool | None] = {}

    def admits(i: int, world: World) -> bool | None:
        key = i, tuple([world[n] for n in question.inputs[i]])
        if key not in known:
            same = all(world[n] == met[i][n] for n in question.inputs[i])
            known[key] = question.admits(i, logged[i] if same else world)
        return known[key]

    return admits


def _lifted(step: Callable[[int, World], World]) -> Callable[[int, Worlds], Worlds]:
    return lambda i, worlds: frozenset(step(i, world) for world in worlds)


def _replaceable(course: Course, contents: Mapping[Place, Content]) -> int:
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


def _superseded(course: Course) -> int:
    """Mask of the changes that altered facts, each of which a later change altered again."""
    found = 0
    later: set[tuple[str, str, str]] = set()
    for i in reversed(range(len(course.attempts))):
        mine = _facts(course, i)
        if mine and mine <= later:
            found |= 1 << i
        later |= mine
    return found


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
