"""The model card: what a finding's answer was computed from, to rerun it without butfor (R-165).

Per request class named by a finding: its variables (the recorded changes that can be undone), the
outcome for every combination of them as a truth table, and the formula as the minimal sufficient
sets of those changes (any one set being in effect allows the request). The sources of the
variables and the assumptions stand beside them. `verify.py rerun` reads it with nothing of butfor.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from collector.case import CaseConfig
from timeline.correlate import runs, truth
from timeline.correlate.questions import Questions
from timeline.correlate.sensitivity import Case
from timeline.model import Finding, Verdict

#: Change uid -> rows of `changes`.
Changes = Mapping[str, Sequence[Mapping[str, Any]]]


def model_card(
    config: CaseConfig, case: Case, changes: Changes, found: Sequence[Finding]
) -> dict[str, Any]:
    """The card as plain JSON values.

    Args:
        config: of the case.
        case: what the build came to, and what asks a class again.
        changes: of the case.
        found: the findings.
    """
    asked = sorted({uid for one in found for uid in one.classes})
    classes = _classes(asked, case)
    named = sorted({uid for one in classes.values() for uid in one["variables"]})
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
        "sources": {uid: _source(uid, changes.get(uid, ()), case) for uid in named},
        "findings": [_finding(one, classes) for one in found if one.classes],
    }


def _finding(finding: Finding, classes: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    return {
        "finding_uid": finding.finding_uid,
        "number": finding.number,
        "sensitivity": [dict(entry) for entry in finding.sensitivity],
        "classes": [classes[uid] for uid in finding.classes],
    }


def _classes(asked: Sequence[str], case: Case) -> dict[str, Mapping[str, Any]]:
    setting = case.setting
    questions = Questions(
        setting.view, setting.attempts, setting.provider, setting.assumptions, case.writers
    )
    found: dict[str, Mapping[str, Any]] = {}
    left = truth.ROWS
    for uid in asked:
        found[uid] = one = _class(uid, case, questions, left)
        for formula in one["formula"].values():
            left -= len(formula.get("truth_table", {}).get("outcomes", ()))
    return found


def _class(uid: str, case: Case, questions: Questions, left: int) -> Mapping[str, Any]:
    one = case.decided.classes[uid]
    rows = case.causes.changes.get(uid, ())
    allowed = one.decision.verdict is Verdict.ALLOWED
    models = runs.models(questions.of(one)) if allowed else ()
    return {
        "class_uid": uid,
        "request": dict(one.request),
        "decision": str(one.decision.verdict),
        "variables": sorted({row["change_uid"] for row in rows}),
        "formula": {
            f"changes-only-{undo}": _formula(uid, undo, case, models, left)
            for undo in ("delta", "replay")
        },
        "shape": dict(case.causes.shapes.get(uid, {})),
    }


def _formula(
    uid: str, undo: str, case: Case, models: Sequence[runs.Model], left: int
) -> dict[str, Any]:
    rows = [row for row in case.causes.changes.get(uid, ()) if row["undo"] == undo]
    sets = [row for row in case.causes.sets.get(uid, ()) if row["undo"] == undo]
    found: dict[str, Any] = {
        "any_of": [
            {"all_of": row["members"], "certainty": row["certainty"]}
            for row in sets
            if row["kind"] == "minimal sufficient"
        ],
        "complete": all(row["complete"] for row in sets),
    }
    for model in models:
        if model.undo == undo:
            table, said = truth.table(model, rows, sets, left)
            found |= {"truth_table": table} if table is not None else {}
            found |= {"note": said} if said is not None else {}
    return found


def _source(uid: str, rows: Sequence[Mapping[str, Any]], case: Case) -> Mapping[str, Any]:
    """What a variable is, and the bytes that it was read from.

    A hidden change has no record: its bounds are those of the observations around it.
    """
    head: Mapping[str, Any] = rows[0] if rows else {}
    event: Mapping[str, Any] = case.writers.get(uid.removeprefix("opaque/"), head)
    times = [head.get("time_from"), head.get("time_to")]
    return {
        "kind": head.get("kind"),
        "operation": head.get("operation"),
        "times": [None if time is None else time.isoformat() for time in times],
        "places": sorted({f"{row['resource_uid']}|{row['slot']}" for row in rows}),
        "provider_uid": head.get("provider_uid"),
        "evidence_item": event.get("evidence_item"),
        "locator": event.get("locator"),
        "record_sha256": event.get("record_sha256"),
    }
