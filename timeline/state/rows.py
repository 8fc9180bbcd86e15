"""Folded slots as rows of the derived tables `changes` and `intervals`.

Here coverage becomes knowledge (rule 4 of `fold.py`): a segment is cut where what we know of it
changes, and every piece says so. Facts that go on across pieces keep the change that began them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, TypeAlias

from collector.model import Provenance
from timeline.model import Bound, HowKnown, Json
from timeline.state.fold import Coverage, Folded, Held, Segment, Step
from timeline.state.ledger import (
    SCALAR,
    UNKNOWN,
    WHOLE,
    ChangeKind,
    Effect,
    Recorded,
    Shown,
    Write,
    canonical,
    same,
)

#: Party of a principal, as case.toml names it.
PartyOf = Callable[[str | None], str]

#: (fact, old, new, effect); old and new as in `changes`.
_Effect: TypeAlias = tuple[str, str | None, str | None, Effect]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Part of a segment in which what is known of it does not change."""

    start: datetime | None
    start_bound: Bound
    end: datetime | None
    end_bound: Bound
    end_change: str | None
    how: HowKnown
    note: str


def intervals(
    resource_uid: str, slot: str, folded: Folded, coverage: Coverage, *, brief: bool = False
) -> list[dict[str, Any]]:
    """Rows of `intervals` for one slot; the rows of one fact never overlap.

    `brief` leaves out the unknown before the first and after the last known content: where no
    row covers an instant, the slot is not known. Objects come in millions.
    """
    rows: list[dict[str, Any]] = []
    open_rows: dict[str, tuple[Held, dict[str, Any]]] = {}
    for segment in folded.segments:
        for piece in _pieces(segment, coverage):
            if brief and piece.how is HowKnown.UNKNOWN and None in (piece.start, piece.end):
                continue
            present = _content(segment, piece)
            for fact in sorted(open_rows.keys() - present.keys()):
                del open_rows[fact]
            for fact, held in sorted(present.items()):
                standing = open_rows.get(fact)
                row = _interval(resource_uid, slot, fact, held, piece)
                if standing and _goes_on(standing, held, row):
                    _extend(standing[1], row)
                else:
                    rows.append(row)
                    open_rows[fact] = (held, row)
    return sorted(rows, key=lambda row: (row["start"] is not None, row["start"], row["fact"]))


def changes(
    resource_uid: str, slot: str, steps: Iterable[Step], provider: str, party_of: PartyOf
) -> list[dict[str, Any]]:
    """Rows of `changes` for one slot: one per fact that a write or hidden change speaks of."""
    rows = []
    for step in steps:
        for fact, old, new, effect in _effects(step):
            rows.append(
                _change(step, provider, party_of)
                | {"resource_uid": resource_uid, "slot": slot, "fact": fact}
                | {"old": old, "new": new, "effect": str(effect)}
            )
    return rows


def constant(
    resource_uid: str, slot: str, fact: str, value: Json, since: datetime | None, why: str,
    provenance: Provenance | None,
) -> dict[str, Any]:  # fmt: skip
    """A row of `intervals` of a name or of reference data, with the record that it is owed to."""
    bound = Bound.UNKNOWN if since is None else Bound.NO_LATER_THAN
    held = Held(
        value=value, change_uid=None, start=since, start_bound=bound, how=HowKnown.INFERRED,
        why=why, provenance=provenance,
    )  # fmt: skip
    always = _Piece(
        start=since, start_bound=bound, end=None, end_bound=Bound.UNKNOWN, end_change=None,
        how=HowKnown.INFERRED, note="",
    )  # fmt: skip
    return _interval(resource_uid, slot, fact, held, always)


def _pieces(segment: Segment, coverage: Coverage) -> list[_Piece]:
    """Cut a segment where coverage begins, ends or has a hole."""
    start, end = segment.start, segment.end
    if segment.content is None:
        return [_piece(segment, start, end, HowKnown.UNKNOWN, "")]
    assert start is not None, "known content has a start"
    last = max((proof[1] for proof in segment.proofs), default=start)
    reach = max(last, coverage.end) if coverage.end is not None else last
    known_to = reach if end is None else min(end, reach)
    cuts = {start, known_to}
    for mark in (_first(segment, start), coverage.start, coverage.end):
        cuts |= {mark} if mark is not None and start < mark < known_to else set()
    for hole in coverage.holes:
        again = [proof[0] for proof in segment.proofs if proof[0] >= hole[1]]
        cuts |= {mark for mark in (*hole, *again[:1]) if start < mark < known_to}
    marks = sorted(cuts)
    pieces = [
        _piece(segment, one, other, *_knowledge(segment, one, other, coverage))
        for one, other in pairwise(marks)
    ]
    if end is None or known_to < end:
        why = "after the last record that proves it and the end of coverage"
        pieces.append(_piece(segment, known_to, end, HowKnown.UNKNOWN, why))
    return pieces


def _knowledge(
    segment: Segment, at: datetime, until: datetime, coverage: Coverage
) -> tuple[HowKnown, str]:
    """How the content of a segment is known from one instant inside it to another."""
    if any(proof[0] <= at and until <= proof[1] for proof in segment.proofs):
        return HowKnown.OBSERVED, ""
    hole = next((h for h in coverage.holes if h[0] <= at and not _proven(segment, h, at)), None)
    if hole is not None:
        return HowKnown.INFERRED, "records are missing in between: assumption gaps-minimal"
    covered = coverage.start is not None and coverage.end is not None
    if covered and coverage.start <= at < coverage.end:  # type: ignore[operator]
        if at < _first(segment, at) and segment.whole.change_uid is None:
            return HowKnown.INFERRED, "no write recorded between the beginning of coverage and this"
        return HowKnown.OBSERVED, ""
    if at < max((proof[1] for proof in segment.proofs), default=at):
        return HowKnown.INFERRED, "between observations that agree; no records in between"
    return HowKnown.INFERRED, "not covered by records: assumption gaps-minimal"


def _proven(segment: Segment, hole: tuple[datetime, datetime], at: datetime) -> bool:
    """Whether the content was proven again after a hole, at or before an instant."""
    if segment.start is not None and segment.start >= hole[1]:
        return True
    return any(hole[1] <= proof[0] <= at for proof in segment.proofs)


def _first(segment: Segment, otherwise: datetime) -> datetime:
    """The first instant at which the content of a segment was proven."""
    return min((proof[0] for proof in segment.proofs), default=otherwise)


def _piece(
    segment: Segment, start: datetime | None, end: datetime | None, how: HowKnown, note: str
) -> _Piece:
    first, final = start == segment.start, end == segment.end
    begins = Bound.NO_EARLIER_THAN if how is HowKnown.UNKNOWN else Bound.NO_LATER_THAN
    return _Piece(
        start=start,
        start_bound=segment.whole.start_bound if first else begins,
        end=end,
        end_bound=segment.end_bound if final else Bound.NO_EARLIER_THAN,
        end_change=segment.end_change if final else None,
        how=how,
        note=note,
    )


def _content(segment: Segment, piece: _Piece) -> Mapping[str, Held]:
    """Facts of a piece; one `*` where the slot is empty or not known."""
    if segment.content is None or piece.how is HowKnown.UNKNOWN or not segment.content:
        return {WHOLE: segment.whole}
    return segment.content


def _interval(resource_uid: str, slot: str, fact: str, held: Held, piece: _Piece) -> dict[str, Any]:
    unknown = piece.how is HowKnown.UNKNOWN
    value = UNKNOWN if unknown else None if fact == WHOLE else canonical(held.value)
    inferred = piece.how is HowKnown.INFERRED or held.how is HowKnown.INFERRED
    how = HowKnown.UNKNOWN if unknown else HowKnown.INFERRED if inferred else HowKnown.OBSERVED
    proof = held.provenance  # of what is not known: the record next to it
    begun = held.start == piece.start and not (unknown and piece.note)
    return {
        "resource_uid": resource_uid,
        "slot": slot,
        "fact": fact,
        "value": value,
        "start": piece.start,
        "start_bound": str(held.start_bound if begun else piece.start_bound),
        "end": piece.end,
        "end_bound": str(piece.end_bound),
        "how_known": str(how),
        "why": piece.note
        if unknown and piece.note
        else "; ".join(filter(None, (held.why, piece.note))),
        "start_change_uid": held.change_uid if not unknown or begun else None,
        "end_change_uid": piece.end_change,
        "evidence_item": proof.item if proof else None,
        "locator": proof.locator if proof else None,
        "record_sha256": proof.sha256 if proof else None,
    }


def _goes_on(standing: tuple[Held, dict[str, Any]], held: Held, row: Mapping[str, Any]) -> bool:
    """Whether a row continues the one before: the same origin, known in the same way."""
    before = standing[1]
    return (
        standing[0] is held
        and before["end"] == row["start"]
        and before["how_known"] == row["how_known"]
        and before["why"] == row["why"]
    )


def _extend(before: dict[str, Any], row: Mapping[str, Any]) -> None:
    for column in ("end", "end_bound", "end_change_uid"):
        before[column] = row[column]


def _effects(step: Step) -> list[_Effect]:
    """(fact, old, new, effect) of one step, sorted by fact."""
    old = None if step.old is None else {fact: held.value for fact, held in step.old.items()}
    refused = isinstance(step.cause, Write) and not step.cause.accepted
    shown = step.cause.shown if isinstance(step.cause, Write) else Shown.ALWAYS
    replaces = old and step.new and not same(old, step.new)
    if shown is Shown.NEVER or (shown is Shown.IF_REPLACING and not replaces):
        return []
    if step.new is None:
        effect = Effect.REFUSED if refused else Effect.UNKNOWN
        facts = sorted(old or {}) if not refused else []
        lost: list[_Effect] = [
            (fact, canonical((old or {})[fact]), UNKNOWN, effect) for fact in facts
        ]
        return lost or [(WHOLE, UNKNOWN if old is None else None, UNKNOWN, effect)]
    facts = sorted({*step.new, *(old or {})} if not refused else step.new)
    rows = [_effect(fact, old, step.new, refused=refused) for fact in facts]
    if rows:
        return rows
    before = UNKNOWN if old is None else None
    nothing = Effect.RE_ASSERTS if old is not None else Effect.SETS
    return [(WHOLE, before, None, Effect.REFUSED if refused else nothing)]


def _effect(
    fact: str, old: Mapping[str, Json] | None, new: Mapping[str, Json], *, refused: bool
) -> _Effect:
    after = canonical(new[fact]) if fact in new else None
    if old is None:
        return fact, UNKNOWN, after, Effect.REFUSED if refused else Effect.SETS
    before = canonical(old[fact]) if fact in old else None
    if refused:
        return fact, before, after, Effect.REFUSED
    if after is None:
        return fact, before, None, Effect.REMOVES
    if fact in old and same({fact: old[fact]}, {fact: new[fact]}):
        return fact, before, after, Effect.RE_ASSERTS
    return fact, before, after, Effect.SETS if fact == SCALAR else Effect.ADDS


def _change(step: Step, provider: str, party_of: PartyOf) -> dict[str, Any]:
    record = step.cause.record if isinstance(step.cause, Write) else None
    proof = record.provenance if record else getattr(step.cause, "provenance", None)
    logged = step.kind in (ChangeKind.LOGGED, ChangeKind.OPAQUE)
    return {
        "change_uid": step.change_uid,
        "provider_uid": record.provider_uid if record and logged else None,
        "kind": str(step.kind),
        "time_from": step.time_from,
        "time_to": step.time_to,
        "provider": provider,
        "operation": record.operation if record and logged else None,
        "accepted": not isinstance(step.cause, Write) or step.cause.accepted,
        "technical_actor": record.actor if record and logged else None,
        "initiating_actor": None,
        "attribution": _attribution(step, record, logged=logged),
        "party": party_of(record.actor if record and logged else None),
        "evidence_item": proof.item if proof else None,
        "locator": proof.locator if proof else None,
        "record_sha256": proof.sha256 if proof else None,
    }


def _attribution(step: Step, record: Recorded | None, *, logged: bool) -> str | None:
    """What the record says of the caller, and where an order is not established."""
    said: dict[str, Json] = {}
    if record and logged:
        said.update(record.who)
    elif isinstance(step.cause, Write):
        said.update({"why": step.cause.why, "at": step.cause.record.event_uid})
    else:
        said["why"] = f"unrecorded change, seen by {step.cause.why}"
    if step.tied_to:
        said["order_not_established_with"] = step.tied_to
    return canonical(said) if said else None
