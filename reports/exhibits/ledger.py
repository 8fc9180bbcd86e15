"""The ledger of warnings (R-012), the three questions on it (R-013), recurrence (R-014).

Emitted, delivered, acknowledged, acted on, closed are states of their own. What is not supplied is
not denied: a question without evidence is answered `unknown`, never by the absence of a document.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from collector.registers import Entry, Registers
from reports.material import Row

YES, NO, UNKNOWN = "yes", "no", "unknown"
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
#: States of a detector's finding that is no longer open.
CLOSED = ("RESOLVED", "ARCHIVED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One warning.

    Attributes:
        uid, what: as supplied, or as the provider's detector says.
        emitted, delivered, acknowledged, closed: None = not evidenced.
        recipient, action: None = not supplied.
        resource, setting: what it is about; None = not supplied.
        evidence: as supplied; `place` the line of the register.
        row: of a detector's finding, its provenance; None for a register.
        closed_latest: whether `closed` is only the latest time at which it may have been closed.
    """

    uid: str
    what: str
    emitted: datetime | None
    delivered: datetime | None
    recipient: str | None
    acknowledged: datetime | None
    action: str | None
    closed: datetime | None
    resource: str | None
    setting: str | None
    evidence: str | None
    place: str
    row: Row | None = None
    closed_latest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One of the three questions for one resource."""

    name: str
    resource: str
    answer: str
    basis: tuple[str, ...]


def notices(registers: Registers, found: Sequence[Notice] = ()) -> tuple[Notice, ...]:
    """All warnings: of the register and of detectors, by the time of emission."""
    own = [
        Notice(
            uid=one.text("id") or "", what=one.text("what") or "", emitted=one.time("emitted_at"),
            delivered=one.time("delivered_at"), recipient=one.text("recipient"),
            acknowledged=one.time("acknowledged_at"), action=one.text("action"),
            closed=one.time("closed_at"), resource=one.text("resource"),
            setting=one.text("setting"), evidence=one.text("evidence"), place=one.place,
        )
        for one in registers.of("warnings")
    ]  # fmt: skip
    return tuple(
        sorted([*own, *found], key=lambda n: (n.emitted or n.delivered or _LAST, n.place, n.uid))
    )


def detected(rows: Sequence[Row]) -> tuple[Notice, ...]:
    """Findings of the provider's detectors: of each the answer that knows most of it.

    A finding tells nobody by itself: delivery is not evidenced by it. One that is no longer open
    was closed at its last update or before.
    """
    last: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row["product"], row["warning_uid"])
        if key not in last or _newer(row, last[key]):
            last[key] = row
    return tuple(_detected(row) for _, row in sorted(last.items()))


def _newer(row: Row, other: Row) -> bool:
    return bool((row["updated_at"] or _FIRST) > (other["updated_at"] or _FIRST))


def _detected(row: Row) -> Notice:
    over = row["status"] in CLOSED
    return Notice(
        uid=row["warning_uid"], what=row["title"] or row["product"], emitted=row["created_at"],
        delivered=None, recipient=None, acknowledged=None, action=None,
        closed=row["updated_at"] if over else None, closed_latest=over,
        resource=row["resource_uid"], setting=None, evidence=None, place=row["product"], row=row,
    )  # fmt: skip


def about(names: str | None, resource: str) -> bool:
    """Whether a list of names or patterns, separated by `;`, holds a resource."""
    listed = [part.strip() for part in (names or "").split(";")]
    return any(name and (name == resource or fnmatchcase(resource, name)) for name in listed)


def questions(
    resource: str, until: datetime | None, said: Sequence[Notice], registers: Registers
) -> tuple[Answered, ...]:
    """The three questions for a resource.

    Args:
        until: the first access of the incident; None where there is none.
        said: all warnings.
    """
    return (
        _warned(resource, until, said),
        _covered(resource, "unchecked", ("automated check",), ("no automated check",), registers,
                 [one for one in said if one.row is not None and about(one.resource, resource)]),
        _covered(resource, "unreviewed", ("review", "audit"), ("no review", "no audit"),
                 registers, []),
    )  # fmt: skip


def _warned(resource: str, until: datetime | None, said: Sequence[Notice]) -> Answered:
    mine = [one for one in said if about(one.resource, resource) and one.emitted is not None]
    if until is None or not mine:
        return Answered(name="warned", resource=resource, answer=UNKNOWN, basis=())
    before = [one for one in mine if one.emitted is not None and one.emitted <= until]
    still = [
        one
        for one in before
        if not one.closed_latest and (one.closed is None or one.closed > until)
    ]
    perhaps = [one for one in before if one.closed_latest and (one.closed or _LAST) > until]
    basis = tuple(
        one.place if one.delivered else f"{one.place} (delivery not evidenced)"
        for one in still or perhaps or before or mine
    )
    answer = YES if still else UNKNOWN if perhaps else NO
    return Answered(name="warned", resource=resource, answer=answer, basis=basis)


def _covered(
    resource: str, name: str, kinds: Sequence[str], denials: Sequence[str], registers: Registers,
    detected: Sequence[Notice],
) -> Answered:  # fmt: skip
    """`no` where a document (or a finding) shows that one covered it; `yes` where one denies it."""
    there = [one.place for one in _documents(registers, kinds, resource)]
    there += [one.place for one in detected]
    denied = [one.place for one in _documents(registers, denials, resource)]
    answer = UNKNOWN if bool(there) == bool(denied) else NO if there else YES
    return Answered(name=name, resource=resource, answer=answer, basis=(*there, *denied))


def _documents(registers: Registers, kinds: Sequence[str], resource: str) -> Iterator[Entry]:
    for one in registers.of("documents"):
        if (one.text("kind") or "").casefold() in kinds and about(one.text("scope"), resource):
            yield one


def recurrences(said: Sequence[Notice], windows: Sequence[Row]) -> Iterator[tuple[Notice, Row]]:
    """A warning that was closed, and a window on its resource that began later."""
    for one in said:
        for row in windows:
            resource = str(row["resource_uid"]).removesuffix("/*")
            if (
                one.closed is not None
                and row["start"] is not None
                and row["start"] > one.closed
                and about(one.resource, resource)
            ):
                yield one, row
