"""Facts left out because they cannot matter: by their text, and against trying every one."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.correlate import test_trap_cases as traps
from tests.timeline.correlate.cases import ALL_USERS, Trail, build
from timeline import events, normalize, tables
from timeline.correlate import causation, decisions, facts
from timeline.correlate.aws.bearing import alike, bears
from timeline.correlate.aws.provider import AWS
from timeline.correlate.course import attempts
from timeline.correlate.questions import Questions
from timeline.correlate.signatures import Attempts
from timeline.model import Verdict
from timeline.state.intervals import History

READ = {"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}
LIST = {"action": "s3:ListBucket", "resource": "arn:aws:s3:::b"}
POLICY = ("arn:aws:s3:::b", "policy")
INLINE = ("arn:aws:iam::111122223333:user/u", "inline_policy/own")
RESTRICT = ("arn:aws:s3:::b", "public_access_block.RestrictPublicBuckets")
IGNORE = ("arn:aws:s3:::b", "public_access_block.IgnorePublicAcls")


def statement(**parts: Any) -> str:
    whole = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject",
             "Resource": "arn:aws:s3:::b/*"}  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": {**whole, **parts}})


def grant(permission: str, who: str = "owner") -> str:
    grantee = {"Type": "Group", "URI": who} if who.startswith("http") else {
        "Type": "CanonicalUser", "ID": who}  # fmt: skip
    return json.dumps({"Grantee": grantee, "Permission": permission})


@pytest.mark.parametrize(
    ("request_", "place", "value", "expected"),
    [
        (READ, POLICY, statement(), True),
        (READ, POLICY, statement(Action="s3:ListBucket"), False),
        (READ, POLICY, statement(Action="s3:Get*"), True),
        (READ, POLICY, statement(Action="*"), True),
        (READ, POLICY, statement(Resource="arn:aws:s3:::b/other/*"), False),
        (READ, POLICY, statement(Resource="arn:aws:s3*"), True),
        (READ, POLICY, statement(Resource="arn:aws:s3:::b/${aws:username}/*"), True),
        (READ, POLICY, json.dumps({"Statement": {"Effect": "Allow", "NotAction": "s3:X"}}), True),
        # Public or not decides whether a flag voids the whole policy.
        (READ, POLICY, statement(Action="s3:ListBucket", Principal="*"), True),
        (READ, POLICY, statement(Action="s3:ListBucket", Principal={"AWS": ["*"]}), True),
        (READ, POLICY, statement(Action="s3:ListBucket", Principal="*", Effect="Deny"), False),
        (READ, INLINE, statement(Action="s3:ListBucket", Principal="*"), False),
        (LIST, INLINE, statement(Action="s3:List*", Resource="arn:aws:s3:::b"), True),
        (READ, ("arn:aws:s3:::b/k", "acl"), grant("READ"), True),
        (READ, ("arn:aws:s3:::b/k", "acl"), grant("FULL_CONTROL"), True),
        (READ, ("arn:aws:s3:::b/k", "acl"), grant("READ_ACP"), False),
        (READ, ("arn:aws:s3:::b/k", "acl"), grant("READ_ACP", ALL_USERS), True),
        (READ, ("arn:aws:s3:::b", "acl"), grant("READ"), False),
        (LIST, ("arn:aws:s3:::b", "acl"), grant("READ"), True),
        (LIST, ("arn:aws:s3:::b/k", "acl"), grant("READ"), False),
        (READ, ("arn:aws:s3:::b", "ownership"), '"ObjectWriter"', True),
    ],
)  # fmt: skip
def test_by_its_text(
    request_: dict[str, Any], place: tuple[str, str], value: str, expected: bool
) -> None:
    assert bears(request_, place, [value], {}) is expected


def test_a_gate_matters_where_something_public_may_be() -> None:
    private = {POLICY: [statement()], ("arn:aws:s3:::b", "acl"): [grant("READ")]}
    assert not bears(READ, RESTRICT, ["false"], private)
    assert not bears(READ, IGNORE, ["false"], private)
    assert bears(READ, RESTRICT, ["false"], {POLICY: [statement(Principal="*")]})
    assert bears(READ, IGNORE, ["false"], {("b", "acl"): [grant("READ", ALL_USERS)]})
    assert bears(READ, RESTRICT, ["false"], {POLICY: None})
    assert bears(READ, IGNORE, ["false"], {("b", "acl"): None})


def prefixed(trail: Trail, prefix: str) -> dict[str, Any]:
    """A public statement about keys that begin alike."""
    return {**trail.public(prefix), "Resource": f"arn:aws:s3:::{trail.bucket}/{prefix}*"}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (statement(), statement(Sid="x", Resource="arn:aws:s3:::b/k"), True),
        (statement(), statement(Resource="*"), True),
        (statement(), statement(Resource="arn:aws:s3:::b/other"), False),
        (statement(), statement(Resource="arn:aws:s3:::b/K"), False),
        (statement(), statement(Principal="*"), False),
        (statement(), statement(Effect="Deny"), False),
        (statement(), statement(Action="s3:Get*"), False),
        (statement(), statement(Condition={"Bool": {"aws:SecureTransport": "true"}}), False),
    ],
)
def test_alike_in_effect(one: str, other: str, expected: bool) -> None:
    assert (alike(READ, POLICY, one) == alike(READ, POLICY, other)) is expected


@pytest.mark.parametrize(
    "value",
    [
        statement(Resource="arn:aws:s3:::b/${aws:username}/*"),
        statement(Resource="arn:aws:s3*"),
        json.dumps({"Statement": {"Effect": "Allow", "NotResource": "arn:aws:s3:::b/x"}}),
        grant("READ"),
    ],
)
def test_what_is_not_plain_is_like_nothing(value: str) -> None:
    assert alike(READ, POLICY, value) is None


def test_equal_sets_with_every_fact_tried(tmp_path: Path) -> None:
    """Over the worked traps and a bucket with statements about other things."""
    trails = [maker()[0] for maker in traps.MAKERS]
    other = Trail("other-things")
    other.create()
    other.policy(
        other.public(),
        {**other.partner(), "Action": "s3:PutObject"},
        {
            **other.public("List"),
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::other-things",
        },
        {**other.deny_strangers(), "Action": "s3:DeleteObject"},
    )
    other.read()
    over = Trail("over-each-other")
    over.create()
    for lengths in ((0,), (0, 1), (0, 1, 2), (1, 2), (1, 2, 3)):
        over.policy(*(prefixed(over, "data/?*"[: 4 + n]) for n in lengths), over.partner())
    over.read()
    derived = build(tmp_path, [*trails, other, over]) / "derived"
    changes = tables.read(derived, "changes")
    held = frozenset(("records-complete", "unseen-guardrails-absent", "gaps-minimal",
                      "documented-readings"))  # fmt: skip
    setting = decisions.Setting(
        view=History(tables.read(derived, "intervals"), changes),
        attempts=Attempts(attempts(changes)), provider=AWS, assumptions=held,
    )  # fmt: skip
    writers = events.by_uid(
        normalize.read(derived / "events"), {row["change_uid"] for row in changes}
    )
    questions = Questions(setting.view, setting.attempts, AWS, held, writers)
    everything = replace(AWS, bears=lambda *_: True, alike=lambda *_: None)
    compared = 0
    for one in decisions.decide_all(normalize.rows(derived / "events"), setting).classes.values():
        if one.decision.verdict is Verdict.ALLOWED:
            asked = questions.of(one)
            known = (asked.course, asked.read, asked.decide)
            assert facts.rows(*known, AWS, one.request) == facts.rows(
                *known, everything, one.request
            )
            apart = replace(asked, alike=lambda *_: None)
            assert causation.explain(asked) == causation.explain(apart)
            compared += 1
    assert compared > 10
