"""Which events count as accesses: each request once, by the record that says the most of it.

A copy of an event is left out. So is the record of a request that another log's record stands for
(`same_request_as`); what it alone says, the bytes sent or what the provider names as the ground of
the authorization, is taken over with the event that it is from, never silently.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from timeline.correlate.coding import Coder
from timeline.correlate.provider import Provider

#: Columns of `events` that a second record supplies.
SUPPLIED = ("bytes_out", "auth_evidence")
#: Columns of `events` that say which records are counted.
MARKS = ("duplicate_of", "same_request_as")
#: Columns of `access_classes` that name what was taken over, and from where: here nothing.
NOTHING: Mapping[str, Any] = {
    "supplied_by": None,
    "bytes_supplied": None,
    "auth_evidence_supplied": None,
}
COPY = "copy of an event that is counted"
OTHER_RECORD = "another log's record of a request that is counted"


class Counted:
    """Sums over the batches of a table.

    Attributes:
        candidates: accesses among the rows.
        left_out: reason -> number of access rows that are not decided.
        beside: event_uid -> what another log's record of its request says.
    """

    def __init__(self, provider: Provider) -> None:
        """`provider` says what an access is."""
        self._provider = provider
        self._kinds = Coder()
        self._is_access: list[bool] = []
        self._columns = [Coder() for _ in provider.kind]
        self.candidates = 0
        self.left_out: dict[str, int] = {}
        self.beside: dict[str, Mapping[str, Any]] = {}

    def of(self, rows: pa.Table) -> pa.Table:
        """The accesses among some rows that are counted; the others are added to the sums."""
        names = self._provider.kind
        columns = [c.column(rows[n]) for c, n in zip(self._columns, names, strict=True)]
        kinds, fresh = self._kinds.rows(columns)
        for _, row in fresh:
            found = {name: rows[name][row].as_py() for name in names}
            self._is_access.append(self._provider.is_access(found))
        rows = rows.filter(pa.array(np.array(self._is_access, bool)[kinds]))
        self.candidates += rows.num_rows
        copies = pc.is_valid(rows["duplicate_of"])
        rows = self._without(rows, copies, COPY)
        others = pc.is_valid(rows["same_request_as"])
        for said in (
            rows.filter(others).select(["same_request_as", "event_uid", *SUPPLIED]).to_pylist()
        ):
            self.beside.setdefault(said.pop("same_request_as"), said)
        return self._without(rows, others, OTHER_RECORD)

    def leave_out(self, reason: str, number: int) -> None:
        """Adds to the accesses that are not decided."""
        if number:
            self.left_out[reason] = self.left_out.get(reason, 0) + number

    def _without(self, rows: pa.Table, mask: pa.ChunkedArray, reason: str) -> pa.Table:
        kept = rows.filter(pc.invert(mask))
        self.leave_out(reason, rows.num_rows - kept.num_rows)
        return kept


def supplemented(row: Mapping[str, Any], second: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """An access with what its own record lacks and the second one has.

    Args:
        row: kept columns of `events`, and `NOTHING`.
        second: `event_uid` and `SUPPLIED` of another log's record of the same request.
    """
    if second is None:
        return row
    size, own = second["bytes_out"], row["bytes_out"]
    supplied = size if own is None else None
    more = _more(row["auth_evidence"], second["auth_evidence"])
    if supplied is None and not more:
        return row
    return {
        **row,
        "bytes_out": size if own is None else own,
        "supplied_by": second["event_uid"],
        "bytes_supplied": supplied,
        "auth_evidence_supplied": json.dumps(more, sort_keys=True, separators=(",", ":"))
        if more
        else None,
    }


def _more(own: str | None, other: str | None) -> Mapping[str, Any]:
    """What the other says of authorization and this one does not."""
    said = json.loads(own) if own else {}
    return {name: value for name, value in json.loads(other or "{}").items() if name not in said}
