"""Exhibits as tagged PDF/A-3a: typeset in parts, merged, stamped.

1. the exhibit becomes data: spans of text, breaks marked, characters without a glyph spelled out
2. long tables are cut into parts of `CHUNK` rows, so that memory stays bounded
3. each part is typeset, in a process of its own where there are several; pages are counted
4. the stamps (exhibit number, page X of Y, status, Bates number) are typeset
5. all become one document with one structure tree, or volumes of some 7,500 rows each

Steps 1 to 3 are `set_parts`, 4 and 5 `stamp`: Bates numbers are reserved between them.

Equal data give equal bytes: fixed faces, fixed date, no packages, no clock.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from reports import pinpoint, volumes
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
    plain,
    say,
)
from reports.pinpoint import BREAK, breakable, visible
from reports.text import template_dir
from reports.typesetting import Job, typeset, workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """An exhibit without its stamps.

    Attributes:
        volumes: typeset parts of each volume, in order.
        sizes: width and height in points of each page of each volume.
    """

    volumes: tuple[tuple[Path, ...], ...]
    sizes: tuple[tuple[Mapping[str, float], ...], ...]

    @property
    def pages(self) -> int:
        """Of all volumes."""
        return sum(map(len, self.sizes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Files of one exhibit, in order, and the number of pages in each of them."""

    files: tuple[Path, ...]
    of_file: tuple[int, ...]

    @property
    def pages(self) -> int:
        """Of all files."""
        return sum(self.of_file)


CHUNK = 1500
#: Parts in one volume: merging needs memory by the row.
VOLUME = 5
ALTERNATIVE = 15_000
#: Characters of a name in the exhibit's stamp.
STAMPED = 48
LAYOUT, STAMP = "exhibit.typ", "stamp.typ"
PAPER = {"A4": "a4", "Letter": "us-letter"}
#: Millimeters between the margins of exhibit.typ.
TEXT_WIDTH = {"A4": 170.0, "Letter": 175.9}


def render(
    exhibit: Exhibit, cover: Cover, imprint: Imprint, case: Path | None, target: Path
) -> Rendered:
    """Both halves at once, without Bates numbers."""
    with tempfile.TemporaryDirectory(prefix="butfor-") as scratch:
        parts = set_parts(exhibit, cover, imprint, case, Path(scratch))
        return stamp(parts, exhibit, cover, imprint, case, target)


def set_parts(
    exhibit: Exhibit, cover: Cover, imprint: Imprint, case: Path | None, folder: Path
) -> Parts:
    """Steps 1 to 3, into a scratch folder that must last until `stamp` is done."""
    from reports import pdf_merge

    folder.mkdir(parents=True, exist_ok=True)
    layout, epoch = _file(LAYOUT, case), _epoch(imprint)
    jobs = [
        Job(template=layout, data=_stored(folder / f"{n:04d}.json", data), epoch=epoch)
        for n, data in enumerate(_parts(exhibit, cover, imprint))
    ]
    with workers(len(jobs)) as call:
        chunks = list(call(typeset, jobs))
    volumes = tuple(tuple(chunks[n : n + VOLUME]) for n in range(0, len(chunks), VOLUME))
    sizes = tuple(tuple(pdf_merge.sizes(volume)) for volume in volumes)
    return Parts(volumes=volumes, sizes=sizes)


def stamp(
    parts: Parts, exhibit: Exhibit, cover: Cover, imprint: Imprint, case: Path | None,
    target: Path, bates: Sequence[str] = (),
) -> Rendered:  # fmt: skip
    """Steps 4 and 5: `target`, or `…-volume-1.pdf` and so on for one of many rows.

    Args:
        parts: of `set_parts`.
        bates: number of each page, or none at all.
    """
    from reports import pdf_merge

    folder = parts.volumes[0][0].parent
    stamps = [
        Job(
            template=_file(STAMP, case), epoch=_epoch(imprint), tags=False,
            data=_stored(folder / f"stamps{n:04d}.json", data),
        )
        for n, data in enumerate(_stamps(exhibit, cover, imprint, parts.sizes, bates))
    ]  # fmt: skip
    names = tuple(target.parent / name for name in names_of(target.name, len(parts.volumes)))
    first = [sum(map(len, parts.sizes[:n])) for n in range(len(names))]
    labels = bates or [str(n) for n in range(1, parts.pages + 1)]
    with workers(sum(map(len, parts.volumes))) as call:
        tasks = [
            pdf_merge.Task(
                chunks=volume, stamps=made, target=name,
                labels=tuple(labels[start : start + len(pages)]),
            )
            for volume, made, name, start, pages in zip(
                parts.volumes, call(typeset, stamps), names, first, parts.sizes, strict=True
            )
        ]  # fmt: skip
        return Rendered(files=names, of_file=tuple(call(pdf_merge.merge, tasks)))


def names_of(name: str, volumes: int) -> tuple[str, ...]:
    """File names of an exhibit of so many volumes; `name` is that of one alone."""
    if volumes == 1:
        return (name,)
    stem = name.removesuffix(".pdf")
    return tuple(f"{stem}-volume-{n}.pdf" for n in range(1, volumes + 1))


def _stored(path: Path, data: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def _parts(exhibit: Exhibit, cover: Cover, imprint: Imprint) -> Iterator[Mapping[str, Any]]:
    """Step 1 and 2: the data of each part; the cover is in the first."""
    chunks, first = cut([*exhibit.sections, *cover.closing], CHUNK), True
    if len(chunks) > VOLUME:
        names = names_of(f"{exhibit.stem}.pdf", -(-len(chunks) // VOLUME))
        chunks[0].insert(0, volumes.index(chunks, VOLUME, names))
    for chunk in chunks:
        yield {
            "title": drawable(visible(cover.document_title)),
            "author": drawable(visible(cover.author)),
            "keywords": [f"status {imprint.status}", f"label {imprint.label}"],
            "paper": PAPER[imprint.page_size],
            "text_width": TEXT_WIDTH[imprint.page_size],
            "brk": BREAK,
            "cover": _cover(exhibit, cover, imprint) if first else None,
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


def _cover(exhibit: Exhibit, cover: Cover, imprint: Imprint) -> Mapping[str, Any]:
    return {
        "stamp": [exhibit.number, *_stamp_lines(imprint)],
        "kind_name": cover.kind_name,
        "kind_meaning": cover.kind_meaning,
        "title": _text(exhibit.title),
        "question": _text(exhibit.question),
        "answer": [_text(sentence) for sentence in exhibit.answer],
        "pairs": [[name, _text(value)] for name, value in cover.pairs],
    }


def _stamp_lines(imprint: Imprint) -> Iterator[str]:
    """Party and number of the case in the exhibit's stamp, where they are supplied and short.

    Longer ones stand in the rows of the cover, whole; a stamp is no place to break them.
    """
    stated = dict(imprint.matter)
    for name in ("For", "Number"):
        spans = stated.get(name, ())
        if all(span.voice is Voice.GIVEN for span in spans) and 0 < len(plain(spans)) <= STAMPED:
            yield _words(plain(spans))


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
    exhibit: Exhibit, cover: Cover, imprint: Imprint,
    volumes: Sequence[Sequence[Mapping[str, float]]], bates: Sequence[str],
) -> Iterator[Mapping[str, Any]]:  # fmt: skip
    """Step 4: pages are counted through all volumes."""
    draft = imprint.status is Status.DRAFT
    total, first = sum(map(len, volumes)), 1
    for number, pages in enumerate(volumes, 1):
        volume = f", volume {number} of {len(volumes)}" if len(volumes) > 1 else ""
        yield {
            "pages": pages,
            "first": first,
            "total": total,
            "number": exhibit.number,
            "left": (f"{imprint.status} {imprint.label}" if draft else imprint.label) + volume,
            "mark": drawable(visible(imprint.confidentiality or "")),
            "right": drawable(visible(cover.running_title)),
            "watermark": str(imprint.status) if draft else "",
            "line": cover.footer_line,
            "bates": list(bates[first - 1 : first - 1 + len(pages)]),
        }
        first += len(pages)


def _file(name: str, case: Path | None) -> Path:
    own = case / "templates" / name if case is not None else None
    return own if own is not None and own.is_file() else template_dir() / name


def _epoch(imprint: Imprint) -> int:
    return int(datetime.fromisoformat(imprint.prepared_at.replace("Z", "+00:00")).timestamp())
