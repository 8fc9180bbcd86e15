"""`butfor whatif`: the incident's accesses under a stated counterfactual, from the derived tables.

Counterfactuals are explicit and named (R-157): recorded changes undone, by both undos; or a slot
held at a value from an instant on, whatever was recorded. The same evaluator decides. Accesses,
distinct objects and bytes are counted apart and never turned into shares of anything.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from collector import case as case_file
from collector.errors import UsageError
from timeline import events, normalize, tables
from timeline.correlate import decisions, wording
from timeline.correlate.aws.controls import CONTROLS
from timeline.correlate.aws.provider import AWS
from timeline.correlate.course import attempts, delta_step, replay_step
from timeline.correlate.cuts import replay
from timeline.correlate.decisions import Decided, RequestClass, Setting
from timeline.correlate.questions import Questions
from timeline.correlate.signatures import Attempts
from timeline.correlate.views import Doubted, Overlay, Place
from timeline.model import Json, Knowledge, SlotState, Verdict
from timeline.state.intervals import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a counterfactual comes to over the incident's logged successes.

    Attributes:
        counterfactual: in words.
        total: accesses asked about: logged successes in the incident that are decided as allowed.
        undecided: further successes that are not decided as they stand, and so not asked about.
        denied, allowed, undetermined: of the total.
        objects: distinct objects of the denied ones.
        bytes_out: bytes of the denied ones, as logged; None if any is not logged.
    """

    counterfactual: str
    total: int
    undecided: int
    denied: int
    allowed: int
    undetermined: int
    objects: int
    bytes_out: int | None


class WhatIf:
    """A built case, ready to be asked."""

    def __init__(self, case: Path) -> None:
        """Loads the derived tables and decides the accesses anew, as the build did."""
        derived = case / "derived"
        config = case_file.load(case)
        changes = tables.read(derived, "changes")
        assumptions = frozenset(config.assumptions.on())
        uids = {row["change_uid"] for row in changes}
        writers = events.by_uid(normalize.read(derived / "events"), uids)
        self._changes: dict[str, dict[str, Any]] = {
            row["change_uid"]: row for row in reversed(changes)
        }
        self._setting = Setting(
            view=Doubted(History(tables.read(derived, "intervals"), changes), assumptions),
            attempts=Attempts(attempts(changes)),
            provider=AWS,
            assumptions=assumptions,
        )
        self._decided: Decided = decisions.decide_all(
            normalize.rows(derived / "events"), self._setting
        )
        self._questions = Questions(
            self._setting.view,
            self._setting.attempts,
            AWS,
            assumptions,
            writers,
        )
        inside = {
            row["event_uid"] for row in tables.read(derived, "access_classes") if row["in_incident"]
        }
        self._accesses = [
            (row, uid)
            for row, uid in self._decided.accesses
            if row["event_uid"] in inside and row["outcome"] == "success"
        ]

    def undo(self, names: Sequence[str]) -> list[Outcome]:
        """Undoes recorded changes together, by replay and by delta.

        Args:
            names: change uids, or the provider's event ids.

        Raises:
            UsageError: no accepted change has that name.
        """
        uids = [self._uid(name) for name in names]
        said = " and ".join(self._describe(uid) for uid in uids)
        return [
            self._count(f"{kind}-undo of {said}", self._undoing(uids, kind))
            for kind in ("replay", "delta")
        ]

    def held(self, places: Mapping[Place, Json], since: datetime, name: str) -> Outcome:
        """Holds slots at values from an instant on, whatever was recorded."""
        contents = {
            place: SlotState(knowledge=Knowledge.PRESENT, value=value, why="counterfactual")
            for place, value in places.items()
        }
        view = Overlay(self._setting.view, contents)

        memo: dict[str, Verdict] = {}

        def decide(one: RequestClass, at: datetime) -> Verdict:
            if at < since:
                return one.decision.verdict
            if one.uid not in memo:
                found = AWS.decide(view, one.request, one.at, self._setting.assumptions)
                memo[one.uid] = found.verdict
            return memo[one.uid]

        said = f"{name} from {wording.instant(since, edge='start')}"
        return self._count(said, decide)

    def control(self, name: str, since: datetime) -> Outcome:
        """A named control on from an instant, for every container of the incident.

        Raises:
            UsageError: no control has that name.
        """
        if name not in CONTROLS:
            raise UsageError(f"expected one of {', '.join(sorted(CONTROLS))}, found {name}")
        containers = sorted({self._decided.classes[uid].container for _, uid in self._accesses})
        places: dict[Place, Json] = {}
        for container in containers:
            places.update(CONTROLS[name].places(container))
        return self.held(places, since, f"{name} on {wording.containers(containers)}")

    def _count(self, said: str, decide: Callable[[RequestClass, datetime], Verdict]) -> Outcome:
        asked = [
            (row, self._decided.classes[uid])
            for row, uid in self._accesses
            if self._decided.classes[uid].decision.verdict is Verdict.ALLOWED
        ]
        found = [(row, decide(one, row["time"])) for row, one in asked]
        denied = [row for row, verdict in found if verdict is Verdict.DENIED]
        sizes = [row["bytes_out"] for row in denied]
        return Outcome(
            counterfactual=said,
            total=len(asked),
            undecided=len(self._accesses) - len(asked),
            denied=len(denied),
            allowed=sum(1 for _, v in found if v is Verdict.ALLOWED),
            undetermined=sum(1 for _, v in found if v is Verdict.UNKNOWN),
            objects=len({row["resource_uid"] for row in denied}),
            bytes_out=None if any(s is None for s in sizes) else sum(sizes),
        )

    def _undoing(
        self, uids: Sequence[str], kind: str
    ) -> Callable[[RequestClass, datetime], Verdict]:
        memo: dict[str, Verdict] = {}

        def decide(one: RequestClass, _: datetime) -> Verdict:
            if one.uid not in memo:
                memo[one.uid] = self._undone(one, uids, kind)
            return memo[one.uid]

        return decide

    def _undone(self, one: RequestClass, uids: Sequence[str], kind: str) -> Verdict:
        question = self._questions.of(one)
        course = question.course
        removed = sum(1 << i for i, a in enumerate(course.attempts) if a.change_uid in uids)
        n = len(course.attempts)
        if kind == "delta":
            return question.decide(replay(course.start, n, delta_step(course), removed))
        worlds = replay(frozenset({course.start}), n, replay_step(course, question.admits), removed)
        verdicts = {question.decide(world) for world in worlds}
        return verdicts.pop() if len(verdicts) == 1 else Verdict.UNKNOWN

    def _uid(self, name: str) -> str:
        for uid, row in sorted(self._changes.items()):
            if name in (uid, row["provider_uid"]) and row["accepted"] and row["kind"] != "default":
                return uid
        raise UsageError(
            f"expected the change_uid or event id of an accepted change, found {name}; "
            "derived/changes.parquet and `butfor state` list them"
        )

    def _describe(self, uid: str) -> str:
        row = self._changes[uid]
        at = wording.instant(row["time_from"] or row["time_to"], edge="start")
        return f"{row['operation'] or row['kind']} at {at}"


def place_of(text: str) -> tuple[Place, Json]:
    """`arn:aws:s3:::b|public_access_block.IgnorePublicAcls=true` as a place and a value.

    Raises:
        UsageError: not of that form.
    """
    place, equals, value = text.partition("=")
    resource, bar, slot = place.partition("|")
    if not equals or not bar:
        raise UsageError(f"expected RESOURCE|SLOT=VALUE with VALUE as JSON, found {text}")
    try:
        return (resource, slot), json.loads(value)
    except ValueError as error:
        raise UsageError(f"expected VALUE as JSON, found {value}: {error}") from error


def lines(outcome: Outcome) -> Iterator[str]:
    """An outcome in the prescribed words."""
    yield (
        f"Under counterfactual “{outcome.counterfactual}”, the evaluator returns deny for "
        f"{outcome.denied:,} of {outcome.total:,} accesses of the incident, allow for "
        f"{outcome.allowed:,}, and is undetermined for {outcome.undetermined:,}."
    )
    size = "not logged" if outcome.bytes_out is None else f"{outcome.bytes_out:,}"
    yield f"  denied: {outcome.objects:,} distinct objects, bytes as logged: {size}"
    if outcome.undecided:
        yield (
            f"  not asked about: {outcome.undecided:,} accesses that the records do not decide as "
            "they stand"
        )


def as_data(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain JSON values."""
    return {name: getattr(outcome, name) for name in Outcome.__dataclass_fields__}
