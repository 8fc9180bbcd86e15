"""Facts on the foundation of records under Rule 803(6), source by source (R-076).

Facts as the records of the case hold them; whether a condition is met is nobody's to say here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from reports.documents import items as evidence
from reports.documents import places
from reports.documents.forms import Form
from reports.documents.places import Numbers
from reports.documents.report_sections import meets
from reports.exhibits import parts
from reports.material import Material, Row
from reports.model import (
    Block,
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
    given,
    plain,
    quote,
    say,
)
from reports.pinpoint import instant, pinpoint, stored
from reports.text import Say, said, sentences

TEMPLATE = "foundation.j2"
#: Periods of logging that are printed; the rest is counted, and stands in the native table.
LINES = 200
LOGGING = (
    Column(title="No.", width=0.5, number=True),
    Column(title="Events; where", width=2.6),
    Column(title="From (UTC)", width=1.5, exact=True),
    Column(title="Until (UTC)", width=1.5, exact=True),
    Column(title="Kept", width=1.0),
    Column(title="On what this rests", width=2.6),
    Column(title="Record", width=1.8, exact=True),
)


def build(material: Material, label: Label, numbers: Numbers, *, form: Form) -> Exhibit:
    """One section a source, then the course of logging."""
    tell = sentences(TEMPLATE, material.case)
    sources = _sources(material)
    n = len(material.logging)
    return Exhibit(
        key="L", number=label.number, stem=label.stem, title=tell("title"),
        kind=Kind.EXPERT_REPORT, origin=Origin.DERIVED, question=tell("question"),
        facts=(("Rule", say(form.rule)),), coverage=parts.coverage(material),
        answer=(
            tell("answer", n=len(sources)),
            tell("answer_logging", n=n, rows=parts.rows_cite(label.number, 1, n))
            if n else tell("logging_empty"),
        ),
        sections=(
            *(_section(material, tell, numbers, name, rows) for name, rows in sources.items()),
            Section(title=tell("logging_title"), blocks=tuple(_logging(material, tell))),
        ),
        limits=(
            tell("limit_label"), tell("limit_delivery"), tell("limit_operator"),
            *parts.limits(material, start=None, end=None),
        ),
        sources=parts.sources(material, material.logging), native=_native(material),
        running=plain(tell("running")),
    )  # fmt: skip


def _sources(material: Material) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in sorted(material.coverage, key=lambda row: str(row["source"])):
        found.setdefault(str(row["source"]), []).append(row)
    return found


def _section(
    material: Material, tell: Say, numbers: Numbers, name: str, rows: list[Row]
) -> Section:
    first = min((row["time_from"] for row in rows if row["time_from"]), default=None)
    last = max((row["time_to"] for row in rows if row["time_to"]), default=None)
    touching = [gap for gap in material.gaps if meets(gap, first, last)]
    kinds = Counter(gap["kind"].replace("_", " ") for gap in touching)
    logs = [item for item in evidence.kept(material) if evidence.logged(material, item)]
    times = [item.acquired_at for item in logs]
    loss = said(", ".join(f"{kind} {n:,}" for kind, n in sorted(kinds.items())))
    pairs = (
        ("(A) Times of events",
         tell("event_times", n=sum(row["records"] or 0 for row in rows),
              first=said(instant(first)), last=said(instant(last)))),
        ("(A) Record made, delivered", tell("delivery")),
        ("(A) Acquired by us",
         tell("acquired", n=len(logs), first=said(instant(min(times, default=None))),
              last=said(instant(max(times, default=None))))),
        ("(A), (B) Who operates the system", tell("operator")),
        ("(B), (D) From whom received", _whom(material)),
        ("(C) Kept as a practice", tell("practice")),
        ("(E) Known loss", tell("loss", n=len(touching), kinds=loss,
                                place=said(places.rows(numbers, "K", len(material.gaps))))),
        ("(E) Integrity at the source", tell("integrity")),
        ("Basis of the coverage", parts.lines(*(given(str(row["basis"])) for row in rows))),
    )  # fmt: skip
    return Section(title=tell("source_title", name=name), blocks=(Facts(pairs=pairs),))


def _whom(material: Material) -> Text:
    named = []
    for row in material.acquisitions:
        handover = row.get("handover") or {}
        named.append(str(handover.get("provided_by") or row.get("principal") or "not recorded"))
    return parts.lines(*map(given, dict.fromkeys(named))) if named else say("not recorded")


def _logging(material: Material, tell: Say) -> Iterator[Block]:
    n = len(material.logging)
    yield Table(
        caption=tell("logging_caption", n=n), columns=LOGGING,
        rows=tuple(
            (
                say(str(at)),
                parts.lines(
                    say(f"{row['category']} events, {row['activity']}s"),
                    *(quote(str(row[key])) for key in ("account_uid", "region", "resource")
                      if row[key]),
                ),
                say(instant(row["time_from"], beyond="not known")),
                say(instant(row["time_to"], beyond="no end in the records")),
                say(str(row["kept"])), given(str(row["why"])), say(pinpoint(row)),
            )
            for at, row in enumerate(material.logging[:LINES], 1)
        ),
        empty=tell("logging_empty"),
    )  # fmt: skip
    if n > LINES:
        yield Paragraph(text=tell("logging_more", n=n - LINES))


def _native(material: Material) -> Native:
    columns = (
        ("row", "int"), ("category", "text"), ("activity", "text"), ("account_uid", "text"),
        ("region", "text"), ("resource", "text"), ("time_from", "text"), ("time_to", "text"),
        ("kept", "text"), ("why", "text"), ("evidence_item", "text"), ("locator", "text"),
        ("record_sha256", "text"),
    )  # fmt: skip
    rows = tuple(
        (
            n, row["category"], row["activity"], row["account_uid"], row["region"],
            row["resource"], stored(row["time_from"]), stored(row["time_to"]), row["kept"],
            row["why"], row["evidence_item"], row["locator"], row["record_sha256"],
        )
        for n, row in enumerate(material.logging, 1)
    )  # fmt: skip
    return Native(columns=columns, rows=rows)
