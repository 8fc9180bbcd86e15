"""Which sets of changes, undone together, turn an access from allowed to denied; and their duals.

Pure search over abstract states: no provider, no log, no policy is known here.

Numbered as carried out (specification: causation, 7.1 and 7.3):
1. `explore` runs the history once and keeps, for every state that some removal of writes reaches,
   the inclusion-minimal sets of removed writes that reach it. Exact: equal states have equal
   futures, so a larger removal that ends in the same state can never yield a smaller cut.
2. `cuts` takes the final states that deny and returns the minimal removed sets among them: the
   minimal cut sets (MCS). Nothing here assumes that removing more denies more.
3. `hitting_sets` returns the minimal sets that meet every cut: the minimal sufficient sets (MSFS).
   A set is sufficient when no removal outside of it denies, that is when it meets every denying
   removal; meeting the minimal ones is enough. Hence MSFS = minimal hitting sets of the MCS.
4. `replay` runs the history without one given set: the direct test of but-for, never capped.

Sets of writes are bit masks: bit i stands for write i of the history, counted from 0.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)

#: Pairs (state, removed set) kept after any one write; beyond it the search says it is incomplete.
#: Bounds time and memory on hostile histories (hundreds of overlapping grants).
FRONTIER_CAP = 8_192

#: Sufficient sets kept while they are built.
HITTING_CAP = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier(Generic[S]):
    """What the search found after the last write.

    Attributes:
        states: final state -> inclusion-minimal removed sets that lead to it, ascending.
        complete: false when the cap was met; cuts may then be missing, and none is certain to be
            minimal.
    """

    states: Mapping[S, tuple[int, ...]]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """A family of sets, and whether it is all of them."""

    members: tuple[int, ...]
    complete: bool


def explore(
    start: S,
    writes: int,
    step: Callable[[int, S], S],
    removable: int,
    cap: int = FRONTIER_CAP,
    instead: Callable[[int, S], S] | None = None,
) -> Frontier[S]:
    """Runs all removals of a history at once.

    Args:
        start: state before the first write.
        writes: number of writes, in order.
        step: state after attempting write i in a state; must be deterministic.
        removable: mask of the writes that may be removed (the accepted ones).
        cap: most (state, set) pairs kept.
        instead: state after what stands in the place of a removed write i; None = nothing does.

    Returns:
        The minimal removed sets per final state. With `complete` false the smallest sets were
        kept, and the empty set always, so that the actual outcome is still among them.
    """
    frontier: dict[S, tuple[int, ...]] = {start: (0,)}
    complete = True
    for i in range(writes):
        reached: dict[S, list[int]] = {}
        for state, sets in frontier.items():
            reached.setdefault(step(i, state), []).extend(sets)
            if removable >> i & 1:
                other = state if instead is None else instead(i, state)
                reached.setdefault(other, []).extend(k | 1 << i for k in sets)
        frontier = {state: minimal(sets) for state, sets in reached.items()}
        if sum(map(len, frontier.values())) > cap:
            complete = False
            frontier = _smallest(frontier, cap)
    return Frontier(states=frontier, complete=complete)


def cuts(frontier: Frontier[S], denies: Callable[[S], bool]) -> Sets:
    """Minimal removed sets whose final state denies."""
    denying = [k for state, sets in frontier.states.items() if denies(state) for k in sets]
    return Sets(members=minimal(denying), complete=frontier.complete)


def hitting_sets(family: Sets, cap: int = HITTING_CAP) -> Sets:
    """Minimal sets that meet every member of `family` (Berge's multiplication).

    An empty family gives the empty set: nothing has to be there. A family that contains the empty
    set gives no set at all. Incomplete families give incomplete results.
    """
    partial: tuple[int, ...] = (0,)
    complete = family.complete
    for cut in family.members:
        grown = [h for h in partial if h & cut]
        grown += [h | 1 << i for h in partial if not h & cut for i in indices(cut)]
        partial = minimal(grown)
        if len(partial) > cap:
            partial, complete = partial[:cap], False
    return Sets(members=partial, complete=complete)


def replay(
    start: S,
    writes: int,
    step: Callable[[int, S], S],
    removed: int,
    instead: Callable[[int, S], S] | None = None,
) -> S:
    """Final state of the history without the writes in the mask `removed`."""
    state = start
    for i in range(writes):
        if not removed >> i & 1:
            state = step(i, state)
        elif instead is not None:
            state = instead(i, state)
    return state


def course_of(start: S, writes: int, step: Callable[[int, S], S]) -> tuple[S, ...]:
    """States of the whole history: before each write, and after the last."""
    states = [start]
    for i in range(writes):
        states.append(step(i, states[-1]))
    return tuple(states)


def without(
    i: int,
    states: tuple[S, ...],
    step: Callable[[int, S], S],
    instead: Callable[[int, S], S] | None = None,
) -> S:
    """Final state of the history without write i alone.

    Equal to `replay` with that one removed, and stops where the two histories meet again: equal
    states have equal futures.

    Args:
        i: the write.
        states: of the whole history, by `course_of`.
        step: as for `explore`.
        instead: as for `explore`.
    """
    state = states[i] if instead is None else instead(i, states[i])
    for j in range(i + 1, len(states)):
        if state == states[j]:
            return states[-1]
        if j < len(states) - 1:
            state = step(j, state)
    return state


def minimal(sets: Iterable[int]) -> tuple[int, ...]:
    """The inclusion-minimal members, smallest first, then by value: one order on every run."""
    distinct = set(sets)
    if len(distinct) < 2:  # the commonest case by far
        return tuple(distinct)
    kept: list[int] = []
    for k in sorted(distinct, key=_order):
        if not any(small & k == small for small in kept):
            kept.append(k)
    return tuple(kept)


def indices(mask: int) -> tuple[int, ...]:
    """Positions of the bits set, ascending."""
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return tuple(found)


def _order(mask: int) -> tuple[int, int]:
    return mask.bit_count(), mask


def _smallest(frontier: Mapping[S, tuple[int, ...]], cap: int) -> dict[S, tuple[int, ...]]:
    """The `cap` smallest removals; ties fall by mask and then by order of discovery."""
    pairs = [(_order(k), n, k, s) for n, (s, ks) in enumerate(frontier.items()) for k in ks]
    pairs.sort(key=lambda pair: (pair[0], pair[1]))
    kept: dict[S, list[int]] = {}
    for _, _, k, state in pairs[:cap]:
        kept.setdefault(state, []).append(k)
    return {state: tuple(sets) for state, sets in kept.items()}
