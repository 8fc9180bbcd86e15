"""`butfor explain`: one event or one finding in plain words, from the derived tables alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.errors import UsageError
from timeline import grounds, pick
from timeline.correlate import wording
from timeline.correlate.people import RUNGS


def event(derived: Path, name: str) -> Iterator[str]:
    """Lines on one event, by its `event_uid` or the provider's id.

    Raises:
        UsageError: no event has that id.
    """
    rows = pick.any_of(derived, "events", ("event_uid", "provider_uid"), (name,))
    if not rows:
        raise UsageError(
            f"expected the id of an event or of a finding, found {name}, which is neither; "
            "`butfor timeline` lists events, derived/findings.json holds findings"
        )
    row: Mapping[str, Any] = rows[0]
    while counted := row["duplicate_of"] or row["same_request_as"]:
        said = "a copy" if row["duplicate_of"] else "another log's record of the request"
        yield f"{row['event_uid']} is {said} of {counted}, which counts:"
        (row,) = pick.rows(derived, "events", {"event_uid": (counted,)})
    yield f"{row['operation']} at {wording.instant(row['time'], edge='start')} ({row['event_uid']})"
    yield f"  caller: {row['actor_uid'] or row['actor_account_uid'] or row['auth_method']}"
    yield f"  on: {row['resource_uid'] or 'no resource named'}"
    yield f"  logged outcome: {row['outcome']}" + (
        f" ({row['error_code']})" if row["error_code"] else ""
    )
    yield f"  source: {row['evidence_item']} {row['locator']}, SHA-256 {row['record_sha256']}"
    found = pick.rows(derived, "access_classes", {"event_uid": (row["event_uid"],)})
    if not found:
        yield from _as_change(derived, row)
        return
    access = found[0]
    (one,) = pick.rows(derived, "classes", {"class_uid": (access["class_uid"],)})
    yield from _decision(one)
    yield from grounds.lines(derived, one, row["time"])
    yield f"  against the log: {access['agreement']}"
    if access["ground_stated"] is not None:
        said = f"{access['ground_stated']}: {access['ground_agreement']}"
        yield f"  ground that the record states: {said}"
    inside = "in the incident" if access["in_incident"] else "not in the incident"
    yield f"  {inside}: {access['incident_reason']}"
    yield from _causes(derived, one["class_uid"])


def finding(derived: Path, name: str) -> Iterator[str]:
    """Lines on one finding, by its number or uid; nothing if there is none of that name."""
    path = derived / "findings.json"
    if not path.is_file():
        raise UsageError(f"{path}: expected findings, found none; run butfor build")
    for one in json.loads(path.read_text(encoding="utf-8")):
        if name in (one["number"], one["finding_uid"]):
            yield f"{one['number']} ({one['result_class']}; {one['finding_uid']})"
            yield f"  {one['statement']}"
            for title in (
                "coverage", "inference_steps", "counter_evidence", "limitations", "assumptions",
                "falsifiers", "not_opined",
            ):  # fmt: skip
                yield f"  {title.replace('_', ' ')}:"
                yield from (f"    - {text}" for text in one[title] or ["none"])
            yield from _sensitivity(one["sensitivity"])
            yield f"  measured against: {one['baseline']}"
            yield "  changes by others in between:"
            yield from (f"    - {_between(each)}" for each in one["intervening"])
            if not one["intervening"]:
                yield "    - none in the records examined"
            yield "  alternatives considered:"
            for other in one["alternatives"]:
                yield (
                    f"    - {other['name']}: for: {other['for']}; against: {other['against']}; "
                    f"tested: {other['tested']}"
                )
            yield f"  rests on {wording.counted(len(one['basis']), 'cited record')}:"
            yield from (_cited(each) for each in one["basis"][:20])
            if len(one["basis"]) > 20:
                yield f"    … {len(one['basis']) - 20} more in findings.json"
            yield "  each number again, in derived/:"
            yield from (f"    - {r['number']} {r['value']:,}: {r['sql']}" for r in one["refs"])


def _sensitivity(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "  sensitivity, each assumption toggled alone and in pairs:"
    if not entries:
        yield "    - no request class names an assumption: nothing to toggle"
    for entry in entries:
        yield f"    - {wording.toggled(entry)}"


def _between(each: Mapping[str, Any]) -> str:
    if "by" not in each:
        return str(each["what"])
    return f"{each['time']}: {each['what']} by {each['by']} ({each['party']})"


def _cited(each: Mapping[str, Any]) -> str:
    return (
        f"    - {each['kind']} {each['uid']}: {each['evidence_item']} {each['locator']}, "
        f"SHA-256 {each['record_sha256']}"
    )


def _decision(one: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"  decision: {one['decision']} (without the named assumptions: "
        f"{one['decision_without_assumptions']})"
    )
    reasons = json.loads(one["reasons"])
    for path in reasons["allow_paths"]:
        yield f"  allowed by: {' and '.join(map(wording.grant_named, path))}"
    for label in reasons["denies"]:
        yield f"  denied by: {wording.grant_named(label)}"
    for void in reasons["voided"]:
        grant = wording.grant_named(void["grant"])
        yield f"  grant without effect: {grant}, because of {void['by']}"
    for name in one["unknowns"]:
        yield f"  not known: {name}"
    if one["assumptions"]:
        yield f"  assumptions used: {', '.join(one['assumptions'])}"
    if one["ambiguities"]:
        yield f"  ambiguities that matter: {', '.join(one['ambiguities'])}"
    since = wording.instant(one["epoch_from"], edge="start")
    until = wording.instant(one["epoch_to"], edge="end")
    yield f"  configuration in force from {since} until {until}, request class {one['class_uid']}"


def _causes(derived: Path, class_uid: str) -> Iterator[str]:
    rows = [
        row
        for row in pick.rows(derived, "class_changes", {"class_uid": (class_uid,)})
        if row["role"] not in ("irrelevant", "re-asserting") or row["but_for"] != "no"
    ]
    changes: dict[str, dict[str, Any]] = {}
    named = {row["change_uid"] for row in rows}
    for change in pick.rows(derived, "changes", {"change_uid": named}) if named else ():
        changes.setdefault(change["change_uid"], change)
    for row in rows:
        made = changes[row["change_uid"]]
        at = wording.instant(made["time_from"] or made["time_to"], edge="start")
        name = made["operation"] or made["kind"]
        yield (
            f"  {_counterfactual(row)} of {name} at {at} by "
            f"{made['technical_actor'] or 'nobody recorded'}: the evaluator returns "
            f"{row['decision_without']}; but-for {row['but_for']} "
            f"({wording.readings(row['across_completions'])}), NESS {row['ness']}, "
            f"HP-modified-2015 {row['hp_modified']}, role {row['role']}"
        )


def _counterfactual(row: Mapping[str, Any]) -> str:
    """`replay-undo`, or the declared target in the place of what the change wrote."""
    if row["counterfactual"] == "undo":
        return f"{row['undo']}-undo"
    return f"{row['counterfactual']} ({row['undo']}) in the place"


def _ladder(change: Mapping[str, Any]) -> Iterator[str]:
    """Rungs of attribution as far as they are named, and where and why they stop."""
    found = json.loads(change["attribution"] or "{}").get("ladder") or {}
    named = [f"{rung} {found[rung]}" for rung in RUNGS if rung in found]
    if named:
        yield f"  attribution: {' → '.join(named)}"
    for shown in found.get("person_shown", ()):
        by = {k: v for k, v in shown.items() if k != "by"}
        yield f"    person shown by {shown['by']}: {'; '.join(f'{k} {v}' for k, v in by.items())}"
    if "stops" in found:
        yield f"    stops {found['stops']}"


def _as_change(derived: Path, row: Mapping[str, Any]) -> Iterator[str]:
    uids = (row["event_uid"], f"opaque/{row['event_uid']}")
    made = pick.rows(derived, "changes", {"change_uid": uids})
    if not made:
        yield "  not an access that is decided, and not a recorded change of configuration"
        return
    yield from _ladder(made[0])
    for change in made:
        yield (
            f"  {change['effect']} {change['slot']} {change['fact']} of {change['resource_uid']}: "
            f"{change['old']} → {change['new']}"
        )
