"""What a search over removals may forget of its states, so that more of them are equal.

Both are exact: forgotten is only what nothing later looks at, merged only what decides alike.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from timeline.correlate.course import Course, World, Worlds
from timeline.correlate.views import Place

#: (place, value of a fact as JSON text) -> a text equal for facts of equal effect; None = unknown.
Alike: TypeAlias = Callable[[Place, str], str | None]

#: Before the name of a fact that stands for all that are alike.
LIKE = "≈"


def forgetting(
    step: Callable[[int, Worlds], Worlds],
    course: Course,
    read: Sequence[int],
    *,
    inputs: Sequence[Sequence[int]] | None = None,
    alike: Alike | None = None,
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
        alike: merges facts of equal effect too; None where a gate may look at them one by one.
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
    merge = None if alike is None else _merging(course, alike)

    def forget(i: int, worlds: Worlds) -> Worlds:
        key = i, worlds
        if key not in memo:
            kept = after[i]
            found = (
                tuple(world[n] if n in kept else None for n in range(width))
                for world in step(i, worlds)
            )
            memo[key] = frozenset(found if merge is None else (merge(i, w) for w in found))
        return memo[key]

    return forget


def _merging(course: Course, alike: Alike) -> Callable[[int, World], World]:
    """Facts that no later change alters and that are alike in effect become one: exact again.

    Two hundred grants, each enough by itself, then leave two states and not 2 ** 200. A fact that
    stands for its like has a name of its own, which no change alters.
    """
    last: dict[tuple[int, str], int] = {}
    for i, attempt in enumerate(course.attempts):
        for n, place in enumerate(course.places):
            if attempt.accepted and place in attempt.written:
                last.update(((n, fact), i) for fact in attempt.written[place].facts)
    altered = {n for n, _ in last}
    like: dict[tuple[int, str], str | None] = {}
    first: dict[tuple[int, str], tuple[str, str]] = {}

    def one(n: int, i: int, fact: str, value: str) -> tuple[str, str]:
        if fact.startswith(LIKE) or last.get((n, fact), -1) > i:
            return fact, value
        if (n, value) not in like:
            like[n, value] = alike(course.places[n], value)
        key = like[n, value]
        return (fact, value) if key is None else first.setdefault((n, key), (LIKE + fact, value))

    def merge(i: int, world: World) -> World:
        return tuple(
            tuple(sorted({one(n, i, fact, value) for fact, value in content}))
            if content and n in altered
            else content
            for n, content in enumerate(world)
        )

    return merge
