"""Answers in full: reasons, grants, voided grants and texts of every table case and of drawn lines.

The tables assert what the documentation says; these files record the rest of each answer, so that a
change of any word shows in review. They come from the evaluator itself and prove nothing alone.
`BUTFOR_REGEN=1 pytest tests/timeline/policy/aws/test_answers.py` writes them anew.
"""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.timeline.policy.aws import lines
from tests.timeline.policy.aws.test_tables import TABLES, asked
from timeline.policy.aws import evaluate, write_gate

READINGS = (frozenset(("documented-readings",)), frozenset[str]())
KEYS = (*sorted(lines.CONTEXT), "aws:PrincipalArn", "aws:userid", "aws:username")
ANSWERS = Path(__file__).parents[4] / "fixtures" / "policy" / "answers"
PAYLOADS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("s3:PutBucketPolicy", {"policy": {"Statement": []}}),
    ("s3:PutBucketAcl", {"acl": "public-read"}),
    ("s3:PutBucketOwnershipControls", {"ownership": "BucketOwnerEnforced"}),
)


def of_tables() -> Iterator[dict[str, Any]]:
    """One answer for each case of the tables."""
    for path in TABLES:
        table = json.loads(path.read_text())
        for case in table["cases"]:
            answer = asked(table, case)
            answer.pop("id", None)
            yield {"case": f"{path.stem}: {case['name']}", **answer}


def of_drawn_lines(count: int = 600) -> Iterator[dict[str, Any]]:
    """Answers to drawn questions, a part of whose facts is hidden."""
    r = random.Random(6)
    for number in range(count):
        request, state, readings = lines.request(r), lines.state(r), r.choice(READINGS)
        hidden = sorted(set(lines.some(r, lines.SLOTS, 2)))
        keys = sorted(set(lines.some(r, KEYS, 1)))
        if number % 3 == 0:
            action, payload = PAYLOADS[number // 3 % len(PAYLOADS)]
            gated = {**request, "action": action, "resource": lines.BUCKET, "payload": payload}
            answer = write_gate(lines.without(gated, keys), state, hidden, assumptions=readings)
        else:
            asking = lines.without(request, keys)
            answer = evaluate(asking, state, hidden, assumptions=readings)
        yield {
            "case": number,
            "decision": answer.verdict.value,
            "deny_kind": answer.deny_kind,
            "allow_paths": answer.allow_paths,
            "denies": answer.denies,
            "voided": answer.voided,
            "unknowns": answer.unknowns,
            "ambiguities": answer.ambiguities,
            "assumptions": answer.assumptions,
        }


def check(name: str, answers: Iterator[dict[str, Any]]) -> None:
    """Compare, line by line, with what is recorded; or record."""
    path = ANSWERS / f"{name}.jsonl"
    found = (json.dumps(answer, ensure_ascii=False, sort_keys=True) for answer in answers)
    if os.environ.get("BUTFOR_REGEN"):
        path.write_text("".join(f"{line}\n" for line in found))
        return
    for recorded, line in zip(path.read_text().splitlines(), found, strict=True):
        assert recorded == line


def test_answers_to_the_tables() -> None:
    check("tables", of_tables())


def test_answers_to_drawn_lines() -> None:
    check("drawn", of_drawn_lines())
