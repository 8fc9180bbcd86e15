"""S3 server access logs: every number of fields, hostile words, and the known real lines."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.timeline.normalize.evidence import DATA, Store
from timeline import normalize
from timeline.normalize.aws import s3_access_log
from timeline.normalize.aws.request import request_of
from timeline.normalize.model import EPOCH, Record, Unreadable, Where, micros

OWNER = "8787a3c41bf7ce0d54359d9348ad5b08e16bd5bb8ae5aa4e1508b435773a066e"
TAIL = (
    "v1", "hostid=", "SigV4", "ECDHE-RSA-AES128-GCM-SHA256", "AuthHeader",
    "b.s3.amazonaws.com", "TLSv1.2", "arn:aws:s3:us-east-1:111111111111:accesspoint/ap", "Yes",
    "us-east-1",
)  # fmt: skip


def line(
    requester: str = "arn:aws:sts::111111111111:assumed-role/r/s",
    operation: str = "REST.GET.OBJECT",
    key: str = "k",
    uri: str = '"GET /k?versionId=v1 HTTP/1.1"',
    result: str = "200 - 12 34 5 6",
    referer: str = '"-"',
    agent: str = '"aws-cli/2.0"',
    tail: tuple[str, ...] = TAIL,
) -> str:
    return " ".join(
        [OWNER, "b", "[06/Feb/2019:01:00:38 +0100]", "192.0.2.3", requester, "REQ1", operation,
         key, uri, result, referer, agent, *tail]
    )  # fmt: skip


def row_of(text: str) -> dict[str, Any]:
    from datetime import timedelta

    data = text.encode()
    packed, gaps = s3_access_log.read(Record(3, 10, len(data), data), Where("EV-1.f1", "", 0))
    assert gaps == ()
    row = packed.unpacked()
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    values["time"] = EPOCH + timedelta(microseconds=row.time)
    return values


def test_all_fields() -> None:
    row = row_of(line(referer='"https://x.example/"'))
    expected = {
        "request_id": "REQ1", "region": "us-east-1", "service": "s3.amazonaws.com",
        "operation": "REST.GET.OBJECT", "category": "data", "activity": "read",
        "actor_type": "AssumedRole", "actor_uid": "arn:aws:sts::111111111111:assumed-role/r/s",
        "actor_name": "r", "actor_account_uid": "111111111111", "session_uid": "s",
        "src_ip": "192.0.2.3", "user_agent": "aws-cli/2.0", "referer": "https://x.example/",
        "tls_version": "TLSv1.2", "auth_method": "header", "resource_type": "AWS::S3::Object",
        "resource_uid": "arn:aws:s3:::b/k", "container": "b", "object": "k",
        "object_version": "v1", "outcome": "success", "status_code": 200, "error_code": None,
        "bytes_out": 12, "time_text": "06/Feb/2019:01:00:38 +0100",
        "auth_evidence": '{"CipherSuite":"ECDHE-RSA-AES128-GCM-SHA256","SignatureVersion":"SigV4",'
        '"aclRequired":"Yes"}',
    }  # fmt: skip
    assert expected == {name: row[name] for name in expected}
    assert row["time"].strftime("%Y-%m-%dT%H:%M:%S") == "2019-02-06T00:00:38"
    params = json.loads(row["params"])
    assert params["requestParameters"] == {"versionId": "v1"}
    assert [{"ARN": TAIL[7]}] == params["resources"]


@pytest.mark.parametrize("count", range(1, len(TAIL) + 1))
def test_18_to_27_fields(count: int) -> None:
    row = row_of(line(tail=TAIL[:count]))
    assert ("us-east-1" if count == 10 else None) == row["region"]
    assert ("TLSv1.2" if count >= 7 else None) == row["tls_version"]


@pytest.mark.parametrize(
    "text",
    [
        line(tail=()),
        line(tail=(*TAIL, "more")),
        line().replace("06/Feb", "06/Xxx"),
        line(result="200 -"),
        f"{OWNER} b [06/Feb/2019:01:00:38 +0100] 192.0.2.3",
    ],
)
def test_other_numbers_of_fields_are_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        row_of(text)


@pytest.mark.parametrize(
    ("changed", "columns"),
    [
        ({"requester": "-"}, {"actor_type": "Anonymous", "auth_method": "anonymous"}),
        (
            {"requester": "arn:aws:iam::111111111111:user/p/al"},
            {"actor_type": "IAMUser", "actor_name": "al", "session_uid": None},
        ),
        ({"requester": "arn:aws:iam::111111111111:root"}, {"actor_type": "Root"}),
        ({"requester": OWNER}, {"actor_type": "CanonicalUser", "actor_unique_id": OWNER}),
        (
            {"requester": "svc:cloudtrail.amazonaws.com"},
            {"actor_type": "AWSService", "invoked_by": "cloudtrail.amazonaws.com"},
        ),
        ({"result": "403 AccessDenied 1 - 2 -"}, {"outcome": "denied", "bytes_out": 1}),
        ({"result": "404 NoSuchKey 1 - 2 -"}, {"outcome": "error", "status_code": 404}),
        ({"result": "304 - - 5 2 -"}, {"outcome": "success", "bytes_out": None}),
        ({"key": "a%2520b", "uri": '"GET /a%20b HTTP/1.1"'}, {"object": "a b"}),
        ({"key": "a%20b", "uri": '"GET /a%20b HTTP/1.1"'}, {"object": "a b"}),
        ({"key": "-", "operation": "REST.GET.BUCKET"}, {"object": None, "activity": "list"}),
        ({"agent": '""Mozilla/5.0 (X11) Safari"'}, {"user_agent": '"Mozilla/5.0 (X11) Safari'}),
        ({"agent": '"a"b" "c" "'}, {"user_agent": 'a"b" "c" ', "referer": None}),
        ({"agent": '"-"'}, {"user_agent": None}),
        ({"referer": '"https://x/?a="b";c"', "agent": '"z"'}, {"user_agent": "z"}),
        ({"uri": '"GET /k?x="1"2" HTTP/1.1"'}, {"status_code": 200, "object": "k"}),
        ({"uri": '"-"'}, {"object": "k"}),
        ({"operation": "REST.PUT.ACL", "key": "-"}, {"activity": "configure"}),
        ({"operation": "REST.DELETE.OBJECT"}, {"activity": "delete", "category": "data"}),
        ({"operation": "REST.COPY.OBJECT_GET"}, {"activity": "read"}),
        ({"operation": "S3.EXPIRE.OBJECT", "uri": '"-"'}, {"activity": "other"}),
    ],
)
def test_columns(changed: dict[str, str], columns: dict[str, Any]) -> None:
    row = row_of(line(**changed))  # type: ignore[arg-type]
    assert columns == {name: row[name] for name in columns}


def test_request() -> None:
    tail = ("-", "hostid=", *"---", "b.s3.amazonaws.com", *"---")
    text = line(requester="-", referer='"https://x/"', uri='"GET /k HTTP/1.1"', tail=tail)
    request = request_of(row_of(text))
    assert request is not None
    assert request.principal == {"type": "Anonymous"}
    assert (request.actions, request.resource) == (("s3:GetObject",), "arn:aws:s3:::b/k")
    expected = {
        "aws:Referer": "https://x/", "aws:SecureTransport": "false", "aws:SourceIp": "192.0.2.3",
        "aws:UserAgent": "aws-cli/2.0", "aws:ViaAWSService": "false",
    }  # fmt: skip
    assert expected == request.context
    assert "s3:x-amz-acl" in request.unknown_context
    assert "s3:prefix" not in request.unknown_context


def test_presigned_request() -> None:
    uri = '"GET /k?X-Amz-Date=20190206T000000Z&X-Amz-Credential=AKIAX/20190206/x HTTP/1.1"'
    tail = (*TAIL[:4], "QueryString", *TAIL[5:])
    row = row_of(line(uri=uri, tail=tail))
    request = request_of(row)
    assert request is not None
    assert (row["credential_uid"], request.context["s3:signatureAge"]) == ("AKIAX", "38000")
    assert TAIL[7] == request.context["s3:DataAccessPointArn"]


def test_options_and_lifecycle() -> None:
    assert request_of(row_of(line(operation="REST.OPTIONS.PREFLIGHT"))) is None
    expired = request_of(row_of(line(operation="S3.EXPIRE.OBJECT", requester="AmazonS3")))
    assert expired is not None
    assert expired.actions == ()


WORDS = st.text(st.sampled_from('"ab ;<\\'), max_size=12).filter(lambda x: '" ' not in x)


@settings(max_examples=200, deadline=None)
@given(WORDS, st.text(st.sampled_from('"ab <'), max_size=12), st.integers(1, 10))
def test_no_line_is_lost_to_stray_quotes(referer: str, agent: str, count: int) -> None:
    """Whatever the client says of itself, the fields that S3 wrote are read."""
    row = row_of(line(referer=f'"{referer.strip()}"', agent=f'"{agent}"', tail=TAIL[:count]))
    assert (
        row["object"], row["status_code"], row["bytes_out"], row["object_version"],
    ) == ("k", 200, 12, "v1")  # fmt: skip


def ingest(folder: str, out: Path) -> list[dict[str, Any]]:
    store = Store().folder(DATA / folder)
    normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    return list(normalize.rows(out))


def _asset(key: str) -> str:
    """The keepers count a zarr store, which is a folder of chunks, as one asset."""
    return "/".join(key.split("/")[:2]) if key.startswith("zarr/") else key


@pytest.mark.skipif(not DATA.is_dir(), reason="real logs are not distributed with the project")
class TestRealLines:
    """Lines of a public archive with the reduction that its keepers made of them."""

    def test_known_reduction(self, tmp_path: Path) -> None:
        rows = ingest("aws_s3_access_log_catalystneuro", tmp_path / "events")
        assert len(rows) == 14
        mine = {
            (
                f"{r['time']:%Y-%m-%dT%H:%M:%S}",
                r["src_ip"],
                _asset(r["object"]),
                str(r["bytes_out"]),
            )
            for r in rows
            if r["outcome"] == "success" and r["status_code"] in (200, 206)
        }
        theirs = set()
        for path in (DATA / "aws_s3_access_log_catalystneuro").rglob("*.tsv"):
            with path.open(newline="") as stream:
                theirs |= {tuple(x.values()) for x in csv.DictReader(stream, delimiter="\t")}
        assert theirs <= mine
        assert {row["event_uid"] for row in rows if row["duplicate_of"]}
        assert all(micros(row["time"]) for row in rows)

    def test_known_bytes(self, tmp_path: Path) -> None:
        rows = ingest("aws_s3_access_log_dandi", tmp_path / "events")
        assert len(rows) == 3
        expected = DATA / "aws_s3_access_log_dandi/expected_output/extraction"
        for row in rows:
            known = (expected / row["object"] / "bytes_sent.txt").read_text().split()
            assert str(row["bytes_out"]) in known


def test_a_request_says_what_came_of_it() -> None:
    with pytest.raises(Unreadable, match="expected a status or an error code, found neither"):
        row_of(line(result="- - 12 34 5 6"))
    assert row_of(line(result="- AccessDenied 12 34 5 6"))["outcome"] == "denied"
    # What S3 does by itself has no status.
    assert row_of(line(operation="S3.EXPIRE.OBJECT", result="- - - - - -"))["outcome"] == "success"
