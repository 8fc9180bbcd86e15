"""Declared counterfactuals beside undoing a change (specification: causation, 7.5).

A target says what a place would hold, as facts: the provider's default when the resource was
created, its default on a day, or what the records show of an instant ("last known good"). Of a
place that it does not speak of it says nothing, and None stands for a content that is not known.
Names, owners and the fact of existing are never replaced.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from collector.case_counterfactuals import Counterfactuals
from timeline.correlate.contents import content_of
from timeline.correlate.course import BEGINNING, Content
from timeline.correlate.views import Place, Viewed
from timeline.model import Knowledge

#: (place, view, time of the request, day of the default or None for the creation) -> content;
#: the place is left out where the provider names no default for it.
Default = Callable[[Place, Viewed, datetime, datetime | None], Mapping[Place, Content]]

AT_CREATION = "provider default at creation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One declared counterfactual.

    Attributes:
        name: as in the column `counterfactual`.
        of: (place, view, time of the request) -> its content, or nothing.
    """

    name: str
    of: Callable[[Place, Viewed, datetime], Mapping[Place, Content]]

    def contents(self, places: Iterable[Place], view: Viewed, at: datetime) -> dict[Place, Content]:
        """What it holds some places at, for a request at an instant."""
        found: dict[Place, Content] = {}
        for place in places:
            if place[1] not in BEGINNING:
                found.update(self.of(place, view, at))
        return found


def declared(named: Counterfactuals, default: Default) -> tuple[Target, ...]:
    """The targets that a case names, in order."""
    found = [at_creation(default)] if named.default_at_creation else []
    if named.default_as_of is not None:
        found.append(as_of(named.default_as_of, default))
    if named.baseline is not None:
        found.append(baseline(named.baseline))
    return tuple(found)


def at_creation(default: Default) -> Target:
    """The provider's default on the day on which each resource was created."""
    return Target(name=AT_CREATION, of=lambda place, view, at: default(place, view, at, None))


def as_of(day: datetime, default: Default) -> Target:
    """The provider's default on a day, whenever the resource was created."""
    return Target(
        name=f"provider default as of {_text(day)}",
        of=lambda place, view, at: default(place, view, at, day),
    )


def baseline(instant: datetime) -> Target:
    """The configuration at an instant, of the resources that were there then."""

    def of(place: Place, view: Viewed, at: datetime) -> Mapping[Place, Content]:
        del at
        resource, slot = place
        if view.at(resource, "existence", instant).knowledge is Knowledge.ABSENT:
            return {}
        state = view.at(resource, slot, instant)
        if state.knowledge is Knowledge.ABSENT and slot == "acl":
            return {}  # a list belongs to what exists: the object was not there yet
        if slot not in view.slots(resource):
            return {}  # no record ever speaks of it
        return {place: content_of(state)}

    return Target(name=f"baseline of {_text(instant)}", of=of)


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
