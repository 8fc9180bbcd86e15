"""Findings in print: every field of R-170, in the same order, empty ones as `none`."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from reports.exhibits import parts
from reports.material import Row
from reports.model import Column, Paragraph, Section, Table, Text, given, quote, say
from reports.pinpoint import pinpoint
from reports.text import Say, said
from timeline.correlate import wording

#: Records of the basis that are printed one by one; all are in findings.json.
SHOWN = 6
#: Findings that are printed with all fields, those whose statement is printed, and lines of the
#: table of findings; all are in findings.json, and what is left out is counted.
FULL, STATED, LISTED = 12, 24, 200
#: (column, number in the finding); a finding without one says `none`.
COUNTS = (("Requests", "accesses"), ("Objects", "objects"), ("Bytes out", "bytes_out"))
FIELDS = (Column(title="Field", width=1.3), Column(title="As stated by the finding", width=6.2))
ALTERNATIVES = (
    Column(title="Alternative", width=2.2),
    Column(title="For", width=2.6),
    Column(title="Against", width=2.6),
    Column(title="Tested", width=2.6),
)


def sections(tell: Say, findings: Iterable[Row]) -> tuple[Section, ...]:
    """All findings in a table, those about most requests in the incident first; then a section for
    each of these, up to a bound; then statements of further ones, last those without requests."""
    listed = tuple(findings)
    met = [row for row in listed if _concerns_incident(row)]
    others = [row for row in listed if not _concerns_incident(row)]
    kept = {row["number"] for row in sorted(met, key=_size)[:FULL]}
    blocks: tuple[Paragraph | Table, ...] = ()
    if not listed:
        blocks = (Paragraph(text=tell("findings_none")),)
    elif len(listed) > 1:
        blocks = tuple(_all(tell, [*sorted(met, key=_size), *sorted(others, key=_size)], kept))
    head = Section(title=tell("findings_title"), blocks=blocks)
    full = tuple(_section(tell, row) for row in sorted(met, key=_size) if row["number"] in kept)
    further = [row for row in met if row["number"] not in kept]
    rest = tuple(
        _stated(tell, title, sorted(rows, key=_size))
        for title, rows in (("further_title", further), ("others_title", others)) if rows
    )  # fmt: skip
    return (head, *full, *rest)


def _all(tell: Say, rows: Sequence[Row], kept: Collection[str]) -> Iterator[Paragraph | Table]:
    """One line a finding."""
    yield Table(
        caption=tell("brief_caption", n=len(rows), full=len(kept)),
        columns=(
            Column(title="Finding", width=0.8),
            Column(title="About", width=2.6),
            Column(title="As of (UTC)", width=3.6),
            *(Column(title=title, width=0.9, number=True) for title, _ in COUNTS),
            Column(title="Class", width=1.2),
        ),
        rows=tuple(
            (
                say(str(row["number"])), _quoted(row.get("resource_uid")), _one(row.get("as_of")),
                *(_count(row, name) for _, name in COUNTS), _one(row.get("result_class")),
            )
            for row in rows[:LISTED]
        ),
        empty=tell("findings_none"),
    )  # fmt: skip
    if len(rows) > LISTED:
        yield Paragraph(text=tell("findings_more", n=len(rows) - LISTED))


def _quoted(uid: object) -> Text:
    return quote(str(uid)) if uid not in (None, "") else say("none")


def _count(row: Row, name: str) -> Text:
    number = (row.get("numbers") or {}).get(name)
    return say("none" if number is None else f"{number:,}")


def _size(row: Row) -> int:
    """Most requests first; a finding that counts none keeps its place before them."""
    numbers: Mapping[str, int] = row.get("numbers") or {}
    return -numbers["accesses"] if "accesses" in numbers else -(10**18)


def _concerns_incident(row: Row) -> bool:
    """Unless it counts requests and counts none: a finding of another kind is printed in full."""
    numbers: Mapping[str, int] = row.get("numbers") or {}
    return numbers.get("accesses") != 0


def _stated(tell: Say, title: str, rows: Sequence[Row]) -> Section:
    table = Table(
        caption=tell("others_caption", n=len(rows)),
        columns=(
            Column(title="Finding", width=0.7), Column(title="Statement", width=6.0),
            Column(title="Class; quality", width=1.5), Column(title="Limitations", width=2.0),
        ),
        rows=tuple(
            (
                say(str(row["number"])), given(row["statement"]),
                parts.lines(_one(row.get("result_class")), _one(row.get("quality_grade"))),
                _many(row.get("limitations")),
            )
            for row in rows[:STATED]
        ),
        empty=tell("findings_none"),
    )  # fmt: skip
    more = (
        (Paragraph(text=tell("findings_more", n=len(rows) - STATED)),)
        if len(rows) > STATED else ()
    )  # fmt: skip
    return Section(title=tell(title), blocks=(table, *more), level=2)


def _section(tell: Say, row: Row) -> Section:
    pairs = (*_facts(row), *_lists(row))
    fields = Table(
        caption=tell("fields_caption"), columns=FIELDS, empty=(),
        rows=tuple((say(name), value) for name, value in pairs),
    )  # fmt: skip
    return Section(
        title=tell("finding_title", number=said(row["number"])), level=2,
        blocks=(Paragraph(text=given(row["statement"])), fields, _alternatives(row)),
    )  # fmt: skip


def _facts(row: Row) -> Iterable[tuple[str, Text]]:
    for name, key in (
        ("Result class", "result_class"), ("About", "resource_uid"), ("As of", "as_of"),
        ("Counterfactual", "counterfactual"), ("Definition", "definition"),
        ("Baseline", "baseline"), ("Method", "method"),
        ("Quality of evidence", "quality_grade"), ("Author", "author"), ("Id", "finding_uid"),
    ):  # fmt: skip
        yield name, _one(row.get(key))
    numbers: Mapping[str, int] = row.get("numbers") or {}
    listed = "; ".join(f"{name.replace('_', ' ')}: {n:,}" for name, n in sorted(numbers.items()))
    yield "Numbers", say(listed) if listed else say("none")
    yield "Basis", _basis(row.get("basis") or [])


def _basis(basis: list[dict[str, Any]]) -> Text:
    """The first records cited, and how many more there are: the full list is in findings.json."""
    if not basis:
        return say("none")
    shown = [
        say(pinpoint({**one, "record_sha256": one.get("record_sha256") or one.get("sha256"),
                      "evidence_item": one.get("evidence_item") or one.get("item")}))
        for one in basis[:SHOWN]
    ]  # fmt: skip
    if len(basis) > SHOWN:
        shown.append(say(f"and {len(basis) - SHOWN:,} more records, listed in findings.json"))
    return parts.joined(shown, "; ")


def _lists(row: Row) -> Iterable[tuple[str, Text]]:
    for name, key in (
        ("Coverage", "coverage"), ("Inference steps", "inference_steps"),
        ("Assumptions", "assumptions"), ("Counter-evidence", "counter_evidence"),
        ("Limitations", "limitations"),
        ("Changes in between", "intervening"), ("Would be falsified by", "falsifiers"),
        ("Not addressed", "not_opined"),
    ):  # fmt: skip
        yield name, _many(map(_entry, row.get(key) or ()))
    toggles = [wording.toggled(entry) for entry in row.get("sensitivity") or ()]
    yield "Sensitivity to assumptions", _many(toggles)


def _entry(entry: object) -> object:
    """An entry of several values, such as a change in between, as `name: value`."""
    if not isinstance(entry, Mapping):
        return entry
    return "; ".join(f"{name}: {value}" for name, value in entry.items())


def _alternatives(row: Row) -> Table:
    return Table(
        caption=say("Alternatives considered"),
        columns=ALTERNATIVES,
        rows=tuple(
            tuple(
                given(str(one.get(key) or "none")) for key in ("name", "for", "against", "tested")
            )
            for one in row.get("alternatives") or []
        ),
        empty=say("No alternative was considered."),
    )


def _one(value: object) -> Text:
    return given(str(value)) if value not in (None, "") else say("none")


def _many(values: Iterable[object] | None) -> Text:
    listed = [given(str(value)) for value in values or ()]
    if len(listed) > 1:
        listed = [parts.joined((say(f"{n}."), value), " ") for n, value in enumerate(listed, 1)]
    return parts.joined(listed, "  ") if listed else say("none")
