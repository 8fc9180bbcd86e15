"""Exhibit M: methods used, calibration over the case, environment; what was not tested says so."""

import platform
from collections import Counter
from collections.abc import Mapping

from collector import environment
from reports import method_pages
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
    Section,
    Table,
    Text,
    cite,
    given,
    plain,
    say,
)
from reports.text import Say, sentences

TEMPLATE = "method.j2"
COLUMNS = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Page", width=1.6, exact=True),
    Column(title="Method", width=3.0),
    Column(title="SHA-256", width=3.2, exact=True),
)
#: What R-064 and R-180 ff. ask for, and nothing here has measured.
VALIDATION = (
    "Validation run",
    "Error rates with intervals",
    "Self-test",
    "Peer review",
    "Error log",
)


def build(material: Material, label: Label, _numbers: Mapping[str, tuple[str, ...]]) -> Exhibit:
    """The exhibit for the whole case."""
    tell = sentences(TEMPLATE, material.case)
    pages = tuple(method_pages.pages())
    return Exhibit(
        key="M", number=label.number, stem=label.stem, title=tell("title"),
        kind=Kind.EXPERT_REPORT, origin=Origin.DERIVED, question=tell("question"), facts=(),
        coverage=parts.coverage(material), answer=_answer(material, tell, label.number, len(pages)),
        sections=(
            Section(title=tell("methods_title"), blocks=(_methods(tell, pages),)),
            Section(
                title=tell("validation_title"),
                blocks=(Facts(pairs=tuple((name, tell("no_such")) for name in VALIDATION)),),
            ),
            Section(title=tell("environment_title"), blocks=(_environment(),)),
        ),
        limits=(
            tell("limit_none"), tell("limit_calibration"),
            *parts.limits(material, start=None, end=None),
        ),
        sources=(), native=_native(pages), running=plain(tell("title")),
    )  # fmt: skip


def _answer(material: Material, tell: Say, number: str, pages: int) -> tuple[Text, ...]:
    met = Counter(str(row["agreement"]) for row in material.accesses)
    return (
        tell("answer", n=pages, rows=parts.rows_cite(number, 1, pages))
        if pages
        else tell("answer_none"),
        tell(
            "answer_calibration", n=sum(met.values()), agrees=met["agrees"],
            contradicts=met["contradicts"], undetermined=met["undetermined"],
        ),
    )  # fmt: skip


def _methods(tell: Say, pages: tuple[tuple[str, str, str], ...]) -> Table:
    rows = tuple(
        (say(str(n)), say(f"{method_pages.FOLDER}/{name}"), given(title), cite(sha256))
        for n, (name, title, sha256) in enumerate(pages, 1)
    )
    return Table(
        caption=tell("methods_caption", n=len(rows)), columns=COLUMNS, rows=rows,
        empty=tell("methods_empty"),
    )  # fmt: skip


def _environment() -> Facts:
    import butfor

    return Facts(
        pairs=(
            ("Tool", given(f"butfor {butfor.__version__}")),
            ("Python", given(platform.python_version())),
            (
                "Packages",
                say(f"{len(environment.dependencies()):,}, each with version in tool.json"),
            ),
        )
    )


def _native(pages: tuple[tuple[str, str, str], ...]) -> Native:
    return Native(
        columns=(("row", "int"), ("page", "text"), ("method", "text"), ("sha256", "text")),
        rows=tuple((n, *page) for n, page in enumerate(pages, 1)),
    )
