"""The finished files are searched for every redacted value; one hit stops the rendition (R-097).

Searched is what a reader can get at: text as shown, every stream of a PDF inflated, its metadata,
bookmarks and attachments, every part of an office file, every text of a table. A PDF with a
revision before its last is refused as well: what an editor replaced is still in the file.
"""

import html
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reports.redaction import spelling

_SPACE = re.compile(r"\s+")
#: From this length on a value is looked for inside longer words too.
LONG = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A redacted value that is still there; the value itself is not repeated."""

    path: str
    part: str
    token: str


def scan(folder: Path, values: Iterable[tuple[str, str]]) -> tuple[Hit, ...]:
    """Searches every file of a folder.

    Args:
        folder: the rendition.
        values: (value, token).
    """
    tokens = dict(values)
    spelled = spelling.by_spelling(tokens)
    pattern = spelling.pattern(spelled)
    packed = {_SPACE.sub("", one): value for one, value in spelled.items()}
    tight = spelling.pattern(packed)
    hits = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        name = path.relative_to(folder).as_posix()
        for part, text, squeezed in _parts(path.name, path.read_bytes()):
            search, known = (tight, packed) if squeezed else (pattern, spelled)
            there = {m[0] for m in search.finditer(text) if _alone(m)} if search else set()
            hits += [Hit(path=name, part=part, token=tokens[known[one]]) for one in sorted(there)]
    return tuple(hits)


def _alone(match: re.Match[str]) -> bool:
    """A short value, `::1`, counts where it is not a part of something longer."""
    if len(match[0]) >= LONG:
        return True
    around = match.string[max(match.start() - 1, 0) : match.end() + 1].replace(match[0], "", 1)
    return not any(one.isalnum() or one in ":._-" for one in around)


def _parts(name: str, raw: bytes) -> Iterator[tuple[str, str, bool]]:
    """(part, text, whether it is searched without white space) of one file."""
    ending = name.rsplit(".", 1)[-1].lower()
    if ending == "tif":
        return  # pixels of pages of the PDFs, which are searched
    if ending == "pdf":
        yield from _pdf(raw)
    elif ending in ("xlsx", "docx"):
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            for member in sorted(packed.namelist()):
                yield member, html.unescape(_decoded(packed.read(member))), False
    elif ending == "parquet":
        yield "cells", _cells(raw), False
    else:
        text = _decoded(raw)
        yield "text", text, False
        yield "unescaped", html.unescape(text), False


def _pdf(raw: bytes) -> Iterator[tuple[str, str, bool]]:
    import pikepdf
    import pypdfium2

    revisions = raw.count(b"%%EOF")
    if revisions != 1:
        raise ValueError(f"expected one revision in a PDF, found {revisions}")
    with pikepdf.open(io.BytesIO(raw)) as document:
        for number, held in enumerate(document.objects):
            if isinstance(held, pikepdf.Stream) and held.get("/Subtype") != "/Image":
                yield f"stream {number}", _decoded(held.read_bytes()), False
            else:
                yield f"object {number}", _texts(held), False
    opened = pypdfium2.PdfDocument(raw)
    try:
        for number, page in enumerate(opened, 1):
            shown = page.get_textpage().get_text_bounded()
            yield f"page {number}", _SPACE.sub("", shown), True
    finally:
        opened.close()


def _texts(held: object) -> str:
    """Text strings of an object that is no stream: titles, bookmarks, alternative texts."""
    import pikepdf

    if isinstance(held, pikepdf.String):
        return str(held)
    if isinstance(held, pikepdf.Dictionary):
        return "\n".join(_texts(one) for one in held.as_dict().values() if _direct(one))
    if isinstance(held, pikepdf.Array):
        return "\n".join(_texts(one) for one in held.as_list() if _direct(one))
    return ""


def _direct(held: object) -> bool:
    """References are met on their own: following them here would run in circles."""
    return not getattr(held, "is_indirect", False)


def _cells(raw: bytes) -> str:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(io.BytesIO(raw))
    return "\n".join(
        str(cell) for column in table.columns for cell in column.to_pylist() if cell is not None
    )


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
