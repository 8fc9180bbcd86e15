"""What the fact level tries: which facts are undone together, and what then stands.

Facts of equal effect on the request (they are *alike*) are one move: forty statements that say the
same are tried once, and the minimal sets name every one of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, product

from timeline.correlate.course import Content, Course, World
from timeline.correlate.cuts import HITTING_CAP, Sets, indices, minimal
from timeline.correlate.provider import Provider, Request
from timeline.correlate.views import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """One fact, and what it is when undone.

    Attributes:
        uid: `resource|slot|fact`, after `¬` where it is the absence of the fact that counts.
        there: whether it stands.
        position: of its place in the course.
        fact: name in the place.
        value: when undone; None = absent.
        known: False where its earlier value is not known: the place is then unknown.
    """

    uid: str
    there: bool
    position: int
    fact: str
    value: str | None
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Facts of one place of which one undoing is as good as another.

    Attributes:
        position: of the place.
        masks: any one of these sets of facts undone has the effect; the first stands for all.
    """

    position: int
    masks: tuple[int, ...]


def uid(place: Place, fact: str, *, there: bool) -> str:
    """Id of a fact of a place, or of its absence."""
    text = "|".join((*place, fact))
    return text if there else f"¬{text}"


def moves_of(
    found: Sequence[Ablation], actual: World, course: Course, kinds: Provider, request: Request
) -> tuple[Move, ...]:
    """What is tried: facts of equal effect (they are *alike*) together, each other one by itself.

    1. Alike facts that stand go together: while one of them stands the others' going changes
       nothing, so a minimal set that denies holds all of them or none.
    2. Of alike facts that undoing brings back, one is as good as another, and a minimal set holds
       at most one. Where one that is alike stands, they change nothing unless all of those go, and
       then they only take that back: they are in no minimal set.
    """
    standing: dict[tuple[int, str], int] = {}
    absent: dict[tuple[int, str], list[int]] = {}
    single: list[Move] = []
    replaced: set[tuple[int, str]] = set()
    for i, one in enumerate(found):
        content = actual[one.position]
        now = dict(content or ()).get(one.fact)
        like = None
        if one.known and content is not None and (now is None) != (one.value is None):
            like = kinds.alike(request, course.places[one.position], now or one.value or "")
        if like is None:
            single.append(Move(position=one.position, masks=(1 << i,)))
            replaced.add((one.position, one.fact))
        elif now is not None:
            standing[one.position, like] = standing.get((one.position, like), 0) | 1 << i
        else:
            absent.setdefault((one.position, like), []).append(1 << i)
    stays = {
        (n, kinds.alike(request, course.places[n], value))
        for n in {n for n, _ in absent}
        for fact, value in actual[n] or ()
        if (n, fact) not in replaced
    }
    moves = [*single, *(Move(position=n, masks=(mask,)) for (n, _), mask in standing.items())]
    moves += [
        Move(position=n, masks=tuple(masks))
        for (n, like), masks in absent.items()
        if (n, like) not in stays
    ]
    return tuple(sorted(moves, key=lambda move: move.masks[0]))


def undoing(
    actual: World,
    found: Sequence[Ablation],
    moves: Sequence[Move],
    course: Course,
    kinds: Provider,
) -> Callable[[int], World]:
    """The world after a set of moves; each place's content is worked out once per subset of its."""
    here: dict[int, int] = {}
    for m, move in enumerate(moves):
        here[move.position] = here.get(move.position, 0) | 1 << m
    memo: dict[tuple[int, int], Content] = {}

    def undone(chosen: int) -> World:
        world = list(actual)
        for n, mine in here.items():
            part = chosen & mine
            if part:
                if (n, part) not in memo:
                    facts = [found[i] for m in indices(part) for i in indices(moves[m].masks[0])]
                    rest = kinds.emptied(course.places[n][1])
                    memo[n, part] = _content(actual[n], facts, rest)
                world[n] = memo[n, part]
        return tuple(world)

    return undone


def spread(family: Sets, moves: Sequence[Move]) -> Sets:
    """Sets of moves as sets of facts, with every set of facts that has the effect of a move."""
    made: list[int] = []
    complete = family.complete
    for chosen in family.members:
        ways = product(*(moves[m].masks for m in indices(chosen)))
        made += [sum(way) for way in islice(ways, HITTING_CAP)]
        complete = complete and next(ways, None) is None
    return Sets(members=minimal(made), complete=complete)


def _content(content: Content, undone: Sequence[Ablation], rest: str | None) -> Content:
    """A place with some of its facts undone; `rest` is what it holds when nothing is left."""
    if content is None or not all(one.known for one in undone):
        return None
    facts = dict(content)
    for one in undone:
        facts.pop(one.fact, None)
        if one.value is not None:
            facts[one.fact] = one.value
    if content and not facts and rest is not None:
        return (("value", rest),)
    return tuple(sorted(facts.items()))
