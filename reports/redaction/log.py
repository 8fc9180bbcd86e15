"""The redaction log: which token stands where in each exhibit, why, on which basis (R-098)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from reports.model import Native
from reports.redaction import finders
from reports.redaction.profile import Profile

COLUMNS = (
    ("exhibit", "text"), ("file", "text"), ("page", "int"), ("bates", "text"), ("position", "int"),
    ("class", "text"), ("basis", "text"), ("token", "text"),
)  # fmt: skip
_SPACE = re.compile(r"\s+")


def table(
    folder: Path, pages: Sequence[tuple[str, str, str | None]], words: Sequence[str],
    profile: Profile,
) -> Native:  # fmt: skip
    """The log of a rendition.

    Args:
        folder: the rendition.
        pages: (exhibit number, name of its PDF, Bates number of its first page or None).
        words: of the tokens in use.
        profile: gives the basis.

    Returns:
        One row a token as it is met on a page; `position` counts the tokens of the page from 1.
    """
    if not words:
        return Native(columns=COLUMNS, rows=())
    token = re.compile(rf"(?<![A-Z])(?:{'|'.join(sorted(map(re.escape, words)))})-\d{{2,}}")
    bases = {one.kind.upper(): one.basis for one in profile.values}
    rows = tuple(
        (
            exhibit, name, page, numbered(begin, page), position, meaning(found),
            bases.get(_word(found), profile.basis), found,
        )
        for exhibit, name, begin in pages
        for page, text in enumerate(_pages(folder / name), 1)
        for position, found in enumerate(token.findall(text), 1)
    )  # fmt: skip  # fmt: skip
    return Native(columns=COLUMNS, rows=rows)


def numbered(begin: str | None, page: int) -> str | None:
    """Bates number of a page, from 1, of a file whose first page has the number `begin`."""
    if begin is None:
        return None
    digits = len(begin) - len(begin.rstrip("0123456789"))
    return f"{begin[:-digits]}{int(begin[-digits:]) + page - 1:0{digits}d}"


def meaning(token: str) -> str:
    """What a token stands for, as a class."""
    word = _word(token)
    known: Mapping[str, str] = {one.word: one.kind for one in reversed(finders.every())}
    return {"OBJECT": "object key", "PRINCIPAL": "principal", "NAMEPART": "principal"}.get(
        word
    ) or known.get(word, word.lower())


def _word(token: str) -> str:
    return token.rpartition("-")[0]


def _pages(path: Path) -> Iterator[str]:
    """Text of each page without white space: a token may be broken between lines."""
    import pypdfium2

    opened = pypdfium2.PdfDocument(path)
    try:
        for page in opened:
            yield _SPACE.sub("", page.get_textpage().get_text_bounded())
    finally:
        opened.close()
