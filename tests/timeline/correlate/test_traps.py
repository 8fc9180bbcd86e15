"""The worked traps of the specification (causation, 7.2), as tables over a toy of S3.

State: whether the public statement, the deny, the public ACL and two Block Public Access flags
are there. The same traps over real records and the real evaluator: test_trap_cases.py.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from timeline.correlate.cuts import Sets, cuts, explore, hitting_sets, indices, replay
from timeline.correlate.roles import Answer, CutFamily, Judgement, Role, judge, shape

State = frozenset[str]
Write = tuple[str, frozenset[str], frozenset[str]]  # name, facts added, facts removed


def add(name: str, *facts: str) -> Write:
    return name, frozenset(facts), frozenset()


def remove(name: str, *facts: str) -> Write:
    return name, frozenset(), frozenset(facts)


def anonymous_read(s: State) -> bool:
    policy = "public" in s and "RestrictPublicBuckets" not in s
    acl = "acl" in s and "IgnorePublicAcls" not in s
    return (policy or acl) and "deny" not in s


def owner_role_read(s: State) -> bool:
    return ("role" in s or "public" in s) and "deny" not in s


def owner_role_list(s: State) -> bool:
    return "role" in s


def partner_read(s: State) -> bool:
    return "partner" in s and not ("public" in s and "RestrictPublicBuckets" in s)


@dataclass(frozen=True)
class Trap:
    """One row: history, decision, and what both undos must say."""

    name: str
    baseline: tuple[str, ...]
    writes: tuple[Write, ...]
    decide: Callable[[State], bool]
    undo: str
    cuts: tuple[tuple[str, ...], ...]
    sufficient: tuple[tuple[str, ...], ...]
    but_for: tuple[str, ...]
    roles: dict[str, str]
    shape: str


TRAPS = (
    Trap(
        "a two public grants",
        (),
        (add("c1", "acl"), add("c2", "public")),
        anonymous_read,
        "delta",
        (("c1", "c2"),),
        (("c1",), ("c2",)),
        (),
        {"c1": "completing", "c2": "redundant-later"},
        "overdetermined",
    ),
    Trap(
        "b deny removed",
        ("public", "deny"),
        (remove("c1", "deny"),),
        anonymous_read,
        "delta",
        (("c1",),),
        (("c1",),),
        ("c1",),
        {"c1": "completing"},
        "necessary",
    ),
    Trap(
        "c gate off long before the dormant policy",
        ("RestrictPublicBuckets",),
        (remove("c1", "RestrictPublicBuckets"), add("c2", "public")),
        anonymous_read,
        "delta",
        (("c1",), ("c2",)),
        (("c1", "c2"),),
        ("c1", "c2"),
        {"c1": "precondition", "c2": "completing"},
        "necessary",
    ),
    Trap(
        "c reversed",
        ("RestrictPublicBuckets",),
        (add("c1", "public"), remove("c2", "RestrictPublicBuckets")),
        anonymous_read,
        "delta",
        (("c1",), ("c2",)),
        (("c1", "c2"),),
        ("c1", "c2"),
        {"c1": "precondition", "c2": "completing"},
        "necessary",
    ),
    Trap(
        "c write gate: BlockPublicPolicy off was a precondition of the policy, in replay alone",
        ("BlockPublicPolicy",),
        (remove("c1", "BlockPublicPolicy"), add("c2", "public")),
        anonymous_read,
        "replay",
        (("c1",), ("c2",)),
        (("c1", "c2"),),
        ("c1", "c2"),
        {"c1": "precondition", "c2": "completing"},
        "necessary",
    ),
    Trap(
        "c write gate under delta: the gate does not decide the access",
        ("BlockPublicPolicy",),
        (remove("c1", "BlockPublicPolicy"), add("c2", "public")),
        anonymous_read,
        "delta",
        (("c2",),),
        (("c2",),),
        ("c2",),
        {"c1": "irrelevant", "c2": "completing"},
        "necessary",
    ),
    Trap(
        "d role already permitted",
        ("role",),
        (add("c1", "public"),),
        owner_role_read,
        "delta",
        (),
        ((),),
        (),
        {"c1": "irrelevant"},
        "no change needed: baseline allowed",
    ),
    Trap(
        "d role grant is a logged change: reading is overdetermined",
        (),
        (add("c0", "role"), add("c1", "public")),
        owner_role_read,
        "delta",
        (("c0", "c1"),),
        (("c0",), ("c1",)),
        (),
        {"c0": "completing", "c1": "redundant-later"},
        "overdetermined",
    ),
    Trap(
        "d role grant is a logged change: listing needs it",
        (),
        (add("c0", "role"), add("c1", "public")),
        owner_role_list,
        "delta",
        (("c0",),),
        (("c0",),),
        ("c0",),
        {"c0": "completing", "c1": "irrelevant"},
        "necessary",
    ),
    Trap(
        "e remediation is irrelevant to the signer's path",
        ("role",),
        (add("c1", "public"), remove("c2", "public")),
        owner_role_read,
        "delta",
        (),
        ((),),
        (),
        {"c1": "superseded", "c2": "irrelevant"},
        "no change needed: baseline allowed",
    ),
    Trap(
        "i undoing helps",
        (),
        (add("c1", "public"), remove("c2", "public"), add("c3", "public")),
        anonymous_read,
        "delta",
        (("c3",),),
        (("c3",),),
        ("c3",),
        {"c1": "superseded", "c2": "superseded", "c3": "completing"},
        "necessary",
    ),
    Trap(
        "j the opener is no cause",
        (),
        (add("c1", "acl"), add("c2", "public"), remove("c3", "acl")),
        anonymous_read,
        "delta",
        (("c2",),),
        (("c2",),),
        ("c2",),
        {"c1": "superseded", "c2": "completing", "c3": "irrelevant"},
        "necessary",
    ),
    Trap(
        "k cosmetic, delta",
        (),
        (add("c1", "public"), add("c2", "public")),
        anonymous_read,
        "delta",
        (("c1",),),
        (("c1",),),
        ("c1",),
        {"c1": "completing", "c2": "re-asserting"},
        "necessary",
    ),
    Trap(
        "k cosmetic, replay: re-applied by c2",
        (),
        (add("c1", "public"), add("c2", "public")),
        anonymous_read,
        "replay",
        (("c1", "c2"),),
        (("c1",), ("c2",)),
        (),
        {"c1": "completing", "c2": "redundant-later"},
        "overdetermined",
    ),
    Trap(
        "non-monotone: removing the public statement restored the partner",
        ("RestrictPublicBuckets", "partner"),
        (add("c1", "public"), remove("c2", "public")),
        partner_read,
        "delta",
        (("c2",),),
        (("c2",),),
        ("c2",),
        {"c1": "superseded", "c2": "completing"},
        "necessary",
    ),
)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda t: t.name)
def test_trap(trap: Trap) -> None:
    names = [name for name, _, _ in trap.writes]
    start = frozenset(trap.baseline)
    n = len(trap.writes)
    altered = _alterations(trap)
    step = _replay_step(trap) if trap.undo == "replay" else _delta_step(altered)

    frontier = explore(start, n, step, (1 << n) - 1)
    found = cuts(frontier, lambda s: not trap.decide(s))
    sufficient = hitting_sets(found)
    family = CutFamily(
        certain_cuts=found,
        possible_cuts=found,
        certain_sufficient=sufficient,
        possible_sufficient=sufficient,
    )

    assert trap.decide(replay(start, n, step, 0))
    assert set(trap.cuts) == _named(found, names)
    assert set(trap.sufficient) == _named(sufficient, names)
    verdicts = {name: _judged(trap, family, i, step, altered) for i, name in enumerate(names)}
    assert set(trap.but_for) == {n for n, v in verdicts.items() if v.but_for is Answer.YES}
    assert trap.roles == {name: str(v.role) for name, v in verdicts.items()}
    assert all(v.ness is Answer.NO for v in verdicts.values() if v.role is Role.SUPERSEDED)
    assert trap.shape == shape(family, trap.decide(start))


def test_responsibility_is_one_over_the_smallest_cut() -> None:
    both = Sets(members=(0b11,), complete=True)
    either = Sets(members=(0b01, 0b10), complete=True)
    family = CutFamily(
        certain_cuts=both,
        possible_cuts=both,
        certain_sufficient=either,
        possible_sufficient=either,
    )
    verdict = judge(family, 0, alone=Answer.NO, asserted_only=False, superseded=False, order=(0, 1))
    assert verdict.responsibility == 0.5
    assert verdict.hp_modified == "part"
    assert verdict.ness == "yes"


def test_trap_f_is_no_cause_because_it_is_denied() -> None:
    """Public object ACL while IgnorePublicAcls is on: denied as it stands, the cut is empty."""
    state = frozenset({"acl", "IgnorePublicAcls"})
    frontier = explore(state, 0, lambda _, s: s, 0)
    found = cuts(frontier, lambda s: not anonymous_read(s))
    assert found.members == (0,)
    assert hitting_sets(found).members == ()


Alteration = tuple[frozenset[str], frozenset[str]]


def _alterations(trap: Trap) -> list[Alteration]:
    """What each write altered in the history as it happened."""
    state, altered = frozenset(trap.baseline), []
    for _, plus, minus in trap.writes:
        altered.append((plus - state, minus & state))
        state = (state | plus) - minus
    return altered


def _replay_step(trap: Trap) -> Callable[[int, State], State]:
    def step(i: int, s: State) -> State:
        _, plus, minus = trap.writes[i]
        if "public" in plus and "BlockPublicPolicy" in s:
            return s
        return (s | plus) - minus

    return step


def _delta_step(altered: list[Alteration]) -> Callable[[int, State], State]:
    return lambda i, s: (s | altered[i][0]) - altered[i][1]


def _judged(
    trap: Trap,
    family: CutFamily,
    i: int,
    step: Callable[[int, State], State],
    altered: list[Alteration],
) -> Judgement:
    n = len(trap.writes)
    without = replay(frozenset(trap.baseline), n, step, 1 << i)
    mine = altered[i][0] | altered[i][1]
    later = frozenset().union(*(p | m for p, m in altered[i + 1 :]))
    return judge(
        family,
        i,
        alone=Answer.NO if trap.decide(without) else Answer.YES,
        asserted_only=not mine,
        superseded=trap.undo == "delta" and bool(mine) and mine <= later,
        order=tuple(range(n)),
    )


def _named(family: Sets, names: list[str]) -> set[tuple[str, ...]]:
    return {tuple(names[i] for i in indices(mask)) for mask in family.members}
