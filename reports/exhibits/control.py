"""Exhibit J: what a contract allocates, and what permissions were held, by party (R-036–R-039).

Contractual and technical control are computed apart and shown side by side; where they differ, that
is said and nothing is concluded from it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from collector.registers import Entry
from reports.exhibits import baseline as baseline_exhibit
from reports.exhibits import control_tables as tables_of
from reports.exhibits import parts, supplied
from reports.exhibits.baseline import AsOf
from reports.material import Material
from reports.model import (
    Exhibit,
    Items,
    Kind,
    Label,
    Native,
    Origin,
    Section,
    Text,
    Value,
    plain,
    say,
)
from reports.pinpoint import instant, stored
from reports.text import Say, said, sentences
from timeline.correlate.control import CHANGE, NO, SEE, UNKNOWN, YES, Held, Permission, together
from timeline.correlate.control import permissions as computed

TEMPLATE = "control.j2"
MOST_RESOURCES = 5
_EARLIEST = datetime.min.replace(tzinfo=UTC)
AGREE, DIFFER, OPEN = "these agree", "these differ", "not determined"
ABSENT = "not in the register"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One setting and one party.

    Attributes:
        resource, pattern, title, party: which; `resource` and `title` are empty for a control that
            only the register names.
        allocated: rows of the register.
        change, see: yes, no, unknown; `none asked` where no principal of the party was asked.
        since: the permission to change that was held first; None if none was.
        spoken: whether the register speaks of the setting at all.
    """

    resource: str
    pattern: str
    title: str
    party: str
    allocated: tuple[Entry, ...]
    change: str
    see: str
    since: Permission | None
    spoken: bool

    @property
    def comparison(self) -> str:
        """Allocation beside permission, in a word."""
        verdicts = {verdict for verdict, _ in self._pairs()}
        if not self.spoken:
            return ABSENT
        return DIFFER if DIFFER in verdicts else OPEN if OPEN in verdicts else AGREE

    @property
    def differs(self) -> tuple[str, ...]:
        """What differs, in phrases of ours."""
        return tuple(words for verdict, words in self._pairs() if verdict == DIFFER and self.spoken)

    def _pairs(self) -> Iterator[tuple[str, str]]:
        wanted = {entry.text("role") for entry in self.allocated}
        yield _pair("change", self.change, allocated="configures" in wanted)
        yield _pair("see", self.see, allocated=bool(wanted - {"configures"}))


def _pair(what: str, held: str, *, allocated: bool) -> tuple[str, str]:
    if held == YES:
        return AGREE if allocated else DIFFER, f"{what}: held, not allocated"
    if held == NO:
        return DIFFER if allocated else AGREE, f"{what}: allocated, not held"
    return OPEN if allocated or held == UNKNOWN else AGREE, ""


def build(
    material: Material, label: Label, _numbers: Mapping[str, tuple[str, ...]], *,
    resources: tuple[str, ...],
) -> Exhibit:  # fmt: skip
    """The exhibit for the resources that get a history."""
    tell = sentences(TEMPLATE, material.case)
    known = tuple(baseline_exhibit.as_of(material, resources))
    dates = {one.resource: one for one in known[:MOST_RESOURCES]}
    asked = tuple(dates)
    held = computed(asked, material.intervals, material.changes, material.config)
    found = tuple(cells(material, held, dates))
    times = [one.at for one in dates.values()]
    return Exhibit(
        key="J", number=label.number, stem=label.stem, title=tell("title"),
        kind=Kind.EXPERT_REPORT, origin=Origin.DERIVED, question=tell("question"),
        facts=(
            ("Date of the permissions (UTC)",
             say(", ".join(instant(dates[one].at) for one in asked) or "none")),
            supplied.cover_row(material, ("control",)),
        ),
        coverage=parts.coverage(material), answer=tuple(_answer(material, tell, found, dates)),
        sections=_sections(material, tell, found, held, dates),
        limits=(
            *_limits(tell, held, len(known) - len(asked)),
            *parts.limits(
                material, start=min(times, default=None), end=max(times, default=None)),
        ),
        sources=parts.sources(
            material, {id(p.proof): p.proof for p in held.permissions if p.proof}.values()),
        native=_native(material, held, found, dates), running=plain(tell("running")),
    )  # fmt: skip


def cells(material: Material, held: Held, dates: Mapping[str, AsOf]) -> Iterator[Cell]:
    """Every setting with every party, in order of resource, setting and party."""
    entries = material.registers.of("control")
    settings = dict.fromkeys((p.resource_uid, p.pattern, p.title) for p in held.permissions)
    parties = parties_of(material, held)
    for resource, pattern, title in settings:
        of_setting = [p for p in held.permissions
                      if (p.resource_uid, p.pattern) == (resource, pattern)]  # fmt: skip
        for party in parties:
            mine = [p for p in of_setting if p.party == party]
            yield Cell(
                resource=resource, pattern=pattern, title=title, party=party,
                allocated=tuple(e for e in entries if e.text("party") == party
                                and _about(e.text("control"), pattern)),
                change=_at(mine, CHANGE, dates[resource]), see=_at(mine, SEE, dates[resource]),
                since=_first(mine),
                spoken=any(_about(e.text("control"), pattern) for e in entries),
            )  # fmt: skip
    for control in _unmatched(entries, [pattern for _, pattern, _ in settings]):
        for party in parties:
            yield Cell(
                resource="", pattern=control, title="", party=party,
                allocated=tuple(e for e in entries
                                if (e.text("party"), e.text("control")) == (party, control)),
                change=tables_of.NONE_ASKED, see=tables_of.NONE_ASKED, since=None,
                spoken=True,
            )  # fmt: skip


def parties_of(material: Material, held: Held) -> tuple[str, ...]:
    """Parties of case.toml in its order, then those that only the register names, then nobody's."""
    named = [one.name for one in material.config.parties]
    named += [entry.text("party") or "" for entry in material.registers.of("control")]
    named += sorted({p.party for p in held.permissions})
    return tuple(dict.fromkeys(name for name in named if name))


def _about(control: str | None, pattern: str) -> bool:
    names = [part.strip() for part in (control or "").split(";")]
    return any(
        name and (name == pattern or fnmatchcase(pattern, name) or fnmatchcase(name, pattern))
        for name in names
    )


def _unmatched(entries: Sequence[Entry], patterns: Sequence[str]) -> tuple[str, ...]:
    controls = dict.fromkeys(entry.text("control") or "" for entry in entries)
    return tuple(c for c in controls if not any(_about(c, pattern) for pattern in patterns))


def _at(mine: Sequence[Permission], what: str, date: AsOf) -> str:
    answers = [p.at(date.at) for p in mine if p.what == what]
    return together(answers) if answers else tables_of.NONE_ASKED


def _first(mine: Sequence[Permission]) -> Permission | None:
    held = [(p.first, p) for p in mine if p.what == CHANGE and p.first is not None]
    ordered = sorted(held, key=lambda one: (one[0].start or _EARLIEST, one[1].principal))
    return ordered[0][1] if ordered else None


def _answer(
    material: Material, tell: Say, found: Sequence[Cell], dates: Mapping[str, AsOf]
) -> Iterator[Text]:
    if not found:
        yield tell("answer_empty")
        return
    entries = material.registers.of("control")
    pairs: dict[tuple[str | None, str | None], set[str | None]] = {}
    for entry in entries:
        pairs.setdefault((entry.text("control"), entry.text("role")), set()).add(
            entry.text("party")
        )
    yield tell(
        "answer_contract", supplied=material.registers.supplied("control"), n=len(entries),
        controls=len({control for control, _ in pairs}),
        several=sum(len(parties) > 1 for parties in pairs.values()),
    )  # fmt: skip
    days = ", ".join(sorted({instant(one.at)[:10] for one in dates.values()}))
    for party in dict.fromkeys(cell.party for cell in found):
        mine = [c for c in found if c.party == party and c.change != tables_of.NONE_ASKED]
        if mine:
            yield tell(
                "answer_technical", party=party, change=sum(c.change == YES for c in mine),
                see=sum(c.see == YES for c in mine), n=len(mine), day=said(days),
            )  # fmt: skip
    verdicts = [cell.comparison for cell in found if tables_of.counts(cell)]
    if material.registers.supplied("control"):
        yield tell(
            "answer_divergence", differ=verdicts.count(DIFFER), agree=verdicts.count(AGREE),
            open=verdicts.count(OPEN), absent=verdicts.count(ABSENT),
        )  # fmt: skip


def _sections(
    material: Material, tell: Say, found: Sequence[Cell], held: Held, dates: Mapping[str, AsOf]
) -> tuple[Section, ...]:
    is_supplied = material.registers.supplied("control")
    dated = Items(
        entries=tuple(
            tell("instant", resource=one.resource, at=said(instant(one.at)), why=one.why)
            for one in dates.values()
        )
        or (tell("matrix_empty"),)
    )
    entries = material.registers.of("control")
    return (
        Section(title=tell("instants_title"), blocks=(dated,)),
        Section(title=tell("matrix_title"), blocks=tuple(
            tables_of.matrices(tell, found, is_supplied=is_supplied))),
        Section(title=tell("differences_title"), blocks=tuple(
            tables_of.differences(tell, found, is_supplied=is_supplied))),
        Section(title=tell("register_title"), blocks=(
            tables_of.register(tell, entries, supplied=is_supplied),
            *tables_of.unallocated(tell, entries),
            *(() if is_supplied else (tables_of.preset(tell),)))),
        Section(title=tell("principals_title"), blocks=tuple(
            tables_of.principals(tell, held.permissions, dates))),
    )  # fmt: skip


def _limits(tell: Say, held: Held, more: int) -> Iterator[Text]:
    yield tell("limit_mapping")
    yield tell("limit_not_asked")
    yield tell("limit_probe")
    if held.left_out:
        yield tell("limit_left_out", n=held.left_out)
    if more > 0:
        yield tell("limit_resources", n=more)
    yield tell("limit_percent")


def _native(
    material: Material, held: Held, found: Sequence[Cell], dates: Mapping[str, AsOf]
) -> Native:
    columns = (
        ("row", "int"), ("part", "text"), ("resource", "text"), ("setting", "text"),
        ("party", "text"), ("principal", "text"), ("what", "text"), ("action", "text"),
        ("at", "text"), ("answer", "text"), ("because", "text"), ("unknowns", "text"),
        ("held_since", "text"), ("held_since_bound", "text"), ("role", "text"), ("clause", "text"),
        ("comparison", "text"), ("stated_in", "text"), ("stated_in_sha256", "text"),
        ("evidence_as_supplied", "text"), *parts.TRACE,
    )  # fmt: skip
    rows: list[tuple[Value, ...]] = [
        _of_permission(material, one, dates[one.resource_uid]) for one in held.permissions
    ]
    supplied_too = material.registers.supplied("control")
    rows += [_of_cell(cell, is_supplied=supplied_too) for cell in found if tables_of.counts(cell)]
    rows += [_of_entry(material, entry) for entry in material.registers.of("control")]
    return Native(columns=columns, rows=tuple((n, *row) for n, row in enumerate(rows, 1)))


_NO_TRACE: tuple[Value, ...] = (None,) * len(parts.TRACE)


def _of_permission(material: Material, one: Permission, date: AsOf) -> tuple[Value, ...]:
    first = one.first
    trace = parts.trace(material, one.proof, one.proof["start"]) if one.proof else _NO_TRACE
    return (
        "permission", one.resource_uid, one.pattern, one.party, one.principal, one.what,
        one.action, stored(date.at), one.at(date.at), "; ".join(one.because(date.at)) or None,
        "; ".join(one.unknowns(date.at)) or None, stored(first.start) if first else None,
        str(first.start_bound) if first else None, *(None,) * 6, *trace,
    )  # fmt: skip


def _of_cell(cell: Cell, *, is_supplied: bool) -> tuple[Value, ...]:
    return (
        "party", cell.resource or None, cell.pattern, cell.party, None, None, None, None,
        f"change: {cell.change}; see: {cell.see}", *(None,) * 4,
        ", ".join(sorted(entry.text("role") or "" for entry in cell.allocated)) or None,
        None, cell.comparison if is_supplied else None, *(None,) * 3, *_NO_TRACE,
    )  # fmt: skip


def _of_entry(material: Material, entry: Entry) -> tuple[Value, ...]:
    return (
        "allocation", None, entry.text("control"), entry.text("party"), *(None,) * 9,
        entry.text("role"), entry.text("clause"), None, entry.place,
        material.registers.sha256.get("control"), entry.text("evidence"), *_NO_TRACE,
    )  # fmt: skip
