"""Map to Rule 702 and sheet of Daubert factors (R-060, R-064): where the bundle answers what.

A place, or that nothing was supplied; never whether an element is met.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reports import human_parts, markdown, method_pages
from reports.documents import known_issues, places
from reports.documents.forms import C13, FRCP, OPINIONS, QUALIFICATIONS, Form, Part
from reports.documents.places import Numbers
from reports.exhibits import parts
from reports.human_parts import Words
from reports.material import Material
from reports.model import (
    Column,
    Exhibit,
    Kind,
    Label,
    Mode,
    Native,
    Origin,
    Section,
    Table,
    Text,
    cite,
    given,
    plain,
    say,
)
from reports.pinpoint import counted
from reports.text import Say, said, sentences

TEMPLATE = "rule_map.j2"
NONE, MISSING = "none", "NOT SUPPLIED"
#: In place of what an expert would write (R-065).
ALONE = "offered without an expert witness"
REFERENCES, KNOWN = "References", "Known answers"
MAP = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Element", width=1.0),
    Column(title="What it asks", width=3.0),
    Column(title="Where the bundle answers it", width=3.4),
    Column(title="State", width=2.4),
)
SHEET = (
    Column(title="Method", width=2.4),
    Column(title="Test evidence and error rates", width=3.4),
    Column(title="Peer review", width=1.0),
    Column(title="Controlling standards", width=2.4),
    Column(title="Acceptance", width=1.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One element: what it asks, the places that answer it, what is filled and what is not."""

    mark: str
    asks: str
    where: tuple[str, ...]
    state: tuple[str, ...]


def build(material: Material, label: Label, numbers: Numbers, *, form: Form) -> Exhibit:
    """The map and the sheet."""
    tell = sentences(TEMPLATE, material.case)
    rows = elements(material, numbers)
    n = sum(MISSING in " ".join(row.state) for row in rows)
    return Exhibit(
        key="L", number=label.number, stem=label.stem, title=tell("title"),
        kind=Kind.EXPERT_REPORT, origin=Origin.DERIVED, question=tell("question"),
        facts=(("Rule", say(form.rule)),), coverage=parts.coverage(material),
        answer=(
            tell("answer", n=len(rows), open=n, rows=parts.rows_cite(label.number, 1, len(rows))),
            tell("answer_rates"),
        ),
        sections=(
            Section(title=tell("map_title"), blocks=(_map(tell, rows),)),
            Section(title=tell("sheet_title"), blocks=(_sheet(tell, numbers),)),
        ),
        limits=(
            tell("limit_legal"), tell("limit_rates"),
            *parts.limits(material, start=None, end=None),
        ),
        sources=(), native=_native(rows), running=plain(tell("title")),
    )  # fmt: skip


def elements(material: Material, numbers: Numbers) -> tuple[Row, ...]:
    """Elements of the rule, then the factors, then the rule on processes."""
    return (*_rule(material, numbers), *_factors(material, numbers))


def _rule(material: Material, numbers: Numbers) -> Iterator[Row]:
    words = human_parts.held(material)
    alone = material.mode is Mode.MACHINE_ONLY
    report = places.document(material, numbers, FRCP)
    yield Row(
        mark="702(a)", asks="Specialized knowledge will help the trier of fact",
        where=(NONE if alone else f"{report}: Qualifications; Opinions",),
        state=(ALONE,) if alone
        else (_state(words, QUALIFICATIONS), _state(words, OPINIONS)),
    )  # fmt: skip
    yield Row(
        mark="702(b)", asks="Sufficient facts or data",
        where=(
            f"Items: {places.rows(numbers, 'B', len(material.items))}",
            f"Gaps: {places.rows(numbers, 'K', len(material.gaps))}",
            "Coverage per source: on each cover" if alone
            else f"Coverage per source: {report}, Coverage and gaps",
        ),
        state=(counted(len(material.items), "item"), counted(len(material.gaps), "gap"),
               f"{counted(len(material.coverage), 'source')} with a known period"),
    )  # fmt: skip
    pages = sum(1 for _ in method_pages.pages())
    yield Row(
        mark="702(c)", asks="Product of reliable principles and methods",
        where=(f"Methods: {places.rows(numbers, 'M', pages)}",
               f"Measured: {places.exhibit(numbers, 'M')}, Figures measured by the developer"),
        state=(f"{counted(pages, 'page')}, carried in methods/", "validation run here: none"),
    )  # fmt: skip
    yield Row(
        mark="702(d)", asks="Opinion reflects a reliable application to the facts of the case",
        where=(
            f"Findings: {places.exhibit(numbers, 'F')}; findings.json",
            f"Calibration: {places.exhibit(numbers, 'K')}",
            *(() if alone else (f"{report}: Opinions",)),
        ),
        state=(counted(len(material.findings), "finding"), _calibrated(material),
               ALONE if alone else _state(words, OPINIONS)),
    )  # fmt: skip


def _factors(material: Material, numbers: Numbers) -> Iterator[Row]:
    measured = len({page for page, _, _ in method_pages.measured()})
    yield Row(
        mark="Testable", asks="Can the technique be, and has it been, tested",
        where=("README.txt, steps 3 to 5; model_card.json",
               f"{places.exhibit(numbers, 'M')}, Figures measured by the developer"),
        state=("every row can be derived again; the model can be run again with other changes",
               f"{counted(measured, 'method')} with measured figures"),
    )  # fmt: skip
    yield Row(mark="Peer review", asks="Peer review and publication", where=(NONE,), state=(NONE,))
    yield Row(
        mark="Error rate", asks="Known or potential rate of error",
        where=(f"{places.exhibit(numbers, 'M')}, Figures measured by the developer; Error log",
               f"{places.exhibit(numbers, 'K')}, calibration"),
        state=("rate measured in this environment: none", _calibrated(material)),
    )  # fmt: skip
    issues = len(known_issues.issues())
    yield Row(
        mark="Standards", asks="Standards controlling the operation",
        where=("methods/, each page with its SHA-256 in "
               f"{places.exhibit(numbers, 'M')}", "list of known wrong results, shipped"),
        state=("references in the pages", counted(issues, "entry", "entries")),
    )  # fmt: skip
    yield Row(
        mark="Acceptance", asks="General acceptance in the field", where=(NONE,), state=(NONE,)
    )
    words = human_parts.held(material)
    yield Row(
        mark="901(b)(9)", asks="Process or system, and that it produces an accurate result",
        where=(f"{places.document(material, numbers, C13)}: process, input, accuracy",),
        state=tuple(
            f"{part.title}: {_state(words, part)}" for part in C13.parts if "input" in part.name
            or "accuracy" in part.name
        ),
    )  # fmt: skip


def _state(words: Mapping[str, Words], part: Part) -> str:
    one = words.get(part.name)
    if one is not None and one.open is None:
        return f"written by the author: {part.file}"
    return f"{MISSING}: {part.file}"


def _calibrated(material: Material) -> str:
    met = Counter(str(row["agreement"]) for row in material.accesses)
    n = sum(met.values())
    return (
        f"of {n:,} logged requests: agrees {met['agrees']:,}, contradicts "
        f"{met['contradicts']:,}, undetermined {met['undetermined']:,}"
        if n else "no logged request was decided"
    )  # fmt: skip


def _map(tell: Say, rows: tuple[Row, ...]) -> Table:
    return Table(
        caption=tell("map_caption", n=len(rows)), columns=MAP,
        rows=tuple(
            (say(str(n)), say(row.mark), say(row.asks), _lines(row.where), _lines(row.state))
            for n, row in enumerate(rows, 1)
        ),
        empty=say(NONE),
    )  # fmt: skip


def _lines(texts: tuple[str, ...]) -> Text:
    return parts.lines(*map(say, texts))


def _sheet(tell: Say, numbers: Numbers) -> Table:
    """R-064: one row a method; an empty cell prints "none"."""
    where = places.exhibit(numbers, "M")
    rows = tuple(
        (
            parts.lines(given(markdown.plain(title)), cite(f"{method_pages.FOLDER}/{name}")),
            _lines(tuple(_tested(name, where)) or (NONE,)), say(NONE),
            say("references of the page" if REFERENCES in method_pages.headings(name) else NONE),
            say(NONE),
        )
        for name, title, _ in method_pages.pages()
    )  # fmt: skip
    return Table(
        caption=tell("sheet_caption", n=said(f"{len(rows):,}")), columns=SHEET, rows=rows,
        empty=say(NONE),
    )  # fmt: skip


def _tested(name: str, where: str) -> Iterator[str]:
    for heading in method_pages.headings(name):
        if heading in method_pages.MEASURED:
            yield f"{where}: {heading}"
        elif heading == KNOWN:
            yield f"{method_pages.FOLDER}/{name}: {heading}"


def _native(rows: tuple[Row, ...]) -> Native:
    columns = (("row", "int"), ("element", "text"), ("asks", "text"), ("where", "text"),
               ("state", "text"))  # fmt: skip
    return Native(
        columns=columns,
        rows=tuple(
            (n, row.mark, row.asks, "; ".join(row.where), "; ".join(row.state))
            for n, row in enumerate(rows, 1)
        ),
    )
