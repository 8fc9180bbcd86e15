"""Properties that hold for every request, state and missing fact."""

import copy
import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.timeline.policy.aws import lines
from tests.timeline.policy.aws.lines import BUCKET, CONTEXT, SLOTS, some, without
from timeline.model import Verdict
from timeline.policy.aws import evaluate

READINGS = (frozenset(("documented-readings",)), frozenset[str]())
DERIVED = (
    "s3:DataAccessPointAccount",
    "aws:PrincipalArn",
    "aws:userid",
    "aws:username",
    "aws:PrincipalType",
)
KEYS = (*sorted(CONTEXT), *DERIVED)
RANDOM = st.randoms(use_true_random=False)


def blank(state: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """The state with the values of these slots taken out."""
    found = copy.deepcopy(state)
    for path in paths:
        if path.startswith("request."):
            continue
        holder: Any = found
        *above, last = path.split(".")
        for name in above:
            holder = holder.get(name) or {}
        holder.pop(last, None)
    return found


def thin(state: dict[str, Any], paths: list[str], r: random.Random) -> dict[str, Any]:
    """The state with some statements of its hidden policies taken out."""
    found: dict[str, Any] = json.loads(json.dumps(state))
    documents = list(found["identity_policies"]) if "identity_policies" in paths else []
    if "bucket.policy" in paths and found["bucket"]["policy"]:
        documents.append(found["bucket"]["policy"])
    for document in documents:
        listed = document["Statement"]
        document["Statement"] = [
            s for s in (listed if isinstance(listed, list) else [listed]) if r.random() < 0.5
        ]
    return found


@settings(max_examples=200, deadline=None)
@given(RANDOM)
def test_hiding_a_fact_never_turns_an_answer_round(r: random.Random) -> None:
    hide(r)


def test_hiding_a_fact_never_turns_an_answer_round_in_many_trials() -> None:
    r = random.Random(20_260_101)
    for _ in range(4_000):
        hide(r)


def hide(r: random.Random) -> None:
    """One trial: what is hidden may only make the answer unknown."""
    request, state, readings = lines.request(r), lines.state(r), r.choice(READINGS)
    whole = evaluate(request, state, (), assumptions=readings).verdict
    keys, slots = sorted(set(some(r, KEYS, 3))), sorted(set(some(r, SLOTS, 2)))
    for shown in (state, blank(state, slots), thin(state, slots, r)):
        less = evaluate(without(request, keys), shown, slots, assumptions=readings)
        assert less.verdict in (whole, Verdict.UNKNOWN), (request, shown, keys, slots)
        assert (less.verdict is Verdict.UNKNOWN) == bool(less.unknowns)


@settings(max_examples=100, deadline=None)
@given(RANDOM, st.sampled_from(("identity_policies", "bucket.policy", "scps")))
def test_adding_a_deny_never_allows(r: random.Random, slot: str) -> None:
    request, state = lines.request(r), lines.state(r)
    before = evaluate(request, state, ()).verdict
    denial = {"Effect": "Deny", "Action": "s3:*", "Resource": [BUCKET, f"{BUCKET}/pub/*"]}
    more = copy.deepcopy(state)
    if slot == "bucket.policy":
        policy = more["bucket"]["policy"] or {"Version": "2012-10-17", "Statement": []}
        policy["Statement"].append({**denial, "Principal": "*"})
        more["bucket"]["policy"] = policy
    elif slot == "scps":
        more["scps"] = [[*level, {"Statement": denial}] for level in more["scps"] or []] or None
    else:
        more["identity_policies"].append({"Version": "2012-10-17", "Statement": denial})
    after = evaluate(request, more, ()).verdict
    assert not (before is Verdict.DENIED and after is not Verdict.DENIED)
    assert not (before is Verdict.UNKNOWN and after is Verdict.ALLOWED)


def shuffled(value: Any, order: random.Random) -> Any:
    """The state with every list of statements, policies and grants in another order."""
    if isinstance(value, dict):
        return {k: shuffled(v, order) for k, v in value.items()}
    if isinstance(value, list):
        found = [shuffled(v, order) for v in value]
        order.shuffle(found)
        return found
    return value


@settings(max_examples=100, deadline=None)
@given(RANDOM)
def test_order_is_irrelevant(r: random.Random) -> None:
    request, state = lines.request(r), lines.state(r)
    straight = evaluate(request, state, ())
    other = evaluate(request, shuffled(state, r), ())
    assert straight.verdict == other.verdict
    assert straight.deny_kind == other.deny_kind
    assert straight.unknowns == other.unknowns
    assert straight.ambiguities == other.ambiguities
    assert len(straight.allow_paths) == len(other.allow_paths)


@settings(max_examples=100, deadline=None)
@given(RANDOM)
def test_the_same_question_has_the_same_answer(r: random.Random) -> None:
    request, state = lines.request(r), lines.state(r)
    found = evaluate(request, state, ())
    assert found == evaluate(copy.deepcopy(request), copy.deepcopy(state), ())
    if found.verdict is Verdict.ALLOWED:
        assert found.allow_paths
        assert found.deny_kind is None
    if found.verdict is Verdict.UNKNOWN:
        assert found.unknowns
    assert (found.verdict is Verdict.DENIED) == (found.deny_kind is not None)
