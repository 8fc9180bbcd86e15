"""Findings in print: every field of R-170, in the same order, empty ones as `none`."""

from collections.abc import Iterable, Mapping
from typing import Any

from reports.exhibits import parts
from reports.material import Row
from reports.model import Column, Facts, Paragraph, Section, Table, Text, given, say
from reports.pinpoint import pinpoint
from reports.text import Say, said

#: Records of the basis that are printed one by one; all are in findings.json.
SHOWN = 12
ALTERNATIVES = (
    Column(title="Alternative", width=2.2),
    Column(title="For", width=2.6),
    Column(title="Against", width=2.6),
    Column(title="Tested", width=2.6),
)


def sections(tell: Say, findings: Iterable[Row]) -> tuple[Section, ...]:
    """One section a finding."""
    made = [_section(tell, finding) for finding in findings]
    head = Section(
        title=tell("findings_title"),
        blocks=() if made else (Paragraph(text=tell("findings_none")),),
    )
    return (head, *made)


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
        ("Counterfactual", "counterfactual"), ("Definition", "definition"), ("Method", "method"),
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
            ("Limitations", "limitations"), ("Would be falsified by", "falsifiers"),
            ("Not addressed", "not_opined"),
        )
    ]  # fmt: skip
    yield Facts(pairs=tuple(pairs))
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
