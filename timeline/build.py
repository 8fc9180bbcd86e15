"""The driver of the analysis: evidence to findings, one call per stage.

1. read case.toml, the evidence items and their gaps
2. normalize: every record to a row of `events`, or to a gap                (sums asserted)
3. coverage of every source; periods in which logging was switched off
4. state: every recorded write again, in order, to `changes` and `intervals`
5. attribution of the changes: links to who began a session, parties
6. decide: every access against the configuration in force                  (sums asserted)
7. explain: which changes an allowed request needed, both undos
8. windows: when which request class would have been allowed
9. findings, and the model card from which they can be recomputed
10. write all tables; equal evidence and case.toml give equal bytes

Invariants: nothing is dropped unseen; no result reads the clock, the locale or the order of a
set; every row cites its bytes or says why it cannot.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import case as case_file
from collector import store
from collector.case import CaseConfig
from timeline import normalize, tables
from timeline.correlate import causation, decisions, exposure, gaps, incident
from timeline.correlate import findings as finding_stage
from timeline.correlate.attribution import party_of
from timeline.correlate.aws import attribution as aws_attribution
from timeline.correlate.aws import switches
from timeline.correlate.aws.provider import AWS
from timeline.correlate.causes import Causes
from timeline.correlate.course import attempts
from timeline.correlate.exposure import Window
from timeline.correlate.material import Access, Material
from timeline.correlate.provider import Edges
from timeline.correlate.questions import Questions
from timeline.correlate.signatures import Attempts
from timeline.model import Finding, Verdict
from timeline.state import replay
from timeline.state.intervals import History

DERIVED = "derived"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build came to.

    Attributes:
        sums: reconciliation sums, one sentence each; each has been asserted.
        findings: statements by number.
        gaps: number of gaps.
        undecided: accesses of which the records do not hold what decides them.
        tables: table -> rows.
    """

    sums: tuple[str, ...]
    findings: tuple[tuple[str, str], ...]
    gaps: int
    undecided: int
    tables: Mapping[str, int]


def run(case: Path) -> BuildReport:
    """Builds `derived/` of a case anew.

    Args:
        case: the case folder.

    Raises:
        ConfigError: case.toml is not usable.
        AssertionError: a sum does not close, which is a defect of this program.
    """
    config = case_file.load(case)  # 1
    derived = case / DERIVED
    items = store.items(case)
    report = normalize.run(case, items, derived / "events")  # 2
    rows = list(normalize.rows(derived / "events"))
    coverage = gaps.coverage_rows(derived / "events", AWS.source_name)  # 3
    found_gaps = [*store.gaps(case), *report.gaps, *switches.gaps(rows)]
    state = replay.run(  # 4
        normalize.read(derived / "events"),
        _snapshots(case, items),
        gaps=found_gaps,
        party_of=lambda actor: party_of([actor], config.parties),
    )
    found_gaps += state.gaps
    changes = _attributed(state.changes, rows, config)  # 5
    analysis = _analyze(rows, changes, state.intervals, config)  # 6 to 8
    containers = _containers(analysis)
    spans = gaps.data_spans(coverage)
    management = gaps.management_span(coverage)
    found_gaps += gaps.without_data_events(containers, spans, management)
    gap_rows = gaps.rows_of(found_gaps)
    material = _material(analysis, rows, changes, coverage, gap_rows, report.duplicates, config)
    found = finding_stage.findings(material)  # 9
    written = {  # 10
        "events": report.rows,
        "changes": tables.write(derived, "changes", changes),
        "intervals": tables.write(derived, "intervals", state.intervals),
        "coverage": tables.write(derived, "coverage", coverage),
        "gaps": tables.write(derived, "gaps", gap_rows),
        **_write_analysis(derived, analysis),
    }
    _write_json(derived / "findings.json", [finding_row(f) for f in found])
    _write_json(derived / "model_card.json", _model_card(config, analysis, found))
    return BuildReport(
        sums=(*report.lines(), *_sums(analysis)),
        findings=tuple((f.number, f.statement) for f in found),
        gaps=len(gap_rows),
        undecided=sum(1 for a in analysis.accesses if a.decision == "UNKNOWN"),
        tables=written,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Analysis:
    """Results of steps 6 to 8."""

    view: History
    decided: decisions.Decided
    accesses: tuple[Access, ...]
    explained: tuple[causation.Explained, ...]
    causes: Causes
    windows: tuple[Window, ...]
    candidates: int


def _analyze(
    rows: Sequence[Mapping[str, Any]],
    changes: Sequence[Mapping[str, Any]],
    intervals: Sequence[Mapping[str, Any]],
    config: CaseConfig,
) -> _Analysis:
    assumptions = frozenset(config.assumptions.on())
    view = History(intervals, changes)
    made = Attempts(attempts(changes))
    decided = decisions.decide_all(rows, view, made, AWS, assumptions)
    candidates = sum(1 for row in rows if AWS.is_access(row))
    assert candidates == len(decided.accesses) + sum(decided.left_out.values())
    asked, keys = exposure.seen(decided, view, AWS, assumptions)
    accesses = tuple(_accesses(decided, keys, config))
    explained, causes = _explained(decided, view, made, assumptions, rows)
    edges = _edges(intervals, made)
    windows = _windows(asked, view, made, edges, assumptions)
    return _Analysis(
        view=view,
        decided=decided,
        accesses=accesses,
        explained=explained,
        causes=causes,
        windows=windows,
        candidates=candidates,
    )


def _accesses(
    decided: decisions.Decided, keys: Mapping[str, str], config: CaseConfig
) -> Iterator[Access]:
    for row, uid in decided.accesses:
        one = decided.classes[uid]
        inside, reason = incident.judge(row, config.incident)
        actions = one.request["action"]
        yield Access(
            row=row,
            class_uid=uid,
            key=keys[uid],
            principal=one.principal,
            container=one.container,
            action=actions if isinstance(actions, str) else "+".join(actions),
            decision=str(one.decision.verdict),
            unknowns=tuple(sorted(one.decision.unknowns)),
            in_incident=inside,
            reason=reason,
        )


def _explained(
    decided: decisions.Decided,
    view: History,
    made: Attempts,
    assumptions: frozenset[str],
    rows: Sequence[Mapping[str, Any]],
) -> tuple[tuple[causation.Explained, ...], Causes]:
    writers = {a.change_uid.removeprefix("opaque/") for a in made.ordered}
    events = {row["event_uid"]: row for row in rows if row["event_uid"] in writers}
    questions = Questions(view, made, AWS, assumptions, events)
    found: dict[str, causation.Explained] = {}
    for uid, one in decided.classes.items():
        if one.decision.verdict is not Verdict.DENIED:
            found[uid] = causation.explain(questions.of(one))
    causes = Causes(
        changes={uid: part.changes for uid, part in found.items()},
        sets={uid: part.sets for uid, part in found.items()},
        shapes={uid: part.shapes for uid, part in found.items()},
    )
    return tuple(found.values()), causes


def _windows(
    asked: Mapping[str, exposure.Asked],
    view: History,
    made: Attempts,
    edges: Edges,
    assumptions: frozenset[str],
) -> tuple[Window, ...]:
    inside = min((times[0] for times in edges.values() if times), default=None)
    probed: list[exposure.Asked] = []
    if inside is not None:
        probes = [
            p
            for p in AWS.probes(view, edges)
            if AWS.foreign(p.principal, p.container, view, inside)
        ]
        probed = exposure.probed(probes, view, made, AWS, assumptions, inside)
    found: list[Window] = []
    for one in [*asked.values(), *probed]:
        found += exposure.windows(one, edges, made)
    return tuple(exposure.merged(found))


def _edges(intervals: Sequence[Mapping[str, Any]], made: Attempts) -> Edges:
    """Every instant at which something known of a place begins or ends."""
    times: dict[tuple[str, str], set[Any]] = {}
    for row in intervals:
        held = times.setdefault((row["resource_uid"], row["slot"]), set())
        held.update(t for t in (row["start"], row["end"]) if t is not None)
    for attempt in made.ordered:
        for place in attempt.written:
            times.setdefault(place, set()).add(attempt.time)
    return {place: sorted(held) for place, held in sorted(times.items())}


def _containers(analysis: _Analysis) -> set[str]:
    """Containers that the configuration or the accesses name."""
    named = {w.container for w in analysis.windows} | {a.container for a in analysis.accesses}
    return {name for name in named if name}


def _material(
    analysis: _Analysis,
    rows: Sequence[Mapping[str, Any]],
    changes: Sequence[Mapping[str, Any]],
    coverage: Sequence[Mapping[str, Any]],
    gap_rows: Sequence[Mapping[str, Any]],
    duplicates: int,
    config: CaseConfig,
) -> Material:
    by_change: dict[str, list[Mapping[str, Any]]] = {}
    for row in changes:
        by_change.setdefault(row["change_uid"], []).append(row)
    at = max((row["time"] for row in rows), default=decisions.EARLIEST)
    principals = {(w.principal, w.container) for w in analysis.windows}
    return Material(
        windows=analysis.windows,
        accesses=analysis.accesses,
        changes=by_change,
        events={row["event_uid"]: row for row in rows if row["event_uid"] in by_change},
        causes=analysis.causes,
        spans=gaps.data_spans(coverage),
        management=gaps.management_span(coverage),
        gaps=gap_rows,
        foreign=frozenset(
            pair for pair in principals if AWS.foreign(pair[0], pair[1], analysis.view, at)
        ),
        contradictions=tuple(
            a
            for a in analysis.accesses
            if decisions.agreement(Verdict(a.decision), a.row) == "contradicts"
        ),
        duplicates=duplicates,
        assumptions=frozenset(config.assumptions.on()),
    )


def _attributed(
    changes: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    config: CaseConfig,
) -> list[dict[str, Any]]:
    """Changes with who began the session, the links to it, and the party."""
    known = aws_attribution.issues(rows)
    wanted = {change["change_uid"].removeprefix("opaque/") for change in changes}
    events = {row["event_uid"]: row for row in rows if row["event_uid"] in wanted}
    found = []
    for change in changes:
        event = events.get(change["change_uid"].removeprefix("opaque/"))
        if event is None or change["kind"] not in ("logged", "opaque"):
            found.append(dict(change))
            continue
        initiating, links = aws_attribution.attribution(event, known)
        said = json.loads(change["attribution"]) if change["attribution"] else {}
        if links:
            said["links"] = json.loads(links)
        names = [event["actor_uid"], event["session_issuer_uid"], event["actor_account_uid"]]
        found.append(
            {
                **change,
                "initiating_actor": initiating,
                "attribution": json.dumps(said, sort_keys=True, ensure_ascii=False)
                if said
                else None,
                "party": party_of(names, config.parties),
            }
        )
    return found


def _snapshots(case: Path, items: Sequence[Any]) -> list[tuple[str, Any, Any, Any]]:
    """API answers that carry a time of observation; the others have no place in time."""
    from collector.model import Provenance

    found = []
    for shot in normalize.snapshots(items, lambda item: store.open_item(case, item)):
        if shot.observed_at is not None:
            proof = Provenance(item=shot.item.uid, locator=shot.locator or "", sha256=shot.sha256)
            found.append((shot.kind, shot.body, shot.observed_at, proof))
    return found


def _write_analysis(derived: Path, analysis: _Analysis) -> dict[str, int]:
    classes = [
        decisions.class_row(one, AWS.name) for _, one in sorted(analysis.decided.classes.items())
    ]
    accesses = [
        {
            "event_uid": a.row["event_uid"],
            "provider_uid": a.row["provider_uid"],
            "class_uid": a.class_uid,
            "logged": a.row["outcome"],
            "agreement": decisions.agreement(Verdict(a.decision), a.row),
            "in_incident": a.in_incident,
            "incident_reason": a.reason,
        }
        for a in analysis.accesses
    ]
    windows = [exposure.row(w, _inside(w, analysis)) for w in analysis.windows]
    class_changes, class_sets = causation.rows_in_order(analysis.explained)
    return {
        "classes": tables.write(derived, "classes", classes),
        "access_classes": tables.write(derived, "access_classes", accesses),
        "windows": tables.write(derived, "windows", windows),
        "class_changes": tables.write(derived, "class_changes", class_changes),
        "class_sets": tables.write(derived, "class_sets", class_sets),
    }


def _inside(window: Window, analysis: _Analysis) -> int:
    return sum(
        1
        for a in analysis.accesses
        if a.key in window.keys
        and a.row["outcome"] == "success"
        and exposure.holds(window, a.row["time"])
    )


def _sums(analysis: _Analysis) -> Iterator[str]:
    decided, left_out = analysis.decided.accesses, analysis.decided.left_out
    yield (
        f"accesses {analysis.candidates:,} = decided {len(decided):,} "
        f"+ left out {sum(left_out.values()):,}"
    )
    for reason, n in left_out.items():
        yield f"  left out: {reason}: {n:,}"
    verdicts = [a.decision for a in analysis.accesses]
    answers = [decisions.agreement(Verdict(a.decision), a.row) for a in analysis.accesses]
    yield (
        f"decided {len(verdicts):,} = allowed {verdicts.count('ALLOWED'):,} "
        f"+ denied {verdicts.count('DENIED'):,} + unknown {verdicts.count('UNKNOWN'):,}"
    )
    yield (
        f"calibration against the logged outcomes: agrees {answers.count('agrees'):,}, "
        f"contradicts {answers.count('contradicts'):,}, "
        f"undetermined {answers.count('undetermined'):,}"
    )
    yield (
        f"in the incident: {sum(a.in_incident for a in analysis.accesses):,} of "
        f"{len(decided):,} decided accesses"
    )


def finding_row(finding: Finding) -> dict[str, Any]:
    """One object of findings.json."""
    return {name: _plain(getattr(finding, name)) for name in Finding.__dataclass_fields__}


def _plain(value: Any) -> Any:  # noqa: ANN401 JSON
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return dict(value) if isinstance(value, Mapping) else value


def _model_card(
    config: CaseConfig, analysis: _Analysis, found: Sequence[Finding]
) -> dict[str, Any]:
    from timeline.correlate import card

    return card.model_card(config, analysis.decided, analysis.causes, found)


def _write_json(path: Path, value: Any) -> None:  # noqa: ANN401 JSON
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, default=str)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
