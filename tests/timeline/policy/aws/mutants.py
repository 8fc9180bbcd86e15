"""The quick suite that mutants of the evaluator have to survive: see docs/methods/decision.md.

Not collected by a plain run: its cases are those of the files beside it, put into few tests, so
that one mutant costs one fork and a fraction of a second. `make mutants` names it. The answers to
the tables in full hold whatever the tables themselves assert.
"""

import json
import random
from typing import Any

import pytest

from tests.timeline.policy.aws import lines
from tests.timeline.policy.aws import test_answers as answers
from tests.timeline.policy.aws import test_assumptions as assumptions
from tests.timeline.policy.aws import test_hostile as hostile
from tests.timeline.policy.aws import test_key_grants as key_grants
from tests.timeline.policy.aws import test_naive as naive
from tests.timeline.policy.aws import test_register as register
from tests.timeline.policy.aws import test_vectors as vectors
from timeline.policy.aws import members
from timeline.policy.decide import decide, decide_read, read
from timeline.policy.malformed import MalformedError


def values(function: Any) -> list[tuple[Any, ...]]:
    """What `parametrize` gives to a test function, by position; one empty tuple if nothing."""
    for mark in getattr(function, "pytestmark", ()):
        if mark.name == "parametrize":
            several = not isinstance(mark.args[0], str) or "," in mark.args[0]
            return [tuple(given) if several else (given,) for given in mark.args[1]]
    return [()]


def test_answers_to_the_tables() -> None:
    answers.test_answers_to_the_tables()


def test_answers_to_drawn_lines() -> None:
    answers.test_answers_to_drawn_lines()


def answered(line: dict[str, Any]) -> Any:
    try:
        return decide(line)
    except MalformedError as error:
        return str(error)


def answered_as_json(line: dict[str, Any]) -> Any:
    try:
        return decide_read(read(json.dumps(line).encode()))
    except MalformedError as error:
        return str(error)


def test_lines_as_json_and_as_objects() -> None:
    members.forget()  # what was kept before the fork would hide a mutant
    r = random.Random(12)
    odd: list[dict[str, Any]] = [{"bucket": []}]
    odd += [{"bucket": {"name": "b"}, "identity_policies": lines.EVERYTHING}]
    for state in odd:
        line: dict[str, Any] = {"provider": "aws", "request": lines.request(r), "state": state}
        assert answered(line) == answered_as_json(line)
    for number in range(200):
        unknown = lines.some(r, lines.SLOTS, 1)
        asked = {"request": lines.request(r), "state": lines.state(r), "unknown": unknown}
        line = {"id": number, "provider": "aws", **asked}
        content = json.dumps(line).encode()
        assert [decide(line)] * 3 == [decide_read(read(content)) for _ in range(3)]


def test_vectors() -> None:
    for case in vectors.CASES:
        vectors.test_vector(case)


@pytest.mark.parametrize("module", [assumptions, hostile, key_grants, register])
def test_the_rest(module: Any) -> None:
    for name, function in sorted(vars(module).items()):
        if name.startswith("test_") and "ten_thousand" not in name:
            for given in values(function):
                function(*given)


def test_naive_evaluator() -> None:
    r = random.Random(1)
    assert sum(naive.trial(r) is not None for _ in range(100)) > 30
