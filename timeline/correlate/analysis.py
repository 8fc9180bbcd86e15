"""Decisions, causation and windows of one build, in that order, and their tables.

Invariant: accesses among the events = decided + left out with a reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from collector.case import CaseConfig
from timeline import tables
from timeline.correlate import (
    catalogue_asked,
    causation,
    clouds,
    counted,
    decisions,
    exposure,
    facts,
    holes,
    incident,
    narrowing,
    orders,
    runs,
    sharing,
)
from timeline.correlate.causes import Causes
from timeline.correlate.course import attempts
from timeline.correlate.exposure import Window
from timeline.correlate.material import Access, by_key, successes_in
from timeline.correlate.provider import Edges, Provider
from timeline.correlate.questions import Questions
from timeline.correlate.signatures import Attempts
from timeline.correlate.targets import Target, declared
from timeline.correlate.views import Doubted, Viewed, carried_across
from timeline.correlate.worlds import Case, Records, checked
from timeline.model import Verdict
from timeline.state.intervals import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Results of steps 6 to 8, and what asks a class again under other assumptions.

    `grounds`: beside each access, what its record states of its ground; `order`: rows of
    `inferred_order`; `controls`: rows of `controls`; `again` has the classes as causation was
    asked.
    """

    view: Viewed
    decided: decisions.Decided
    accesses: tuple[Access, ...]
    grounds: tuple[tuple[str, str] | None, ...]
    explained: tuple[causation.Explained, ...]
    causes: Causes
    windows: tuple[Window, ...]
    again: Case
    order: list[dict[str, Any]]
    controls: list[dict[str, Any]]


def analyze(
    rows: Any,  # noqa: ANN401 rows, or their table
    changes: Sequence[Mapping[str, Any]],
    intervals: Sequence[Mapping[str, Any]],
    writers: Mapping[str, Mapping[str, Any]],
    config: CaseConfig,
    missing: Sequence[holes.Hole] = (),
) -> Analysis:
    """Steps 6 to 8.

    Args:
        rows: of `events`: `normalize.Stored`, or mappings.
        changes, intervals: of the state.
        writers: rows of `events` that made changes.
        config: of the case.
        missing: periods in which records of changes may be missing.
    """
    assumptions = frozenset(config.assumptions.on())
    history = History(intervals, changes)
    view = Doubted(history, assumptions)
    made = Attempts(attempts(changes))
    cloud = clouds.of(changes)
    provider = checked(cloud.provider, assumptions)
    setting = decisions.Setting(
        view=view, attempts=made, provider=provider, assumptions=assumptions
    )
    decided = decisions.decide_all(rows, setting)
    assert decided.candidates == len(decided.accesses) + sum(decided.left_out.values())
    asked, keys = exposure.seen(decided, view, provider, assumptions)
    accesses = tuple(_accesses(decided, keys, config))
    order = narrowing.narrowed(decided, setting, changes, writers)
    asked_of, placed, _ = narrowing.applied(order, decided, setting, history, changes)
    across = any(carried_across(row["why"] or "") for row in intervals)
    observed = Records(history, setting, decided, changes, placed is not setting, across)
    if holes.applied(placed, missing) is not placed:
        placed = holes.applied(placed, missing)
        asked_of = holes.asked_all(asked_of, placed)
    targets = declared(config.counterfactuals, cloud.default)
    found, causes = explained(asked_of, placed, writers, targets)
    found, causes = holes.settled(found, causes, asked_of, placed, missing)
    edges = exposure.edges_of(intervals, made)
    found_windows = windows(asked, setting, edges)
    return Analysis(
        view=view,
        decided=decided,
        accesses=accesses,
        grounds=tuple(_ground(a, decided.classes[a.class_uid], provider) for a in accesses),
        explained=found,
        causes=causes,
        windows=found_windows,
        again=Case(
            records=observed,
            setting=placed,
            decided=asked_of,
            causes=causes,
            writers=writers,
            missing=missing,
        ),
        order=narrowing.rows(order, decided, asked_of),
        controls=catalogue_asked.rows(
            [
                (a.row, decided.classes[a.class_uid])
                for a in accesses
                if a.in_incident and a.row["outcome"] == "success"
            ],
            setting,
            config,
        ),
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
            assumptions=one.decision.assumptions,
            in_incident=inside,
            reason=reason,
        )


def explained(
    decided: decisions.Decided,
    setting: decisions.Setting,
    writers: Mapping[str, Mapping[str, Any]],
    targets: Sequence[Target] = (),
) -> tuple[tuple[causation.Explained, ...], Causes]:
    """Step 7 for every class that is not denied: changes by both undos, and facts.

    Declared counterfactuals come beside them; `Causes` holds the undos alone.
    """
    questions = Questions(
        setting.view, setting.attempts, setting.provider, setting.assumptions, writers
    )
    found: dict[str, causation.Explained] = {}
    for uid, one in decided.classes.items():
        if one.decision.verdict is not Verdict.DENIED:
            found[uid] = _explained(one, questions, setting, targets)
    causes = Causes(
        changes={uid: _undone(part.changes) for uid, part in found.items()},
        sets={uid: _undone(part.sets) for uid, part in found.items()},
        shapes={uid: part.shapes for uid, part in found.items()},
    )
    return tuple(found.values()), causes


def _explained(
    one: decisions.RequestClass,
    questions: Questions,
    setting: decisions.Setting,
    targets: Sequence[Target],
) -> causation.Explained:
    question = questions.of(one)
    held = {
        target.name: target.contents(question.course.places, setting.view, one.at)
        for target in targets
    }
    found = orders.explain_in_every_order(one, questions, held, question)
    if one.decision.verdict is not Verdict.ALLOWED:
        return found
    asked = (question.course, question.read, question.decide, setting.provider, one.request)
    parts = [question.kept("facts", lambda: facts.families(*asked))]
    parts += [facts.families_held(*asked, target) for target in held.items()]
    places = question.course.places
    return replace(found, facts=tuple(row for part in parts for row in facts.named(places, part)))


def _undone(rows: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    return tuple(row for row in rows if row["counterfactual"] == runs.UNDO)


def windows(
    asked: Mapping[str, exposure.Asked], setting: decisions.Setting, edges: Edges
) -> tuple[Window, ...]:
    """Step 8: of the requests seen and of the provider's probes, in order."""
    view, made, provider = setting.view, setting.attempts, setting.provider
    inside = min((times[0] for times in edges.values() if times), default=None)
    probed: list[exposure.Asked] = []
    if inside is not None:
        probes = [
            p
            for p in provider.probes(view, edges)
            if provider.foreign(p.principal, p.container, view, inside)
        ]
        probed = exposure.probed(probes, view, made, provider, setting.assumptions, inside)
    found: list[Window] = []
    contents = sharing.Contents(view, provider)
    for one in [*asked.values(), *probed]:
        found += exposure.windows(one, edges, made, contents)
    return tuple(exposure.merged(found))


def containers(analysis: Analysis) -> set[str]:
    """Containers that the configuration or the accesses name."""
    named = {w.container for w in analysis.windows} | {a.container for a in analysis.accesses}
    return {name for name in named if name}


def write(derived: Path, analysis: Analysis) -> dict[str, int]:
    named = analysis.again.setting.provider.name
    classes = [
        decisions.class_row(one, named) for _, one in sorted(analysis.decided.classes.items())
    ]
    accesses = tables.Made(
        tuple(zip(analysis.accesses, analysis.grounds, strict=True)), _access_row
    )
    held = by_key(analysis.accesses)
    exposed = [exposure.row(w, len(successes_in(w, held))) for w in analysis.windows]
    class_changes, class_sets = causation.rows_in_order(analysis.explained)
    return {
        "classes": tables.write(derived, "classes", classes),
        "access_classes": tables.write(derived, "access_classes", accesses),
        "windows": tables.write(derived, "windows", exposed),
        "class_changes": tables.write(derived, "class_changes", class_changes),
        "class_sets": tables.write(derived, "class_sets", class_sets),
        "controls": tables.write(derived, "controls", analysis.controls),
        "inferred_order": tables.write(derived, "inferred_order", analysis.order),
    }


def _ground(
    access: Access, one: decisions.RequestClass, provider: Provider
) -> tuple[str, str] | None:
    return provider.stated(access.row, one.request, one.decision)


def _access_row(one: tuple[Access, tuple[str, str] | None]) -> dict[str, Any]:
    access, ground = one
    return {
        "event_uid": access.row["event_uid"],
        "provider_uid": access.row["provider_uid"],
        "class_uid": access.class_uid,
        "logged": access.row["outcome"],
        "agreement": decisions.agreement(Verdict(access.decision), access.row),
        "in_incident": access.in_incident,
        "incident_reason": access.reason,
        **{name: access.row[name] for name in counted.NOTHING},
        "ground_stated": ground[0] if ground else None,
        "ground_agreement": ground[1] if ground else None,
    }


def sums(analysis: Analysis) -> Iterator[str]:
    decided, left_out = analysis.decided.accesses, analysis.decided.left_out
    yield (
        f"accesses {analysis.decided.candidates:,} = decided {len(decided):,} "
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
    grounds = [ground[1] for ground in analysis.grounds if ground]
    if grounds:
        yield (
            f"grounds stated by {len(grounds):,} of the records: "
            f"agrees {grounds.count('agrees'):,}, contradicts {grounds.count('contradicts'):,}, "
            f"undetermined {grounds.count('undetermined'):,}"
        )
    yield (
        f"in the incident: {sum(a.in_incident for a in analysis.accesses):,} of "
        f"{len(decided):,} decided accesses"
    )
