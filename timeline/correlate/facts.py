"""Which facts of the configuration an allowed request rested on: the fact level of causation.

A fact is (resource, slot, atom). One state is asked about, the one at the request; no write is
run again here (specification: causation, 7.1 "Fact level"):
1. a fact that a change altered goes back to the value before its last alteration;
2. a grant that stood before all changes (*baseline*) goes to absent;
3. a gate that stood off before all changes goes on.
All sets of these are tried, smallest first, with no monotony assumed; beyond `EVALUATIONS` sets
the rows say so (`complete` is false).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from timeline.correlate.course import BEGINNING, Content, Course, World, as_logged
from timeline.correlate.cuts import Sets, hitting_sets, indices, minimal
from timeline.correlate.moves import Ablation, moves_of, spread, uid, undoing
from timeline.correlate.provider import Provider, Request
from timeline.correlate.runs import UNDO
from timeline.correlate.views import Place
from timeline.model import Verdict

#: Sets of facts tried per class. Bounds the time on policies of many statements.
EVALUATIONS = 512

#: What stands in the column `undo`: every fact to its value before, no history is run.
PRIOR = "prior"
#: The same for a declared counterfactual: every fact to its value there.
HELD = "held"
#: In place of a fact where a target does not know the content of a place.
WHOLE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Sets of facts of one kind, by position: without the names of a class's own places.

    Attributes:
        undo, counterfactual, kind, certainty, complete: columns of `class_sets`.
        members: of each set the facts, each (position of its place, fact, whether it stands).
    """

    undo: str
    counterfactual: str
    kind: str
    certainty: str
    complete: bool
    members: tuple[tuple[tuple[int, str, bool], ...], ...]


def rows(
    course: Course,
    read: Sequence[int],
    decide: Callable[[World], Verdict],
    kinds: Provider,
    request: Request,
) -> tuple[Mapping[str, Any], ...]:
    """Rows of `class_sets` at fact level of one allowed class, without its `class_uid`.

    Args:
        course: writes up to the request.
        read: positions of the places that the decision looks at.
        decide: decision in a world.
        kinds: says which facts are grants and gates, and which can matter.
        request: of the class.
    """
    return named(course.places, families(course, read, decide, kinds, request))


def named(places: Sequence[Place], found: Iterable[Family]) -> tuple[Mapping[str, Any], ...]:
    """Rows of `class_sets` of families, for a course with these places."""
    return tuple(
        {
            "level": "fact",
            "undo": one.undo,
            "counterfactual": one.counterfactual,
            "kind": one.kind,
            "members": sorted(uid(places[n], fact, there=there) for n, fact, there in members),
            "certainty": one.certainty,
            "complete": one.complete,
        }
        for one in found
        for members in one.members
    )


def families(
    course: Course,
    read: Sequence[int],
    decide: Callable[[World], Verdict],
    kinds: Provider,
    request: Request,
) -> tuple[Family, ...]:
    """The sets behind `rows`."""
    ablated = ablations(course, read, kinds)
    return _families_of((PRIOR, UNDO), ablated, course, read, decide, kinds, request)


def families_held(
    course: Course,
    read: Sequence[int],
    decide: Callable[[World], Verdict],
    kinds: Provider,
    request: Request,
    target: tuple[str, Mapping[Place, Content]],
) -> tuple[Family, ...]:
    """The same under a declared counterfactual: which facts, at its values, would have denied.

    Args:
        course: writes up to the request.
        read: positions of the places that the decision looks at.
        decide: decision in a world.
        kinds: says which facts can matter.
        request: of the class.
        target: its name, and what it holds places at.
    """
    name, contents = target
    found = differences(course, read, kinds, contents)
    return _families_of((HELD, name), found, course, read, decide, kinds, request)


def _families_of(
    key: tuple[str, str],
    ablated: Sequence[Ablation],
    course: Course,
    read: Sequence[int],
    decide: Callable[[World], Verdict],
    kinds: Provider,
    request: Request,
) -> tuple[Family, ...]:
    undo, counterfactual = key
    actual = as_logged(course)[-1]
    found = bearing(ablated, course, read, kinds, request)
    moves = moves_of(found, actual, course, kinds, request)
    undone = undoing(actual, found, moves, course, kinds)
    certain, possible = (
        spread(family, moves) for family in _cuts(len(moves), lambda m: decide(undone(m)))
    )
    return tuple(
        Family(
            undo=undo,
            counterfactual=counterfactual,
            kind=kind,
            certainty=certainty,
            complete=sets.complete,
            members=tuple(
                tuple((found[i].position, found[i].fact, found[i].there) for i in indices(mask))
                for mask in sets.members
            ),
        )
        for kind, certainty, sets in _families(certain, possible)
    )


def ablations(course: Course, read: Sequence[int], kinds: Provider) -> tuple[Ablation, ...]:
    """Every fact that can be undone, in order of its id."""
    actual = as_logged(course)[-1]
    found: list[Ablation] = []
    for n in read:
        place = course.places[n]
        if place[1] in BEGINNING or not kinds.decides(place[1]):
            continue
        altered = _altered(course, n)
        found += [
            _ablation(place, n, fact, actual[n], prior) for fact, prior in sorted(altered.items())
        ]
        found += _baseline(place, n, actual[n], frozenset(altered), kinds)
    return tuple(sorted(found, key=lambda a: a.uid))


def differences(
    course: Course, read: Sequence[int], kinds: Provider, contents: Mapping[Place, Content]
) -> tuple[Ablation, ...]:
    """Every fact that stands otherwise in a declared counterfactual, in order of its id."""
    actual = as_logged(course)[-1]
    found: list[Ablation] = []
    for n in read:
        place = course.places[n]
        if place not in contents or place[1] in BEGINNING or not kinds.decides(place[1]):
            continue
        here, there = actual[n], contents[place]
        if here is None or there is None:
            if here != there:
                found.append(_ablation(place, n, WHOLE, here, (None, False)))
            continue
        now, then = dict(here), dict(there)
        found += [
            _ablation(place, n, fact, here, (then.get(fact), True))
            for fact in {*now, *then}
            if now.get(fact) != then.get(fact)
        ]
    return tuple(sorted(found, key=lambda a: a.uid))


def bearing(
    found: Sequence[Ablation],
    course: Course,
    read: Sequence[int],
    kinds: Provider,
    request: Request,
) -> tuple[Ablation, ...]:
    """The facts that can matter to the request: the others are in no minimal set."""
    actual = as_logged(course)[-1]
    seen: dict[Place, list[str] | None] = {}
    for n in read:
        content = actual[n]
        seen[course.places[n]] = None if content is None else [value for _, value in content]
    for one in found:
        place = course.places[one.position]
        held = seen[place]
        if not one.known:
            seen[place] = None
        elif held is not None and one.value is not None:
            held.append(one.value)

    def matters(one: Ablation) -> bool:
        standing = dict(actual[one.position] or ()).get(one.fact)
        values = [value for value in (standing, one.value) if value is not None]
        place = course.places[one.position]
        return not one.known or not values or kinds.bears(request, place, values, seen)

    return tuple(filter(matters, found))


def _altered(course: Course, n: int) -> dict[str, tuple[str | None, bool]]:
    """fact -> (value before its last alteration, known) of facts last altered by a change."""
    place, worlds = course.places[n], as_logged(course)
    last: dict[str, tuple[str | None, bool]] = {}
    for i, attempt in enumerate(course.attempts):
        if not attempt.accepted or place not in attempt.written:
            continue
        before, after = worlds[i][n], worlds[i + 1][n]
        old, new = dict(before or ()), dict(after or ())
        for fact in {*old, *new}:
            if before is not None and after is not None and old.get(fact) == new.get(fact):
                continue
            last.pop(fact, None)
            if attempt.removable:
                last[fact] = old.get(fact), before is not None
    return last


def _baseline(
    place: Place, n: int, content: Content, altered: frozenset[str], kinds: Provider
) -> Iterator[Ablation]:
    """Grants and open gates that no change altered; of an unknown content there are none."""
    if content is None:
        return
    on = kinds.gate_on(place[1])
    if on is not None and "value" not in altered and dict(content).get("value") != on:
        yield _ablation(place, n, "value", content, (on, True))
    for fact, value in content:
        if fact not in altered and kinds.is_grant(place, value):
            yield _ablation(place, n, fact, content, (None, True))


def _ablation(
    place: Place, n: int, fact: str, content: Content, undone: tuple[str | None, bool]
) -> Ablation:
    there = content is None or fact in dict(content)
    return Ablation(
        uid=uid(place, fact, there=there),
        there=there,
        position=n,
        fact=fact,
        value=undone[0],
        known=undone[1],
    )


def _cuts(n: int, verdict: Callable[[int], Verdict]) -> tuple[Sets, Sets]:
    """Minimal sets that deny for sure, and that do not allow for sure."""
    denying: list[int] = []
    doubtful: list[int] = []
    fresh = _fresh(n, denying)
    for mask in islice(fresh, EVALUATIONS):
        answer = verdict(mask)
        if answer is Verdict.DENIED:
            denying.append(mask)
        if answer is not Verdict.ALLOWED:
            doubtful.append(mask)
    complete = next(fresh, None) is None
    return (
        Sets(members=minimal(denying), complete=complete),
        Sets(members=minimal(doubtful), complete=complete),
    )


def _fresh(n: int, denying: list[int]) -> Iterator[int]:
    """Subsets that hold no cut found so far, smallest first; `denying` grows while this runs.

    What is a cut alone is in no other minimal cut, so it leaves before pairs are formed: with forty
    such facts the subsets that hold one of them are too many even to be skipped.
    """
    pool = list(range(n))
    for size in range(n + 1):
        if 0 in denying:
            return
        if size == 2:
            pool = [i for i in pool if 1 << i not in denying]
        for chosen in combinations(pool, size):
            mask = sum(1 << i for i in chosen)
            if not any(mask & cut == cut for cut in denying):
                yield mask


def _families(certain: Sets, possible: Sets) -> Iterator[tuple[str, str, Sets]]:
    yield from _both("minimal cut", certain, possible)
    yield from _both("minimal sufficient", hitting_sets(possible), hitting_sets(certain))


def _both(kind: str, certain: Sets, possible: Sets) -> Iterator[tuple[str, str, Sets]]:
    yield kind, "certain", certain
    only = tuple(m for m in possible.members if m not in certain.members)
    yield kind, "possible", Sets(members=only, complete=possible.complete)
