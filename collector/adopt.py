"""API exchanges of another case, taken over: WARC records byte for byte, and their observations.

A record becomes `EV-<this acquisition>.w<new number>` and keeps its old id as `origin`. Only whole
records are taken, and only observations whose records have the digests that the other ledger
states; everything else is a gap. A resumed import goes on where it stopped: the order is fixed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from collector import canonical, ledger, recovery
from collector.acquisition import AcquisitionWriter
from collector.model import Gap, Observation, Origin, WarcPointer
from collector.other_case import BROKEN, OtherCase


@dataclass(slots=True)
class Adopted:
    """What was taken over.

    Attributes:
        items: (case id, item id there) -> item id here, of every record that an observation cites.
        records, observations: places in the fixed order.
        held_records, held_observations: of these, what an interrupted run already had.
    """

    items: dict[tuple[str, str], str] = field(default_factory=dict)
    records: int = 0
    observations: int = 0
    held_records: int = 0
    held_observations: int = 0


def adopt(writer: AcquisitionWriter, others: Iterable[OtherCase]) -> tuple[Adopted, list[Gap]]:
    """Append the exchanges of other cases; what was taken, and gaps for what was not."""
    adopted = Adopted()
    gaps: list[Gap] = []
    adopted.held_observations = sum(1 for _ in writer.observations())
    adopted.held_records = len(recovery.pointers(writer.folder / ledger.WARC))
    for other in others:
        for number, folder in other.acquisitions:
            gaps += _adopt_one(writer, other, number, folder, adopted)
    return adopted, gaps


def _adopt_one(
    writer: AcquisitionWriter, other: OtherCase, number: int, folder: Path, adopted: Adopted
) -> Iterator[Gap]:
    """Records first, so that an observation cites what is there."""
    path = folder / ledger.WARC
    try:
        theirs = recovery.pointers(path)
    except BROKEN as error:
        yield _gap(other, path, f"expected whole WARC records, found: {error}")
        theirs = []
    first = adopted.records
    for pointer in theirs:
        adopted.records += 1
        if adopted.records > adopted.held_records:
            writer.add_exchange([(pointer.kind, _bytes(path, pointer))])
    ledger_path = folder / ledger.OBSERVATIONS
    try:
        for line in ledger.lines(ledger_path):
            observation = ledger.read_observation(line)
            canonical.encode(ledger.observation_line(observation))
            cited = [_same(one, theirs) for one in observation.records]
            if not all(cited):
                what = f"{observation.operation} {observation.resource}"
                reason = f"expected the records that {what} cites, found others or none"
                yield _gap(other, ledger_path, reason)
                continue
            adopted.observations += 1
            here = _moved(writer, other, (number, path), observation, first, adopted)
            if adopted.observations > adopted.held_observations:
                writer.add_observation(here)
    except BROKEN as error:
        yield _gap(other, ledger_path, f"expected observations, found: {error}")


def _moved(
    writer: AcquisitionWriter,
    other: OtherCase,
    where: tuple[int, Path],
    observation: Observation,
    first: int,
    adopted: Adopted,
) -> Observation:
    """The observation with the places that its records have here."""
    records, (number, path) = [], where
    for one in observation.records:
        old, new = f"EV-{number}.w{one.record}", first + one.record
        origin = Origin(
            case=other.case_id,
            path=other.below(path),
            item=old,
            acquired_at=observation.at,
        )
        records.append(replace(writer.pointer(new), origin=origin))
        adopted.items[other.case_id, old] = f"EV-{writer.number}.w{new}"
    return replace(observation, records=tuple(records))


def _same(cited: WarcPointer, theirs: list[WarcPointer]) -> bool:
    """Whether the record is there with the digest that the ledger states."""
    at = cited.record - 1
    return 0 <= at < len(theirs) and theirs[at].digest.sha256 == cited.digest.sha256


def _bytes(path: Path, pointer: WarcPointer) -> bytes:
    with path.open("rb") as file:
        file.seek(pointer.offset)
        return file.read(pointer.length)


def _gap(other: OtherCase, path: Path, reason: str) -> Gap:
    return Gap(
        kind="unreadable",
        subject=other.below(path),
        reason=f"case {other.case_id}: {reason}",
    )
