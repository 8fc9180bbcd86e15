"""The linter of our own words (R-066, R-094, R-171).

What is linted: visible text, whole words, whatever the case. What is exempt: marked quotations of
evidence (`data-quoted` on screen, spans in another voice than ours in the model), text between
typographic quotation marks, and statutory phrases. An edition with a hit is not produced: a
template that a case brings is held to the same rule as ours.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

from collector.errors import ConfigError
from reports.cover import Cover
from reports.model import (
    Block,
    Exhibit,
    Facts,
    Items,
    Paragraph,
    Picture,
    Redline,
    Section,
    Table,
    Text,
    Voice,
)

BLOCKED: tuple[str, ...] = (
    "negligent", "negligence", "gross", "reckless", "wilful", "willful", "liable", "liability",
    "fault", "blame", "breach of duty", "duty was breached", "unreasonable", "failed to",
    "should have", "guilty", "hacker", "criminal", "superseding", "proximate cause", "spoliation",
    "destroyed", "concealed", "intent", "compliant", "non-compliant", "root cause", "absolute",
    "absolutely", "certain", "certainly", "conclusive", "conclusively", "proves", "proven",
    "zero error", "beyond doubt", "violated", "tamper-proof", "forensically sound",
    "guarantee", "guarantees", "guaranteed",
)  # fmt: skip
_HUNDRED = r"100\s?%"
_DEGREE = r"reasonable degree of (?:scientific|professional) certainty"
_WORDS = re.compile(
    r"(?<![\w-])(?:" + "|".join(re.escape(word) for word in BLOCKED) + r")(?![\w-])"
    rf"|{_HUNDRED}|{_DEGREE}",
    re.IGNORECASE,
)
#: Words of statutes that may be printed as they stand.
STATUTORY = ("notice of the intent to offer",)
_QUOTED = re.compile("“[^”]*”")
_AROUND = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A word that our own text must not hold, with what stands around it."""

    word: str
    context: str


def lint(text: str) -> tuple[Hit, ...]:
    """Hits in a text of ours, in order."""
    shown = _QUOTED.sub("“”", " ".join(text.split()))
    for phrase in STATUTORY:
        shown = shown.replace(phrase, "")
    return tuple(
        Hit(
            word=match[0],
            context=shown[max(match.start() - _AROUND, 0) : match.end() + _AROUND],
        )
        for match in _WORDS.finditer(shown)
    )


def check(exhibit: Exhibit, cover: Cover) -> None:
    """Lints every word of ours in an exhibit.

    Raises:
        ConfigError: with each word and what stands around it.
    """
    hits = [hit for text in spoken(exhibit, cover) for hit in lint(text)]
    if hits:
        listed = "\n  ".join(f"{hit.word!r} in “{hit.context}”" for hit in hits)
        raise ConfigError(
            f"exhibit {exhibit.number}: expected words that draw no legal conclusion and claim no "
            f"certainty, found:\n  {listed}\nChange the template that holds them."
        )


def spoken(exhibit: Exhibit, cover: Cover) -> Iterator[str]:
    """Every text in our own voice that a reader of the exhibit meets."""
    yield from (cover.kind_name, cover.kind_meaning, cover.footer_line)
    texts: list[Text] = [exhibit.title, exhibit.question, exhibit.coverage]
    texts += [*exhibit.answer, *exhibit.limits, *(value for _, value in cover.pairs)]
    yield from (name for name, _ in cover.pairs)
    yield from map(ours, texts)
    for section in (*exhibit.sections, *cover.closing):
        yield from _of_section(section)


def ours(text: Text) -> str:
    """The words of ours in a text; what others said leaves a mark in its place."""
    return "".join(span.text if span.voice is Voice.SAY else "“”" for span in text)


def _of_section(section: Section) -> Iterator[str]:
    yield ours(section.title)
    for block in section.blocks:
        yield from map(ours, _texts(block))
        if isinstance(block, Table):
            yield from (column.title for column in block.columns)
        if isinstance(block, Facts):
            yield from (name for name, _ in block.pairs)


def _texts(block: Block) -> Iterable[Text]:
    match block:
        case Paragraph():
            return (block.text,)
        case Items():
            return block.entries
        case Facts():
            return tuple(value for _, value in block.pairs)
        case Picture():
            return (block.question,)
        case Redline():
            return (block.title, block.note)
        case Table():
            return (block.caption, block.empty, *(cell for row in block.rows for cell in row))


class _Visible(HTMLParser):
    """Text that a page shows, without styles and without what is marked as quoted."""

    _VOID = frozenset({"meta", "link", "br", "wbr", "col", "img", "hr", "input"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._VOID:
            self.parts.append("" if tag == "wbr" else " ")
            return
        names = {name for name, _ in attrs}
        self._hidden.append(tag in ("style", "script") or "data-quoted" in names)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._VOID and self._hidden:
            self._hidden.pop()
            if tag in ("p", "td", "th", "li", "dd", "dt", "h1", "h2", "h3", "h4", "div", "text"):
                self.parts.append(" \n")

    def handle_data(self, data: str) -> None:
        self.parts.append("“”" if any(self._hidden) else data)


def visible_text(page: str) -> str:
    """What a reader of a page sees in our own voice."""
    parser = _Visible()
    parser.feed(page)
    return "".join(parser.parts)
