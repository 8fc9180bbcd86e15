"""From evidence items to the table: sums close, every row cites its bytes, nothing is dropped."""

import gzip
import io
import json
import tarfile
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.timeline.normalize.evidence import Store
from tests.timeline.normalize.records import ANONYMOUS, BASE, native, record
from timeline import normalize, order
from timeline.normalize import archives, ingest
from timeline.normalize.model import RECORD_LIMIT, IngestReport, micros
from timeline.normalize.row import EventRow
from timeline.schema import TABLES

Rows = list[dict[str, Any]]


def run(store: Store, out: Path) -> tuple[IngestReport, Rows]:
    """Normalize, check every row against the bytes it cites, and return report and rows."""
    report = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    rows = normalize.read(out).to_pylist()
    items = {item.uid: item for item in store.items}
    for row in rows:
        cited = normalize.reextract(store.open_item, items[row["evidence_item"]], row["locator"])
        assert row["record_sha256"] == sha256(cited).hexdigest()
    return report, rows


def one(data: bytes, out: Path, name: str = "log.json") -> tuple[IngestReport, Rows]:
    store = Store()
    store.add(data, name)
    return run(store, out)


def test_row_fields_are_the_columns_of_the_schema() -> None:
    assert tuple(name for name, _, _ in TABLES["events"]) == EventRow.__struct_fields__


def zipped(name: str, data: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return held.getvalue()


def tarred(name: str, data: bytes) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return held.getvalue()


LINE = json.dumps(BASE).encode()
LOOKUP = {"EventId": "E1", "EventName": "GetObject", "CloudTrailEvent": json.dumps(BASE)}
BRIDGE = {"version": "0", "detail-type": "AWS API Call via CloudTrail", "detail": BASE}
RESHAPED = record(
    eventTime=...,
    **{"@timestamp": "2026-01-02T03:04:05.000Z"},
    additionalEventData={**BASE["additionalEventData"], "bytesTransferredOut": 12.0},
    resources=[
        {"type": "AWS::S3::Object", "arn": "arn:aws:s3:::b/k"},
        {"accountId": "111111111111", "type": "AWS::S3::Bucket", "arn": "arn:aws:s3:::b"},
    ],
)
FORMS = {
    "native": native(BASE),
    "gzip": gzip.compress(native(BASE)),
    "zstd": zstandard.compress(native(BASE)),
    "lines": LINE + b"\r\n",
    "array": b"[" + LINE + b"]",
    "pretty": json.dumps({"Records": [BASE]}, indent=4).encode(),
    "pretty object": json.dumps(BASE, indent=1).encode(),
    "byte order mark": b"\xef\xbb\xbf" + native(BASE),
    "zip": zipped("day1.json", native(BASE)),
    "zip of gzip": zipped("../day1.json.gz", gzip.compress(native(BASE))),
    "tar": tarred("/abs/day1.json", native(BASE)),
    "tar.gz": gzip.compress(tarred("day1.json", LINE)),
    "lookup answer": json.dumps({"Events": [LOOKUP], "NextToken": "x"}).encode(),
    "lookup lines": json.dumps(LOOKUP).encode() + b"\n",
    "event bridge": json.dumps(BRIDGE).encode(),
    "lake": json.dumps({"eventJson": LINE.decode()}).encode(),
    "lake answer": json.dumps({"QueryResultRows": [[{"eventJson": LINE.decode()}]]}).encode(),
    "cloudwatch": json.dumps({"logEvents": [{"id": "1", "message": LINE.decode()}]}).encode(),
    "re-shaped": json.dumps(RESHAPED).encode(),
    "version in a list": native(record(eventVersion=["1.05"])),
}
PLACE = frozenset({"evidence_item", "locator", "record_sha256", "source", "event_uid", "params"})
EXPECTED = {
    "provider_uid": "E1", "request_id": "R1", "duplicate_of": None,
    "time": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "time_precision": 1_000_000,
    "time_text": "2026-01-02T03:04:05Z", "logged_time": None,
    "acquired_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "provider": "aws",
    "account_uid": "111111111111", "region": "us-east-1", "service": "s3.amazonaws.com",
    "operation": "GetObject", "category": "data", "activity": "read", "actor_type": "IAMUser",
    "actor_uid": "arn:aws:iam::111111111111:user/alice",
    "actor_unique_id": "AIDAEXAMPLEEXAMPLE000", "actor_name": "alice",
    "actor_account_uid": "111111111111", "session_uid": None, "session_issuer_uid": None,
    "session_created": None, "source_identity": None, "credential_uid": "AKIAEXAMPLEEXAMPLE00",
    "mfa": None, "invoked_by": None, "delegation": None, "src_ip": "198.51.100.7",
    "src_vpc_endpoint": None, "user_agent": "[aws-cli/2.15.0]", "referer": None,
    "tls_version": "TLSv1.2", "auth_method": "header",
    "auth_evidence": '{"CipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","SignatureVersion":"SigV4"}',
    "resource_type": "AWS::S3::Object", "resource_uid": "arn:aws:s3:::b/k", "container": "b",
    "object": "k", "object_version": None, "outcome": "success", "status_code": None,
    "error_code": None, "error_message": None, "bytes_out": 12, "bytes_in": 0, "omitted": None,
    "recipient_account_uid": "111111111111", "shared_uid": None, "same_request_as": None,
    "host_id": "aG9zdA==", "request_uri": None, "object_size": None, "total_ms": None,
    "turn_around_ms": None,
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_row(form: str, tmp_path: Path) -> None:
    report, rows = one(FORMS[form], tmp_path / "events")
    assert (report.records, report.rows, report.files, report.gaps) == (1, 1, 1, ())
    expected = dict(EXPECTED)
    if form == "re-shaped":
        expected["time_text"] = "2026-01-02T03:04:05.000Z"
    assert expected == {k: v for k, v in rows[0].items() if k not in PLACE}
    params = json.loads(rows[0]["params"])
    assert BASE["requestParameters"] == params["requestParameters"]
    assert params["additionalEventData"] == {
        name: BASE["additionalEventData"][name] for name in ("CipherSuite", "SignatureVersion")
    }
    assert params["resources"] == []


def test_locator_names_members_and_bytes(tmp_path: Path) -> None:
    _, rows = one(FORMS["zip of gzip"], tmp_path / "events")
    assert f"../day1.json.gz!/0@13+{len(LINE)}" == rows[0]["locator"]
    assert rows[0]["event_uid"] == "EV-1.f1/../day1.json.gz!/0"


@pytest.mark.parametrize(
    ("changed", "columns"),
    [
        (
            {"userIdentity": ANONYMOUS, "additionalEventData": {}},
            {"actor_type": "Anonymous", "auth_method": "anonymous", "actor_account_uid": None},
        ),
        (
            {"userIdentity": {"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"}},
            {"actor_type": "Anonymous", "auth_method": "anonymous"},
        ),
        ({"errorCode": "AccessDenied", "errorMessage": "x"}, {"outcome": "denied"}),
        ({"errorCode": "NoSuchKey"}, {"outcome": "error", "error_code": "NoSuchKey"}),
        ({"eventCategory": ..., "managementEvent": ...}, {"category": "data"}),
        (
            {"eventCategory": ..., "managementEvent": ..., "eventName": "ListBuckets"},
            {"category": "management", "activity": "list"},
        ),
        (
            {
                "requestParameters": {"bucketName": "b", "list-type": "2"},
                "eventName": "ListObjects",
            },
            {"resource_uid": "arn:aws:s3:::b", "object": None, "activity": "list"},
        ),
        (
            {
                "eventName": "PutAccountPublicAccessBlock",
                "requestParameters": {"Host": "222222222222.s3-control.us-east-1.amazonaws.com"},
                "resources": None,
                "readOnly": False,
                "eventCategory": "Management",
            },
            {
                "resource_uid": "aws:account:222222222222",
                "activity": "configure",
                "category": "management",
            },
        ),
        ({"sharedEventID": "S1"}, {"shared_uid": "S1"}),
        ({"recipientAccountId": ..., "resources": None}, {"account_uid": None}),
        ({"userIdentity": ...}, {"actor_type": None, "actor_uid": None, "auth_method": "header"}),
        (
            {"requestParameters": {"omitted": True, "originalSize": 200000}},
            {"omitted": '["requestParameters"]'},
        ),
        (
            {"eventTime": "0001-01-01T00:00:00Z"},
            {"time": datetime(1, 1, 1, tzinfo=UTC)},
        ),
        (
            {"eventTime": "9999-12-31T23:59:59Z"},
            {"time": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)},
        ),
        (
            {"requestParameters": {"bucketName": "b", "key": "a\x00b\n=1+1"}},
            {"object": "a\x00b\n=1+1"},
        ),
        (
            {"additionalEventData": {"bytesTransferredOut": 2**64 - 1}},
            {"bytes_out": None},
        ),
    ],
)
def test_columns(changed: dict[str, Any], columns: dict[str, Any], tmp_path: Path) -> None:
    report, rows = one(native(record(**changed)), tmp_path / "events")
    assert (report.rows, report.gaps) == (1, ())
    assert columns == {name: rows[0][name] for name in columns}


def test_unsigned_64_bit_numbers_stay_as_written(tmp_path: Path) -> None:
    big = record(requestParameters={"bucketName": "b", "key": "k", "x": 2**64 - 1})
    _, rows = one(native(big), tmp_path / "events")
    assert str(2**64 - 1) in rows[0]["params"]


DEEP = b'{"eventSource":"s3","eventName":"PutObject","x":' + b"[" * 20000 + b"]" * 20000 + b"}"
HOSTILE = {
    "without time": (native(BASE, record(eventTime=...)), 1, "expected eventTime, found none"),
    "time of no calendar": (native(BASE, record(eventTime="2026-02-30T00:00:00Z")), 1, "ISO 8601"),
    "not text": (native(BASE)[:-2] + b',{"eventName":"\xff","eventSource":"s3"}]}', 1, "invalid"),
    "control character": (LINE + b'\n{"eventName":"\x00","eventSource":"x"}\n', 1, "invalid"),
    "a number": (b"[" + LINE + b",7]", 1, "found '7'"),
    "deep": (LINE + b"\n" + DEEP + b"\n", 1, "expected a"),
    "huge": (LINE + b'\n{"eventName":"' + b"y" * RECORD_LIMIT + b'"}\n', 1, "at most"),
    "cut": (native(BASE, BASE)[:-40], 1, "whole record"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_records_are_gaps_and_neighbours_rows(case: str, tmp_path: Path) -> None:
    data, gaps, reason = HOSTILE[case]
    report, rows = one(data, tmp_path / "events")
    assert (1, gaps) == (len(rows), report.record_gaps)
    assert reason in report.gaps[0].reason
    assert "@" in (report.gaps[0].locator or "")


def test_truncated_gzip_keeps_the_rows_before_the_cut(tmp_path: Path) -> None:
    many = [record(eventID=f"E{i}", requestID=sha256(b"%d" % i).hexdigest()) for i in range(500)]
    report, rows = one(gzip.compress(native(*many))[:-200], tmp_path / "events")
    assert 400 < len(rows) < 500
    assert [gap.kind for gap in report.gaps if gap.kind == "truncated"] == ["truncated"]
    assert report.record_gaps == 1


def test_duplicate_keys_in_a_configuring_record_are_a_gap_and_opaque(tmp_path: Path) -> None:
    policy = '{"bucketName":"b","bucketPolicy":{"Version":"1"},"bucketPolicy":{"Version":"2"}}'
    body = json.dumps(record(eventName="PutBucketPolicy", readOnly=False, requestParameters=0))
    body = body.replace('"requestParameters": 0', f'"requestParameters": {policy}')
    report, rows = one(body.encode(), tmp_path / "events")
    assert [gap.kind for gap in report.gaps] == ["opaque"]
    assert "requestParameters" in json.loads(rows[0]["omitted"])
    assert json.loads(rows[0]["params"])["requestParameters"] == {"bucketName": "b"}


WHOLE = {
    "prose": (b"hello", "x.log", "not_understood"),
    "empty": (b"", "x.json", "not_understood"),
    "other JSON": (b'{"a":1}', "x.json", "not_understood"),
    "broken zip": (b"PK\x03\x04" + b"x" * 100, "x.zip", "unreadable"),
    "gzip of nothing": (gzip.compress(native(BASE))[:12], "x.json.gz", "truncated"),
}


@pytest.mark.parametrize("case", WHOLE)
def test_files_not_understood_are_one_gap(case: str, tmp_path: Path) -> None:
    data, name, kind = WHOLE[case]
    report, rows = one(data, tmp_path / "events", name)
    assert (rows, report.files, report.files_gapped) == ([], 1, 1)
    assert [kind] == [gap.kind for gap in report.gaps]


def test_a_register_is_a_document_by_where_it_comes_from(tmp_path: Path) -> None:
    store = Store()
    store.add(b"id,what\n1,weakness\n", "registers/warnings.csv", source="registers")
    store.add(b"id,what\n1,weakness\n", "warnings.csv")
    report, rows = run(store, tmp_path / "events")
    assert [document.kind for document in report.documents] == ["register of the case team"]
    assert [gap.kind for gap in report.gaps] == ["not_understood"]
    assert rows == []


def test_documents_are_listed_apart(tmp_path: Path) -> None:
    store = Store()
    store.add(b"# where this is from", "SOURCE.md")
    store.add(b'{"UserDetailList": [], "RoleDetailList": []}', "authz.json")
    store.add(b"user,arn,user_creation_time,x\n<root_account>,a,b,c\n", "report.csv")
    report, rows = run(store, tmp_path / "events")
    kinds = [document.kind for document in report.documents]
    assert kinds == ["text", "aws.iam.authorization_details", "aws.iam.credential_report"]
    assert (rows, report.gaps) == ([], ())
    found = list(normalize.snapshots(store.items, store.open_item))
    assert kinds[1:] == [snapshot.kind for snapshot in found]
    assert found[0].body == {"UserDetailList": [], "RoleDetailList": []}
    assert found[1].body[0]["user"] == "<root_account>"


def test_a_long_file_of_another_form_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "GIVE_UP", 10)
    report, rows = one(b'{"x":1}\n' * 50, tmp_path / "events")
    assert (rows, report.records, len(report.gaps)) == ([], 0, 1)
    assert "over 10 records of another form" in report.gaps[0].reason


def test_config_items_are_handed_on_one_by_one(tmp_path: Path) -> None:
    item = {"configurationItemStatus": "OK", "resourceType": "AWS::S3::Bucket", "n": 1}
    store = Store()
    store.add(json.dumps([item, {**item, "n": 2}]).encode())
    store.add(json.dumps({"configurationItems": [item]}).encode())
    report, _ = run(store, tmp_path / "events")
    assert [document.kind for document in report.documents] == ["aws.config.items"] * 2
    found = list(normalize.snapshots(store.items, store.open_item))
    assert [snapshot.body["n"] for snapshot in found[:2]] == [1, 2]
    for snapshot in found:
        cited = normalize.reextract(store.open_item, snapshot.item, snapshot.locator)
        assert json.loads(cited) == snapshot.body
        assert sha256(cited).hexdigest() == snapshot.sha256


def nested(depth: int) -> bytes:
    data = native(BASE)
    for level in range(depth):
        data = zipped(f"{level}", data)
    return data


def test_archives_in_archives_to_a_depth(tmp_path: Path) -> None:
    assert one(nested(archives.DEPTH), tmp_path / "in")[0].rows == 1
    report, rows = one(nested(archives.DEPTH + 1), tmp_path / "deeper")
    assert (rows, [gap.kind for gap in report.gaps]) == ([], ["unreadable"])


def test_a_bomb_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "BOMB_BYTES", 1 << 20)
    monkeypatch.setattr(archives, "RATIO", 100)
    for packed in (gzip.compress(b" " * (4 << 20)), zstandard.compress(b" " * (4 << 20))):
        report, _ = one(packed, tmp_path / "events")
        assert [gap.kind for gap in report.gaps] == ["unreadable"]
        assert "times the packed size" in report.gaps[0].reason


def test_members_of_one_name_are_told_apart(tmp_path: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a", native(BASE))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", native(record(eventID="E2")))
    _, rows = one(held.getvalue(), tmp_path / "events")
    assert {"EV-1.f1/a!/0", "EV-1.f1/a#2!/0"} == {row["event_uid"] for row in rows}


def test_a_broken_member_leaves_the_others(tmp_path: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("bad", native(BASE))
        archive.writestr("good", native(record(eventID="E2")))
    data = held.getvalue().replace(b"alice", b"malic", 1)
    report, rows = one(data, tmp_path / "events")
    assert "E2" in {row["provider_uid"] for row in rows}
    assert [gap.kind for gap in report.gaps] == ["truncated"]


def test_duplicates_fold_and_conflicts_are_gaps(tmp_path: Path) -> None:
    store = Store()
    store.add(native(BASE))
    store.add(native(RESHAPED))
    store.add(native(record(sourceIPAddress="203.0.113.9")))
    report, rows = run(store, tmp_path / "events")
    assert [row["duplicate_of"] for row in rows] == [None, "EV-1.f1/0", None]
    assert (report.rows, report.unique, report.duplicates, report.conflicts) == (3, 2, 1, 1)
    assert "src_ip" in report.gaps[0].reason


def test_a_copy_in_another_account_points_to_the_owners_record(tmp_path: Path) -> None:
    theirs = record(eventID="E2", recipientAccountId="222222222222", sharedEventID="S")
    store = Store()
    store.add(native(theirs, record(sharedEventID="S")))
    _, rows = run(store, tmp_path / "events")
    assert [row["duplicate_of"] for row in rows] == ["EV-1.f1/1", None]


def test_bytes_do_not_depend_on_workers_or_order_of_items(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from timeline import engine

    store = Store()
    for day in range(1, 13):
        store.add(native(*(record(eventTime=f"2026-01-{day:02}T00:00:00Z") for _ in range(3))))
    first, second = tmp_path / "one", tmp_path / "two"
    normalize.run(Path(), store.items, first, open_item=store.open_item, workers=1)
    monkeypatch.setattr(engine, "WORTH_WORKERS", 0)
    shuffled = store.items[::-1]
    normalize.run(Path(), shuffled, second, open_item=store.open_item, workers=2)

    def content(out: Path) -> dict[str, bytes]:
        files = sorted(out.rglob("*.parquet"))
        return {file.relative_to(out).as_posix(): file.read_bytes() for file in files}

    assert content(first) == content(second)
    assert len(content(first)) == 12
    assert "provider=aws/day=2026-01-01/events.parquet" in content(first)
    rows = list(normalize.rows(first))
    keys = [
        order.key(micros(r["time"]), r["provider"], r["evidence_item"], int(r["locator"][0]))
        for r in rows
    ]
    assert sorted(keys) == keys
