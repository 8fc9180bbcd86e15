"""What an exhibit is made of, before it has a layout.

An exhibit is a value: the PDF, the page for the screen and the tables are drawn from the same one,
so they cannot tell different stories. Text is a run of spans, because three things must be told
apart to the last page: words of ours (they are linted), words quoted from the evidence (they are
marked, and never linted), words given by case.toml or by an earlier stage, and pinpoint cites (they
must resolve).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class Kind(StrEnum):
    """What an exhibit is offered as (R-080); it is printed, and it bounds what may be drawn."""

    SOURCE_RECORD = "source_record"
    SUMMARY = "rule_1006_summary"
    ILLUSTRATIVE = "rule_107_illustrative"
    EXPERT_REPORT = "expert_report"
    CERTIFICATE = "certificate"
    NATIVE = "demonstrative_native"


class Origin(StrEnum):
    """Whose words the body holds (R-077)."""

    PROVIDER = "provider-generated log records"
    DERIVED = "tool-generated derivative of provider-generated log records"


class Status(StrEnum):
    """Draft or final (R-093)."""

    DRAFT = "DRAFT"
    FINAL = "FINAL"


class Mode(StrEnum):
    """Who answers for the results: an expert, or nobody but the machine (R-065)."""

    FOR_EXPERT = "for-expert"
    MACHINE_ONLY = "machine-only"


class Voice(StrEnum):
    """Whose words a span holds."""

    SAY = "say"
    QUOTE = "quote"
    GIVEN = "given"
    CITE = "cite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text in one voice."""

    voice: Voice
    text: str


Text: TypeAlias = tuple[Span, ...]


def say(words: str) -> Text:
    """Words of ours."""
    return (Span(voice=Voice.SAY, text=words),)


def quote(value: str) -> Text:
    """Words of the evidence, verbatim."""
    return (Span(voice=Voice.QUOTE, text=value),)


def given(value: str) -> Text:
    """Words of case.toml or of an earlier stage, verbatim."""
    return (Span(voice=Voice.GIVEN, text=value),)


def cite(pinpoint: str) -> Text:
    """A pinpoint: it names a row or bytes that the reader can open."""
    return (Span(voice=Voice.CITE, text=pinpoint),)


def plain(text: Text) -> str:
    """The characters alone."""
    return "".join(span.text for span in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a printed table.

    Attributes:
        title: neutral words, unit included.
        width: relative.
        number: right-aligned.
        exact: set in the narrow fixed-width face: identifiers, hashes, times.
    """

    title: str
    width: float = 1.0
    number: bool = False
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A printed table; `empty` is the sentence that stands in for it when it has no row.

    Attributes:
        numbered: its first column holds numbers of rows that cites of the exhibit mean, also where
            the list is printed as several tables.
    """

    caption: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    empty: Text
    wide: bool = False
    numbered: bool = False

    def __post_init__(self) -> None:
        """Every row has every cell."""
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                raise ValueError(f"row {number}: {len(row)} cells for {len(self.columns)} columns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A drawing, its question as the caption, and the same facts as text for who cannot see it."""

    question: Text
    svg: str
    alt: str
    causal: bool = False


class Mark(StrEnum):
    """What happened to one block of a document between two versions."""

    SAME = "unchanged"
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redline:
    """A document before and after, one block a statement."""

    title: Text
    note: Text
    blocks: tuple[tuple[Mark, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text."""

    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list of sentences."""

    entries: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and values."""

    pairs: tuple[tuple[str, Text], ...]


Block: TypeAlias = Paragraph | Items | Facts | Table | Picture | Redline


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with its blocks; `level` 1 or 2."""

    title: Text
    blocks: tuple[Block, ...]
    level: int = 1


Value: TypeAlias = bool | int | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """The table as data: every row with all of R-130, values untouched.

    `columns` are (name, type) with type `text`, `int` or `bool`; times are text in UTC, as stored.
    """

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What an exhibit is called: its printed number, and its file name without ending."""

    number: str
    stem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One preserved file that the exhibit cites."""

    item: str
    name: str
    sha256: str
    acquired_at: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One exhibit, complete but for what is known only when all are: hashes and page numbers.

    Attributes:
        key: letter of the catalogue; `number` is what is printed.
        stem: file name without ending.
        facts: rows of the cover that are this exhibit's own (period, subject ...).
        coverage: one sentence for the cover.
        answer: the sentences that come first.
        limits: never printed smaller than the answer.
        findings: ids of the findings shown.
        based_on: numbers of the exhibits an illustrative aid rests on.
        running: short title for the foot of each page.
    """

    key: str
    number: str
    stem: str
    title: Text
    kind: Kind
    origin: Origin
    question: Text
    facts: tuple[tuple[str, Text], ...]
    coverage: Text
    answer: tuple[Text, ...]
    sections: tuple[Section, ...]
    limits: tuple[Text, ...]
    sources: tuple[SourceLine, ...]
    native: Native
    findings: tuple[str, ...] = ()
    based_on: tuple[str, ...] = ()
    running: str = ""

    def __post_init__(self) -> None:
        """A summary shows contents; what draws a causal order is an illustration (R-082)."""
        if self.kind is Kind.SUMMARY and any(picture.causal for picture in self.pictures()):
            raise KindError(
                f"exhibit {self.number}: expected kind {Kind.ILLUSTRATIVE}, found {Kind.SUMMARY}. "
                "A picture that sets changes over accesses suggests an order of cause and effect; "
                "a summary under Rule 1006 proves contents and may not (Rule 1006(c), Rule 107). "
                "Mark it as an illustrative aid, or leave the picture out."
            )

    def pictures(self) -> Iterator[Picture]:
        """Every picture of the body."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Picture):
                    yield block


class KindError(ValueError):
    """An exhibit marked as a kind that it cannot be, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imprint:
    """What the whole production shares, and every cover prints.

    Attributes:
        prepared_at: from inputs.json, the only place where the time of preparation is decided.
        inputs_sha256: digest of inputs.json.
        notes: sentences on status, seal and redaction.
        notice: rows of the cover that come first, where nobody answers for the results.
        confidentiality: designation, as case.toml gives it; None = none is stated.
        redacted: whether it is a redacted rendition.
    """

    status: Status
    label: str
    prepared_at: str
    tool: str
    inputs_sha256: str
    page_size: str
    matter: tuple[tuple[str, Text], ...]
    notes: tuple[Text, ...] = field(default=())
    notice: tuple[tuple[str, Text], ...] = ()
    confidentiality: str | None = None
    redacted: bool = False
