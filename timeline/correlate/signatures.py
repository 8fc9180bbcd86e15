"""Request classes and epochs: what no configuration in force can tell apart is decided once.

1. The *slice* of a request is every slot that its evaluation reads, found by recording the reads
   over all instants at which one of those slots was written.
2. *Epochs* are the intervals between attempted writes (altering, re-asserting, refused) to the
   slice: a write that altered nothing still changes what a replay gives.
3. The *signature* keeps of a request what some document of the slice mentions: context keys by
   value, resource patterns by whether they match, and which of the keys are unknown.
Specification: causation, 7.7.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from timeline.correlate.course import Attempt
from timeline.correlate.provider import Mentions
from timeline.correlate.views import Place, Recorder, Viewed, across_a_gap

#: Reads the state of a request: all that the slice needs to know of the provider.
Reader = Callable[[Viewed, datetime], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Slots that decide a request, and the attempts that were made on them.

    Attributes:
        places: what is read at any instant.
        attempts: positions in the list of all attempts, ascending.
        times: instants of these attempts, ascending, each once.
    """

    places: frozenset[Place]
    attempts: tuple[int, ...]
    times: tuple[datetime, ...]

    def epoch(self, t: datetime) -> tuple[datetime | None, datetime | None]:
        """The interval between attempts that holds `t`, half-open; None = beyond all attempts."""
        n = bisect_right(self.times, t)
        return (
            self.times[n - 1] if n else None,
            self.times[n] if n < len(self.times) else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """When one alteration may not yet, or may already, be in force (register A11).

    Attributes:
        attempt: position in the list of all attempts.
        start: first start of an access that it may reach.
        end: from here on it is in force.
    """

    attempt: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """Requests with the same slice: one principal, one set of actions, one container.

    Attributes:
        slice, mentions: of all of them.
        effects: alterations of the slice, by start.
    """

    slice: "Slice"
    mentions: Mentions
    effects: tuple[Effect, ...]

    def near(self, t: datetime) -> list[int]:
        """Attempts whose effect may lie on either side of an access in `[t, t + 1 s)`."""
        return [e.attempt for e in self.effects if e.start < t < e.end]

    def across_a_gap(self, view: Viewed, t: datetime) -> bool:
        """Whether any slot of the slice is known only across a period of missing records."""
        return any(across_a_gap(view.at(*place, t)) for place in self.slice.places)


class Attempts:
    """All attempted writes of a case, and by place which of them touch it."""

    def __init__(self, ordered: Sequence[Attempt]) -> None:
        self.ordered = tuple(ordered)
        self.by_place: dict[Place, list[int]] = {}
        for n, attempt in enumerate(self.ordered):
            for place in attempt.written:
                self.by_place.setdefault(place, []).append(n)
        self.resources = frozenset(place[0] for place in self.by_place)

        self._positions = {attempt.change_uid: n for n, attempt in enumerate(self.ordered)}

    def position(self, attempt: Attempt) -> int:
        """Position of an attempt in `ordered`."""
        return self._positions[attempt.change_uid]

    def on(self, places: Iterable[Place]) -> tuple[int, ...]:
        """Positions of the attempts on any of these places, ascending."""
        return tuple(sorted({n for place in places for n in self.by_place.get(place, ())}))


def slice_of(read: Reader, view: Viewed, attempts: Attempts, t: datetime) -> Slice:
    """The slice of a request, closed under its own attempts.

    Args:
        read: reads the state of the request from a view at an instant.
        view: the history.
        attempts: of the case.
        t: an instant of the request; where reading begins.
    """
    places: set[Place] = set()
    pending, seen = [t], {t}
    while pending:
        recorder = Recorder(view)
        read(recorder, pending.pop())
        fresh = recorder.places - places
        places |= fresh
        times = {attempts.ordered[n].time for n in attempts.on(fresh)} - seen
        seen |= times
        pending.extend(sorted(times))
    return of_places(places, attempts)


def of_places(places: Iterable[Place], attempts: Attempts) -> Slice:
    """A slice from its places."""
    held = frozenset(places)
    touching = attempts.on(held)
    times = sorted({attempts.ordered[n].time for n in touching})
    return Slice(places=held, attempts=touching, times=tuple(times))


def effects(
    found: Slice, attempts: Attempts, slack: Callable[[Place], timedelta]
) -> tuple[Effect, ...]:
    """When each alteration of a slice takes effect, with the provider's propagation time.

    A hidden change has bounds of its own and no slack; a write that altered nothing has no effect.
    """
    second = timedelta(seconds=1)
    made = []
    for n in found.attempts:
        attempt = attempts.ordered[n]
        if attempt.altering and attempt.kind != "hidden":
            most = max(slack(p) for p in attempt.written if p in found.places)
            made.append(
                Effect(attempt=n, start=attempt.time - second, end=attempt.time + second + most)
            )
    return tuple(made)


def uid(signature: Mapping[str, Any], epoch: tuple[datetime | None, datetime | None]) -> str:
    """Stable id of a request class: a hash of its signature and the start of its epoch."""
    start = epoch[0].isoformat() if epoch[0] is not None else "before all records"
    text = json.dumps([signature, start], sort_keys=True, ensure_ascii=False)
    return f"class-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:20]}"
