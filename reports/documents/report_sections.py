"""Sections of a report that the records fill: materials, coverage, method, findings, limits."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from reports import method_pages, text
from reports.documents import known_issues, places, report_given, report_range, report_unavailable
from reports.documents.knowledge import Knowledge
from reports.documents.places import Numbers
from reports.exhibits import parts
from reports.material import Material, Row
from reports.model import Block, Column, Facts, Items, Paragraph, Table, Text, given, quote, say
from reports.pinpoint import instant, pinpoint
from reports.text import Say, said

#: Findings printed, and records of each; the rest is counted, and stands in findings.json.
STATED, SHOWN = 20, 3
TERMS = (
    "allowed", "but-for", "counterfactual", "coverage", "exposure window", "finding", "gap",
    "minimal sufficient set", "pinpoint", "seal",
)  # fmt: skip
DUTIES = 6
MATERIALS = (
    Column(title="Acquisition", width=0.9, number=True),
    Column(title="Source; from whom", width=3.6),
    Column(title="Items", width=0.8, number=True),
    Column(title="Bytes", width=1.2, number=True),
    Column(title="Acquired, first and last (UTC)", width=2.0, exact=True),
)
#: Sources printed of a longer list.
COVERED = 60
COVERAGE = (
    Column(title="Source", width=2.6),
    Column(title="First record (UTC)", width=1.6, exact=True),
    Column(title="Last record (UTC)", width=1.6, exact=True),
    Column(title="Records", width=0.9, number=True),
    Column(title="Gaps in it", width=0.9, number=True),
    Column(title="Of the incident not in it (UTC)", width=1.6, exact=True),
    Column(title="Basis", width=2.4),
)


def fact(mark: Knowledge, text: Text) -> Facts:
    """A statement of fact, with from whom it is known in the margin (R-101)."""
    return Facts(pairs=((str(mark), text),))


def materials(material: Material, tell: Say, numbers: Numbers) -> Iterator[Block]:
    """R-091: all items count as considered; the full list is the index of evidence."""
    groups: dict[int, list[Any]] = {}
    for item in material.items:
        groups.setdefault(item.acquisition, []).append(item)
    by = {row["acq"]: row for row in material.acquisitions}
    yield fact(
        Knowledge.RECORD,
        tell(
            "materials", n=len(material.items), acquisitions=len(groups),
            withdrawn=len(material.withdrawn),
            place=said(places.rows(numbers, "B", len(material.items))),
        )
    )  # fmt: skip
    yield Table(
        caption=tell("materials_caption", n=len(groups)), columns=MATERIALS,
        rows=tuple(
            (
                say(str(number)), _from(items[0].source, by.get(number, {})),
                say(f"{len(items):,}"), say(f"{sum(one.size for one in items):,}"),
                say(f"{instant(min(one.acquired_at for one in items))} to "
                    f"{instant(max(one.acquired_at for one in items))}"),
            )
            for number, items in sorted(groups.items())
        ),
        empty=tell("materials_empty"),
    )  # fmt: skip


def _from(source: str, row: Row) -> Text:
    handover: Mapping[str, Any] = row.get("handover") or {}
    whom = handover.get("provided_by") or row.get("principal")
    return parts.lines(
        given(source), quote(str(row["scope"])) if row.get("scope") else None,
        given(str(whom)) if whom else say("from whom: not recorded"),
    )  # fmt: skip


def coverage(material: Material, tell: Say, numbers: Numbers) -> Iterator[Block]:
    """R-061: what each source holds, and the gaps that touch it; of many those with gaps first."""
    rows = list(material.coverage)
    if len(rows) > COVERED:
        rows.sort(key=lambda row: (-_touching(material, row), -(row["records"] or 0)))
    yield Table(
        caption=tell("coverage_caption", n=len(material.coverage)), columns=COVERAGE,
        rows=tuple(
            (
                parts.lines(quote(row["source"]),
                            quote(row["container"]) if row["container"] else None),
                say(instant(row["time_from"])), say(instant(row["time_to"])),
                say(f"{row['records'] or 0:,}"),
                say(f"{_touching(material, row):,}"), _outside(material, row),
                given(row["basis"]),
            )
            for row in rows[:COVERED]
        ),
        empty=tell("coverage_empty"),
    )  # fmt: skip
    if len(rows) > COVERED:
        yield Paragraph(text=tell("coverage_more", n=len(rows) - COVERED))
    kinds = Counter(row["kind"].replace("_", " ") for row in material.gaps)
    yield fact(
        Knowledge.TOOL,
        tell(
            "coverage_gaps", n=len(material.gaps),
            kinds=said(", ".join(f"{kind} {n:,}" for kind, n in sorted(kinds.items()))),
            place=said(places.rows(numbers, "K", len(material.gaps))),
        )
    )  # fmt: skip


def _outside(material: Material, row: Row) -> Text:
    """Stretches of the incident's period before the first and after the last record (R-061)."""
    start, end = material.config.incident.time_from, material.config.incident.time_to
    first, last = row["time_from"], row["time_to"]
    if start is None and end is None:
        return say("no period given")
    if first is None or last is None:
        return say("not established")
    found = []
    if start is not None and start < first:
        found.append(f"{instant(start)} to {instant(min(first, end or first))}")
    if end is not None and last < end:
        found.append(f"{instant(max(last, start or last))} to {instant(end)}")
    return parts.lines(*map(say, found)) if found else say("none")


def _touching(material: Material, row: Row) -> int:
    return sum(meets(gap, row["time_from"], row["time_to"]) for gap in material.gaps)


def meets(gap: Row, start: datetime | None, end: datetime | None) -> bool:
    """Whether a gap lies in a period; a gap or an edge that is not known might."""
    if gap["time_to"] and start and gap["time_to"] < start:
        return False
    return not (gap["time_from"] and end and gap["time_from"] > end)


def method(material: Material, tell: Say, numbers: Numbers) -> Iterator[Block]:
    """R-062."""
    import butfor

    n = sum(1 for _ in method_pages.pages())
    place = said(places.rows(numbers, "M", n))
    yield fact(
        Knowledge.TOOL,
        tell("method", pages=n, place=place, tool=said(f"butfor {butfor.__version__}")),
    )


def findings(material: Material, tell: Say, numbers: Numbers) -> Iterator[Block]:
    """Each finding with what it rests on, in the words of the computation."""
    if not material.findings:
        yield Paragraph(text=tell("findings_none"))
        return
    where = said(places.exhibit(numbers, "F"))
    yield fact(Knowledge.TOOL, tell("findings", n=len(material.findings), place=where))
    for row in material.findings[:STATED]:
        yield Facts(
            pairs=(
                (f"{row['number']} ({Knowledge.TOOL})", given(row["statement"])),
                ("Class; method", parts.lines(_one(row, "result_class"), _one(row, "method"))),
                ("Quality of evidence", _one(row, "quality_grade")),
                ("Rests on", _basis(tell, row.get("basis") or ())),
                ("Limitations", _many(row.get("limitations"))),
                ("Would be falsified by", _many(row.get("falsifiers"))),
                ("Not addressed", _many(row.get("not_opined"))),
            )
        )
    more = len(material.findings) - STATED
    if more > 0:
        yield Paragraph(text=tell("findings_more", n=more, place=where))


def _one(row: Row, key: str) -> Text:
    return given(str(row[key])) if row.get(key) else say("none")


def _many(values: Sequence[Any] | None) -> Text:
    return parts.lines(*(given(str(value)) for value in values)) if values else say("none")


def _basis(tell: Say, basis: Sequence[Mapping[str, Any]]) -> Text:
    return parts.lines(
        tell("rests", n=len(basis), shown=SHOWN), *(say(pinpoint(one)) for one in basis[:SHOWN])
    )


def limits(_material: Material, tell: Say, numbers: Numbers) -> Iterator[Block]:
    """Where they stand."""
    yield Paragraph(text=tell("limits", place=said(places.exhibit(numbers, "K"))))


def validation(material: Material, tell: Say, numbers: Numbers) -> Iterator[Block]:
    """What was tested here, and what was not."""
    met = Counter(str(row["agreement"]) for row in material.accesses)
    yield fact(
        Knowledge.TOOL,
        tell(
            "validation", n=sum(met.values()), agrees=met["agrees"],
            contradicts=met["contradicts"], undetermined=met["undetermined"],
            place=said(places.exhibit(numbers, "M")),
        )
    )  # fmt: skip


def reliability(material: Material, tell: Say, _numbers: Numbers) -> Iterator[Block]:
    """R-105: known wrong results at this version, tests, settings that differ from defaults."""
    import butfor

    version = butfor.__version__
    known = known_issues.of_version(version)
    entries = [
        tell("issue", id=one.id, what=one.what, affects=one.affects, detect=one.detect)
        for one in known
    ] or [tell("issues_none", version=said(version))]
    entries += [tell("selftest"), tell("misses")]
    yield Items(entries=(*entries, *_changed(material, tell)))


def _changed(material: Material, tell: Say) -> Iterator[Text]:
    import hashlib

    on = material.config.assumptions.on()
    names = ("records-complete", "unseen-guardrails-absent", "gaps-minimal", "documented-readings")
    off = [tell("assumption_off", name=said(name)) for name in names if name not in on]
    off += [tell("reading", taken=one) for one in material.config.assumptions.readings]
    if material.case is not None:
        off += [
            tell("overridden", name=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
            for path in text.overrides(material.case)
        ]
    yield from off or [tell("unchanged")]


def duties(_material: Material, tell: Say, _numbers: Numbers) -> Iterator[Block]:
    """Of rule 19.2, for whoever signs."""
    yield Items(entries=tuple(tell("duty", n=n) for n in range(1, DUTIES + 1)))


def exhibits(_material: Material, tell: Say, numbers: Numbers) -> Iterator[Block]:
    """What this edition holds, by number."""
    yield Table(
        caption=tell("exhibits_caption", n=len(numbers)),
        columns=(Column(title="Numbers", width=2.0), Column(title="Exhibit", width=6.0)),
        rows=tuple(
            (say(", ".join(found)), say(places.TITLES[key]))
            for key, found in sorted(numbers.items())
        ),
        empty=tell("exhibits_empty"),
    )  # fmt: skip


def glossary(_material: Material, tell: Say, _numbers: Numbers) -> Iterator[Block]:
    """The words of the findings."""
    yield Facts(pairs=tuple((name, tell("term", name=name)) for name in TERMS))


BLOCKS: Mapping[str, Callable[[Material, Say, Numbers], Iterator[Block]]] = {
    "given": report_given.given_facts, "materials": materials, "coverage": coverage,
    "unavailable": report_unavailable.unavailable,
    "method": method, "findings": findings, "alternatives": report_range.alternatives,
    "counter": report_range.counter, "limits": limits, "validation": validation,
    "reliability": reliability, "duties": duties, "exhibits": exhibits, "glossary": glossary,
}  # fmt: skip
