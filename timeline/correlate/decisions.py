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
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from timeline import events
from timeline.correlate import around, signatures
from timeline.correlate.accesses import Accesses
from timeline.correlate.answers import Answers, Seen
from timeline.correlate.apart import Apart, Asking, as_json
from timeline.correlate.coding import Numbers
from timeline.correlate.counted import MARKS, Counted
from timeline.correlate.provider import Mentions, Provider, Request
from timeline.correlate.signatures import Attempts, Group, Slice
from timeline.correlate.views import (
    GAPS_MINIMAL,
    RECORDS_COMPLETE,
    Viewed,
    across_a_gap,
    content_key,
)
from timeline.events import KEPT
from timeline.model import Decision, Json, Verdict

TICK = around.TICK

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
    accesses: Accesses
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
        answers: what has been decided so far, in this setting and in those made from it.
    """

    view: Viewed
    attempts: Attempts
    provider: Provider
    assumptions: frozenset[str]
    answers: Answers = field(default_factory=Answers, compare=False, repr=False)


def decide_all(rows: Any, setting: Setting) -> Decided:  # noqa: ANN401 rows, or their table
    """Decides all accesses among `rows` (of `events`, in their order), batch by batch.

    Args:
        rows: `normalize.Stored`, or rows as mappings.
        setting: what they are decided in.
    """
    provider = setting.provider
    counting, found = Counted(provider), Accesses()
    apart = Apart(setting.view, setting.attempts, provider, lambda r, t: _group(r, t, setting))
    classes: dict[str, RequestClass] = {}
    places: dict[str, int] = {}
    of_number: list[int] = []
    for batch in events.batches(rows, {*provider.kind, *provider.columns, *MARKS, *KEPT}):
        asking, asked = _asking(counting.of(batch), apart, counting)
        if not asking.num_rows:
            continue
        numbers, fresh, groups = apart.numbers(asking, asked)
        for _, row in fresh:
            request, t = _request(asking, row, apart.askings[asked[row]], provider)
            group = apart.groups[groups[row]]
            signature = _signature(group, request, t, setting)
            uid = signatures.uid(signature, group.slice.epoch(t))
            if uid not in classes:
                classes[uid] = _decided(uid, group, request, t, setting, signature)
                places[uid] = len(found.classes)
                found.classes.append(uid)
            of_number.append(places[uid])
        found.add(asking, np.array(of_number)[numbers])
    found.supply(counting.beside)
    return Decided(
        classes=classes,
        accesses=found,
        candidates=counting.candidates,
        left_out=dict(sorted(counting.left_out.items())),
    )


def _asking(rows: Any, apart: Apart, counting: Counted) -> tuple[Any, Numbers]:  # noqa: ANN401
    """The rows that ask something, with the numbers of their askings; others are left out."""
    asked = apart.asked(rows)
    mute = [number for number, one in enumerate(apart.askings) if one.request is None]
    silent = np.isin(asked, mute)
    for number, count in zip(*np.unique(asked[silent], return_counts=True), strict=True):
        operation = apart.askings[number].operation
        counting.leave_out(f"{operation}: no known action or resource", int(count))
    return rows.filter(pa.array(~silent)), asked[~silent]


def _request(
    rows: Any,  # noqa: ANN401 Arrow
    number: int,
    asking: Asking,
    provider: Provider,
) -> tuple[Request, datetime]:
    """The request of one row by itself, which has to be what was made of a row that asks alike."""
    row = rows.slice(number, 1).to_pylist()[0]
    request = provider.request_of(row)
    t: datetime = row["time"]
    assert request == asking.at(row["resource_uid"], t), f"{row['event_uid']}: another request"
    return request, t


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
            [slot, *content_key(state)] for (_, slot), state in zip(own_slots, states, strict=True)
        ],
        "own_writes": [
            attempts.ordered[n].change_uid
            for place in own_slots
            for n in attempts.by_place.get(place, ())
        ],
        "near": [attempts.ordered[n].change_uid for n in group.near(t)],
        "across_a_gap": group.across_a_gap(view, t) or any(map(across_a_gap, states)),
    }


def _decided(
    uid: str,
    group: Group,
    request: Request,
    t: datetime,
    setting: Setting,
    signature: Mapping[str, Any],
) -> RequestClass:
    view, provider, assumptions = setting.view, setting.provider, setting.assumptions
    views = [view, *around.views(group.near(t), group.slice, view, setting.attempts)]
    told = _told(group.slice, signature)
    own = provider.own_places(request)
    seen = [Seen(v, t, setting.answers, provider.of_time, own) for v in views]

    def ask(held: frozenset[str], on_records: Iterable[str]) -> Decision:
        each = [one.doubted(on_records) for one in seen]
        return around.agreed(
            [setting.answers.of(told, one, request, provider, held) for one in each]
        )

    decision = ask(assumptions, assumptions)
    used = set(decision.assumptions)
    for name in sorted(assumptions & {RECORDS_COMPLETE, GAPS_MINIMAL}):
        if ask(assumptions, assumptions - {name}).verdict is not decision.verdict:
            used.add(name)
    return RequestClass(
        uid=uid,
        request=request,
        at=t,
        slice=_of_object(group.slice, request, setting),
        epoch=group.slice.epoch(t),
        decision=replace(decision, assumptions=tuple(sorted(used))),
        bare=ask(frozenset(), ()),
        signature=signature,
        principal=provider.principal_label(request),
        container=provider.container_label(request),
    )


def _of_object(found: Slice, request: Request, setting: Setting) -> Slice:
    """The slice of a group, with what the request's own object holds and not what another one does.

    A group is read through its first request. Its objects have no recorded write, for one that has
    is a group of its own; so the attempts are the same.
    """
    provider, written = setting.provider, setting.attempts.resources
    own, container = provider.own_places(request), provider.container_label(request)
    if not own or not written.isdisjoint(own):
        return found

    def of_another(resource: str) -> bool:
        other = {**request, "resource": resource}
        same = resource not in own and provider.container_label(other) == container
        return same and resource not in written and bool(provider.own_places(other))

    others = {place for place in found.places if of_another(place[0])}
    slots = {slot for resource, slot in found.places if (resource, slot) in others}
    return replace(
        found,
        places=(found.places - others) | {(uid, slot) for uid in own for slot in slots},
    )


def again(one: RequestClass, setting: Setting) -> Decision:
    """Decision of a class in another setting, with the states around a change as in the build."""
    effects = signatures.effects(one.slice, setting.attempts, setting.provider.slack)
    near = [e.attempt for e in effects if e.start < one.at < e.end]
    views = [setting.view, *around.views(near, one.slice, setting.view, setting.attempts)]
    told = _told(one.slice, one.signature)
    own = setting.provider.own_places(one.request)
    return around.agreed(
        [
            setting.answers.of(
                told,
                Seen(view, one.at, setting.answers, setting.provider.of_time, own),
                one.request,
                setting.provider,
                setting.assumptions,
            )
            for view in views
        ]
    )


def _told(found: Slice, signature: Mapping[str, Any]) -> Hashable:
    """What distinguishes a request, its own resource's slots and the instant aside."""
    return found.places, as_json({k: v for k, v in signature.items() if k not in OF_INSTANT})


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
