"""Findings in print: every field of R-170, in the same order, empty ones as `none`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reports.exhibits import parts
from reports.material import Row
from reports.model import Column, Facts, Paragraph, Section, Table, Text, given, say
from reports.pinpoint import pinpoint
from reports.text import Say, said
from timeline.correlate import wording

#: Records of the basis that are printed one by one; all are in findings.json.
SHOWN = 12
#: Findings that are printed with all fields, and those whose statement is printed; all are in
#: findings.json, and what is left out is counted.
FULL, STATED = 12, 60
ALTERNATIVES = (
    Column(title="Alternative", width=2.2),
    Column(title="For", width=2.6),
    Column(title="Against", width=2.6),
    Column(title="Tested", width=2.6),
)


def sections(tell: Say, findings: Iterable[Row]) -> tuple[Section, ...]:
    """One section a finding about requests in the incident, those about most requests if there are
    many; the others in tables, last."""
    listed = tuple(findings)
    met = [row for row in listed if _concerns_incident(row)]
    others = [row for row in listed if not _concerns_incident(row)]
    head = Section(
        title=tell("findings_title"),
        blocks=() if listed else (Paragraph(text=tell("findings_none")),),
    )
    kept = {row["number"] for row in sorted(met, key=_size)[:FULL]}
    full = tuple(_section(tell, row) for row in met if row["number"] in kept)
    further = [row for row in met if row["number"] not in kept]
    rest = tuple(
        _stated(tell, title, sorted(rows, key=_size))
        for title, rows in (("further_title", further), ("others_title", others)) if rows
    )  # fmt: skip
    return (head, *full, *rest)


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
        (Paragraph(text=tell("more", n=len(rows) - STATED, table="findings")),)
        if len(rows) > STATED else ()
    )  # fmt: skip
    return Section(title=tell(title), blocks=(table, *more), level=2)


def _section(tell: Say, row: Row) -> Section:
    blocks = [
        Paragraph(text=given(row["statement"])),
        Facts(pairs=tuple(_facts(row))),
        *_lists(row),
    ]
    return Section(
        title=tell("finding_title", number=said(row["number"])), blocks=tuple(blocks), level=2
    )


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
    return parts.lines(*shown)


def _lists(row: Row) -> Iterable[Facts | Table]:
    pairs = [
        (name, _many(row.get(key)))
        for name, key in (
            ("Coverage", "coverage"), ("Inference steps", "inference_steps"),
            ("Assumptions", "assumptions"), ("Counter-evidence", "counter_evidence"),
            ("Limitations", "limitations"),
            ("Changes in between", "intervening"), ("Would be falsified by", "falsifiers"),
            ("Not addressed", "not_opined"),
        )
    ]  # fmt: skip
    toggles = [wording.toggled(entry) for entry in row.get("sensitivity") or ()]
    yield Facts(pairs=(*pairs, ("Sensitivity to assumptions", _many(toggles))))
    alternatives = row.get("alternatives") or []
    yield Table(
        caption=say("Alternatives considered"),
        columns=ALTERNATIVES,
        rows=tuple(
            tuple(
                given(str(one.get(key) or "none")) for key in ("name", "for", "against", "tested")
            )
            for one in alternatives
        ),
        empty=say("No alternative was considered."),
    )


def _one(value: object) -> Text:
    return given(str(value)) if value not in (None, "") else say("none")


def _many(values: Iterable[object] | None) -> Text:
    listed = [given(str(value)) for value in values or ()]
    if len(listed) > 1:
        listed = [parts.joined((say(f"{n}."), value), " ") for n, value in enumerate(listed, 1)]
    return parts.lines(*listed) if listed else say("none")
