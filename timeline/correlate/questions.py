"""From a request class to the question that causation answers: course, decision, write gates.

1. the slice of the class, closed under the writes to it: what the callers of those writes needed,
   and the gates that they had to pass, belong to the course;
2. a world is decided as an overlay over the history (`decider.py`);
3. a write whose gates and authorization see what they actually saw keeps its logged outcome;
   otherwise it is evaluated anew, and unknown stays unknown.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from timeline.correlate import signatures
from timeline.correlate.contents import content_of
from timeline.correlate.course import (
    Attempt,
    Content,
    Course,
    World,
    as_logged,
    course,
)
from timeline.correlate.decider import Decisions
from timeline.correlate.decisions import TICK, RequestClass, timed
from timeline.correlate.peers import Mask
from timeline.correlate.provider import Provider, Request, let_through
from timeline.correlate.runs import Question
from timeline.correlate.signatures import Attempts, Slice
from timeline.correlate.views import Place, Viewed
from timeline.model import SlotState

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """A slice closed under the writes to it.

    Attributes:
        places: of the slice, and of all that those writes needed.
        attempts: on any of these places, in order, with their `times`.
    """

    places: frozenset[Place]
    attempts: tuple[Attempt, ...]
    times: tuple[datetime, ...]

    def until(self, t: datetime) -> tuple[Attempt, ...]:
        """Those up to and including an instant."""
        return self.attempts[: bisect_right(self.times, t)]


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
        self._closed: dict[Slice, Writes] = {}
        self._decisions = Decisions(view, provider, assumptions, attempts.resources)
        self._admitted: dict[tuple[Any, ...], bool | None] = {}
        self._requests: dict[str, Request | None] = {}
        self._contents: dict[int, tuple[SlotState, Content]] = {}
        self._inputs: dict[tuple[tuple[Place, ...], int], tuple[tuple[int, ...], ...]] = {}
        self._values: dict[tuple[int, ...], frozenset[str]] = {}
        self._shared: dict[Hashable, Any] = {}
        self._reordered: dict[Hashable, Questions] = {}

    def of(self, one: RequestClass) -> Question:
        """The question of one class."""
        writes = self._writes(one.slice)
        run = course(
            writes.until(one.at), writes.places, one.at, lambda p, t: self._before(p, t, one.at)
        )
        gates = self._provider.meets_gates(one.request)
        read = tuple(
            n
            for n, place in enumerate(run.places)
            if place in one.slice.places and (gates or self._provider.decides(place[1]))
        )
        key = run.places, len(run.attempts)
        if key not in self._inputs:
            self._inputs[key] = tuple(self._looked(run, i) for i in range(len(run.attempts)))
        inputs = self._inputs[key]
        masked = self._decisions.mask(one, run)
        told = self._decisions.told(one, [run.places[n] for n in read], masked)
        loose = any(a.since is not None for a in writes.attempts)
        return Question(
            class_uid=one.uid,
            course=run,
            decide=_later(lambda: self._decisions.of(run, one, read, masked, told)),
            admits=_later(lambda: self._gates(run, inputs)),
            read=read,
            inputs=inputs,
            alike=lambda place, value: self._provider.alike(one.request, place, value),
            alike_to=lambda i, place, value: self._alike_to(run.attempts[i], place, value),
            shared=self._shared,
            key=None if loose else (read, told, *self._standing(one, run, masked)),
        )

    def _standing(self, one: RequestClass, run: Course, masked: Mask) -> tuple[Hashable, ...]:
        """All that a class's answers follow from beside its request, as the mask writes it."""
        written = tuple(map(id, run.attempts))
        if written not in self._values:
            self._values[written] = frozenset(
                value
                for attempt in run.attempts
                for a in attempt.written.values()
                for _, value in (*(a.content or ()), *(a.prior or ()))
            )
        actual = [self._before(place, None, one.at) for place in run.places]
        held = [*zip(run.places, run.start, strict=True), *zip(run.places, actual, strict=True)]
        alone = masked.means(self._values[written]) or any(
            masked.singles_out(place, content) for place, content in held
        )
        return (
            written,
            one.decision.verdict,
            tuple((masked.place(place), masked.content(place, content)) for place, content in held),
            masked.caller if alone else None,
        )

    def asked_here(self, one: RequestClass) -> Question:
        """The question of a class whose slice counts the attempts of another order."""
        places = one.slice.places
        return self.of(replace(one, slice=signatures.of_places(places, self._attempts)))

    def loose(self, one: RequestClass) -> list[tuple[Attempt, tuple[datetime, ...]]]:
        """Hidden changes of a class's course that recorded writes tell several places of.

        Returns:
            Each with the instants just before those writes, the first moment of proof left aside.
        """
        writes = self._writes(one.slice)
        found = []
        for hidden in writes.attempts:
            if hidden.since is None or hidden.since > one.at:
                continue
            times = {
                attempt.time - TICK
                for attempt in writes.until(min(hidden.time, one.at))
                if hidden.since < attempt.time < hidden.time and self._looks(attempt, hidden)
            }
            if times:
                found.append((hidden, tuple(sorted(times))))
        return found

    def reordered(self, one: RequestClass, at: Mapping[str, datetime]) -> Question:
        """The question of a class with hidden changes at other instants, by change uid."""
        key = tuple(sorted(at.items()))
        if key not in self._reordered:
            moved = [
                replace(a, time=at[a.change_uid]) if a.change_uid in at else a
                for a in self._attempts.ordered
            ]
            self._reordered[key] = Questions(
                self._view,
                Attempts(sorted(moved, key=lambda a: a.time)),
                self._provider,
                self._assumptions,
                self._events,
            )
        other = self._reordered[key]
        return other.of(replace(one, slice=signatures.of_places(one.slice.places, other._attempts)))

    def _looks(self, attempt: Attempt, hidden: Attempt) -> bool:
        """Whether the authorization or a gate of a write rests on what a hidden change altered."""
        if self._row(attempt) is None:
            return False
        needs = self._needs_of(self._attempts.position(attempt))
        return needs is None or not needs.places.isdisjoint(hidden.written)

    def closed(self, found: Slice) -> frozenset[Place]:
        """Places of a slice and of everything that the writes to it needed."""
        return frozenset(self._writes(found).places)

    def _writes(self, found: Slice) -> Writes:
        if found not in self._closed:
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
            ordered = tuple(self._attempts.ordered[n] for n in self._attempts.on(places))
            self._closed[found] = Writes(
                places=frozenset(places), attempts=ordered, times=tuple(a.time for a in ordered)
            )
        return self._closed[found]

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
        held = self._contents.get(id(state))
        if held is None or held[0] is not state:
            held = self._contents[id(state)] = state, content_of(state)
        return held[1]

    def _looked(self, run: Course, i: int) -> tuple[int, ...]:
        """Positions of the places that attempt i's authorization and gates rest on.

        A recorded write of which no action is known may rest on any of them.
        """
        attempt = run.attempts[i]
        if self._row(attempt) is not None and self._request(attempt) is None:
            return tuple(range(len(run.places)))
        needs = self._needs_of(self._attempts.position(attempt))
        held = needs.places if needs is not None else frozenset[Place]()
        return tuple(n for n, place in enumerate(run.places) if place in held)

    def _alike_to(self, attempt: Attempt, place: Place, value: str) -> str | None:
        """As `Question.alike_to`; what is no recorded request looks at nothing."""
        if self._row(attempt) is None:
            return ""
        request = self._request(attempt)
        return None if request is None else self._provider.alike(request, place, value)

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
                over = self._decisions.overlaid(run, world, before[i], inputs[i])
                memo[key] = self._evaluated(request, attempt, over)
            return memo[key]

        return admits

    def _evaluated(self, request: Request, attempt: Attempt, over: Viewed) -> bool | None:
        """Authorization and gates in a world that differs from the actual one."""
        at = attempt.time - TICK
        written = {place: a.content for place, a in attempt.written.items()}
        asked = timed(request, attempt.time)
        return let_through(self._provider, asked, written, over, at, self._assumptions)


def _later(make: Callable[[], Callable[..., T]]) -> Callable[..., T]:
    """A function that is made when it is first asked: of classes alike only one is."""
    made: list[Callable[..., T]] = []

    def asked(*arguments: Any) -> T:  # noqa: ANN401 whatever the function takes
        if not made:
            made.append(make())
        return made[0](*arguments)

    return asked
