"""The model card: what a finding's answer was computed from, to rerun it without butfor (R-165).

For each request class that a finding names: its variables (the recorded changes that can be undone)
with their sources, and the class in every *world* that it was asked in (`worlds.py`): under the
case's own assumptions, with each of them toggled alone and in pairs, and with each reading of the
register of ambiguities that turned any answer. In a world the outcome of any set of changes undone
follows from a formula for each undo (`formulas.py`). `verify.py rerun` reads it with nothing of
butfor. The card is bounded; what it leaves out it counts, and the rerun then says UNKNOWN.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from timeline.correlate import formulas
from timeline.correlate.worlds import NAMED, Case, Replies, Toggled
from timeline.model import Finding

FORMAT = 2
#: Facts of one change told one by one, and characters of one told in full.
FACTS, TOLD = 20, 1_000

#: Change uid -> rows of `changes`.
Changes = Mapping[str, Sequence[Mapping[str, Any]]]

_LEFT_OUT = (
    "creations of resources: they are never undone",
    "changes after the request: they cannot have decided it",
    "slots that the request's evaluation does not read, at any instant before it",
)


def model_card(
    case: Case,
    changes: Changes,
    found: Sequence[Finding],
    replies: Replies,
    weights: Mapping[str, int],
) -> dict[str, Any]:
    """The card as plain JSON values.

    Args:
        case: what the build came to.
        changes: of the case.
        found: the findings.
        replies: their classes in every world.
        weights: class uid -> accesses of it that findings count.
    """
    worlds: dict[str, list[Toggled]] = {}
    for uid, toggled in replies.replies:
        worlds.setdefault(uid, []).append(toggled)
    asked = sorted({uid for one in found for uid in one.classes})
    classes = [_class(uid, worlds[uid], case, replies) for uid in asked]
    named = sorted({uid for one in classes for uid in one["variables"]})
    register = case.setting.provider.readings
    return {
        "format": FORMAT,
        "assumptions": {name: name in replies.held for name in sorted({*NAMED, *replies.held})},
        "readings": {
            each: {
                "first": register[each][0], "other": register[each][1],
                "default": None if each in case.setting.provider.without_default else "first",
            }
            for each in replies.met
        },
        "readings_met_by_none": sorted(register.keys() - set(replies.met)),
        "excluded_variables": list(_LEFT_OUT),
        "definitions": ["but-for", "NESS", "HP-modified-2015"],
        "models": ["changes-only-delta", "changes-only-replay"],
        "limits": {
            "classes_in_every_world": formulas.CLASSES, "classes_left_out": replies.left_out,
            "rows_of_tables": formulas.ROWS, "rows_worked_out": formulas.WORKED,
        },
        "sources": {uid: _source(uid, changes.get(uid, ()), case) for uid in named},
        "formulas": dict(replies.store),
        "classes": classes,
        "findings": [_finding(one, weights) for one in found if one.classes],
    }  # fmt: skip


def _finding(finding: Finding, weights: Mapping[str, int]) -> Mapping[str, Any]:
    counts = {uid: weights.get(uid, 0) for uid in finding.classes}
    total = finding.numbers["accesses"]
    return {
        "finding_uid": finding.finding_uid,
        "number": finding.number,
        "result_class": finding.result_class,
        "accesses": total,
        "accesses_of_class": counts if sum(counts.values()) == total else None,
        "sensitivity": [dict(entry) for entry in finding.sensitivity],
        "classes": list(finding.classes),
    }


def _class(uid: str, worlds: Sequence[Toggled], case: Case, replies: Replies) -> dict[str, Any]:
    one = case.decided.classes[uid]
    before = case.records.decided.classes[uid].decision.verdict
    return {
        "class_uid": uid,
        "request": dict(one.request),
        "decision": str(one.decision.verdict),
        "order_inferred_from_outcomes": before is not one.decision.verdict,
        "variables": sorted({r["change_uid"] for r in case.causes.changes.get(uid, ())}),
        "shape": dict(case.causes.shapes.get(uid, {})),
        "worlds": [_world(uid, toggled, replies) for toggled in sorted(worlds)],
    }


def _world(uid: str, toggled: Toggled, replies: Replies) -> Mapping[str, Any]:
    reply = replies.replies[uid, toggled]
    return {
        "toggled": list(toggled),
        "decision": str(reply.verdict),
        "flips": reply.flips,
        "formula": {f"changes-only-{undo}": name for undo, name in reply.formulas.items()},
    }


def _source(uid: str, rows: Sequence[Mapping[str, Any]], case: Case) -> Mapping[str, Any]:
    """What a variable is, the values that it can have, and the bytes that it was read from.

    A hidden change has no record: its bounds are those of the observations around it.
    """
    head: Mapping[str, Any] = rows[0] if rows else {}
    event: Mapping[str, Any] = case.writers.get(uid.removeprefix("opaque/"), head)
    times = [head.get("time_from"), head.get("time_to")]
    return {
        "kind": head.get("kind"),
        "operation": head.get("operation"),
        "domain": {"1": "in effect, as recorded", "0": "undone"},
        "actual": 1,
        "times": [None if time is None else time.isoformat() for time in times],
        "places": sorted({f"{row['resource_uid']}|{row['slot']}" for row in rows}),
        "wrote": [_wrote(row) for row in rows[:FACTS]],
        "facts": len(rows),
        "provider_uid": head.get("provider_uid"),
        "evidence_item": event.get("evidence_item"),
        "locator": event.get("locator"),
        "record_sha256": event.get("record_sha256"),
    }


def _wrote(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "fact": f"{row['resource_uid']}|{row['slot']}|{row['fact']}",
        "effect": row["effect"],
        "before": _told(row["old"]),
        "after": _told(row["new"]),
    }


def _told(value: str | None) -> str | None:
    """A value; of a long one its digest, since the record that is cited holds it."""
    if value is None or len(value) <= TOLD:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()
    return f"{len(value):,} characters, SHA-256 {digest}"
