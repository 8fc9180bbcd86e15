"""Choosing events: the filters of `butfor timeline` and of the Python API."""

import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

ACTORS = ("actor_uid", "actor_name", "actor_account_uid", "actor_unique_id", "credential_uid",
          "session_issuer_uid", "session_uid", "actor_type")  # fmt: skip
RESOURCES = ("resource_uid", "container", "object")
OUTCOMES = ("success", "denied", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What an event must be like; None = anything. `*` in a text stands for any characters.

    Attributes:
        resource: ARN, bucket or key, in the same letters.
        actor: ARN, name, account, unique id, credential, session, or `Anonymous`; capitals and
            small letters are one.
        ip: address or network.
        time_from: not before.
        time_to: before.
        operation: the provider's name; capitals and small letters are one.
        outcome: success, denied, error.
        once: without copies, and without other logs' records of a request that is there.
    """

    resource: str | None = None
    actor: str | None = None
    ip: str | None = None
    time_from: datetime | None = None
    time_to: datetime | None = None
    operation: str | None = None
    outcome: str | None = None
    once: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot match before any work starts."""
        if self.ip is not None:
            try:
                ipaddress.ip_network(self.ip, strict=False)
            except ValueError:
                raise ValueError(
                    f"ip: expected an address or a network as in 198.51.100.0/24, found {self.ip!r}"
                ) from None
        if self.outcome is not None and self.outcome not in OUTCOMES:
            raise ValueError(f"outcome: expected one of {', '.join(OUTCOMES)}")
        bounds = (self.time_from, self.time_to)
        if all(bounds) and bounds[0] >= bounds[1]:  # type: ignore[operator]
            raise ValueError(f"expected a period, found one from {bounds[0]} to {bounds[1]}")


def tables(events: Path, wanted: Filter) -> "Iterator[pa.Table]":
    """Events that match, in total order, one table a day."""
    import pyarrow.parquet as pq

    from timeline.normalize.table import files

    for path in files(events):
        if not _may_hold(path, wanted):
            continue
        table = pq.ParquetFile(path).read()
        chosen = table.filter(_mask(table, wanted))
        if chosen.num_rows:
            yield chosen


def rows(events: Path, wanted: Filter) -> Iterator[dict[str, Any]]:
    """Matching events as dicts, in total order."""
    for table in tables(events, wanted):
        yield from table.to_pylist()


def frame(events: Path, wanted: Filter = Filter()) -> Any:  # noqa: ANN401 - pandas is imported late
    """Matching events as a pandas DataFrame."""
    import pyarrow as pa

    from timeline.schema import schema

    found = list(tables(events, wanted)) or [schema("events").empty_table()]
    return pa.concat_tables(found).to_pandas()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a table of events holds.

    Attributes:
        events: rows.
        first, last: day of the first and of the last, empty where there is none.
    """

    events: int
    first: str
    last: str


def held(events: Path) -> Held:
    """What the table holds, by its files alone."""
    import pyarrow.parquet as pq

    from timeline.normalize.table import files

    paths = files(events)
    days = sorted(path.parent.name.removeprefix("day=") for path in paths)
    return Held(
        events=sum(pq.ParquetFile(path).metadata.num_rows for path in paths),
        first=days[0] if days else "",
        last=days[-1] if days else "",
    )


def alone(events: Path, wanted: Filter) -> dict[str, int]:
    """How many events each part of a filter chooses by itself: which one leaves nothing."""
    parts = {
        name: Filter(**{name: getattr(wanted, name)})
        for name in Filter.__dataclass_fields__
        if getattr(wanted, name)
    }
    return {
        name: sum(table.num_rows for table in tables(events, part)) for name, part in parts.items()
    }


def again(events: Path, uids: Collection[str]) -> Iterator[tuple[str, str]]:
    """(event_uid, column) of events that point to one of these: copies, and second records."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from timeline.normalize.duplicates import FOLDED
    from timeline.normalize.table import files

    chosen = pa.array(sorted(uids), pa.string())
    for path in files(events):
        table = pq.ParquetFile(path).read(columns=["event_uid", *FOLDED])
        for column in FOLDED:
            found = table.filter(pc.is_in(table[column], value_set=chosen))
            yield from ((uid, column) for uid in found["event_uid"].to_pylist())


def find(events: Path, name: str) -> tuple[Mapping[str, Any], ...]:
    """Events with this event_uid, or else with this id of the provider."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from timeline.normalize.table import files

    exact: list[Mapping[str, Any]] = []
    others: list[Mapping[str, Any]] = []
    for path in files(events):
        table = pq.ParquetFile(path).read()
        exact += table.filter(pc.equal(table["event_uid"], name)).to_pylist()
        mask = pc.or_kleene(
            pc.equal(table["provider_uid"], name), pc.equal(table["request_id"], name)
        )
        others += table.filter(mask).to_pylist()
    return tuple(exact or others)


def _may_hold(path: Path, wanted: Filter) -> bool:
    """Whether a day's file can hold matching events, by its name."""
    day = path.parent.name.removeprefix("day=")
    if wanted.time_from is not None and day < _day(wanted.time_from):
        return False
    return wanted.time_to is None or day <= _day(wanted.time_to)


def _day(at: datetime) -> str:
    from datetime import UTC

    return at.astimezone(UTC).date().isoformat()


def _mask(table: "pa.Table", wanted: Filter) -> Any:  # noqa: ANN401 - pyarrow has no stubs
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = table["time"].type
    mask = pa.array([True] * table.num_rows)
    if wanted.time_from is not None:
        mask = pc.and_(mask, pc.greater_equal(table["time"], pa.scalar(wanted.time_from, kind)))
    if wanted.time_to is not None:
        mask = pc.and_(mask, pc.less(table["time"], pa.scalar(wanted.time_to, kind)))
    for names, text, exact in (
        (RESOURCES, wanted.resource, True),
        (ACTORS, wanted.actor, False),
        (("operation",), wanted.operation, False),
    ):
        if text is not None:
            mask = pc.and_(mask, _any(table, names, text, exact))
    if wanted.once:
        mask = pc.and_(mask, pc.is_null(table["duplicate_of"]))
        mask = pc.and_(mask, pc.is_null(table["same_request_as"]))
    if wanted.outcome is not None:
        mask = pc.and_(mask, pc.equal(table["outcome"], wanted.outcome))
    if wanted.ip is not None:
        mask = pc.and_(mask, _in_network(table["src_ip"], wanted.ip))
    return mask


def _any(table: "pa.Table", names: tuple[str, ...], text: str, exact: bool) -> Any:  # noqa: ANN401
    import pyarrow.compute as pc

    found = None
    pattern = "(?s)^" + ".*".join(re.escape(part) for part in text.split("*")) + "$"
    for name in names:
        if "*" in text or not exact:
            one = pc.match_substring_regex(table[name], pattern, ignore_case=not exact)
        else:
            one = pc.equal(table[name], text)
        one = pc.fill_null(one, False)
        found = one if found is None else pc.or_(found, one)
    return found


def _in_network(column: Any, ip: str) -> Any:  # noqa: ANN401
    import pyarrow as pa
    import pyarrow.compute as pc

    network = ipaddress.ip_network(ip, strict=False)
    inside = [each for each in pc.unique(column).to_pylist() if each and _is_in(each, network)]
    return pc.is_in(column, value_set=pa.array(inside, pa.string()))


def _is_in(address: str, network: "ipaddress.IPv4Network | ipaddress.IPv6Network") -> bool:
    try:
        return ipaddress.ip_address(address) in network
    except ValueError:
        return False
