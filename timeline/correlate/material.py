"""What findings are made from: accesses with their decisions, and look-ups beside them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from timeline.correlate.causes import Causes
from timeline.correlate.exposure import Window, holds
from timeline.correlate.gaps import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One decided access.

    Attributes:
        row: of `events`.
        class_uid: its request class.
        key: its request class over all epochs.
        principal, container, action: labels of the class.
        decision: ALLOWED, DENIED, UNKNOWN.
        unknowns: what an UNKNOWN rests on.
        assumptions: named ones that the decision uses.
        in_incident: by case.toml.
        reason: which criterion.
    """

    row: Mapping[str, Any]
    class_uid: str
    key: str
    principal: str
    container: str
    action: str
    decision: str
    unknowns: tuple[str, ...]
    assumptions: tuple[str, ...]
    in_incident: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything that findings are made from.

    Attributes:
        windows: in order.
        accesses: decided accesses, in order.
        by_key: the same, by request class over all epochs.
        exempted: container -> accesses that case.toml exempts.
        changes: change_uid -> its rows of `changes`.
        events: event_uid -> row of `events`, for changes.
        causes: rows of causation.
        spans: container -> period of its data events.
        management: period of the management events.
        gaps: rows of `gaps`.
        foreign: (principal label, container) of anonymous callers and of other accounts.
        contradictions: accesses whose decision contradicts the logged outcome.
        duplicates: copies, and other logs' records of the same request, left out.
        assumptions: named assumptions that are on.
        listed: uid of every evidence item whose SHA-256 a log that the provider signs lists.
        grants: class_uid -> the sets of grants that allow it, each enough without the others.
    """

    windows: Sequence[Window]
    accesses: Sequence[Access]
    by_key: Mapping[str, Sequence[Access]]
    exempted: Mapping[str, int]
    changes: Mapping[str, Sequence[Mapping[str, Any]]]
    events: Mapping[str, Mapping[str, Any]]
    causes: Causes
    spans: Mapping[str, Span]
    management: Span | None
    gaps: Sequence[Mapping[str, Any]]
    foreign: frozenset[tuple[str, str]]
    contradictions: Sequence[Access]
    duplicates: int
    assumptions: frozenset[str]
    listed: frozenset[str] = frozenset()
    grants: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)


def by_key(accesses: Iterable[Access]) -> dict[str, list[Access]]:
    """Accesses by request class over all epochs, each in order."""
    found: dict[str, list[Access]] = {}
    for access in accesses:
        found.setdefault(access.key, []).append(access)
    return found


def successes_in(window: Window, held: Mapping[str, Sequence[Access]]) -> list[Access]:
    """Logged successes of a window's request classes inside it, in order of time."""
    found = [
        a
        for key in sorted(window.keys)
        for a in held.get(key, ())
        if a.row["outcome"] == "success" and holds(window, a.row["time"])
    ]
    return sorted(found, key=lambda a: (a.row["time"], a.row["event_uid"]))
