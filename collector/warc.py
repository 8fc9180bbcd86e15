"""api.warc.gz: every exchange with a provider, as WARC 1.1 (ISO 28500:2017), written and read.

Each exchange is a request record and, if an answer came, a response record; each record is one
gzip member, so that one record is one seek. *Exact* means: entity bytes after transfer-decoding
and before content-decoding; header names, order and values as the client library gives them; the
request as sent. Departures are named in the record itself:

- `Transfer-Encoding` is stored as `X-Butfor-Orig-Transfer-Encoding`: readers de-chunk on the
  header, and the stored bytes are de-chunked already;
- values of credentials are replaced, their names listed in `WARC-Butfor-Redacted`;
- a body that came to an early end has `WARC-Truncated: disconnect`;
- a body that is stored as a file of its own has `WARC-Butfor-Body` instead of bytes.

Own writer, because `warcio` writes SHA-1, re-encodes and trims headers; it judges in the tests.
"""

import hashlib
import io
import uuid
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from collector import credentials, gzip_members

VERSION = "WARC/1.1"
CRLF = b"\r\n"
RENAMED = {"transfer-encoding": "X-Butfor-Orig-Transfer-Encoding"}

Header = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as sent: `head` is the request line and headers with the empty line."""

    uri: str
    head: bytes
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer as received.

    Attributes:
        status: HTTP status.
        reason: the words after it.
        headers: names and values in order.
        body: entity bytes; empty if `stored_as` is set.
        truncated: the body ended before its declared length.
        stored_as: `<evidence id> sha256:<hex>` of a body that is a file of its own.
    """

    status: int
    reason: str
    headers: tuple[Header, ...]
    body: bytes = b""
    truncated: bool = False
    stored_as: str | None = None

    def header(self, name: str) -> str | None:
        """First value of a header, by name in any case."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One exchange read back.

    Attributes:
        offset: of the request record's gzip member in the file.
        number: of the response record (of the request record if no answer came), from 1: the `n`
            of an evidence id `EV-<acquisition>.w<n>`.
        at: time of the records.
        request: as stored, credentials replaced.
        response: None if no answer came.
        error: why no answer came.
        fields: the further WARC fields of the response (request) record.
    """

    offset: int
    number: int
    at: datetime
    request: Request
    response: Response | None
    error: str | None
    fields: Mapping[str, str] = field(default_factory=dict)


def redact_request(request: Request) -> tuple[Request, tuple[str, ...]]:
    """A request without credentials, and the names of what was replaced."""
    uri, names = credentials.redact_uri(request.uri)
    lines = request.head.split(CRLF)
    method, _, rest = lines[0].partition(b" ")
    target, _, version = rest.rpartition(b" ")
    clean_target, _ = credentials.redact_uri(target.decode("latin-1"))
    kept = [b" ".join((method, clean_target.encode("latin-1"), version))]
    replaced = list(names)
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        secret = credentials.SECRET_HEADERS.get(name.decode("latin-1").strip().lower())
        if colon and secret is not None:
            replaced.append(name.decode("latin-1"))
            line = name + b": " + credentials.redacted(value.strip(), hashed=secret)
        kept.append(line)
    return Request(uri=uri, head=CRLF.join(kept), body=request.body), tuple(replaced)


def exchange(
    at: datetime,
    request: Request,
    response: Response | None,
    *,
    error: str | None = None,
    fields: Mapping[str, str] | None = None,
) -> tuple[bytes, ...]:
    """The gzip members of one exchange: a request record and, if there is one, its response.

    Args:
        at: our clock when the answer was complete.
        request: as sent; credentials are replaced here, so none can be forgotten.
        response: as received; None if none came.
        error: why none came, or why it was not accepted.
        fields: further fields of both records, e.g. the operation.
    """
    clean, names = redact_request(request)
    extra = dict(fields or {})
    if error is not None:
        extra["WARC-Butfor-Error"] = _one_line(error)
    request_id = _record_id()
    named = {"WARC-Butfor-Redacted": ", ".join(names)} if names else {}
    members = [
        _http_record("request", at, clean.uri, request_id, extra | named, clean.head, clean.body)
    ]
    if response is not None:
        head, secrets = _response_head(response)
        body, echoed = credentials.without_echo(response.body, credentials.secrets_of(request.head))
        secrets += ("body",) if echoed else ()
        more = dict(extra) | {"WARC-Concurrent-To": request_id}
        if secrets:
            more["WARC-Butfor-Redacted"] = ", ".join(secrets)
        if response.truncated:
            more["WARC-Truncated"] = "disconnect"
        if response.stored_as is not None:
            more["WARC-Butfor-Body"] = response.stored_as
        members.append(_http_record("response", at, clean.uri, _record_id(), more, head, body))
    return tuple(members)


def warcinfo(at: datetime, fields: Mapping[str, str]) -> bytes:
    """The first record: which software wrote the file, and how to read it."""
    block = b"".join(f"{name}: {_one_line(value)}\r\n".encode() for name, value in fields.items())
    head = {
        "WARC-Type": "warcinfo",
        "WARC-Record-ID": _record_id(),
        "WARC-Date": _date(at),
        "Content-Type": "application/warc-fields",
        "WARC-Block-Digest": _digest(block),
    }
    return _member(head, block)


def read(path: Path) -> Iterator[Exchange]:
    """Every exchange of a file, in order; a torn last record is not returned.

    Raises:
        ValueError: a whole record that is not in form; the message has its offset.
    """
    waiting: tuple[int, int, dict[str, str], bytes] | None = None
    for number, (offset, head, block) in enumerate(records(path), start=1):
        kind = head.get("WARC-Type")
        if kind == "request":
            if waiting is not None:
                yield _exchange(waiting, None)
            waiting = (offset, number, head, block)
        elif kind == "response" and waiting is not None:
            yield _exchange(waiting, (offset, number, head, block))
            waiting = None
    if waiting is not None:
        yield _exchange(waiting, None)


def records(path: Path, *, limit: int | None = None) -> Iterator[tuple[int, dict[str, str], bytes]]:
    """Offset, WARC header and block of every whole record, in order; none larger than `limit`."""
    with path.open("rb") as file:
        for offset, _, member in gzip_members.whole(file.read, limit=limit):
            yield offset, *_parse(member, offset)


def whole_length(path: Path) -> tuple[int, int]:
    """Bytes up to the end of the last whole record, and the number of whole records.

    What lies beyond was torn by a crash; nothing before it is touched.
    """
    last = count = 0
    with path.open("rb") as file:
        for _, end, _ in gzip_members.whole(file.read):
            last, count = end, count + 1
    return last, count


def read_at(path: Path, offset: int) -> tuple[dict[str, str], bytes]:
    """WARC header and block of the record at an offset: one seek."""
    with path.open("rb") as file:
        file.seek(offset)
        for _, _, member in gzip_members.whole(file.read):
            return _parse(member, offset)
    raise ValueError(f"{path}: expected a WARC record at offset {offset}, found the end")


def parse_response(block: bytes) -> Response:
    """The HTTP answer in the block of a response record."""
    head, _, body = block.partition(CRLF + CRLF)
    lines = head.decode("latin-1").split("\r\n")
    _, status, reason = (*lines[0].split(" ", 2), "")[:3]
    headers = tuple(
        (name, value.removeprefix(" "))
        for name, _, value in (line.partition(":") for line in lines[1:])
    )
    return Response(status=int(status), reason=reason, headers=headers, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of a provider, out of its record alone: what `store.open_item` gives for `…w<n>`.

    Attributes:
        operation: `service:Name`; None if the record was not made by a collection.
        account: where it was asked.
        region: where it was asked.
        uri: what was asked, credentials replaced.
        at: our clock when the answer was complete.
        response: the answer; a body that did not arrive whole is marked.
        error: why it was not accepted, None if it was.
    """

    operation: str | None
    account: str | None
    region: str | None
    uri: str
    at: datetime
    response: Response
    error: str | None


def answer_in(member: bytes) -> Answer:
    """The answer in one gzip member.

    Raises:
        ValueError: the bytes are not one whole response record.
    """
    found = [
        _parse(content, start) for start, _, content in gzip_members.whole(io.BytesIO(member).read)
    ]
    if len(found) != 1 or found[0][0].get("WARC-Type") != "response":
        raise ValueError(f"expected one response record, found {len(found)} records")
    head, block = found[0]
    return Answer(
        operation=head.get("WARC-Butfor-Operation"),
        account=head.get("WARC-Butfor-Account"),
        region=head.get("WARC-Butfor-Region"),
        uri=head["WARC-Target-URI"],
        at=_time(head["WARC-Date"]),
        response=response_of(head, block),
        error=head.get("WARC-Butfor-Error"),
    )


def response_of(head: Mapping[str, str], block: bytes) -> Response:
    """The answer in a response record, with what the WARC header says of it."""
    return replace(
        parse_response(block),
        truncated="WARC-Truncated" in head,
        stored_as=head.get("WARC-Butfor-Body"),
    )


def _exchange(
    request: tuple[int, int, dict[str, str], bytes],
    response: tuple[int, int, dict[str, str], bytes] | None,
) -> Exchange:
    offset, number, head, block = request
    sent_head, _, sent_body = block.partition(CRLF + CRLF)
    answer = None
    if response is not None:
        _, number, head, block = response
        answer = response_of(head, block)
    return Exchange(
        offset=offset,
        number=number,
        at=_time(head["WARC-Date"]),
        request=Request(uri=head["WARC-Target-URI"], head=sent_head + CRLF + CRLF, body=sent_body),
        response=answer,
        error=head.get("WARC-Butfor-Error"),
        fields={name: value for name, value in head.items() if name.startswith("WARC-Butfor-")},
    )


def _response_head(response: Response) -> tuple[bytes, tuple[str, ...]]:
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    secrets = []
    for name, value in response.headers:
        secret = credentials.SECRET_HEADERS.get(name.lower())
        if secret is not None:
            secrets.append(name)
            value = credentials.redacted(value.encode("latin-1", "replace"), hashed=secret).decode()
        lines.append(f"{RENAMED.get(name.lower(), name)}: {value}")
    return "\r\n".join(lines).encode("latin-1", "replace") + CRLF + CRLF, tuple(secrets)


def _http_record(
    kind: str,
    at: datetime,
    uri: str,
    record_id: str,
    fields: Mapping[str, str],
    head: bytes,
    body: bytes,
) -> bytes:
    block = head + body
    header = {
        "WARC-Type": kind,
        "WARC-Record-ID": record_id,
        "WARC-Date": _date(at),
        "WARC-Target-URI": uri,
        "Content-Type": f"application/http;msgtype={kind}",
        "WARC-Block-Digest": _digest(block),
        "WARC-Payload-Digest": _digest(body),
    }
    return _member(header | {n: _one_line(v) for n, v in fields.items()}, block)


def _member(header: Mapping[str, str], block: bytes) -> bytes:
    lines = [VERSION, *(f"{name}: {value}" for name, value in header.items())]
    lines.append(f"Content-Length: {len(block)}")
    record = "\r\n".join(lines).encode() + CRLF + CRLF + block + CRLF + CRLF
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)  # 31: one gzip member, no name, no time
    return packer.compress(record) + packer.flush()


def _parse(member: bytes, offset: int) -> tuple[dict[str, str], bytes]:
    head, separator, rest = member.partition(CRLF + CRLF)
    lines = head.decode().split("\r\n")
    fields = dict(_field(line) for line in lines[1:])
    length = int(fields.get("Content-Length", "-1"))
    if lines[0] != VERSION or not separator or len(rest) != length + 4:
        raise ValueError(
            f"WARC record at offset {offset}: expected {VERSION} and {length} bytes of block, "
            f"found {lines[0]!r} and {max(len(rest) - 4, 0)} bytes"
        )
    return fields, rest[:length]


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _record_id() -> str:
    return f"<urn:uuid:{uuid.uuid4()}>"


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def _date(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _one_line(value: str) -> str:
    return " ".join(value.split())
