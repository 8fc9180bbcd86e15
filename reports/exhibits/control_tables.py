"""Tables of exhibit J."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collector.registers import ROLES, Entry
from reports.exhibits import parts
from reports.exhibits.baseline import AsOf
from reports.model import Column, Items, Table, Text, given, quote, say
from reports.pinpoint import bounded, pinpoint
from reports.text import Say
from timeline.correlate.control import NO, UNKNOWN, YES, Permission

if TYPE_CHECKING:
    from reports.exhibits.control import Cell

_EARLIEST = datetime.min.replace(tzinfo=UTC)
NONE_ASKED = "no principal asked"
#: Parties beside each other in one table; more go into a further one.
ABREAST = 4
DIFFERENCES = (
    Column(title="Setting", width=2.0),
    Column(title="Party", width=1.8),
    Column(title="Allocated", width=2.2),
    Column(title="Could change", width=1.0),
    Column(title="Could see", width=1.0),
    Column(title="Could change since (UTC)", width=1.9, exact=True),
    Column(title="Comparison", width=1.7),
)
REGISTER = (
    Column(title="Control", width=1.8),
    Column(title="Party", width=2.0),
    Column(title="Role", width=1.2),
    Column(title="Clause", width=1.4),
    Column(title="Register; evidence", width=2.8),
)
PRESET_ROLES = ("client", "managed", "platform")
PRESET = (Column(title="Role", width=2.4), Column(title="Usually configures", width=5.0))
PRINCIPALS = (
    Column(title="Principal; party; resource", width=3.4),
    Column(title="What", width=0.8),
    Column(title="Yes", width=2.2),
    Column(title="Unknown", width=1.8),
    Column(title="No", width=2.0),
    Column(title="Because; unknown", width=2.0),
    Column(title="First held (UTC)", width=1.6, exact=True),
    Column(title="A policy of it", width=1.6, exact=True),
)


def counts(cell: "Cell") -> bool:
    """Whether there is an allocation or a permission to speak of."""
    return bool(cell.allocated) or YES in (cell.change, cell.see) or UNKNOWN in (
        cell.change, cell.see,
    )  # fmt: skip


def matrices(tell: Say, found: Sequence["Cell"], *, is_supplied: bool) -> Iterator[Table]:
    """Settings down, parties across."""
    parties = list(dict.fromkeys(cell.party for cell in found))
    rows = dict.fromkeys((cell.resource, cell.pattern, cell.title) for cell in found)
    by_place = {(c.resource, c.pattern, c.party): c for c in found}
    for start in range(0, max(len(parties), 1), ABREAST):
        some = parties[start : start + ABREAST]
        yield Table(
            caption=tell("matrix_caption", n=len(rows)),
            columns=(Column(title="Setting", width=1.6),
                     *(Column(title=f"Party {start + n}", width=1.6)
                       for n in range(1, len(some) + 1))),
            rows=(
                *(((say(""), *(given(name) for name in some)),) if some else ()),
                *(
                    (
                        _setting(resource, pattern, title),
                        *(_cell(by_place[resource, pattern, party], is_supplied=is_supplied)
                          for party in some),
                    )
                    for resource, pattern, title in rows
                ),
            ),
            empty=tell("matrix_empty"),
        )  # fmt: skip


def _setting(resource: str, pattern: str, title: str) -> Text:
    if not resource:
        return parts.lines(given(pattern), say("named by the register alone"))
    return parts.lines(say(title), quote(pattern), quote(resource))


def _cell(cell: "Cell", *, is_supplied: bool) -> Text:
    return parts.lines(
        _allocated(cell) if is_supplied else say("allocation not supplied"),
        say(f"change: {cell.change}"),
        say(f"see: {cell.see}"),
    )


def _allocated(cell: "Cell") -> Text:
    if not cell.allocated:
        return say("not allocated")
    return parts.lines(
        *(
            parts.joined(
                (say(entry.text("role") or ""), given(entry.text("clause") or "no clause")), ": "
            )
            for entry in cell.allocated
        )
    )


def differences(tell: Say, found: Sequence["Cell"], *, is_supplied: bool) -> Table:
    """Allocation beside permission, with what compares."""
    told = [cell for cell in found if counts(cell)]
    rows = tuple(
        (
            _setting(cell.resource, cell.pattern, cell.title), given(cell.party),
            _allocated(cell) if is_supplied else say("not supplied"),
            say(cell.change), say(cell.see), say(_since(cell.since)),
            parts.lines(say(cell.comparison), *map(say, cell.differs)) if is_supplied
            else say("not supplied"),
        )
        for cell in told
    )  # fmt: skip
    return Table(
        caption=tell("differences_caption", n=len(rows)), columns=DIFFERENCES, rows=rows,
        empty=tell("differences_empty"), wide=True,
    )  # fmt: skip


def _since(one: Permission | None) -> str:
    if one is None or one.first is None:
        return "no period in the records"
    return bounded(one.first.start, str(one.first.start_bound), edge="start")


def register(tell: Say, entries: Sequence[Entry], *, supplied: bool) -> Table:
    """The register as it is."""
    rows = tuple(
        (
            given(entry.text("control") or ""), given(entry.text("party") or ""),
            say(entry.text("role") or ""), given(entry.text("clause") or "not supplied"),
            parts.lines(say(entry.place), given(entry.text("evidence") or "not supplied")),
        )
        for entry in entries
    )  # fmt: skip
    return Table(
        caption=tell("register_caption", n=len(rows)), columns=REGISTER, rows=rows,
        empty=tell("register_empty", supplied=supplied),
    )  # fmt: skip


def preset(tell: Say) -> Table:
    """R-039: a usual split, where no register was supplied; it is no evidence of this one."""
    return Table(
        caption=tell("preset_caption"), columns=PRESET, empty=(),
        rows=tuple((tell("preset_role", role=role), tell("preset_what", role=role))
                   for role in PRESET_ROLES),
    )  # fmt: skip


def unallocated(tell: Say, entries: Sequence[Entry]) -> Iterator[Items]:
    """Roles that no row allocates for a control that the register names."""
    held: dict[str, set[str]] = {}
    for entry in entries:
        held.setdefault(entry.text("control") or "", set()).add(entry.text("role") or "")
    missing = tuple(
        tell("unallocated", control=control, roles=", ".join(r for r in ROLES if r not in roles))
        for control, roles in held.items()
        if not roles.issuperset(ROLES)
    )
    if missing:
        yield Items(entries=missing)


def principals(tell: Say, found: Sequence[Permission], dates: Mapping[str, AsOf]) -> Table:
    """Permissions of a principal on the settings of a resource, one row for each of two things."""
    groups: dict[tuple[str, str, str], list[Permission]] = {}
    for one in found:
        groups.setdefault((one.resource_uid, one.principal, one.what), []).append(one)
    rows = tuple(_permissions(ones, dates[ones[0].resource_uid]) for ones in groups.values())
    return Table(
        caption=tell("principals_caption", n=len(rows)), columns=PRINCIPALS, rows=rows,
        empty=tell("principals_empty"), wide=True,
    )  # fmt: skip


def _permissions(ones: Sequence[Permission], date: AsOf) -> tuple[Text, ...]:
    named = {
        answer: [one.title for one in ones if one.at(date.at) == answer]
        for answer in (YES, UNKNOWN, NO)
    }
    because = sorted({path for one in ones for path in one.because(date.at)})
    unknowns = sorted({name for one in ones for name in one.unknowns(date.at)})
    held = [(one.first, one) for one in ones if one.first is not None]
    first = min(held, key=lambda one: one[0].start or _EARLIEST, default=(None, None))[1]
    proof = ones[0].proof
    return (
        parts.lines(quote(ones[0].principal), given(ones[0].party), quote(ones[0].resource_uid)),
        say(ones[0].what),
        *(say(", ".join(named[answer]) or "none") for answer in (YES, UNKNOWN, NO)),
        parts.lines(*(quote(path) for path in because), *(quote(name) for name in unknowns))
        or say("no grant in the records"),
        say(_since(first)), say(pinpoint(proof) if proof else "no record"),
    )  # fmt: skip
