"""One slot: from its writes and observations, in order, to segments of known and unknown content.

1. A write that was accepted begins a segment at its time; what it does not carry is not known.
2. An observation of an unknown slot makes it known from then on and, where no write was recorded
   before it under coverage, back to the beginning of coverage.
3. An observation that agrees is one more proof. One that disagrees leaves a hidden change between
   the last proof and itself: unknown in between, and attributed to nobody.
4. A segment is *observed* where coverage runs, *inferred* between agreeing proofs without
   coverage, and unknown beyond the last proof and the end of coverage.

Source: `state.md` (head), `causation.md` 7.8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from collector.model import Provenance
from timeline.model import Bound, HowKnown, Json
from timeline.state.ledger import Atoms, ChangeKind, Observation, Write, same

#: How long an observation proves what it saw: the resolution of the providers' clocks.
TICK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """When records of a slot's source run without a gap that we know of.

    Attributes:
        start, end: first instant and first instant after; both None = no records at all.
        holes: periods inside it in which records are missing.
    """

    start: datetime | None
    end: datetime | None
    holes: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One fact as it stands in a segment, with what began it."""

    value: Json
    change_uid: str | None
    start: datetime | None
    start_bound: Bound
    how: HowKnown
    why: str
    provenance: Provenance | None


@dataclass(slots=True, kw_only=True)
class Segment:
    """A stretch of time in which the content of a slot is one and the same.

    `content` None = not known; `proofs` are the instants in which it was proven;
    `end` is filled when the next segment begins.
    """

    content: dict[str, Held] | None
    whole: Held
    proofs: list[tuple[datetime, datetime]] = field(default_factory=list)
    end: datetime | None = None
    end_bound: Bound = Bound.UNKNOWN
    end_change: str | None = None

    @property
    def start(self) -> datetime | None:
        """Start of the segment; None = before all records."""
        return self.whole.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One write or hidden change with the content before and after; `None` = not known."""

    cause: Write | Observation
    change_uid: str
    kind: ChangeKind
    time_from: datetime | None
    time_to: datetime
    old: dict[str, Held] | None
    new: Atoms | None
    tied_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What one slot came to."""

    segments: tuple[Segment, ...]
    steps: tuple[Step, ...]


def change_uid(write: Write) -> str:
    """A logged change has the id of its event; a default or opaque one an id of its own."""
    if write.kind is ChangeKind.LOGGED:
        return write.record.event_uid
    return f"{write.kind}/{write.record.event_uid}"


def order(point: Write | Observation) -> tuple[datetime, int, str, str]:
    """Total order of points; an observation comes after the writes of its instant."""
    if isinstance(point, Write):
        _, provider_uid, event_uid = point.record.order
        return (point.record.time, point.rank, provider_uid, event_uid)
    return (point.at, 3, point.why, "")


def fold(
    points: Iterable[Write | Observation], coverage: Coverage, slack: timedelta = timedelta(0)
) -> Folded:
    """Fold one slot.

    Args:
        points: its writes and observations, in any order.
        coverage: of the slot's source.
        slack: time that a change needs to be seen everywhere; an observation that near to a
            write of the slot proves nothing and is passed over.

    Returns:
        Segments that partition all time, and one step for every write and hidden change.
    """
    ordered = sorted(points, key=order)
    unseen = Held(
        value=None, change_uid=None, start=None, start_bound=Bound.UNKNOWN,
        how=HowKnown.UNKNOWN, why="before the first record that says anything of it",
        provenance=_proof(ordered[0]) if ordered else None,
    )  # fmt: skip
    segments = [Segment(content=None, whole=unseen)]
    steps: list[Step] = []
    last: Write | None = None
    for position, point in enumerate(ordered):
        if isinstance(point, Write):
            steps.append(_write(segments, point, last, coverage))
            last = point
        elif not _too_near(point, ordered, position, slack):
            steps.extend(_observe(segments, point, coverage))
    return Folded(segments=tuple(segments), steps=tuple(steps))


def _write(segments: list[Segment], write: Write, last: Write | None, coverage: Coverage) -> Step:
    """Rule 1. A refused write leaves a step and no segment."""
    if write.accepted and write.before is not None and _untouched(segments):
        why = f"implied by the success of {write.record.operation}"
        _backfill(segments, write.before, write.record.time, coverage, why, write)
    before = segments[-1].content
    tied = last is not None and last.record.end > write.record.time
    tied = tied and last is not None and last.record.event_uid != write.record.event_uid
    step = Step(
        cause=write, change_uid=change_uid(write), kind=write.kind,
        time_from=write.record.time, time_to=write.record.end, old=before, new=write.atoms,
        tied_to=change_uid(last) if tied and last is not None else None,
    )  # fmt: skip
    if write.accepted:
        _begin(segments, write, step.change_uid)
    return step


def _begin(segments: list[Segment], write: Write, uid: str) -> None:
    before = segments[-1].content
    default = write.kind is ChangeKind.DEFAULT
    fresh = Held(
        value=None, change_uid=uid, start=write.record.time, start_bound=Bound.EXACT,
        how=HowKnown.INFERRED if default else HowKnown.OBSERVED,
        why=write.why or f"{write.record.operation} recorded",
        provenance=write.record.provenance,  # of a default: the creation
    )  # fmt: skip
    if write.atoms is None:
        _append(segments, None, replace(fresh, how=HowKnown.UNKNOWN), Bound.EXACT, uid)
        return
    content = {}
    for fact, value in write.atoms.items():
        standing = before.get(fact) if before is not None else None
        kept = standing is not None and same({fact: standing.value}, {fact: value})
        content[fact] = standing if kept and standing else replace(fresh, value=value)
    if before is not None and same(_atoms(before), write.atoms):
        # Wrote without altering: the same segment goes on, with one more proof.
        segments[-1].proofs.append((write.record.time, write.record.end))
        return
    _append(segments, content, fresh, Bound.EXACT, uid)
    segments[-1].proofs.append((write.record.time, write.record.end))


def _observe(segments: list[Segment], seen: Observation, coverage: Coverage) -> tuple[Step, ...]:
    """Rules 2 and 3."""
    current = segments[-1]
    if current.content is None:
        if seen.atoms is None:
            return ()
        if _untouched(segments):
            _backfill(segments, seen.atoms, seen.at, coverage, seen.why, seen)
            return ()
        _append(segments, _held(seen.atoms, _seen(seen)), _seen(seen), Bound.NO_LATER_THAN, None)
        segments[-1].proofs.append((seen.at, seen.at + TICK))
        return ()
    content = _atoms(current.content)
    agrees = bool(content) if seen.atoms is None else same(content, seen.atoms)
    if agrees:
        current.proofs.append((seen.at, seen.at + TICK))
        return ()
    return (_hidden(segments, seen),)


def _hidden(segments: list[Segment], seen: Observation) -> Step:
    """Rule 3: between the last proof of the old content and this first proof of the new."""
    current = segments[-1]
    proven = [proof[1] for proof in current.proofs]
    if seen.not_before is not None and seen.not_before <= seen.at:
        proven.append(seen.not_before)
    # Two that disagree within one tick: when the first one ceased to hold is not later than that.
    since = max(proven, default=current.start)
    since = seen.at if since is not None and since > seen.at else since
    uid = f"hidden/{seen.resource_uid}/{seen.slot}/{seen.at.isoformat()}"
    step = Step(
        cause=seen, change_uid=uid, kind=ChangeKind.HIDDEN, time_from=since, time_to=seen.at,
        old=current.content, new=seen.atoms,
    )  # fmt: skip
    between = Held(
        value=None, change_uid=uid, start=since, start_bound=Bound.NO_EARLIER_THAN,
        how=HowKnown.UNKNOWN, provenance=seen.provenance,
        why=f"an unrecorded change lies between the last proof of the old content and {seen.why}",
    )  # fmt: skip
    _append(segments, None, between, Bound.NO_EARLIER_THAN, uid)
    if seen.atoms is not None:
        fresh = replace(_seen(seen), change_uid=uid)
        _append(segments, _held(seen.atoms, fresh), fresh, Bound.NO_LATER_THAN, None)
        segments[-1].proofs.append((seen.at, seen.at + TICK))
    return step


def _backfill(
    segments: list[Segment], atoms: Atoms, at: datetime, coverage: Coverage, why: str,
    source: Write | Observation,
) -> None:  # fmt: skip
    """Rule 2: content proven at `at` and not written before it held since coverage began."""
    covered = coverage.start is not None and coverage.start < at
    fresh = Held(
        value=None, change_uid=None, start=coverage.start if covered else at,
        start_bound=Bound.NO_LATER_THAN, how=HowKnown.OBSERVED, why=why, provenance=_proof(source),
    )  # fmt: skip
    _append(segments, _held(atoms, fresh), fresh, Bound.NO_LATER_THAN, None)
    segments[-1].proofs.append((at, at + TICK))


def _proof(point: Write | Observation) -> Provenance | None:
    """The bytes of a write or observation."""
    return point.record.provenance if isinstance(point, Write) else point.provenance


def _append(
    segments: list[Segment], content: dict[str, Held] | None, whole: Held, bound: Bound,
    uid: str | None,
) -> None:  # fmt: skip
    ending = segments[-1]
    ending.end, ending.end_bound, ending.end_change = whole.start, bound, uid
    if ending.start is not None and ending.start == ending.end:
        segments.pop()  # it never held for any time that the records can tell
    segments.append(Segment(content=content, whole=whole))


def _seen(seen: Observation) -> Held:
    return Held(
        value=None, change_uid=None, start=seen.at, start_bound=Bound.NO_LATER_THAN,
        how=HowKnown.OBSERVED, why=seen.why, provenance=seen.provenance,
    )  # fmt: skip


def _held(atoms: Atoms, fresh: Held) -> dict[str, Held]:
    return {fact: replace(fresh, value=value) for fact, value in atoms.items()}


def _atoms(content: dict[str, Held]) -> Atoms:
    return {fact: held.value for fact, held in content.items()}


def _untouched(segments: Sequence[Segment]) -> bool:
    return len(segments) == 1 and segments[0].content is None


def _too_near(
    seen: Observation, ordered: Sequence[Write | Observation], position: int, slack: timedelta
) -> bool:
    """Whether a write of the slot lies so near that the order of the two is not established."""
    for point in ordered[position - 1 :: -1] if position else ():
        if isinstance(point, Write) and point.accepted:
            if seen.at < point.record.end + slack:
                return True
            break
    for point in ordered[position + 1 :]:
        if isinstance(point, Write) and point.accepted:
            return point.record.time < seen.at + TICK
    return False
