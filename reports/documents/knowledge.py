"""From whom a stated fact is known, as a mark in the margin of a report (R-101).

An author marks a paragraph or an item of a list by its beginning: `[own]`, `[instructed]`,
`[record]`, `[tool]`, `[other-person: NAME; QUALIFICATIONS]`. Parts that hold facts of one kind mark
what is not marked; parts that hold opinions leave it without a mark. A fact of another person
without that person's identity and qualifications keeps the part open.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Knowledge(StrEnum):
    """Whose knowledge a fact is."""

    OWN = "own"
    INSTRUCTED = "instructed"
    RECORD = "record"
    TOOL = "tool"
    OTHER = "other-person"


#: What an unmarked statement of a part is.
OF_PART: Mapping[str, Knowledge] = {
    "report-instructions": Knowledge.INSTRUCTED,
    "report-own-knowledge": Knowledge.OWN,
    "report-others": Knowledge.OTHER,
}
_MARK = re.compile(
    r"\[(?P<kind>" + "|".join(map(re.escape, Knowledge)) + r")(?::(?P<who>[^\]]*))?\]\s*"
)
_NOTHING = re.compile(r"(?:none|not applicable|n/a)[.]?", re.IGNORECASE)
_START = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One paragraph or item as its author wrote it.

    Attributes:
        mark: None where it is no statement of fact.
        who: identity and qualifications of another person, as written; None = not stated.
        listed: whether it is an item of a list.
    """

    mark: Knowledge | None
    who: tuple[str, str] | None
    text: str
    listed: bool


def statements(name: str, text: str) -> Iterator[Statement]:
    """Those of a part, in order; nothing but the mark is read as markup."""
    usual = None if _NOTHING.fullmatch(text.strip()) else OF_PART.get(name)
    for block in (piece.strip("\n") for piece in text.split("\n\n")):
        lines = [line.strip() for line in block.split("\n") if line.strip()]
        if lines and all(line.startswith("- ") for line in lines):
            for line in lines:
                yield _statement(line.removeprefix("- "), usual, listed=True)
        elif lines:
            yield _statement(" ".join(lines), usual, listed=False)


def _statement(words: str, usual: Knowledge | None, *, listed: bool) -> Statement:
    match = _MARK.match(words)
    if match is None:
        return Statement(mark=usual, who=None, text=words, listed=listed)
    name, _, qualified = (match["who"] or "").partition(";")
    stated = bool(re.search(r"\w", name) and re.search(r"\w", qualified))
    return Statement(
        mark=Knowledge(match["kind"]), text=words[match.end() :], listed=listed,
        who=(name.strip(), qualified.strip()) if stated else None,
    )  # fmt: skip


def unidentified(name: str, text: str) -> str | None:
    """Why a part is open for want of another person's identity; None if it is not."""
    for one in statements(name, text):
        if one.mark is Knowledge.OTHER and one.who is None:
            return (
                f"“{one.text[:_START]}” is a fact of another person: expected "
                "[other-person: NAME; QUALIFICATIONS] before it, found no identity or no "
                "qualifications"
            )
    return None
