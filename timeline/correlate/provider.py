"""What correlation needs to know of a cloud, as functions: nothing here names one.

One value per provider; `timeline/correlate/<provider>/` fills it. The rest of correlation is the
same for all of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias

from timeline.correlate.course import Content
from timeline.correlate.views import Place, Viewed
from timeline.model import Decision, Json

#: The `request` object of the evaluator's input, with plain JSON values.
Request: TypeAlias = Mapping[str, Any]

#: The evaluator's `state` object and the dotted paths that are not known.
State: TypeAlias = tuple[dict[str, Any], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """What documents of a slice can tell requests apart by.

    Attributes:
        keys: context keys, lower case.
        patterns: resource patterns as written.
        whole: a pattern holds a variable or cannot be compared: the resource counts as a whole.
    """

    keys: frozenset[str]
    patterns: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A request nobody may have made, to find when it would have been allowed.

    Attributes:
        request: its request object; `time` is filled in.
        principal: label of the principal.
        action: one action.
        resource_uid: pattern or resource that it stands for.
        container: the container.
        owned: it stands for an object of the container's owner with the default grants.
        own_account_allows: the caller's own account is assumed to allow it; only the resource
            side is asked.
    """

    request: Request
    principal: str
    action: str
    resource_uid: str
    container: str
    owned: bool
    own_account_allows: bool


class ProbeState(Protocol):
    """State in which a probe is asked."""

    def __call__(
        self,
        probe: Probe,
        state: dict[str, Any],
        unknown: list[str],
        *,
        own_account_allows: bool,
    ) -> State:
        """The state, with the object it stands for and, if asked, the caller's own account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The functions of one provider.

    Attributes:
        name: `aws`.
        is_access: whether a row of `events` is an access that is to be decided.
        request_of: a row of `events` -> its request; None if it maps to no known action.
        state_for: (view, request, instant) -> state and unknowns.
        evaluate: (request, state, unknowns, assumptions) -> decision.
        gate: (request of a write, contents it writes, view, instant) -> whether the write gates
            let it pass; None = not known.
        slack: how long a change of a place may take to be seen everywhere.
        mentions: documents -> what they can tell requests apart by.
        signature: (request, mentions) -> what distinguishes the class, as JSON.
        principal_label: request -> ARN, account, or anonymous.
        container_label: request -> container.
        own_places: request -> resources whose own slots set the request apart (the object).
        resource_label: (request, mentions) -> pattern that a window over it is about.
        probes: (view, instants) -> requests to find exposure windows for.
        probe_state: (probe, state, unknowns, own_account_allows) -> what it is asked against.
        source_name: (provider, category, service) -> name of a coverage source.
    """

    name: str
    is_access: Callable[[Mapping[str, Any]], bool]
    request_of: Callable[[Mapping[str, Any]], Request | None]
    state_for: Callable[[Viewed, Request, datetime], State]
    evaluate: Callable[[Request, Mapping[str, Any], Sequence[str], frozenset[str]], Decision]
    gate: Callable[[Request, Mapping[Place, Content], Viewed, datetime], bool | None]
    slack: Callable[[Place], timedelta]
    mentions: Callable[[Iterable[Json]], Mentions]
    signature: Callable[[Request, Mentions], Mapping[str, Any]]
    principal_label: Callable[[Request], str]
    container_label: Callable[[Request], str]
    own_places: Callable[[Request], tuple[str, ...]]
    resource_label: Callable[[Request, Mentions], str]
    probes: Callable[[Viewed, Sequence[datetime]], Sequence[Probe]]
    probe_state: ProbeState
    source_name: Callable[[Mapping[str, Any]], str]
