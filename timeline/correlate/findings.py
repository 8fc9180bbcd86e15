"""Findings: change → window → accesses, each with basis, limits, alternatives and falsifiers.

Three kinds, in this order:
1. every window of an anonymous or foreign caller, whether or not an access is recorded in it;
2. accesses of the incident that no such window holds, by principal, container and action: decided
   ones with their causes, undecided ones as *enabling change not established*;
3. contradictions between decisions and logged outcomes, if there are any.
Schema and wording: R-160, R-170 to R-177. A finding is ours; it never repeats an observation
without saying what was computed.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from timeline.correlate import alternatives, basis, causes, closing, quality, wording
from timeline.correlate.causes import Roll
from timeline.correlate.exposure import Window
from timeline.correlate.intervening import intervening
from timeline.correlate.material import Access, Material, successes_in
from timeline.correlate.refs import refs
from timeline.model import Finding

METHOD = "change-window-access@1"


def findings(material: Material) -> list[Finding]:
    """All findings, numbered in order."""
    told: set[str] = set()
    exposures = [w for w in material.windows if _is_exposure(w, material)]
    drafts = [
        _of_window(w, material, told)
        for w in exposures
        if _incident_accesses(w, material) or not any(_covers(other, w) for other in exposures)
    ]
    drafts += _of_other_accesses(material, told)
    if material.contradictions:
        drafts.append(_of_contradictions(material))
    return [_numbered(draft, n) for n, draft in enumerate(drafts, start=1)]


def describe(change_uid: str, material: Material) -> str:
    """`PutBucketPolicy at 2022-05-27T08:12:19Z by arn:...`."""
    rows = material.changes.get(change_uid)
    if not rows:
        return change_uid
    head = rows[0]
    if head["kind"] == "hidden":
        start = wording.instant(head["time_from"], edge="start")
        end = wording.instant(head["time_to"], edge="end")
        return f"an unrecorded change to {head['slot']} between {start} and {end}"
    at = wording.instant(head["time_from"], edge="start")
    name = head["operation"] or head["kind"]
    return f"{name} at {at} by {head['technical_actor'] or 'a caller that is not logged'}"


def _is_exposure(window: Window, material: Material) -> bool:
    if (window.principal, window.container) not in material.foreign:
        return False
    return str(window.verdict) == "ALLOWED" or window.conditional


def _covers(wide: Window, narrow: Window) -> bool:
    """Whether a window already says all that another one says: wider in who, what and when."""
    if wide is narrow or wide.action != narrow.action or (wide.conditional, narrow.conditional) == (
        True, False,
    ):  # fmt: skip
        return False
    who = wide.principal in (narrow.principal, "anonymous")
    prefix = wide.resource_uid.removesuffix("*")
    what = wide.resource_uid == narrow.resource_uid or (
        prefix != wide.resource_uid and narrow.resource_uid.startswith(prefix)
    )
    since = wide.start is None or (narrow.start is not None and wide.start <= narrow.start)
    until = wide.end is None or (narrow.end is not None and narrow.end <= wide.end)
    return who and what and since and until


def _incident_accesses(window: Window, material: Material) -> list[Access]:
    return [a for a in successes_in(window, material.by_key) if a.in_incident]


def _of_window(window: Window, material: Material, told: set[str]) -> Finding:
    inside = successes_in(window, material.by_key)
    meant = [a for a in inside if a.in_incident]
    told.update(a.row["event_uid"] for a in meant)
    start = wording.bounded(window.start, str(window.start_bound), edge="start")
    end = wording.bounded(window.end, str(window.end_bound), edge="end")
    say = wording.window_conditional if window.conditional else wording.window_open
    sentences = [
        say(
            window.resource_uid, window.principal, window.action, start, end,
            _opened(window, material), _closed(window, material),
        ),
        _accesses_said(window, meant, inside, material),
    ]  # fmt: skip
    roll = causes.roll(_per_class(meant), material.causes)
    unknowns = sorted({u for a in meant for u in a.unknowns})
    if meant:
        sentences.append(wording.authorized(_paths(meant, material)))
        sentences += causes.sentences(roll, lambda uid: describe(uid, material), unknowns)
    changes = [uid for uid in (window.opened_by, window.closed_by) if uid] + list(roll.changes)
    kind = _class_of_window(window, meant, material)
    return _finding(
        kind="window",
        result_class=kind,
        statement=" ".join(sentences),
        subject=window.resource_uid,
        changes=tuple(dict.fromkeys(changes)),
        accesses=meant,
        roll=roll,
        windows=(window.uid,),
        as_of=f"{start} to {end}",
        container=window.container,
        assumptions=tuple(
            sorted({*window.decision.assumptions, *(x for a in meant for x in a.assumptions)})
        ),
        unknowns=tuple(sorted(window.decision.unknowns)),
        other_windows=_others(window, material),
        material=material,
    )


def _class_of_window(window: Window, meant: Sequence[Access], material: Material) -> str:
    if meant:
        return "counterfactual"
    return "derived" if window.container in material.spans else "indeterminate"


def _opened(window: Window, material: Material) -> str:
    if window.opened_by is None or window.opened_by not in material.changes:
        return wording.no_opener()
    head = material.changes[window.opened_by][0]
    event = material.events.get(window.opened_by, {})
    return wording.opened_by(
        head["operation"] or head["kind"],
        head["technical_actor"] or "a caller that is not logged",
        event.get("user_agent"),
        wording.instant(head["time_from"], edge="start"),
    )


def _closed(window: Window, material: Material) -> str:
    if window.closed_by is None or window.closed_by not in material.changes:
        return wording.no_closer(window.end is not None)
    head = material.changes[window.closed_by][0]
    return wording.closed_by(
        head["operation"] or head["kind"],
        head["technical_actor"] or "a caller that is not logged",
        wording.instant(head["time_from"], edge="end"),
    )


def _accesses_said(
    window: Window, meant: Sequence[Access], inside: Sequence[Access], material: Material
) -> str:
    if meant:
        times = [a.row["time"] for a in meant]
        sizes = [a.row["bytes_out"] for a in meant]
        return wording.accesses_found(
            len(meant),
            len({a.row["resource_uid"] for a in meant}),
            sum(1 for a in meant if a.row["auth_method"] == "anonymous"),
            wording.instant(min(times), edge="start"),
            wording.instant(max(times), edge="end"),
            sum(sizes) if all(s is not None for s in sizes) else None,
        )
    span = material.spans.get(window.container)
    if span is None:
        return wording.accesses_not_established(window.container)
    covered = (
        f"{wording.instant(span.start, edge='start')} to {wording.instant(span.end, edge='end')}"
    )
    if (window.end is not None and window.end <= span.start) or (
        window.start is not None and window.start > span.end
    ):
        return wording.accesses_not_covered(window.container, covered)
    if inside:
        return wording.accesses_outside_incident(len(inside))
    return wording.accesses_none(
        span.source,
        wording.instant(window.start, edge="start"),
        wording.instant(window.end, edge="end"),
        f"data events of {window.container} cover {covered}, less the gaps listed",
    )


def _of_other_accesses(material: Material, told: set[str]) -> list[Finding]:
    groups: dict[tuple[str, str, str, str], list[Access]] = {}
    for a in material.accesses:
        if a.in_incident and a.row["outcome"] == "success" and a.row["event_uid"] not in told:
            topic, container = _topic(a)
            groups.setdefault((container, a.principal, topic, a.decision), []).append(a)
    return [_of_group(key, groups[key], material) for key in sorted(groups)]


def _topic(access: Access) -> tuple[str, str]:
    """(action, container); reads of configuration, which reach no data, are one topic."""
    if access.row["category"] == "data":
        return access.action, access.container
    return wording.CONFIGURATION_READS, ""


def _of_group(
    key: tuple[str, str, str, str], meant: Sequence[Access], material: Material
) -> Finding:
    container, principal, action, decision = key
    unknowns = tuple(sorted({u for a in meant for u in a.unknowns}))
    resource = container or wording.containers(sorted({a.container for a in meant} - {""}))
    roll = causes.roll(_per_class(meant), material.causes)
    first = wording.instant(min(a.row["time"] for a in meant), edge="start")
    last = wording.instant(max(a.row["time"] for a in meant), edge="end")
    if decision == "ALLOWED":
        sentences = [
            wording.accesses_decided(len(meant), action, principal, resource, first, last),
            wording.authorized(_paths(meant, material)),
        ]
        sentences += causes.sentences(roll, lambda uid: describe(uid, material), unknowns)
    else:
        missing = wording.missing(unknowns) if decision == "UNKNOWN" else wording.contradicted()
        sentences = [
            wording.enabling_not_established(len(meant), action, principal, resource, missing)
        ]
        if roll.necessary:
            # Causation alone was asked with the order that outcomes show (narrowing.py).
            sentences.append(wording.order_inferred())
            sentences += causes.sentences(roll, lambda uid: describe(uid, material), unknowns)
    return _finding(
        kind="accesses",
        result_class="counterfactual" if decision == "ALLOWED" else "indeterminate",
        statement=" ".join(sentences),
        subject=resource,
        changes=roll.changes,
        accesses=meant,
        roll=roll,
        windows=(),
        as_of=f"{first} to {last}",
        container=container,
        assumptions=tuple(sorted({x for a in meant for x in a.assumptions})),
        unknowns=unknowns,
        other_windows=(),
        material=material,
    )


def _of_contradictions(material: Material) -> Finding:
    meant = material.contradictions
    times = [a.row["time"] for a in meant]
    first = wording.instant(min(times), edge="start")
    last = wording.instant(max(times), edge="end")
    return _finding(
        kind="contradictions",
        result_class="indeterminate",
        statement=wording.contradictions(len(meant), len(material.accesses), first, last),
        subject=wording.listed(sorted({a.container for a in meant})),
        changes=(),
        accesses=meant,
        roll=causes.roll({}, material.causes),
        windows=(),
        as_of=f"{first} to {last}",
        container="",
        assumptions=tuple(sorted(material.assumptions)),
        unknowns=(),
        other_windows=(),
        material=material,
    )


def _finding(
    *,
    kind: str,
    result_class: str,
    statement: str,
    subject: str,
    changes: tuple[str, ...],
    accesses: Sequence[Access],
    roll: Roll,
    windows: tuple[str, ...],
    as_of: str,
    container: str,
    assumptions: tuple[str, ...],
    unknowns: tuple[str, ...],
    other_windows: tuple[str, ...],
    material: Material,
) -> Finding:
    classes = tuple(sorted({a.class_uid for a in accesses}))
    causal = bool(accesses) and result_class == "counterfactual"
    numbers = _numbers(accesses)
    counterfactual = "undo of each recorded change, by delta-undo and replay-undo"
    listed = alternatives.alternatives(
        alternatives.Tested(
            accesses=[a.row for a in accesses],
            exempted=material.exempted.get(container, 0),
            duplicates=material.duplicates,
            contradictions=len(material.contradictions),
            other_windows=other_windows,
            sufficient=roll.sufficient,
        )
    )
    falsifiers = wording.falsifiers(assumptions, _distance(roll.changes, accesses, material))
    if accesses:
        statement = closing.closed(statement, METHOD, assumptions, listed, falsifiers)
    return Finding(
        finding_uid=_uid(kind, classes, windows, counterfactual if causal else ""),
        number="",
        result_class=result_class,
        statement=statement,
        resource_uid=subject,
        basis=basis.basis(changes, accesses, material),
        method=METHOD,
        as_of=as_of,
        counterfactual=counterfactual if causal else None,
        definition="but-for, NESS, HP-modified-2015 (each stored apart)" if causal else None,
        quality_grade=quality.grade(changes, accesses, material),
        coverage=basis.coverage(container, material),
        inference_steps=wording.STEPS,
        alternatives=listed,
        counter_evidence=wording.counter_evidence(len(material.contradictions)),
        limitations=basis.limits(container, accesses, unknowns, material),
        falsifiers=falsifiers,
        not_opined=wording.NOT_OPINED,
        assumptions=assumptions,
        numbers=numbers,
        intervening=intervening(roll.changes, accesses, container, material),
        refs=refs(numbers, classes, accesses, contradictions=kind == "contradictions"),
        changes=changes,
        classes=classes,
        windows=windows,
    )


def _numbers(accesses: Sequence[Access]) -> dict[str, int]:
    return {
        "accesses": len(accesses),
        "objects": len({a.row["resource_uid"] for a in accesses}),
        "anonymous": sum(1 for a in accesses if a.row["auth_method"] == "anonymous"),
        "addresses": len({a.row["src_ip"] for a in accesses if a.row["src_ip"]}),
        "bytes_out": sum(a.row["bytes_out"] or 0 for a in accesses),
    }


def _paths(accesses: Sequence[Access], material: Material) -> tuple[tuple[str, ...], ...]:
    """Sets of grants, each enough for some class of these accesses."""
    return tuple(sorted({p for a in accesses for p in material.grants.get(a.class_uid, ())}))


def _distance(
    changes: Sequence[str], accesses: Sequence[Access], material: Material
) -> timedelta | None:
    """From the latest change needed to the first access: a clock would have to err by as much."""
    times = [
        max(r["time_to"] or r["time_from"] for r in material.changes[uid])
        for uid in changes
        if uid in material.changes
    ]
    first = min((a.row["time"] for a in accesses), default=None)
    return first - max(times) if times and first is not None and first > max(times) else None


def _per_class(accesses: Sequence[Access]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for a in accesses:
        counts[a.class_uid] = counts.get(a.class_uid, 0) + 1
    return counts


def _others(window: Window, material: Material) -> tuple[str, ...]:
    """Other allowed windows on the container that overlap, by any principal (R-162)."""
    return tuple(
        sorted(
            {
                f"{w.action} by {w.principal}"
                for w in material.windows
                if w.container == window.container
                and (w.principal, w.action) != (window.principal, window.action)
                and str(w.verdict) == "ALLOWED"
                and (w.end is None or window.start is None or window.start < w.end)
                and (w.start is None or window.end is None or w.start < window.end)
            }
        )
    )


def _uid(kind: str, classes: Sequence[str], windows: Sequence[str], counterfactual: str) -> str:
    text = json.dumps([kind, list(classes), list(windows), counterfactual], sort_keys=True)
    return f"finding-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _numbered(draft: Finding, n: int) -> Finding:
    return replace(draft, number=f"F-{n:02d}")
