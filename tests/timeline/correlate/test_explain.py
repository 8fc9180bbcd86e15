"""A whole question against enumeration: gates, unknown acceptance, places that nothing reads.

The enumeration below runs every removal by itself, in plain loops, and shares no code with the
search; certain ⊆ truth ⊆ possible is checked where acceptance is not known.
"""

from datetime import UTC, datetime, timedelta
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.correlate.causation import explain
from timeline.correlate.course import Alteration, Attempt, Course, World
from timeline.correlate.runs import Question
from timeline.model import Verdict

T0 = datetime(2022, 6, 1, tzinfo=UTC)
#: read by the request · gate of the writes · permissions of their caller · read by nothing
PLACES = (("r", "policy"), ("r", "gate"), ("u", "own"), ("u", "other"))
ON, OFF = (("value", "true"),), ()

Step = tuple[int, bool, int]  # place, on or off, 0 = free, 1 = gated, 2 = gated, outcome unknown


def question(steps: list[Step]) -> Question:
    """Writes of on or off; a gated one is refused while the gate is on."""
    world: list[tuple[tuple[str, str], ...]] = [OFF, OFF, OFF, OFF]
    attempts = []
    for i, (place, on, gated) in enumerate(steps):
        content = ON if on else OFF
        accepted = not (gated and world[1] == ON)
        facts = {"value": "true" if on else None} if accepted and world[place] != content else {}
        attempts.append(
            Attempt(
                change_uid=f"c{i}", time=T0 + timedelta(i), kind="logged", operation="Put",
                accepted=accepted,
                written={
                    PLACES[place]: Alteration(
                        facts=facts, whole=False, prior=world[place] if accepted else None,
                        content=content,
                    )
                },
            )
        )  # fmt: skip
        if accepted:
            world[place] = content
    before = _worlds(steps)

    def admits(i: int, now: World) -> bool | None:
        gated = steps[i][2]
        if not gated or now[1] == before[i][1]:
            return attempts[i].accepted
        return None if gated == 2 else now[1] != ON

    return Question(
        class_uid="k",
        course=Course(places=PLACES, start=(OFF, OFF, OFF, OFF), attempts=tuple(attempts)),
        decide=lambda w: Verdict.ALLOWED if w[0] == ON else Verdict.DENIED,
        admits=admits,
        read=(0,),
        inputs=tuple((1,) if gated else () for _, _, gated in steps),
    )


def _worlds(steps: list[Step]) -> list[list[object]]:
    world: list[object] = [OFF, OFF, OFF, OFF]
    found = []
    for place, on, gated in steps:
        found.append(list(world))
        if not (gated and world[1] == ON):
            world[place] = ON if on else OFF
    return found


def outcomes(steps: list[Step], removed: frozenset[int]) -> set[bool]:
    """Whether the access is allowed, in every way that unknown acceptances can turn out."""
    before = _worlds(steps)
    worlds: list[list[object]] = [[OFF, OFF, OFF, OFF]]
    for i, (place, on, gated) in enumerate(steps):
        if i in removed:
            continue
        after = []
        for world in worlds:
            same = world[1] == before[i][1]
            actually = not (gated and before[i][1] == ON)
            choices = (
                [actually] if not gated or same else [True, False] if gated == 2
                else [world[1] != ON]
            )  # fmt: skip
            for yes in choices:
                copy = list(world)
                if yes:
                    copy[place] = ON if on else OFF
                after.append(copy)
        worlds = after
    return {world[0] == ON for world in worlds}


def minimal(sets: list[frozenset[int]]) -> set[frozenset[int]]:
    return {k for k in sets if not any(o < k for o in sets)}


STEPS = st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 2)), max_size=6)


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_replay_equals_enumeration(steps: list[Step]) -> None:
    asked = question(steps)
    accepted = [i for i, a in enumerate(asked.course.attempts) if a.accepted]
    found = explain(asked)
    if outcomes(steps, frozenset()) != {True}:
        assert found.changes == ()
        return
    pool = [frozenset(c) for n in range(len(accepted) + 1) for c in combinations(accepted, n)]
    results = {k: outcomes(steps, k) for k in pool}
    sure = minimal([k for k in pool if results[k] == {False}])
    may = minimal([k for k in pool if False in results[k]])
    cuts = [r for r in found.sets if r["undo"] == "replay" and r["kind"] == "minimal cut"]
    named = {frozenset(int(m[1:]) for m in r["members"]): r["certainty"] for r in cuts}
    assert {k for k, certainty in named.items() if certainty == "certain"} == sure
    assert {k for k, certainty in named.items() if certainty == "possible"} == may - sure
    for row in (r for r in found.changes if r["undo"] == "replay"):
        alone = results[frozenset({int(row["change_uid"][1:])})]
        expected = "undetermined" if len(alone) > 1 else "no" if True in alone else "yes"
        assert row["but_for"] == expected


def test_three_hundred_writes_that_nothing_reads_do_not_grow_the_search() -> None:
    """A caller's own permissions, rewritten again and again, and one write that matters."""
    steps: list[Step] = [(2 + i % 2, i % 3 == 0, 0) for i in range(300)]
    found = explain(question([*steps, (0, True, 1)]))
    rows = [r for r in found.sets if r["kind"] == "minimal cut"]
    assert {tuple(r["members"]) for r in rows} == {("c300",)}
    assert all(r["complete"] for r in rows)
