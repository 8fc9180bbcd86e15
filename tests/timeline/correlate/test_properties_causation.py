"""A second opinion on whole histories: every set of changes removed, by code of its own.

Writes of documents of three facts, a gate that refuses some of them, an arbitrary decision over the
facts (monotone or not). Enumerated are both undos by their definitions; compared are all columns
that they settle. `BUTFOR_SOAK=1` runs more than ten thousand histories.
"""

import os
import random
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest

from tests.timeline.correlate.test_course import made, rows_of
from tests.timeline.correlate.test_cuts import Toy, as_sets, enumerated, solve
from timeline.correlate.causation import explain
from timeline.correlate.course import World
from timeline.correlate.runs import Question
from timeline.model import Verdict

SOAK = bool(os.environ.get("BUTFOR_SOAK"))
#: Histories a seed; seeds.
EACH = 1_300 if SOAK else 300
SEEDS = range(8) if SOAK else range(3)
NAMES = ("a", "b", "c")

Facts = frozenset[str]


@dataclass(frozen=True)
class Story:
    """Documents as written, whether each was accepted, and which contents are allowed."""

    wanted: tuple[Facts, ...]
    accepted: tuple[bool, ...]
    allowed: frozenset[Facts]

    @property
    def removable(self) -> list[int]:
        return [i for i, yes in enumerate(self.accepted) if yes]


def refuses(held: Facts, wanted: Facts) -> bool:
    """The gate: while c is there nothing that holds a is let through."""
    return "c" in held and "a" in wanted


def told(rng: random.Random) -> Story:
    contents = [frozenset(c) for n in range(4) for c in combinations(NAMES, n)]
    wanted = tuple(rng.choice(contents) for _ in range(rng.randint(1, 6)))
    held, accepted = frozenset[str](), []
    for each in wanted:
        accepted.append(not refuses(held, each))
        held = each if accepted[-1] else held
    allowed = frozenset(c for c in contents if rng.random() < 0.5)
    return Story(wanted, tuple(accepted), allowed)


def replayed(story: Story, without: frozenset[int]) -> Facts:
    held = frozenset[str]()
    for i, wanted in enumerate(story.wanted):
        if i not in without and not refuses(held, wanted):
            held = wanted
    return held


def delta(story: Story, without: frozenset[int]) -> Facts:
    """Each fact by its last alteration that is not undone."""
    held, left = frozenset[str](), dict.fromkeys(NAMES, False)
    for i, wanted in enumerate(story.wanted):
        if story.accepted[i]:
            for fact in NAMES:
                if (fact in wanted) != (fact in held) and i not in without:
                    left[fact] = fact in wanted
            held = wanted
    return frozenset(fact for fact, there in left.items() if there)


def question(story: Story) -> Question:
    run = made(rows_of(list(zip(story.wanted, story.accepted, strict=True))))

    def facts(world: World) -> Facts:
        return frozenset(fact for fact, _ in world[0] or ())

    return Question(
        class_uid="class-1",
        course=run,
        decide=lambda w: Verdict.ALLOWED if facts(w) in story.allowed else Verdict.DENIED,
        admits=lambda i, w: not refuses(facts(w), story.wanted[i]),
        read=(0,),
        inputs=tuple((0,) for _ in run.attempts),
    )


def sets(pool: list[int]) -> list[frozenset[int]]:
    return [frozenset(c) for n in range(len(pool) + 1) for c in combinations(pool, n)]


@pytest.mark.parametrize("seed", SEEDS)
def test_both_undos_by_their_definitions(seed: int) -> None:
    rng = random.Random(seed)
    explained = 0
    for _ in range(EACH):
        story = told(rng)
        found = explain(question(story))
        if replayed(story, frozenset()) not in story.allowed:
            assert not found.changes
            assert not found.sets
            continue
        explained += 1
        for undo, state in (("replay", replayed), ("delta", delta)):
            _compare(story, undo, [k for k in sets(story.removable)
                                   if state(story, k) not in story.allowed], found)  # fmt: skip
        _opened(story, found)
    assert explained > EACH // 8


def _compare(story: Story, undo: str, denying: list[frozenset[int]], found: Any) -> None:
    cuts = {k for k in denying if not any(o < k for o in denying)}
    subsets = sets(story.removable)
    sufficient = [s for s in subsets if all(k & s for k in denying)]
    least = {s for s in sufficient if not any(o < s for o in sufficient)}
    rows = {int(r["change_uid"][1:]): r for r in found.changes if r["undo"] == undo}
    stored = {
        kind: {
            frozenset(int(uid[1:]) for uid in r["members"])
            for r in found.sets
            if (r["undo"], r["kind"], r["certainty"]) == (undo, kind, "certain")
        }
        for kind in ("minimal cut", "minimal sufficient")
    }
    assert stored == {"minimal cut": cuts, "minimal sufficient": least}, story
    assert set(rows) == set(story.removable)
    for i, row in rows.items():
        sizes = [len(k) for k in cuts if i in k]
        assert row["but_for"] == ("yes" if frozenset({i}) in denying else "no"), story
        assert row["responsibility"] == (1 / min(sizes) if sizes else None)
        assert row["hp_modified"] == ("no" if not sizes else "alone" if min(sizes) == 1 else "part")
        if row["role"] != "superseded":
            assert row["ness"] == ("yes" if any(i in s for s in least) else "no")


def _opened(story: Story, found: Any) -> None:
    """Every last flip from denied to allowed is at a change, and stored with it."""
    held, flip = frozenset[str](), None
    for i, wanted in enumerate(story.wanted):
        after = wanted if story.accepted[i] else held
        if held not in story.allowed and after in story.allowed:
            flip = i
        held = after
    opened = {int(r["change_uid"][1:]) for r in found.changes if r["opened_window"]}
    assert opened == (set() if flip is None else {flip}), story


@pytest.mark.parametrize("seed", SEEDS)
def test_search_alone_by_enumeration(seed: int) -> None:
    """Abstract states, gates anywhere: the search against every removal."""
    rng = random.Random(1_000 + seed)
    for _ in range(EACH):
        facts = rng.randint(1, 3)
        worlds = [tuple(n >> f & 1 for f in range(facts)) for n in range(1 << facts)]
        writes = tuple(
            (
                tuple((rng.randrange(facts), rng.randint(0, 1)) for _ in range(rng.randint(1, 2))),
                rng.randint(-1, facts - 1),
            )
            for _ in range(rng.randint(0, 5))
        )
        allowed = frozenset(w for w in worlds if rng.random() < 0.5)
        toy = Toy(rng.choice(worlds), writes, allowed)
        cuts, sufficient = solve(toy)
        assert (as_sets(cuts.members), as_sets(sufficient.members)) == enumerated(toy)
