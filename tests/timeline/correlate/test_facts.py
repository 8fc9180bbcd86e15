"""Fact level of causation: the worked traps b and d, exact families, and what is not known."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.correlate import facts
from timeline.correlate.aws.provider import AWS
from timeline.correlate.course import Alteration, Attempt, Course, World
from timeline.model import Verdict

PLACE = ("bucket", "policy")
GATE = ("bucket", "public_access_block.RestrictPublicBuckets")
#: Every fact counts: which ones can matter to a request is tested apart, in test_bearing.py.
KINDS = replace(AWS, bears=lambda *_: True, alike=lambda *_: None)
EFFECTS = {"allow": "Allow", "deny": "Deny", "more": "Allow"}


def statement(name: str) -> tuple[str, str]:
    return name, json.dumps({"Statement": {"Effect": EFFECTS[name], "Sid": name}})


def content(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(statement(name) for name in names))


def write(n: int, before: set[str] | None, after: set[str], *, kind: str = "logged") -> Attempt:
    """A write of the policy that leaves these statements."""
    changed = (before or set()) ^ after
    return Attempt(
        change_uid=f"c{n}",
        time=datetime(2022, 6, 1, tzinfo=UTC) + timedelta(minutes=n),
        kind=kind,
        operation="PutBucketPolicy",
        accepted=True,
        written={
            PLACE: Alteration(
                facts={f: dict(content(after)).get(f) for f in sorted(changed)},
                whole=before is None,
                prior=None if before is None else content(before),
                content=content(after),
            )
        },
    )


def course(start: set[str] | None, *states: set[str], gate: bool | None = None) -> Course:
    """A policy that goes through these states; with `gate`, a flag that stands at that value."""
    held: list[set[str] | None] = [start, *states]
    writes = tuple(write(n, held[n - 1], states[n - 1]) for n in range(1, len(held)))
    first: World = (None if start is None else content(start),)
    if gate is None:
        return Course(places=(PLACE,), start=first, attempts=writes)
    flag = (("value", json.dumps(gate)),)
    return Course(places=(PLACE, GATE), start=(*first, flag), attempts=writes)


def anonymous(world: World) -> Verdict:
    if world[0] is None:
        return Verdict.UNKNOWN
    names = {fact for fact, _ in world[0]}
    restricted = len(world) > 1 and world[1] == (("value", "true"),)
    ok = bool(names & {"allow", "more"}) and "deny" not in names and not restricted
    return Verdict.ALLOWED if ok else Verdict.DENIED


def families(one: Course, decide: Callable[[World], Verdict] = anonymous) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in facts.rows(one, range(len(one.places)), decide, KINDS, {}):
        members = frozenset(m.replace("bucket|policy|", "") for m in row["members"])
        found.setdefault(f"{row['certainty']} {row['kind']}", set()).add(members)
        found["complete"] = found.get("complete", True) and row["complete"]
    return found


def test_trap_b_the_baseline_allow_and_the_absence_of_the_deny() -> None:
    found = families(course({"allow", "deny"}, {"allow"}))
    assert found["certain minimal sufficient"] == {frozenset({"allow", "¬deny"})}
    assert found["certain minimal cut"] == {frozenset({"allow"}), frozenset({"¬deny"})}
    assert found["complete"]


def test_a_baseline_gate_that_is_off_is_a_fact_too() -> None:
    gate = "bucket|public_access_block.RestrictPublicBuckets|value"
    found = families(course({"allow"}, gate=False))
    assert found["certain minimal sufficient"] == {frozenset({"allow", gate})}


def test_two_baseline_grants_are_overdetermined() -> None:
    found = families(course({"allow", "more"}))
    assert found["certain minimal sufficient"] == {frozenset({"allow"}), frozenset({"more"})}
    assert found["certain minimal cut"] == {frozenset({"allow", "more"})}


def test_a_baseline_deny_is_no_grant_and_a_reasserted_fact_stays_the_first_writers() -> None:
    found = facts.ablations(course(set(), {"allow"}, {"allow"}), [0], AWS)
    assert [(a.uid, a.value) for a in found] == [("bucket|policy|allow", None)]
    assert facts.ablations(course({"deny"}), [0], AWS) == ()


def test_what_a_creation_brings_is_baseline() -> None:
    one = course(set(), {"allow"})
    born = replace(one, attempts=(replace(one.attempts[0], kind="default"),))
    assert [a.value for a in facts.ablations(born, [0], AWS)] == [None]


def test_an_unknown_earlier_value_makes_a_possible_cut_only() -> None:
    found = families(course(None, {"allow"}))
    assert "certain minimal cut" not in found
    assert found["possible minimal cut"] == {frozenset({"allow"})}


def test_beyond_the_cap_the_rows_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "EVALUATIONS", 2)
    assert families(course({"allow", "more"})) == {"certain minimal sufficient": {frozenset()},
                                                   "complete": False}  # fmt: skip


STATEMENTS = st.sets(st.sampled_from(sorted(EFFECTS)))


@given(STATEMENTS, st.lists(STATEMENTS, max_size=3), st.integers(0, 255))
def test_sufficient_sets_by_their_definition(
    start: set[str], states: list[set[str]], rule: int
) -> None:
    """Any rule over three statements: sufficient = no undoing outside of it denies."""
    one = course(start, *states)
    order = sorted(EFFECTS)

    def decide(world: World) -> Verdict:
        names = {fact for fact, _ in world[0] or ()}
        at = sum(1 << n for n, name in enumerate(order) if name in names)
        return Verdict.ALLOWED if rule >> at & 1 else Verdict.DENIED

    last = (states or [start])[-1]
    found = facts.ablations(one, [0], AWS)

    def undone(chosen: tuple[int, ...]) -> Verdict:
        names = set(last)
        for i in chosen:
            names -= {found[i].fact}
            names |= {found[i].fact} if found[i].value is not None else set()
        return decide((content(names),))

    numbers = range(len(found))
    subsets = [c for size in range(len(found) + 1) for c in combinations(numbers, size)]
    sufficient = [
        set(s)
        for s in subsets
        if all(undone(k) is Verdict.ALLOWED for k in subsets if not set(k) & set(s))
    ]
    least = [s for s in sufficient if not any(other < s for other in sufficient)]
    expected = {frozenset(found[i].uid.replace("bucket|policy|", "") for i in s) for s in least}
    assert families(one, decide).get("certain minimal sufficient", set()) == expected


def test_many_facts_that_are_cuts_alone_cost_one_question_each() -> None:
    asked: list[int] = []

    def verdict(mask: int) -> Verdict:
        asked.append(mask)
        return Verdict.DENIED if mask else Verdict.ALLOWED

    certain, possible = facts._cuts(40, verdict)
    assert len(asked) == 41
    assert certain.complete
    assert sorted(certain.members) == [1 << i for i in range(40)] == sorted(possible.members)


def test_what_denies_with_nothing_undone_is_asked_once() -> None:
    asked: list[int] = []

    def verdict(mask: int) -> Verdict:
        asked.append(mask)
        return Verdict.DENIED

    certain, _ = facts._cuts(40, verdict)
    assert asked == [0]
    assert certain.complete
    assert certain.members == (0,)
