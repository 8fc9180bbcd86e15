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

A build that would come out as it is is passed over, and says so (`unchanged`).

Invariants: nothing is dropped unseen; no result reads the clock, the locale or the order of a
set; every row cites its bytes or says why it cannot.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from collector import case as case_file
from collector import store
from collector.case import CaseConfig
from collector.model import EvidenceItem, Gap
from timeline import events, normalize, tables, unchanged
from timeline.correlate import analysis, card, decisions, effects, gaps, holes, rollup, sensitivity
from timeline.correlate import findings as finding_stage
from timeline.correlate.attribution import party_of
from timeline.correlate.aws import attribution as aws_attribution
from timeline.correlate.aws import logs, membership, stacks, undelivered
from timeline.correlate.aws.provider import AWS
from timeline.correlate.material import Material, by_key
from timeline.model import Finding, Verdict
from timeline.normalize import Snapshot, exchanges
from timeline.normalize.aws import detector_findings
from timeline.state import replay

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
        again: what was taken over from the build before; None if nothing.
    """

    sums: tuple[str, ...]
    findings: tuple[tuple[str, str], ...]
    gaps: int
    undecided: int
    tables: Mapping[str, int]
    again: str | None = None


#: What a build says where there was nothing to do.
NOTHING_NEW = (
    "nothing new: evidence, case.toml and program are those of the last build and derived/ is as "
    "it was written; delete derived/ to build it anew"
)


def run(case: Path) -> BuildReport:
    """Builds `derived/` of a case, unless it would come out as it is.

    Args:
        case: the case folder.

    Raises:
        ConfigError: case.toml is not usable.
        AssertionError: a sum does not close, which is a defect of this program.
    """
    case_file.load(case)
    derived = case / DERIVED
    told = unchanged.load(case, derived)
    if told is not None:
        findings = tuple((number, statement) for number, statement in told["findings"])
        sums = tuple(told["sums"])
        return BuildReport(**{**told, "sums": sums, "findings": findings, "again": NOTHING_NEW})
    made_from = unchanged.inputs(case)
    report = _anew(case)
    unchanged.save(derived, made_from, asdict(replace(report, again=None)))
    return report


def _anew(case: Path) -> BuildReport:
    config = case_file.load(case)  # 1
    derived = case / DERIVED
    items = tuple(item for item in store.items(case) if not item.accompanies)
    report = normalize.run(case, items, derived / "events")  # 2
    table = normalize.Stored(derived / "events")
    coverage = gaps.coverage_rows(derived / "events", AWS.source_name)  # 3
    signed = undelivered.read(case, items)
    found_gaps = [*store.gaps(case), *report.gaps, *undelivered.gaps(signed, items)]
    shots, unread = _snapshots(case, items)
    found_gaps += unread
    logged = logs.survey(table, shots, coverage)
    found_gaps += logged.gaps
    hiding = logged.hiding_writes(found_gaps)
    state = replay.run(  # 4
        table,
        shots,
        gaps=hiding,
        party_of=lambda actor: party_of([actor], config.parties),
    )
    found_gaps += state.gaps
    known = _known(table, shots, config)
    writers = events.by_uid(table, {change["change_uid"] for change in state.changes})
    changes = _attributed(state.changes, known, writers, config)  # 5
    every, missing = normalize.Stored(derived / "events"), holes.periods(hiding)
    result = analysis.analyze(every, changes, state.intervals, writers, config, missing)  # 6 to 8
    found_gaps += gaps.without_data_events(
        analysis.containers(result), gaps.data_spans(coverage), gaps.management_span(coverage)
    )
    gap_rows = gaps.rows_of(found_gaps)
    affected = effects.rows(((g, logged.effects_of(g)) for g in found_gaps), result.windows)
    copies = report.duplicates + report.same_requests
    material = replace(
        _material(result, writers, changes, coverage, gap_rows, copies, config),
        listed=undelivered.listed(signed, items),
    )
    drafts = finding_stage.findings(material)  # 9
    replies = sensitivity.replies(drafts, result.again)
    found = [
        replace(f, sensitivity=sensitivity.of_classes(f.classes, result.again, replies))
        for f in drafts
    ]
    rows = {  # 10
        "changes": changes,
        "intervals": state.intervals,
        "coverage": coverage,
        "gaps": gap_rows,
        "gap_effects": affected,
        "logging": logged.matrix(analysis.containers(result)),
        "warnings": detector_findings.rows(shots),
        "rollups": rollup.rows(result.accesses, result.causes),
    }
    written = {"events": report.rows}
    written |= {name: tables.write(derived, name, held) for name, held in rows.items()}
    written |= analysis.write(derived, result)
    _write_json(derived / "findings.json", [finding_row(f) for f in found])
    _write_json(
        derived / "model_card.json",
        card.model_card(result.again, material.changes, found, replies, _counted(result)),
    )
    return BuildReport(
        sums=(*report.lines(), *analysis.sums(result)),
        findings=tuple((f.number, f.statement) for f in found),
        gaps=len(gap_rows),
        undecided=sum(1 for a in result.accesses if a.decision == "UNKNOWN"),
        tables=written,
        again=report.again(),
    )


def _counted(result: analysis.Analysis) -> Counter[str]:
    """Accesses that findings count, by class: successes of the incident."""
    return Counter(
        a.class_uid for a in result.accesses if a.in_incident and a.row["outcome"] == "success"
    )


def _material(
    result: analysis.Analysis,
    writers: Mapping[str, Mapping[str, Any]],
    changes: Sequence[Mapping[str, Any]],
    coverage: Sequence[Mapping[str, Any]],
    gap_rows: Sequence[Mapping[str, Any]],
    copies: int,
    config: CaseConfig,
) -> Material:
    by_change: dict[str, list[Mapping[str, Any]]] = {}
    for row in changes:
        by_change.setdefault(row["change_uid"], []).append(row)
    at = max((a.row["time"] for a in result.accesses), default=decisions.LATEST)
    principals = {(w.principal, w.container) for w in result.windows}
    return Material(
        windows=result.windows,
        accesses=result.accesses,
        by_key=by_key(result.accesses),
        exempted=Counter(a.container for a in result.accesses if a.reason.startswith("exempt")),
        changes=by_change,
        events=writers,
        causes=result.causes,
        spans=gaps.data_spans(coverage),
        management=gaps.management_span(coverage),
        gaps=gap_rows,
        foreign=frozenset(
            pair for pair in principals if AWS.foreign(pair[0], pair[1], result.view, at)
        ),
        contradictions=tuple(
            a
            for a in result.accesses
            if decisions.agreement(Verdict(a.decision), a.row) == "contradicts"
        ),
        duplicates=copies,
        assumptions=frozenset(config.assumptions.on()),
        grants={uid: one.decision.allow_paths for uid, one in result.decided.classes.items()},
    )


def _known(
    table: Any,  # noqa: ANN401 Arrow
    shots: Sequence[Snapshot],
    config: CaseConfig,
) -> aws_attribution.Known:
    """Records and answers that links between callers are found in."""
    return aws_attribution.Known(
        issues=aws_attribution.issues(events.of_operations(table, aws_attribution.ISSUING)),
        operations=stacks.operations(events.of_operations(table, stacks.OPERATIONS)),
        memberships=membership.memberships(
            shots, events.of_operations(table, membership.OPERATIONS)
        ),
        people=config.people,
        users=membership.users(shots),
    )


def _attributed(
    changes: Sequence[Mapping[str, Any]],
    known: aws_attribution.Known,
    writers: Mapping[str, Mapping[str, Any]],
    config: CaseConfig,
) -> list[dict[str, Any]]:
    """Changes with who began the session, the links to it, and the party."""
    found = []
    for change in changes:
        event = writers.get(change["change_uid"].removeprefix("opaque/"))
        if event is None or change["kind"] not in ("logged", "opaque"):
            found.append(dict(change))
            continue
        initiating, links = aws_attribution.attribution(event, known)
        said = json.loads(change["attribution"]) if change["attribution"] else {}
        if links:
            said["links"] = json.loads(links)
        said["ladder"] = aws_attribution.ladder(event, initiating, known)
        names = [event["actor_uid"], event["session_issuer_uid"], event["actor_account_uid"]]
        found.append(
            {
                **change,
                "initiating_actor": initiating,
                "attribution": json.dumps(said, sort_keys=True, ensure_ascii=False),
                "party": party_of(names, config.parties),
            }
        )
    return found


def _snapshots(case: Path, items: Sequence[EvidenceItem]) -> tuple[list[Snapshot], tuple[Gap, ...]]:
    """API answers, handed over or collected, and gaps for collected ones that cannot be read.

    Undated ones too: whether an answer says anything of an instant is for the state to judge.
    """
    handed_over = normalize.snapshots(items, lambda item: store.open_item(case, item))
    collected, unread = exchanges.snapshots(case, items)
    return [*handed_over, *collected], unread


def finding_row(finding: Finding) -> dict[str, Any]:
    """One object of findings.json."""
    return {name: _plain(getattr(finding, name)) for name in Finding.__dataclass_fields__}


def _plain(value: Any) -> Any:  # noqa: ANN401 JSON
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return dict(value) if isinstance(value, Mapping) else value


def _write_json(path: Path, value: Any) -> None:  # noqa: ANN401 JSON
    encoder = json.JSONEncoder(indent=1, sort_keys=True, ensure_ascii=False, default=str)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        # Piece by piece: as one text a large card takes a hundred megabytes more.
        stream.writelines(encoder.iterencode(value))
        stream.write("\n")
