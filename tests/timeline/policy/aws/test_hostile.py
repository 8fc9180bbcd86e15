"""Hostile documents: a clear answer, in bounded time."""

import time
from typing import Any

import pytest

from timeline.policy.aws import evaluate
from timeline.policy.aws.language import compile_document
from timeline.policy.aws.patterns import Pattern, action_regex

REQUEST: dict[str, Any] = {
    "principal": {"type": "IAMUser", "arn": "arn:aws:iam::111111111111:user/a"},
    "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/" + "a" * 1_000,
}


def nested(depth: int) -> Any:
    found: Any = "x"
    for _ in range(depth):
        found = {"a": found}
    return found


def asked(document: Any) -> tuple[str, tuple[str, ...]]:
    state = {
        "bucket": {"name": "b", "owner_account": "111111111111"},
        "identity_policies": [document],
    }
    found = evaluate(REQUEST, state, ())
    return found.verdict.value, found.unknowns


@pytest.mark.parametrize(
    "document",
    ["", "null", "[]", "{", 5, [], nested(50_000), "\ud800", {"Statement": 1}, {"Statement": [1]}],
    ids=["empty", "null", "list", "cut", "number", "array", "deep", "surrogate", "one", "ones"],
)
def test_what_is_no_policy_makes_the_answer_unknown(document: Any) -> None:
    verdict, unknowns = asked(document)
    assert verdict == "UNKNOWN"
    assert len(unknowns) == 1
    assert unknowns[0].startswith("malformed identity_policies[0]: ")


def test_no_pattern_backtracks() -> None:
    began = time.process_time()
    pattern = Pattern("arn:aws:s3:::" + "*a" * 300 + "*b", "arn", variables=True)
    assert pattern.plain is not None
    assert pattern.plain.fullmatch("arn:aws:s3:::" + "a" * 5_000) is None
    assert action_regex(["s3:" + "*e" * 200 + "x"]).fullmatch("s3:" + "e" * 5_000) is None
    assert time.process_time() - began < 2


def test_ten_thousand_statements_are_compiled_once() -> None:
    statement = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    document = {"Statement": [{**statement, "Sid": str(n)} for n in range(10_000)]}
    assert compile_document(document) is compile_document(dict(document))
    assert asked(document)[0] == "DENIED"


def test_ten_thousand_values_in_a_condition() -> None:
    values = [f"198.51.{n // 250}.{n % 250}" for n in range(10_000)]
    condition = {"NotIpAddress": {"aws:SourceIp": values}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    assert asked({"Statement": statement})[0] == "ALLOWED"
