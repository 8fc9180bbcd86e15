"""Answers to one probe at many instants: asked once where what it reads is of equal effect.

1. at every instant the contents of its places are written as effects on the request, like those of
   worlds in `decider.py`: statements that differ in nothing the request meets are one effect;
2. instants with equal effects in all places share the verdict;
3. nothing is shared where a content may act otherwise as time passes, where it is not known from
   the same intervals, or where the request is about an object of its own.
The reasons of a window are those of its first instant, so `exposure.py` asks that one anew.
"""

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import TypeAlias

from timeline.correlate.contents import content_of
from timeline.correlate.provider import Probe, Provider
from timeline.correlate.views import Place, Viewed
from timeline.model import SlotState

#: (fact, value as JSON text)
_Fact: TypeAlias = tuple[str, str]
#: (what must be equal as it is, facts of which the effects must be equal)
_Content: TypeAlias = tuple[Hashable, tuple[_Fact, ...]]
#: A place and its content at each instant.
_Course: TypeAlias = tuple[Place, list[_Content]]


class Contents:
    """What places hold at instants, put together once for all probes."""

    def __init__(self, view: Viewed, provider: Provider) -> None:
        """Over a history."""
        self.provider = provider
        self._view = view
        self._held: dict[tuple[Place, datetime], _Content] = {}
        self._courses: dict[tuple[frozenset[Place], tuple[datetime, ...]], list[_Course]] = {}

    def courses(self, places: frozenset[Place], instants: Sequence[datetime]) -> list[_Course]:
        """Places that do not hold the same at all of these instants, with what they hold."""
        key = places, tuple(instants)
        if key not in self._courses:
            each = [(place, [self._of(place, at) for at in instants]) for place in sorted(places)]
            self._courses[key] = [(p, held) for p, held in each if any(c != held[0] for c in held)]
        return self._courses[key]

    def _of(self, place: Place, at: datetime) -> _Content:
        if (place, at) not in self._held:
            self._held[place, at] = self._content(self._view.at(*place, at), at)
        return self._held[place, at]

    def _content(self, state: SlotState, at: datetime) -> _Content:
        facts = content_of(state)
        if not facts:
            spans = tuple((i.fact, str(i.value), i.start, i.end) for i in state.intervals)
            return (str(state.knowledge), state.why, spans), ()
        passing = any(self.provider.of_time(value) for _, value in facts)
        return (at if passing else None), facts


def keys(
    probe: Probe, places: frozenset[Place], instants: Sequence[datetime], contents: Contents
) -> list[Hashable] | None:
    """Per instant a key: equal ones have one verdict. None where nothing may be shared."""
    provider, request = contents.provider, probe.request
    if request.get("also") or (provider.own_places(request) and not probe.owned):
        return None
    numbers: dict[Hashable, int] = {}
    columns: list[list[Hashable]] = []
    for place, held in contents.courses(places, instants):
        effects: dict[_Fact, int] = {}
        column: list[Hashable] = []
        for rest, facts in held:
            for fact in facts:
                if fact not in effects:
                    effect = provider.alike(request, place, fact[1]) or fact
                    effects[fact] = numbers.setdefault((place, effect), len(numbers))
            column.append((rest, frozenset([effects[fact] for fact in facts])))
        columns.append(column)
    return list(zip(*columns, strict=True)) if columns else [()] * len(instants)
