"""Exposure windows: the intervals in which a request class would have been allowed.

For every request seen, and for every probe (a request nobody may have made), the history is asked
at every instant at which something known of its slice begins or ends:
1. elementary intervals between those instants, each with one decision;
2. neighbors with the same answer are one window;
3. bounds: exact where a recorded change flips the answer from or to a denial; where the
   neighboring interval is not known, `no later than` and `no earlier than`;
4. a cross-account probe is asked twice, as it is and with the caller's own account allowing: where
   only the second allows, the window says so and is UNKNOWN.
A window is computed for a request, over TLS, by the resource's configuration. It says nothing of
whether anybody used it.
"""

import hashlib
import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from timeline.correlate import decisions, sharing, signatures
from timeline.correlate.provider import Edges, Probe, Provider
from timeline.correlate.signatures import Attempts, Slice
from timeline.correlate.views import Viewed
from timeline.model import Bound, Decision, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One row of `windows`, with the requests it was computed for.

    Attributes:
        resource_uid, principal, action, container: the request class.
        start, end: half-open; None = beyond the records.
        start_bound, end_bound: how each is known.
        decision: of the first elementary interval; UNKNOWN with `conditional` or alone.
        conditional: allowed if the caller's own account allows it, which is not recorded.
        opened_by, closed_by: change at the flip; None if none is recorded.
        keys: requests seen that it holds for.
    """

    resource_uid: str
    principal: str
    action: str
    container: str
    start: datetime | None
    start_bound: Bound
    end: datetime | None
    end_bound: Bound
    decision: Decision
    conditional: bool
    opened_by: str | None
    closed_by: str | None
    keys: frozenset[str] = frozenset()

    @property
    def verdict(self) -> Verdict:
        """ALLOWED or UNKNOWN throughout."""
        return Verdict.UNKNOWN if self.conditional else self.decision.verdict

    @property
    def uid(self) -> str:
        """Stable: a hash of the request class and the start."""
        parts = (
            self.resource_uid, self.principal, self.action, str(self.start), str(self.end),
            str(self.verdict), self.conditional,
        )  # fmt: skip
        digest = hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "replace"))
        return f"window-{digest.hexdigest()[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request class to compute windows for; `probe` where it is asked as one."""

    key: str
    principal: str
    action: str
    resource_uid: str
    container: str
    slice: Slice
    ask: Callable[[datetime], tuple[Decision, bool]]
    probe: Probe | None = None


def seen(
    decided: decisions.Decided,
    view: Viewed,
    provider: Provider,
    assumptions: frozenset[str],
) -> tuple[dict[str, Asked], dict[str, str]]:
    """Request classes of the accesses, epochs put aside.

    Returns:
        (key -> request class, class_uid -> key).
    """
    asked: dict[str, Asked] = {}
    keys: dict[str, str] = {}
    for uid, one in decided.classes.items():
        timeless = {k: v for k, v in one.signature.items() if k not in ("near", "own")}
        key = json.dumps(timeless, sort_keys=True, ensure_ascii=False, default=str)
        keys[uid] = key
        if key not in asked:
            mentions = decisions.mentions_of(one.slice, view, one.at, provider)
            actions = one.request["action"]
            ask, as_probe = _as_seen(one, view, provider, assumptions)
            asked[key] = Asked(
                key=key,
                principal=one.principal,
                action=actions if isinstance(actions, str) else "+".join(actions),
                resource_uid=provider.resource_label(one.request, mentions),
                container=one.container,
                slice=one.slice,
                ask=ask,
                probe=as_probe,
            )
    return asked, keys


def probed(
    probes: Iterable[Probe],
    view: Viewed,
    attempts: Attempts,
    provider: Provider,
    assumptions: frozenset[str],
    t: datetime,
) -> list[Asked]:
    """Request classes of the probes; `t` is an instant inside the records.

    Probes of one group share a slice, as requests do: an object that nothing speaks of adds places
    to it that hold nothing at any instant.
    """
    found = []
    slices: dict[str, Slice] = {}
    mentioned = {*view.resources(), *attempts.resources}
    for probe in probes:
        request = probe.request
        own = [uid for uid in provider.own_places(request) if uid in mentioned]
        group = json.dumps([provider.group(request), own], sort_keys=True, default=str)
        if group not in slices:
            slices[group] = signatures.slice_of(
                lambda v, at, r=request: provider.read(  # type: ignore[misc]
                    v, decisions.timed(r, at), at
                ),
                view,
                attempts,
                t,
            )
        place = slices[group]
        found.append(
            Asked(
                key=f"probe:{probe.principal}|{probe.action}|{probe.resource_uid}",
                principal=probe.principal,
                action=probe.action,
                resource_uid=probe.resource_uid,
                container=probe.container,
                slice=place,
                ask=lambda at, p=probe: provider.probe(  # type: ignore[misc]
                    view, p, at, assumptions
                ),
                probe=probe,
            )
        )
    return found


def edges_of(intervals: Iterable[Mapping[str, Any]], made: Attempts) -> Edges:
    """Every instant at which something known of a place begins or ends."""
    times: dict[tuple[str, str], set[datetime]] = {}
    for row in intervals:
        held = times.setdefault((row["resource_uid"], row["slot"]), set())
        held.update(t for t in (row["start"], row["end"]) if t is not None)
    for attempt in made.ordered:
        for place in attempt.written:
            times.setdefault(place, set()).add(attempt.time)
    return {place: sorted(held) for place, held in sorted(times.items())}


def windows(
    asked: Asked, edges: Edges, attempts: Attempts, contents: sharing.Contents | None = None
) -> list[Window]:
    """All windows of one request class, allowed, conditional and unknown, in order of time.

    Args:
        asked: the class.
        edges: of all places.
        attempts: of the case.
        contents: where given, instants at which a probe meets equal contents share an answer.
    """
    marks: list[datetime | None] = [None]
    marks += sorted({t for place in asked.slice.places for t in edges.get(place, ())})
    answers = _answers(asked, [_instant(marks, n) for n in range(len(marks))], contents)
    found: list[Window] = []
    n = 0
    while n < len(marks):
        last = n
        while last + 1 < len(marks) and _same(answers[last + 1], answers[n]):
            last += 1
        if answers[n][0].verdict is not Verdict.DENIED:
            found.append(_window(asked, marks, answers, n, last, attempts))
        n = last + 1
    return found


def _answers(
    asked: Asked, instants: Sequence[datetime], contents: sharing.Contents | None
) -> list[tuple[Decision, bool]]:
    """The answer at each instant; the first one of a run of equal answers is its own."""
    keys = None
    if contents is not None and asked.probe is not None:
        keys = sharing.keys(asked.probe, asked.slice.places, instants, contents)
    if keys is None:
        return [asked.ask(at) for at in instants]
    known: dict[Hashable, tuple[Decision, bool]] = {}
    found: list[tuple[Decision, bool]] = []
    for at, key in zip(instants, keys, strict=True):
        own = key not in known
        answer = known[key] if not own else known.setdefault(key, asked.ask(at))
        if not own and not _same(answer, found[-1]):
            answer = asked.ask(at)
        found.append(answer)
    return found


def merged(found: Iterable[Window]) -> list[Window]:
    """Windows that say the same of the same class, once, with all their requests; in order."""
    by_uid: dict[str, Window] = {}
    for window in found:
        old = by_uid.get(window.uid)
        by_uid[window.uid] = window if old is None else replace(old, keys=old.keys | window.keys)
    return sorted(by_uid.values(), key=_order)


def row(window: Window, accesses: int) -> dict[str, Any]:
    """Row of the table `windows`."""
    reasons = json.loads(decisions.reasons(window.decision))
    reasons["unknowns"] = sorted(window.decision.unknowns)
    reasons["conditional_on_own_account"] = window.conditional
    return {
        "window_uid": window.uid,
        "resource_uid": window.resource_uid,
        "principal": window.principal,
        "action": window.action,
        "start": window.start,
        "start_bound": str(window.start_bound),
        "end": window.end,
        "end_bound": str(window.end_bound),
        "decision": str(window.verdict),
        "opened_by": window.opened_by,
        "closed_by": window.closed_by,
        "accesses": accesses,
        "reasons": json.dumps(reasons, sort_keys=True, ensure_ascii=False),
    }


def holds(window: Window, at: datetime) -> bool:
    """Whether an instant lies in the window."""
    return (window.start is None or window.start <= at) and (window.end is None or at < window.end)


def _as_seen(
    one: decisions.RequestClass, view: Viewed, provider: Provider, assumptions: frozenset[str]
) -> tuple[Callable[[datetime], tuple[Decision, bool]], Probe | None]:
    """Asks the request at any instant, and the probe that it is then asked as.

    An object that nobody wrote to after its creation stands for any object of the container's
    owner: the window is then about the configuration, and does not begin with that one object.
    """

    def as_it_is(at: datetime) -> tuple[Decision, bool]:
        return provider.decide(view, decisions.timed(one.request, at), at, assumptions), False

    probe = Probe(
        request=one.request,
        principal=one.principal,
        action="",
        resource_uid="",
        container=one.container,
        owned=True,
        own_account_allows=False,
    )

    def as_any_object(at: datetime) -> tuple[Decision, bool]:
        return provider.probe(view, probe, at, assumptions)

    if not provider.own_places(one.request) or one.signature["own_writes"]:
        return as_it_is, None
    same = as_any_object(one.at)[0].verdict is one.decision.verdict
    return (as_any_object, probe) if same else (as_it_is, None)


def _instant(marks: Sequence[datetime | None], n: int) -> datetime:
    """An instant inside elementary interval n; before all marks, one tick before the first."""
    here = marks[n]
    if here is not None:
        return here
    following = marks[n + 1] if len(marks) > n + 1 else None
    return following - decisions.TICK if following is not None else decisions.LATEST


def _same(one: tuple[Decision, bool], other: tuple[Decision, bool]) -> bool:
    return one[0].verdict is other[0].verdict and one[1] == other[1]


def _window(
    asked: Asked,
    marks: Sequence[datetime | None],
    answers: Sequence[tuple[Decision, bool]],
    first: int,
    last: int,
    attempts: Attempts,
) -> Window:
    start, end = marks[first], marks[last + 1] if last + 1 < len(marks) else None
    before = answers[first - 1][0].verdict if first else None
    after = answers[last + 1][0].verdict if last + 1 < len(answers) else None
    decision, conditional = answers[first]
    return Window(
        resource_uid=asked.resource_uid,
        principal=asked.principal,
        action=asked.action,
        container=asked.container,
        start=start,
        start_bound=_bound(start, before, Bound.NO_LATER_THAN),
        end=end,
        end_bound=_bound(end, after, Bound.NO_EARLIER_THAN),
        decision=decision,
        conditional=conditional,
        opened_by=_change_at(start, asked.slice, attempts),
        closed_by=_change_at(end, asked.slice, attempts),
        keys=frozenset({asked.key}),
    )


def _bound(at: datetime | None, neighbor: Verdict | None, otherwise: Bound) -> Bound:
    if at is None:
        return Bound.UNKNOWN
    return Bound.EXACT if neighbor is not None and neighbor is not Verdict.UNKNOWN else otherwise


def _change_at(at: datetime | None, place: Slice, attempts: Attempts) -> str | None:
    """The recorded change at an instant that altered the slice; several at once: the last."""
    if at is None:
        return None
    uids = [
        attempts.ordered[n].change_uid
        for n in place.attempts
        if attempts.ordered[n].time == at
        and attempts.ordered[n].altering
        and attempts.ordered[n].kind in ("logged", "opaque")
    ]
    return uids[-1] if uids else None


def _order(window: Window) -> tuple[Any, ...]:
    return (
        window.resource_uid,
        window.principal,
        window.action,
        window.start is not None,
        window.start or decisions.EARLIEST,
        window.uid,
    )
