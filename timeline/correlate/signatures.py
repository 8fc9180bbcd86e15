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
from datetime import datetime
from typing import Any

from timeline.correlate.course import Attempt
from timeline.correlate.views import Place, Recorder, Viewed

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


def uid(signature: Mapping[str, Any], epoch: tuple[datetime | None, datetime | None]) -> str:
    """Stable id of a request class: a hash of its signature and the start of its epoch."""
    start = epoch[0].isoformat() if epoch[0] is not None else "before all records"
    text = json.dumps([signature, start], sort_keys=True, ensure_ascii=False)
    return f"class-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:20]}"
