"""`butfor whatif`: the incident's accesses under a stated counterfactual, from the derived tables.

Counterfactuals are explicit and named (R-157): recorded changes undone, by both undos; or a slot
held at a value from an instant on, whatever was recorded. The same evaluator decides. Accesses,
distinct objects and bytes are counted apart and never turned into shares of anything.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector import case as case_file
from collector.errors import UsageError
from timeline import events, normalize, tables
from timeline.correlate import clouds, decisions, wording
from timeline.correlate.catalogue_asked import (
    PARAMETER_MISSING,
    all_of,
    of_control,
    of_target,
)
from timeline.correlate.controls import catalogue
from timeline.correlate.counterfactuals import Asked, Count, count, deciding
from timeline.correlate.course import attempts, delta_step, replay_step
from timeline.correlate.cuts import replay
from timeline.correlate.decisions import Decided, RequestClass, Setting
from timeline.correlate.questions import Questions
from timeline.correlate.signatures import Attempts
from timeline.correlate.targets import Target, as_of, at_creation, baseline
from timeline.correlate.views import Doubted, Place
from timeline.model import Json, Knowledge, SlotState, Verdict
from timeline.state.intervals import History

#: Slots that can follow a dot; a dot inside them belongs to them.
_SLOT = re.compile(
    r"\.(public_access_block\.\w+|policy|acl|ownership|requester_pays|versioning|encryption|logging"
    r"|(?:inline_policy|attached_policy|group|version)/.+|boundary|default_version)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one counterfactual comes to over the incident's logged successes.

    Attributes:
        counterfactual: in words.
        counted: by answer; None where it is not asked.
        asked: of a control or a declared target: its row, with dates and parameters.
    """

    counterfactual: str
    counted: Count | None
    asked: Asked | None = None


class _Meant:
    """The events of the incident's successes, and those that say of one what it does not itself.

    Only these are decided again: what a case holds beside its incident costs a look at two columns.
    """

    def __init__(self, derived: Path) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        columns = ["event_uid", "logged", "in_incident", "supplied_by"]
        held = pq.read_table(derived / "access_classes.parquet", columns=columns)
        held = held.filter(pc.and_(held["in_incident"], pc.equal(held["logged"], "success")))
        uids = [*held["event_uid"].chunks, *held["supplied_by"].drop_null().chunks]
        self._uids = pa.chunked_array(uids, pa.string())
        self._stored = normalize.Stored(derived / "events")

    def batches(self, columns: Sequence[str], at_once: int) -> Iterator[Any]:
        """As of the whole table, without the other rows."""
        import pyarrow.compute as pc

        for batch in self._stored.batches(sorted({*columns, "event_uid"}), at_once):
            yield batch.filter(pc.is_in(batch["event_uid"], value_set=self._uids))


class WhatIf:
    """A built case, ready to be asked."""

    def __init__(self, case: Path) -> None:
        """Loads the derived tables and decides the incident's accesses anew, as the build did."""
        derived = case / "derived"
        config = case_file.load(case)
        changes = tables.read(derived, "changes")
        assumptions = frozenset(config.assumptions.on())
        uids = {row["change_uid"] for row in changes}
        writers = events.by_uid(normalize.Stored(derived / "events"), uids)
        self._changes: dict[str, dict[str, Any]] = {
            row["change_uid"]: row for row in reversed(changes)
        }
        self._setting = Setting(
            view=Doubted(History(tables.read(derived, "intervals"), changes), assumptions),
            attempts=Attempts(attempts(changes)),
            provider=clouds.of(changes).provider,
            assumptions=assumptions,
        )
        self._decided: Decided = decisions.decide_all(_Meant(derived), self._setting)
        self._questions = Questions(
            self._setting.view,
            self._setting.attempts,
            self._setting.provider,
            assumptions,
            writers,
        )
        self._named = config.counterfactuals
        self._from = config.incident.time_from
        self._accesses = [(row, self._decided.classes[uid]) for row, uid in self._decided.accesses]

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
            Outcome(
                counterfactual=f"{kind}-undo of {said}",
                counted=count(self._accesses, self._undoing(uids, kind)),
            )
            for kind in ("replay", "delta")
        ]

    def held(self, places: Mapping[Place, Json], since: datetime, name: str) -> Outcome:
        """Holds slots at values from an instant on, whatever was recorded."""
        contents = {
            place: SlotState(knowledge=Knowledge.PRESENT, value=value, why="counterfactual")
            for place, value in places.items()
        }
        decide = deciding(lambda _, __: contents, since, self._setting)
        return Outcome(
            counterfactual=f"{name} from {wording.instant(since, edge='start')}",
            counted=count(self._accesses, decide),
        )

    def control(self, name: str, since: datetime, given: Mapping[str, str]) -> Outcome:
        """A named control on from an instant, for every container of the incident.

        Args:
            name: of the catalogue.
            since: from when.
            given: its parameters; those not given are taken from the records where they hold them.

        Raises:
            UsageError: no control has that name, none of its parameters that of `given`, a
                parameter is missing, or the mechanism did not exist yet.
        """
        known = catalogue(self._setting.provider.name)
        if name not in known:
            raise UsageError(f"expected one of {', '.join(sorted(known))}, found {name}")
        control = known[name]
        strange = sorted(given.keys() - control.parameters.keys())
        if strange:
            wanted = ", ".join(sorted(control.parameters)) or "no parameter"
            raise UsageError(f"{name}: expected {wanted} with --with, found {strange[0]}")
        if since < control.available:
            raise UsageError(
                f"{name}: expected --from no earlier than {control.available:%Y-%m-%d}, the day "
                f"from which it was available ({control.source}), found "
                f"{wording.instant(since, edge='start')}"
            )
        from_line = {name: (value, "--with") for name, value in given.items()}
        asked = of_control(control, from_line, self._accesses, self._setting, since)
        if asked.status == PARAMETER_MISSING:
            raise UsageError(f"{name}: {asked.note}; supply it with --with NAME=VALUE")
        containers = sorted({one.container for _, one in self._accesses})
        return _outcome(asked, f"{name} on {wording.containers(containers)}")

    def controls(self, since: datetime | None, given: Mapping[str, str]) -> list[Outcome]:
        """Every declared target and every control of the catalogue, each by itself."""
        rows = all_of(self._accesses, self._setting, self._named, since or self._from, given)
        return [_outcome(asked, asked.name) for asked in rows]

    def target(self, chosen: Target) -> Outcome:
        """A declared target for every access of the incident."""
        if not self._accesses:
            return Outcome(counterfactual=chosen.name, counted=count((), _never))
        start = min(row["time"] for row, _ in self._accesses)
        return _outcome(of_target(chosen, self._accesses, self._setting, start), chosen.name)

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
    """`arn:aws:s3:::b.public_access_block.IgnorePublicAcls=true` as a place and a value.

    A resource may hold dots: the slot begins after the last dot that leaves a slot of a known
    form; `|` in place of that dot leaves no doubt.

    Raises:
        UsageError: not of that form.
    """
    place, equals, value = text.partition("=")
    resource, bar, slot = place.partition("|")
    if not bar:
        found = _SLOT.search(place)
        resource, slot = (place[: found.start()], found[1]) if found else ("", "")
    if not equals or not resource or not slot:
        raise UsageError(
            f"expected RESOURCE|SLOT=VALUE or RESOURCE.SLOT=VALUE with VALUE as JSON, found {text}"
        )
    try:
        return (resource, slot), json.loads(value)
    except ValueError as error:
        raise UsageError(f"expected VALUE as JSON, found {value}: {error}") from error


def parameter_of(text: str) -> tuple[str, str]:
    """`prefix=exports/` as a name and a value.

    Raises:
        UsageError: not of that form.
    """
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise UsageError(f"--with: expected NAME=VALUE, found {text}")
    return name, value


def targets_of(default_: str | None, instant: datetime | None) -> list[Target]:
    """Declared targets as named on the command line.

    Args:
        default_: `creation`, or a day as text.
        instant: of a baseline.

    Raises:
        UsageError: neither `creation` nor a time.
    """
    found: list[Target] = []
    default = clouds.of(()).default
    if default_ == "creation":
        found.append(at_creation(default))
    elif default_ is not None:
        try:
            day = datetime.fromisoformat(default_)
        except ValueError as error:
            raise UsageError(
                f"--default: expected `creation` or a time, found {default_}"
            ) from error
        found.append(as_of(day if day.tzinfo else day.replace(tzinfo=UTC), default))
    if instant is not None:
        found.append(baseline(instant))
    return found


def _never(_: RequestClass, __: datetime) -> Verdict:
    return Verdict.UNKNOWN


def _outcome(asked: Asked, name: str) -> Outcome:
    said = f"{name} from {wording.instant(asked.since, edge='start')}"
    return Outcome(counterfactual=said, counted=asked.counted, asked=asked)


def lines(outcome: Outcome) -> Iterator[str]:
    """An outcome in the prescribed words."""
    found, asked = outcome.counted, outcome.asked
    if found is None:
        note = asked.note if asked else None
        yield f"“{outcome.counterfactual}”: not asked: {note}"
        return
    n = found.accesses
    yield (
        f"Under counterfactual “{outcome.counterfactual}”, the evaluator returns deny for "
        f"{n['yes']:,} of {found.asked:,} accesses of the incident, allow for {n['no']:,}, and is "
        f"undetermined for {n['undetermined']:,}."
    )
    for answer, word in (("yes", "denied"), ("no", "allowed"), ("undetermined", "undetermined")):
        if n[answer]:
            size = found.bytes_out[answer]
            said = "not all logged" if size is None else f"{size:,}"
            yield (f"  {word}: {found.objects[answer]:,} distinct objects, bytes as logged: {said}")
    if found.not_asked:
        yield (
            f"  not asked about: {found.not_asked:,} accesses that the records do not decide as "
            "they stand"
        )
    if asked is not None and asked.available is not None:
        yield f"  available from {asked.available:%Y-%m-%d}: {asked.source}"
        for name, values in asked.given.items():
            yield f"  {name} ({asked.supplied[name]}): {wording.listed(list(values))}"
        if asked.note:
            yield f"  {asked.note}"


def as_data(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain JSON values; times as text."""
    found = outcome.counted
    counts: dict[str, Any] = (
        {name: getattr(found, name) for name in Count.__dataclass_fields__} if found else {}
    )
    asked = {
        name: getattr(outcome.asked, name)
        for name in Asked.__dataclass_fields__
        if name != "counted" and outcome.asked is not None
    }
    return {"counterfactual": outcome.counterfactual, **asked, **counts}
