"""The compiled evaluator against the naive one, wherever everything is known."""

import random

from tests.timeline.policy.aws import lines
from tests.timeline.policy.aws.naive import Naive
from timeline.model import Verdict
from timeline.policy.aws import evaluate

#: Asked only of the compiled evaluator: what the naive one does not cover.
LEFT_OUT = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetBucketVersioning")


def trial(r: random.Random) -> bool:
    """One comparison; false if the question was not one for both."""
    request, state = lines.request(r), lines.state(r)
    if state["object"]:
        state["object"] = {
            k: v for k, v in state["object"].items() if k not in ("sse", "legal_hold")
        }
    if request["action"] in LEFT_OUT or "accesspoint" in request["resource"]:
        return False
    found = evaluate(request, state, ())
    if found.ambiguities or found.verdict is Verdict.UNKNOWN:
        return False
    if "arn" not in request["principal"] and request["principal"]["type"] != "Anonymous":
        return False
    allowed = Naive(request, state).allowed()
    assert (found.verdict is Verdict.ALLOWED) == allowed, (request, state, found)
    return True


def test_compiled_and_naive_agree() -> None:
    r = random.Random(1_848)
    assert sum(trial(r) for _ in range(4_000)) > 1_500
