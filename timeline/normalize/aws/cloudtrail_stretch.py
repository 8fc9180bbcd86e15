"""CloudTrail's data events of S3, a stretch of a file at once: cut around their holes, column by
column, without a Python object for each value.

`cloudtrail_layout` says where the holes are, `cloudtrail_stencil` what the records have in common
and where the holes go. Each record that is taken has a caller and a stencil that are known, and in
its holes what they may hold; all others are left.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from timeline.normalize.aws.cloudtrail_block import SOURCE
from timeline.normalize.aws.cloudtrail_layout import HOST_FIRST, SIZE_FIRST, Holes, holes
from timeline.normalize.aws.cloudtrail_params import POINT
from timeline.normalize.aws.cloudtrail_stencil import (
    FIXED,
    Caller,
    Stencil,
    caller_before,
    stencil_of,
    took,
)
from timeline.normalize.aws.times import when
from timeline.normalize.blocks import TakenPieces
from timeline.normalize.coded import ByColumn, Coded, Numbers, numbers_of, own_of, part_of
from timeline.normalize.columns import (
    Distinct,
    Mask,
    cited,
    combined,
    constant,
    differing,
    distinct,
    flags_of,
    texts,
    texts_of,
    whole,
)
from timeline.normalize.model import Where
from timeline.normalize.row import ABOUT_COLUMNS, ACTOR_COLUMNS, EVENT_COLUMNS
from timeline.normalize.spans import Spans
from timeline.schema import schema

#: What is done once for a stretch costs as much as reading so many records as `cloudtrail_block`.
MANY = 128
_ZERO = ord("0")
_string = pa.string()
_joined = pc.binary_join_element_wise
_NONE = constant("")


class _Found(NamedTuple):
    """Records that are cut around their holes.

    Attributes:
        records: by their place in the spans, ascending.
        starts, ends: by column, of the hole of each record; `again` ends a name.
        between: starts and ends of what is around the holes, from the record's start to its end.
        host_first: whether the host id comes before the second size.
    """

    records: Numbers
    starts: dict[str, Numbers]
    ends: dict[str, Numbers]
    between: list[tuple[Numbers, Numbers]]
    host_first: Mask

    def only(self, which: Mask) -> "_Found":
        """Some of them."""
        return _Found(
            self.records[which],
            {name: each[which] for name, each in self.starts.items()},
            {name: each[which] for name, each in self.ends.items()},
            [(start[which], end[which]) for start, end in self.between],
            self.host_first[which],
        )


class _Known(NamedTuple):
    """Caller and stencil of each record, one of those listed; None of one that is not plain."""

    caller: Numbers
    callers: Sequence[Caller | None]
    stencil: Numbers
    stencils: Sequence[Stencil | None]


def read(spans: Spans, where: Where) -> TakenPieces:
    """Rows of the records that fit a stencil, and the places of the others, ascending."""
    every = np.arange(len(spans.starts))
    laid = []
    if len(every) >= MANY:
        laid = [each for each in holes(spans) if len(each.records)]
    if laid:
        found = _sound(spans.body, _found(spans, laid))
        known = _known(spans.body, found)
        fits = np.array([each is not None for each in known.stencils], np.bool_)[known.stencil]
        if fits.any():
            found = found.only(fits)
            known = known._replace(caller=known.caller[fits], stencil=known.stencil[fits])
            took(len(found.records))
            left = np.delete(every, found.records)
            rows = ByColumn("aws", SOURCE, _rows(spans, where, found, known))
            return TakenPieces(left.tolist(), [rows])
    return TakenPieces(every.tolist(), [])


def _found(spans: Spans, laid: Sequence[Holes]) -> _Found:
    """All records that are laid out like others, in their order."""
    counts = [len(each.records) for each in laid]
    records = np.concatenate([each.records for each in laid])
    order = np.argsort(records)
    starts = [np.concatenate(each)[order] for each in zip(*(h.starts for h in laid), strict=True)]
    ends = [np.concatenate(each)[order] for each in zip(*(h.ends for h in laid), strict=True)]
    host_first = np.repeat([each.names == HOST_FIRST for each in laid], counts)[order]
    records = records[order]
    edges = zip([spans.starts[records], *ends], [*starts, spans.ends[records]], strict=True)
    by_name: list[dict[str, Numbers]] = []
    for each in (starts, ends):
        named = dict(zip(HOST_FIRST, each, strict=True))
        host, size = named["host_id"], named["bytes_out"]
        named["host_id"] = np.where(host_first, host, size)
        named["bytes_out"] = np.where(host_first, size, host)
        by_name.append(named)
    return _Found(records, by_name[0], by_name[1], list(edges), host_first)


def _sound(body: bytes, found: _Found) -> _Found:
    """Those whose holes hold what they may."""
    sound = np.ones(len(found.records), np.bool_)
    text = np.frombuffer(body, np.uint8)
    for name in ("bytes_in", "bytes_out"):
        starts, ends = found.starts[name], found.ends[name]
        sound &= whole(body, starts, ends)[1]
        # No number in JSON begins with a zero that is not all of it.
        sound &= (ends - starts == 1) | (text[starts] != _ZERO)
    key, again = (texts(body, found.starts[n], found.ends[n]) for n in ("object", "again"))
    sound &= ~differing(key, again)
    if POINT.encode() in key.buffers()[2].to_pybytes():
        sound &= np.array([POINT not in each for each in key.to_pylist()], np.bool_)
    times = distinct(texts(body, found.starts["time_text"], found.ends["time_text"]))
    sound &= np.array([when(each) is not None for each in times.values], np.bool_)[times.code]
    return found if sound.all() else found.only(sound)


def _known(body: bytes, found: _Found) -> _Known:
    """Caller and stencil of each record."""
    before, *pieces = (distinct(texts(body, start, end)) for start, end in found.between)
    callers = [caller_before(each) for each in before.values]
    of_kind = {each.kind: each for each in callers if each is not None}
    kinds = Distinct(before.code, [each and each.kind for each in callers])
    order = Distinct(found.host_first.astype(np.int64), [SIZE_FIRST, HOST_FIRST])
    which = combined(kinds.mapped(lambda kind: kind), order, *pieces)
    stencils = [
        None if kind is None else stencil_of(of_kind[kind], tuple(each), names)
        for kind, names, *each in which.values
    ]
    return _Known(before.code, callers, which.code, stencils)


def _rows(spans: Spans, where: Where, found: _Found, known: _Known) -> Coded:
    """The rows by column."""
    stencils = [each or _NOTHING for each in known.stencils]
    count = len(found.records)
    starts, ends = spans.starts[found.records], spans.ends[found.records]
    cut = {
        name: texts(spans.body, found.starts[name], found.ends[name])
        for name in ("provider_uid", "request_id", "src_ip", "host_id", "object", "time_text")
    }
    kind, caller = (
        numbers_of(known.stencil.astype(np.int32)),
        numbers_of(known.caller.astype(np.int32)),
    )
    named = flags_of(np.array([each.named for each in stencils])).take(kind)
    uid = texts_of([each.uid for each in stencils]).take(kind)
    params = _params(spans.body, found, known, stencils, cut["object"])
    cut["object"] = pc.if_else(named, cut["object"], pa.nulls(1, _string)[0])
    sizes = {
        name: numbers_of(whole(spans.body, found.starts[name], found.ends[name])[0])
        for name in ("bytes_in", "bytes_out")
    }
    times = distinct(cut["time_text"])
    instants = np.array([when(each) for each in times.values], np.int64)
    every: dict[str, Any] = {
        **cut,
        **sizes,
        **cited(where, spans.body, spans.first + found.records, starts, ends),
        "time": numbers_of(instants[times.code]).cast(schema("events").field("time").type),
        "resource_uid": pc.coalesce(_joined(uid, cut["object"], _NONE), uid),
        "item": numbers_of(np.zeros(count, np.int32)),
        "actor": caller,
        "event": kind,
        "about": kind,
        "asked": numbers_of(np.arange(count, dtype=np.int32)),
    }
    for place, name in enumerate(FIXED):
        values = [each.fixed[place] for each in stencils]
        if any(value is not None for value in values):
            every[name] = texts_of(values).take(kind)
    nobody = (None,) * len(ACTOR_COLUMNS)
    parts = (
        part_of("item", [where.values]),
        part_of("actor", [each.actor if each else nobody for each in known.callers]),
        part_of("event", [each.event for each in stencils]),
        part_of("about", [each.about for each in stencils]),
        pa.RecordBatch.from_arrays([params], names=["params"]),
    )
    return Coded(own_of(every, count), parts)


#: Stands for a stencil that no row has.
_NOTHING = Stencil(
    (None,) * len(EVENT_COLUMNS), (None,) * len(ABOUT_COLUMNS), False, None, ("", ""), ("object",),
    (None,) * len(FIXED),
)  # fmt: skip


def _params(
    body: bytes, found: _Found, known: _Known, stencils: Sequence[Stencil], key: pa.Array
) -> pa.Array:
    """The texts `params`, in groups that have the same holes."""
    callers = texts_of([each.text if each else "" for each in known.callers])
    shapes = [each.between for each in stencils]
    shape = Distinct(known.stencil, shapes).mapped(lambda between: between)
    made, places = [], []
    for number, between in enumerate(shape.values):
        rows = np.flatnonzero(shape.code == number)
        kind = known.stencil[rows]
        pieces: list[pa.Array] = []
        for place in range(len(between) + 1):
            pieces.append(_of_shape(stencils, between, place).take(numbers_of(kind)))
            name = between[place] if place < len(between) else ""
            if name == "caller":
                pieces.append(callers.take(numbers_of(known.caller[rows])))
            elif name == "object":
                pieces.append(key.take(numbers_of(rows)))
            elif name:
                pieces.append(texts(body, found.starts[name][rows], found.ends[name][rows]))
        made.append(_joined(*pieces, _NONE))
        places.append(rows)
    if len(made) == 1:
        return made[0]
    return pa.concat_arrays(made).take(numbers_of(np.argsort(np.concatenate(places))))


def _of_shape(stencils: Sequence[Stencil], between: tuple[str, ...], place: int) -> pa.Array:
    """One of the pieces of `params`, of each stencil with these holes."""
    return texts_of([s.texts[place] if s.between == between else "" for s in stencils])
