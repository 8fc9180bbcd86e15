"""Callers that nothing tells apart share answers, and nobody else does: equal rows either way.

Random cases of six callers with equal and unequal policies; documents that name one of them, all
of an account, nobody, or tell them apart by a key or a variable.
"""

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector import case as case_file
from collector import store
from tests.timeline.correlate.cases import (
    ADMIN,
    ALLOW_S3,
    ANONYMOUS,
    KEY,
    OWNER,
    Record,
    Trail,
    listing,
    run,
    user,
)
from timeline import events, normalize
from timeline.correlate import analysis, decisions
from timeline.correlate.aws.peers import caller, of_caller
from timeline.correlate.aws.provider import AWS
from timeline.correlate.causation import rows_in_order
from timeline.correlate.course import attempts
from timeline.correlate.signatures import Attempts
from timeline.state import replay
from timeline.state.intervals import History

NAMES = ("ann-reads", "ben-reads", "cem-reads", "dia-reads", "eve-reads", "fay-reads")
#: Of the even ones 4 fails where a document that names a caller is taken for one that does not.
WRITES, SEEDS = 9, (1, 2, 4)
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def own(draw: random.Random, name: str, *, plain: bool) -> Record | None:
    """Policy of a caller: mostly the same; unless `plain` seldom one that names its holder."""
    if plain:
        return draw.choice([ALLOW_S3] * 4 + [READ, None])
    by_name = {**READ, "Resource": f"arn:aws:s3:::*/{name}/*"}
    by_tag = {**READ, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "x"}}}
    by_variable = {**READ, "Resource": "arn:aws:s3:::*/${aws:username}/*"}
    return draw.choice([ALLOW_S3] * 4 + [READ, None, by_name, by_tag, by_variable])


def statement(draw: random.Random, trail: Trail, *, plain: bool) -> Record:
    """A statement about one caller, some, or all; unless `plain` by a key of the caller too."""
    named = f"arn:aws:iam::{OWNER}:user/{draw.choice(NAMES)}"
    made: Record = {
        **trail.public(f"S{draw.randint(0, 3)}"),
        "Effect": draw.choice(["Allow", "Allow", "Deny"]),
        "Principal": draw.choice(["*", "*", {"AWS": OWNER}, {"AWS": named}, {"AWS": [named]}]),
    }
    if made["Effect"] == "Deny" and draw.random() < 0.5:
        made["NotPrincipal"] = {"AWS": [named, f"arn:aws:iam::{OWNER}:root"]}
        del made["Principal"]
    condition: Record | None = draw.choice([
        None, None, None,
        {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/a*"}},
        {"StringEquals": {"aws:username": draw.choice(NAMES)}},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"StringNotEquals": {"aws:userid": "AIDAEXAMPLEBEN-READS0"}},
    ])  # fmt: skip
    if plain or condition is None:
        return made
    return {**made, "Condition": condition}


def trail(draw: random.Random, name: str, *, plain: bool) -> Trail:
    made = Trail(name)
    made.create()
    for _ in range(WRITES):
        kind = draw.choice(["policy"] * 4 + ["block", "acl"])
        if kind == "policy":
            made.policy(*(statement(draw, made, plain=plain) for _ in range(draw.randint(0, 2))))
        elif kind == "block":
            flags = ("IgnorePublicAcls", "RestrictPublicBuckets", "BlockPublicPolicy")
            made.block(*draw.sample(flags, draw.randint(0, 2)))
        else:
            made.object_acl(draw.choice(["public-read", "private"]))
        if draw.random() < 0.4:
            name = draw.choice(NAMES)
            made.add("PutUserPolicy", user(draw.choice(NAMES)), {})
            made.records[-1] |= _put_policy(name, draw)
        for who in draw.sample(NAMES, 3):
            made.read(user(who))
        made.read(ANONYMOUS)
    return made


def _put_policy(name: str, draw: random.Random) -> Record:
    """A caller's own policy written anew."""
    document = {"Version": "2012-10-17", "Statement": [draw.choice([ALLOW_S3, READ])]}
    return {
        "eventSource": "iam.amazonaws.com",
        "userIdentity": ADMIN,
        "requestParameters": {
            "userName": name, "policyName": "own", "policyDocument": json.dumps(document),
        },
        "resources": None,
        "additionalEventData": None,
    }  # fmt: skip


def case_of(folder: Path, seed: int) -> Path:
    """A case, imported."""
    draw, plain = random.Random(seed), not seed % 2
    case, logs, seen = folder / "case", folder / "logs", folder / "seen"
    logs.mkdir(parents=True)
    seen.mkdir()
    records = trail(draw, f"peers-{seed}", plain=plain).records
    packed = gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)
    (logs / "trail.json.gz").write_bytes(packed)
    users: dict[str, tuple[str, Record | None]] = {
        name: (user(name)["principalId"], own(draw, name, plain=plain)) for name in NAMES
    }
    answer = listing(OWNER, {"admin": (ADMIN["principalId"], ALLOW_S3), **users})
    (seen / "iam.json").write_text(json.dumps(answer), encoding="utf-8")
    assert run("init", str(case))[0] == 0
    assert run("import", "--case", str(case), str(logs))[0] in (0, 3)
    at = "2022-05-31T00:00:00Z"
    assert run("import", "--case", str(case), "--observed-at", at, str(seen))[0] in (0, 3)
    return case


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_are_those_of_asking_each_caller(tmp_path: Path, seed: int) -> None:
    case = case_of(tmp_path, seed)
    items = store.items(case)
    normalize.run(case, items, tmp_path / "events")
    table = normalize.read(tmp_path / "events")
    shots = list(normalize.snapshots(items, lambda item: store.open_item(case, item)))
    state = replay.run(table, shots, gaps=[], party_of=lambda _: "unattributed")
    writers = events.by_uid(table, {row["change_uid"] for row in state.changes})
    apart = replace(AWS, caller=lambda _: None)
    counted: dict[str, int] = {}

    def rows(provider: Any, name: str) -> Any:
        def decide(*asked: Any) -> Any:
            counted[name] = counted.get(name, 0) + 1
            return provider.decide(*asked)

        setting = decisions.Setting(
            view=History(state.intervals, state.changes),
            attempts=Attempts(attempts(state.changes)),
            provider=replace(provider, decide=decide),
            assumptions=frozenset(case_file.load(case).assumptions.on()),
        )
        decided = decisions.decide_all(normalize.rows(tmp_path / "events"), setting)
        return [*map(list, rows_in_order(analysis.explained(decided, setting, writers)[0]))]

    assert rows(AWS, "shared") == rows(apart, "apart")
    assert counted["shared"] < counted["apart"] or seed % 2


ROLE = f"arn:aws:iam::{OWNER}:role/team/app"
SESSION = {"type": "AssumedRole", "arn": f"arn:aws:sts::{OWNER}:assumed-role/app/run",
           "account": OWNER, "unique_id": "AROAEXAMPLEAPP:run", "issuer_arn": ROLE}  # fmt: skip
USER = {"type": "IAMUser", "arn": f"arn:aws:iam::{OWNER}:user/ann", "unique_id": "AIDAANN"}
LINKED = f"arn:aws:iam::{OWNER}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"


@pytest.mark.parametrize(
    ("principal", "context", "expected"),
    [
        (SESSION, {"aws:PrincipalArn": ROLE}, (ROLE, ("app", "AROAEXAMPLEAPP"))),
        (USER, {}, (USER["arn"], ("ann", "AIDAANN"))),
        (SESSION, {}, None),
        ({**SESSION, "issuer_arn": LINKED}, {"aws:PrincipalArn": LINKED}, None),
        ({**USER, "unique_id": None}, {}, None),
        ({"type": "Root", "arn": f"arn:aws:iam::{OWNER}:root", "unique_id": OWNER}, {}, None),
        ({"type": "Anonymous"}, {}, None),
        ({"type": "AWSAccount", "account": OWNER, "unique_id": "AIDAANN"}, {}, None),
    ],
)
def test_who_can_be_stood_for(
    principal: Record, context: Record, expected: tuple[str, tuple[str, str]] | None
) -> None:
    request = {"principal": principal, "context": context, "action": "s3:GetObject",
               "resource": f"arn:aws:s3:::b/{KEY}"}  # fmt: skip
    assert caller(request) == expected
    assert caller({**request, "also": request}) is None


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"Principal": "*"}, False),
        ({"Principal": {"AWS": [OWNER, ROLE]}}, False),
        ({"Principal": {"AWS": f"arn:aws:iam::{OWNER}:role/a*"}}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, False),
        ({"Condition": {"StringEquals": {"AWS:SourceVpce": "vpce-1"}}}, False),
        ({"Condition": {"StringLike": {"aws:PrincipalArn": "*"}}}, True),
        ({"Condition": {"StringEquals": {"aws:PrincipalTag/team": "x"}}}, True),
        ({"Condition": {"StringEquals": {"a:key-of-tomorrow": "x"}}}, True),
        ({"Condition": "not an object"}, True),
        ({"Resource": "arn:aws:s3:::b/${aws:username}/*"}, True),
    ],
)
def test_what_tells_callers_apart_beside_names(parts: Record, expected: bool) -> None:
    value = {"Version": "2012-10-17", "Statement": {**READ, **parts}}
    assert of_caller(json.dumps(value)) is expected
