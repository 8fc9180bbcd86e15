"""Exhibit L: certificate drafts, one a rule, never merged: their foundations differ (R-070).

Filled in is what the records of the case hold. What a person has to state is a blank, and there is
no way to have the tool fill it, date it or sign it (R-074).
"""

from collections.abc import Iterator, Mapping

from reports.exhibits import parts
from reports.material import Material
from reports.model import (
    Column,
    Exhibit,
    Facts,
    Kind,
    Label,
    Native,
    Origin,
    Paragraph,
    Section,
    Table,
    Text,
    cite,
    given,
    plain,
    quote,
    say,
)
from reports.pinpoint import instant, stored
from reports.text import Say, sentences

TEMPLATE = "certificates.j2"
US = ("902(11)", "902(13)", "902(14)")
CPR = "CPR 35"
NAMES: Mapping[str, str] = {
    "902(11)": "certificate-902-11", "902(13)": "certificate-902-13",
    "902(14)": "certificate-902-14", CPR: "declaration-cpr-35",
}  # fmt: skip
#: What a person states, by rule.
PERSON: Mapping[str, tuple[str, ...]] = {
    "902(11)": (
        "Name, title, employer", "Relationship to whoever kept the records",
        "Basis of knowledge of how the records are made and kept",
        "Made at or near the time, by or from someone with knowledge (803(6)(A))",
        "Kept in the course of a regularly conducted activity (803(6)(B))",
        "Making them was a regular practice (803(6)(C))", "Notice given to, on",
    ),
    "902(13)": (
        "Name, title, employer", "Qualification to describe the process",
        "How input reached the process", "Why the result is accurate: tests known to the person",
        "Limitations known to the person", "Notice given to, on",
    ),
    "902(14)": (
        "Name, title, employer", "Qualification to describe digital identification",
        "Who copied the data, and was the person present", "Comparison of digests made by, on",
        "Notice given to, on",
    ),
    CPR: (
        "Qualifications", "Instructions and their substance", "Facts within own knowledge",
        "Who carried out examinations, and under whose supervision",
        "Literature and material relied on",
        "Range of opinion and reasons for own opinion", "Summary of conclusions",
        "Qualification of opinion, if any", "Understanding of the duty to the court",
        "Awareness of Part 35, the Practice Direction and the 2014 Guidance",
    ),
}  # fmt: skip
RECORDS = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Item", width=0.9, exact=True),
    Column(title="Name as received", width=3.4, exact=True),
    Column(title="Bytes", width=0.9, number=True),
    Column(title="Acquired (UTC)", width=1.5, exact=True),
    Column(title="SHA-256 of the copy", width=2.9, exact=True),
)


def rules(material: Material) -> tuple[str, ...]:
    """The rules of the case's jurisdiction; all of them where none is stated."""
    profile = material.config.jurisdiction.profile or ""
    if profile.startswith("us-"):
        return US
    return (CPR,) if profile == "uk-civil" else (*US, CPR)


def build(
    material: Material, label: Label, _numbers: Mapping[str, tuple[str, ...]], *, rule: str
) -> Exhibit:
    """The draft under one rule."""
    tell = sentences(TEMPLATE, material.case)
    items = tuple(item for item in material.items if item.uid not in material.withdrawn)
    return Exhibit(
        key="L", number=label.number, stem=label.stem, title=tell("title", rule=rule),
        kind=Kind.CERTIFICATE, origin=Origin.DERIVED, question=tell("question"),
        facts=(("Rule", say(rule)),), coverage=parts.coverage(material),
        answer=(
            tell("answer", blanks=len(PERSON[rule])),
            tell("answer_records", n=len(items), size=sum(item.size for item in items)),
        ),
        sections=(
            Section(
                title=tell("rule_title"), blocks=(Paragraph(text=tell("rule_text", rule=rule)),)
            ),
            Section(title=tell("person_title"), blocks=(_blanks(tell, rule),)),
            Section(title=tell("process_title"), blocks=(Facts(pairs=tuple(_held(material))),)),
            Section(title=tell("records_title"), blocks=(_records(material, tell),)),
            Section(
                title=tell("sign_title"),
                blocks=(
                    Paragraph(text=_words(material, tell, rule)), Paragraph(text=tell("unsigned")),
                ),
            ),
        ),
        limits=(
            tell("limit_legal"), tell("limit_validation"),
            *parts.limits(material, start=None, end=None),
        ),
        sources=(), native=_native(material, rule), running=plain(say(f"Draft, {rule}")),
    )  # fmt: skip


def _blanks(tell: Say, rule: str) -> Facts:
    return Facts(pairs=tuple((name, tell("blank")) for name in PERSON[rule]))


def _words(material: Material, tell: Say, rule: str) -> Text:
    """The words that a person signs under; both forms where the place is not supplied."""
    if rule == CPR:
        return tell("sign_cpr")
    inside = material.config.jurisdiction.executed_in_us
    return tell("sign_us_open") if inside is None else tell("sign_us", inside=inside)


def _held(material: Material) -> Iterator[tuple[str, Text]]:
    """What custody and the acquisitions say, as recorded."""
    missing = parts.every(material)("not_supplied")
    stated = material.config.matter
    yield "Matter", given(stated.title) if stated.title else missing
    yield "Examiner, as case.toml names", given(stated.examiner) if stated.examiner else missing
    yield "Authority to collect", given(stated.authority) if stated.authority else missing
    tools = sorted({f"{row['tool']['name']} {row['tool']['version']}" for row in material.custody})
    yield "Tool and version in custody", quote(", ".join(tools)) if tools else missing
    sources = sorted({str(row.get("source")) for row in material.acquisitions})
    yield "Sources acquired", quote(", ".join(sources)) if sources else missing
    yield "Acquisitions", say(f"{len(material.acquisitions):,}")
    head = material.custody[-1]["sha256"] if material.custody else None
    yield "Head of the custody chain", cite(f"SHA-256 {head}") if head else missing
    yield "Known gaps", say(f"{len(material.gaps):,}, listed under Limits")


def _records(material: Material, tell: Say) -> Table:
    kept = [item for item in material.items if item.uid not in material.withdrawn]
    rows = tuple(
        (
            say(str(n)), say(item.uid), quote(item.name), say(f"{item.size:,}"),
            say(instant(item.acquired_at)), say(item.digest.sha256),
        )
        for n, item in enumerate(kept, 1)
    )  # fmt: skip
    return Table(
        caption=tell("records_caption", n=len(rows)), columns=RECORDS, rows=rows,
        empty=tell("records_empty"),
    )  # fmt: skip


def _native(material: Material, rule: str) -> Native:
    columns = (
        ("row", "int"), ("rule", "text"), ("evidence_item", "text"), ("source_file", "text"),
        ("bytes", "int"), ("acquired_at", "text"), ("source_sha256", "text"),
        ("source_sha512", "text"),
    )  # fmt: skip
    kept = [item for item in material.items if item.uid not in material.withdrawn]
    rows = tuple(
        (
            n, rule, item.uid, item.name, item.size, stored(item.acquired_at),
            item.digest.sha256, item.digest.sha512,
        )
        for n, item in enumerate(kept, 1)
    )  # fmt: skip
    return Native(columns=columns, rows=rows)
