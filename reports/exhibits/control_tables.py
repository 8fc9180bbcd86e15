"""Tables of exhibit J."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collector.registers import ROLES, Entry
from reports.exhibits import parts
from reports.exhibits.baseline import AsOf
from reports.model import Column, Items, Paragraph, Table, Text, given, quote, say
from reports.pinpoint import bounded, pinpoint
from reports.text import Say
from timeline.correlate.control import CHANGE, NO, UNKNOWN, YES, Permission

if TYPE_CHECKING:
    from reports.exhibits.control import Cell

_EARLIEST = datetime.min.replace(tzinfo=UTC)
NONE_ASKED = "no principal asked"
#: Parties beside each other in one table; more go into a further one.
ABREAST = 4
#: Lines of a table that are printed, those that matter most; the native table holds all.
LINES = 60
DIFFERENCES = (
    Column(title="Setting", width=2.0),
    Column(title="Party", width=1.8),
    Column(title="Allocated", width=2.2),
    Column(title="Could change", width=1.0),
    Column(title="Could see", width=1.0),
    Column(title="Could change since (UTC)", width=2.1, exact=True),
    Column(title="Comparison", width=1.6),
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
    Column(title="Principal; party; resource", width=3.2),
    Column(title="What", width=1.0),
    Column(title="Yes", width=1.5),
    Column(title="Unknown", width=1.5),
    Column(title="No", width=1.5),
    Column(title="Because; unknown", width=3.0),
    Column(title="First held (UTC)", width=1.9, exact=True),
    Column(title="A policy of it", width=1.9, exact=True),
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


def differences(
    tell: Say, found: Sequence["Cell"], *, is_supplied: bool
) -> Iterator[Table | Paragraph]:
    """Allocation beside permission, with what compares; of many lines those that differ first."""
    told = [cell for cell in found if counts(cell)]
    most = sorted(range(len(told)), key=lambda n: (not told[n].differs, n))[:LINES]
    rows = tuple(
        (
            _setting(cell.resource, cell.pattern, cell.title), given(cell.party),
            _allocated(cell) if is_supplied else say("not supplied"),
            say(cell.change), say(cell.see), say(_since(cell.since)),
            parts.lines(say(cell.comparison), *map(say, cell.differs)) if is_supplied
            else say("not supplied"),
        )
        for cell in (told[n] for n in sorted(most))
    )  # fmt: skip
    yield Table(
        caption=tell("differences_caption", n=len(told)), columns=DIFFERENCES, rows=rows,
        empty=tell("differences_empty"), wide=True,
    )  # fmt: skip
    if len(told) > LINES:
        yield Paragraph(text=tell("differences_more", n=len(told) - LINES))


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


def principals(
    tell: Say, found: Sequence[Permission], dates: Mapping[str, AsOf]
) -> Iterator[Table | Paragraph]:
    """Permissions of a principal on the settings of a resource, one row for each of two things.

    Of many rows those with a permission held come first, those to change before those to see.
    """
    groups: dict[tuple[str, str, str], list[Permission]] = {}
    for one in found:
        groups.setdefault((one.resource_uid, one.principal, one.what), []).append(one)
    listed = list(groups.values())
    most = sorted(
        range(len(listed)), key=lambda n: (_rank(listed[n], dates[listed[n][0].resource_uid]), n)
    )[:LINES]
    yield Table(
        caption=tell("principals_caption", n=len(listed)), columns=PRINCIPALS,
        rows=tuple(
            _permissions(listed[n], dates[listed[n][0].resource_uid]) for n in sorted(most)
        ),
        empty=tell("principals_empty"), wide=True,
    )  # fmt: skip
    if len(listed) > LINES:
        yield Paragraph(text=tell("principals_more", n=len(listed) - LINES))


def _rank(ones: Sequence[Permission], date: AsOf) -> tuple[int, bool]:
    answers = {one.at(date.at) for one in ones}
    held = next(n for n, answer in enumerate((YES, UNKNOWN, NO)) if answer in answers)
    return held, ones[0].what != CHANGE


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
        *(say(_titles(named[answer], len(ones))) for answer in (YES, UNKNOWN, NO)),
        parts.joined([quote(one) for one in (*because, *unknowns)], "; ")
        or say("no grant in the records"),
        say(_since(first)), say(pinpoint(proof) if proof else "no record"),
    )  # fmt: skip


def _titles(named: Sequence[str], of: int) -> str:
    """Settings by title; all of several by their number, as the tables above name them."""
    if len(named) == of > 1:
        return f"all {of} settings"
    return ", ".join(named) or "none"
