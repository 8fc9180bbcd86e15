"""Callers whom nothing in a configuration tells apart: what is decided for one holds for each.

Twenty roles with the same policy that ask for the same objects are twenty requests; the answer is
one. It is taken over only where every text that decides says so:
1. the provider names the resource with the caller's own policies, and the names by which a document
   can mean this caller and no other;
2. a fact in which one of the names occurs, or which may act by a key that follows from the caller,
   counts for this caller alone (`Mask.singles_out`);
3. otherwise the caller, its resource and its names are written as anybody's, so that what is equal
   but for them is equal text.
Objects that no write is recorded on are written alike in the same way: the requested one, and
another one of the container that stands in the slice.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from timeline.correlate.course import BEGINNING, Content
from timeline.correlate.decisions import RequestClass
from timeline.correlate.provider import Provider
from timeline.correlate.views import Place

#: What stands for the names of whoever calls, and for resources; no resource begins like this.
_ANYBODY = "·"
_CALLER, _ASKED, _OTHER = f"{_ANYBODY}caller", f"{_ANYBODY}asked", f"{_ANYBODY}other"
#: Fields of a principal that hold its names.
_NAMED = ("arn", "issuer_arn", "unique_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """How one class is written so that classes of equal callers are written alike.

    Attributes:
        caller: resource that holds the caller's own policies; None: the class is written as it is.
        names: by which documents know the caller.
        stands: resource -> what it is written as.
        of_caller: whether a fact may act by a key that follows from the caller.
    """

    caller: str | None
    names: tuple[str, ...]
    stands: Mapping[str, str]
    of_caller: Callable[[str], bool]
    _told: dict[Content, bool] = field(default_factory=dict)

    def place(self, place: Place) -> Place:
        """A place as it is written."""
        return self.stands.get(place[0], place[0]), place[1]

    def told(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        """A signature as it is written."""
        if self.caller is None:
            return told
        who = {
            name: self._anybody(value) if name in _NAMED else value
            for name, value in told["principal"].items()
        }
        return {**told, "principal": who}

    def singles_out(self, place: Place, content: Content) -> bool:
        """Whether a content counts for this caller alone."""
        if self.caller is None or not content or self._begins(place):
            return False
        if content not in self._told:
            self._told[content] = self.means(value for _, value in content)
        return self._told[content]

    def means(self, values: Iterable[str]) -> bool:
        """Whether a fact among these JSON texts may mean this caller and no other."""
        return any(
            any(name in value for name in self.names) or self.of_caller(value) for value in values
        )

    def content(self, place: Place, content: Content) -> Content:
        """A content as it is written."""
        if not content or self.caller is None or not self._begins(place):
            return content
        return tuple((fact, self._anybody(value)) for fact, value in content)

    def _begins(self, place: Place) -> bool:
        return place[0] == self.caller and place[1] in BEGINNING

    def _anybody(self, text: Any) -> Any:  # noqa: ANN401 JSON
        if not isinstance(text, str):
            return text
        for n, name in enumerate(self.names):
            text = text.replace(name, f"{_ANYBODY}{n}")
        return text


def mask(
    one: RequestClass, places: Iterable[Place], provider: Provider, written: frozenset[str]
) -> Mask:
    """The mask of a class.

    Args:
        one: the class.
        places: of its course.
        provider: says who the caller is.
        written: resources that some write is recorded on: these are written as they are.
    """
    caller = provider.caller(one.request)
    stands: dict[str, str] = {}
    if caller is not None:
        asked = provider.own_places(one.request)
        for resource in sorted({place[0] for place in places} - written):
            if resource in asked:
                stands[resource] = f"{_ASKED}{asked.index(resource)}"
            elif _is_object(resource, one, provider):
                stands[resource] = f"{_OTHER}{len(stands)}"
        if caller[0] not in written:
            stands[caller[0]] = _CALLER
    return Mask(
        caller=caller[0] if caller else None,
        names=caller[1] if caller else (),
        stands=stands,
        of_caller=provider.of_caller,
    )


def _is_object(resource: str, one: RequestClass, provider: Provider) -> bool:
    """Whether a resource is an object of the container that is asked."""
    request = {**one.request, "resource": resource}
    return bool(provider.own_places(request) and provider.container_label(request) == one.container)
