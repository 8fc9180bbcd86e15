"""Reading the history of configuration: what a slot held at an instant.

`History` is built from rows of `intervals` (and of `changes` for the writes). It answers UNKNOWN
for a slot that no row mentions; that a slot is mentioned and empty is another answer.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from collector.model import Provenance
from timeline.model import Bound, HowKnown, Json, Knowledge, SlotState, StateInterval
from timeline.state.ledger import SCALAR, UNKNOWN, WHOLE, Atoms

NOT_MENTIONED = "no record mentions it"

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedWrite:
    """One attempted write or hidden change to one slot, put together from rows of `changes`.

    Attributes:
        change_uid, kind, operation, accepted, resource_uid, slot: as in `changes`.
        time_from, time_to: when it was made; of a hidden change the bounds.
        atoms: content that it set or tried to set; None = not known.
        actor, party: as in `changes`.
        said: what else the record says of the caller: user agent, address, session.
        provenance: the bytes; of a default, those of the creation.
    """

    change_uid: str
    kind: str
    operation: str | None
    accepted: bool
    resource_uid: str
    slot: str
    time_from: datetime | None
    time_to: datetime | None
    atoms: Atoms | None
    actor: str | None
    party: str | None
    said: Mapping[str, Json]
    provenance: Provenance | None


class History:
    """Configuration of all resources over time. Never changed once built."""

    def __init__(
        self,
        intervals: Iterable[Mapping[str, Any]],
        changes: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        """Build from rows of `intervals` and `changes`, in any order."""
        places: dict[tuple[str, str], list[StateInterval]] = {}
        for row in intervals:
            places.setdefault((row["resource_uid"], row["slot"]), []).append(interval_of(row))
        self._places = {place: places[place] for place in sorted(places)}
        slots: dict[str, list[str]] = {}
        for resource_uid, slot in self._places:
            slots.setdefault(resource_uid, []).append(slot)
        self._slots = {resource_uid: tuple(names) for resource_uid, names in slots.items()}
        self._marks: dict[tuple[str, str], list[datetime]] = {}
        self._states: dict[tuple[str, str, int], SlotState] = {}
        self._writes = _writes(changes)

    def resources(self) -> tuple[str, ...]:
        """Resources that the records mention, sorted."""
        return tuple(self._slots)

    def slots(self, resource_uid: str) -> tuple[str, ...]:
        """Slots of a resource that the records mention, sorted; none for an unknown resource."""
        return self._slots.get(resource_uid, ())

    def at(self, resource_uid: str, slot: str, t: datetime) -> SlotState:
        """The slot at an instant; UNKNOWN for one that the records do not mention."""
        place = (resource_uid, slot)
        held = self._places.get(place)
        if held is None:
            return SlotState(knowledge=Knowledge.UNKNOWN, value=None, why=NOT_MENTIONED)
        marks = self._marks.get(place)
        position = bisect_right(self.edges(*place) if marks is None else marks, t)
        state = self._states.get((*place, position))
        if state is None:
            state = self._states[*place, position] = slot_state(slot, _in_force(held, t))
        return state

    def edges(self, resource_uid: str, slot: str) -> Sequence[datetime]:
        """Instants at which what is known of a slot begins or ends, ascending, each once."""
        place = (resource_uid, slot)
        marks = self._marks.get(place)
        if marks is None:
            held = self._places.get(place, ())
            ends = {mark for row in held for mark in (row.start, row.end) if mark is not None}
            marks = self._marks[place] = sorted(ends)
        return marks

    def intervals(self, resource_uid: str, slot: str | None = None) -> tuple[StateInterval, ...]:
        """Intervals of a resource, by slot and start."""
        names = self.slots(resource_uid) if slot is None else (slot,)
        found = [row for name in names for row in self._places.get((resource_uid, name), ())]
        return tuple(sorted(found, key=lambda r: (r.slot, r.start or _BEGINNING, r.fact)))

    def epochs(self, resource_uid: str) -> tuple[datetime, ...]:
        """Instants of attempted writes to a resource and of hidden changes, ascending.

        A write that altered nothing or was refused counts: a replay may give another result.
        """
        times = {write.time_from or write.time_to for write in self._writes.get(resource_uid, ())}
        return tuple(sorted(time for time in times if time is not None))

    def writes(self, resource_uid: str, slot: str | None = None) -> tuple[LoggedWrite, ...]:
        """Attempted writes and hidden changes of a resource, in order."""
        found = self._writes.get(resource_uid, ())
        return tuple(write for write in found if slot is None or write.slot == slot)


def interval_of(row: Mapping[str, Any]) -> StateInterval:
    """One row of `intervals`."""
    unknown = row["value"] == UNKNOWN
    empty = row["value"] is None
    return StateInterval(
        resource_uid=row["resource_uid"],
        slot=row["slot"],
        fact=row["fact"],
        knowledge=Knowledge.UNKNOWN
        if unknown
        else Knowledge.ABSENT
        if empty
        else Knowledge.PRESENT,
        value=None if unknown or empty else json.loads(row["value"]),
        start=row["start"],
        start_bound=Bound(row["start_bound"]),
        end=row["end"],
        end_bound=Bound(row["end_bound"]),
        how_known=HowKnown(row["how_known"]),
        why=row["why"],
        start_change=row["start_change_uid"],
        end_change=row["end_change_uid"],
        provenance=_cited(row),
    )


def slot_state(slot: str, held: Sequence[StateInterval]) -> SlotState:
    """A whole slot, from the intervals in force at one instant."""
    whys = sorted({row.why for row in held})
    if not held or any(row.knowledge is Knowledge.UNKNOWN for row in held):
        knowledge = Knowledge.UNKNOWN
    elif all(row.knowledge is Knowledge.ABSENT for row in held):
        knowledge = Knowledge.ABSENT
    else:
        knowledge = Knowledge.PRESENT
    atoms = {row.fact: row.value for row in held if row.fact != WHOLE}
    value = assemble(atoms) if knowledge is Knowledge.PRESENT else None
    return SlotState(
        knowledge=knowledge,
        value=value,
        why="; ".join(whys) or f"no interval of {slot} covers this instant",
        intervals=tuple(sorted(held, key=lambda row: row.fact)),
    )


def assemble(atoms: Atoms) -> Json:
    """Facts of a slot put together in the provider's form.

    A single `value` is itself; statements make a document again, in the order of their Sids and
    hashes (order has no meaning in a policy); grants make a list of grants.
    """
    if SCALAR in atoms:
        return atoms[SCALAR]
    parts = [value for _, value in sorted(atoms.items()) if isinstance(value, dict)]
    if all("Statement" in part for part in parts):
        statements = [part["Statement"] for part in parts]
        versions = sorted({str(p["Version"]) for p in parts if p.get("Version") is not None})
        document: dict[str, Json] = {"Version": versions[-1]} if versions else {}
        return document | {"Statement": sorted(statements, key=_by_sid)}
    return {"Owner": {}, "Grants": list(parts)}


def _by_sid(statement: Json) -> str:
    return str(statement.get("Sid", "")) if isinstance(statement, dict) else ""


def _in_force(held: Iterable[StateInterval], t: datetime) -> list[StateInterval]:
    return [
        row
        for row in held
        if (row.start is None or row.start <= t) and (row.end is None or t < row.end)
    ]


def _writes(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[LoggedWrite, ...]]:
    grouped: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        key = (row["change_uid"], row["resource_uid"], row["slot"])
        grouped.setdefault(key, []).append(row)
    found: dict[str, list[LoggedWrite]] = {}
    for (_, resource_uid, _slot), parts in grouped.items():
        found.setdefault(resource_uid, []).append(_logged_write(parts))
    return {uid: tuple(sorted(writes, key=_write_order)) for uid, writes in found.items()}


def _logged_write(parts: Sequence[Mapping[str, Any]]) -> LoggedWrite:
    first = parts[0]
    known = all(part["new"] != UNKNOWN for part in parts)
    atoms = {part["fact"]: json.loads(part["new"]) for part in parts if known and part["new"]}
    return LoggedWrite(
        change_uid=first["change_uid"],
        kind=first["kind"],
        operation=first["operation"],
        accepted=first["accepted"],
        resource_uid=first["resource_uid"],
        slot=first["slot"],
        time_from=first["time_from"],
        time_to=first["time_to"],
        atoms=atoms if known else None,
        actor=first["technical_actor"],
        party=first["party"],
        said=_said(first["attribution"]),
        provenance=_cited(first),
    )


def _said(attribution: str | None) -> Mapping[str, Json]:
    parsed = json.loads(attribution) if attribution else {}
    return parsed if isinstance(parsed, dict) else {}


def _cited(row: Mapping[str, Any]) -> Provenance | None:
    if row["evidence_item"] is None:
        return None
    return Provenance(
        item=row["evidence_item"], locator=row["locator"], sha256=row["record_sha256"]
    )


def _write_order(write: LoggedWrite) -> tuple[datetime, str, str]:
    return (write.time_from or write.time_to or _BEGINNING, write.change_uid, write.slot)
