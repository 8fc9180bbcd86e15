"""Answers of a provider as they were recorded: bodies, places, and what they are read as."""

import gzip
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import warc
from collector.model import EvidenceItem
from tests.timeline.normalize.evidence import AT, Store
from timeline import normalize, rederive
from timeline.correlate.aws import membership
from timeline.normalize import exchanges
from timeline.normalize.aws import answers_collected, detector_findings
from timeline.state.aws import harvest

OPERATION = {"WARC-Butfor-Operation": "cloudtrail:LookupEvents"}


def answered(
    store: Store, body: bytes, *, status: int = 200, truncated: bool = False, **headers: str
) -> EvidenceItem:
    """One more item: an answer as a collection stores it."""
    response = warc.Response(
        status=status,
        reason="OK",
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
        body=body,
        truncated=truncated,
    )
    request = warc.Request(uri="https://x.example/", head=b"POST / HTTP/1.1\r\n\r\n")
    _, member = warc.exchange(AT, request, response, fields=OPERATION)
    item = store.add(member, "cloudtrail:LookupEvents account/111111111111")
    path = PurePosixPath("evidence/x/api.warc.gz")
    uid = item.uid.replace("f", "w")
    store.held[uid] = member
    store.items[-1] = replace(item, uid=uid, path=path)
    return store.items[-1]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_the_place_of_a_body_gives_its_bytes(body: bytes) -> None:
    store = Store()
    item = answered(store, body, content_type="application/octet-stream")
    page = exchanges.received(store.held[item.uid])
    assert page.answer.response.body == body
    if body:
        assert normalize.reextract(store.open_item, item, page.locator) == body


def test_a_packed_body_is_unpacked_and_cited_as_it_came() -> None:
    store = Store()
    packed = gzip.compress(b"<a/>", mtime=0)
    item = answered(store, packed, content_encoding="gzip")
    page = exchanges.received(store.held[item.uid])
    assert page.text() == b"<a/>"
    assert normalize.reextract(store.open_item, item, page.locator) == packed


@pytest.mark.parametrize(
    ("coding", "body"),
    [("br", b"x"), ("gzip", b"no gzip"), ("gzip", gzip.compress(b"x", mtime=0)[:-9])],
)
def test_an_unknown_or_broken_coding_is_refused(coding: str, body: bytes) -> None:
    store = Store()
    item = answered(store, body, content_encoding=coding)
    with pytest.raises(ValueError, match="gzip"):
        exchanges.received(store.held[item.uid]).text()


@pytest.mark.parametrize("member", [b"", b"plain", gzip.compress(b"WARC/1.1\r\n\r\n", mtime=0)])
def test_bytes_that_are_no_record_are_refused(member: bytes) -> None:
    with pytest.raises(ValueError, match=r"expected|WARC"):
        exchanges.received(member)


def looked_up(count: int) -> bytes:
    inner = {
        "eventVersion": "1.08",
        "eventTime": "2026-01-02T03:04:05Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "DeleteBucketPolicy",
        "requestParameters": {"bucketName": "b"},
        "recipientAccountId": "111111111111",
    }
    events = [
        {"EventId": n, "EventName": "x", "CloudTrailEvent": json.dumps(inner | {"eventID": n})}
        for n in map(str, range(count))
    ]
    return json.dumps({"Events": events, "NextToken": "t"}).encode()


def test_events_that_were_looked_up_are_rows_that_cite_the_answer(tmp_path: Path) -> None:
    store = Store()
    answered(store, looked_up(3))
    answered(store, b'{"Events": []}')
    answered(store, b'{"__type": "AccessDeniedException"}', status=400)
    answered(store, looked_up(2), truncated=True)
    report = normalize.run(
        tmp_path, store.items, tmp_path / "events", open_item=store.open_item, workers=1
    )
    assert (report.files, report.files_read, len(report.documents)) == (4, 1, 3)
    assert report.gaps == ()
    rows = list(normalize.rows(tmp_path / "events"))
    assert [row["evidence_item"] for row in rows] == ["EV-1.w1"] * 3
    items = {item.uid: item for item in store.items}
    for row in rows:
        cited = normalize.reextract(store.open_item, items[row["evidence_item"]], row["locator"])
        assert sha256(cited).hexdigest() == row["record_sha256"]
        assert json.loads(cited)["EventId"] == row["provider_uid"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"Policy": "{}"}', {"Policy": "{}"}),
        (b'{"__type": "a.b#NotFoundException:http"}', {"Error": {"Code": "NotFoundException"}}),
        (
            b'<?xml version="1.0"?><Error><Code>NoSuchBucketPolicy</Code></Error>',
            {"Error": {"Code": "NoSuchBucketPolicy"}},
        ),
        (
            b'<ErrorResponse xmlns="u"><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>',
            {"Error": {"Code": "NoSuchEntity"}},
        ),
        (
            b"<Response><Errors><Error><Code>Un</Code></Error></Errors></Response>",
            {"Error": {"Code": "Un"}},
        ),
        (b"<AResponse><AResult><B> c </B></AResult><M/></AResponse>", {"B": " c "}),
        (b"<L><member><N>1</N></member></L>", {"L": [{"N": "1"}]}),
        (b"<L><item>1</item><item/></L>", {"L": ["1", ""]}),
        (b"<L><G>1</G><G><H/></G><I/></L>", {"L": {"G": ["1", {"H": ""}], "I": ""}}),
        (
            b'<g xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:type="Group"/>',
            {"g": {"xsi:type": "Group"}},
        ),
    ],
)
def test_bodies_of_four_protocols(body: bytes, found: Any) -> None:
    assert answers_collected.decoded(body) == found


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no",
        b"<a>",
        b"<a/><b/>",
        b"<" + b"a" * 9,
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a>" * 99 + b"</a>" * 99,
        b'{"Statement": [], "Statement": [1]}',
        b'{"a": {"b": 1, "b": 2}}',
        b"\xff\xfe{}",
    ],
)
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        answers_collected.decoded(body)


#: Answers about trails and event data stores: what was being recorded is told from them.
KINDS_OF_LOGGING = ("trails", "status", "selectors", "event_data_store")


def test_every_kind_that_is_collected_is_read_by_a_stage() -> None:
    of_logging = {f"aws.cloudtrail.{name}" for name in KINDS_OF_LOGGING}
    elsewhere = of_logging | detector_findings.KINDS | {membership.USERS}
    kinds = set(answers_collected.KINDS.values()) - elsewhere
    assert kinds <= set(harvest.ANSWERS)


@pytest.mark.parametrize(
    ("resource", "asked", "found"),
    [
        ("arn:aws-cn:s3:::b", {"Bucket": "b"}, "arn:aws:s3:::b"),
        ("account/111111111111", {}, "aws:account:222222222222"),
        ("arn:aws:kms:r:1:key/k", {"KeyId": "k"}, "arn:aws:kms:r:1:key/k"),
    ],
)
def test_what_an_answer_is_about(resource: str, asked: dict[str, str], found: str) -> None:
    assert answers_collected.about(resource, "222222222222", asked) == found


def test_a_row_comes_again_from_the_bytes_of_its_answer(tmp_path: Path) -> None:
    store = Store()
    item = answered(store, looked_up(3))
    normalize.run(tmp_path, store.items, tmp_path / "events", open_item=store.open_item, workers=1)
    for row in normalize.rows(tmp_path / "events"):
        place = rederive.place_of(row["locator"])
        assert place is not None
        found = rederive.read_back(store.open_item, item, [place])[place]
        again = rederive.event_row(item, place, found)
        assert again is not None
        assert again["provider_uid"] == row["provider_uid"]
        assert again["record_sha256"] == row["record_sha256"]
