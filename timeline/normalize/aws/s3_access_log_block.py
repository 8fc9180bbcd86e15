"""S3 server access log, many lines at once: the same rows as `s3_access_log.read`, without a Python
object for each field.

Only lines whose reading is beyond doubt are taken: printable ASCII without backslash, Request-URI,
referer and agent in quotes and no other quote, single blanks between fields, numbers where numbers
belong. A blank between quotes belongs to its field. Every other line is left to `read`, which knows
what to do about stray quotes. What depends on few values is worked out by the very functions that
`read` uses, once for each combination.
"""

from hashlib import sha256
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from timeline.normalize.aws import s3_access_log as line
from timeline.normalize.aws.times import when_access
from timeline.normalize.blocks import Block, Distinct, Numbers, Taken, cut
from timeline.normalize.coded import PARTS, PLACE, ByColumn, Coded, own_schema, part_of
from timeline.normalize.model import Where
from timeline.schema import schema

_SPACE, _QUOTE, _END, _OTHER = 1, 2, 3, 4
#: What each byte is: a separator of some kind, a byte that no field of a plain line holds, or text.
_CLASSES = bytes(
    {0x20: _SPACE, 0x22: _QUOTE, 0x0A: _END, 0x5C: _OTHER}.get(
        byte, 0 if 0x20 < byte < 0x7F else _OTHER
    )
    for byte in range(256)
)
#: Fields before the Request-URI (the time is two words), and between it and the referer.
_FRONT = ("owner", "bucket", "date", "zone", "ip", "requester", "request", "operation", "key")
_MIDDLE = ("status", "error", "sent", "size", "total", "turn")
_QUOTED = ("uri", "referer", "agent")
#: A number of more digits may not fit the column.
_DIGITS = 18
#: Fields that are numbers.
_WHOLE = ("sent", "size", "total", "turn")
_string = pa.string()
_joined = pc.binary_join_element_wise


class _Places(NamedTuple):
    """Where the fields of plain lines are.

    Attributes:
        lines: numbers of the lines in the block.
        spans: field -> starts and ends.
        tail: number of fields after the agent.
    """

    lines: Numbers
    spans: dict[str, tuple[Numbers, Numbers]]
    tail: Numbers

    def only(self, which: npt.NDArray[np.bool_]) -> "_Places":
        """Those of some lines."""
        spans = {name: (start[which], end[which]) for name, (start, end) in self.spans.items()}
        return _Places(self.lines[which], spans, self.tail[which])


class _Asked(NamedTuple):
    """What Request-URIs ask beside the key.

    Attributes:
        code: of each line, the place of what it asks in `values`.
        values: parameters; None of a line without Request-URI.
        version, credential: of each line what columns need.
    """

    code: pa.Array
    values: list[dict[str, str] | None]
    version: pa.Array
    credential: pa.Array


def read(block: Block, where: Where) -> Taken:
    """The plain lines of a block, with a row for each."""
    places = _places(block)
    for _ in range(2):
        columns = _columns(block.data, places)
        sound = _sound(columns)
        if sound.all():
            break
        places = places.only(sound)
    rows = _rows(block, places.lines, columns, where)
    return Taken(places.lines, ByColumn("aws", "aws.s3_access_log", rows))


def _places(block: Block) -> _Places:
    """The lines with six quotes in the right places and single blanks between fields."""
    classes = np.frombuffer(block.data.translate(_CLASSES), np.uint8)
    at = np.flatnonzero(classes != 0)
    kinds = classes[at]
    last = np.flatnonzero(kinds == _END)
    first = np.concatenate([np.zeros(1, np.int64), last[:-1] + 1])
    quotes, others = np.flatnonzero(kinds == _QUOTE), np.flatnonzero(kinds == _OTHER)
    before = np.searchsorted(quotes, first)
    plain = (np.searchsorted(quotes, last) - before == 6) & (
        np.searchsorted(others, last) == np.searchsorted(others, first)
    )
    # Room for all that is looked at below, whatever it turns out to be.
    lines = np.flatnonzero(plain & (last - first >= len(_FRONT) + len(_MIDDLE) + 9))
    first, last, start = first[lines], last[lines], block.starts[lines]
    q = [quotes[before[lines] + number] for number in range(6)]
    tail = last - q[5] - 1
    fits = (q[0] - first == len(_FRONT)) & (q[2] - q[1] == len(_MIDDLE) + 2) & (q[4] - q[3] == 2)
    fits &= (tail >= 1) & (tail <= len(line.TAIL))
    first, last, start, tail, lines = (each[fits] for each in (first, last, start, tail, lines))
    q = [each[fits] for each in q]
    spans = {name: (at[q[2 * n]] + 1, at[q[2 * n + 1]]) for n, name in enumerate(_QUOTED)}
    front = [start - 1, *(at[first + number] for number in range(len(_FRONT)))]
    middle = [at[q[1] + 1 + number] for number in range(len(_MIDDLE) + 1)]
    # Beyond the last field there is nothing: start and end are the line's own end.
    after = [at[np.minimum(q[5] + 1 + number, last)] for number in range(len(line.TAIL) + 1)]
    for names, edges in ((_FRONT, front), (_MIDDLE, middle), (line.TAIL, after)):
        for number, name in enumerate(names):
            spans[name] = (edges[number] + 1, edges[number + 1])
    whole = np.ones(len(lines), np.bool_)
    for number, name in enumerate((*_FRONT, *_MIDDLE, *line.TAIL)):
        begin, end = spans[name]
        whole &= (end > begin) | (tail <= number - len(_FRONT) - len(_MIDDLE))
    for quote, blank in ((q[0], front[-1] + 1), (q[2], middle[-1] + 1)):
        whole &= at[quote] == blank
    for blank, quote in ((middle[0], q[1]), (at[q[3] + 1], q[3]), (after[0], q[5])):
        whole &= blank == at[quote] + 1
    whole &= at[q[4]] == at[q[3]] + 2
    text = np.frombuffer(block.data, np.uint8)
    opened, closed = spans.pop("date")[0], spans.pop("zone")[1]
    whole &= (text[opened] == ord("[")) & (text[closed - 1] == ord("]"))
    spans["time"] = (opened + 1, closed - 1)
    return _Places(lines, spans, tail).only(whole)


def _columns(data: bytes, places: _Places) -> dict[str, pa.Array]:
    """The fields as text, null where the line has a hyphen or ends before."""
    every = np.ones(len(places.lines), np.bool_)
    found = {}
    for name, (start, end) in places.spans.items():
        there = every
        if name in line.TAIL:
            there = places.tail > line.TAIL.index(name)
            start, end = np.where(there, start, end), end
        found[name] = cut(data, start, end, there)
    return found


def _sound(columns: dict[str, pa.Array]) -> npt.NDArray[np.bool_]:
    """Lines whose time is one and whose numbers are such; the bucket is named."""
    sound: npt.NDArray[np.bool_] = ~columns["bucket"].is_null().to_numpy(zero_copy_only=False)
    times = Distinct([columns["time"]])
    known = np.array([text and when_access(text) is not None for (text,) in times.values], np.bool_)
    states = Distinct([columns["status"]])
    three = np.array([not text or _is_status(text) for (text,) in states.values], np.bool_)
    sound &= known[times.code] & three[states.code]
    for name in _WHOLE:
        sound &= _digits(columns[name])
    return sound


def _is_status(text: str) -> bool:
    return len(text) == 3 and text.isdigit()


def _digits(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Where a text is a number that the column can hold, or null."""
    _, offsets, data = column.buffers()
    places = np.frombuffer(offsets, np.int32)[: len(column) + 1]
    short: npt.NDArray[np.bool_] = np.diff(places) <= _DIGITS
    text = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    text = text[: places[-1]]
    if not len(text) or (text.min() >= ord("0") and text.max() <= ord("9")):
        return short
    number: npt.NDArray[np.bool_] = np.asarray(
        pc.fill_null(pc.match_substring_regex(column, "^[0-9]+$"), True)
    )
    return short & number


def _rows(block: Block, lines: Numbers, columns: dict[str, pa.Array], where: Where) -> Coded:
    """The rows by column."""
    asked = _asked(columns["uri"])
    key = _keys(columns)
    found = _own(block, lines, columns, key, asked, where)
    texts, params = _params(columns, key, asked)
    actors = Distinct([columns["requester"], asked.credential])
    callers = [line.actor_values(*each) for each in actors.values]
    kinds = Distinct(
        [key.is_valid()]
        + [columns[name] for name in ("operation", "region", "tls", "auth", "acl_required")]
        + [columns[name] for name in ("cipher", "signature", "status", "error")]
        + [columns[name] for name in ("requester", "referer", "agent")]
    )
    events = [
        line.event_values(
            operation or "", on_object, region, agent, referer, tls,
            line.method_of(requester, auth), (acl, cipher, signature), status, error,
        )
        for on_object, operation, region, tls, auth, acl, cipher, signature, status, error,
        requester, referer, agent in kinds.values
    ]  # fmt: skip
    about = Distinct([key.is_valid(), columns["bucket"]])
    things = [
        (None, "AWS::S3::Object" if on_object else "AWS::S3::Bucket", bucket)
        for on_object, bucket in about.values
    ]
    zeros = np.zeros(len(lines), np.int64)
    codes = (zeros, actors.code, kinds.code, about.code, params.code)
    found |= {
        name: pa.array(code.astype(np.int32)) for name, code in zip(PARTS, codes, strict=True)
    }
    target = own_schema()
    own = pa.RecordBatch.from_arrays(
        [
            found[field.name] if field.name in found else pa.nulls(len(lines), field.type)
            for field in target
        ],
        schema=target,
    )
    values = ([where.values], callers, events, things, [(text,) for text in texts])
    return Coded(own, tuple(map(part_of, PARTS, values)))


def _params(
    columns: dict[str, pa.Array], key: pa.Array, asked: _Asked
) -> tuple[list[str], Distinct]:
    """The texts that occur, and which of them each line has."""
    coded = pc.fill_null(pc.not_equal(columns["key"], key), False)
    logged = pc.if_else(coded, columns["key"], pa.scalar(None, _string))
    which = Distinct([*(columns[name] for name in line.IN_PARAMS), asked.code, logged])
    texts = []
    for *values, each, as_logged in which.values:
        fields = dict(zip(line.IN_PARAMS, values, strict=True))
        texts.append(line.params_of(fields, asked.values[each], as_logged))
    return texts, which


def _asked(uris: pa.Array) -> _Asked:
    """What Request-URIs ask beside the key."""
    code = np.zeros(len(uris), np.int64)
    code[uris.is_null().to_numpy(zero_copy_only=False)] = 1
    having = pc.fill_null(pc.match_substring(uris, "?"), False).to_numpy(zero_copy_only=False)
    some = Distinct([uris.filter(pa.array(having))])
    code[having] = some.code + 2
    each = [line.asked_by(uri) for (uri,) in some.values if uri is not None]
    rows = pa.array(code)
    versions = pa.array([None, None, *(a.get("versionId") for a in each)], _string)
    credentials = pa.array([None, None, *map(line.credential_of, each)], _string)
    return _Asked(rows, [{}, None, *each], versions.take(rows), credentials.take(rows))


def _keys(columns: dict[str, pa.Array]) -> pa.Array:
    """Keys, decoded as often as the log encoded them."""
    logged = columns["key"]
    coded = pc.fill_null(pc.match_substring(logged, "%"), False)
    if not pc.any(coded).as_py():
        return logged
    parts = [columns[name].filter(coded).to_pylist() for name in ("key", "uri", "bucket")]
    decoded = [line.key_of(*part) for part in zip(*parts, strict=True)]
    return pc.replace_with_mask(logged, coded, pa.array(decoded, _string))


def _own(
    block: Block,
    lines: Numbers,
    columns: dict[str, pa.Array],
    key: pa.Array,
    asked: _Asked,
    where: Where,
) -> dict[str, pa.Array]:
    """The columns of which every line has its own."""
    starts, ends = block.starts[lines], block.ends[lines]
    number = pa.array(block.numbers[lines]).cast(_string)
    place = pa.array(block.offset + starts).cast(_string)
    size = pa.array(ends - starts).cast(_string)
    container = _joined("arn:aws:s3:::", columns["bucket"], "")
    version = pc.coalesce(columns["version"], asked.version)
    return {
        "event_uid": _joined(f"{where.item}/{where.prefix}", number, ""),
        "request_id": columns["request"],
        "time": Distinct([columns["time"]]).each(when_access, schema("events").field("time").type),
        "time_text": columns["time"],
        "src_ip": columns["ip"],
        "resource_uid": pc.coalesce(_joined(container, key, "/"), container),
        "object": key,
        "object_version": pc.if_else(key.is_valid(), version, pa.scalar(None, _string)),
        "bytes_out": columns["sent"].cast(pa.int64()),
        "host_id": columns["host_id"],
        "request_uri": columns["uri"],
        "object_size": columns["size"].cast(pa.int64()),
        "total_ms": columns["total"].cast(pa.int64()),
        "turn_around_ms": columns["turn"].cast(pa.int64()),
        PLACE: pa.array(where.before + block.numbers[lines]),
        "locator": _joined(_joined(where.prefix, number, ""), _joined(place, size, "+"), "@"),
        "record_sha256": _hashes(block.data, starts, ends),
    }


def _hashes(data: bytes, starts: Numbers, ends: Numbers) -> pa.Array:
    view = memoryview(data)
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    text = b"".join([sha256(view[start:end]).digest() for start, end in spans]).hex().encode()
    places = np.arange(0, len(text) + 1, 64, dtype=np.int32)
    buffers = [None, pa.py_buffer(places), pa.py_buffer(text)]
    return pa.Array.from_buffers(_string, len(starts), buffers)
