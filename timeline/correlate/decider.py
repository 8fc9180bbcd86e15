"""Decisions on a request in worlds that differ from what was actually so, each made once.

1. a world becomes an overlay over the history, in the places where it differs from what was so:
   with nothing changed, the very decision of the class comes out;
2. two worlds that hold facts of equal effect on the request are decided once;
3. what was decided for one class serves every class whose requests are told apart by nothing, or
   only by who of several equal callers asked (`peers.py`).
"""

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from timeline.correlate.contents import state_of
from timeline.correlate.course import BEGINNING, Content, Course, World, as_logged
from timeline.correlate.decisions import RequestClass
from timeline.correlate.peers import Mask, mask
from timeline.correlate.provider import Provider
from timeline.correlate.views import Overlay, Place, Viewed
from timeline.model import SlotState, Verdict

#: What of a signature says only when a class was, not how its request is decided.
_OF_TIME = ("near", "across_a_gap", "own_writes")


@dataclass(slots=True)
class _Known:
    """Decisions on requests that nothing tells apart.

    Attributes:
        effects: (place, content by effect) -> its number.
        numbers: caller -> (position among the places looked at, content) -> the same number.
        verdicts: one number per place looked at -> decision.
    """

    effects: dict[Hashable, int] = field(default_factory=dict)
    numbers: dict[str | None, dict[tuple[int, Content], int]] = field(default_factory=dict)
    verdicts: dict[tuple[int, ...], Verdict] = field(default_factory=dict)


class Decisions:
    """Decides requests in worlds over one history."""

    def __init__(
        self,
        view: Viewed,
        provider: Provider,
        assumptions: frozenset[str],
        written: frozenset[str],
    ) -> None:
        """Over a history, under assumptions; `written` = resources that a write is recorded on."""
        self._view = view
        self._provider = provider
        self._assumptions = assumptions
        self._written = written
        self._known: dict[Hashable, _Known] = {}
        self._states: dict[Content, SlotState] = {}

    def mask(self, one: RequestClass, run: Course) -> Mask:
        """How a class is written so that classes of equal callers are written alike."""
        return mask(one, run.places, self._provider, self._written)

    def of(
        self, run: Course, one: RequestClass, read: Sequence[int], masked: Mask, told: str
    ) -> Callable[[World], Verdict]:
        """The decision on a class in a world of its course.

        Args:
            run: the course.
            one: the class.
            read: positions looked at.
            masked: how the class is written.
            told: what tells its request from others, by `told`.
        """
        actual = as_logged(run)[-1]
        places = tuple(run.places[n] for n in read)
        known = self._known.setdefault((told, tuple(map(masked.place, places))), _Known())
        numbers = known.numbers.setdefault(masked.caller, {})

        def number(k: int, content: Content) -> int:
            if (k, content) not in numbers:
                effect = self._effect(one, places[k], content, masked)
                numbers[k, content] = known.effects.setdefault(effect, len(known.effects))
            return numbers[k, content]

        as_it_is = [number(k, actual[n]) for k, n in enumerate(read)]

        def decide(world: World) -> Verdict:
            other = [
                k for k, n in enumerate(read) if world[n] is not actual[n] and world[n] != actual[n]
            ]
            if not other:
                return one.decision.verdict
            at = as_it_is.copy()
            for k in other:
                at[k] = number(k, world[read[k]])
            found = tuple(at)
            if found not in known.verdicts:
                over = self.overlaid(run, world, actual, [read[k] for k in other])
                known.verdicts[found] = self._provider.decide(
                    over, one.request, one.at, self._assumptions
                ).verdict
            return known.verdicts[found]

        return decide

    def overlaid(
        self, run: Course, world: World, actual: World, positions: Sequence[int]
    ) -> Viewed:
        """The history with a world's contents in some places, where they differ."""
        changed = {run.places[n]: self._state(world[n]) for n in positions if world[n] != actual[n]}
        return Overlay(self._view, changed) if changed else self._view

    def _state(self, content: Content) -> SlotState:
        if content not in self._states:
            self._states[content] = state_of(self._provider, content)
        return self._states[content]

    def _effect(self, one: RequestClass, place: Place, content: Content, masked: Mask) -> Hashable:
        """Equal for contents of equal effect on a request; None where it is not known."""
        where = masked.place(place)
        if not content:
            return where, content
        effect = frozenset(
            self._provider.alike(one.request, place, value) or (fact, value)
            for fact, value in masked.content(place, content) or ()
        )
        return where, effect, masked.caller if masked.singles_out(place, content) else None

    def told(self, one: RequestClass, places: Sequence[Place], masked: Mask) -> str:
        """Equal for classes whose requests are decided alike in equal worlds, epochs apart.

        Beside contents and signature only the beginning of an object counts: its owner follows
        from a setting of that moment.

        Args:
            one: the class.
            places: those looked at.
            masked: how it is written.
        """
        own = [
            (uid, slot)
            for uid in self._provider.own_places(one.request)
            for slot in BEGINNING
            if (uid, slot) not in places
        ]
        began = [
            [str(i.start) for i in self._view.at(*place, one.at).intervals]
            for place in (*places, *own)
            if place[1] in BEGINNING
        ]
        told = masked.told({k: v for k, v in one.signature.items() if k not in _OF_TIME})
        return json.dumps([told, began], sort_keys=True, default=str)
