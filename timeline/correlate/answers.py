"""Decisions on the accesses of a case, each made once for equal requests in equal configurations.

Classes of one request differ by epoch, and epochs often hold what another one held: after a write
that altered nothing, or back and forth. Without an assumption most of a configuration is not known
at any epoch. So a decision is kept with what it read:
1. places are noted as the evaluator asks for them, with the number of what they held;
2. a later question on a request that no document tells apart has the same answer if all that was
   read then holds the same now: the evaluator would ask and be told the same, step by step; of the
   object that it asks for, what that object holds, and not what another one held;
3. a content that may act otherwise as time passes is equal to none at another instant.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from timeline.correlate.course import BEGINNING
from timeline.correlate.provider import Provider, Request
from timeline.correlate.views import Doubted, Viewed
from timeline.model import Decision, Knowledge, SlotState

#: A place with the instant at which it is read, None = that of the request; an empty slot stands
#: for the names of the resource's slots.
Read: TypeAlias = tuple[str, str, datetime | None]

#: JSON text of a content -> whether it may act otherwise as time passes.
OfTime: TypeAlias = Callable[[str], bool]

_NAMES = ""
#: Before the number of a resource of the request's own; no resource begins like this.
_OWN = "·own"


@dataclass(slots=True)
class _Known:
    """Answers to one request by what was read for them, in the order in which it was read."""

    by_reads: dict[tuple[Read, ...], dict[tuple[int, ...], Decision]] = field(default_factory=dict)


class Answers:
    """What has been decided so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._known: dict[Hashable, _Known] = {}
        self._numbers: dict[Hashable, int] = {}
        #: id of a state -> (the state, so that the id stays its own; its text; whether of time)
        self._texts: dict[int, tuple[SlotState, str, bool]] = {}

    def of(
        self,
        told: Hashable,
        seen: "Seen",
        request: Request,
        provider: Provider,
        assumptions: frozenset[str],
    ) -> Decision:
        """The decision on a request.

        Args:
            told: what distinguishes the request; requests of which it is equal are decided alike
                in equal configurations.
            seen: the configuration, at the instant of the request.
            request: in the evaluator's form.
            provider: decides; one that decides otherwise has answers of its own.
            assumptions: of the evaluator; those on the records are part of `seen`.
        """
        known = self._known.setdefault((provider.decide, told, assumptions), _Known())
        for reads, answers in known.by_reads.items():
            found = answers.get(tuple(map(seen.number, reads)))
            if found is not None:
                return found
        noted = _Noted(seen)
        decision = provider.decide(noted, request, seen.instant, assumptions)
        reads = tuple(noted.reads)
        known.by_reads.setdefault(reads, {})[tuple(map(seen.number, reads))] = decision
        return decision

    def number(self, slot: str, state: SlotState, at: datetime, of_time: OfTime) -> int:
        """Equal for contents that an evaluator cannot tell apart."""
        start = state.intervals[0].start if slot in BEGINNING and state.intervals else None
        if state.knowledge is Knowledge.UNKNOWN:
            return self.numbered((state.knowledge, start))
        told = self._texts.get(id(state))
        if told is None:
            text = json.dumps(state.value)
            told = self._texts[id(state)] = state, text, of_time(text)
        return self.numbered((state.knowledge, told[1], start, at if told[2] else None))

    def numbered(self, content: Hashable) -> int:
        """A number of its own for each content."""
        return self._numbers.setdefault(content, len(self._numbers))


class Seen:
    """A configuration at the instant of a request, read once for all questions on it."""

    def __init__(
        self,
        view: Viewed,
        at: datetime,
        answers: Answers,
        of_time: OfTime,
        own: Sequence[str] = (),
    ) -> None:
        """Of a view as it is; `doubted` gives the same without assumptions on the records.

        `own` = resources of the request's own, which go by their place here and not by name.
        """
        self.view, self.instant = view, at
        self.own = {resource: f"{_OWN}{n}" for n, resource in enumerate(own)}
        self._named = {place: resource for resource, place in self.own.items()}
        self._answers, self._of_time = answers, of_time
        self._read = _reader(view, at)
        self._numbers: dict[Read, int] = {}

    def doubted(self, assumptions: Iterable[str]) -> "Seen":
        """With the assumptions on the records that still hold; what was read is not read again."""
        doubted, inner = Doubted(self.view, assumptions), self._read
        found = Seen(doubted, self.instant, self._answers, self._of_time, tuple(self.own))
        found._read = lambda read: doubted.doubt(inner(read))
        return found

    def number(self, read: Read) -> int:
        """Number of what is read there."""
        found = self._numbers.get(read)
        if found is None:
            name, slot, at = read
            resource = self._named.get(name, name)
            if slot == _NAMES:
                found = self._answers.numbered(tuple(self.view.slots(resource)))
            else:
                when = self.instant if at is None else at
                state = self._read((resource, slot, at))
                found = self._answers.number(slot, state, when, self._of_time)
            self._numbers[read] = found
        return found


def _reader(view: Viewed, at: datetime) -> Callable[[Read], SlotState]:
    """Reads each place once; refers to nothing that refers to it, and so goes with its user."""
    states: dict[Read, SlotState] = {}

    def read(asked: Read) -> SlotState:
        found = states.get(asked)
        if found is None:
            resource, slot, other = asked
            found = states[asked] = view.at(resource, slot, at if other is None else other)
        return found

    return read


class _Noted:
    """Passes every question on and remembers it, in order."""

    def __init__(self, seen: Seen) -> None:
        self._view = seen.view
        self._at = seen.instant
        self._own = seen.own
        self.reads: dict[Read, None] = {}

    def at(self, resource_uid: str, slot: str, t: datetime) -> SlotState:
        """As the view."""
        name = self._own.get(resource_uid, resource_uid)
        self.reads[name, slot, None if t == self._at else t] = None
        return self._view.at(resource_uid, slot, t)

    def resources(self) -> Iterable[str]:
        """As the view: what exists is the same at all instants."""
        return self._view.resources()

    def slots(self, resource_uid: str) -> Iterable[str]:
        """As the view."""
        self.reads[self._own.get(resource_uid, resource_uid), _NAMES, None] = None
        return self._view.slots(resource_uid)
