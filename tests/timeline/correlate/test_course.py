"""Courses: rows of `changes` put together, and the two undos over them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.correlate.course import (
    Content,
    Course,
    World,
    as_logged,
    attempts,
    course,
    delta_step,
    replay_step,
)
from timeline.correlate.cuts import replay
from timeline.correlate.views import Place

T0 = datetime(2022, 6, 1, tzinfo=UTC)
PLACE: Place = ("r", "policy")

Row = dict[str, Any]


def rows_of(writes: list[tuple[frozenset[str], bool]]) -> list[Row]:
    """Rows of `changes` for full writes of sets of facts, from an empty slot."""
    held: frozenset[str] = frozenset()
    rows: list[Row] = []
    for n, (wanted, accepted) in enumerate(writes):
        for fact in sorted(wanted | (held if accepted else frozenset())) or ["*"]:
            old = '"v"' if fact in held else None
            new = '"v"' if fact in wanted else None
            effect = "refused" if not accepted else (
                "re-asserts" if old == new else "adds" if new else "removes"
            )  # fmt: skip
            rows.append(
                {
                    "change_uid": f"c{n}", "provider_uid": f"p{n}", "kind": "logged",
                    "operation": "Put", "accepted": accepted, "time_from": T0 + timedelta(n),
                    "time_to": T0 + timedelta(n), "resource_uid": PLACE[0], "slot": PLACE[1],
                    "fact": fact, "old": old, "new": new, "effect": effect,
                }
            )  # fmt: skip
        if accepted:
            held = wanted
    return rows


def made(rows: list[Row]) -> Course:
    def before(place: Place, first: datetime | None) -> Content:
        return ()

    return course(attempts(rows), [PLACE], T0 + timedelta(100), before)


def content(facts: frozenset[str]) -> Content:
    return tuple((fact, '"v"') for fact in sorted(facts))


FACTS = st.frozensets(st.sampled_from(["a", "b", "c"]))
WRITES = st.lists(st.tuples(FACTS, st.booleans()), max_size=7)


@settings(max_examples=150, deadline=None)
@given(WRITES)
def test_replay_and_delta_of_nothing_undone_give_what_was(
    writes: list[tuple[frozenset[str], bool]],
) -> None:
    run = made(rows_of(writes))
    n = len(run.attempts)
    accepted = [facts for facts, yes in writes if yes]
    actual: World = (content(accepted[-1] if accepted else frozenset()),)
    again = replay_step(run, lambda i, _: run.attempts[i].accepted)
    assert as_logged(run)[-1] == actual
    assert replay(frozenset({run.start}), n, again, 0) == frozenset({actual})
    assert replay(run.start, n, delta_step(run), 0) == actual


@settings(max_examples=150, deadline=None)
@given(WRITES)
def test_undoing_everything_gives_the_baseline(writes: list[tuple[frozenset[str], bool]]) -> None:
    run = made(rows_of(writes))
    n = len(run.attempts)
    everything = (1 << n) - 1
    assert replay(run.start, n, delta_step(run), everything) == run.start


@settings(max_examples=150, deadline=None)
@given(WRITES.filter(bool), st.data())
def test_delta_takes_the_last_alteration_not_undone(
    writes: list[tuple[frozenset[str], bool]], data: st.DataObject
) -> None:
    run = made(rows_of(writes))
    n = len(run.attempts)
    removed = data.draw(st.integers(0, (1 << n) - 1))
    expected = set()
    for fact in ("a", "b", "c"):
        held, present = False, False
        for i, (facts, accepted) in enumerate(writes):
            if accepted and (fact in facts) != held:
                held = fact in facts
                if not removed >> i & 1:
                    present = held
        if present:
            expected.add(fact)
    assert replay(run.start, n, delta_step(run), removed) == (content(frozenset(expected)),)


def test_an_undetermined_write_leaves_both_worlds() -> None:
    run = made(rows_of([(frozenset("a"), True), (frozenset("b"), True)]))
    worlds = replay(
        frozenset({run.start}), 2, replay_step(run, lambda i, _: None if i else True), 0
    )
    assert worlds == frozenset({(content(frozenset("a")),), (content(frozenset("b")),)})


def test_an_opaque_write_makes_the_content_unknown() -> None:
    rows = rows_of([(frozenset("a"), True), (frozenset("b"), True)])
    opaque = [r | {"new": "UNKNOWN", "effect": "unknown"} for r in rows if r["change_uid"] == "c1"]
    run = made([r for r in rows if r["change_uid"] == "c0"] + opaque)
    assert as_logged(run)[-1] == (None,)
    assert replay(run.start, 2, delta_step(run), 0b10) == (content(frozenset("a")),)


def test_creations_and_defaults_cannot_be_undone() -> None:
    rows = rows_of([(frozenset("a"), True)])
    begun = [r | {"change_uid": "create", "slot": "existence"} for r in rows]
    default = [r | {"change_uid": "default", "kind": "default"} for r in rows]
    removable = {a.change_uid: a.removable for a in attempts(rows + begun + default)}
    assert removable == {"c0": True, "create": False, "default": False}
