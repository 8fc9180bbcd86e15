"""What a search over removals may forget of its states, so that more of them are equal.

All of it is exact: left out is only what no change writes, forgotten only what nothing later looks
at, merged only what decides alike.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from timeline.correlate.course import Content, Course, World, Worlds
from timeline.correlate.views import Place

#: (place, value of a fact as JSON text) -> a text equal for facts of equal effect; None = unknown.
Alike: TypeAlias = Callable[[Place, str], str | None]

#: (write i, world after it) -> the world with facts of equal effect as one.
Merge: TypeAlias = Callable[[int, World], World]

#: Before the name of a fact that stands for all that are alike.
LIKE = "≈"


def forgetting(
    step: Callable[[int, Worlds], Worlds],
    course: Course,
    read: Sequence[int],
    *,
    inputs: Sequence[Sequence[int]] | None = None,
    merge: Merge | None = None,
) -> Callable[[int, Worlds], Worlds]:
    """A step that drops from the worlds what nothing later looks at, and keeps what it found.

    Without it every write to a caller's own permissions would double the states to search,
    long after the last write that the caller made to the slice.

    Args:
        step: to be followed.
        course: writes.
        read: positions of the places that the decision looks at.
        inputs: for each write the positions that its gates and authorization look at; None where
            no write is attempted again.
        merge: merges facts of equal effect too.
    """
    live = set(read)
    after: list[frozenset[int]] = []
    for i in reversed(range(len(course.attempts))):
        after.append(frozenset(live))
        if inputs is not None:
            live.update(inputs[i])
    after.reverse()
    width = len(course.places)
    memo: dict[tuple[int, Worlds], Worlds] = {}

    def forget(i: int, worlds: Worlds) -> Worlds:
        key = i, worlds
        if key not in memo:
            kept = after[i]
            found: Iterable[World] = step(i, worlds)
            if len(kept) < width:
                found = (
                    tuple(content if n in kept else None for n, content in enumerate(world))
                    for world in found
                )
            memo[key] = frozenset(found if merge is None else (merge(i, w) for w in found))
        return memo[key]

    return forget


def merging_altered(course: Course, alike: Alike) -> Merge:
    """For delta-undo: facts that no later change alters and that are alike in effect become one.

    Two hundred grants, each enough by itself, then leave two states and not 2 ** 200. A fact that
    stands for its like has a name of its own, which no change alters.
    """
    last: dict[tuple[int, str], int] = {}
    for i, attempt in enumerate(course.attempts):
        for n, place in enumerate(course.places):
            if attempt.accepted and place in attempt.written:
                last.update(((n, fact), i) for fact in attempt.written[place].facts)
    altered = {n for n, _ in last}
    one = _representative(lambda n, value: alike(course.places[n], value))

    memo: dict[tuple[int, int, Content], Content] = {}

    def merged(i: int, n: int, content: Content) -> Content:
        key = i, n, content
        if key not in memo:
            memo[key] = tuple(
                sorted(
                    {
                        (fact, value) if last.get((n, fact), -1) > i else one(n, fact, value)
                        for fact, value in content or ()
                    }
                )
            )
        return memo[key]

    def merge(i: int, world: World) -> World:
        return tuple(
            merged(i, n, content) if content and n in altered else content
            for n, content in enumerate(world)
        )

    return merge


def merging_whole(alike: Callable[[int, str], str | None]) -> Merge:
    """For replay-undo, where every write sets its place as a whole: all that is alike is one.

    Args:
        alike: (position of a place, value of a fact) -> a text equal for facts of equal effect on
            the request and on every later write; None = not known.
    """
    one = _representative(alike)
    memo: dict[tuple[int, Content], Content] = {}

    def merge(_: int, world: World) -> World:
        made = []
        for n, content in enumerate(world):
            if not content:
                made.append(content)
                continue
            key = n, content
            if key not in memo:
                memo[key] = tuple(sorted({one(n, fact, value) for fact, value in content}))
            made.append(memo[key])
        return tuple(made)

    return merge


def _representative(
    alike: Callable[[int, str], str | None],
) -> Callable[[int, str, str], tuple[str, str]]:
    """(position, fact, value) -> the first fact seen there that is alike in effect."""
    like: dict[tuple[int, str], str | None] = {}
    first: dict[tuple[int, str], tuple[str, str]] = {}

    def one(n: int, fact: str, value: str) -> tuple[str, str]:
        if fact.startswith(LIKE):
            return fact, value
        if (n, value) not in like:
            like[n, value] = alike(n, value)
        key = like[n, value]
        return (fact, value) if key is None else first.setdefault((n, key), (LIKE + fact, value))

    return one


def partition(values: Sequence[tuple[Place, str]], alike: Alike) -> tuple[int, ...]:
    """Which of some facts are alike, as numbers: equal for two requests if the same facts are.

    Args:
        values: facts by place and value.
        alike: their effect on a request.
    """
    numbers: dict[tuple[Place, str], int] = {}
    made = []
    for n, (place, value) in enumerate(values):
        text = alike(place, value)
        made.append(n if text is None else numbers.setdefault((place, text), n))
    return tuple(made)
