"""Bates numbers: one for each page that is produced, never given twice (R-133).

The ledger is custody: each `bates.reserve` entry takes a range, whether or not anything came of it.
A number is thus lost rather than used again, and a hole is on record: the next run that reserves
says of every range without an edition that it was reserved and not issued (`bates.unissued`). Only
the copy of the case that case.toml names may reserve, because two copies would give the same
numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collector.case_exhibits import ExhibitNumbering
from collector.custody import CustodyEntry
from collector.errors import UsageError
from collector.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A range of numbers, both ends included."""

    prefix: str
    digits: int
    first: int
    last: int

    def label(self, number: int) -> str:
        """A number as it is stamped: prefix, zeros in front."""
        return f"{self.prefix}{number:0{self.digits}d}"

    def labels(self, start: int, count: int) -> tuple[str, ...]:
        """`count` numbers from `start` on, all of them in the range."""
        assert self.first <= start
        assert start + count - 1 <= self.last
        return tuple(self.label(n) for n in range(start, start + count))


def next_free(config: ExhibitNumbering, entries: Iterable[CustodyEntry]) -> int:
    """The first number that no reservation under this prefix holds, `start` of case.toml at least.

    Prefixes that differ in case alone are one: as file names they would be.
    """
    taken = [
        int(entry.data["last"])
        for entry in entries
        if entry.action == "bates.reserve"
        and str(entry.data["prefix"]).casefold() == config.prefix.casefold()
    ]
    return max([config.start - 1, *taken]) + 1


def may_reserve(config: ExhibitNumbering, writer: str) -> None:
    """Whether this copy of the case is the one that reserves.

    Raises:
        UsageError: it is not, or none is named.
    """
    if config.bates_writer is None:
        raise UsageError(
            "case.toml, exhibits.bates_writer: expected the id of the one copy that reserves Bates "
            f'numbers, found none. This copy is "{writer}": write that if it is to be the one.'
        )
    if config.bates_writer != writer:
        raise UsageError(
            f"case.toml, exhibits.bates_writer: Bates numbers are reserved by the copy written by "
            f'"{config.bates_writer}"; this one is "{writer}". Make the final edition there.'
        )


def reserved(config: ExhibitNumbering, start: int, pages: int) -> Reservation:
    """The range that so many pages take.

    Raises:
        UsageError: a number would need more digits than case.toml gives.
    """
    last = start + pages - 1
    if len(str(last)) > config.digits:
        raise UsageError(
            f"case.toml, exhibits.digits: expected room for Bates numbers up to {last:,}, found "
            f"{config.digits} digits. Nothing was reserved."
        )
    return Reservation(prefix=config.prefix, digits=config.digits, first=start, last=last)


def record(
    session: Session, taken: Reservation, *, label: str, inputs_sha256: str,
    exhibits: Sequence[str] = (),
) -> None:  # fmt: skip
    """Append `bates.reserve`; durable when this returns, before the first number is stamped.

    Args:
        session: writing session.
        taken: the range.
        label: of the edition.
        inputs_sha256: of its inputs.json.
        exhibits: numbers of its exhibits, which are taken with the range.

    Raises:
        UsageError: the range is not free (it would be given twice).
    """
    free = next_free(session.config.exhibits, session.entries)
    if taken.first < free:
        raise UsageError(
            f"Bates numbers: expected a range from {free} on, found one from {taken.first}. "
            "Nothing was reserved."
        )
    session.record(
        "bates.reserve",
        why=f"final edition {label}",
        data={
            "digits": taken.digits, "first": taken.first, "inputs": inputs_sha256,
            "label": label, "last": taken.last, "numbers": list(exhibits), "prefix": taken.prefix,
        },
    )  # fmt: skip


def unissued(entries: Iterable[CustodyEntry]) -> tuple[CustodyEntry, ...]:
    """Reservations without a final edition on record that nothing says so of yet, in order."""
    known = tuple(entries)
    issued = {str(one.data["inputs"]) for one in known if one.action == "exhibits.final"}
    said = {int(one.data["reserved"]) for one in known if one.action == "bates.unissued"}
    return tuple(
        one for one in known
        if one.action == "bates.reserve" and str(one.data["inputs"]) not in issued
        and one.seq not in said
    )  # fmt: skip


def close(session: Session) -> tuple[str, ...]:
    """Append `bates.unissued` for each range that no edition came of; their names, for people."""
    lost = []
    for one in unissued(session.entries):
        data = one.data
        taken = Reservation(
            prefix=str(data["prefix"]), digits=int(data["digits"]), first=int(data["first"]),
            last=int(data["last"]),
        )  # fmt: skip
        ends = f"{taken.label(taken.first)} to {taken.label(taken.last)}"
        session.record(
            "bates.unissued",
            why=f"reserved, not issued: no final edition {data['label']} is on record for {ends}",
            data={
                "first": taken.label(taken.first), "last": taken.label(taken.last),
                "numbers": list(data.get("numbers", ())), "reserved": one.seq,
            },
        )  # fmt: skip
        lost.append(ends)
    return tuple(lost)


def of_inputs(entries: Iterable[CustodyEntry], inputs_sha256: str) -> Reservation | None:
    """The range reserved for an edition with these inputs; None if there is none."""
    for entry in entries:
        data = entry.data
        if entry.action == "bates.reserve" and data["inputs"] == inputs_sha256:
            return Reservation(
                prefix=str(data["prefix"]), digits=int(data["digits"]),
                first=int(data["first"]), last=int(data["last"]),
            )  # fmt: skip
    return None


def split(counts: Sequence[int], start: int) -> tuple[int, ...]:
    """First number of each document, of so many pages each, one after the other."""
    firsts = []
    for count in counts:
        firsts.append(start)
        start += count
    return tuple(firsts)
