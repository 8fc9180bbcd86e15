"""Exhibit M: methods, measured figures, error log of the case; what was not tested says so."""

import platform
from collections import Counter
from collections.abc import Iterator, Mapping

from collector import environment
from reports import markdown, method_pages
from reports.documents import known_issues, places
from reports.exhibits import parts
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

TEMPLATE = "method.j2"
COLUMNS = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Page", width=1.6, exact=True),
    Column(title="Method", width=3.0),
    Column(title="SHA-256", width=3.2, exact=True),
)
ERRORS = (
    Column(title="What", width=4.0),
    Column(title="Number", width=1.0, number=True),
    Column(title="Listed in", width=2.4),
)
#: What R-064 and R-180 ff. ask for, and nothing here has measured.
VALIDATION = (
    "Validation run", "Error rates with intervals, of this environment", "Self-test",
    "Peer review", "Accreditation (ISO/IEC 17025)",
)  # fmt: skip
#: Gaps that are records which could not be read as what they are.
UNREAD = ("unreadable", "truncated", "not_understood", "opaque")
NAMES = ("records-complete", "unseen-guardrails-absent", "gaps-minimal", "documented-readings")


def build(material: Material, label: Label, numbers: Mapping[str, tuple[str, ...]]) -> Exhibit:
    """The exhibit for the whole case."""
    tell = sentences(TEMPLATE, material.case)
    pages = tuple(method_pages.pages())
    return Exhibit(
        key="M", number=label.number, stem=label.stem, title=tell("title"),
        kind=Kind.EXPERT_REPORT, origin=Origin.DERIVED, question=tell("question"), facts=(),
        coverage=parts.coverage(material), answer=_answer(material, tell, label.number, len(pages)),
        sections=(
            Section(title=tell("methods_title"), blocks=(_methods(tell, pages),)),
            Section(title=tell("errors_title"), blocks=tuple(_errors(material, tell, numbers))),
            Section(
                title=tell("validation_title"),
                blocks=(
                    Facts(pairs=tuple((name, tell("no_such")) for name in VALIDATION)),
                    Items(entries=tuple(_issues(tell))),
                ),
            ),
            *_measured(tell, {name: (title, sha256) for name, title, sha256 in pages}),
            Section(title=tell("environment_title"), blocks=(_environment(),)),
        ),
        limits=(
            tell("limit_none"), tell("limit_measured"), tell("limit_calibration"),
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
        tell("answer_here"),
    )  # fmt: skip


def _methods(tell: Say, pages: tuple[tuple[str, str, str], ...]) -> Table:
    rows = tuple(
        (
            say(str(n)),
            say(f"{method_pages.FOLDER}/{name}"),
            given(markdown.plain(title)),
            cite(sha256),
        )
        for n, (name, title, sha256) in enumerate(pages, 1)
    )  # fmt: skip
    return Table(
        caption=tell("methods_caption", n=len(rows)), columns=COLUMNS, rows=rows,
        empty=tell("methods_empty"),
    )  # fmt: skip


def _errors(
    material: Material, tell: Say, numbers: Mapping[str, tuple[str, ...]]
) -> Iterator[Block]:
    """What went wrong or stayed open in this case, counted, with where each is listed."""
    where = said(places.exhibit(numbers, "K"))
    met = Counter(str(row["agreement"]) for row in material.accesses)
    kinds = Counter(str(gap["kind"]) for gap in material.gaps)
    told = [
        (tell("contradictions"), met["contradicts"], where),
        (tell("undetermined"), met["undetermined"], where),
        *((tell("unread", kind=said(kind.replace("_", " "))), kinds[kind], where)
          for kind in UNREAD),
        (tell("other_gaps"), sum(n for kind, n in kinds.items() if kind not in UNREAD), where),
        (tell("copies"), material.copies, said(places.exhibit(numbers, "D"))),
        (tell("missing"), len(material.missing), said("this table")),
    ]  # fmt: skip
    yield Table(
        caption=tell("errors_caption"), columns=ERRORS,
        rows=tuple((what, say(f"{n:,}"), say(str(place))) for what, n, place in told),
        empty=say("none"),
    )  # fmt: skip
    on = material.config.assumptions.on()
    yield Facts(
        pairs=tuple(
            (f"Assumption {name}", say("in force" if name in on else "switched off"))
            for name in dict.fromkeys((*NAMES, *on))
        )
    )


def _issues(tell: Say) -> Iterator[Text]:
    import butfor

    known = known_issues.of_version(butfor.__version__)
    if not known:
        yield tell("issues_none", version=said(butfor.__version__))
    for one in known:
        yield tell("issue", id=one.id, what=one.what, affects=one.affects, detect=one.detect)


def _measured(tell: Say, pages: Mapping[str, tuple[str, str]]) -> Iterator[Section]:
    """Sections of the pages on what was measured, word for word."""
    yield Section(
        title=tell("measured_title"), blocks=(Paragraph(text=tell("measured_intro")),)
    )  # fmt: skip
    bare = set(pages)
    for name, heading, body in method_pages.measured():
        title, sha256 = pages[name]
        bare.discard(name)
        source = tell("measured_source", page=f"{method_pages.FOLDER}/{name}", sha256=sha256)
        yield Section(
            level=2,
            title=tell("measured_heading", title=markdown.plain(title), heading=said(heading)),
            blocks=(Paragraph(text=source), *markdown.blocks(body)),
        )  # fmt: skip
    if bare:
        listed = said(", ".join(f"{method_pages.FOLDER}/{name}" for name in sorted(bare)))
        yield Section(
            title=tell("unmeasured_title"), level=2,
            blocks=(Paragraph(text=tell("unmeasured", pages=listed)),),
        )  # fmt: skip


def _environment() -> Facts:
    import butfor

    packages = environment.dependencies()["packages"]
    assert isinstance(packages, list)
    return Facts(
        pairs=(
            ("Tool", given(f"butfor {butfor.__version__}")),
            ("Python", given(platform.python_version())),
            ("Packages", say(f"{len(packages):,}, each with version in tool.json")),
        )
    )


def _native(pages: tuple[tuple[str, str, str], ...]) -> Native:
    return Native(
        columns=(("row", "int"), ("page", "text"), ("method", "text"), ("sha256", "text")),
        rows=tuple((n, *page) for n, page in enumerate(pages, 1)),
    )
