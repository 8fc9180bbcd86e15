"""Every access joined to the configuration in force: request classes and their decisions.

1. rows of `events` that are accesses, duplicates left out, in their order;
2. row → request; a row whose operation maps to no known action is kept with its reason;
3. request → slice and epoch → class; each class is decided once;
4. inside the slack of a change (register A11) under every state that may have been in force;
5. twice: with the named assumptions and without;
6. the logged outcome is compared, and never used (G4, G10).

in = decided + left out with a reason, asserted by the driver.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from timeline.correlate import signatures
from timeline.correlate.provider import Mentions, Provider, Request
from timeline.correlate.signatures import Attempts, Slice
from timeline.correlate.views import Overlay, Place, Viewed
from timeline.model import Decision, SlotState, Verdict

#: Register id of the order inside a tick and of propagation.
ORDER_UNKNOWN = "A11"

#: States tried around one access; more are not told apart and give UNKNOWN(A11).
MOST_STATES = 64

TICK = timedelta(microseconds=1)

#: Stands for `before all records` where times are sorted.
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestClass:
    """One row of `classes`, with what later stages need to ask it again.

    Attributes:
        uid: `class_uid`.
        request: of its first event, as representative.
        at: time of that event.
        slice: slots that decide it.
        epoch: between attempted writes.
        decision, bare: with and without the named assumptions.
        signature: what distinguishes it.
        principal, container, resource: labels.
    """

    uid: str
    request: Request
    at: datetime
    slice: Slice
    epoch: tuple[datetime | None, datetime | None]
    decision: Decision
    bare: Decision
    signature: Mapping[str, Any]
    principal: str
    container: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the stage came to.

    Attributes:
        classes: by uid, in order of first appearance.
        accesses: (row of `events`, class uid), in order.
        left_out: reason -> number of access rows that were not decided.
    """

    classes: Mapping[str, RequestClass]
    accesses: tuple[tuple[Mapping[str, Any], str], ...]
    left_out: Mapping[str, int]


@dataclass(slots=True)
class _Group:
    """Requests with the same slice: one principal, one set of actions, one container."""

    slice: Slice
    mentions: Mentions
    memo: dict[str, str] = field(default_factory=dict)


def decide_all(
    rows: Iterable[Mapping[str, Any]],
    view: Viewed,
    attempts: Attempts,
    provider: Provider,
    assumptions: frozenset[str],
) -> Decided:
    """Decides all accesses among `rows`.

    Args:
        rows: of `events`, in their order.
        view: the history of configuration.
        attempts: attempted writes of the case.
        provider: functions of the rows' cloud.
        assumptions: named assumptions that are on.
    """
    groups: dict[str, _Group] = {}
    classes: dict[str, RequestClass] = {}
    accesses: list[tuple[Mapping[str, Any], str]] = []
    left_out: dict[str, int] = {}
    for row, request in _requests(rows, provider, left_out):
        key = _group_key(request, attempts, provider)
        group = groups.get(key)
        if group is None:
            group = groups[key] = _group(request, row["time"], view, attempts, provider)
        uid = _class_of(group, request, row["time"], view, attempts, provider)
        if uid not in classes:
            classes[uid] = _decided(
                uid, group, request, row["time"], view, attempts, provider, assumptions
            )
        accesses.append((row, uid))
    return Decided(
        classes=classes, accesses=tuple(accesses), left_out=dict(sorted(left_out.items()))
    )


def _requests(
    rows: Iterable[Mapping[str, Any]], provider: Provider, left_out: dict[str, int]
) -> Iterator[tuple[Mapping[str, Any], Request]]:
    for row in rows:
        if not provider.is_access(row):
            continue
        reason = None
        if row["duplicate_of"] is not None:
            reason = "copy of an event that is counted"
        else:
            request = provider.request_of(row)
            if request is None:
                reason = f"{row['operation']}: no known action"
            else:
                yield row, request
        if reason is not None:
            left_out[reason] = left_out.get(reason, 0) + 1


def _group_key(request: Request, attempts: Attempts, provider: Provider) -> str:
    own = [uid for uid in provider.own_places(request) if uid in attempts.resources]
    return json.dumps(
        [provider.group(request), own],
        sort_keys=True,
        ensure_ascii=False,
        default=str,
    )


def _group(
    request: Request, t: datetime, view: Viewed, attempts: Attempts, provider: Provider
) -> _Group:
    found = signatures.slice_of(
        lambda v, at: provider.read(v, timed(request, at), at), view, attempts, t
    )
    return _Group(slice=found, mentions=mentions_of(found, view, t, provider))


def mentions_of(found: Slice, view: Viewed, t: datetime, provider: Provider) -> Mentions:
    """What the documents of a slice mention, at any of its instants."""
    values = {}
    for resource, slot in sorted(found.places):
        for at in (t, *found.times, *(time - TICK for time in found.times)):
            value = view.at(resource, slot, at).value
            values[json.dumps(value, sort_keys=True, default=str)] = value
    return provider.mentions(values[key] for key in sorted(values))


def _class_of(
    group: _Group,
    request: Request,
    t: datetime,
    view: Viewed,
    attempts: Attempts,
    provider: Provider,
) -> str:
    signature = _signature(group, request, t, view, attempts, provider)
    epoch = group.slice.epoch(t)
    key = json.dumps([signature, str(epoch[0])], sort_keys=True, default=str)
    if key not in group.memo:
        group.memo[key] = signatures.uid(signature, epoch)
    return group.memo[key]


def _signature(
    group: _Group,
    request: Request,
    t: datetime,
    view: Viewed,
    attempts: Attempts,
    provider: Provider,
) -> dict[str, Any]:
    """Of the request, of its own resource's slots, and of changes too near to be told apart."""
    own = {
        f"{uid}|{slot}": _content_key(view.at(uid, slot, t))
        for uid in provider.own_places(request)
        for slot in view.slots(uid)
    }
    writes = [
        attempts.ordered[n].change_uid
        for uid in provider.own_places(request)
        for slot in view.slots(uid)
        for n in attempts.by_place.get((uid, slot), ())
    ]
    return {
        **provider.signature(request, group.mentions),
        "own": {name.split("|", 1)[1]: value for name, value in sorted(own.items())},
        "own_writes": writes,
        "near": [attempts.ordered[n].change_uid for n in _near(group.slice, t, attempts, provider)],
    }


def _content_key(state: SlotState) -> list[Any]:
    return [str(state.knowledge), state.value]


def _near(found: Slice, t: datetime, attempts: Attempts, provider: Provider) -> list[int]:
    """Attempts whose effect may lie on either side of an access in `[t, t + 1 s)`."""
    near = []
    second = timedelta(seconds=1)
    for n in found.attempts:
        attempt = attempts.ordered[n]
        if not attempt.altering or attempt.kind == "hidden":
            continue
        slack = max(provider.slack(p) for p in attempt.written if p in found.places)
        if attempt.time < t + second and t < attempt.time + second + slack:
            near.append(n)
    return near


def _decided(
    uid: str,
    group: _Group,
    request: Request,
    t: datetime,
    view: Viewed,
    attempts: Attempts,
    provider: Provider,
    assumptions: frozenset[str],
) -> RequestClass:
    near = _near(group.slice, t, attempts, provider)
    views = [view, *_around(near, group.slice, t, view, attempts)]
    with_them, bare = (
        _agreed([provider.decide(v, request, t, named) for v in views])
        for named in (assumptions, frozenset[str]())
    )
    return RequestClass(
        uid=uid,
        request=request,
        at=t,
        slice=group.slice,
        epoch=group.slice.epoch(t),
        decision=with_them,
        bare=bare,
        signature=_signature(group, request, t, view, attempts, provider),
        principal=provider.principal_label(request),
        container=provider.container_label(request),
    )


def _around(
    near: Sequence[int], found: Slice, t: datetime, view: Viewed, attempts: Attempts
) -> list[Viewed]:
    """Views in which each place near a change holds what it held before or after it."""
    if not near:
        return []
    options: dict[Place, list[SlotState]] = {}
    for n in near:
        attempt = attempts.ordered[n]
        for place in sorted(attempt.written):
            if place not in found.places:
                continue
            held = options.setdefault(place, [])
            for at in (attempt.time - TICK, attempt.time):
                state = view.at(*place, at)
                if _content_key(state) not in [_content_key(h) for h in held]:
                    held.append(state)
    places = sorted(options)
    combinations = 1
    for place in places:
        combinations *= len(options[place])
    if combinations > MOST_STATES:
        return [Overlay(view, {p: _unsettled(options[p][0]) for p in places})]
    return [
        Overlay(view, dict(zip(places, chosen, strict=True)))
        for chosen in product(*(options[p] for p in places))
    ]


def _unsettled(state: SlotState) -> SlotState:
    from timeline.model import Knowledge

    return SlotState(
        knowledge=Knowledge.UNKNOWN,
        value=None,
        why="more changes in this period than can be told apart",
        intervals=state.intervals,
    )


def _agreed(decisions: Sequence[Decision]) -> Decision:
    """The common decision; UNKNOWN(A11) where the states around a change differ."""
    if len({d.verdict for d in decisions}) == 1:
        return decisions[0]
    return Decision(
        verdict=Verdict.UNKNOWN,
        unknowns=tuple(sorted({u for d in decisions for u in d.unknowns} | {ORDER_UNKNOWN})),
        ambiguities=tuple(sorted({a for d in decisions for a in d.ambiguities} | {ORDER_UNKNOWN})),
        assumptions=tuple(sorted({a for d in decisions for a in d.assumptions})),
    )


def agreement(decision: Verdict, row: Mapping[str, Any]) -> str:
    """The decision against the logged outcome: agrees, contradicts, undetermined.

    An error that is no denial says nothing of authorization, except that a missing object is
    reported only to a caller who was authorized to learn of it.
    """
    if decision is Verdict.UNKNOWN:
        return "undetermined"
    if (
        row["outcome"] == "error"
        and row["status_code"] != NOT_FOUND
        and row["error_code"] not in (MISSING)
    ):
        return "undetermined"
    allowed = row["outcome"] != "denied"
    return "agrees" if allowed == (decision is Verdict.ALLOWED) else "contradicts"


NOT_FOUND = 404
MISSING = ("NoSuchKey", "NoSuchBucketPolicy", "NotFound", "404")


def class_row(one: RequestClass, provider: str) -> dict[str, Any]:
    """Row of `classes`."""
    d = one.decision
    actions = one.request["action"]
    return {
        "class_uid": one.uid,
        "provider": provider,
        "epoch_from": one.epoch[0],
        "epoch_to": one.epoch[1],
        "principal": one.principal,
        "action": actions if isinstance(actions, str) else "+".join(actions),
        "resource": one.container,
        "signature": json.dumps(one.signature, sort_keys=True, ensure_ascii=False, default=str),
        "decision": str(d.verdict),
        "decision_without_assumptions": str(one.bare.verdict),
        "assumptions": sorted(d.assumptions),
        "deny_kind": d.deny_kind,
        "reasons": reasons(d),
        "unknowns": sorted(d.unknowns),
        "ambiguities": sorted(d.ambiguities),
    }


def reasons(d: Decision) -> str:
    """JSON {allow_paths, denies, voided} of a decision."""
    return json.dumps(
        {
            "allow_paths": [list(path) for path in d.allow_paths],
            "denies": list(d.denies),
            "voided": [dict(v) for v in d.voided],
        },
        sort_keys=True,
        ensure_ascii=False,
    )


def timed(request: Request, at: datetime) -> Request:
    """The same request at another instant."""
    return {**request, "time": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
