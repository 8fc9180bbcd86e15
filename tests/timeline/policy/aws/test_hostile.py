"""Hostile documents: a clear answer, in bounded time."""

import time
from typing import Any

import pytest

from timeline.policy.aws import evaluate
from timeline.policy.aws.language import compile_document
from timeline.policy.aws.patterns import Pattern, action_regex
from timeline.policy.malformed import MalformedError

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


@pytest.mark.parametrize(
    ("principal", "text"),
    [
        (
            {"type": "Robot"},
            "principal.type: expected one of Anonymous, IAMUser, AssumedRole, FederatedUser, Root, "
            "AWSAccount, AWSService, found 'Robot'",
        ),
        (
            {"type": "IAMUser", "arn": 5},
            "principal: expected text in type, arn, account, canonical_id, unique_id, issuer_arn, "
            "service",
        ),
    ],
)
def test_a_caller_that_is_none_is_named(principal: dict[str, Any], text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        evaluate({**REQUEST, "principal": principal}, {"bucket": {"name": "b"}}, ())
    assert str(caught.value) == text


STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"Effect": "allow"}, "Effect: expected Allow or Deny, found 'allow'"),
        ({"NotAction": "s3:Put*"}, "both Action and NotAction"),
        ({"NotResource": "*"}, "both Resource and NotResource"),
        ({"Action": None}, "neither Action nor NotAction"),
        ({"Resource": None}, "neither Resource nor NotResource"),
        ({"Action": 1}, "Action: expected a text or a list of texts"),
        ({"Resource": [1]}, "Resource: expected a text or a list of texts"),
        ({"Action": None, "NotAction": 1}, "NotAction: expected a text or a list of texts"),
        ({"Resource": None, "NotResource": 1}, "NotResource: expected a text or a list of texts"),
        ({"Condition": "x"}, "Condition: expected an object of objects"),
        ({"Condition": {"Bool": "x"}}, "Condition: expected an object of objects"),
    ],
)
def test_what_is_no_statement_is_named(changes: dict[str, Any], text: str) -> None:
    given = {k: v for k, v in {**STATEMENT, **changes}.items() if v is not None}
    found = asked({"Statement": [given]})
    assert found == ("UNKNOWN", (f"malformed statement #0: {text}",))
    found = asked({"Statement": [{"Sid": "S", **given}]})
    assert found == ("UNKNOWN", (f"malformed statement #0(S): {text}",))
