"""Four tiers of scope: exposed, accessed, acquired, misused. They are never added up (R-048).

1. *exposed*: objects of the records that a computed window allows to a caller of the incident;
2. *accessed*: objects that a logged success of the incident names;
3. *acquired*: of these, objects for which a record states that bytes were returned;
4. *misused*: nothing here. No access record shows what became of data; it takes other evidence.
Each number is a lower bound: what the records show. An upper bound is given where the records could
have shown every request of the period, and otherwise is not established, with the reasons.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]

_LATEST = datetime.max.replace(tzinfo=UTC)
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One object of the scope.

    Attributes:
        uid: full name.
        exposed: whether a computed window allows it to a caller of the incident.
        requests: successes of the incident that name it, in order of time.
        first: the record in which it first appears, its provenance.
        size: largest single answer of all records, in bytes; None where no record states one.
    """

    uid: str
    exposed: bool
    requests: tuple[Row, ...]
    first: Row
    size: int | None

    @property
    def returned(self) -> int | None:
        """Bytes that the records of the incident state as returned; None if none states any."""
        sizes = [row["bytes_out"] for row in self.requests if row["bytes_out"] is not None]
        return sum(sizes) if sizes else None

    @property
    def largest(self) -> int | None:
        """Largest single answer of the incident: repeated readings do not add to it."""
        sizes = [row["bytes_out"] for row in self.requests if row["bytes_out"] is not None]
        return max(sizes, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One tier; `None` in an upper bound is *not established*, elsewhere *not stated*.

    Attributes:
        name: exposed, accessed, acquired.
        objects, objects_most: lower and upper bound of the number of distinct objects.
        requests, repeated: requests, and those of them that name an object named before.
        size, size_most: bounds of the bytes; of `exposed`, of what the objects hold.
        single: bytes without repetition: the largest single answer of each object, summed.
    """

    name: str
    objects: int
    objects_most: int | None
    requests: int | None
    repeated: int | None
    size: int | None
    size_most: int | None
    single: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the records show of the scope of the incident.

    Attributes:
        things: objects of any tier, by name.
        tiers: exposed, accessed, acquired, in that order.
        nameless: successes of the incident that name no object (listings).
        unsized: successes on objects whose record states no size.
        windows: the computed windows that the first tier rests on.
        undecided: windows of the same callers for which the evaluator cannot tell.
        start, end: period of the windows, None = beyond the records.
        open_reasons: why the upper bounds of what was requested are not established; none = they
            are the lower bounds.
    """

    things: tuple[Thing, ...]
    tiers: tuple[Tier, ...]
    nameless: int
    unsized: int
    windows: tuple[Row, ...]
    undecided: int
    start: datetime | None
    end: datetime | None
    open_reasons: tuple[str, ...]


def scope(
    accesses: Sequence[Row],
    windows: Iterable[Row],
    intervals: Iterable[Row],
    gaps: Sequence[Row],
    coverage: Sequence[Row],
    *,
    anonymous: bool,
) -> Scope:
    """The scope of the incident.

    Args:
        accesses: decided accesses with their event and, under `class`, their request class.
        windows, intervals, gaps, coverage: rows of these tables.
        anonymous: whether the incident definition means anonymous callers.
    """
    met = [row for row in accesses if row["in_incident"] and row["logged"] == "success"]
    callers = {(row["class"].get("principal"), row["class"].get("action")) for row in met}
    theirs = [w for w in windows if _is_of(w, callers, anonymous=anonymous)]
    allowed = tuple(w for w in theirs if w["decision"] == "ALLOWED")
    start, end = _period(allowed)
    undecided = sum(w["decision"] != "ALLOWED" and not _at_edge(w) for w in theirs)
    things = tuple(_things(accesses, met, intervals, allowed))
    reasons = tuple(_reasons(allowed, gaps, coverage, start, end))
    named = [row for row in met if row["object"] is not None]
    unsized = sum(row["bytes_out"] is None for row in named)
    return Scope(
        things=things,
        tiers=_tiers(things, whole=not reasons, sized=not unsized),
        nameless=len(met) - len(named),
        unsized=unsized,
        windows=allowed,
        undecided=undecided,
        start=start,
        end=end,
        open_reasons=reasons,
    )


def object_uid(row: Row) -> str | None:
    """Full name of the object that an access names, None if it names none."""
    if row["object"] is None:
        return None
    uid, container = str(row["resource_uid"] or ""), str(row["container"] or "")
    head, found, _ = uid.partition(container)
    return f"{head}{container}/{row['object']}" if container and found else uid


def covers(pattern: str, uid: str) -> bool:
    """Whether a window over `pattern` is about an object: `*` and `?`, or all below a container."""
    return uid.startswith(f"{pattern}/") or bool(_compiled(pattern).fullmatch(uid))


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL)


def _is_of(window: Row, callers: set[tuple[Any, Any]], *, anonymous: bool) -> bool:
    """A caller of the incident; a probe of everybody where the definition means everybody."""
    if (window["principal"], window["action"]) in callers:
        return True
    actions = {action for _, action in callers}
    probed = anonymous and window["principal"] == "anonymous"
    return probed and (not actions or window["action"] in actions)


def _at_edge(window: Row) -> bool:
    """Before the first or beyond the last record nothing can be told of any class."""
    return window["start"] is None or window["end"] is None


def _period(allowed: Sequence[Row]) -> tuple[datetime | None, datetime | None]:
    if not allowed:
        return None, None
    starts = [w["start"] for w in allowed]
    ends = [w["end"] for w in allowed]
    return (
        None if None in starts else min(starts),
        None if None in ends else max(ends),
    )


def _things(
    accesses: Sequence[Row], met: Sequence[Row], intervals: Iterable[Row], allowed: Sequence[Row]
) -> Iterator[Thing]:
    first: dict[str, tuple[datetime, Row]] = {}
    sizes: dict[str, int] = {}
    for row in accesses:
        uid = object_uid(row)
        if uid is None or row["logged"] != "success":
            continue
        if uid not in first or row["time"] < first[uid][0]:
            first[uid] = (row["time"], row)
        if row["bytes_out"] is not None:
            sizes[uid] = max(sizes.get(uid, 0), row["bytes_out"])
    containers = {str(w["resource_uid"]).rstrip("*").rstrip("/") for w in allowed}
    for row in intervals:
        uid, begun = row["resource_uid"], row["start"]
        inside = any(uid.startswith(f"{head}/") or head == uid for head in containers)
        if begun is None or not inside or not row["evidence_item"] or "/" not in uid:
            continue
        if uid in containers or "?" in uid:
            continue  # the container itself, and single versions of an object that is listed
        if uid not in first or begun < first[uid][0]:
            first[uid] = (begun, row)
    requests: dict[str, list[Row]] = {}
    for row in met:
        uid = object_uid(row)
        if uid is not None:
            requests.setdefault(uid, []).append(row)
    for uid, (when, row) in sorted(first.items()):
        exposed = any(
            covers(w["resource_uid"], uid) and when < (w["end"] or _LATEST) for w in allowed
        )
        if exposed or uid in requests:
            yield Thing(
                uid=uid, exposed=exposed, requests=tuple(requests.get(uid, ())), first=row,
                size=sizes.get(uid),
            )  # fmt: skip


def _reasons(
    allowed: Sequence[Row],
    gaps: Sequence[Row],
    coverage: Sequence[Row],
    start: datetime | None,
    end: datetime | None,
) -> Iterator[str]:
    """Why more may have happened than the records show; the texts name facts of the tables."""
    if not allowed:
        return
    if start is None or end is None:
        yield "a window goes on beyond the records"
    low, high = start or _EARLIEST, end or _LATEST
    touching = [
        gap
        for gap in gaps
        if (gap["time_from"] or _EARLIEST) < high and low < (gap["time_to"] or _LATEST)
    ]
    if touching:
        noun = "gap" if len(touching) == 1 else "gaps"
        yield f"{len(touching):,} {noun} of the records in that period"
    about = [str(window["resource_uid"]) for window in allowed]
    data = [
        row
        for row in coverage
        if ".data." in row["source"]
        and (row["container"] is None or any(row["container"] in uid for uid in about))
    ]
    if not data:
        yield "no source with records of requests to data"
    elif not any(
        row["time_from"] is not None
        and row["time_to"] is not None
        and row["time_from"] <= low
        and high <= row["time_to"]
        for row in data
    ):
        yield "the records of requests to data do not span that period"


def _tiers(things: Sequence[Thing], *, whole: bool, sized: bool) -> tuple[Tier, ...]:
    exposed = [one for one in things if one.exposed]
    accessed = [one for one in things if one.requests]
    acquired = [one for one in accessed if one.returned]
    requests = sum(len(one.requests) for one in accessed)
    returning = sum(bool(row["bytes_out"]) for one in acquired for row in one.requests)
    size = _sum(one.returned for one in acquired)
    return (
        Tier(
            name="exposed", objects=len(exposed), objects_most=None, requests=None, repeated=None,
            size=_sum(one.size for one in exposed), size_most=None, single=None,
        ),
        Tier(
            name="accessed", objects=len(accessed), objects_most=len(accessed) if whole else None,
            requests=requests, repeated=requests - len(accessed), size=None, size_most=None,
            single=None,
        ),
        Tier(
            name="acquired", objects=len(acquired),
            objects_most=len(acquired) if whole and sized else None, requests=returning,
            repeated=returning - len(acquired), size=size,
            size_most=size if whole and sized else None,
            single=_sum(one.largest for one in acquired),
        ),
    )  # fmt: skip


def _sum(sizes: Iterable[int | None]) -> int | None:
    stated = [size for size in sizes if size is not None]
    return sum(stated) if stated else None
