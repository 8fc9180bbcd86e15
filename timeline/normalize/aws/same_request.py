"""One request of S3 in several logs: CloudTrail's record, and lines of the server access log.

Both logs carry the request id. That alone joins nothing: operation, bucket, key and time have to
agree, and so has every other thing that both say. What disagrees is left apart and said.
CloudTrail's record stands for the request, for it names the caller in full.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus

from timeline.normalize.aws.actions import event_name

Row = Mapping[str, Any]

#: Forms of the server access log. A request has at most one line for one act in each.
ACCESS_LOGS = ("aws.s3_access_log", "aws.s3_access_log_json", "aws.s3_access_log_lines")
#: Columns that are compared.
NEEDED = (
    "source", "operation", "container", "object", "time", "outcome", "actor_type", "actor_uid",
    "src_ip", "params",
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
    taken: set[tuple[int, str]] = set()
    for n, row in enumerate(rows):
        form = row["source"]
        if form not in ACCESS_LOGS:
            continue
        free = [k for k in standing if rows[k]["source"] != form and (k, form) not in taken]
        judged = [(k, differing(rows[k], row)) for k in free if _one_act(rows[k], row)]
        found = next((k for k, names in judged if not names), None)
        if found is not None:
            taken.add((found, form))
            yield Same(n, found)
            continue
        standing.append(n)
        # Of several acts of one request a line may record one that the other log does not have.
        near = [each for each in judged if len(judged) == 1 or "object" not in each[1]]
        if near:
            yield Differ(n, *near[0])
        elif not judged and len(trail) == 1 and trail[0] in free and _comparable(row):
            yield Differ(n, trail[0], ("operation",))


def _names(row: Row) -> tuple[str, ...]:
    """Names that CloudTrail gives to what a row records; none where that is not known."""
    operation = row["operation"]
    if row["source"] not in ACCESS_LOGS:
        return (operation,)
    also = _ALSO_CALLED.get(operation)
    called = event_name(operation, row["object"] is not None)
    return tuple(name for name in (called, also) if name and name != operation)


def _one_act(one: Row, other: Row) -> bool:
    """Whether two rows can record the same act, by its name."""
    if one["operation"] == other["operation"]:
        return True
    return not {*_names(one)}.isdisjoint(_names(other))


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
    if {one["outcome"], line["outcome"]} == {"success", "denied"}:
        names.append("outcome")
    nobody = ((row["actor_type"] == "Anonymous") for row in (one, line) if row["actor_type"])
    if len({*nobody}) > 1:
        names.append("actor_type")
    for name, read in (("actor_uid", str), ("src_ip", _address)):
        mine, other = one[name] and read(one[name]), line[name] and read(line[name])
        if mine and other and mine != other:
            names.append(name)
    return tuple(names)


def _apart(one: Row, line: Row) -> bool:
    later = one["time"] - line["time"]
    if abs(later) <= APART:
        return False
    flight = _in_flight(line)
    return later < 0 or (flight is not None and later > APART + flight)


def _in_flight(line: Row) -> int | None:
    """Microseconds from arrival to the last byte sent, by the log's own word.

    None where the form does not tell: an end long after the arrival is then no disagreement.
    """
    if line["source"] != "aws.s3_access_log":
        return None
    told = json.loads(line["params"] or "{}").get("accessLog") or {}
    total = told.get("total")
    return int(total) * 1000 if isinstance(total, str) and total.isdigit() else 0


def _one_key(one: str, logged: str) -> bool:
    """Whether two keys are one: the log encodes a key, and how often is not always told."""
    return one in (logged, unquote(logged), unquote_plus(logged))


def _address(value: str) -> str | None:
    """An address; None for the name of a service, which stands where one called."""
    import ipaddress

    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return None
