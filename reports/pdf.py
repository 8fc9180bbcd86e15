"""Exhibits as tagged PDF/A-3a: typeset in parts, merged, stamped.

1. the exhibit becomes data: spans of text, breaks marked, characters without a glyph spelled out
2. long tables are cut into parts of `CHUNK` rows, so that memory stays bounded
3. each part is typeset, in a process of its own where there are several
4. the stamps (exhibit number, page X of Y, status) are typeset, now that the pages are counted
5. all become one document with one structure tree

Equal data give equal bytes: fixed faces, fixed date, no packages, no clock.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from collector.errors import ConfigError
from reports import pinpoint
from reports.cover import Cover
from reports.glyphs import drawable
from reports.model import (
    Block,
    Exhibit,
    Facts,
    Imprint,
    Items,
    Paragraph,
    Picture,
    Redline,
    Section,
    Status,
    Table,
    Text,
    Voice,
    say,
)
from reports.pinpoint import BREAK, breakable, visible
from reports.text import template_dir

CHUNK = 1500
ALTERNATIVE = 15_000
WORKERS = 2
LAYOUT, STAMP = "exhibit.typ", "stamp.typ"
PAPER = {"A4": "a4", "Letter": "us-letter"}


def render(
    exhibit: Exhibit, cover: Cover, imprint: Imprint, case: Path | None, target: Path
) -> int:
    """Writes the PDF and returns its number of pages."""
    from reports import pdf_merge

    with tempfile.TemporaryDirectory(prefix="butfor-") as folder:
        jobs = [
            (_file(LAYOUT, case), json.dumps(data), Path(folder) / f"{n:04d}.pdf", _epoch(imprint))
            for n, data in enumerate(_parts(exhibit, cover, imprint))
        ]
        if len(jobs) == 1:
            _typeset(jobs[0])
        else:
            with ProcessPoolExecutor(
                min(WORKERS, len(jobs)), mp_context=get_context("spawn"), max_tasks_per_child=1
            ) as pool:
                list(pool.map(_typeset, jobs))
        chunks = [job[2] for job in jobs]
        stamped = Path(folder) / "stamps.pdf"
        data = _stamps(exhibit, cover, imprint, pdf_merge.sizes(chunks))
        _typeset((_file(STAMP, case), json.dumps(data), stamped, _epoch(imprint)), tags=False)
        return pdf_merge.merge(chunks, stamped.read_bytes(), target)


def _parts(exhibit: Exhibit, cover: Cover, imprint: Imprint) -> Iterator[Mapping[str, Any]]:
    """Step 1 and 2: the data of each part; the cover is in the first."""
    sections = [*exhibit.sections, *cover.closing]
    first = True
    for chunk in cut(sections, CHUNK):
        yield {
            "title": drawable(visible(cover.document_title)),
            "author": drawable(visible(cover.author)),
            "keywords": [f"status {imprint.status}", f"label {imprint.label}"],
            "paper": PAPER[imprint.page_size],
            "brk": BREAK,
            "cover": _cover(exhibit, cover) if first else None,
            "sections": [_section(section) for section in chunk],
        }
        first = False


def cut(sections: Sequence[Section], rows: int) -> list[list[Section]]:
    """Sections in parts with at most `rows` table rows each; a cut table goes on with its head."""
    parts: list[list[Section]] = [[]]
    room = rows
    for section in sections:
        title = section.title
        blocks: list[Block] = []
        for block in section.blocks:
            rest: Block = block
            while isinstance(rest, Table) and len(rest.rows) > room:
                if room:
                    blocks.append(replace(rest, rows=rest.rows[:room]))
                    rest = replace(rest, rows=rest.rows[room:], caption=say("continued"))
                parts[-1].append(replace(section, title=title, blocks=tuple(blocks)))
                parts.append([])
                title, blocks, room = (), [], rows
            room -= len(rest.rows) if isinstance(rest, Table) else 0
            blocks.append(rest)
        parts[-1].append(replace(section, title=title, blocks=tuple(blocks)))
    return parts


def _cover(exhibit: Exhibit, cover: Cover) -> Mapping[str, Any]:
    return {
        "number": exhibit.number,
        "kind_name": cover.kind_name,
        "kind_meaning": cover.kind_meaning,
        "title": _text(exhibit.title),
        "question": _text(exhibit.question),
        "answer": [_text(sentence) for sentence in exhibit.answer],
        "pairs": [[name, _text(value)] for name, value in cover.pairs],
    }


def _section(section: Section) -> Mapping[str, Any]:
    return {
        "title": _text(section.title),
        "level": section.level,
        "blocks": [_block(block) for block in section.blocks],
    }


def _block(block: Block) -> Mapping[str, Any]:
    match block:
        case Paragraph():
            return {"type": "paragraph", "text": _text(block.text)}
        case Items():
            return {"type": "items", "entries": [_text(entry) for entry in block.entries]}
        case Facts():
            return {"type": "facts", "pairs": [[n, _text(value)] for n, value in block.pairs]}
        case Table():
            return {
                "type": "table",
                "caption": _text(block.caption),
                "empty": _text(block.empty),
                "columns": [
                    {"title": c.title, "width": c.width, "number": c.number, "exact": c.exact}
                    for c in block.columns
                ],
                "rows": [[_text(cell) for cell in row] for row in block.rows],
            }
        case Picture():
            return {
                "type": "picture",
                "question": _text(block.question),
                "svg": drawable(block.svg),
                "alt": _alternative(drawable(visible(block.alt))),
            }
        case Redline():
            return {
                "type": "redline",
                "title": _text(block.title),
                "note": _text(block.note),
                "blocks": [[mark.value, _lines(words)] for mark, words in block.blocks],
            }


def _alternative(words: str) -> str:
    """Text for who cannot see the picture; PDF/A allows 32,767 bytes, two a character."""
    if len(words) <= ALTERNATIVE:
        return words
    return words[:ALTERNATIVE].rsplit(". ", 1)[0] + ". The tables of this exhibit hold the rest."


def _text(text: Text) -> list[list[str]]:
    return [
        [span.voice.value, _ours(span.text) if span.voice is Voice.SAY else _words(span.text)]
        for span in text
    ]


def _ours(words: str) -> str:
    """Words of ours: a line feed is a new line."""
    return "\n".join(pinpoint.words(drawable(visible(line))) for line in words.split("\n"))


def _words(words: str) -> str:
    """A value: every control is spelled out, line feeds as well, and it may break inside."""
    return breakable(drawable(visible(words)))


def _lines(words: str) -> list[list[object]]:
    """Each line of a block as its depth and its words: the typesetter drops leading spaces."""
    bare = [line.lstrip(" ") for line in words.split("\n")]
    return [
        [len(line) - len(rest), _words(rest)]
        for line, rest in zip(words.split("\n"), bare, strict=True)
    ]


def _stamps(
    exhibit: Exhibit, cover: Cover, imprint: Imprint, pages: list[dict[str, float]]
) -> Mapping[str, Any]:
    draft = imprint.status is Status.DRAFT
    return {
        "pages": pages,
        "number": exhibit.number,
        "left": f"{imprint.status} {imprint.label}" if draft else imprint.label,
        "right": drawable(visible(cover.running_title)),
        "watermark": str(imprint.status) if draft else "",
        "line": cover.footer_line,
    }


def _typeset(job: tuple[Path, str, Path, int], tags: bool = True) -> None:
    """Step 3: one part, in this process."""
    import typst

    template, data, target, epoch = job
    try:
        made = typst.compile(
            str(template), format="pdf", sys_inputs={"data": data}, ignore_system_fonts=True,
            pdf_standards=["a-3a"] if tags else ["a-3b"], pdf_tags=tags, timestamp=epoch,
            root=str(template.parent),
        )  # fmt: skip
    except typst.TypstError as error:
        raise ConfigError(
            f"{template}: expected a layout that can be set, found: {error}"
        ) from error
    target.write_bytes(made)


def _file(name: str, case: Path | None) -> Path:
    own = case / "templates" / name if case is not None else None
    return own if own is not None and own.is_file() else template_dir() / name


def _epoch(imprint: Imprint) -> int:
    return int(datetime.fromisoformat(imprint.prepared_at.replace("Z", "+00:00")).timestamp())
