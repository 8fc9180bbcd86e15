"""Configuration state over time: every recorded write again, in order.

1. Rows of `events` that can carry configuration become records, in the total order.
2. The provider's code turns them into attempted writes, observations and listings.
3. Ends of resources are spread over their slots; creations of what already exists are dropped.
4. Listings become observations of every slot that any record mentions.
5. Every slot is folded by itself (`fold.py`), and turned into rows (`rows.py`).

Invariants: the same input gives the same rows in the same order, whatever order it comes in; the
intervals of one fact never overlap; a refused write alters nothing; every change and every interval
cites bytes: a provider default those of the creation, beside the row of dated data; a name those of
the first record that gives it; a time of which nothing is known those of the record next to it.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from collector.model import Gap
from timeline.state import ledger, rows, source
from timeline.state.fold import Coverage, Folded, fold
from timeline.state.ledger import (
    EXISTENCE,
    FAMILY,
    WHOLE,
    ChangeKind,
    Harvest,
    Listing,
    Observation,
    Shown,
    Write,
)
from timeline.state.source import Answer, Stream

if TYPE_CHECKING:
    from timeline.normalize.model import Snapshot

#: Provider -> module with OPERATIONS, ANSWERS, harvest, container_uid, account_of, category_of and
#: slack_of.
PROVIDERS: dict[str, str] = {"aws": "timeline.state.aws.harvest"}

#: Kinds of gap in which records of changes may be missing.
_HOLES = frozenset({"missing_log", "logging_off", "unreadable", "truncated", "failed", "denied"})

_Points: TypeAlias = dict[tuple[str, str], list[Write | Observation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateResult:
    """What a replay came to.

    Attributes:
        changes: rows of the table `changes`, sorted.
        intervals: rows of the table `intervals`, sorted.
        gaps: opaque writes and hidden changes.
    """

    changes: list[dict[str, Any]]
    intervals: list[dict[str, Any]]
    gaps: list[Gap]


def run(
    events: Any,  # noqa: ANN401 (an Arrow table or a list of mappings)
    snapshots: Iterable["Snapshot | Answer"] = (),
    *,
    coverage_end: datetime | None = None,
    gaps: Sequence[Gap] = (),
    party_of: Callable[[str | None], str] = lambda _: "unattributed",
    provider: str = "aws",
) -> StateResult:
    """Replay all recorded writes.

    Args:
        events: rows of `events`: an Arrow table or a list of mappings.
        snapshots: answers of the provider, as normalization hands them over or as
            (kind, document, observed_at, provenance).
        coverage_end: instant to which records are known to run on; None = each account's last.
        gaps: of the case; those in which records are missing weaken what is known (7.8).
        party_of: actor -> party of case.toml.
        provider: whose records; others are passed over.

    Returns:
        Rows of `changes` and `intervals`, and the gaps that the replay met.
    """
    module = importlib.import_module(PROVIDERS[provider])
    records = sorted(
        (source.record_of(row) for row in source.rows_of(events, provider, module.OPERATIONS)),
        key=lambda record: record.order,
    )
    answers, undated = source.answers(snapshots, module.ANSWERS)
    actors = source.actors(events)
    found: Harvest = module.harvest(records, actors, answers)
    spans = source.spans(events, coverage_end)
    used = {actor.uid: actor.last_seen for actor in actors}
    used |= {module.container_uid(name): end for name, end in source.last_uses(events).items()}
    points = _points(found, used)
    result = StateResult(changes=[], intervals=[], gaps=[*undated, *found.gaps])
    owners = found.owners()
    for resource_uid, slot in sorted({*points, *found.constants}):
        account = module.account_of(resource_uid, owners)
        category = module.category_of(resource_uid, slot)
        covered = _coverage((account, category), spans, gaps)
        slack = module.slack_of(resource_uid, slot)
        folded = fold(points.get((resource_uid, slot), ()), covered, slack)
        result.changes.extend(rows.changes(resource_uid, slot, folded.steps, provider, party_of))
        if (resource_uid, slot) in found.constants:
            constant = _constant(resource_uid, slot, found, points.get((resource_uid, slot), ()))
            if constant is not None:
                result.intervals.extend(constant)
                continue
        result.intervals.extend(
            rows.intervals(resource_uid, slot, folded, covered, brief=category != "management")
        )
        result.gaps.extend(_gaps(resource_uid, slot, folded))
    result.intervals.extend(_name_rows(found))
    result.changes.sort(key=_change_order)
    result.intervals.sort(key=_interval_order)
    return result


def _points(found: Harvest, last_seen: Mapping[str, datetime]) -> _Points:
    """Steps 3 and 4."""
    points: _Points = {}
    slots: dict[str, set[str]] = {}
    for write in found.writes:
        slots.setdefault(write.resource_uid, {EXISTENCE})
        if write.slot != WHOLE and not write.slot.endswith(FAMILY):
            slots[write.resource_uid].add(write.slot)
    for write in _effective(found.writes, slots):
        points.setdefault((write.resource_uid, write.slot), []).append(write)
    for seen in found.observations:
        last = last_seen.get(seen.ends) if seen.ends is not None else None
        one = seen if last is None else replace(seen, not_before=last)
        points.setdefault((seen.resource_uid, seen.slot), []).append(one)
    for listing in found.listings:
        for resource_uid, shown in listing.seen.items():
            for slot in shown:
                points.setdefault((resource_uid, slot), [])
    for resource_uid, slot in sorted(points):
        for listing in found.listings:
            if resource_uid in listing.seen or resource_uid.startswith(listing.prefixes):
                shown = listing.seen.get(resource_uid, {})
                last = last_seen.get(resource_uid) if not shown else None
                seen = _listed(listing, resource_uid, slot, shown)
                points[resource_uid, slot].append(replace(seen, not_before=last))
    return points


def _effective(writes: Iterable[Write], slots: Mapping[str, set[str]]) -> Iterable[Write]:
    """Writes slot by slot, in order; defaults only where something begins."""
    born: dict[str, str | None] = {}
    for write in sorted(
        writes, key=lambda w: (w.record.time, w.rank, *w.record.order[1:], w.resource_uid, w.slot)
    ):
        uid, event = write.resource_uid, write.record.event_uid
        if write.slot == WHOLE:
            yield from _ended(write, slots)
            if write.accepted:
                born.pop(uid, None)
            continue
        begins = write.rank == 0
        if begins and uid in born and born[uid] != event:
            # A creation that succeeds on what already exists (one's own bucket, in us-east-1)
            # resets its access control list and nothing else.
            if write.kind is ChangeKind.DEFAULT and write.slot != "acl":
                continue
            write = replace(write, before=None)
        if write.accepted:
            born.setdefault(uid, event if begins else None)
        if write.slot.endswith(FAMILY):
            family = write.slot.removesuffix("*")
            members = sorted(slot for slot in slots[uid] if slot.startswith(family))
            yield from (replace(write, slot=slot) for slot in members)
        else:
            yield write


def _ended(write: Write, slots: Mapping[str, set[str]]) -> Iterable[Write]:
    """The end of a resource, spread over its slots and those of what it contains."""
    if not write.accepted:
        yield replace(write, slot=EXISTENCE)
        return
    inside = f"{write.resource_uid}/"
    for resource_uid in sorted(slots):
        if resource_uid == write.resource_uid or resource_uid.startswith(inside):
            within = resource_uid != write.resource_uid
            for slot in sorted(slots[resource_uid]):
                shown = Shown.IF_REPLACING if within else write.shown
                yield replace(write, resource_uid=resource_uid, slot=slot, shown=shown)


def _listed(
    listing: Listing, resource_uid: str, slot: str, shown: Mapping[str, Any]
) -> Observation:
    return Observation(
        resource_uid=resource_uid, slot=slot, atoms=shown.get(slot, {}), at=listing.at,
        why=listing.why, provenance=listing.provenance,
    )  # fmt: skip


def _coverage(
    stream: Stream, spans: Mapping[Stream, tuple[datetime, datetime]], gaps: Sequence[Gap]
) -> Coverage:
    """Coverage of an account's records; where the account is not known, of all of them."""
    span = spans.get(stream)
    holes = tuple(
        sorted(
            (gap.time_from, gap.time_to)
            for gap in gaps
            if gap.kind in _HOLES and gap.time_from is not None and gap.time_to is not None
        )
    )
    if span is None:
        return Coverage(start=None, end=None)
    return Coverage(start=span[0], end=span[1], holes=holes)


def _constant(
    resource_uid: str, slot: str, found: Harvest, points: Iterable[Write | Observation]
) -> list[dict[str, Any]] | None:
    """Rows of dated reference data; None where an observation disagrees, or lies before them."""
    constant = found.constants[resource_uid, slot]
    atoms = constant.atoms
    seen = [p for p in points if isinstance(p, Observation) and p.atoms is not None]
    if any(p.at < constant.since or not ledger.same(p.atoms or {}, atoms) for p in seen):
        return None
    return [
        rows.constant(
            resource_uid, slot, fact, value, constant.since, constant.why, constant.provenance
        )
        for fact, value in sorted(atoms.items())
    ]


def _name_rows(found: Harvest) -> list[dict[str, Any]]:
    """Names that never change: owners of buckets, ARNs of unique ids, canonical ids."""
    why = "as named in recorded calls and answers; this one is cited"
    return [
        rows.constant(uid, slot, ledger.SCALAR, name.value, None, why, name.provenance)
        for (uid, slot), name in sorted(found.names.items())
    ]


def _gaps(resource_uid: str, slot: str, folded: Folded) -> list[Gap]:
    """Opaque writes and hidden changes, as gaps of their own."""
    found = []
    for step in folded.steps:
        proof = step.cause.record.provenance if isinstance(step.cause, Write) else None
        if step.kind is ChangeKind.HIDDEN:
            reason = f"an unrecorded change of {slot}, seen by {step.cause.why}"
            kind = "missing_log"
            proof = getattr(step.cause, "provenance", None)
        elif step.new is None and getattr(step.cause, "accepted", False):
            kind, reason = "opaque", f"{step.cause.why}: {slot} is not known from then on"
        else:
            continue
        found.append(
            Gap(
                kind=kind,
                subject=f"{resource_uid} {slot}",
                reason=reason,
                time_from=step.time_from,
                time_to=step.time_to if step.kind is ChangeKind.HIDDEN else None,
                item=proof.item if proof else None,
                locator=proof.locator if proof else None,
            )
        )
    return found


def _change_order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    start = row["time_from"] or row["time_to"]
    return (start, row["change_uid"], row["resource_uid"], row["slot"], row["fact"])


def _interval_order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    start = row["start"]
    return (row["resource_uid"], row["slot"], start is not None, start, row["fact"])
