"""A second opinion where facts are alike: both levels by every subset, by code of its own.

Four statements of a document, two by two alike in effect. The decision, and at change level the
gate, look at the effects alone, not at the names. Enumerated are the facts undone (fact level) and
the changes undone by both undos; several questions over one history share their runs, as classes of
one build do. `BUTFOR_SOAK=1` runs more than ten thousand histories.
"""

import json
import os
import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest

from timeline.correlate import facts
from timeline.correlate.aws.provider import AWS
from timeline.correlate.causation import explain
from timeline.correlate.course import Alteration, Attempt, Content, Course, World
from timeline.correlate.runs import Question
from timeline.model import Verdict

SOAK = bool(os.environ.get("BUTFOR_SOAK"))
EACH = 1_500 if SOAK else 150
SEEDS = range(8) if SOAK else range(2)
NAMES = ("a1", "a2", "b1", "b2")
PLACE = ("bucket", "policy")
Names = frozenset[str]
CONTENTS = [frozenset(c) for n in range(5) for c in combinations(NAMES, n)]
EFFECTS = [frozenset(c) for n in range(3) for c in combinations("ab", n)]


def effect(names: Iterable[str]) -> Names:
    return frozenset(name[0] for name in names)


def content(names: Iterable[str]) -> Content:
    return tuple(
        (n, json.dumps({"Statement": {"Effect": "Allow", "Sid": n}})) for n in sorted(names)
    )


def standing(held: Content) -> Names:
    """Effects of a content, by its values: what stands for its like has a name of its own."""
    return frozenset(json.loads(value)["Statement"]["Sid"][0] for _, value in held or ())


def alike(_: Any, value: str) -> str:
    return str(json.loads(value)["Statement"]["Sid"][0])


def refuses(held: Names, wanted: Names) -> bool:
    """The gate: while something like b stands, nothing like a is let through."""
    return "b" in held and "a" in wanted


class Story:
    """Documents as written one after another; refused where the gate says so."""

    def __init__(self, draw: random.Random) -> None:
        self.start = draw.choice(CONTENTS)
        self.wanted = [draw.choice(CONTENTS) for _ in range(draw.randint(1, 6))]
        self.accepted: list[bool] = []
        self.held = [self.start]
        for each in self.wanted:
            self.accepted.append(not refuses(effect(self.held[-1]), effect(each)))
            self.held.append(each if self.accepted[-1] else self.held[-1])

    def course(self) -> Course:
        writes = []
        for n, (wanted, accepted) in enumerate(zip(self.wanted, self.accepted, strict=True)):
            before = self.held[n]
            altered = before ^ wanted if accepted else frozenset[str]()
            writes.append(
                Attempt(
                    change_uid=f"c{n}", kind="logged", operation="PutBucketPolicy",
                    time=datetime(2022, 6, 1, tzinfo=UTC) + timedelta(minutes=n),
                    accepted=accepted,
                    written={
                        PLACE: Alteration(
                            facts={f: dict(content(wanted) or ()).get(f) for f in sorted(altered)},
                            whole=False,
                            prior=content(before) if accepted else None,
                            content=content(wanted),
                        )
                    },
                )
            )  # fmt: skip
        return Course(places=(PLACE,), start=(content(self.start),), attempts=tuple(writes))

    def replayed(self, without: Collection[int]) -> Names:
        held = self.start
        for n, wanted in enumerate(self.wanted):
            if n not in without and not refuses(effect(held), effect(wanted)):
                held = wanted
        return held

    def delta(self, without: Collection[int]) -> Names:
        """Each fact by its last alteration that is not undone."""
        left = {name: name in self.start for name in NAMES}
        for n, wanted in enumerate(self.wanted):
            if self.accepted[n] and n not in without:
                left |= {name: name in wanted for name in wanted ^ self.held[n]}
        return frozenset(name for name, there in left.items() if there)

    def undone(self, chosen: Collection[str]) -> Names:
        """Fact level: facts as before their last alteration, baseline grants absent."""
        altered = {name for before, after in zip(self.held, self.held[1:], strict=False)
                   for name in before ^ after}  # fmt: skip
        held = set(self.held[-1])
        for name in chosen:
            if name in altered:
                held ^= {name}  # what was altered last was the other way before
            else:
                held.discard(name)
        return frozenset(held)

    def facts(self) -> list[str]:
        altered = {name for before, after in zip(self.held, self.held[1:], strict=False)
                   for name in before ^ after}  # fmt: skip
        return sorted(altered | self.held[-1])


def least(sets: Iterable[frozenset[Any]]) -> set[frozenset[Any]]:
    found = set(sets)
    return {s for s in found if not any(other < s for other in found)}


def families(
    pool: list[Any], denies: Callable[[frozenset[Any]], bool]
) -> dict[str, set[frozenset[Any]]]:
    """Minimal cuts and minimal sufficient sets by their definitions."""
    subsets = [frozenset(c) for n in range(len(pool) + 1) for c in combinations(pool, n)]
    denying = [k for k in subsets if denies(k)]
    return {
        "minimal cut": least(denying),
        "minimal sufficient": least(s for s in subsets if all(k & s for k in denying)),
    }


def stored(rows: Iterable[Any]) -> dict[str, set[frozenset[Any]]]:
    found: dict[str, set[frozenset[Any]]] = {"minimal cut": set(), "minimal sufficient": set()}
    for row in rows:
        assert (row["certainty"], row["complete"]) == ("certain", True)
        found[row["kind"]].add(frozenset(row["members"]))
    return found


def question(story: Story, course: Course, allowed: Collection[Names], shared: Any) -> Question:
    return Question(
        class_uid="class-1",
        course=course,
        decide=lambda w: Verdict.ALLOWED if standing(w[0]) in allowed else Verdict.DENIED,
        admits=lambda i, w: not refuses(standing(w[0]), effect(story.wanted[i])),
        read=(0,),
        inputs=tuple((0,) for _ in course.attempts),
        alike=alike,
        alike_to=lambda _, place, value: alike(place, value),
        shared=shared,
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_change_level_by_both_undos(seed: int) -> None:
    draw, asked = random.Random(seed), 0
    for _ in range(EACH):
        story, shared = Story(draw), dict[Any, Any]()
        course = story.course()
        pool = [n for n, yes in enumerate(story.accepted) if yes]
        for _ in range(3):
            allowed = [e for e in EFFECTS if draw.random() < 0.5]
            found = explain(question(story, course, allowed, shared))
            if effect(story.held[-1]) not in allowed:
                assert not found.changes
                continue
            asked += 1
            for undo, state in (("delta", story.delta), ("replay", story.replayed)):
                held = families(
                    pool,
                    lambda k, s=state, a=allowed: effect(s(k)) not in a,  # type: ignore[misc]
                )
                named = {
                    kind: {frozenset(f"c{n}" for n in each) for each in sets}
                    for kind, sets in held.items()
                }
                assert stored(r for r in found.sets if r["undo"] == undo) == named
                for row in found.changes:
                    if row["undo"] == undo:
                        alone = frozenset({row["change_uid"]}) in named["minimal cut"]
                        assert row["but_for"] == ("yes" if alone else "no")
    assert asked > EACH // 3


@pytest.mark.parametrize("seed", SEEDS)
def test_fact_level(seed: int) -> None:
    kinds = replace(AWS, bears=lambda *_: True, alike=lambda _, place, value: alike(place, value))
    draw, asked = random.Random(seed), 0
    for _ in range(EACH):
        story = Story(draw)
        allowed = [e for e in EFFECTS if draw.random() < 0.5]
        if effect(story.held[-1]) not in allowed:
            continue
        asked += 1

        def decide(world: World, allowed: Collection[Names] = allowed) -> Verdict:
            return Verdict.ALLOWED if standing(world[0]) in allowed else Verdict.DENIED

        rows = facts.rows(story.course(), (0,), decide, kinds, {})
        expected = families(
            story.facts(),
            lambda k, s=story, a=allowed: effect(s.undone(k)) not in a,  # type: ignore[misc]
        )
        found = stored(rows)
        names = {
            kind: {
                frozenset(m.removeprefix("¬").removeprefix("bucket|policy|") for m in each)
                for each in sets
            }
            for kind, sets in found.items()
        }
        assert names == expected
    assert asked > EACH // 4
