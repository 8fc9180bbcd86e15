"""WARC: our writer against warcio as judge, our reader against our writer, torn tails."""

import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from collector import gzip_members, warc

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
SECRET = "AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=canary-signature"


def request(uri: str = "https://s3.example/b?policy=") -> warc.Request:
    head = (
        b"GET /b?policy= HTTP/1.1\r\nHost: s3.example\r\nAuthorization: "
        + SECRET.encode()
        + b"\r\nX-Amz-Security-Token: canary-token\r\nProxy-Authorization: Basic cGFzcw==\r\n\r\n"
    )
    return warc.Request(uri=uri, head=head, body=b"")


def response(body: bytes = b'{"a": 1}\r\n\r\nsecond') -> warc.Response:
    headers = (
        ("X-Amz-Request-Id", "R1"),
        ("Transfer-Encoding", "chunked"),
        ("set-cookie", "canary-cookie"),
        ("X-Twice", "one"),
        ("X-Twice", "two  "),
    )
    return warc.Response(status=200, reason="OK", headers=headers, body=body)


def write(path: Path, *exchanges: tuple[bytes, ...]) -> None:
    info = warc.warcinfo(AT, {"software": "butfor", "format": "WARC File Format 1.1"})
    path.write_bytes(info + b"".join(b"".join(one) for one in exchanges))


def test_warcio_accepts_digests_and_sees_the_exact_body(tmp_path: Path) -> None:
    path = tmp_path / "api.warc.gz"
    write(path, warc.exchange(AT, request(), response()))

    checker = Checker(_Arguments([str(path)]))
    checker.process_all()
    assert checker.exit_value == 0

    with path.open("rb") as file:
        kinds, bodies = [], []
        for record in ArchiveIterator(file, check_digests=True):
            kinds.append(record.rec_type)
            bodies.append(record.raw_stream.read())
            assert record.digest_checker.passed is not False
    assert kinds == ["warcinfo", "request", "response"]
    assert bodies[2].endswith(response().body)


def test_reader_returns_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "api.warc.gz"
    fields = {"WARC-Butfor-Operation": "s3:GetBucketPolicy"}
    write(
        path,
        warc.exchange(AT, request(), response(), fields=fields),
        warc.exchange(AT, request(), None, error="reset\r\nby peer"),
        warc.exchange(AT, request(), response(b"")),
    )
    first, second, third = warc.read(path)
    assert (first.number, second.number, third.number) == (3, 4, 6)
    assert first.at == AT
    assert first.response is not None
    assert response().body == first.response.body
    assert first.fields["WARC-Butfor-Operation"] == "s3:GetBucketPolicy"
    names = [name for name, _ in first.response.headers]
    assert names == [
        "X-Amz-Request-Id",
        "X-Butfor-Orig-Transfer-Encoding",
        "set-cookie",
        "X-Twice",
        "X-Twice",
    ]
    assert first.response.headers[-1][1] == "two  "
    assert second.response is None
    assert second.error == "reset by peer"
    head, block = warc.read_at(path, first.offset)
    assert head["WARC-Type"] == "request"
    assert block == first.request.head + first.request.body


def test_an_answer_is_read_out_of_its_record_alone() -> None:
    fields = {
        "WARC-Butfor-Operation": "s3:GetBucketAcl",
        "WARC-Butfor-Account": "111111111111",
        "WARC-Butfor-Region": "us-east-1",
    }
    sent, received = warc.exchange(AT, request(), response(), fields=fields)
    assert warc.answer_in(received) == warc.Answer(
        operation="s3:GetBucketAcl",
        account="111111111111",
        region="us-east-1",
        uri=request().uri,
        at=AT,
        response=warc.answer_in(received).response,
        error=None,
    )
    assert warc.answer_in(received).response.body == response().body
    for wrong in (sent, received[:-5], b"", received + received):
        with pytest.raises(ValueError, match="expected one response record"):
            warc.answer_in(wrong)


@pytest.mark.parametrize("secret", ["canary-signature", "canary-token", "canary-cookie", "cGFzcw"])
def test_no_credential_is_written(tmp_path: Path, secret: str) -> None:
    path = tmp_path / "api.warc.gz"
    uri = "https://h/k?X-Amz-Signature=canary-signature&x=1&X-Amz-Security-Token=canary-token"
    write(path, warc.exchange(AT, request(uri), response()))
    for _, head, block in warc.records(path):
        assert secret not in str(head)
        assert secret.encode() not in block
    (only,) = warc.read(path)
    assert "&x=1&" in only.request.uri
    assert hashlib.sha256(SECRET.encode()).hexdigest().encode() in only.request.head
    assert b"Proxy-Authorization: [redacted bytes=14]" in only.request.head


def test_a_token_that_the_answer_echoes_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "api.warc.gz"
    token = b"FwoGZXIvYXdzEXAMPLETOKEN"
    head = b"GET / HTTP/1.1\r\nX-Amz-Security-Token: " + token + b"\r\n\r\n"
    sent = warc.Request(uri="https://s3.example/", head=head)
    write(path, warc.exchange(AT, sent, response(b"<Token-0>" + token + b"</Token-0>")))
    (only,) = warc.read(path)
    assert only.response is not None
    assert token not in only.response.body
    assert only.response.body.startswith(b"<Token-0>[redacted bytes=24 sha256=")
    redactions = [head.get("WARC-Butfor-Redacted") for _, head, _ in warc.records(path)]
    assert redactions == [None, "X-Amz-Security-Token", "set-cookie, body"]


@given(cut=st.integers(min_value=1, max_value=400))
@settings(max_examples=60, deadline=None)
def test_torn_tail_loses_only_the_torn_record(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("torn") / "api.warc.gz"
    write(path, warc.exchange(AT, request(), response()))
    before = path.stat().st_size
    last = warc.exchange(AT, request(), response(b"x" * 500))[0]
    torn = last[: max(1, len(last) - cut)]
    with path.open("ab") as file:
        file.write(torn)
    assert (before, 3) == warc.whole_length(path)
    assert len(list(warc.read(path))) == 1


@given(body=st.binary(max_size=2000))
@settings(max_examples=50, deadline=None)
def test_any_body_round_trips(body: bytes) -> None:
    members = warc.exchange(AT, request(), response(body))
    parsed = list(gzip_members.whole(io.BytesIO(b"".join(members)).read))
    _, block = warc._parse(parsed[1][2], 0)
    assert body == warc.parse_response(block).body


class _Arguments:
    """What warcio's checker takes from its command line."""

    def __init__(self, inputs: list[str]) -> None:
        self.inputs = inputs
        self.verbose = True
