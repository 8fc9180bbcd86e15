"""From a request class to the question that causation answers: course, decision, write gates.

1. the slice of the class, closed under the writes to it: what the callers of those writes needed,
   and the gates that they had to pass, belong to the course;
2. a world is turned into an overlay over the history, in the places where it differs from what
   was actually so: with nothing changed, the very decision of the class comes out;
3. a write whose gates and authorization see what they actually saw keeps its logged outcome;
   otherwise it is evaluated anew, and unknown stays unknown.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from timeline.correlate import signatures
from timeline.correlate.causation import Question
from timeline.correlate.course import (
    BEGINNING,
    Attempt,
    Content,
    Course,
    World,
    as_logged,
    course,
)
from timeline.correlate.decisions import TICK, RequestClass, timed
from timeline.correlate.provider import Provider, Request
from timeline.correlate.signatures import Attempts, Slice
from timeline.correlate.views import Overlay, Place, Viewed
from timeline.model import Json, Knowledge, SlotState, Verdict


class Questions:
    """Builds questions over one history; what writes needed is worked out once per write."""

    def __init__(
        self,
        view: Viewed,
        attempts: Attempts,
        provider: Provider,
        assumptions: frozenset[str],
        events: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """Over a history, its attempts, and the rows of `events` that made them, by event uid."""
        self._view = view
        self._attempts = attempts
        self._provider = provider
        self._assumptions = assumptions
        self._events = events
        self._needs: dict[int, Slice | None] = {}
        self._decided: dict[tuple[Any, ...], dict[tuple[Content, ...], Verdict]] = {}
        self._admitted: dict[tuple[Any, ...], bool | None] = {}
        self._requests: dict[str, Request | None] = {}

    def of(self, one: RequestClass) -> Question:
        """The question of one class."""
        places = self.closed(one.slice)
        run = course(
            self._attempts.ordered, places, one.at, lambda p, t: self._before(p, t, one.at)
        )
        read = tuple(n for n, place in enumerate(run.places) if place in one.slice.places)
        inputs = tuple(self._inputs(run, i) for i in range(len(run.attempts)))
        return Question(
            class_uid=one.uid,
            course=run,
            decide=self._decider(run, one, read),
            admits=self._gates(run, inputs),
            read=read,
            inputs=inputs,
            alike=lambda place, value: self._provider.alike(one.request, place, value),
        )

    def closed(self, found: Slice) -> frozenset[Place]:
        """Places of a slice and of everything that the writes to it needed."""
        places = set(found.places)
        pending = list(found.attempts)
        seen = set(pending)
        while pending:
            needs = self._needs_of(pending.pop())
            if needs is None:
                continue
            places |= needs.places
            fresh = [n for n in needs.attempts if n not in seen]
            seen.update(fresh)
            pending.extend(fresh)
        return frozenset(places)

    def _needs_of(self, n: int) -> Slice | None:
        """Slice of the request that made attempt n; None where it is not a recorded request."""
        if n not in self._needs:
            attempt = self._attempts.ordered[n]
            request = self._request(attempt)
            self._needs[n] = request and signatures.slice_of(
                lambda v, at: self._provider.read(v, timed(request, at), at),
                self._view,
                self._attempts,
                attempt.time,
            )
        return self._needs[n]

    def _request(self, attempt: Attempt) -> Any:  # noqa: ANN401 Request or None
        uid = attempt.change_uid
        if uid not in self._requests:
            row = self._row(attempt)
            self._requests[uid] = row and self._provider.write_request(row, min(attempt.written)[0])
        return self._requests[uid]

    def _row(self, attempt: Attempt) -> Mapping[str, Any] | None:
        if attempt.kind not in ("logged", "opaque"):
            return None
        return self._events.get(attempt.change_uid.removeprefix("opaque/"))

    def _before(self, place: Place, first: datetime | None, at: datetime) -> Content:
        state = self._view.at(*place, at if first is None else first - TICK)
        return content_of(state)

    def _inputs(self, run: Course, i: int) -> tuple[int, ...]:
        """Positions of the places that attempt i's authorization and gates rest on.

        A recorded write of which no action is known may rest on any of them.
        """
        attempt = run.attempts[i]
        if self._row(attempt) is not None and self._request(attempt) is None:
            return tuple(range(len(run.places)))
        needs = self._needs_of(self._attempts.position(attempt))
        held = needs.places if needs is not None else frozenset[Place]()
        return tuple(n for n, place in enumerate(run.places) if place in held)

    def _decider(
        self, run: Course, one: RequestClass, mine: tuple[int, ...]
    ) -> Callable[[World], Verdict]:
        actual = as_logged(run)[-1]
        as_it_is = tuple(actual[n] for n in mine)
        memo = self._decided.setdefault(self._alike(run, one, mine), {})

        def decide(world: World) -> Verdict:
            key = tuple(world[n] for n in mine)
            if key == as_it_is:
                return one.decision.verdict
            if key not in memo:
                over = self._overlay(run, world, actual, mine)
                memo[key] = self._provider.decide(
                    over, one.request, one.at, self._assumptions
                ).verdict
            return memo[key]

        return decide

    def _alike(self, run: Course, one: RequestClass, mine: tuple[int, ...]) -> tuple[Any, ...]:
        """Equal for classes whose requests are decided alike in equal worlds, epochs apart.

        Beside contents and signature only the beginning of an object counts: its owner follows
        from a setting of that moment.
        """
        began = [
            [str(i.start) for i in self._view.at(*run.places[n], one.at).intervals]
            for n in mine
            if run.places[n][1] in BEGINNING
        ]
        text = json.dumps([one.signature, began], sort_keys=True, default=str)
        return text, tuple(run.places[n] for n in mine)

    def _gates(
        self, run: Course, inputs: tuple[tuple[int, ...], ...]
    ) -> Callable[[int, World], bool | None]:
        before = as_logged(run)
        memo = self._admitted

        def admits(i: int, world: World) -> bool | None:
            attempt = run.attempts[i]
            row = self._row(attempt)
            request = self._request(attempt)
            if row is None:
                return attempt.accepted
            if not attempt.accepted and not self._provider.refusal_depends(row):
                return False
            met = tuple(world[n] for n in inputs[i])
            if met == tuple(before[i][n] for n in inputs[i]):
                return attempt.accepted
            if request is None:
                return None
            key = attempt.change_uid, tuple(run.places[n] for n in inputs[i]), met
            if key not in memo:
                over = self._overlay(run, world, before[i], inputs[i])
                memo[key] = self._evaluated(request, attempt, over)
            return memo[key]

        return admits

    def _evaluated(self, request: Request, attempt: Attempt, over: Viewed) -> bool | None:
        """Authorization and gates in a world that differs from the actual one."""
        at = attempt.time - TICK
        written = {place: a.content for place, a in attempt.written.items()}
        verdict = self._provider.decide(over, timed(request, attempt.time), at, self._assumptions)
        passes = self._provider.gate(timed(request, attempt.time), written, over, at)
        if verdict.verdict is Verdict.DENIED or passes is False:
            return False
        return True if verdict.verdict is Verdict.ALLOWED and passes else None

    def _overlay(
        self, run: Course, world: World, actual: World, positions: tuple[int, ...]
    ) -> Viewed:
        changed = {
            run.places[n]: state_of(self._provider, world[n])
            for n in positions
            if world[n] != actual[n]
        }
        return Overlay(self._view, changed) if changed else self._view


def state_of(provider: Provider, content: Content) -> SlotState:
    """A content as the slot that a reader of the history would see."""
    why = "counterfactual"
    if content is None:
        return SlotState(knowledge=Knowledge.UNKNOWN, value=None, why=why)
    if not content:
        return SlotState(knowledge=Knowledge.ABSENT, value=None, why=why)
    value = provider.assemble({fact: json.loads(text) for fact, text in content})
    return SlotState(knowledge=Knowledge.PRESENT, value=value, why=why)


def content_of(state: SlotState) -> Content:
    """Facts of a slot as a content."""
    if state.knowledge is Knowledge.UNKNOWN:
        return None
    if state.knowledge is Knowledge.ABSENT:
        return ()
    facts = {i.fact: canonical(i.value) for i in state.intervals if i.fact != "*"}
    return tuple(sorted(facts.items()))


def canonical(value: Json) -> str:
    """As values stand in the derived tables."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
