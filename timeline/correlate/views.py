"""Two ways of looking at a history of configuration without changing it.

`Recorder` notes which slots a reader looked at: the slice of a request is what its evaluation
reads, found by asking and not by a list that could be incomplete. `Overlay` answers for some
slots with other contents: a counterfactual is the same reader over an overlay.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias, runtime_checkable

from timeline.model import Json, Knowledge, SlotState

#: (resource_uid, slot)
Place: TypeAlias = tuple[str, str]


class Viewed(Protocol):
    """What a reader of the history needs."""

    def at(self, resource_uid: str, slot: str, t: datetime) -> SlotState:
        """The slot at an instant; UNKNOWN for one that the records do not mention."""

    def resources(self) -> Iterable[str]:
        """Resources that the records mention."""

    def slots(self, resource_uid: str) -> Iterable[str]:
        """Slots of a resource that the records mention."""


@runtime_checkable
class Dated(Protocol):
    """A view that tells when its answers may change."""

    def edges(self, resource_uid: str, slot: str) -> Sequence[datetime]:
        """Instants at which what is known of a slot begins or ends, ascending, each once."""


class Recorder:
    """Passes every question on and remembers the places asked for."""

    def __init__(self, inner: Viewed) -> None:
        self._inner = inner
        self.places: set[Place] = set()

    def at(self, resource_uid: str, slot: str, t: datetime) -> SlotState:
        """As the inner view."""
        self.places.add((resource_uid, slot))
        return self._inner.at(resource_uid, slot, t)

    def resources(self) -> Iterable[str]:
        """As the inner view."""
        return self._inner.resources()

    def slots(self, resource_uid: str) -> Iterable[str]:
        """As the inner view; every slot of the resource then belongs to the slice."""
        names = tuple(self._inner.slots(resource_uid))
        self.places.update((resource_uid, name) for name in names)
        return names


class Overlay:
    """The inner view, with other contents in the places given, whatever the instant."""

    def __init__(self, inner: Viewed, contents: Mapping[Place, SlotState]) -> None:
        self._inner = inner
        self._contents = contents

    def at(self, resource_uid: str, slot: str, t: datetime) -> SlotState:
        """The overlaid content, else that of the inner view."""
        found = self._contents.get((resource_uid, slot))
        return found if found is not None else self._inner.at(resource_uid, slot, t)

    def resources(self) -> Iterable[str]:
        """As the inner view: an overlay never creates or removes a resource."""
        return self._inner.resources()

    def slots(self, resource_uid: str) -> Iterable[str]:
        """Slots of the inner view and those overlaid."""
        names = set(self._inner.slots(resource_uid))
        names.update(slot for resource, slot in self._contents if resource == resource_uid)
        return tuple(sorted(names))


#: Names of the assumptions on the records (specification: access, G9).
RECORDS_COMPLETE, GAPS_MINIMAL = "records-complete", "gaps-minimal"
_ACROSS_A_GAP = f"assumption {GAPS_MINIMAL}"


class Doubted:
    """The inner view without one or both assumptions on the records.

    Without `gaps-minimal`, what is carried across a period of missing records is not known.
    Without `records-complete`, nothing that is carried from one record to a later instant is
    known: only names that never change remain.
    """

    def __init__(self, inner: Viewed, assumptions: Iterable[str]) -> None:
        """Over a view, with the assumptions that still hold."""
        held = frozenset(assumptions)
        self._inner = inner
        self._complete = RECORDS_COMPLETE in held
        self._minimal = GAPS_MINIMAL in held

    def at(self, resource_uid: str, slot: str, t: datetime) -> SlotState:
        """As the inner view, or UNKNOWN where it rests on an assumption that does not hold."""
        return self.doubt(self._inner.at(resource_uid, slot, t))

    def doubt(self, state: SlotState) -> SlotState:
        """A slot as the inner view has it, or UNKNOWN."""
        if not self._complete and any(i.start is not None for i in state.intervals):
            return _doubtful(state, RECORDS_COMPLETE)
        if not self._minimal and across_a_gap(state):
            return _doubtful(state, GAPS_MINIMAL)
        return state

    def edges(self, resource_uid: str, slot: str) -> Sequence[datetime]:
        """As the inner view, which has to be one that tells them."""
        assert isinstance(self._inner, Dated), f"{type(self._inner).__name__} tells no edges"
        return self._inner.edges(resource_uid, slot)

    def resources(self) -> Iterable[str]:
        """As the inner view."""
        return self._inner.resources()

    def slots(self, resource_uid: str) -> Iterable[str]:
        """As the inner view."""
        return self._inner.slots(resource_uid)


def carried_across(why: str) -> bool:
    """Whether the reason of an interval says so."""
    return _ACROSS_A_GAP in why


def across_a_gap(state: SlotState) -> bool:
    """Whether a content is known only because gaps hold no more than what is proven."""
    return carried_across(state.why)


def content_key(state: SlotState) -> list[Json]:
    """What a signature says of a slot."""
    return [str(state.knowledge), state.value]


def _doubtful(state: SlotState, name: str) -> SlotState:
    return SlotState(
        knowledge=Knowledge.UNKNOWN,
        value=None,
        why=f"known only under the assumption {name}",
        intervals=state.intervals,
    )
