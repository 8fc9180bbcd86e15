"""Rows of the table `events` picked out of it, without making the rest into Python values.

A case can have millions of events and a few hundred that write configuration or open a session.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

#: What a decided access keeps of its event; the rest is read again from the table when needed.
KEPT = (
    "event_uid", "provider_uid", "time", "operation", "category", "outcome", "error_code",
    "error_message", "status_code", "bytes_out", "auth_method",
    "auth_evidence", "invoked_by", "resource_uid", "container", "src_ip",
    "actor_uid", "session_issuer_uid", "actor_unique_id", "actor_account_uid", "evidence_item",
    "locator", "record_sha256", "source",
)  # fmt: skip


#: Rows of a batch: of more, what is made of them in between is what takes memory.
AT_ONCE = 4_096


def batches(
    rows: Any,  # noqa: ANN401 rows, or the table where it lies
    columns: Collection[str],
) -> "Iterator[pa.Table]":
    """Events in their order, some columns of some thousands at a time.

    Args:
        rows: `normalize.Stored`, or rows as mappings.
        columns: those wanted.
    """
    import pyarrow as pa

    from timeline.schema import schema

    names = sorted(columns)
    if hasattr(rows, "batches"):
        yield from rows.batches(names, AT_ONCE)
        return
    shape = pa.schema([schema("events").field(name) for name in names])
    pending = iter(rows)
    while part := [{name: row[name] for name in names} for row in islice(pending, AT_ONCE)]:
        yield pa.Table.from_pylist(part, shape)


def of_services(table: Any, services: Iterable[str]) -> list[dict[str, Any]]:  # noqa: ANN401 Arrow
    """Rows of these services, in order."""
    return _where(table, "service", services)


def of_operations(table: Any, operations: Iterable[str]) -> list[dict[str, Any]]:  # noqa: ANN401
    """Rows of these operations, in order."""
    return _where(table, "operation", operations)


def by_uid(table: Any, change_uids: Collection[str]) -> dict[str, dict[str, Any]]:  # noqa: ANN401
    """Rows of the events behind changes, by `event_uid`; changes without an event have none."""
    wanted = {uid.removeprefix("opaque/") for uid in change_uids}
    return {row["event_uid"]: row for row in _where(table, "event_uid", wanted)}


def _where(table: Any, column: str, values: Iterable[str]) -> list[dict[str, Any]]:  # noqa: ANN401
    import pyarrow as pa
    import pyarrow.compute as pc

    chosen = pa.array(sorted(values), pa.string())
    found: list[dict[str, Any]] = table.filter(
        pc.is_in(table[column], value_set=chosen)
    ).to_pylist()
    return found
