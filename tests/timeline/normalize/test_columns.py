"""Every column of every form is filled by some record here, or listed as never available."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.normalize.evidence import Store
from tests.timeline.normalize.records import ANONYMOUS, native, record
from tests.timeline.normalize.test_in_lines import saved
from tests.timeline.normalize.test_request import ROLE
from tests.timeline.normalize.test_s3_access_log import line
from tests.timeline.normalize.test_s3_access_log_json import FULL, entry
from timeline import normalize
from timeline.normalize import PARSERS
from timeline.normalize.model import Parser
from timeline.schema import TABLES

ROLE_FULL: dict[str, Any] = {
    **ROLE,
    "sessionContext": {**ROLE["sessionContext"], "sourceIdentity": "alice"},  # type: ignore[dict-item]
    "invokedBy": "x.amazonaws.com",
    "onBehalfOf": {"userId": "u"},
}
#: One call with all that can be, one by nobody, one by a user.
RECORDS = (
    record(
        userIdentity=ROLE_FULL, vpcEndpointId="vpce-1", errorCode="AccessDenied", errorMessage="no",
        sharedEventID="S", requestParameters={"bucketName": "b", "key": "k", "versionId": "v"},
        responseElements={"omitted": True},
    ),
    record(userIdentity=ANONYMOUS, eventID="E2"),
    record(eventID="E3"),
)  # fmt: skip
PRESIGNED = "GET /k?versionId=v1&X-Amz-Credential=AKIAEXAMPLE%2F20260102 HTTP/1.1"
LINES = (
    line(referer='"https://x.example/"', uri=f'"{PRESIGNED}"', result="403 AccessDenied 9 - 5 -"),
    line(requester="ab12cd"),
    line(requester="svc:x.amazonaws.com"),
)
ENTRIES = (
    entry(**{**FULL, "error_code": "SlowDown"}, request_uri=PRESIGNED, request_id="REQ1"),
    entry(requester="ab12cd"),
    entry(requester="svc:x.amazonaws.com"),
)
#: The request of a log of one form, as the form that stands for it has it.
AS_RECORDED = record(
    requestID="REQ1", eventTime="2019-02-06T00:00:38Z", sourceIPAddress="192.0.2.3",
    userIdentity=ROLE, errorCode="AccessDenied", errorMessage="no",
)  # fmt: skip
AS_RECORDED["userIdentity"] = {**ROLE, "arn": "arn:aws:sts::111111111111:assumed-role/r/s"}
IN_JSON = {**AS_RECORDED, "eventTime": "2026-01-02T03:04:05Z", "sourceIPAddress": "198.51.100.7"}
for name in ("errorCode", "errorMessage"):
    del IN_JSON[name]


def jsonl(objects: Any) -> bytes:
    return "\n".join(json.dumps(one) for one in objects).encode() + b"\n"


def timed(objects: Any) -> bytes:
    return b"".join(b"2026-01-02T03:04:06.123Z " + jsonl([one]) for one in objects)


def lookups() -> bytes:
    return jsonl({"EventId": "E", "CloudTrailEvent": json.dumps(one)} for one in RECORDS)


def in_columns() -> bytes:
    """Rows of Lake whose nested columns are JSON: exporters write them so."""
    return jsonl(
        {
            name.lower(): json.dumps(value) if isinstance(value, dict | list) else value
            for name, value in one.items()
        }
        | ({} if "errorCode" in one else {"errorcode": None})
        for one in RECORDS
    )


#: source -> bodies of that form, and one of a form whose record stands for a request of it.
BODIES: dict[str, tuple[bytes, bytes | None]] = {
    "aws.cloudtrail": (native(*RECORDS), None),
    "aws.cloudtrail_lookup": (lookups(), None),
    "aws.cloudtrail_envelope": (jsonl({"detail": one} for one in RECORDS), None),
    "aws.cloudtrail_lake": (in_columns(), None),
    "aws.cloudtrail_lake_table": (
        saved(["eventJson"], *([json.dumps(one)] for one in RECORDS)),
        None,
    ),
    "aws.s3_access_log": ("\n".join(LINES).encode() + b"\n", native(AS_RECORDED)),
    "aws.s3_access_log_json": (jsonl(ENTRIES), native(IN_JSON)),
    "aws.cloudtrail_lines": (timed(RECORDS), None),
    "aws.s3_access_log_lines": (timed(ENTRIES), native(IN_JSON)),
}


def test_every_form_is_here() -> None:
    assert sorted(BODIES) == sorted(parser.source for parser in PARSERS)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.source)
def test_every_column_is_filled_or_never(parser: Parser, tmp_path: Path) -> None:
    body, standing = BODIES[parser.source]
    store = Store()
    if standing is not None:
        store.add(standing, "standing")
    store.add(body, "log")
    store.add(body + b"\n", "the same again")
    report = normalize.run(
        Path(), store.items, tmp_path / "events", open_item=store.open_item, workers=1
    )
    assert report.gaps == ()
    rows = [r for r in normalize.rows(tmp_path / "events") if r["source"] == parser.source]
    assert len(rows) == 2 * 3
    empty = {name for name, _, _ in TABLES["events"] if all(row[name] is None for row in rows)}
    assert empty == set(parser.never)
