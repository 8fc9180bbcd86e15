"""Cover and closing pages: the same for every exhibit, so they are made in one place (R-131).

The kind is data (R-080); its words name a rule only where the jurisdiction of the case has it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.exhibits import parts
from reports.material import Material
from reports.model import (
    Column,
    Exhibit,
    Imprint,
    Items,
    Kind,
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
from reports.pinpoint import counted
from reports.text import said


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What an exhibit gets from its production.

    Attributes:
        pairs: rows of the cover.
        closing: limits and list of sources, last in the body.
        footer_line: of an illustrative aid, or what a summary summarizes; else empty.
        running_title: short title for the footer.
        document_title, author: metadata.
    """

    kind_name: str
    kind_meaning: str
    pairs: tuple[tuple[str, Text], ...]
    closing: tuple[Section, ...]
    footer_line: str
    running_title: str
    document_title: str
    author: str


SOURCE_COLUMNS = (
    Column(title="Item", width=1.0, exact=True),
    Column(title="Name as received", width=3.6, exact=True),
    Column(title="SHA-256 of the preserved file", width=4.4, exact=True),
    Column(title="Acquired (UTC)", width=1.7, exact=True),
    Column(title="Records cited", width=0.9, number=True),
)


def cover(exhibit: Exhibit, imprint: Imprint, material: Material, native_sha256: str) -> Cover:
    """The cover of one exhibit; `native_sha256` is the digest of its CSV."""
    tell = parts.every(material)
    profile = material.config.jurisdiction.profile
    line: Text = ()
    if exhibit.kind is Kind.ILLUSTRATIVE:
        line = tell(
            "footer_aid", based_on=said(", ".join(spans(exhibit.based_on))), profile=profile
        )
    elif exhibit.kind is Kind.SUMMARY and exhibit.sources:
        line = tell(
            "footer_summary", rows=len(exhibit.native.rows), files=len(exhibit.sources),
            profile=profile,
        )  # fmt: skip
    pairs = (
        *imprint.notice,
        *imprint.matter,
        ("Record origin", say(str(exhibit.origin))),
        ("Custodian", _custodian(material)),
        *exhibit.facts,
        ("Coverage", exhibit.coverage),
        ("Sources", say(f"{counted(len(exhibit.sources), 'preserved file')}, listed at the end"
                        if exhibit.sources else "the case as a whole")),
        ("Native table", parts.joined(
            (cite(f"{exhibit.stem}.csv"), cite(f"SHA-256 {native_sha256}")), "\n")),
        ("Inputs", parts.joined(
            (cite("inputs.json"), cite(f"SHA-256 {imprint.inputs_sha256}")), "\n")),
        ("Findings shown", say(", ".join(spans(exhibit.findings)) or "none")),
        ("Prepared", say(f"{imprint.prepared_at} with butfor {imprint.tool}, {imprint.status} "
                         f"{imprint.label}")),
        ("Seal, redaction", parts.joined(imprint.notes, " ")),
        *_purpose(material),
        ("Confidentiality", given(imprint.confidentiality) if imprint.confidentiality
         else say("no designation stated")),
    )  # fmt: skip
    title = plain(exhibit.title)
    return Cover(
        kind_name=plain(tell("kind_name", kind=str(exhibit.kind), profile=profile)),
        kind_meaning=plain(
            tell("kind_meaning", kind=str(exhibit.kind), profile=profile, mode=str(material.mode))
        ),
        pairs=pairs,
        closing=(_limits(exhibit), _sources(exhibit, material)),
        footer_line=plain(line),
        running_title=exhibit.running or title,
        document_title=f"Exhibit {exhibit.number}: {title}"[:400],
        author=plain(dict(imprint.matter).get("Prepared by", say("not supplied"))),
    )


def spans(numbers: Sequence[str]) -> Iterator[str]:
    """`C-1 to C-25` or `F-01 to F-09` for three and more in a row, others as they are.

    Args:
        numbers: of exhibits or findings, in order.
    """
    runs: list[list[str]] = []
    for number in numbers:
        before = runs[-1][-1] if runs else ""
        if _follows(before, number):
            runs[-1].append(number)
        else:
            runs.append([number])
    for run in runs:
        yield from run if len(run) < 3 else (f"{run[0]} to {run[-1]}",)


def _follows(one: str, other: str) -> bool:
    """Whether two numbers differ by one in what follows the last hyphen."""
    (series, _, n), (of, _, m) = one.rpartition("-"), other.rpartition("-")
    return bool(series) and series == of and n.isdigit() and m.isdigit() and int(n) + 1 == int(m)


def _purpose(material: Material) -> tuple[tuple[str, Text], ...]:
    """The label that case.toml claims; nothing is said where none is (R-096)."""
    stated = material.config.exhibits.purpose
    if stated is None:
        return ()
    return (("Purpose", parts.every(material)("purpose", label=stated)),)


def _custodian(material: Material) -> Text:
    """Who handed the material over, or as whom it was collected, in order of acquisition."""
    names = []
    for row in material.acquisitions:
        handover = row.get("handover") or {}
        names.append(handover.get("provided_by") or row.get("principal"))
    stated = [given(str(name)) for name in dict.fromkeys(names) if name]
    return parts.joined(stated, "; ") if stated else parts.every(material)("not_supplied")


def _limits(exhibit: Exhibit) -> Section:
    return Section(title=say("Limits"), blocks=(Items(entries=exhibit.limits),))


def _sources(exhibit: Exhibit, material: Material) -> Section:
    if not exhibit.sources:
        none = Paragraph(text=parts.every(material)("no_source"))
        return Section(title=say("Sources"), blocks=(none,))
    table = Table(
        caption=say(f"{counted(len(exhibit.sources), 'preserved file')} cited by this exhibit."),
        columns=SOURCE_COLUMNS,
        rows=tuple(
            (
                say(line.item),
                quote(line.name),
                say(line.sha256),
                say(line.acquired_at),
                say(f"{line.records:,}"),
            )
            for line in exhibit.sources
        ),
        empty=(),
    )
    return Section(title=say("Sources"), blocks=(table,))
