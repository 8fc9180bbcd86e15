"""The model card: what a finding's answer was computed from, to rerun it without butfor (R-165).

Per request class named by a finding: its variables (the recorded changes, with their source rows),
the outcome as the minimal sufficient sets of those changes (any one set being in effect allows the
request), and the assumptions. Setting variables to false and asking whether any set is still whole
reproduces each but-for answer of the replay-undo and of the delta-undo.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from collector.case import CaseConfig
from timeline.correlate.causes import Causes
from timeline.correlate.decisions import Decided
from timeline.model import Finding


def model_card(
    config: CaseConfig, decided: Decided, causes: Causes, found: Sequence[Finding]
) -> dict[str, Any]:
    """The card as plain JSON values."""
    return {
        "format": 1,
        "assumptions": sorted(config.assumptions.on()),
        "excluded_variables": [
            "creations of resources (never undone)",
            "changes after the request",
            "slots that the request's evaluation does not read",
        ],
        "definitions": ["but-for", "NESS", "HP-modified-2015"],
        "models": ["changes-only-delta", "changes-only-replay"],
        "findings": [_finding(one, decided, causes) for one in found if one.classes],
    }


def _finding(finding: Finding, decided: Decided, causes: Causes) -> Mapping[str, Any]:
    return {
        "finding_uid": finding.finding_uid,
        "number": finding.number,
        "sensitivity": [dict(entry) for entry in finding.sensitivity],
        "classes": [_class(uid, decided, causes) for uid in finding.classes],
    }


def _class(uid: str, decided: Decided, causes: Causes) -> Mapping[str, Any]:
    one = decided.classes[uid]
    rows = causes.changes.get(uid, ())
    sets = causes.sets.get(uid, ())
    return {
        "class_uid": uid,
        "request": dict(one.request),
        "decision": str(one.decision.verdict),
        "variables": sorted({row["change_uid"] for row in rows}),
        "formula": {
            f"changes-only-{undo}": {
                "any_of": [
                    {"all_of": row["members"], "certainty": row["certainty"]}
                    for row in sets
                    if row["undo"] == undo and row["kind"] == "minimal sufficient"
                ],
                "complete": all(row["complete"] for row in sets if row["undo"] == undo),
            }
            for undo in ("delta", "replay")
        },
        "shape": dict(causes.shapes.get(uid, {})),
    }
