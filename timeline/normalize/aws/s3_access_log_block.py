"""S3 server access log, many lines at once: the same rows as `s3_access_log.read`, without a Python
object for each field.

Only plain lines are taken (`s3_access_log_places`). Every other line is left to `read`, which knows
what to do about stray quotes. What repeats lies in runs of neighbouring fields: each run is told
apart as one text, and what depends on it is worked out by the very functions that `read` uses, once
for each combination.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from timeline.normalize.aws import s3_access_log as line
from timeline.normalize.aws.s3_access_log_places import Plain, plain
from timeline.normalize.blocks import Block, Taken
from timeline.normalize.coded import (
    PARTS,
    ByColumn,
    Coded,
    numbers_of,
    own_of,
    own_schema,
    part_of,
)
from timeline.normalize.columns import (
    Distinct,
    alike,
    cited,
    combined,
    constant,
    distinct,
    flags_of,
    holding,
    present,
    texts_of,
)
from timeline.normalize.model import Where

#: The fields after the host id, in their order.
_LAST = line.TAIL[line.TAIL.index("signature") :]
_joined = pc.binary_join_element_wise
_EMPTY = constant("")
_NONE = pa.nulls(1, pa.string())[0]


class _Runs(NamedTuple):
    """What repeats.

    Attributes:
        place: bucket owner and bucket.
        requester: by itself.
        operation: by itself.
        answer: status and error.
        client: referer and agent.
        way: the fields of `_LAST`, by name.
    """

    place: Distinct
    requester: Distinct
    operation: Distinct
    answer: Distinct
    client: Distinct
    way: Distinct


def read(block: Block, where: Where) -> Taken:
    """The plain lines of a block, with a row for each."""
    found = plain(block)
    return Taken(found.lines, ByColumn("aws", "aws.s3_access_log", _rows(block, found, where)))


def _rows(block: Block, found: Plain, where: Where) -> Coded:
    """The rows by column."""
    runs = _runs(block.data, found)
    bucket = runs.place.mapped(lambda place: place[1])
    uri = found.cut(block.data, "uri")
    logged = found.cut(block.data, "key")
    key = _keys(logged, uri, bucket)
    on_object = (
        Distinct(present(key) * 1, (False, True)) if key.null_count else alike(True, len(key))
    )
    asked = _asked(uri)
    about = combined(bucket, on_object)
    parts = {
        "item": alike(where.values, len(uri)),
        "actor": _actors(runs, asked),
        "event": _events(runs, on_object),
        "about": Distinct(
            about.code,
            [(None, f"AWS::S3::{'Object' if o else 'Bucket'}", b) for b, o in about.values],
        ),
        "asked": _params(runs, asked, logged, key),
    }
    own = _own(block, found, where) | {
        "resource_uid": _joined(about.texts(_prefix), _or_empty(key), _EMPTY),
        "object": key,
        "object_version": _versions(found.cut(block.data, "version"), asked, key),
        "request_uri": uri,
    }
    own |= {name: numbers_of(parts[name].code.astype(np.int32)) for name in PARTS}
    every = tuple(part_of(name, parts[name].values) for name in PARTS)
    return Coded(own_of(own, len(uri)), every)


def _runs(data: bytes, found: Plain) -> _Runs:
    """Each run as one text, and its fields by the text."""

    def run(first: str, last: str, between: str = " ", parts: int = -1) -> Distinct:
        texts = distinct(found.run(data, first, last))
        values = [_words(text.split(between, parts)) if text else () for text in texts.values]
        return texts._replace(values=values)

    # No quote stands in the referer: what parts it from the agent comes first.
    client = run("referer", "agent", '" "', 1)
    way = run(_LAST[0], _LAST[-1])
    rest = [(*words, *(None,) * (len(_LAST) - len(words))) for words in way.values]
    return _Runs(
        place=run("owner", "bucket"),
        requester=run("requester", "requester").mapped(_only),
        operation=run("operation", "operation").mapped(_only),
        answer=run("status", "error"),
        client=client,
        way=way._replace(values=rest),
    )


def _words(texts: Sequence[str]) -> tuple[str | None, ...]:
    return tuple(None if text == "-" else text for text in texts)


def _only(words: tuple[str | None, ...]) -> str | None:
    return words[0]


def _prefix(about: tuple[str, bool]) -> str:
    """What stands before the key in a resource's name."""
    bucket, on_object = about
    return f"arn:aws:s3:::{bucket}/" if on_object else f"arn:aws:s3:::{bucket}"


def _or_empty(key: pa.Array) -> pa.Array:
    return pc.coalesce(key, _EMPTY) if key.null_count else key


def _actors(runs: _Runs, asked: Distinct) -> Distinct:
    """The callers."""
    credentials = asked.mapped(lambda each: line.credential_of(each) if each else None)
    callers = combined(runs.requester, credentials)
    return callers._replace(values=[line.actor_values(*each) for each in callers.values])


def _events(runs: _Runs, on_object: Distinct) -> Distinct:
    """The kinds of event."""
    told = runs.way.mapped(_told)
    methods = combined(runs.requester, runs.way.mapped(_auth))
    method = methods.mapped(lambda each: line.method_of(*each))
    kinds = combined(runs.operation, on_object, runs.answer, runs.client, method, told)
    values = [
        line.event_values(
            operation or "", about, region, agent, referer, tls, method, evidence, *answer
        )
        for operation, about, answer, (referer, agent), method, (region, tls, evidence)
        in kinds.values
    ]  # fmt: skip
    return kinds._replace(values=values)


def _told(way: tuple[str | None, ...]) -> tuple[Any, ...]:
    """Of the last fields what a kind of event has."""
    found = dict(zip(_LAST, way, strict=True))
    evidence = found["acl_required"], found["cipher"], found["signature"]
    return found["region"], found["tls"], evidence


def _auth(way: tuple[str | None, ...]) -> str | None:
    return way[_LAST.index("auth")]


def _params(runs: _Runs, asked: Distinct, logged: pa.Array, key: pa.Array) -> Distinct:
    """What was asked, with the line beside it."""
    coded = alike(None, len(key))
    if logged is not key:
        coded = distinct(pc.if_else(pc.not_equal(logged, key), logged, _NONE))
    owner = runs.place.mapped(_only)
    way = runs.way.mapped(lambda way: way[: _LAST.index("region")])
    which = combined(way, runs.requester, owner, asked, coded)
    values = [
        (line.params_of(_fields(*each), what, as_logged) if what or as_logged
         else _plain_params(*each, what is None),)
        for *each, what, as_logged in which.values
    ]  # fmt: skip
    return which._replace(values=values)


@lru_cache(maxsize=4096)
def _plain_params(
    way: tuple[str | None, ...], requester: str | None, owner: str | None, no_uri: bool
) -> str:
    """Of a request that asks for nothing beside the key: the next block has the same ones."""
    return line.params_of(_fields(way, requester, owner), None if no_uri else {}, None)


def _fields(
    way: tuple[str | None, ...], requester: str | None, owner: str | None
) -> Mapping[str, str | None]:
    return {"owner": owner, "requester": requester, **dict(zip(_LAST, way, strict=False))}


def _asked(uris: pa.Array) -> Distinct:
    """What Request-URIs ask beside the key: nothing, mostly; None of a line without one."""
    having = holding(uris, b"?")
    if not (uris.null_count or having.any()):
        return alike({}, len(uris))
    code = np.where(present(uris), 0, 1)
    some = distinct(uris.filter(flags_of(having)))
    code[having] = some.code + 2
    return Distinct(code, ({}, None, *map(line.asked_by, some.values)))


def _versions(logged: pa.Array, asked: Distinct, key: pa.Array) -> pa.Array:
    """Versions of objects; of the line before those of the Request-URI."""
    if any(each and "versionId" in each for each in asked.values):
        wanted = asked.texts(lambda each: each.get("versionId") if each else None)
        logged = pc.coalesce(logged, wanted)
    if logged.null_count == len(logged):
        return logged
    return pc.if_else(key.is_valid(), logged, _NONE)


def _keys(logged: pa.Array, uris: pa.Array, bucket: Distinct) -> pa.Array:
    """Keys, decoded as often as the log encoded them."""
    coded = holding(logged, b"%")
    if not coded.any():
        return logged
    some = flags_of(coded)
    buckets = (bucket.values[code] for code in bucket.code[coded].tolist())
    parts = zip(
        logged.filter(some).to_pylist(), uris.filter(some).to_pylist(), buckets, strict=True
    )
    decoded = [line.key_of(*part) for part in parts]
    return pc.replace_with_mask(logged, some, texts_of(decoded))


def _own(block: Block, found: Plain, where: Where) -> dict[str, pa.Array]:
    """The columns of which every line has its own, but for those about the object."""
    starts, ends = block.starts[found.lines], block.ends[found.lines]
    return {
        **cited(where, block.data, block.numbers[found.lines], starts, ends, block.offset),
        "request_id": found.cut(block.data, "request"),
        "time": numbers_of(found.times).view(own_schema().field("time").type),
        "time_text": found.time_text,
        "src_ip": found.cut(block.data, "ip"),
        "bytes_out": found.whole["sent"],
        "host_id": found.cut(block.data, "host_id"),
        "object_size": found.whole["size"],
        "total_ms": found.whole["total"],
        "turn_around_ms": found.whole["turn"],
    }
