"""The scaffold of an expert's report: what the records answer is filled in, the rest is a person's.

The sections of every report (R-136), the items of the rule with the section and file that answers
each (R-090, R-100, R-105), and no way to have the tool write, date or sign what is the author's.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby

from reports import human_parts
from reports.documents import knowledge
from reports.documents import report_sections as held_sections
from reports.documents.forms import CPR, REPORT, Element, Form, Part, parts
from reports.documents.knowledge import Knowledge, Statement
from reports.documents.places import Numbers
from reports.exhibits import parts as every
from reports.human_parts import Words
from reports.material import Material
from reports.model import (
    Block,
    Column,
    Exhibit,
    Facts,
    Items,
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
    say,
)
from reports.text import Say, said, sentences

TEMPLATE = "report.j2"
#: Sections in the order of print: keys of what is held, names of parts that a person writes.
ORDER = (
    "report-instructions", "given", "report-conclusions", "report-qualifications", "materials",
    "coverage", "unavailable", "report-literature", "report-own-knowledge", "report-others",
    "method", "findings", "report-opinions", "alternatives", "report-range-of-opinion", "counter",
    "report-qualified", "limits", "validation", "reliability", "duties", "exhibits",
    "report-exhibits-used", "report-prior-testimony", "report-compensation", "glossary",
    "report-notice-reliability", "report-duty", "report-declaration-of-truth", "execution",
)  # fmt: skip
MAP = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Item", width=0.9),
    Column(title="What it asks", width=3.2),
    Column(title="Section; its state", width=5.2),
)
FILLED, WRITTEN, OPEN = "filled from the records", "written by the author", "NOT SUPPLIED"
#: Of what is held, but in no record.
STATED = {"given": "filled from case.toml"}


def build(material: Material, label: Label, numbers: Numbers, *, form: Form) -> Exhibit:
    """The scaffold under one rule."""
    tell = sentences(TEMPLATE, material.case)
    words = human_parts.held(material)
    keys = tuple(key for key in ORDER if _belongs(key, form))
    at = {key: n for n, key in enumerate(keys, 3)}
    written = sum(_state(words, part.name) == WRITTEN for part in form.parts)
    return Exhibit(
        key="L", number=label.number, stem=label.stem, title=tell("title", rule=said(form.rule)),
        kind=Kind.EXPERT_REPORT, origin=Origin.DERIVED, question=tell("question"),
        facts=(("Rule", say(form.rule if form is not REPORT else "none of a forum")),),
        coverage=every.coverage(material),
        answer=(
            tell("answer", written=written, parts=len(form.parts),
                 rows=every.rows_cite(label.number, 1, len(form.elements))),
            tell("answer_findings", n=len(material.findings)),
        ),
        sections=(
            _map(tell, form, words, at),
            _legend(tell),
            *(_section(material, tell, numbers, form, words, key, at[key]) for key in keys),
        ),
        limits=(
            tell("limit_legal"), tell("limit_words"),
            *((tell("limit_profile"),) if _without_forum(material, form) else ()),
            *every.limits(material, start=None, end=None),
        ),
        sources=(), native=_native(tell, form, words, at),
        findings=tuple(str(one["number"]) for one in material.findings),
        running=plain(tell("running")),
    )  # fmt: skip


def _without_forum(material: Material, form: Form) -> bool:
    return form is REPORT and material.config.jurisdiction.profile is None


def _belongs(key: str, form: Form) -> bool:
    if key in ("reliability", "duties"):
        return any("reliability" in one.held for one in form.elements)
    return not key.startswith("report-") or any(part.name == key for part in form.parts)


def _section(
    material: Material, tell: Say, numbers: Numbers, form: Form, words: Mapping[str, Words],
    key: str, n: int,
) -> Section:  # fmt: skip
    title = _title(tell, key, n)
    own = next((part for part in form.parts if part.name == key), None)
    if own is not None:
        return Section(title=title, blocks=tuple(written(tell, own, words.get(key))))
    if key == "execution":
        return Section(title=title, blocks=tuple(_execution(tell, form)))
    blocks = held_sections.BLOCKS[key](material, tell, numbers)
    return Section(title=title, blocks=tuple(blocks))


def _title(tell: Say, key: str, n: int) -> Text:
    own = say(parts()[key].title) if key in parts() else tell("heading", key=key)
    return every.joined((say(f"{n}."), own), " ")


def written(tell: Say, part: Part, words: Words | None) -> Iterator[Block]:
    """A part as its author wrote it, or what it has to hold and in which file."""
    if words is None or words.open is not None:
        yield Paragraph(text=tell("open", file=said(part.file), asks=said(part.asks)))
        return
    yield from laid(part.name, words.text)
    yield Paragraph(text=tell("written", file=said(part.file), sha256=words.sha256))


def laid(name: str, text: str) -> Iterator[Block]:
    """Statements of a part in order: marked ones with their mark in the margin."""
    found = knowledge.statements(name, text)
    for (marked, listed), group in groupby(found, lambda one: (one.mark is not None, one.listed)):
        if marked:
            yield Facts(pairs=tuple(_marked(one) for one in group))
        elif listed:
            yield Items(entries=tuple(given(one.text) for one in group))
        else:
            yield from (Paragraph(text=given(one.text)) for one in group)


def _marked(one: Statement) -> tuple[str, Text]:
    """A fact of another person stands with who that is, and the qualifications stated."""
    who = every.joined((given(part) for part in one.who), "; ") if one.who else None
    return str(one.mark), every.lines(given(one.text), who)


def _execution(tell: Say, form: Form) -> Iterator[Paragraph]:
    if form is CPR:
        yield Paragraph(text=tell("truth_cpr"))
        yield Paragraph(text=tell("truth_source"))
    else:
        yield Paragraph(text=tell("execution", rule=said(form.rule)))


def _state(words: Mapping[str, Words], name: str) -> str:
    one = words.get(name)
    return WRITTEN if one is not None and one.open is None else OPEN


def _answered(
    form: Form, words: Mapping[str, Words], at: Mapping[str, int], element: Element
) -> Iterator[tuple[str, str, str]]:
    """(key, section, state) of each place that answers an element, in order of the sections."""
    for key in sorted((*element.held, *element.parts), key=at.__getitem__):
        held = STATED.get(key, FILLED)
        yield key, str(at[key]), held if key in element.held else _state(words, key)


def _map(tell: Say, form: Form, words: Mapping[str, Words], at: Mapping[str, int]) -> Section:
    rows = []
    for n, element in enumerate(form.elements, 1):
        places = tuple(_answered(form, words, at, element))
        rows.append((
            say(str(n)), say(element.mark), say(element.asks),
            every.lines(*(
                every.joined((_title(tell, key, at[key]), _stated(key, state)), " — ")
                for key, _, state in places
            )),
        ))  # fmt: skip
    table = Table(
        caption=tell("map_caption", rule=said(form.rule), n=len(rows)), columns=MAP,
        rows=tuple(rows), empty=tell("map_empty"),
    )  # fmt: skip
    title = every.joined((say("1."), tell("heading", key="map")), " ")
    return Section(title=title, blocks=(table,))


def _legend(tell: Say) -> Section:
    """What the marks in the margin mean (R-101)."""
    title = every.joined((say("2."), tell("heading", key="marks")), " ")
    pairs = tuple((str(mark), tell("mark", mark=str(mark))) for mark in Knowledge)
    return Section(title=title, blocks=(Paragraph(text=tell("marks")), Facts(pairs=pairs)))


def _stated(key: str, state: str) -> Text:
    if key not in parts():
        return say(state)
    return every.joined((say(f"{state}:"), cite(parts()[key].file)), " ")


def _native(
    tell: Say, form: Form, words: Mapping[str, Words], at: Mapping[str, int]
) -> Native:  # fmt: skip
    """One row for each place that answers an item; `row` is the number printed in the map."""
    columns = (
        ("row", "int"), ("rule", "text"), ("item", "text"), ("asks", "text"), ("section", "int"),
        ("heading", "text"), ("state", "text"), ("file", "text"), ("file_sha256", "text"),
    )  # fmt: skip
    rows = []
    for n, element in enumerate(form.elements, 1):
        for key, section, state in _answered(form, words, at, element):
            held = words.get(key)
            rows.append((
                n, form.rule, element.mark, element.asks, int(section),
                plain(_title(tell, key, at[key])), state,
                parts()[key].file if key in parts() else None,
                held.sha256 if held is not None else None,
            ))  # fmt: skip
    return Native(columns=columns, rows=tuple(rows))
