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
    (asking(context={"aws:UserAgent": {"a": 1}}), "request.context: expected texts"),
    (
        json.dumps({**GOOD, "state": {"bucket": {"owner_account": ["1"]}}}).encode(),
        "state.bucket.owner_account: expected text, found ['1']",
    ),
    (b'{"id": "\xff"}', "not JSON"),
    (json.dumps(GOOD).encode().replace(b'"good"', b"NaN"), "not JSON"),
    (json.dumps(GOOD).encode() * 2, "not JSON: JSON is malformed: trailing characters"),
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


def test_a_mark_of_byte_order_before_the_first_line_is_no_part_of_it() -> None:
    good = json.dumps(GOOD).encode()
    bad, found = answers(b"\xef\xbb\xbf" + good + b"\r\n" + good + b"\r\n")
    assert bad == 0
    assert [line["decision"] for line in found] == ["DENIED", "DENIED"]


def test_a_number_beyond_all_measure_stops_nothing() -> None:
    time = {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01"}}
    size = {"NumericLessThan": {"s3:max-keys": "1e99999999999"}}
    for condition, expected in ((time, "UNKNOWN"), (size, "ALLOWED")):
        allow = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
        bucket = {"name": "b", "policy": {"Statement": {**allow, "Condition": condition}}}
        request = {**REQUEST, "time": "1e9999999", "context": {"s3:max-keys": "1e9999999"}}
        line = json.dumps({**GOOD, "request": request, "state": {"bucket": bucket}}).encode()
        _, found = answers(line + b"\n" + json.dumps(GOOD).encode())
        assert [expected, "DENIED"] == [each["decision"] for each in found]


def test_a_policy_that_names_a_member_twice_is_not_read() -> None:
    """One of the two would have to be chosen; IAM takes no such document."""
    twice = (
        '{"Statement": {"Effect": "Deny", "Effect": "Allow", "Principal": "*",'
        ' "Action": "*", "Resource": "*"}}'
    )
    line = json.dumps({**GOOD, "state": {"bucket": {"name": "b", "policy": "PLACE"}}})
    for document in (twice, json.dumps(twice)):
        _, found = answers(line.replace('"PLACE"', document).encode())
        reason = "malformed bucket.policy: member 'Effect' stands twice in an object"
        assert [reason] == found[0]["unknowns"]


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
