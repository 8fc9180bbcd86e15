"""The access log as JSON: what it says fills columns, what it does not say stays unknown."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.normalize.evidence import Store
from tests.timeline.normalize.records import native, record
from tests.timeline.normalize.test_request import ABSENT, UNKNOWN, key
from tests.timeline.normalize.test_same_request import line, logged
from timeline import normalize
from timeline.normalize.aws.request import request_of
from timeline.normalize.model import IngestReport

ENTRY: dict[str, Any] = {
    "schema_version_id": "V_1_0",
    "bucket_arn": "arn:aws:s3:::b",
    "bucket_name": "b",
    "request_time": "2026-01-02T03:04:05.678Z",
    "bucket_owner_id": "8787a3c41bf7ce0d54359d9348ad5b08e16bd5bb8ae5aa4e1508b435773a066e",
    "remote_ip": "198.51.100.7",
    "requester": "arn:aws:sts::111111111111:assumed-role/r/s",
    "request_id": "R1",
    "operation": "REST.GET.OBJECT",
    "key_name": "k",
    "request_uri": "GET /k?versionId=v1 HTTP/1.1",
    "http_status": 200,
    "a_field_of_tomorrow": [1, "x"],
}
#: Every other field of the schema, as a reader through the API sees them.
FULL: dict[str, Any] = {
    "error_code": None,
    "bytes_sent_size": 12,
    "object_size": 120,
    "total_duration": 5,
    "turn_around_duration": 4,
    "referer": "https://x.example/",
    "user_agent": "aws-cli/2.15.0",
    "version_id": "v2",
    "host_id": "aG9zdA==",
    "signature_version": "SigV4",
    "cipher_suite": "ECDHE-RSA-AES128-GCM-SHA256",
    "authentication_type": "AuthHeader",
    "host_header": "b.s3.amazonaws.com",
    "tls_version": "TLSv1.2",
    "access_point_arn": "arn:aws:s3:us-east-1:111111111111:accesspoint/p",
    "acl_required": "Yes",
    "source_region": "us-east-1",
}


def entry(**changed: Any) -> dict[str, Any]:
    """The good entry with fields replaced; a field set to `...` is left out."""
    return {name: value for name, value in {**ENTRY, **changed}.items() if value is not ...}


def run(out: Path, *bodies: bytes) -> tuple[IngestReport, list[dict[str, Any]]]:
    store = Store()
    for number, body in enumerate(bodies):
        store.add(body, f"log{number}")
    report = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    return report, list(normalize.rows(out))


def one(out: Path, **changed: Any) -> dict[str, Any]:
    report, rows = run(out, json.dumps(entry(**changed)).encode())
    assert report.gaps == ()
    return rows[0]


TEXT = json.dumps(ENTRY)
FORMS = {
    "object": TEXT,
    "lines": f"{TEXT}\n{json.dumps(entry(request_id='R2'))}\n",
    "array": f"[{TEXT}]",
    "log events": json.dumps({"logEvents": [{"id": "1", "timestamp": 1, "message": TEXT}]}),
    "filtered events": json.dumps({"events": [{"logStreamName": "s", "message": TEXT}]}),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str, tmp_path: Path) -> None:
    report, rows = run(tmp_path / "events", FORMS[form].encode())
    assert report.gaps == ()
    expected = {
        "request_id": "R1", "region": None, "service": "s3.amazonaws.com",
        "operation": "REST.GET.OBJECT", "category": "data", "activity": "read",
        "actor_type": "AssumedRole", "actor_uid": "arn:aws:sts::111111111111:assumed-role/r/s",
        "actor_name": "r", "actor_account_uid": "111111111111", "session_uid": "s",
        "src_ip": "198.51.100.7", "auth_method": "unknown", "resource_type": "AWS::S3::Object",
        "resource_uid": "arn:aws:s3:::b/k", "container": "b", "object": "k",
        "object_version": "v1", "outcome": "success", "status_code": 200, "bytes_out": None,
        "time_text": "2026-01-02T03:04:05.678Z", "time_precision": 1_000,
        "source": "aws.s3_access_log_json",
    }  # fmt: skip
    assert {name: rows[0][name] for name in expected} == expected
    params = json.loads(rows[0]["params"])
    assert params["requestParameters"] == {"versionId": "v1"}
    assert params["accessLog"] == ENTRY


@pytest.mark.parametrize(
    ("changed", "columns"),
    [
        ({"requester": None}, {"actor_type": "Anonymous", "auth_method": "anonymous"}),
        ({"requester": "svc:x.amazonaws.com"}, {"actor_type": "AWSService"}),
        ({"requester": "ab12"}, {"actor_type": "CanonicalUser", "actor_unique_id": "ab12"}),
        ({"http_status": 403}, {"outcome": "denied", "status_code": 403}),
        ({"http_status": 404}, {"outcome": "error"}),
        ({"http_status": 200, "error_code": "AccessDenied"}, {"outcome": "denied"}),
        ({"http_status": None, "error_code": "SlowDown"}, {"outcome": "error"}),
        (
            {"http_status": None, "operation": "S3.EXPIRE.OBJECT"},
            {"outcome": "success", "status_code": None},
        ),
        ({"version_id": "v2"}, {"object_version": "v2"}),
        ({"version_id": "-"}, {"object_version": "v1"}),
        ({"authentication_type": "QueryString"}, {"auth_method": "query"}),
        ({"authentication_type": "Another"}, {"auth_method": "unknown"}),
        ({"acl_required": True}, {"auth_evidence": None}),
        ({"bytes_sent_size": "12"}, {"bytes_out": None}),
        ({"bytes_sent_size": 2**63}, {"bytes_out": None}),
        ({"object_size": -1}, {"object_size": None}),
        ({"request_time": "2026-01-02T03:04:05.000Z"}, {"time_precision": 1_000_000}),
        ({"key_name": "a b%41", "request_uri": "GET /a%20b%2541 HTTP/1.1"}, {"object": "a b%41"}),
        ({"key_name": "a%20b", "request_uri": "GET /a%20b HTTP/1.1"}, {"object": "a b"}),
        (
            {"key_name": None, "operation": "REST.GET.BUCKET"},
            {"object": None, "resource_uid": "arn:aws:s3:::b", "activity": "list"},
        ),
    ],
)
def test_columns(changed: dict[str, Any], columns: dict[str, Any], tmp_path: Path) -> None:
    row = one(tmp_path / "events", **changed)
    assert {name: row[name] for name in columns} == columns


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"schema_version_id": "V_2_0"}, "expected schema_version_id V_1_0"),
        ({"schema_version_id": ...}, "expected schema_version_id V_1_0"),
        ({"requester": ...}, "expected the field requester, null or not"),
        ({"http_status": ...}, "expected the field http_status"),
        ({"http_status": "200"}, "expected http_status to be int"),
        ({"bucket_name": None}, "expected bucket_name to be str"),
        ({"request_time": "yesterday"}, "expected an ISO 8601 request_time"),
        ({"key_name": ["k"]}, "expected key_name to be str"),
        ({"http_status": None}, "expected a status or an error code, found neither"),
        ({"http_status": None, "error_code": None}, "expected a status or an error code"),
    ],
)
def test_what_cannot_be_read_for_certain_is_refused(
    changed: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    body = f"{json.dumps(entry(**changed))}\n{TEXT}\n".encode()
    report, rows = run(tmp_path / "events", body)
    assert (report.records, report.rows, report.record_gaps, len(rows)) == (2, 1, 1, 1)
    assert reason in report.gaps[0].reason


def test_all_fields_of_the_schema(tmp_path: Path) -> None:
    row = one(tmp_path / "events", **FULL)
    expected = {
        "region": "us-east-1", "user_agent": "aws-cli/2.15.0", "referer": "https://x.example/",
        "tls_version": "TLSv1.2", "auth_method": "header", "bytes_out": 12, "object_size": 120,
        "total_ms": 5, "turn_around_ms": None, "object_version": "v2", "host_id": "aG9zdA==",
        "error_code": None, "outcome": "success",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert json.loads(row["auth_evidence"]) == {
        "CipherSuite": "ECDHE-RSA-AES128-GCM-SHA256", "SignatureVersion": "SigV4",
        "aclRequired": "Yes",
    }  # fmt: skip
    assert json.loads(row["params"])["accessLog"] == entry(**FULL)
    request = request_of(row)
    assert request is not None
    for name, value in {
        "aws:UserAgent": "aws-cli/2.15.0", "aws:Referer": "https://x.example/",
        "aws:SecureTransport": "true", "s3:TlsVersion": "1.2", "s3:authType": "REST-HEADER",
        "s3:signatureversion": "AWS4-HMAC-SHA256",
        "s3:DataAccessPointArn": FULL["access_point_arn"],
    }.items():  # fmt: skip
        assert key(request, name) == value, name


def test_null_is_not_available_and_never_absent(tmp_path: Path) -> None:
    request = request_of(one(tmp_path / "events", **dict.fromkeys(FULL)))
    assert request is not None
    for name in (
        "aws:UserAgent", "aws:Referer", "aws:SecureTransport", "s3:TlsVersion", "s3:authType",
        "s3:signatureversion", "s3:DataAccessPointArn",
    ):  # fmt: skip
        assert key(request, name) == UNKNOWN, name


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    doubled = TEXT.replace('"requester"', '"requester": null, "requester"')
    report, _ = run(tmp_path / "events", f"{doubled}\n{TEXT}\n".encode())
    assert "found twice: requester" in report.gaps[0].reason


def test_what_a_record_does_not_have_is_unknown_and_never_absent(tmp_path: Path) -> None:
    request = request_of(one(tmp_path / "events"))
    assert request is not None
    for name in (
        "aws:UserAgent", "aws:Referer", "aws:SecureTransport", "s3:TlsVersion", "s3:authType",
        "s3:signatureversion", "s3:DataAccessPointArn", "s3:x-amz-acl",
    ):  # fmt: skip
        assert key(request, name) == UNKNOWN, name
    assert key(request, "aws:SourceIp") == "198.51.100.7"
    assert key(request, "aws:SourceVpce") == ABSENT
    private = request_of(one(tmp_path / "private", remote_ip="10.0.0.1"))
    assert private is not None
    assert key(private, "aws:SourceVpce") == UNKNOWN


@pytest.mark.parametrize("first", ["trail", "text"])
def test_the_same_request_in_three_logs_counts_once(first: str, tmp_path: Path) -> None:
    alice = entry(requester="arn:aws:iam::111111111111:user/alice", request_uri="GET /k HTTP/1.1")
    bodies = [native(record()), logged(line()), json.dumps(alice).encode()]
    report, rows = run(tmp_path / "events", *(bodies if first == "trail" else bodies[1:]))
    assert report.gaps == ()
    stands = {r["event_uid"]: r["same_request_as"] for r in rows if r["same_request_as"]}
    pairs = {"EV-1.f2/0": "EV-1.f1/0", "EV-1.f3/0": "EV-1.f1/0"}
    assert stands == (pairs if first == "trail" else {"EV-1.f2/0": "EV-1.f1/0"})


def test_one_record_in_several_wrappings_counts_once(tmp_path: Path) -> None:
    """An answer, a filtered answer, an export and the object itself, with other words around."""
    body = TEXT.encode()
    wrapped = [
        json.dumps({"logEvents": [{"timestamp": n, "message": TEXT}]}).encode() for n in (1, 2)
    ]
    report, rows = run(tmp_path / "events", body, *wrapped, b"2026-01-02T03:04:06Z " + body)
    assert (report.rows, report.same_requests, report.gaps) == (4, 3, ())
    assert {row["same_request_as"] for row in rows} == {None, "EV-1.f1/0"}


@pytest.mark.parametrize(
    ("lasted", "paired"), [(None, True), (..., True), (0, False), (45_000, True), ("45000", True)]
)
def test_how_long_a_request_took_bounds_when_it_may_have_ended(
    lasted: Any, paired: bool, tmp_path: Path
) -> None:
    alice = entry(
        requester="arn:aws:iam::111111111111:user/alice", request_uri="GET /k HTTP/1.1",
        request_time="2026-01-02T03:02:25.000Z", total_duration=lasted,
    )  # fmt: skip
    report, _ = run(tmp_path / "events", native(record()), json.dumps(alice).encode())
    assert report.same_requests == paired
    assert [gap.reason for gap in report.gaps if "(time)" not in gap.reason] == []
    assert len(report.gaps) == (not paired)
