"""Every access joined to the configuration in force: request classes and their decisions.

1. rows of `events` that are accesses, in their order; duplicates are left out, and of a request
   that two logs recorded the record that another stands for, but for what it alone says;
2. row → request; a row whose operation maps to no known action is kept with its reason;
3. request → slice and epoch → class; each class is decided once;
4. inside the slack of a change (register A11) under every state that may have been in force;
5. twice: with the named assumptions and without;
6. the logged outcome is compared, and never used (G4, G10).

in = decided + left out with a reason, asserted by the driver.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from timeline.correlate import counted, signatures
from timeline.correlate.answers import Answers, Seen
from timeline.correlate.provider import Mentions, Provider, Request
from timeline.correlate.signatures import Attempts, Group, Slice
from timeline.correlate.views import (
    GAPS_MINIMAL,
    RECORDS_COMPLETE,
    Doubted,
    Overlay,
    Place,
    Viewed,
    across_a_gap,
)
from timeline.model import Decision, Json, Knowledge, SlotState, Verdict

#: Register id of the order inside a tick and of propagation.
ORDER_UNKNOWN = "A11"

#: States tried around one access; more are not told apart and give UNKNOWN(A11).
MOST_STATES = 64

TICK = timedelta(microseconds=1)

#: What of a signature says when a request was made, or what its own resource held.
OF_INSTANT = ("own", "own_writes", "near", "across_a_gap")

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
        accesses: (kept columns of the row of `events`, class uid), in order.
        candidates: accesses among the rows.
        left_out: reason -> number of access rows that were not decided.
    """

    classes: Mapping[str, RequestClass]
    accesses: tuple[tuple[Mapping[str, Any], str], ...]
    candidates: int
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all accesses of a build are decided in.

    Attributes:
        view: the history of configuration, under the assumptions on the records.
        attempts: attempted writes of the case.
        provider: functions of the accesses' cloud.
        assumptions: named assumptions that are on.
    """

    view: Viewed
    attempts: Attempts
    provider: Provider
    assumptions: frozenset[str]


def decide_all(rows: Iterable[Mapping[str, Any]], setting: Setting) -> Decided:
    """Decides all accesses among `rows` (of `events`, in their order)."""
    groups: dict[str, Group] = {}
    classes: dict[str, RequestClass] = {}
    accesses: list[tuple[Mapping[str, Any], str]] = []
    left_out: dict[str, int] = {}
    beside: dict[str, Mapping[str, Any]] = {}
    candidates = 0
    answers = Answers(setting.provider)
    for row, request in counted.requests(rows, setting.provider, beside):
        candidates += 1
        if isinstance(request, str):
            left_out[request] = left_out.get(request, 0) + 1
            continue
        key = _group_key(request, setting)
        group = groups.get(key)
        if group is None:
            group = groups[key] = _group(request, row["time"], setting)
        uid = _class_of(group, request, row["time"], setting)
        if uid not in classes:
            classes[uid] = _decided(uid, group, request, row["time"], setting, answers)
        accesses.append((counted.kept(row), uid))
    return Decided(
        classes=classes,
        accesses=tuple(
            (counted.supplemented(row, beside.get(row["event_uid"])), class_uid)
            for row, class_uid in accesses
        ),
        candidates=candidates,
        left_out=dict(sorted(left_out.items())),
    )


def _group_key(request: Request, setting: Setting) -> str:
    own = [uid for uid in setting.provider.own_places(request) if uid in setting.attempts.resources]
    return _json([setting.provider.group(request), own])


def _group(request: Request, t: datetime, setting: Setting) -> Group:
    found = signatures.slice_of(
        lambda v, at: setting.provider.read(v, timed(request, at), at),
        setting.view,
        setting.attempts,
        t,
    )
    return Group(
        slice=found,
        mentions=mentions_of(found, setting.view, t, setting.provider, setting.attempts),
        effects=signatures.effects(found, setting.attempts, setting.provider.slack),
    )


def mentions_of(
    found: Slice,
    view: Viewed,
    t: datetime,
    provider: Provider,
    attempts: Attempts | None = None,
) -> Mentions:
    """What the documents of a slice mention, at any of its instants.

    With `attempts` those of refused writes too: a replay may let them through, and requests that
    such a document tells apart must not share a class.
    """
    values: dict[str, Json] = {}
    for resource, slot in sorted(found.places):
        for at in (t, *found.times, *(time - TICK for time in found.times)):
            value = view.at(resource, slot, at).value
            if isinstance(value, dict | list):
                values[json.dumps(value, sort_keys=True)] = value
    refused = [attempts.ordered[n] for n in found.attempts] if attempts is not None else []
    for attempt in refused:
        if attempt.accepted:
            continue
        for place, alteration in attempt.written.items():
            if place in found.places and alteration.content:
                facts = {fact: json.loads(text) for fact, text in alteration.content}
                value = provider.assemble(facts)
                values[json.dumps(value, sort_keys=True)] = value
    return provider.mentions(values[key] for key in sorted(values))


def _class_of(group: Group, request: Request, t: datetime, setting: Setting) -> str:
    signature = _signature(group, request, t, setting)
    epoch = group.slice.epoch(t)
    key = _json([signature, str(epoch[0])])
    if key not in group.memo:
        group.memo[key] = signatures.uid(signature, epoch)
    return group.memo[key]


def _signature(group: Group, request: Request, t: datetime, setting: Setting) -> dict[str, Any]:
    """Of the request, of its own resource's slots, and of what is near or not proven."""
    view, attempts = setting.view, setting.attempts
    own_slots = [
        (uid, slot)
        for uid in setting.provider.own_places(request)
        for slot in sorted(view.slots(uid))
    ]
    states = [view.at(uid, slot, t) for uid, slot in own_slots]
    return {
        **setting.provider.signature(request, group.mentions),
        "own": [
            [slot, *_content_key(state)] for (_, slot), state in zip(own_slots, states, strict=True)
        ],
        "own_writes": [
            attempts.ordered[n].change_uid
            for place in own_slots
            for n in attempts.by_place.get(place, ())
        ],
        "near": [attempts.ordered[n].change_uid for n in group.near(t)],
        "across_a_gap": group.across_a_gap(view, t) or any(map(across_a_gap, states)),
    }


def _content_key(state: SlotState) -> list[Any]:
    return [str(state.knowledge), state.value]


def _decided(
    uid: str, group: Group, request: Request, t: datetime, setting: Setting, answers: Answers
) -> RequestClass:
    view, provider, assumptions = setting.view, setting.provider, setting.assumptions
    views = [view, *_around(group.near(t), group.slice, view, setting.attempts)]
    signature = _signature(group, request, t, setting)
    told = _json({name: v for name, v in signature.items() if name not in OF_INSTANT})

    def ask(held: frozenset[str], on_records: Iterable[str]) -> Decision:
        seen = [Seen(Doubted(v, on_records), t, answers) for v in views]
        return _agreed([answers.of((id(group), told), each, request, held) for each in seen])

    decision = ask(assumptions, assumptions)
    used = set(decision.assumptions)
    for name in sorted(assumptions & {RECORDS_COMPLETE, GAPS_MINIMAL}):
        if ask(assumptions, assumptions - {name}).verdict is not decision.verdict:
            used.add(name)
    return RequestClass(
        uid=uid,
        request=request,
        at=t,
        slice=group.slice,
        epoch=group.slice.epoch(t),
        decision=replace(decision, assumptions=tuple(sorted(used))),
        bare=ask(frozenset(), ()),
        signature=signature,
        principal=provider.principal_label(request),
        container=provider.container_label(request),
    )


def again(one: RequestClass, setting: Setting) -> Decision:
    """Decision of a class in another setting, with the states around a change as in the build."""
    effects = signatures.effects(one.slice, setting.attempts, setting.provider.slack)
    near = [e.attempt for e in effects if e.start < one.at < e.end]
    views = [setting.view, *_around(near, one.slice, setting.view, setting.attempts)]
    asked = (setting.provider.decide(v, one.request, one.at, setting.assumptions) for v in views)
    return _agreed(list(asked))


def _around(near: Sequence[int], found: Slice, view: Viewed, attempts: Attempts) -> list[Viewed]:
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


def _json(value: Any) -> str:  # noqa: ANN401 JSON
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def timed(request: Request, at: datetime) -> Request:
    """The same request at another instant."""
    return {**request, "time": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
