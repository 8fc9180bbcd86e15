"""One request of S3 in several logs: CloudTrail's record, and lines of the server access log.

Both logs carry the request id. That alone joins nothing: operation, bucket, key and time have to
agree, and so has every other thing that both say. What disagrees is left apart and said.
CloudTrail's record stands for the request, for it names the caller in full.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus

from timeline.normalize.aws.actions import event_name

Row = Mapping[str, Any]

#: The server access log as text, which has at most one line for one act of a request.
_TEXT = "aws.s3_access_log"
#: Its forms. Those in JSON hold the same records, which may come in several wrappings.
ACCESS_LOGS = ("aws.s3_access_log", "aws.s3_access_log_json", "aws.s3_access_log_lines")
#: Columns that are compared.
NEEDED = (
    "source", "operation", "container", "object", "object_version", "time", "outcome", "actor_type",
    "actor_uid", "src_ip", "params", "total_ms",
)  # fmt: skip
#: CloudTrail names the end of a request, the log its arrival, and hosts have their own clocks: that
#: much apart they still agree, in microseconds. The number is ours.
APART = 60_000_000
#: What CloudTrail calls an operation of the log that is decided as another.
_ALSO_CALLED = {
    "REST.COPY.OBJECT": "CopyObject",
    "REST.COPY.PART": "UploadPartCopy",
    "REST.POST.OBJECT": "PostObject",
}
#: Lines that one request has beside its own: the read of a copy's source, keys of a batch.
_BESIDE = ("COPY.OBJECT_GET", "COPY.PART_GET", "BATCH.", "MULTI_OBJECT_DELETE")


class Same(NamedTuple):
    """A row that is of the same request as another, which stands for it."""

    row: int
    as_row: int


class Differ(NamedTuple):
    """A row that has the request id of another and says other things."""

    row: int
    from_row: int
    names: tuple[str, ...]


def compare(rows: Sequence[Row]) -> Iterator[Same | Differ]:
    """What the rows of one request id are to each other.

    Args:
        rows: in the order of the table, with `NEEDED`; copies of one record left out.
    """
    trail = [n for n, row in enumerate(rows) if row["source"] not in ACCESS_LOGS]
    standing = list(trail)
    by_key: dict[str | None, list[int]] = {}
    for n in trail:
        by_key.setdefault(rows[n]["object"], []).append(n)
    stands: dict[int, int] = {}
    taken: set[tuple[int, bool]] = set()
    for n, row in enumerate(rows):
        if row["source"] not in ACCESS_LOGS:
            continue
        in_text = row["source"] == _TEXT
        like = by_key.setdefault(row["object"], [])
        twin = None if in_text else _twin(rows, like, row)
        free = [k for k in like if k not in stands and (k, in_text) not in taken]
        judged = _judged(rows, free, row)
        if twin is None and all(names for _, names in judged):
            # A key may be spelled otherwise.
            judged = _judged(rows, [k for k in standing if (k, in_text) not in taken], row)
        found = next((k for k, names in judged if not names), None)
        standing_for = found if twin is None else stands.get(twin, twin)
        like.append(n)
        if standing_for is not None:
            stands[n] = standing_for
            taken.add((standing_for, in_text))
            yield Same(n, standing_for)
            continue
        standing.append(n)
        # Of several acts of one request a line may record one that the other log does not have.
        near = [each for each in judged if len(judged) == 1 or not {*each[1]} & _WHICH]
        if near:
            yield Differ(n, *near[0])
        elif (
            not judged and _comparable(row) and len(trail) == 1 and (trail[0], in_text) not in taken
        ):
            yield Differ(n, trail[0], ("operation",))


def _judged(
    rows: Sequence[Row], among: Sequence[int], row: Row
) -> list[tuple[int, tuple[str, ...]]]:
    """Rows of another log that can record the act of `row`, each with what it says otherwise."""
    in_text = row["source"] == _TEXT
    others = (k for k in among if _other(rows[k], in_text) and _one_act(rows[k], row))
    return [(k, differing(rows[k], row)) for k in others]


#: What tells acts of one operation and one request from each other.
_WHICH = {"object", "object_version"}


def _other(row: Row, in_text: bool) -> bool:
    """Whether a row is of another log, or of the same in the other of its two shapes."""
    return row["source"] not in ACCESS_LOGS or (row["source"] == _TEXT) != in_text


def _twin(rows: Sequence[Row], like: Sequence[int], row: Row) -> int | None:
    """An earlier row with the same record of the access log in JSON, in another wrapping."""
    for k in like:
        one = rows[k]
        in_json = one["source"] in ACCESS_LOGS and one["source"] != _TEXT
        if in_json and one["operation"] == row["operation"] and not differing(one, row):
            return k
    return None


def _names(row: Row) -> frozenset[str]:
    """Names that CloudTrail gives to what a row records; none where that is not known."""
    if row["source"] not in ACCESS_LOGS:
        return frozenset((row["operation"],))
    return _called(row["operation"], row["object"] is not None)


@lru_cache(maxsize=4096)
def _called(operation: str, on_object: bool) -> frozenset[str]:
    names = (event_name(operation, on_object), _ALSO_CALLED.get(operation))
    return frozenset(name for name in names if name and name != operation)


def _one_act(one: Row, other: Row) -> bool:
    """Whether two rows can record the same act, by its name."""
    if one["operation"] == other["operation"]:
        return True
    return not _names(one).isdisjoint(_names(other))


def _comparable(row: Row) -> bool:
    return bool(_names(row)) and not any(word in row["operation"] for word in _BESIDE)


def differing(one: Row, line: Row) -> tuple[str, ...]:
    """Columns in which two records of one act disagree; silence of one is no disagreement.

    Args:
        one: CloudTrail's record, or a line in another form.
        line: of the access log.
    """
    names = []
    if _apart(one, line):
        names.append("time")
    if one["container"] and line["container"] and one["container"] != line["container"]:
        names.append("container")
    if one["object"] and line["object"] and not _one_key(one["object"], line["object"]):
        names.append("object")
    mine, other = one["object_version"], line["object_version"]
    if mine and other and mine != other and "null" not in (mine, other):
        names.append("object_version")
    if {one["outcome"], line["outcome"]} == {"success", "denied"}:
        names.append("outcome")
    mine, other = one["actor_type"], line["actor_type"]
    if mine and other and mine != other and "Anonymous" in (mine, other):
        names.append("actor_type")
    mine, other = one["actor_uid"], line["actor_uid"]
    if mine and other and mine != other:
        names.append("actor_uid")
    mine, other = one["src_ip"], line["src_ip"]
    if mine and other and mine != other and _addresses_differ(mine, other):
        names.append("src_ip")
    return tuple(names)


def _apart(one: Row, line: Row) -> bool:
    later = one["time"] - line["time"]
    if abs(later) <= APART:
        return False
    flight = _in_flight(line)
    return later < 0 or (flight is not None and later > APART + flight)


def _in_flight(line: Row) -> int | None:
    """Microseconds from arrival to the last byte sent, by the log's own word.

    None where a JSON record does not tell: an end long after the arrival is then no disagreement.
    """
    if line["total_ms"] is None and line["source"] != _TEXT:
        return None
    return int(line["total_ms"] or 0) * 1000


def _one_key(one: str, logged: str) -> bool:
    """Whether two keys are one: the log encodes a key, and how often is not always told."""
    return one in (logged, unquote(logged), unquote_plus(logged))


def _addresses_differ(one: str, other: str) -> bool:
    """Whether two are addresses and not the same; the name of a service stands where one called."""
    try:
        return ipaddress.ip_address(one) != ipaddress.ip_address(other)
    except ValueError:
        return False
