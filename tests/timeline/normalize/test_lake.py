"""CloudTrail Lake: rows in columns give what is certain, and say what is not."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.normalize.evidence import Store
from tests.timeline.normalize.records import native, record
from tests.timeline.normalize.test_in_lines import check
from tests.timeline.normalize.test_request import UNKNOWN, key
from timeline import normalize
from timeline.normalize.aws import cloudtrail_lake_notation as notation
from timeline.normalize.aws.request import request_of
from timeline.normalize.model import IngestReport

#: As printed by a query of Lake; the names and their order are from an answer of the service.
ROLE = (
    "{type=AssumedRole, principalid=AROAX:s, arn=arn:aws:sts::111111111111:assumed-role/r/s, "
    "accountid=111111111111, accesskeyid=ASIAX, username=null, sessioncontext={attributes={"
    "creationdate=2026-01-02 03:00:00.000, mfaauthenticated=true}, sessionissuer={type=Role, "
    "principalid=AROAX, arn=arn:aws:iam::111111111111:role/r, accountid=111111111111, "
    "username=r}, sourceidentity=null, ec2roledelivery=null, ec2issuedinvpc=null}, "
    "invokedby=null, identityprovider=null, credentialid=null, onbehalfof=null}"
)
#: The same by a table over the log's files, whose struct has fewer names in another order.
IN_A_TABLE = (
    "{type=AssumedRole, principalid=AROAX:s, arn=arn:aws:sts::111111111111:assumed-role/r/s, "
    "accountid=111111111111, invokedby=null, accesskeyid=ASIAX, username=null, sessioncontext={"
    "attributes={mfaauthenticated=true, creationdate=2026-01-02T03:00:00Z}, sessionissuer={"
    "type=Role, principalid=AROAX, arn=arn:aws:iam::111111111111:role/r, "
    "accountid=111111111111, username=r}}}"
)
ALICE = (
    "{type=IAMUser, principalid=AIDAEXAMPLEEXAMPLE000, arn=arn:aws:iam::111111111111:user/alice, "
    "accountid=111111111111, accesskeyid=AKIAEXAMPLEEXAMPLE00, username=alice, "
    "sessioncontext=null, invokedby=null, identityprovider=null}"
)
NOBODY = (
    "{type=AWSAccount, principalid=, arn=null, accountid=anonymous, accesskeyid=null, "
    "username=null, sessioncontext=null, invokedby=null, identityprovider=null}"
)
#: The record of `records`, as a query of all columns prints it.
ROW: dict[str, str | None] = {
    "eventversion": "1.08",
    "useridentity": ALICE,
    "eventtime": "2026-01-02 03:04:05.000",
    "eventsource": "s3.amazonaws.com",
    "eventname": "GetObject",
    "awsregion": "us-east-1",
    "sourceipaddress": "198.51.100.7",
    "useragent": "[aws-cli/2.15.0]",
    "errorcode": None,
    "errormessage": None,
    "requestparameters": "{bucketName=b, Host=b.s3.amazonaws.com, key=k}",
    "responseelements": None,
    "additionaleventdata": "{SignatureVersion=SigV4, bytesTransferredOut=12}",
    "requestid": "R1",
    "eventid": "E1",
    "readonly": "true",
    "resources": "[{accountid=null, type=AWS::S3::Object, arn=arn:aws:s3:::b/k}]",
    "eventtype": "AwsApiCall",
    "managementevent": "false",
    "recipientaccountid": "111111111111",
    "sharedeventid": None,
    "vpcendpointid": None,
    "vpcendpointaccountid": None,
    "eventcategory": "Data",
    "tlsdetails": "{tlsversion=TLSv1.2, ciphersuite=E, clientprovidedhostheader=b.x}",
    "sessioncredentialfromconsole": None,
}
TEXT = json.dumps(record())
#: What of it is not certain.
DOUBTFUL = ["requestParameters", "additionalEventData", "resources"]


def row_of(**changed: Any) -> dict[str, Any]:
    """The good row with cells replaced; a cell set to `...` is left out."""
    return {name: value for name, value in {**ROW, **changed}.items() if value is not ...}


def answer(*rows: dict[str, Any]) -> bytes:
    """As GetQueryResults gives rows: a list of cells each."""
    listed = [[{name: value} for name, value in row.items()] for row in rows]
    return json.dumps({"QueryStatus": "FINISHED", "QueryResultRows": listed}).encode()


def run(out: Path, *bodies: bytes) -> tuple[IngestReport, list[dict[str, Any]], Store]:
    store = Store()
    for number, body in enumerate(bodies):
        store.add(body, f"result{number}")
    report = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    return report, list(normalize.rows(out)), store


def one(out: Path, **changed: Any) -> dict[str, Any]:
    report, rows, store = run(out, answer(row_of(**changed)))
    assert report.gaps == ()
    check(rows, store)
    return rows[0]


@pytest.mark.parametrize(
    "body",
    [
        answer(ROW),
        answer({name.upper(): value for name, value in reversed(ROW.items())}),
        json.dumps(ROW).encode(),
        json.dumps([ROW]).encode(),
        json.dumps({**ROW, "readonly": True, "managementevent": False}).encode(),
    ],
    ids=["answer", "another order and case", "object", "array", "typed"],
)
def test_forms(body: bytes, tmp_path: Path) -> None:
    report, rows, store = run(tmp_path / "events", body)
    assert report.gaps == ()
    check(rows, store)
    (like,) = run(tmp_path / "native", native(record()))[1]
    differ = {name for name in like if rows[0][name] != like[name]}
    # The record says these too; the row does not, or not for certain.
    assert differ == {
        "account_uid", "auth_method", "auth_evidence", "bytes_out", "bytes_in", "host_id", "params",
        "omitted", "time_text", "locator", "record_sha256", "source",
    }  # fmt: skip
    assert json.loads(rows[0]["omitted"]) == DOUBTFUL
    assert [rows[0][name] for name in ("container", "object", "time_precision")] == [
        "b", "k", 1_000_000,
    ]  # fmt: skip
    for name in ("account_uid", "auth_evidence", "bytes_out", "bytes_in", "host_id"):
        assert rows[0][name] is None, name


@pytest.mark.parametrize("printed", [ROLE, IN_A_TABLE, json.dumps({
    "type": "AssumedRole", "principalId": "AROAX:s", "accountId": "111111111111",
    "arn": "arn:aws:sts::111111111111:assumed-role/r/s", "accessKeyId": "ASIAX",
    "sessionContext": {
        "attributes": {"creationDate": "2026-01-02T03:00:00Z", "mfaAuthenticated": "true"},
        "sessionIssuer": {"arn": "arn:aws:iam::111111111111:role/r", "userName": "r"},
    },
})], ids=["lake", "table", "json"])  # fmt: skip
def test_the_caller(printed: str, tmp_path: Path) -> None:
    row = one(tmp_path / "events", useridentity=printed)
    expected = {
        "actor_type": "AssumedRole", "actor_uid": "arn:aws:sts::111111111111:assumed-role/r/s",
        "actor_unique_id": "AROAX:s", "actor_name": "r", "actor_account_uid": "111111111111",
        "session_uid": "s", "session_issuer_uid": "arn:aws:iam::111111111111:role/r",
        "session_created": "2026-01-02T03:00:00Z", "source_identity": None,
        "credential_uid": "ASIAX", "mfa": True, "invoked_by": None, "delegation": None,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_nobody_is_anonymous(tmp_path: Path) -> None:
    row = one(tmp_path / "events", useridentity=NOBODY)
    assert (row["actor_type"], row["auth_method"]) == ("Anonymous", "anonymous")


@pytest.mark.parametrize(
    "printed",
    [
        ALICE.replace("username=alice", "username=a, type=Root"),
        ALICE.replace("username=alice", "username=a, b"),
        ALICE.replace("username=alice", "username=a, credentialid=c"),
        ALICE.replace("username=alice", "username={a}"),
        ALICE.replace("username=alice, ", ""),
        ALICE.replace("invokedby=null", "calledby=null"),
        ROLE.replace("creationdate=2026-01-02 03:00:00.000", "creationdate=yesterday"),
        ROLE.replace("username=r}", "username=r}, sourceidentity=other"),
        ROLE.replace("sourceidentity=null", "webidfederationdata={attributes={}}"),
        "{type=IAMUser",
        "{}",
        "alice",
        '"alice"',
    ],
)
def test_a_caller_in_doubt_is_unknown_and_never_nobody(printed: str, tmp_path: Path) -> None:
    row = one(tmp_path / "events", useridentity=printed)
    assert json.loads(row["omitted"])[0] == "userIdentity"
    actors = ("actor_type", "actor_uid", "actor_account_uid", "credential_uid", "mfa", "invoked_by")
    assert {row[name] for name in actors} == {None}
    request = request_of(row)
    assert request is not None
    assert request.principal == {"type": "Unknown"}


@pytest.mark.parametrize(
    ("changed", "columns"),
    [
        # A key may hold anything: what follows it may be its own.
        (
            {"requestparameters": "{bucketName=b, key=k, versionId=v}"},
            {"container": "b", "object": None, "resource_uid": None, "resource_type": None},
        ),
        (
            {"requestparameters": "{bucketName=b, versionId=v, key=dt=1/a, b}"},
            {"object": "dt=1/a, b", "object_version": "v", "container": "b"},
        ),
        (
            {"requestparameters": "{key=k, bucketName=b, Host=h}"},
            {"container": "b", "object": None},
        ),
        (
            {"requestparameters": "{bucketName=b, key=k, bucketName=c}"},
            {"container": None, "object": None},
        ),
        ({"requestparameters": ...}, {"container": None, "object": None, "resource_uid": None}),
        (
            {"requestparameters": "{bucketName=arn:aws:s3:us-east-1:1:accesspoint/p, key=k}"},
            {"container": None, "object": "k", "resource_uid": None},
        ),
        (
            {"requestparameters": '{"bucketName": "b", "key": "k", "versionId": "v"}'},
            {"container": "b", "object": "k", "object_version": "v"},
        ),
        (
            {"eventname": "PutBucketPolicy", "requestparameters": "{bucketName=b, policy=, x={}}"},
            {"container": "b", "resource_uid": "arn:aws:s3:::b", "object": None},
        ),
        (
            {"eventname": "PutBucketPolicy", "requestparameters": "{p={a=b, c=d}, bucketName=b}"},
            {"container": "b", "resource_uid": None},
        ),
        (
            {"eventname": "PutPublicAccessBlock", "requestparameters": "{a=b, c=d}"},
            {"container": None, "resource_uid": None},
        ),
        (
            {"eventsource": "kms.amazonaws.com", "eventname": "Decrypt",
             "requestparameters": "{bucketName=b}"},
            {"container": None, "resource_uid": None},
        ),
        ({"errorcode": "AccessDenied"}, {"outcome": "denied", "error_code": "AccessDenied"}),
        ({"errormessage": "no"}, {"outcome": "error", "error_code": None}),
        ({"errorcode": "null"}, {"outcome": "success", "error_code": None}),
        ({"resources": None}, {"account_uid": "111111111111"}),
        ({"resources": "[]"}, {"account_uid": None}),
        ({"requestparameters": "{}"}, {"container": None, "object": None, "resource_uid": None}),
        ({"tlsdetails": "{tlsversion=TLSv1.2}"}, {"tls_version": None}),
        ({"additionaleventdata": '{"bytesTransferredOut": 12}'}, {"bytes_out": 12}),
        ({"readonly": ..., "eventcategory": ...}, {"category": "data", "activity": "read"}),
        ({"eventsource": ...}, {"service": None, "container": None}),
    ],
)  # fmt: skip
def test_columns(changed: dict[str, Any], columns: dict[str, Any], tmp_path: Path) -> None:
    row = one(tmp_path / "events", **changed)
    assert {name: row[name] for name in columns} == columns


@pytest.mark.parametrize("name", [name for name in ROW if name not in ("eventtime", "eventname")])
def test_a_column_that_was_not_asked_for_is_named(name: str, tmp_path: Path) -> None:
    report, rows, _ = run(tmp_path / "events", answer(row_of(**{name: ...})))
    if name == "errorcode":
        assert "expected the column errorCode" in report.gaps[0].reason
        return
    assert name in [each.lower() for each in json.loads(rows[0]["omitted"])]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"eventtime": ...}, "expected the column eventTime"),
        ({"eventtime": ""}, "expected the column eventTime"),
        ({"eventtime": "yesterday"}, "expected an ISO 8601 eventTime"),
        ({"eventname": None}, "expected the column eventName"),
        ({"errorcode": ...}, "query again with errorCode"),
        ({"EVENTID": "E2"}, "expected each column once, found twice: eventid"),
        ({"eventname": "ConsoleLogin", "responseelements": "{ConsoleLogin=Failure}"}, "sign-in"),
    ],
)
def test_what_is_no_event_for_certain_is_a_gap(
    changed: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    report, rows, _ = run(tmp_path / "events", answer(ROW, row_of(**changed), row_of(eventid="E3")))
    assert (report.records, report.rows, report.record_gaps, len(rows)) == (3, 2, 1, 2)
    assert reason in report.gaps[0].reason
    assert report.gaps[0].locator is not None


def test_a_column_twice_in_an_object_is_a_gap(tmp_path: Path) -> None:
    doubled = json.dumps(ROW).replace('"eventid"', '"eventid": "E0", "eventid"')
    report, _, _ = run(tmp_path / "events", f"{doubled}\n{json.dumps(ROW)}\n".encode())
    assert "found twice: eventid" in report.gaps[0].reason


def test_rows_of_sums_are_no_log(tmp_path: Path) -> None:
    sums = answer({"eventSource": "s3.amazonaws.com", "eventName": "GetObject", "n": "5"})
    report, rows, _ = run(tmp_path / "events", sums)
    assert (report.rows, rows, len(report.gaps)) == (0, [], 1)


def test_a_request_rests_on_nothing_that_is_not_known(tmp_path: Path) -> None:
    few = {"eventtime", "eventname", "eventsource", "errorcode", "requestparameters", "eventid"}
    dropped = dict.fromkeys(ROW.keys() - few - {"sourceipaddress"}, ...)
    request = request_of(one(tmp_path / "events", **dropped))
    assert request is not None
    for name in (
        "aws:SourceIp", "aws:SourceVpce", "aws:UserAgent", "aws:Referer", "aws:SecureTransport",
        "s3:TlsVersion", "s3:authType", "s3:signatureversion", "s3:DataAccessPointArn",
        "s3:x-amz-acl", "s3:VersionId", "aws:PrincipalArn", "aws:ViaAWSService",
        "aws:MultiFactorAuthPresent", "aws:SourceIdentity",
    ):  # fmt: skip
        assert key(request, name) == UNKNOWN, name
    assert request.resource == "arn:aws:s3:::b/k"
    known = request_of(one(tmp_path / "known"))
    assert known is not None
    assert key(known, "aws:SourceIp") == "198.51.100.7"


@pytest.mark.parametrize("whole_first", [True, False])
def test_a_record_stands_for_a_row_of_the_same_event(whole_first: bool, tmp_path: Path) -> None:
    bodies = [native(record()), answer(ROW)]
    report, rows, _ = run(tmp_path / "events", *(bodies if whole_first else bodies[::-1]))
    assert (report.unique, report.duplicates, report.gaps) == (1, 1, ())
    stands = {row["source"]: row["duplicate_of"] is None for row in rows}
    assert stands == {"aws.cloudtrail": True, "aws.cloudtrail_lake": False}


def test_another_content_is_said(tmp_path: Path) -> None:
    report, _, _ = run(tmp_path / "events", native(record()), answer(row_of(errorcode="NoSuchKey")))
    assert (report.unique, report.conflicts) == (2, 1)


@pytest.mark.parametrize("first", ["columns", "record"])
def test_rows_with_the_record_beside_rows_without(first: str, tmp_path: Path) -> None:
    listed = [row_of(eventid="E2"), {**ROW, "eventJson": TEXT}]
    body = answer(*(listed if first == "columns" else listed[::-1]))
    report, rows, _ = run(tmp_path / "events", body)
    assert (report.records, report.rows, report.gaps) == (2, 2, ())
    assert {row["provider_uid"]: row["source"] for row in rows} == {
        "E1": "aws.cloudtrail_envelope", "E2": "aws.cloudtrail_lake",
    }  # fmt: skip


def test_a_key_twice_in_a_cell_with_json_makes_a_write_opaque(tmp_path: Path) -> None:
    cell = '{"bucketName": "b", "policy": "p", "policy": "q"}'
    changed = row_of(eventname="PutBucketPolicy", readonly="false", requestparameters=cell)
    report, rows, _ = run(tmp_path / "events", answer(changed))
    assert [gap.kind for gap in report.gaps] == ["opaque"]
    assert "duplicate key policy" in rows[0]["omitted"]


VALUES = st.text(st.sampled_from("a,= {}[]"), max_size=8)
NAMES = ("tlsversion", "ciphersuite", "clientprovidedhostheader")


@given(st.lists(VALUES, min_size=3, max_size=3))
def test_a_struct_comes_out_as_it_went_in_or_not_at_all(values: list[str]) -> None:
    printed = ", ".join(f"{name}={value}" for name, value in zip(NAMES, values, strict=True))
    found = notation.connection("{" + printed + "}")
    assert found is None or [*found.values()] == values


HEADERS = ("bucketName", "Host", "versionId", "key", "prefix", "x-amz-meta")
HOSTILE = ("k", "a=1", "a, b", "a, versionId=v", "x, bucketName=c", "a, key=b", "}", "{a=b, c=d}")


@given(st.permutations(HEADERS), st.integers(1, 6), st.data())
def test_parameters_come_out_as_they_went_in_or_not_at_all(
    names: list[str], count: int, data: st.DataObject
) -> None:
    asked = {
        name: data.draw(st.sampled_from(("b", "v.1") if name in HEADERS[:3] else HOSTILE))
        for name in names[:count]
    }
    printed = "{" + ", ".join(f"{name}={value}" for name, value in asked.items()) + "}"
    assert notation.parameters(printed) in (None, asked)
    if "bucketName" in asked:
        assert notation.bucket(printed) in (None, asked["bucketName"])
