"""One request in several logs: both records stay, one counts, and what contradicts is said."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.timeline.normalize.evidence import Store
from tests.timeline.normalize.records import ANONYMOUS, native, record
from timeline import normalize
from timeline.normalize.aws import same_request
from timeline.normalize.model import IngestReport

ALICE = "arn:aws:iam::111111111111:user/alice"
OWNER = "8787a3c41bf7ce0d54359d9348ad5b08e16bd5bb8ae5aa4e1508b435773a066e"


def line(
    *,
    bucket: str = "b",
    key: str = "k",
    time: str = "02/Jan/2026:03:04:05 +0000",
    ip: str = "198.51.100.7",
    requester: str = ALICE,
    request: str = "R1",
    operation: str = "REST.GET.OBJECT",
    result: str = "200 - 12 12 5 4",
) -> str:
    """A line of the access log that agrees with the record of `records`, and what differs."""
    auth = "AuthHeader" if requester != "-" else "-"
    return (
        f"{OWNER} {bucket} [{time}] {ip} {requester} {request} {operation} {key} "
        f'"GET /{key} HTTP/1.1" {result} "-" "aws-cli/2.15.0" - hostid= SigV4 '
        f"ECDHE-RSA-AES128-GCM-SHA256 {auth} b.s3.amazonaws.com TLSv1.2 - -"
    )


def run(*bodies: bytes, out: Path) -> tuple[IngestReport, list[dict[str, Any]]]:
    store = Store()
    for number, body in enumerate(bodies):
        store.add(body, f"log{number}")
    report = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    return report, list(normalize.rows(out))


def pointed(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {r["event_uid"]: r["same_request_as"] for r in rows if r["same_request_as"]}


def logged(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def test_a_pair_counts_once_and_the_trail_stands_for_it(tmp_path: Path) -> None:
    report, rows = run(native(record()), logged(line()), out=tmp_path / "events")
    assert pointed(rows) == {"EV-1.f2/0": "EV-1.f1/0"}
    assert [row["duplicate_of"] for row in rows] == [None, None]
    assert (report.rows, report.unique, report.same_requests, report.gaps) == (2, 2, 1, ())
    expected = "events 2 = counted 1 + recorded a second time by another log 1"
    assert expected in list(report.lines())


@pytest.mark.parametrize(
    "bodies",
    [
        (native(record()),),
        (logged(line()),),
        (native(record()), logged(line(request="R2"))),
        (native(record(requestID=...)), logged(line())),
    ],
)
def test_one_sided(bodies: tuple[bytes, ...], tmp_path: Path) -> None:
    report, rows = run(*bodies, out=tmp_path / "events")
    assert (pointed(rows), report.same_requests, report.gaps) == ({}, 0, ())
    assert not [text for text in report.lines() if "second time" in text]


@pytest.mark.parametrize(
    ("trail", "lines", "names"),
    [
        ({}, [line(bucket="c")], "container"),
        ({}, [line(key="other")], "object"),
        ({}, [line(operation="REST.PUT.OBJECT")], "operation"),
        ({}, [line(time="02/Jan/2026:03:02:05 +0000")], "time"),
        ({}, [line(time="02/Jan/2026:03:06:05 +0000")], "time"),
        ({}, [line(result="403 AccessDenied 1 - 5 -")], "outcome"),
        ({}, [line(requester="-")], "actor_type"),
        ({"userIdentity": ANONYMOUS, "additionalEventData": {}}, [line()], "actor_type"),
        ({}, [line(requester="arn:aws:iam::111111111111:user/bob")], "actor_uid"),
        ({}, [line(ip="203.0.113.9")], "src_ip"),
        ({}, [line(bucket="c", ip="203.0.113.9")], "container, src_ip"),
    ],
)
def test_a_contradicting_pair_is_said_and_left_apart(
    trail: dict[str, Any], lines: list[str], names: str, tmp_path: Path
) -> None:
    report, rows = run(native(record(**trail)), logged(*lines), out=tmp_path / "events")
    assert (pointed(rows), report.same_requests, report.conflicts) == ({}, 0, 1)
    (gap,) = report.gaps
    assert (gap.kind, gap.subject, gap.item) == ("not_understood", "request id R1", "EV-1.f2")
    assert f"found another content than in EV-1.f1/0 ({names})" in gap.reason


@pytest.mark.parametrize(
    ("trail", "one"),
    [
        ({"sourceIPAddress": "athena.amazonaws.com"}, line()),
        ({"eventTime": "2026-01-02T03:10:05Z"}, line(result="200 - 12 12 360000 4")),
        ({"eventTime": "2026-01-02T03:05:04Z"}, line()),
        ({"userIdentity": ANONYMOUS, "additionalEventData": {}}, line(requester="-")),
        ({}, line(requester=OWNER)),
        ({"requestParameters": {"bucketName": "b", "key": "a b/c"}}, line(key="a%2520b/c")),
        ({"requestParameters": {"bucketName": "b", "key": "a b"}}, line(key="a+b")),
        ({"eventName": "CopyObject"}, line(operation="REST.COPY.OBJECT")),
        ({"eventName": "UploadPartCopy"}, line(operation="REST.COPY.PART")),
        ({"errorCode": "NoSuchKey"}, line(result="404 NoSuchKey 1 - 5 -")),
        (
            {"eventName": "ListObjects", "requestParameters": {"bucketName": "b"}},
            line(operation="REST.GET.BUCKET", key="-"),
        ),
    ],
)
def test_what_agrees_though_it_is_spelled_otherwise(
    trail: dict[str, Any], one: str, tmp_path: Path
) -> None:
    report, rows = run(native(record(**trail)), logged(one), out=tmp_path / "events")
    assert (pointed(rows), report.gaps) == ({"EV-1.f2/0": "EV-1.f1/0"}, ())


def test_a_line_delivered_twice_is_a_copy_and_only_the_first_is_paired(tmp_path: Path) -> None:
    report, rows = run(
        native(record()), logged(line()), logged(line()), native(record()), out=tmp_path / "events"
    )
    assert pointed(rows) == {"EV-1.f2/0": "EV-1.f1/0"}
    copies = {r["event_uid"]: r["duplicate_of"] for r in rows if r["duplicate_of"]}
    assert copies == {"EV-1.f3/0": "EV-1.f2/0", "EV-1.f4/0": "EV-1.f1/0"}
    assert (report.rows, report.unique, report.duplicates, report.same_requests) == (4, 2, 2, 1)


def test_copies_of_the_trail_in_other_channels(tmp_path: Path) -> None:
    """From CloudWatch and from Lake the record is a copy; the line goes to the first of all."""
    inside = json.dumps(record())
    report, rows = run(
        json.dumps({"logEvents": [{"id": "1", "message": inside}]}).encode(),
        json.dumps({"eventJson": inside}).encode(),
        logged(line()),
        out=tmp_path / "events",
    )
    assert pointed(rows) == {"EV-1.f3/0": "EV-1.f1/0"}
    assert (report.duplicates, report.same_requests) == (1, 1)


def test_the_acts_of_one_request_are_paired_one_to_one(tmp_path: Path) -> None:
    """A batch: a record for each key that the trail has; lines for keys that it has not stay."""
    deleted = [
        record(eventName="DeleteObject", eventID=f"E{key}", readOnly=False,
               requestParameters={"bucketName": "b", "key": key}, resources=None)
        for key in ("x", "y")
    ]  # fmt: skip
    whole = record(eventName="DeleteObjects", eventID="E0", readOnly=False,
                   requestParameters={"bucketName": "b"}, resources=None)  # fmt: skip
    batch = [line(operation="BATCH.DELETE.OBJECT", key=key) for key in ("x", "y", "z")]
    report, rows = run(
        native(*deleted, whole),
        logged(*batch, line(operation="REST.POST.MULTI_OBJECT_DELETE", key="-")),
        out=tmp_path / "events",
    )
    expected = {"EV-1.f2/0": "EV-1.f1/0", "EV-1.f2/1": "EV-1.f1/1", "EV-1.f2/3": "EV-1.f1/2"}
    assert (expected, ()) == (pointed(rows), report.gaps)


def test_versions_of_one_key_are_acts_of_their_own(tmp_path: Path) -> None:
    deleted = [
        record(eventName="DeleteObject", eventID=f"E{version}", readOnly=False, resources=None,
               requestParameters={"bucketName": "b", "key": "k", "versionId": version})
        for version in ("v1", "v2")
    ]  # fmt: skip
    of_version = [
        line(operation="BATCH.DELETE.OBJECT").replace('"aws-cli/2.15.0" -', f'"aws-cli/2.15.0" {v}')
        for v in ("v2", "v1", "v3")
    ]
    report, rows = run(native(*deleted), logged(*of_version), out=tmp_path / "events")
    assert report.gaps == ()
    assert pointed(rows) == {"EV-1.f2/0": "EV-1.f1/1", "EV-1.f2/1": "EV-1.f1/0"}


def test_a_batch_of_a_thousand_keys_is_paired_in_time() -> None:
    """By key, not each with each: a million comparisons would take seconds for one request."""
    calls = 0

    def one(source: str, operation: str, key: str) -> dict[str, Any]:
        return {**dict.fromkeys(same_request.NEEDED), "source": source, "operation": operation,
                "container": "b", "object": key, "time": 0, "outcome": "success"}  # fmt: skip

    keys = [f"k{n}" for n in range(1000)]
    rows = [one("aws.cloudtrail", "DeleteObject", key) for key in keys]
    rows += [one("aws.s3_access_log", "BATCH.DELETE.OBJECT", key) for key in reversed(keys)]
    real = same_request.differing

    def counting(mine: Any, other: Any) -> tuple[str, ...]:
        nonlocal calls
        calls += 1
        return real(mine, other)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(same_request, "differing", counting)
        told = list(same_request.compare(rows))
    assert len(told) == 1000
    assert calls == 1000


def test_the_read_of_a_copy_is_another_act(tmp_path: Path) -> None:
    copy = record(eventName="CopyObject", readOnly=False)
    report, rows = run(
        native(copy),
        logged(line(operation="REST.COPY.OBJECT"),
               line(operation="REST.COPY.OBJECT_GET", bucket="source")),
        out=tmp_path / "events",
    )  # fmt: skip
    assert (pointed(rows), report.gaps) == ({"EV-1.f2/0": "EV-1.f1/0"}, ())


def test_other_days_and_a_later_run(tmp_path: Path) -> None:
    """The line of a long download lies on the day before; it comes, and goes, with its item."""
    out, afresh, store = tmp_path / "events", tmp_path / "afresh", Store()
    store.add(native(record(eventTime="2026-01-02T00:00:30Z")), "trail")
    normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    store.add(logged(line(time="01/Jan/2026:23:59:50 +0000")), "log")
    report = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    again = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    normalize.run(Path(), store.items, afresh, open_item=store.open_item, workers=1)
    assert (
        pointed(list(normalize.rows(out))), report.same_requests, again.same_requests,
    ) == ({"EV-1.f2/0": "EV-1.f1/0"}, 1, 1)  # fmt: skip
    assert {p.name: p.read_bytes() for p in out.rglob("*.json")} == {
        p.name: p.read_bytes() for p in afresh.rglob("*.json")
    }
    del store.items[0]
    report = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    assert (pointed(list(normalize.rows(out))), report.same_requests) == ({}, 0)


NAMES = ("GetObject", "PutObject", "CopyObject", "DeleteObject", "DeleteObjects", "ListObjects")
OPERATIONS = ("REST.GET.OBJECT", "REST.COPY.OBJECT", "REST.COPY.OBJECT_GET", "REST.PUT.OBJECT",
              "BATCH.DELETE.OBJECT", "REST.GET.BUCKET", "REST.GET.ENCRYPTION")  # fmt: skip
COMMON = {
    "container": st.sampled_from(["b", "c"]),
    "object": st.sampled_from(["k", "k+1", None]),
    "object_version": st.sampled_from(["v1", "v2", None]),
    "time": st.sampled_from([0, 10**6, 10**9]),
    "outcome": st.sampled_from(["success", "denied", "error"]),
    "actor_type": st.sampled_from(["Anonymous", "IAMUser", None]),
    "actor_uid": st.sampled_from([ALICE, None]),
    "src_ip": st.sampled_from(["192.0.2.1", "x.amazonaws.com", None]),
    "params": st.just(None),
    "total_ms": st.sampled_from([0, 90_000, None]),
}
TRAILS = st.fixed_dictionaries(
    {"source": st.just("aws.cloudtrail"), "operation": st.sampled_from(NAMES), **COMMON}
)
LINES = st.fixed_dictionaries(
    {
        "source": st.sampled_from(same_request.ACCESS_LOGS),
        "operation": st.sampled_from(OPERATIONS),
        **COMMON,
    }
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(TRAILS, LINES), max_size=6))
def test_pairs_are_one_to_one_and_what_stands_for_others_stands(rows: list[dict[str, Any]]) -> None:
    told = list(same_request.compare(rows))
    assert len(told) == len({each.row for each in told})
    same = [each for each in told if isinstance(each, same_request.Same)]
    folded = {each.row for each in same}
    assert folded.isdisjoint(each.as_row for each in same)
    in_text = [each for each in same if rows[each.row]["source"] == "aws.s3_access_log"]
    assert len(in_text) == len({each.as_row for each in in_text})
    for each in same:
        assert rows[each.row]["source"] in same_request.ACCESS_LOGS
        if each in in_text:
            assert same_request.differing(rows[each.as_row], rows[each.row]) == ()


def test_a_second_line_of_the_same_act_is_left_as_it_is(tmp_path: Path) -> None:
    other = line().replace("hostid=", "otherhost=")
    report, rows = run(native(record()), logged(line(), other), out=tmp_path / "events")
    assert (pointed(rows), report.gaps) == ({"EV-1.f2/0": "EV-1.f1/0"}, ())
