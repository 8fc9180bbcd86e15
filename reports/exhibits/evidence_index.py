"""Exhibit B: every item of the case, used or not, with its hashes; every gap (R-091)."""

import re
from collections.abc import Iterator, Mapping

from reports.exhibits import gaps_and_limits, parts
from reports.material import Material
from reports.model import (
    Column,
    Exhibit,
    Kind,
    Label,
    Native,
    Origin,
    Section,
    Table,
    Text,
    given,
    quote,
    say,
)
from reports.pinpoint import instant, stored
from reports.text import Say, said, sentences

TEMPLATE = "evidence_index.j2"
#: Bodies that ask to be told when a document of theirs is marked as an exhibit, by file name.
_NOTICE = re.compile(r"(?<![A-Za-z])(SWGDE)(?![A-Za-z])", re.IGNORECASE)
COLUMNS = (
    Column(title="No.", width=0.6, number=True),
    Column(title="Item", width=1.0, exact=True),
    Column(title="Name as received; source", width=3.6),
    Column(title="Bytes", width=0.9, number=True),
    Column(title="Records", width=0.8, number=True),
    Column(title="Acquired; observed (UTC)", width=1.5, exact=True),
    Column(title="SHA-256", width=2.6, exact=True),
)


def build(material: Material, label: Label, _numbers: Mapping[str, tuple[str, ...]]) -> Exhibit:
    """The exhibit for the whole case."""
    tell = sentences(TEMPLATE, material.case)
    rows = tuple(_row(material, n) for n in range(len(material.items)))
    table = Table(
        caption=tell("items_caption", n=len(rows)), columns=COLUMNS, rows=rows,
        empty=tell("items_empty"),
    )  # fmt: skip
    return Exhibit(
        key="B", number=label.number, stem=label.stem, title=tell("title"), kind=Kind.SUMMARY,
        origin=Origin.DERIVED, question=tell("question"), facts=(),
        coverage=parts.coverage(material), answer=tuple(_answer(material, tell, label.number)),
        sections=(
            Section(title=tell("items_title"), blocks=(table,)), gaps_and_limits.section(material),
        ),
        limits=(
            tell("limit_names"), tell("limit_records"), *_asked_for_notice(material, tell),
            *parts.limits(material, start=None, end=None), parts.every(material)("codepoints"),
        ),
        sources=(), native=_native(material),
    )  # fmt: skip


def _answer(material: Material, tell: Say, number: str) -> Iterator[Text]:
    items = material.items
    if not items:
        yield tell("answer_empty")
    else:
        yield tell(
            "answer", n=len(items), size=sum(item.size for item in items),
            acquisitions=len({item.acquisition for item in items}),
            used=sum(item.uid in material.records for item in items),
            rows=parts.rows_cite(number, 1, len(items)),
        )  # fmt: skip
    if material.withdrawn:
        yield tell("answer_struck", n=len(material.withdrawn))
    yield tell("answer_gaps", n=len(material.gaps))


def _asked_for_notice(material: Material, tell: Say) -> Iterator[Text]:
    """A reminder where a document of a body that asks for notice is among the items (R-127)."""
    for item in material.items:
        named = _NOTICE.search(item.name)
        if named is not None and item.uid not in material.withdrawn:
            yield tell("limit_notice", item=said(item.uid), body=said(named[1].upper()))


def _row(material: Material, at: int) -> tuple[Text, ...]:
    item = material.items[at]
    struck = material.withdrawn.get(item.uid)
    observed = instant(item.observed_at) if item.observed_at else None
    return (
        say(str(at + 1)), say(item.uid),
        parts.lines(
            quote(item.name), given(item.source),
            parts.joined((say("withdrawn:"), given(struck)), " ") if struck else None,
        ),
        say(f"{item.size:,}"), say(f"{material.records.get(item.uid, 0):,}"),
        parts.lines(say(instant(item.acquired_at)), say(observed) if observed else None),
        say(item.digest.sha256),
    )  # fmt: skip


def _native(material: Material) -> Native:
    columns = (
        ("row", "int"), ("evidence_item", "text"), ("source_file", "text"), ("stored_path", "text"),
        ("source", "text"), ("acquisition", "int"), ("bytes", "int"), ("records", "int"),
        ("acquired_at", "text"), ("observed_at", "text"), ("source_sha256", "text"),
        ("source_sha512", "text"), ("content_sha256", "text"), ("withdrawn", "text"),
    )  # fmt: skip
    rows = tuple(
        (
            n, item.uid, item.name, str(item.path), item.source, item.acquisition, item.size,
            material.records.get(item.uid, 0), stored(item.acquired_at), stored(item.observed_at),
            item.digest.sha256, item.digest.sha512, item.content_sha256,
            material.withdrawn.get(item.uid),
        )
        for n, item in enumerate(material.items, 1)
    )  # fmt: skip
    return Native(columns=columns, rows=rows)
