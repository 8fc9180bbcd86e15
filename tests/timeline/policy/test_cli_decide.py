"""`butfor decide`: in order, one bad line never stops the rest."""

import io
import json
import random
from typing import Any

from click.testing import CliRunner

from tests.timeline.policy.aws import lines
from timeline.cli_decide import decide, run
from timeline.policy.decide import decide as decide_object

REQUEST: dict[str, Any] = {
    "principal": {"type": "Anonymous"},
    "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/k",
}
GOOD: dict[str, Any] = {
    "id": "good",
    "provider": "aws",
    "request": REQUEST,
    "state": {"bucket": {"name": "b", "owner_account": "111111111111"}},
}


def asking(**changes: Any) -> bytes:
    """The good line with another request."""
    return json.dumps({**GOOD, "request": {**REQUEST, **changes}}).encode()


BAD = (
    (b"{", "not JSON"),
    (b"[]", "line: expected an object, found list"),
    (b"\xff\xfe", "not JSON"),
    (b'{"id": 1}', "request: expected an object"),
    (json.dumps({**GOOD, "provider": "azure-ish"}).encode(), "provider: expected one of"),
    (json.dumps({**GOOD, "state": []}).encode(), "state: expected an object"),
    (json.dumps({**GOOD, "unknown": "bucket"}).encode(), "unknown: expected a list"),
    (json.dumps({**GOOD, "state": {"scps": [[]]}}).encode(), "a level is never empty"),
    (json.dumps({**GOOD, "state": {"scps": {}}}).encode(), "one list of documents per level"),
    (json.dumps({**GOOD, "state": {"bucket": []}}).encode(), "state.bucket: expected an object"),
    (
        asking(resource="b/k"),
        "request.resource: expected an ARN, found 'b/k'",
    ),
    (
        asking(action="GetObject"),
        "request.action: expected service:Action, found 'GetObject'",
    ),
    (
        json.dumps(
            {**GOOD, "request": {**GOOD["request"], "principal": {"type": "Robot"}}}
        ).encode(),
        "principal.type: expected one of",
    ),
)


def answers(content: bytes) -> tuple[int, list[dict[str, object]]]:
    sink = io.BytesIO()
    bad = run(io.BytesIO(content), sink)
    return bad, [json.loads(line) for line in sink.getvalue().splitlines()]


def test_each_bad_line_has_its_error_and_place_and_its_neighbors_are_decided() -> None:
    good = json.dumps(GOOD).encode()
    content = b"".join(line + b"\n" + good + b"\n" for line, _ in BAD)
    bad, found = answers(content)
    assert len(BAD) == bad
    assert 2 * len(BAD) == len(found)
    for number, (_, reason) in enumerate(BAD):
        error = str(found[2 * number]["error"])
        assert error.startswith(f"line {2 * number + 1}: ")
        assert reason in error
        assert found[2 * number + 1]["decision"] == "DENIED"


def test_the_answer_has_every_field_and_nothing_else() -> None:
    _, found = answers(json.dumps(GOOD).encode())
    expected = {
        "id": "good",
        "decision": "DENIED",
        "deny_kind": "implicit",
        "allow_paths": [],
        "denies": [],
        "voided": [],
        "unknowns": [],
        "ambiguities": [],
    }
    assert [expected] == found


def test_lines_are_decided_alike_as_json_and_as_objects() -> None:
    r = random.Random(12)
    asked: list[dict[str, Any]] = []
    for number in range(300):
        request, state = lines.request(r), lines.state(r)
        unknown = lines.some(r, lines.SLOTS, 1)
        line = {"provider": "aws", "request": request, "state": state, "unknown": unknown}
        asked += [{"id": number, **line}, {"id": -number, **line, "request": lines.request(r)}]
    _, found = answers(b"".join(json.dumps(line).encode() + b"\n" for line in asked))
    assert [json.loads(json.dumps(decide_object(line))) for line in asked] == found


def test_blank_lines_are_skipped_and_the_last_needs_no_newline() -> None:
    good = json.dumps(GOOD).encode()
    assert len(answers(b"\n\n" + good + b"\n  \n" + good)[1]) == 2


def test_deep_nesting_is_a_bad_line_not_a_crash() -> None:
    deep = b"[" * 200_000 + b"]" * 200_000
    bad, found = answers(deep + b"\n" + json.dumps(GOOD).encode())
    assert bad == 1
    assert found[1]["decision"] == "DENIED"


def test_exit_codes() -> None:
    runner = CliRunner()
    good = json.dumps(GOOD)
    assert runner.invoke(decide, [], input=good).exit_code == 0
    failed = runner.invoke(decide, [], input=f"{good}\nnope\n{good}\n")
    assert failed.exit_code == 1
    assert len(failed.stdout.splitlines()) == 3
