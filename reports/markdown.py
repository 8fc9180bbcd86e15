"""The little of Markdown that pages on methods use, as blocks: paragraphs, lists, tables.

Words stay as they stand, marks of emphasis and code taken off. Whose words they are is for the
caller to say.
"""

import re
from collections.abc import Iterator

from reports.model import Block, Column, Items, Paragraph, Table, given, say

_ROW = re.compile(r"^\|.*\|$")
_RULE = re.compile(r"^\|[\s:|-]+\|$")
_MARKS = re.compile(r"\*\*|(?<!\w)`|`(?!\w)")


def blocks(body: str) -> Iterator[Block]:
    """Blocks of a section, in order."""
    for piece in re.split(r"\n\s*\n", body.strip()):
        lines = [line.rstrip() for line in piece.split("\n") if line.strip()]
        if lines and all(_ROW.match(line) for line in lines):
            yield _table(lines)
        elif lines and lines[0].startswith("- "):
            yield Items(entries=tuple(given(plain(entry)) for entry in _entries(lines)))
        elif lines:
            yield Paragraph(text=given(plain(" ".join(line.strip() for line in lines))))


def _entries(lines: list[str]) -> Iterator[str]:
    """Items of a list; a line that begins with white space goes on with the one before."""
    held: list[str] = []
    for line in lines:
        if line.startswith("- ") and held:
            yield " ".join(held)
            held = []
        held.append(line.removeprefix("- ").strip())
    yield " ".join(held)


def _table(lines: list[str]) -> Table:
    head, *rows = ([cell.strip() for cell in line.strip("|").split("|")]
                   for line in lines if not _RULE.match(line))  # fmt: skip
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    return Table(
        caption=(), empty=say("none"),
        columns=tuple(
            Column(title=plain(title), width=min(max(width, 6), 40) / 10)
            for title, width in zip(head, widths, strict=True)
        ),
        rows=tuple(tuple(given(plain(cell)) for cell in row) for row in rows),
    )  # fmt: skip


def plain(words: str) -> str:
    """Without marks of emphasis and code."""
    return _MARKS.sub("", words)
