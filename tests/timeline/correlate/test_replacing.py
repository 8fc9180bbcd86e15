"""Changes replaced by a declared counterfactual, against enumeration of every set of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.timeline.correlate.test_cuts import Toy, World, as_sets, subsets, toys
from timeline.correlate.cuts import course_of, cuts, explore, hitting_sets, replay, without

TARGETS = st.dictionaries(st.integers(0, 2), st.integers(0, 1), max_size=3)


def replaced(toy: Toy, target: dict[int, int], i: int, world: World) -> World:
    """The write as attempted, and the facts that it names at the target where there is one."""
    after = dict(enumerate(toy.step(i, world)))
    after |= {fact: target[fact] for fact, _ in toy.writes[i][0] if fact in target}
    return tuple(after[fact] for fact in range(len(world)))


@settings(max_examples=200, deadline=None)
@given(toys(), TARGETS)
def test_families_by_their_definitions(toy: Toy, target: dict[int, int]) -> None:
    n = len(toy.writes)
    mine = [i for i in range(n) if any(fact in target for fact, _ in toy.writes[i][0])]

    def instead(i: int, world: World) -> World:
        return replaced(toy, target, i, world)

    def denied(k: frozenset[int]) -> bool:
        world = toy.start
        for i in range(n):
            world = replaced(toy, target, i, world) if i in k else toy.step(i, world)
        return world not in toy.allowed

    denying = {k for k in subsets(mine) if denied(k)}
    sufficient = {s for s in subsets(mine) if not any(k in denying for k in subsets(set(mine) - s))}
    frontier = explore(toy.start, n, toy.step, sum(1 << i for i in mine), 20_000, instead=instead)
    found = cuts(frontier, lambda world: world not in toy.allowed)
    assert as_sets(found.members) == {k for k in denying if not any(o < k for o in denying)}
    assert as_sets(hitting_sets(found).members) == {
        s for s in sufficient if not any(o < s for o in sufficient)
    }


@settings(max_examples=200, deadline=None)
@given(toys(), TARGETS, st.booleans())
def test_one_write_less_stops_early_and_ends_the_same(
    toy: Toy, target: dict[int, int], replacing: bool
) -> None:
    n = len(toy.writes)

    def instead(i: int, world: World) -> World:
        return replaced(toy, target, i, world)

    other = instead if replacing else None
    states = course_of(toy.start, n, toy.step)
    assert states[-1] == replay(toy.start, n, toy.step, 0)
    for i in range(n):
        assert without(i, states, toy.step, other) == replay(toy.start, n, toy.step, 1 << i, other)
