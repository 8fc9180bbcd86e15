"""The history of one resource for a reader: as plain JSON, and as lines of text.

Both say the same: value, how known, bounds, and the bytes that it rests on. Text from records is
escaped, because whoever wrote it may have wished to write on this screen.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from collector.clock import stamp
from collector.errors import UsageError
from collector.model import Provenance
from timeline.model import Json, Knowledge, StateInterval
from timeline.state.intervals import History, LoggedWrite
from timeline.state.ledger import SCALAR, WHOLE, canonical


def resource_uid(history: History, given: str) -> str:
    """The resource that a name stands for.

    Raises:
        UsageError: none, or several.
    """
    resources = history.resources()
    if given in resources:
        return given
    found = [uid for uid in resources if uid.endswith((f":::{given}", f":{given}", f"/{given}"))]
    whole = [uid for uid in found if uid.endswith(f":::{given}")]
    if len(whole or found) == 1:
        return (whole or found)[0]
    if found:
        listed = ", ".join(found[:5])
        raise UsageError(f"{given!r} stands for {len(found)} resources: give one of {listed}")
    near = [uid for uid in resources if given.lower() in uid.lower()][:5]
    hint = f"; similar: {', '.join(near)}" if near else ""
    raise UsageError(f"expected a resource that the records mention, found {given!r}{hint}")


def at(history: History, uid: str, t: datetime) -> dict[str, Any]:
    """Every slot of a resource at an instant."""
    slots = {}
    for slot in history.slots(uid):
        state = history.at(uid, slot, t)
        slots[slot] = {
            "knowledge": str(state.knowledge),
            "value": state.value,
            "facts": [_interval(row) for row in state.intervals],
        }
    return {"resource_uid": uid, "at": stamp(t), "slots": slots}


def whole_history(history: History, uid: str) -> dict[str, Any]:
    """Every interval and every attempted write of a resource."""
    return {
        "resource_uid": uid,
        "intervals": [_interval(row) for row in history.intervals(uid)],
        "writes": [_write(write) for write in history.writes(uid)],
    }


def difference(history: History, uid: str, one: datetime, other: datetime) -> dict[str, Any]:
    """Facts that were there at one instant and not at the other, slot by slot."""
    slots = {}
    for slot in history.slots(uid):
        before, after = history.at(uid, slot, one), history.at(uid, slot, other)
        unknown = [
            stamp(t) for t, s in ((one, before), (other, after)) if s.knowledge is Knowledge.UNKNOWN
        ]
        old, new = _facts(before.intervals), _facts(after.intervals)
        removed = [old[f] for f in sorted(old) if f not in new or _differs(f, old, new)]
        added = [new[f] for f in sorted(new) if f not in old or _differs(f, old, new)]
        if unknown or removed or added:
            slots[slot] = {"unknown_at": unknown, "removed": removed, "added": added}
    return {"resource_uid": uid, "from": stamp(one), "to": stamp(other), "slots": slots}


def at_lines(uid: str, t: datetime, answer: Mapping[str, Any]) -> list[str]:
    """`at` as text."""
    lines = [f"{plain(uid)} at {stamp(t)}"]
    for slot, state in answer["slots"].items():
        lines.append(f"\n{plain(slot)}: {state['knowledge']}")
        for row in state["facts"]:
            lines += _interval_lines(row)
    return lines


def history_lines(uid: str, answer: Mapping[str, Any]) -> list[str]:
    """`whole_history` as text."""
    lines = [plain(uid)]
    slot = None
    for row in answer["intervals"]:
        if row["slot"] != slot:
            slot = row["slot"]
            lines.append(f"\n{plain(slot)}")
        lines += _interval_lines(row)
    lines.append("\nwrites, in order")
    for write in answer["writes"]:
        when = write["time_from"] or f"not later than {write['time_to']}"
        word = "accepted" if write["accepted"] else "refused"
        what = write["operation"] or write["kind"]
        lines.append(f"  {when}  {plain(what)} {plain(write['slot'])} ({word}, {write['kind']})")
        if write["actor"]:
            agent = write["said"].get("user_agent") or "not recorded"
            lines.append(
                f"    by {plain(write['actor'])}, user agent (self-declared) {plain(agent)}"
            )
        if write["evidence_item"]:
            lines.append(f"    source: {plain(_source(write))}")
    return lines


def difference_lines(
    uid: str, one: datetime, other: datetime, answer: Mapping[str, Any]
) -> list[str]:
    """`difference` as text: `-` was there at the first instant alone, `+` at the second."""
    lines = [f"{plain(uid)}", f"--- {stamp(one)}", f"+++ {stamp(other)}"]
    for slot, found in answer["slots"].items():
        lines.append(f"\n{plain(slot)}")
        lines += [f"  ? not known at {t}: nothing can be compared" for t in found["unknown_at"]]
        for mark, rows in (("-", found["removed"]), ("+", found["added"])):
            for row in rows:
                lines += [f"{mark} {line}" for line in pretty(row["value"])]
                lines += [f"    {line}" for line in _source_lines(row)]
    if not answer["slots"]:
        lines.append("\nno difference in the slots that the records mention")
    return lines


def plain(text: str) -> str:
    """Text from a record with everything that a terminal could obey made visible."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _interval(row: StateInterval) -> dict[str, Any]:
    return {
        "slot": row.slot,
        "fact": row.fact,
        "knowledge": str(row.knowledge),
        "value": row.value,
        "start": stamp(row.start) if row.start else None,
        "start_bound": str(row.start_bound),
        "end": stamp(row.end) if row.end else None,
        "end_bound": str(row.end_bound),
        "how_known": str(row.how_known),
        "why": row.why,
        "start_change_uid": row.start_change,
        "end_change_uid": row.end_change,
        **_cite(row.provenance),
    }


def _write(write: LoggedWrite) -> dict[str, Any]:
    return {
        "change_uid": write.change_uid,
        "kind": write.kind,
        "operation": write.operation,
        "accepted": write.accepted,
        "slot": write.slot,
        "time_from": stamp(write.time_from) if write.time_from else None,
        "time_to": stamp(write.time_to) if write.time_to else None,
        "content": None if write.atoms is None else dict(write.atoms),
        "actor": write.actor,
        "party": write.party,
        "said": dict(write.said),
        **_cite(write.provenance),
    }


def _facts(rows: Iterable[StateInterval]) -> dict[str, dict[str, Any]]:
    return {row.fact: _interval(row) for row in rows if row.fact != WHOLE}


def _differs(fact: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """A statement or grant is its own name; of a setting the value counts."""
    return fact == SCALAR and canonical(old[fact]["value"]) != canonical(new[fact]["value"])


def _interval_lines(row: Mapping[str, Any]) -> list[str]:
    word = {"ABSENT": "empty", "UNKNOWN": "UNKNOWN"}.get(row["knowledge"])
    value = [word] if word else pretty(row["value"])
    return [f"  {line}" for line in value] + [f"    {line}" for line in _source_lines(row)]


def _source_lines(row: Mapping[str, Any]) -> Sequence[str]:
    start, end = "from before all records", "to beyond all records"
    if row["start"]:
        start = f"from {row['start']} ({row['start_bound']})"
    if row["end"]:
        end = f"to {row['end']} ({row['end_bound']})"
    known = f"{row['how_known']}: {plain(row['why'])}"
    return (f"{start} {end}", known, f"source: {plain(_source(row))}")


def _source(row: Mapping[str, Any]) -> str:
    if not row["evidence_item"]:
        return "no record"
    return f"{row['evidence_item']} {row['locator']} sha256 {row['record_sha256']}"


def _cite(cited: Provenance | None) -> dict[str, str | None]:
    return {
        "evidence_item": cited.item if cited else None,
        "locator": cited.locator if cited else None,
        "record_sha256": cited.sha256 if cited else None,
    }


def pretty(value: Json) -> list[str]:
    """A value as indented JSON; what stands in a policy goes without its wrapper."""
    inner = value
    if isinstance(value, dict) and value.keys() == {"Version", "Statement"}:
        inner = value["Statement"]
    text = json.dumps(inner, indent=2, sort_keys=True, ensure_ascii=False)
    return [plain(line) for line in text.split("\n")]
