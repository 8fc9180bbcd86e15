"""Which events count as accesses: each request once, by the record that says the most of it.

A copy of an event is left out. So is the record of a request that another log's record stands for
(`same_request_as`); what it alone says, the bytes sent or what the provider names as the ground of
the authorization, is taken over with the event that it is from, never silently.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from sys import intern
from typing import Any

from timeline.correlate.provider import Provider, Request
from timeline.events import KEPT

#: Columns of `events` that a second record supplies.
SUPPLIED = ("bytes_out", "auth_evidence")
#: Columns of `access_classes` that name what was taken over, and from where: here nothing.
NOTHING: Mapping[str, Any] = {
    "supplied_by": None,
    "bytes_supplied": None,
    "auth_evidence_supplied": None,
}
#: Columns of which every access has its own text: there is nothing to hold once.
OWN = frozenset({"event_uid", "provider_uid", "locator", "record_sha256"})
_PLACES = {name: place for place, name in enumerate(KEPT)}
_NAMES = (*KEPT, *NOTHING)


def requests(
    rows: Iterable[Mapping[str, Any]], provider: Provider, beside: dict[str, Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any], Request | str]]:
    """Accesses with their request, or with the reason why they are not decided.

    Args:
        rows: of `events`, in their order.
        provider: says what an access is.
        beside: filled: event_uid -> what another log's record of its request says.
    """
    for row in rows:
        if not provider.is_access(row):
            continue
        if row["duplicate_of"] is not None:
            yield row, "copy of an event that is counted"
        elif row["same_request_as"] is not None:
            said = {name: row[name] for name in ("event_uid", *SUPPLIED)}
            beside.setdefault(row["same_request_as"], said)
            yield row, "another log's record of a request that is counted"
        else:
            request = provider.request_of(row)
            yield row, request or f"{row['operation']}: no known action or resource"


class Kept(Mapping[str, Any]):
    """Columns of one access, `KEPT` and `NOTHING`: millions are held, and a tuple is the least."""

    __slots__ = ("_values",)

    def __init__(self, values: tuple[Any, ...]) -> None:
        """Of the values of `KEPT`, in their order."""
        self._values = values

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 whatever the column holds
        place = _PLACES.get(name)
        return NOTHING[name] if place is None else self._values[place]

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


def kept(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The columns that later stages need; texts that repeat are held once."""
    return Kept(
        tuple(
            intern(value) if isinstance(value := row[name], str) and name not in OWN else value
            for name in KEPT
        )
    )


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
