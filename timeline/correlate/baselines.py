"""A setting on a day, beside what defaults and guidance of that day said (R-001, R-007, R-173).

1. the value found at the instant, out of the intervals, with how it is known;
2. the provider's default for a resource created when this one was, and for one created that day;
3. the dated rows that were available on that day, and no later one;
4. how many comparable resources had the same value at the same instant (R-010).
Values are compared only where both are single values and known. Whether anybody was to follow a
document is not said here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from timeline import baseline
from timeline.correlate import clouds
from timeline.model import Json, Knowledge, SlotState
from timeline.state.defaults import Default
from timeline.state.intervals import History

Row: TypeAlias = Mapping[str, Any]

DIFFER, AGREE, OPEN = "these differ", "these agree", "not compared"
UNKNOWN = "UNKNOWN"
EXISTENCE = "existence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Comparable resources at one instant.

    Attributes:
        same: with the same value, this one included; `known` with a known value; `unknown` besides.
    """

    same: int
    known: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One setting at one instant.

    Attributes:
        resource_uid, slot, title: which.
        at: the instant; `as_of` its day in UTC.
        state: what it held then, and how that is known.
        interval: the row of `intervals` in force, for its provenance; None if none is.
        writer: a row of the change that began it; None where none is recorded.
        created: when the resource was created; None where no record shows it.
        default_created, default_then: (value, row) of the defaults; None where none is known.
        guidance: dated rows available on that day; `later` those that came after it.
        peers: comparable resources.
    """

    resource_uid: str
    slot: str
    title: str
    at: datetime
    state: SlotState
    interval: Row | None
    writer: Row | None
    created: datetime | None
    default_created: tuple[Json, Default | None] | None
    default_then: tuple[Json, Default | None] | None
    guidance: tuple[baseline.Row, ...]
    later: tuple[baseline.Row, ...]
    peers: Peers

    @property
    def as_of(self) -> date:
        """Day of the instant, UTC: nothing later is held against it."""
        return self.at.astimezone(UTC).date()


def settings_at(
    resource_uid: str,
    at: datetime,
    intervals: Sequence[Row],
    changes: Sequence[Row],
    history: History | None = None,
) -> tuple[Found, ...]:
    """Every setting of a resource that the records mention, by slot.

    Args:
        history: of all intervals, where the caller has it already.
    """
    history = History(intervals, changes) if history is None else history
    intervals = [row for row in intervals if row["resource_uid"] == resource_uid]
    created = _created(resource_uid, intervals)
    by_uid = {row["change_uid"]: row for row in changes}
    cloud = clouds.of(changes)
    named = cloud.provider.name
    found = []
    for slot in history.slots(resource_uid):
        setting = cloud.setting_of(slot)
        if setting is None:
            continue
        interval = _in_force(resource_uid, slot, at, intervals)
        found.append(
            Found(
                resource_uid=resource_uid,
                slot=slot,
                title=setting.title,
                at=at,
                state=history.at(resource_uid, slot, at),
                interval=interval,
                writer=by_uid.get(interval["start_change_uid"]) if interval else None,
                created=created,
                default_created=cloud.default_at(slot, created) if created else None,
                default_then=cloud.default_at(slot, at),
                guidance=baseline.available(named, slot, at.astimezone(UTC).date()),
                later=baseline.later(named, slot, at.astimezone(UTC).date()),
                peers=_peers(history, resource_uid, slot, at),
            )
        )
    return tuple(found)


def compared(state: SlotState, other: Json) -> str:
    """Whether the value found is the other one: words of `DIFFER`, `AGREE`, `OPEN`.

    Compared are single values, and nothing with nothing; documents and lists of grants are not:
    whether one is as strict as another is not a matter of equality.
    """
    if state.knowledge is Knowledge.UNKNOWN or other == UNKNOWN:
        return OPEN
    if isinstance(other, dict | list):
        return OPEN
    if other is None:
        return AGREE if state.knowledge is Knowledge.ABSENT else DIFFER
    if state.knowledge is Knowledge.PRESENT and isinstance(state.value, dict | list):
        return OPEN
    return AGREE if state.value == other and type(state.value) is type(other) else DIFFER


def comparable(history: History, slot: str) -> tuple[str, ...]:
    """N of R-010: containers that the records mention with this setting."""
    return tuple(
        uid
        for uid in history.resources()
        if clouds.is_container(uid) and slot in history.slots(uid)
    )  # fmt: skip


def _peers(history: History, resource_uid: str, slot: str, at: datetime) -> Peers:
    own = history.at(resource_uid, slot, at)
    states = [history.at(uid, slot, at) for uid in comparable(history, slot)]
    known = [one for one in states if one.knowledge is not Knowledge.UNKNOWN]
    same = [one for one in known if (one.knowledge, one.value) == (own.knowledge, own.value)]
    return Peers(same=len(same), known=len(known), unknown=len(states) - len(known))


def _created(resource_uid: str, intervals: Iterable[Row]) -> datetime | None:
    """When the resource began to exist, where a record of its creation shows it exactly."""
    starts = [
        row["start"]
        for row in intervals
        if row["resource_uid"] == resource_uid
        and row["slot"] == EXISTENCE
        and row["value"] not in (None, UNKNOWN)
        and row["start_bound"] == "exact"
        and row["start_change_uid"] is not None
    ]
    return min(starts, default=None)


def _in_force(
    resource_uid: str, slot: str, at: datetime, intervals: Iterable[Row]
) -> Row | None:  # fmt: skip
    """The row that began last among those in force: its change altered the slot last."""
    held = [
        row
        for row in intervals
        if (row["resource_uid"], row["slot"]) == (resource_uid, slot)
        and (row["start"] is None or row["start"] <= at)
        and (row["end"] is None or at < row["end"])
    ]
    begun = [row for row in held if row["start"] is not None]
    return max(begun, key=lambda row: (row["start"], row["fact"])) if begun else next(
        iter(held), None
    )  # fmt: skip
