"""Draft of a notice (R-075): what is offered, where it may be inspected, how it can be checked."""

from collections.abc import Iterator

from reports import human_parts
from reports.documents import forms, places
from reports.documents import items as evidence
from reports.documents.forms import Form
from reports.documents.places import Numbers
from reports.documents.report import written
from reports.exhibits import parts
from reports.material import Material
from reports.model import (
    Column,
    Exhibit,
    Items,
    Kind,
    Label,
    Native,
    Origin,
    Paragraph,
    Section,
    Table,
    Text,
    plain,
    quote,
    say,
)
from reports.pinpoint import stored
from reports.text import Say, said, sentences

TEMPLATE = "notice.j2"
#: Rules, in the order of the table; words of each are in the template.
RULES = ("902(11)", "902(12)", "902(13)", "902(14)", "1006", "107", "26(a)(2)(D)")
#: Keys of exhibits offered as summaries, and as illustrative aids; the first of G is a summary.
SUMMARIES, AIDS = "ABCDGI", "EFG"
STEPS = 4
SERVED = (
    Column(title="Rule", width=1.0),
    Column(title="What is served or made available", width=3.6),
    Column(title="When, in the words of the rule or ours", width=3.0),
    Column(title="In this edition", width=2.2),
)
RECORDS = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Item", width=0.9, exact=True),
    Column(title="Name as received", width=4.0, exact=True),
    Column(title="Bytes", width=1.0, number=True),
    Column(title="SHA-256", width=3.4, exact=True),
)


def build(material: Material, label: Label, numbers: Numbers, *, form: Form) -> Exhibit:
    """The letter, with its lists."""
    tell = sentences(TEMPLATE, material.case)
    kept = evidence.kept(material)
    return Exhibit(
        key="L", number=label.number, stem=label.stem, title=tell("title"),
        kind=Kind.CERTIFICATE, origin=Origin.DERIVED, question=tell("question"), facts=(),
        coverage=parts.coverage(material),
        answer=(tell("answer", n=len(kept), rows=parts.rows_cite(label.number, 1, len(kept)))
                if kept else tell("answer_none"),),
        sections=(
            Section(title=tell("letter_title"), blocks=tuple(_letter(material, tell))),
            *_person(material, tell, form),
            Section(title=tell("served_title"), blocks=(_served(material, tell, numbers),)),
            Section(title=tell("records_title"), blocks=(_records(material, tell),)),
            Section(
                title=tell("verify_title"),
                blocks=(Items(entries=tuple(tell("step", n=n) for n in range(1, STEPS + 1))),),
            ),
        ),
        limits=(tell("limit_legal"), tell("limit_list"),
                *parts.limits(material, start=None, end=None)),
        sources=(), native=_native(material), running=plain(tell("running")),
    )  # fmt: skip


def _letter(material: Material, tell: Say) -> Iterator[Paragraph]:
    stated = material.config.matter
    yield Paragraph(text=tell("addressed"))
    yield Paragraph(
        text=tell("matter", title=stated.title, court=stated.court, number=stated.number,
                  party=stated.party)
    )  # fmt: skip
    yield Paragraph(text=tell("offer"))
    yield Paragraph(text=tell("unsigned"))


def _person(material: Material, tell: Say, form: Form) -> Iterator[Section]:
    words = human_parts.held(material)
    for part in form.parts:
        yield Section(
            title=say(part.title), blocks=tuple(written(tell, part, words.get(part.name)))
        )


def _served(material: Material, tell: Say, numbers: Numbers) -> Table:
    chosen = {one.rule for one in forms.chosen(material.config.jurisdiction, material.mode)}
    rules = [rule for rule in RULES if not rule.startswith("902") or rule in chosen]
    return Table(
        caption=tell("served_caption"), columns=SERVED,
        rows=tuple(
            (say(_name(rule)), tell("what", rule=rule), tell("when", rule=rule),
             _place(material, numbers, rule))
            for rule in rules
        ),
        empty=(),
    )  # fmt: skip


def _name(rule: str) -> str:
    return f"FRCP {rule}" if rule.startswith("26") else f"FRE {rule}"


def _place(material: Material, numbers: Numbers, rule: str) -> Text:
    named = {one.rule: one for one in forms.CERTIFICATES}
    if rule in named:
        return say(places.document(material, numbers, named[rule]))
    if rule.startswith("26"):
        return say(places.document(material, numbers, forms.FRCP))
    found: list[str] = []
    for key in SUMMARIES if rule == "1006" else AIDS:
        of = numbers.get(key, ())
        found += (of[:1] if rule == "1006" else of[1:]) if key == "G" else of
    return say(f"Exs. {', '.join(found)}" if found else "none")


def _records(material: Material, tell: Say) -> Table:
    kept = evidence.kept(material)
    return Table(
        caption=tell("records_caption", n=len(kept), place=said("evidence.jsonl")),
        columns=RECORDS,
        rows=tuple(
            (say(str(n)), say(item.uid), quote(item.name), say(f"{item.size:,}"),
             say(item.digest.sha256))
            for n, item in enumerate(kept, 1)
        ),
        empty=tell("records_empty"),
    )  # fmt: skip


def _native(material: Material) -> Native:
    columns = (
        ("row", "int"), ("evidence_item", "text"), ("source_file", "text"), ("bytes", "int"),
        ("acquired_at", "text"), ("source_sha256", "text"),
    )  # fmt: skip
    return Native(
        columns=columns,
        rows=tuple(
            (n, item.uid, item.name, item.size, stored(item.acquired_at), item.digest.sha256)
            for n, item in enumerate(evidence.kept(material), 1)
        ),
    )
