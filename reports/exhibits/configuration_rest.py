"""Exhibit C, the last: changes of the resources that get no history of their own, in one table.

Where many resources were written to, those that the case is about most have an exhibit each; the
rest is here, by resource. Documents before and after are in the native table, one row a fact.
"""

from collections.abc import Iterator, Mapping, Sequence

from reports.exhibits import configuration_history, parts, printed
from reports.exhibits.configuration_history import COLUMNS, of_resource
from reports.exhibits.printed import Shelf
from reports.material import Material, Row
from reports.model import (
    Exhibit,
    Kind,
    Label,
    Origin,
    Paragraph,
    Section,
    Text,
    plain,
    say,
)
from reports.pinpoint import instant
from reports.text import Say, said, sentences

TEMPLATE = "configuration_history.j2"
#: Most resources with an exhibit each.
HISTORIES = 24


def divided(
    material: Material, resources: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Resources with a history of their own, and the rest; each in the order given."""
    if len(resources) <= HISTORIES:
        return resources, ()
    rank, known = printed.relevance(material), printed.containers(material)
    last = (len(material.findings) + 2, "")
    first = sorted(resources, key=lambda name: rank.get(printed.place(name, known), last)[0])
    own = set(first[:HISTORIES])
    return (
        tuple(name for name in resources if name in own),
        tuple(name for name in resources if name not in own),
    )


def build(
    material: Material, label: Label, numbers: Mapping[str, tuple[str, ...]], *,
    resources: tuple[str, ...],
) -> Exhibit:  # fmt: skip
    """The exhibit of the rest."""
    tell = sentences(TEMPLATE, material.case)
    writes = [write for name in resources for write in of_resource(material.changes, name)]
    held = printed.shelves(material, writes, lambda write: str(write[0]["resource_uid"]))
    ordered = [write for shelf in held for write in shelf.rows]
    times = [at for w in writes if (at := w[0]["time_from"] or w[0]["time_to"]) is not None]
    first, last = min(times, default=None), max(times, default=None)
    others = ", ".join(one for one in numbers.get("C", ()) if one != label.number)
    return Exhibit(
        key="C", running=plain(tell("running")), number=label.number, stem=label.stem,
        title=tell("rest_title", n=len(held)), kind=Kind.SUMMARY, origin=Origin.DERIVED,
        question=tell("rest_question"),
        facts=(
            ("Subject", tell("rest_subject", n=len(held), others=said(others))),
            ("Period (UTC)", say(f"{instant(first)} to {instant(last)}")),
        ),
        coverage=parts.coverage(material),
        answer=tuple(_answer(tell, label.number, ordered, len(held), (first, last))),
        sections=tuple(_sections(material, tell, held, label)),
        limits=(
            tell("rest_limit"), *parts.limits(material, start=first, end=last),
            parts.every(material)("agents"), parts.every(material)("codepoints"),
        ),
        sources=parts.sources(material, [row for write in writes for row in write]),
        native=configuration_history.native(material, ordered),
    )  # fmt: skip


def _answer(
    tell: Say, number: str, writes: Sequence[Sequence[Row]], resources: int,
    span: tuple[object, object],
) -> Iterator[Text]:  # fmt: skip
    logged = [write for write in writes if write[0]["kind"] in ("logged", "opaque")]
    accepted = sum(bool(write[0]["accepted"]) for write in logged)
    yield tell(
        "rest_answer", writes=len(logged), resources=resources, accepted=accepted,
        refused=len(logged) - accepted, rows=parts.rows_cite(number, 1, len(writes)),
    )  # fmt: skip
    other = len(writes) - len(logged)
    if other:
        yield tell("rest_hidden", n=other)


def _sections(
    material: Material, tell: Say, held: Sequence[Shelf[list[Row]]], label: Label
) -> Iterator[Section]:
    n = sum(len(shelf.rows) for shelf in held)
    left = printed.left(held)
    note = Paragraph(text=tell("rest_note", n=n, printed=n - left))
    yield Section(title=tell("rest_resources"), blocks=(note, printed.summary(held)))
    tables = printed.tables(
        held, COLUMNS, lambda number, write: configuration_history.row_of(material, number, write)
    )
    yield Section(title=tell("rest_changes"), blocks=tuple(tables))
    if left:
        yield printed.slip(label, n, configuration_history.NATIVE)
