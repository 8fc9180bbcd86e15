"""Exhibit K: gaps, coverage, contradictions, calibration, missing facts, assumptions."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from reports.exhibits import logging_coverage, parts, printed, records_wanted
from reports.exhibits.parts import principal_of
from reports.material import Material, Row
from reports.model import (
    Column,
    Exhibit,
    Kind,
    Label,
    Native,
    Origin,
    Paragraph,
    Section,
    Table,
    Text,
    given,
    quote,
    say,
)
from reports.pinpoint import instant, pinpoint, position, stored
from reports.text import Say, sentences

TEMPLATE = "gaps_and_limits.j2"
#: Contradictions that are printed one by one; all are in the count and in exhibit D's table.
LINES = 200
NUMBER = Column(title="No.", width=0.5, number=True)
RECORD = Column(title="Record", width=1.8, exact=True)


def build(material: Material, label: Label, _numbers: Mapping[str, tuple[str, ...]]) -> Exhibit:
    """The exhibit for the whole case."""
    tell = sentences(TEMPLATE, material.case)
    wrong = tuple(row for row in material.accesses if _contradicted(row))
    return Exhibit(
        key="K", number=label.number, stem=label.stem, title=tell("title"),
        kind=Kind.EXPERT_REPORT, origin=Origin.DERIVED, question=tell("question"), facts=(),
        coverage=parts.coverage(material), answer=tuple(_answer(material, tell, label.number)),
        sections=(
            _gaps(material, tell), records_wanted.section(material, tell),
            _coverage(material, tell), logging_coverage.section(material, tell),
            _calibration(material, tell), _grounds(material, tell), _contradictions(tell, wrong),
            _unknown(material, tell), _assumptions(material, tell),
        ),
        limits=(
            tell("calibration_limit"), tell("validation"),
            *parts.limits(material, start=None, end=None), parts.every(material)("codepoints"),
        ),
        sources=parts.sources(material, (*material.gaps, *wrong)), native=_native(material),
        running="Gaps and limits",
    )  # fmt: skip


def _answer(material: Material, tell: Say, number: str) -> Iterator[Text]:
    n = len(material.gaps)
    yield tell("answer_gaps", n=n, rows=parts.rows_cite(number, 1, n))
    found = Counter(row["agreement"] for row in material.accesses)
    if not found:
        yield tell("answer_uncalibrated")
        return
    yield tell(
        "answer_calibration", n=len(material.accesses), agree=found["agrees"],
        contradict=found["contradicts"], open=found["undetermined"],
    )  # fmt: skip


def _gaps(material: Material, tell: Say) -> Section:
    most = printed.bound(material)
    left = len(material.gaps) - most
    uncertain = logging_coverage.effects(material.gap_effects)
    table = Table(
        caption=tell("gaps_caption", n=len(material.gaps)),
        columns=(
            NUMBER, Column(title="Kind", width=1.3), Column(title="About", width=2.2),
            Column(title="Reason; what it leaves uncertain", width=3.8),
            Column(title="From (UTC)", width=1.4, exact=True),
            Column(title="Until (UTC)", width=1.4, exact=True), RECORD,
        ),
        rows=tuple(
            (
                say(str(n)), say(row["kind"].replace("_", " ")), quote(row["subject"]),
                parts.lines(given(row["reason"]),
                            *(parts.joined((say("uncertain:"), given(text)), " ")
                              for text in uncertain.get(row["gap_uid"], ()))),
                say(instant(row["time_from"], beyond="not known")),
                say(instant(row["time_to"], beyond="not known")),
                say(pinpoint({**row, "record_sha256": None})),
            )
            for n, row in enumerate(material.gaps[:most], 1)
        ),
        empty=tell("gaps_empty"), numbered=True,
    )  # fmt: skip
    more = (Paragraph(text=tell("gaps_more", n=left)),) if left > 0 else ()
    return Section(title=tell("gaps_title"), blocks=(table, *more))


def section(material: Material) -> Section:
    """The table of gaps, for other exhibits too; what they leave uncertain stands in this one."""
    return _gaps(replace(material, gap_effects=()), sentences(TEMPLATE, material.case))


def _coverage(material: Material, tell: Say) -> Section:
    table = Table(
        caption=tell("coverage_caption", n=len(material.coverage)),
        columns=(
            Column(title="Source", width=2.4),
            Column(title="Account; region; container", width=2.4),
            Column(title="First record (UTC)", width=1.5, exact=True),
            Column(title="Last record (UTC)", width=1.5, exact=True),
            Column(title="Records", width=0.9, number=True), Column(title="Basis", width=3.2),
        ),
        rows=tuple(
            (
                quote(row["source"]),
                quote("; ".join(str(row[name]) for name in ("account_uid", "region", "container")
                                if row[name])),
                say(instant(row["time_from"])), say(instant(row["time_to"])),
                say(f"{row['records'] or 0:,}"), given(row["basis"]),
            )
            for row in material.coverage
        ),
        empty=tell("coverage_empty"),
    )  # fmt: skip
    return Section(title=tell("coverage_title"), blocks=(table,))


def _calibration(material: Material, tell: Say) -> Section:
    found = Counter(
        (str(row["class"].get("decision") or "not decided"), row["logged"], row["agreement"])
        for row in material.accesses
    )
    columns = (
        Column(title="Decision", width=2), Column(title="Logged", width=2),
        Column(title="Agreement", width=2),
    )  # fmt: skip
    return _tally("calibration", tell("calibration_caption"), columns, found, tell)


def _contradicted(row: Row) -> bool:
    """Whether outcome or ground, as the record has them, disagree with the decision."""
    return "contradicts" in (row["agreement"], row["ground_agreement"])


def _grounds(material: Material, tell: Say) -> Section:
    """What records themselves state of the ground of their outcome: a second check."""
    found = Counter(
        (row["ground_stated"], str(row["class"].get("decision")), row["ground_agreement"])
        for row in material.accesses
        if row["ground_stated"] is not None
    )
    columns = (
        Column(title="Stated by the record", width=4), Column(title="Decision", width=2),
        Column(title="Agreement", width=2),
    )  # fmt: skip
    caption = tell("grounds_caption", n=sum(found.values()))
    return _tally("grounds", caption, columns, found, tell)


def _tally(
    name: str, caption: Text, columns: tuple[Column, ...], found: Counter[tuple[str, str, str]],
    tell: Say,
) -> Section:  # fmt: skip
    """Requests counted by what they have in common, one row each."""
    table = Table(
        caption=caption, columns=(*columns, Column(title="Requests", width=1, number=True)),
        rows=tuple(
            (*(say(word) for word in words), say(f"{n:,}")) for words, n in sorted(found.items())
        ),
        empty=tell(f"{name}_empty"),
    )  # fmt: skip
    return Section(title=tell(f"{name}_title"), blocks=(table,))


def _contradictions(tell: Say, wrong: tuple[Row, ...]) -> Section:
    table = Table(
        caption=tell("contradictions_caption", n=len(wrong)),
        columns=(
            NUMBER, Column(title="Time (UTC)", width=1.4, exact=True),
            Column(title="Operation; resource", width=3.2), Column(title="Principal", width=2.6),
            Column(title="Decision; logged; ground stated", width=2), RECORD,
        ),
        rows=tuple(
            (
                say(str(n)), say(instant(row["time"])),
                parts.lines(quote(row["operation"]), quote(row["resource_uid"] or "not named")),
                quote(principal_of(row)),
                parts.lines(
                    say(f"{row['class'].get('decision')}; {row['logged']}"),
                    say(row["ground_stated"]) if row["ground_stated"] else None,
                ),
                say(pinpoint(row)),
            )
            for n, row in enumerate(wrong[:LINES], 1)
        ),
        empty=tell("contradictions_empty"),
    )  # fmt: skip
    left = len(wrong) - LINES
    more = (Paragraph(text=tell("contradictions_more", n=left)),) if left > 0 else ()
    return Section(title=tell("contradictions_title"), blocks=(table, *more))


def _unknown(material: Material, tell: Say) -> Section:
    waiting: Counter[str] = Counter()
    for row in material.accesses:
        waiting.update(set(row["class"].get("unknowns") or ()))
    table = Table(
        caption=tell("unknown_caption", n=len(waiting)),
        columns=(
            Column(title="Missing fact", width=5), Column(title="Requests", width=1, number=True),
        ),
        rows=tuple((quote(name), say(f"{n:,}")) for name, n in sorted(waiting.items())),
        empty=tell("unknown_empty"),
    )  # fmt: skip
    return Section(title=tell("unknown_title"), blocks=(table,))


def _assumptions(material: Material, tell: Say) -> Section:
    used: Counter[str] = Counter()
    for row in material.accesses:
        used.update(set(row["class"].get("assumptions") or ()))
    on = material.config.assumptions.on()
    names = sorted({"records-complete", "unseen-guardrails-absent", "gaps-minimal",
                    "documented-readings", *on, *used})  # fmt: skip
    table = Table(
        caption=tell("assumptions_caption", n=len(names)),
        columns=(
            Column(title="Assumption", width=4), Column(title="In force", width=1),
            Column(title="Requests", width=1, number=True),
        ),
        rows=tuple(
            (say(name), say("yes" if name in on else "no"), say(f"{used[name]:,}"))
            for name in names
        ),
        empty=say("none"),
    )  # fmt: skip
    return Section(title=tell("assumptions_title"), blocks=(table,))


def _native(material: Material) -> Native:
    """Every gap, one row each."""
    columns = (
        ("row", "int"), ("gap_uid", "text"), ("kind", "text"), ("subject", "text"),
        ("reason", "text"), ("time_from", "text"), ("time_to", "text"), ("evidence_item", "text"),
        ("source_file", "text"), ("locator", "text"), ("byte_offset", "int"),
        ("byte_length", "int"), ("source_sha256", "text"),
    )  # fmt: skip
    rows = []
    for n, row in enumerate(material.gaps, 1):
        item = material.item(row["evidence_item"])
        _, _, offset, length = position(row["locator"])
        rows.append((
            n, row["gap_uid"], row["kind"], row["subject"], row["reason"],
            stored(row["time_from"]), stored(row["time_to"]), row["evidence_item"],
            item.name if item else None, row["locator"], offset, length,
            item.digest.sha256 if item else None,
        ))  # fmt: skip
    return Native(columns=columns, rows=tuple(rows))
