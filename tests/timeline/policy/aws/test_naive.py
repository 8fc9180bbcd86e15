"""The compiled evaluator against the naive one, wherever everything is known."""

import random

from tests.timeline.policy.aws import lines
from tests.timeline.policy.aws.naive import Naive
from timeline.model import Verdict
from timeline.policy.aws import evaluate


def trial(r: random.Random) -> Verdict | None:
    """One comparison; None if the question was not one for both."""
    request, state = lines.request(r), lines.state(r)
    if r.random() < 0.7:
        state = lines.milder(r, state)
    found = evaluate(request, state, ())
    if found.ambiguities or found.verdict is Verdict.UNKNOWN:
        return None
    if "arn" not in request["principal"] and request["principal"]["type"] != "Anonymous":
        return None
    allowed = Naive(request, state).allowed()
    assert (found.verdict is Verdict.ALLOWED) == allowed, (request, state, found)
    return found.verdict


def test_compiled_and_naive_agree() -> None:
    r = random.Random(1_848)
    verdicts = [trial(r) for _ in range(3_000)]
    assert verdicts.count(Verdict.ALLOWED) > 500
    assert verdicts.count(Verdict.DENIED) > 500
