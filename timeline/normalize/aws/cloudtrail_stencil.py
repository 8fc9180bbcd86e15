"""What CloudTrail's data events of S3 have in common: records that differ in what some texts hold.

An event repeats thousands of times but for its time, address, key, sizes and ids. Its bytes are
cut around these *holes*: what is left is a *stencil*. For a stencil that was not seen before, a
record with marks in the holes is read in the ordinary way (`cloudtrail_block`), and where the marks
turn up in the row, there go the holes of every other record with this stencil.

That is exact, for three reasons. A text in quotes that holds printable ASCII without quote and
backslash can be put in place of another one, and a number in place of a number: the record stays
JSON of the same structure, with the same keys, each as often. Nothing that reads a record looks
into the contents of a hole (where a reader does, the record is left: a key that could be taken for
an access point's ARN). And the list of resources must name the very key that the parameters name.
All other records are left to `cloudtrail_block`.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from timeline.normalize.aws import cloudtrail_block
from timeline.normalize.aws.cloudtrail_actor import Actor, caller_of
from timeline.normalize.blocks import Pieces
from timeline.normalize.model import BROKEN, Where
from timeline.normalize.packed import PackedRows
from timeline.normalize.row import ABOUT_COLUMNS, OWN_COLUMNS

#: Stencils and callers held; beyond that all are forgotten.
HELD = 4096
#: Stencils that are looked at in any case, and one more for so many records taken: a log whose
#: records have nothing in common shall not be slower for it.
FIRST, ONE_MORE_FOR = 256, 8
_CALLER = re.compile(r'\{"eventVersion":"([\d.]+)","userIdentity":(\{.*\}),"eventTime":"')
#: What is put into the holes, by the column where it must turn up; a key turns up in others too.
MARKS = {
    "time_text": "2001-02-03T04:05:06Z", "src_ip": "~hole-address", "object": "~hole-key",
    "bytes_in": "918273645546372811", "host_id": "~hole-host", "bytes_out": "918273645546372812",
    "request_id": "~hole-request", "provider_uid": "~hole-event",
}  # fmt: skip
#: What stands for the text of the caller in `params`.
OF_CALLER = "~hole-caller"
_BY_MARK = {mark: name for name, mark in MARKS.items()} | {OF_CALLER: "caller"}
_IN_PARAMS = re.compile(f"({'|'.join(_BY_MARK)})")
#: In a stencil, none of the marks may stand already.
_NOT_IN = ("~hole-", MARKS["bytes_in"], MARKS["bytes_out"], MARKS["time_text"])
#: Columns that a stencil fixes, besides those of its parts.
FIXED = ("object_version", "error_message", "omitted", "shared_uid")
_value = msgspec.json.Decoder(msgspec.Raw).decode


class Stencil(NamedTuple):
    """What all records of a stencil have in common.

    Attributes:
        event, about: values of `EVENT_COLUMNS` and `ABOUT_COLUMNS`.
        named: whether the key is the object; else it is a prefix, which no column has.
        uid: `resource_uid`, up to the key if that is the object.
        texts: the text `params` between the holes in it.
        between: the column of each of these holes, `caller` of the caller's text.
        fixed: values of `FIXED`.
    """

    event: tuple[Any, ...]
    about: tuple[Any, ...]
    named: bool
    uid: str | None
    texts: tuple[str, ...]
    between: tuple[str, ...]
    fixed: tuple[str | None, ...]


class Caller(NamedTuple):
    """A caller.

    Attributes:
        actor: values of `ACTOR_COLUMNS`.
        text: as the record has it.
        before: the record up to its time.
        kind: what of it is in the rest of a row.
        stencils: those met with callers of this kind, for the kind is in the row; by the pieces
            between the holes. None of a stencil that is of no use.
    """

    actor: Actor
    text: str
    before: str
    kind: tuple[str | None, str]
    stencils: dict[tuple[str, ...], Stencil | None]


_callers: dict[str, Caller | None] = {}
_stencils: dict[tuple[str | None, str], dict[tuple[str, ...], Stencil | None]] = {}
_counts = {"taken": 0, "looked at": 0}


def caller_before(before: str) -> Caller | None:
    """The caller of a record, given its text up to the time; None if it is not plain."""
    if before in _callers:
        return _callers[before]
    if len(_callers) >= HELD:
        _callers.clear()
    found = _CALLER.fullmatch(before)
    caller = None
    try:
        if found and _value(found[2]):
            actor, whole = caller_of(found[2].encode())
            if whole:
                kind = (actor.kind, found[1])
                caller = Caller(actor, found[2], before, kind, _stencils.setdefault(kind, {}))
    except BROKEN:
        pass
    _callers[before] = caller
    return caller


def stencil_of(caller: Caller, pieces: tuple[str, ...], names: Sequence[str]) -> Stencil | None:
    """The stencil of records of a caller's kind; None if they are to be read in the ordinary way.

    Args:
        caller: one of its kind.
        pieces: a record after its time, between the holes.
        names: columns of the holes, the time first.
    """
    held = caller.stencils
    if pieces in held:
        return held[pieces]
    if _counts["looked at"] > FIRST + _counts["taken"] // ONE_MORE_FOR:
        return None
    _counts["looked at"] += 1
    if len(held) >= HELD:
        held.clear()
    found = held[pieces] = _looked_at(caller, pieces, names)
    return found


def took(count: int) -> None:
    """So many records were taken by their stencils."""
    _counts["taken"] += count


def _looked_at(caller: Caller, pieces: tuple[str, ...], names: Sequence[str]) -> Stencil | None:
    """Where the holes of a stencil go, by a record with marks in them; None if not as expected."""
    if any(mark in text for mark in _NOT_IN for text in (caller.before, *pieces)):
        return None
    parts = [caller.before, MARKS["time_text"], pieces[0]]
    for name, piece in zip(names[1:], pieces[1:], strict=True):
        parts += [MARKS["object" if name == "again" else name], piece]
    try:
        one = Pieces(["".join(parts).encode()], [0], [0])
        left, (rows,) = cloudtrail_block.read(one, Where("", "", 0))
    except msgspec.DecodeError:
        return None
    return None if left or not isinstance(rows, PackedRows) else _stencil(rows, caller.text)


def _stencil(rows: PackedRows, caller: str) -> Stencil | None:
    """The row with marks as a stencil; None where a mark is in no place known."""
    values: dict[str, Any] = dict(zip(OWN_COLUMNS, rows.own, strict=True))
    named = values["object"] is not None
    expected: dict[str, Any] = dict(MARKS)
    expected |= {name: int(MARKS[name]) for name in ("bytes_in", "bytes_out")}
    if not named:
        del expected["object"]
    if any(values[name] != mark for name, mark in expected.items()):
        return None
    uid, params = values["resource_uid"], values["params"] or ""
    if named:
        uid, mark, rest = (uid or "").partition(MARKS["object"])
        if not mark or rest:
            return None
    if params.count(caller) == 1:
        params = params.replace(caller, OF_CALLER)
    texts = _IN_PARAMS.split(params)
    about = tuple(values[name] for name in ABOUT_COLUMNS)
    fixed = tuple(values[name] for name in FIXED)
    told = (*rows.events[0], *about, *fixed, uid, *texts[::2])
    if any(mark in str(value) for value in told for mark in _NOT_IN):
        return None
    between = tuple(_BY_MARK[mark] for mark in texts[1::2])
    return Stencil(rows.events[0], about, named, uid, tuple(texts[::2]), between, fixed)
