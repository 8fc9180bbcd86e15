"""The recorder: between the SDK and the network, it keeps every attempt as it went and came.

A `before-send` handler that returns an answer replaces the SDK's own sending. Ours sends with an
HTTP session of its own (proxy, CA bundle, time-outs and pool size of the client it stands for),
reads the entity to its end, and hands the exchange to the sink *before* the SDK parses anything.

Two scars: the SDK accepts bodies that end early (`enforce_content_length=False`): half a bucket
policy would pass as a success. The recorder compares with Content-Length and raises what the SDK
retries. And urllib3's errors must be mapped to the SDK's, or its retries stop.
"""

import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import botocore.awsrequest
import urllib3
from botocore.exceptions import BotoCoreError, ConnectionClosedError, ReadTimeoutError

from collector import clock, warc
from collector.aws.guard import is_credential
from collector.aws.http_session import CapturingSession, forget_head, last_head
from collector.aws.outcomes import settled
from collector.credentials import redact_uri

CHUNK = 1 << 18


class Sink(Protocol):
    """Where exchanges and files go; `collector.acquire` implements it over the evidence store."""

    def exchange(
        self,
        at: datetime,
        request: warc.Request,
        response: warc.Response | None,
        *,
        error: str | None,
        fields: Mapping[str, str],
    ) -> tuple[int, ...]:
        """Store one exchange; returns the numbers of its WARC records."""

    def file(
        self, chunks: Iterator[bytes], *, name: str, uri: str, headers: tuple[warc.Header, ...]
    ) -> str:
        """Store one file; returns `<evidence id> sha256:<hex>`. An error in `chunks` keeps none."""

    def held(self, key: str) -> tuple[tuple[int, ...], warc.Response] | None:
        """The answer to the same request that an interrupted run left, with its records."""


@dataclass(slots=True)
class Trace:
    """What one operation did on the wire: grows with each attempt.

    Attributes:
        records: WARC record numbers of every attempt, in order.
        request_ids: the provider's ids of our own requests (footprint, R-120).
        fresh: False once a held answer must not be used (a page token has expired).
        stored: file that the answer went to.
    """

    records: list[int] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)
    fresh: bool = False
    stored: str | None = None


_local = threading.local()


@contextmanager
def tracing(*, fresh: bool = False) -> Iterator[Trace]:
    """Collect what the calls of this thread do; the SDK sends in the caller's thread."""
    trace = Trace(fresh=fresh)
    _local.trace = trace
    try:
        yield trace
    finally:
        _local.trace = None


class Recorder:
    """Records every exchange of the clients it is attached to.

    The clock offset is the provider's `Date` minus our time at the middle of the exchange.
    """

    def __init__(self, sink: Sink, *, concurrency: int = 8) -> None:
        """Everything goes to `sink`; at most `concurrency` requests are in flight at a time."""
        self._sink = sink
        self._in_flight = threading.BoundedSemaphore(concurrency)
        self._lock = threading.Lock()
        self.sent = 0
        self._dates: list[tuple[str, datetime, float]] = []

    @property
    def offsets(self) -> list[dict[str, Any]]:
        """Of the first and of the last answer that told the time."""
        with self._lock:
            dates = tuple(self._dates)
        return [entry for one in dates if (entry := _offset(*one)) is not None]

    def attach(self, client: Any, account: str, region: str) -> None:  # noqa: ANN401
        """Put the recorder between a client and the network."""
        session = CapturingSession(client)
        service = client.meta.service_model.service_name
        protocol = client.meta.service_model.resolved_protocol

        def before_send(request: Any, event_name: str, **_: Any) -> Any:  # noqa: ANN401
            operation = event_name.rpartition(".")[2]
            call = _Call(
                service=service,
                operation=operation,
                account=account,
                region=region,
                speaks_json="json" in protocol,
            )
            if is_credential(call.id):
                return None  # the SDK sends it; not one byte is kept
            return self._answer(session, call, request)

        client.meta.events.register_last("before-send", before_send)

    def _answer(self, session: CapturingSession, call: "_Call", request: Any) -> Any:  # noqa: ANN401
        trace: Trace = getattr(_local, "trace", None) or Trace()
        body = _body(request)
        key = call.key(request.method, request.url, body)
        if not trace.fresh and (held := self._sink.held(key)) is not None:
            numbers, answer = held
            if settled(call.service, call.operation, answer):
                trace.records += numbers
                trace.stored = answer.stored_as
                _note_ids(trace, answer.headers)
                return _as_sdk(request.url, answer)
        with ExitStack() as slot:
            slot.enter_context(self._in_flight)
            return self._exchange(session, call, request, body, key, trace, slot)

    def _exchange(
        self,
        session: CapturingSession,
        call: "_Call",
        request: Any,  # noqa: ANN401
        body: bytes,
        key: str,
        trace: Trace,
        slot: ExitStack,
    ) -> Any:  # noqa: ANN401
        """Send, read to the end (which gives the slot back), keep, hand over."""
        fields = call.fields(key)
        started = clock.mono_ns()
        raw, streamed = self._send(session, request, body, fields, trace)
        sent = warc.Request(uri=request.url, head=last_head(), body=body)
        headers = tuple((str(name), str(value)) for name, value in raw.headers.items())
        _note_ids(trace, headers)
        self._note_date(headers, (clock.mono_ns() - started) / 1e9)
        reader = _Entity(raw, request.method, slot.close)
        error: BaseException | None = None
        stored = content = None
        try:
            if streamed and raw.status == 200:
                name, uri = _local.name
                stored = self._sink.file(reader.chunks(), name=name, uri=uri, headers=headers)
            else:
                content = b"".join(reader.chunks())
                if call.speaks_json and raw.status == 200:
                    _check_json(content)
        except (urllib3.exceptions.HTTPError, EarlyEndError) as one:
            error = one
        answer = warc.Response(
            status=raw.status,
            reason=raw.reason or "",
            headers=headers,
            body=content if content is not None else (b"" if stored else bytes(reader.kept)),
            truncated=error is not None,
            stored_as=stored,
        )
        trace.records += self._sink.exchange(
            clock.now(), sent, answer, error=str(error) if error else None, fields=fields
        )
        with self._lock:
            self.sent += 1
        if error is not None:
            raw.close()  # what remains on this connection belongs to no answer
            raise _mapped(error, request) from error
        trace.stored = stored
        return _as_sdk(request.url, answer)

    def _send(
        self,
        session: CapturingSession,
        request: Any,  # noqa: ANN401
        body: bytes,
        fields: Mapping[str, str],
        trace: Trace,
    ) -> tuple[Any, bool]:
        """The raw answer, unread; a failure to get one is recorded as an attempt."""
        streamed, request.stream_output = request.stream_output, True
        forget_head()
        try:
            return session.send(request).raw, streamed
        except Exception as error:
            # Recorded and raised again: the SDK decides whether it asks once more.
            head = last_head() or f"{request.method} {request.url} HTTP/1.1\r\n\r\n".encode()
            sent = warc.Request(uri=request.url, head=head, body=body)
            trace.records += self._sink.exchange(
                clock.now(), sent, None, error=f"{type(error).__name__}: {error}", fields=fields
            )
            raise
        finally:
            request.stream_output = streamed

    def _note_date(self, headers: tuple[warc.Header, ...], seconds: float) -> None:
        date = next((value for name, value in headers if name.lower() == "date"), None)
        if date is not None:
            with self._lock:
                self._dates[1:] = [(date, clock.now(), seconds)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    service: str
    operation: str
    account: str
    region: str
    speaks_json: bool

    @property
    def id(self) -> str:
        return f"{self.service}:{self.operation}"

    def key(self, method: str, url: str, body: bytes) -> str:
        """What makes two requests the same request; credentials are no part of it."""
        parts = (self.account, self.region, self.id, method, redact_uri(url)[0])
        return hashlib.sha256("\n".join(parts).encode() + b"\n" + body).hexdigest()

    def fields(self, key: str) -> dict[str, str]:
        return {
            "WARC-Butfor-Operation": self.id,
            "WARC-Butfor-Account": self.account,
            "WARC-Butfor-Region": self.region,
            "WARC-Butfor-Call": key,
        }


def _offset(date: str, ours: datetime, seconds: float) -> dict[str, Any] | None:
    """Their clock against ours; None if they did not tell a time."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return None
    return {
        "at": clock.stamp(ours),
        "offset_ms": round(((theirs - ours).total_seconds() + seconds / 2) * 1000),
        "uncertainty_ms": round((seconds / 2 + 1) * 1000),
    }


@contextmanager
def naming(name: str, uri: str) -> Iterator[None]:
    """True name and address of the object that the next call of this thread streams."""
    _local.name = name, uri
    try:
        yield
    finally:
        _local.name = None


class EarlyEndError(Exception):
    """The entity ended before its declared length."""


def _check_json(content: bytes) -> None:
    """Refuse a JSON answer that is none: the SDK would take it for an empty success.

    A body whose end is marked by the connection alone can be cut off without a sign, and a
    portal in the way answers in HTML.
    """
    try:
        json.loads(content or b"{}")
    except ValueError as error:
        raise EarlyEndError(f"expected JSON, found {len(content)} bytes that are not") from error


class _Entity:
    """Reads an entity to its end, after transfer-decoding and before content-decoding."""

    def __init__(self, raw: Any, method: str, ended: Callable[[], None]) -> None:  # noqa: ANN401
        self._raw = raw
        self._ended = ended
        self._bodyless = method == "HEAD" or raw.status in (204, 304)
        self.length = 0
        self.kept = bytearray()

    def chunks(self) -> Iterator[bytes]:
        for chunk in self._raw.stream(CHUNK, decode_content=False):
            self.length += len(chunk)
            if len(self.kept) < CHUNK:
                self.kept += chunk  # what a truncated attempt leaves behind, bounded
            yield chunk
        self._ended()
        declared = self._raw.headers.get("Content-Length")
        if self._bodyless or declared is None or "chunked" in _encoding(self._raw.headers):
            return
        if declared.strip() != str(self.length):
            raise EarlyEndError(f"expected {declared} bytes of body, found {self.length}")


def _encoding(headers: Mapping[str, str]) -> str:
    return (headers.get("Transfer-Encoding") or "").lower()


def _body(request: Any) -> bytes:  # noqa: ANN401
    body = request.body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    position = body.tell()
    content: bytes = body.read()
    body.seek(position)
    return content


def _mapped(error: BaseException, request: Any) -> BotoCoreError:  # noqa: ANN401
    """The SDK's own error, which its retry rules know."""
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        timed_out: BotoCoreError = ReadTimeoutError(endpoint_url=request.url, error=error)
        return timed_out
    closed: BotoCoreError = ConnectionClosedError(
        endpoint_url=request.url, error=error, request=request
    )
    return closed


def _note_ids(trace: Trace, headers: tuple[warc.Header, ...]) -> None:
    for name, value in headers:
        if name.lower() in ("x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"):
            if value not in trace.request_ids:
                trace.request_ids.append(value)
            return


class _Raw(io.BytesIO):
    """Bytes in the shape that the SDK reads answers in."""

    def stream(self, amount: int = CHUNK) -> Iterator[bytes]:
        while chunk := self.read(amount):
            yield chunk


_original: Callable[[str], str] = lambda name: (  # noqa: E731
    "Transfer-Encoding" if name == warc.RENAMED["transfer-encoding"] else name
)


def _as_sdk(url: str, answer: warc.Response) -> Any:  # noqa: ANN401
    headers = urllib3.HTTPHeaderDict()
    if answer.stored_as is None:
        for name, value in answer.headers:
            headers.add(_original(name), value)
    # Else the file holds the entity and the ledger its headers: the SDK gets neither, so that it
    # expects no body and spends no time on what nobody reads.
    return botocore.awsrequest.AWSResponse(url, answer.status, headers, _Raw(answer.body))
