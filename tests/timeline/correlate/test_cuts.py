"""The search against a second opinion that shares no code with it: enumeration of every removal.

The toy world: a few facts with small values, a decision that is an arbitrary truth table over
them (monotone or not), writes of whole documents, and gates that refuse a write in some states.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.correlate.cuts import (
    Sets,
    cuts,
    explore,
    hitting_sets,
    indices,
    minimal,
    replay,
)

World = tuple[int, ...]


@dataclass(frozen=True)
class Toy:
    """History over `facts` facts; write = (facts set, gate fact that refuses it or -1)."""

    start: World
    writes: tuple[tuple[tuple[tuple[int, int], ...], int], ...]
    allowed: frozenset[World]

    def step(self, i: int, world: World) -> World:
        values, gate = self.writes[i]
        if gate >= 0 and world[gate]:
            return world
        changed = list(world)
        for fact, value in values:
            changed[fact] = value
        return tuple(changed)


@st.composite
def toys(draw: st.DrawFn) -> Toy:
    facts = draw(st.integers(1, 3))
    worlds = list(product((0, 1), repeat=facts))
    value = st.tuples(st.integers(0, facts - 1), st.integers(0, 1))
    write = st.tuples(
        st.lists(value, min_size=1, max_size=2).map(tuple), st.integers(-1, facts - 1)
    )
    return Toy(
        start=draw(st.sampled_from(worlds)),
        writes=tuple(draw(st.lists(write, max_size=6))),
        allowed=draw(st.frozensets(st.sampled_from(worlds))),
    )


def subsets(things: Iterable[int]) -> list[frozenset[int]]:
    pool = sorted(things)
    return [frozenset(c) for n in range(len(pool) + 1) for c in combinations(pool, n)]


def enumerated(toy: Toy) -> tuple[set[frozenset[int]], set[frozenset[int]]]:
    """(minimal cuts, minimal sufficient sets) by their definitions, over all subsets."""
    everything = frozenset(range(len(toy.writes)))

    def denied_without(k: frozenset[int]) -> bool:
        world = toy.start
        for i, (values, gate) in enumerate(toy.writes):
            if i in k or (gate >= 0 and world[gate]):
                continue
            fresh = dict(enumerate(world))
            fresh.update(dict(values))
            world = tuple(fresh[f] for f in range(len(world)))
        return world not in toy.allowed

    denying = {k for k in subsets(everything) if denied_without(k)}
    sufficient = {
        s for s in subsets(everything) if not any(k in denying for k in subsets(everything - s))
    }
    return (
        {k for k in denying if not any(o < k for o in denying)},
        {s for s in sufficient if not any(o < s for o in sufficient)},
    )


def as_sets(masks: Iterable[int]) -> set[frozenset[int]]:
    return {frozenset(indices(m)) for m in masks}


def solve(toy: Toy, cap: int = 20_000) -> tuple[Sets, Sets]:
    n = len(toy.writes)
    frontier = explore(toy.start, n, toy.step, (1 << n) - 1, cap)
    found = cuts(frontier, lambda world: world not in toy.allowed)
    return found, hitting_sets(found)


@settings(max_examples=200, deadline=None)
@given(toys())
def test_search_equals_enumeration_monotone_or_not(toy: Toy) -> None:
    found, sufficient = solve(toy)
    assert found.complete
    assert sufficient.complete
    assert (as_sets(found.members), as_sets(sufficient.members)) == enumerated(toy)


@settings(max_examples=100, deadline=None)
@given(toys())
def test_but_for_is_a_singleton_cut_is_in_every_sufficient_set(toy: Toy) -> None:
    found, sufficient = solve(toy)
    if 0 in found.members:
        return  # denied as it stands: there is nothing to explain
    for i in range(len(toy.writes)):
        but_for = replay(toy.start, len(toy.writes), toy.step, 1 << i) not in toy.allowed
        assert (1 << i in found.members) == but_for
        assert all(m >> i & 1 for m in sufficient.members) == but_for
    assert {i for m in found.members for i in indices(m)} == {
        i for m in sufficient.members for i in indices(m)
    }


@settings(max_examples=100, deadline=None)
@given(toys())
def test_what_a_cap_leaves_is_marked_and_holds_no_false_denial(toy: Toy) -> None:
    found, _ = solve(toy, cap=2)
    n = len(toy.writes)
    if not found.complete:
        for mask in found.members:
            assert replay(toy.start, n, toy.step, mask) not in toy.allowed
    else:
        assert as_sets(found.members) == enumerated(toy)[0]


def test_only_removable_writes_are_removed() -> None:
    toy = Toy((0,), ((((0, 1),), -1), (((0, 1),), -1)), frozenset({(1,)}))
    frontier = explore(toy.start, 2, toy.step, 0b01)
    assert cuts(frontier, lambda world: world == (0,)) == Sets(members=(), complete=True)


@pytest.mark.parametrize(
    ("family", "hitting"),
    [
        ((), {frozenset()}),
        ((0,), set()),
        ((0b1,), {frozenset({0})}),
        ((0b11,), {frozenset({0}), frozenset({1})}),
        ((0b011, 0b110), {frozenset({1}), frozenset({0, 2})}),
    ],
)
def test_hitting_sets_of_small_families(
    family: tuple[int, ...], hitting: set[frozenset[int]]
) -> None:
    assert as_sets(hitting_sets(Sets(members=family, complete=True)).members) == hitting


def test_many_reapplied_writes_make_one_cut_of_all_of_them() -> None:
    """Sixty daily re-applications: the cut holds every one, and the search does not explode."""
    days = 60
    frontier = explore(0, 2 * days, lambda i, s: 1 - i % 2, (1 << 2 * days) - 1)
    last_on = cuts(frontier, lambda s: s == 1)
    assert as_sets(last_on.members) == {frozenset({2 * days - 1})}
    frontier = explore(0, days, lambda _, s: 1, (1 << days) - 1)
    assert as_sets(cuts(frontier, lambda s: s == 0).members) == {frozenset(range(days))}


def test_two_hundred_overlapping_grants_stay_bounded() -> None:
    """Each write adds its own grant; any of them suffices: one cut of all, 200 sufficient sets."""
    writes = 200
    frontier = explore(0, writes, lambda i, s: s | 1 << i, (1 << writes) - 1, cap=300)
    assert not frontier.complete
    assert not hitting_sets(cuts(frontier, lambda s: s == 0)).complete


def test_minimal_is_sorted_by_size_then_value() -> None:
    assert minimal([0b110, 0b001, 0b011, 0b110]) == (0b001, 0b110)
