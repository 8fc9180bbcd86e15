"""A draft as DOCX, for counsel to adapt: the same words as the exhibit, headings and tables.

The same exhibit gives the same bytes: the package is written again with one date in every member.
"""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from reports.model import Exhibit, Facts, Items, Paragraph, Table, Text, plain
from reports.pinpoint import visible

#: The earliest date that a zip member can bear; it says nothing, and it is always the same.
FIXED = (1980, 1, 1, 0, 0, 0)


def write(exhibit: Exhibit, target: Path) -> None:
    """Writes the draft."""
    import docx

    document = docx.Document()
    facts = document.core_properties
    facts.author, facts.comments, facts.title = "", "DRAFT — UNSIGNED", _words(exhibit.title)[:250]
    facts.created = facts.modified = datetime(*FIXED[:3], tzinfo=UTC)
    facts.last_modified_by, facts.revision = "", 1
    document.add_paragraph("DRAFT — UNSIGNED")
    document.add_heading(_words(exhibit.title), level=1)
    for sentence in exhibit.answer:
        document.add_paragraph(_words(sentence))
    for section in exhibit.sections:
        document.add_heading(_words(section.title), level=section.level + 1)
        for block in section.blocks:
            if isinstance(block, Paragraph):
                document.add_paragraph(_words(block.text))
            elif isinstance(block, Items):
                for entry in block.entries:
                    document.add_paragraph(_words(entry), style="List Bullet")
            elif isinstance(block, Facts):
                _table(document, [[name, _words(value)] for name, value in block.pairs])
            elif isinstance(block, Table):
                document.add_paragraph(_words(block.caption if block.rows else block.empty))
                head = [column.title for column in block.columns]
                _table(document, [head, *([_words(cell) for cell in row] for row in block.rows)])
    document.add_heading("Limits", level=2)
    for limit in exhibit.limits:
        document.add_paragraph(_words(limit), style="List Bullet")
    raw = io.BytesIO()
    document.save(raw)
    target.write_bytes(_dated(raw.getvalue()))


def _words(text: Text) -> str:
    """As printed: controls and marks of direction by their code point."""
    return "\n".join(visible(line) for line in plain(text).split("\n"))


def _table(document: object, rows: list[list[str]]) -> None:
    made = document.add_table(rows=0, cols=len(rows[0]), style="Table Grid")  # type: ignore[attr-defined]
    for row in rows:
        cells = made.add_row().cells
        for cell, words in zip(cells, row, strict=True):
            cell.text = words


def _dated(raw: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(made, "w") as new:
        for name in sorted(old.namelist(), key=lambda one: (one != "[Content_Types].xml", one)):
            member = zipfile.ZipInfo(name, date_time=FIXED)
            member.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(member, old.read(name))
    return made.getvalue()
