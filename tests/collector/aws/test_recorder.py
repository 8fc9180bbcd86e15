"""The recorder against a server whose every byte we choose."""

import gzip
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from collector import warc
from collector.aws import recorder as recording
from collector.aws.http_session import CapturingSession

SECRET = "canary-secret"
TOKEN = "canary-token-of-more-than-sixteen"
DOCUMENT = b"<?xml version='1.0'?><ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"


@dataclass(frozen=True, slots=True)
class Scripted:
    """One answer, byte by byte; `cut` ends the connection after so many bytes of the body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    cut: int | None = None


@dataclass(slots=True)
class Memory:
    """A sink that keeps everything in memory."""

    exchanges: list[tuple[warc.Request, warc.Response | None, str | None, dict[str, str]]] = field(
        default_factory=list
    )
    files: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, tuple[tuple[int, ...], warc.Response]] = field(default_factory=dict)

    def exchange(
        self,
        at: datetime,
        request: warc.Request,
        response: warc.Response | None,
        *,
        error: str | None,
        fields: Mapping[str, str],
    ) -> tuple[int, ...]:
        self.exchanges.append((request, response, error, dict(fields)))
        return (len(self.exchanges),)

    def file(
        self, chunks: Iterator[bytes], *, name: str, uri: str, headers: tuple[warc.Header, ...]
    ) -> str:
        content = b"".join(chunks)
        self.files[uri] = content
        return f"EV-1.f1 sha256:{len(content)}"

    def held(self, key: str) -> tuple[tuple[int, ...], warc.Response] | None:
        return self.answers.get(key)


@contextmanager
def serving(*answers: Scripted) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives these answers in turn; and the request heads that it received."""
    waiting = list(answers)
    heads: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            heads.append(self.requestline.encode())
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            one = waiting.pop(0)
            self.send_response_only(one.status, "Words")
            for name, value in one.headers:
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(one.body[: one.cut])
            self.close_connection = one.cut is not None

        do_POST = do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", heads
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def recorded(url: str, service: str, sink: Memory, **settings: Any) -> Any:
    session = botocore.session.Session()
    session.set_credentials("AKIACANARY", SECRET, TOKEN)
    client = session.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        config=Config(retries={"mode": "standard", "total_max_attempts": 3}, **settings),
    )
    recording.Recorder(sink).attach(client, "111111111111", "us-east-1")
    return client


def sized(body: bytes, *more: tuple[str, str], cut: int | None = None) -> Scripted:
    return Scripted(200, (("Content-Length", str(len(body))), *more), body, cut)


def test_headers_and_entity_are_kept_as_they_came() -> None:
    more = (
        ("x-amz-request-id", "R1"),
        ("X-Twice", "a"),
        ("x-amz-id-2", "i"),
    )
    sink = Memory()
    with serving(sized(DOCUMENT, *more)) as (url, heads):
        client = recorded(url, "s3", sink)
        with recording.tracing() as trace:
            client.list_buckets()
    ((request, response, error, fields),) = sink.exchanges
    assert response is not None
    assert response.body == DOCUMENT
    assert [("Content-Length", str(len(DOCUMENT))), *more] == list(response.headers)
    assert (response.status, response.reason) == (200, "Words")
    assert error is None
    assert fields["WARC-Butfor-Operation"] == "s3:ListBuckets"
    assert (trace.request_ids, trace.records) == (["R1"], [1])
    lines = request.head.split(b"\r\n")
    assert heads[0] == lines[0]
    sent = {line.partition(b":")[0].lower() for line in lines[1:] if line}
    assert {b"host", b"authorization", b"x-amz-security-token", b"user-agent"} <= sent
    assert TOKEN.encode() in request.head  # replaced when written: `warc.exchange`


def test_chunked_entities_are_kept_without_their_chunks() -> None:
    half = len(DOCUMENT) // 2
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(part), part) for part in (DOCUMENT[:half], DOCUMENT[half:])
    )
    answer = Scripted(200, (("Transfer-Encoding", "chunked"),), chunks + b"0\r\n\r\n")
    sink = Memory()
    with serving(answer) as (url, _):
        assert recorded(url, "s3", sink).list_buckets()["Buckets"] == []
    response = sink.exchanges[0][1]
    assert response is not None
    assert response.body == DOCUMENT
    members = warc.exchange(datetime.now().astimezone(), *sink.exchanges[0][:2])
    assert len(members) == 2


@pytest.mark.parametrize(
    ("service", "call", "body", "headers"),
    [
        ("s3", "list_buckets", DOCUMENT, (("Content-Length", str(len(DOCUMENT))),)),
        ("kms", "list_keys", b'{"Keys": [{"KeyId": "k", "KeyArn": "a"}]}', None),
    ],
    ids=["declared length", "JSON without a length"],
)
def test_a_body_that_ends_early_is_asked_again_and_kept_as_cut_off(
    service: str, call: str, body: bytes, headers: tuple[tuple[str, str], ...] | None
) -> None:
    kind = (("Content-Type", "application/x-amz-json-1.1"), ("Connection", "close"))
    cut = Scripted(200, headers or kind, body, cut=len(body) // 2)
    sink = Memory()
    with serving(cut, sized(body)) as (url, _):
        answer = getattr(recorded(url, service, sink), call)()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    first, second = (one[1] for one in sink.exchanges)
    assert first is not None
    assert second is not None
    assert (True, body[: len(body) // 2]) == (first.truncated, first.body)
    assert (False, body) == (second.truncated, second.body)


def test_a_body_that_always_ends_early_is_never_a_success() -> None:
    sink = Memory()
    with serving(*[sized(DOCUMENT, cut=10)] * 3) as (url, _):
        client = recorded(url, "s3", sink)
        with pytest.raises(ConnectionClosedError):
            client.list_buckets()
    assert len(sink.exchanges) == 3
    assert all(one[1] is not None and one[1].truncated for one in sink.exchanges)


def test_an_attempt_without_an_answer_is_recorded() -> None:
    sink = Memory()
    client = recorded("http://127.0.0.1:9", "s3", sink)
    with pytest.raises(Exception, match="Could not connect"):
        client.list_buckets()
    assert [one[1] for one in sink.exchanges] == [None] * 3
    assert all(one[2] is not None for one in sink.exchanges)


def test_objects_go_to_a_file_and_a_cut_one_is_fetched_again() -> None:
    # Compressed, and marked so: before content-decoding is what is kept.
    content = gzip.compress(bytes(range(256)) * 4000, mtime=0)
    more = (
        ("Content-Encoding", "gzip"),
        ("x-amz-meta-signature", "c0ffee"),
        ("x-amz-checksum-crc32", "AAAAAA=="),
    )
    sink = Memory()
    with serving(sized(content, *more, cut=1000), sized(content, *more)) as (url, _):
        client = recorded(url, "s3", sink)
        with recording.tracing() as trace, recording.naming("k/1", "s3://b/k/1"):
            client.get_object(Bucket="b", Key="k/1")
    assert sink.files == {"s3://b/k/1": content}
    assert trace.stored == f"EV-1.f1 sha256:{len(content)}"
    last = sink.exchanges[-1][1]
    assert last is not None
    assert (b"", trace.stored) == (last.body, last.stored_as)
    assert ("x-amz-meta-signature", "c0ffee") in last.headers


def test_head_has_no_body_and_is_whole() -> None:
    sink = Memory()
    with serving(Scripted(200, (("Content-Length", "5000"),), b"")) as (url, _):
        recorded(url, "s3", sink).head_bucket(Bucket="bucket")
    response = sink.exchanges[0][1]
    assert response is not None
    assert not response.truncated


def test_a_held_answer_is_not_asked_again_and_a_failed_one_is() -> None:
    sink, fresh = Memory(), Memory()
    refused = Scripted(
        403, (("Content-Length", "54"),), b"<Error><Code>AccessDenied</Code></Error>".ljust(54)
    )
    with serving(sized(DOCUMENT), refused, sized(DOCUMENT)) as (url, heads):
        recorded(url, "s3", sink).list_buckets()
        with pytest.raises(ClientError, match="AccessDenied"):
            recorded(url, "s3", sink).get_bucket_acl(Bucket="bucket")
        for number, (_, response, _, fields) in enumerate(sink.exchanges, start=1):
            assert response is not None
            fresh.answers[fields["WARC-Butfor-Call"]] = ((number,), response)
        again = recorded(url, "s3", fresh)
        with recording.tracing() as trace:
            assert again.list_buckets()["Buckets"] == []
            with pytest.raises(ClientError, match="AccessDenied"):
                again.get_bucket_acl(Bucket="bucket")
        assert (len(heads), trace.records) == (2, [1, 2])
        assert fresh.exchanges == []
        # Too old a page token: what is held is not enough.
        with recording.tracing(fresh=True):
            again.list_buckets()
        assert len(heads) == 3


def test_another_account_or_region_is_another_question() -> None:
    calls = [
        recording._Call(
            service="kms", operation="ListKeys", account=account, region=region, speaks_json=True
        )
        for account in ("1", "2")
        for region in ("r", "s")
    ]
    keys = {one.key("POST", "https://kms/", b"{}") for one in calls}
    keys |= {calls[0].key("POST", "https://kms/", b'{"Marker": "m"}')}
    assert len(keys) == 5


def test_proxy_bundle_and_timeouts_of_the_client_are_carried_over(tmp_path: Path) -> None:
    session = botocore.session.Session()
    session.set_credentials("AKIACANARY", SECRET)
    client = session.create_client(
        "s3",
        region_name="us-east-1",
        verify=str(tmp_path / "ca.pem"),
        config=Config(proxies={"https": "http://proxy:3128"}, connect_timeout=3, read_timeout=7),
    )
    own = CapturingSession(client)
    assert own._verify == str(tmp_path / "ca.pem")
    assert own._proxy_config.proxy_url_for("https://s3") == "http://proxy:3128"
    assert (own._timeout.connect_timeout, own._timeout.read_timeout) == (3, 7)


def test_json_of_errors_is_not_checked_for_form() -> None:
    body = json.dumps({"__type": "NotFoundException"}).encode()
    sink = Memory()
    kind = ("Content-Type", "application/x-amz-json-1.1")
    with serving(Scripted(400, (kind, ("Content-Length", str(len(body)))), body)) as (url, _):
        client = recorded(url, "kms", sink)
        with pytest.raises(ClientError, match="NotFoundException"):
            client.describe_key(KeyId="k")
