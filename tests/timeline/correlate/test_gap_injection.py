"""Random small histories with a period taken out of the records, against a brute-force enumerator.

The enumerator knows every write that really happened, the hidden ones too. It shares no code with
the evaluator: four slots, two callers, all subsets by running the history again. With
`gaps-minimal` off, what the tables call certain must be true, and what is true must be possible.
`BUTFOR_SOAK=1` runs more of them.
"""

import os
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.correlate.cases import (
    ADMIN,
    ANONYMOUS,
    KEY,
    PARTNER_USER,
    START,
    Trail,
    build,
    read,
)
from tests.timeline.correlate.test_logging_gaps import switch

SOAK = bool(os.environ.get("BUTFOR_SOAK"))
SEEDS = range(8) if SOAK else range(2)
HISTORIES = 60 if SOAK else 24
ASSUMPTIONS = """format = 1
[matter]
title = "Gaps"
[assumptions]
gaps-minimal = {minimal}
"""
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
#: What else a decision reads, as it was: written again so that it is known after the gap.
AGAIN: dict[str, Any] = {
    "PutBucketOwnershipControls": {
        "OwnershipControls": {"Rule": {"ObjectOwnership": "ObjectWriter"}}
    },
    "PutBucketRequestPayment": {"RequestPaymentConfiguration": {"Payer": "BucketOwner"}},
    "PutBucketEncryption": {
        "ServerSideEncryptionConfiguration": {
            "Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        }
    },
}
#: (slot, value): what a write sets, as the enumerator sees it.
Write = tuple[str, Any]
State = dict[str, Any]
#: A write, or ("read", caller).
Step = tuple[str, Any]


def accepted(state: State, write: Write) -> bool:
    """The two write gates."""
    slot, value = write
    if slot == "policy":
        return not ("public" in value and "BlockPublicPolicy" in state["block"])
    return not (slot == "acl" and value and "BlockPublicAcls" in state["block"])


def reads(state: State, who: str) -> bool:
    """Whether a caller may read."""
    public = "public" in state["policy"]
    restricted = public and "RestrictPublicBuckets" in state["block"]
    if who == "partner" and "partner" in state["policy"] and not restricted:
        return True
    if public and not restricted:
        return True
    return bool(state["acl"]) and "IgnorePublicAcls" not in state["block"]


def fresh() -> State:
    return {"policy": frozenset(), "acl": False, "block": frozenset()}


def facts(state: State) -> dict[tuple[str, str], bool]:
    """Every fact of a state, by name."""
    return {
        **{("policy", s): s in state["policy"] for s in ("partner", "public")},
        ("acl", "public"): bool(state["acl"]),
        **{("block", f): f in state["block"] for f in FLAGS},
    }


def of_facts(held: dict[tuple[str, str], bool]) -> State:
    return {
        "policy": frozenset(n for (slot, n), on in held.items() if slot == "policy" and on),
        "acl": held["acl", "public"],
        "block": frozenset(n for (slot, n), on in held.items() if slot == "block" and on),
    }


def replayed(writes: Iterable[Write], without: int | None) -> State:
    state = fresh()
    for n, write in enumerate(writes):
        if n != without and accepted(state, write):
            state = {**state, write[0]: write[1]}
    return state


def delta(writes: Iterable[Write], without: int) -> State:
    """Each fact at its last alteration by another write."""
    state = fresh()
    held = facts(state)
    for n, write in enumerate(writes):
        if not accepted(state, write):
            continue
        after = {**state, write[0]: write[1]}
        was, now = facts(state), facts(after)
        if n != without:
            held |= {name: now[name] for name in now if now[name] != was[name]}
        state = after
    return of_facts(held)


@dataclass
class Told:
    """One history: its records, and what is true of each access that was kept."""

    trail: Trail
    writes: list[tuple[str | None, Write]] = field(default_factory=list)
    truth: list[tuple[str, str, list[tuple[str | None, Write]]]] = field(default_factory=list)


def history(draw: random.Random, n: int) -> tuple[Told, list[Step]]:
    """A plan: before, in and after the gap; half of them write every slot again after it."""
    plan = [step(draw) for _ in range(6)]
    anew = [step(draw, kind) for kind in draw.sample(["policy", "acl", "block"], 3)]
    plan += [("again", None), *anew] if n % 2 else [step(draw) for _ in range(4)]
    return Told(Trail(f"gap-{n:03d}")), [*plan, ("read", "anonymous"), ("read", "partner")]


def step(draw: random.Random, kind: str = "") -> Step:
    """One random write or read."""
    kind = kind or draw.choice(["policy", "policy", "acl", "block", "read", "read"])
    if kind == "policy":
        return kind, frozenset(s for s in ("partner", "public") if draw.random() < 0.5)
    if kind == "acl":
        return kind, draw.random() < 0.6
    if kind == "block":
        return kind, frozenset(f for f in FLAGS if draw.random() < 0.2)
    return kind, draw.choice(["anonymous", "partner"])


def tell(told: Told, made: Step, *, hidden: bool) -> None:
    """One step: it happens, and is recorded or not."""
    trail, (kind, value) = told.trail, made
    state = replayed([w for _, w in told.writes], None)
    before = len(trail.records)
    if kind == "read":
        ok = reads(state, value)
        who_ = PARTNER_USER if value == "partner" else ANONYMOUS
        uid = trail.read(who_, error=None if ok else "AccessDenied")
        if not hidden:
            told.truth.append((uid, value, list(told.writes)))
    else:
        write: Write = (kind, value)
        ok = kind == "again" or accepted(state, write)
        error = None if ok else "AccessDenied"
        if kind == "again":
            for name, body in AGAIN.items():
                trail.add(name, ADMIN, body)
            uid = trail.add("PutObject", ADMIN, key=KEY, data=True)
            write = ("acl", False)
        elif kind == "policy":
            parts = [trail.partner()] * ("partner" in value) + [trail.public()] * (
                "public" in value
            )
            uid = trail.policy(*parts, error=error)
        elif kind == "acl":
            uid = trail.object_acl("public-read" if value else "private", error=error)
        else:
            uid = trail.block(*value)
        told.writes.append((None if hidden else uid, write))
    if hidden:
        del trail.records[before:]


def told(seed: int) -> list[Told]:
    """Histories of one case: logging is off over the same three steps of all of them."""
    draw = random.Random(seed)
    begin = 3
    plans = [history(draw, n) for n in range(HISTORIES)]
    for one, plan in plans:
        one.trail.create()
        one.truth.clear()
        for n, made in enumerate(plan):
            one.trail.now = START + timedelta(minutes=10 * (n + 1))
            tell(one, made, hidden=begin <= n < begin + 3)
    return [one for one, _ in plans]


def off_and_on() -> Trail:
    """The switches: logging is off from minute 35 to minute 65."""
    trail = Trail("switches")
    trail.now = START + timedelta(minutes=34)
    switch(trail, "StopLogging", "main")
    trail.now = START + timedelta(minutes=64)
    switch(trail, "StartLogging", "main")
    assert ADMIN in [r["userIdentity"] for r in trail.records]
    return trail


@pytest.mark.parametrize("seed", SEEDS)
def test_certain_is_true_and_true_is_possible(tmp_path: Path, seed: int) -> None:
    histories = told(seed)
    case = build(
        tmp_path, [off_and_on(), *(h.trail for h in histories)],
        toml=ASSUMPTIONS.format(minimal="false"),
    )  # fmt: skip
    decided, answered, wrong = judged(case, histories)
    assert wrong == []
    assert decided > HISTORIES / 2
    assert answered > HISTORIES / 2


def judged(case: Path, histories: Iterable[Told]) -> tuple[int, int, list[Any]]:
    """(decisions, necessity answers, those of both that are not true)."""
    classes = {r["class_uid"]: r for r in read(case, "classes")}
    accesses = {r["provider_uid"]: r["class_uid"] for r in read(case, "access_classes")}
    names = {r["change_uid"]: r["provider_uid"] for r in read(case, "changes")}
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in read(case, "class_changes"):
        rows.setdefault(row["class_uid"], []).append(row)
    decided, answered, wrong = 0, 0, list[Any]()
    for uid, who, writes in (truth for one in histories for truth in one.truth):
        bare = [w for _, w in writes]
        found = classes[accesses[uid]]["decision"]
        decided += found != "UNKNOWN"
        if found != "UNKNOWN" and (found == "ALLOWED") != reads(replayed(bare, None), who):
            wrong.append((uid, found))
        for row in rows.get(accesses[uid], []):
            mine = [n for n, (name, _) in enumerate(writes) if name == names[row["change_uid"]]]
            if not mine or row["but_for"] == "undetermined":
                continue
            answered += 1
            denied = not reads((delta if row["undo"] == "delta" else replayed)(bare, mine[0]), who)
            if (row["but_for"] == "yes") != denied:
                wrong.append((uid, names[row["change_uid"]], row["undo"]))
    return decided, answered, wrong
