"""Load files of a final edition, as review platforms read them (R-150 to R-154).

    load-file/DATA/<label>.dat   Concordance: one row a document, fields as in `FIELDS`
    load-file/DATA/<label>.opt   Opticon: one line a page
    load-file/IMAGES/0001/…      each page as TIFF, named by its Bates number
    load-file/NATIVES/0001/…     files produced in their own format, named by their Bates number
    load-file/TEXT/0001/…        text of each document

A family is an exhibit with its native table. The evidence that exhibits cite follows, each file a
document of its own with a slip sheet. Characters that the format needs for itself are spelled out
in values, `<U+00FE>`, and `replaced.csv` says where.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.errors import ConfigError
from reports import bates, csv_table, page_images
from reports import edition_files as files
from reports.glyphs import drawable
from reports.model import Native
from reports.pdf import PAPER
from reports.pinpoint import BREAK, breakable, visible
from reports.text import template_dir

FOLDER = "load-file"
DELIMITER, QUALIFIER, NEWLINE = "\x14", "þ", "®"
FIELDS = (
    "BEGBATES", "ENDBATES", "BEGATTACH", "ENDATTACH", "PGCOUNT", "CUSTODIAN", "CREATEDATE",
    "CREATETIME", "MODDATE", "MODTIME", "FILESIZE", "FILENAME", "FILEEXT", "DOCTYPE", "HASH",
    "NATIVEPATH", "TEXTPATH", "CONFIDENTIALITY", "REDACTED", "TIMEZONE", "SOURCE_URI",
    "EVIDENCE_ID", "RECORD_COUNT", "EXHIBIT_NO",
)  # fmt: skip
SLIP = "slip_sheet.typ"
#: Files in one folder.
MANY = 1000
#: Characters of a value on a slip sheet, which is one page.
SHOWN = 700


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of the production.

    Attributes:
        pages: that bear a number.
        fields: those known before numbers are; by name.
        pdfs: names of its files in the edition, in order; none for a native file.
        native: name of its file in the edition, None for a printed one.
        attached: whether it belongs to the document before it.
        text: gives its text, line by line.
    """

    pages: int
    fields: Mapping[str, str]
    pdfs: tuple[str, ...] = ()
    native: str | None = None
    attached: bool = False
    text: Callable[[], Iterator[str]] = field(default=lambda: iter(()))


def check(documents: Sequence[Document], encoding: str) -> None:
    """Whether every field can be written; before any number is reserved.

    Raises:
        ConfigError: document, field and character that the encoding does not have.
    """
    if encoding == "utf-8":
        return
    for document in documents:
        for name, value in document.fields.items():
            text, _ = safe(value)
            try:
                text.encode(encoding)
            except UnicodeEncodeError as error:
                character = text[error.start]
                raise ConfigError(
                    f"case.toml, exhibits.load_file_encoding: expected characters of {encoding}, "
                    f"found U+{ord(character):04X} ({character!r}) in {name} of "
                    f"{document.fields['FILENAME']!r}. Nothing was reserved; "
                    'load_file_encoding = "utf-8" holds every character.'
                ) from error


def safe(value: str) -> tuple[str, int]:
    """The value as it stands between qualifiers, and how many characters were spelled out."""
    text = value.replace("\r\n", "\n")
    replaced = 0
    out = []
    for character in text:
        if character == "\n":
            out.append(NEWLINE)
        elif character in (QUALIFIER, NEWLINE, DELIMITER) or (
            ord(character) < 32 or 0xD800 <= ord(character) < 0xE000
        ):
            out.append(f"<U+{ord(character):04X}>")
            replaced += 1
        else:
            out.append(character)
    return "".join(out), replaced


def write(
    documents: Sequence[Document], taken: bates.Reservation, folder: Path, *, label: str,
    encoding: str, page_size: str, case: Path | None,
) -> None:  # fmt: skip
    """All of it, into `load-file/` of the edition."""
    root = folder / FOLDER
    firsts = bates.split([one.pages for one in documents], taken.first)
    families = _families(documents, firsts)
    rows, opt, replaced = [], [], []
    slips: list[Mapping[str, Any]] = []
    names: list[str] = []
    volumes = _Folders(root)
    for document, first, family in zip(documents, firsts, families, strict=True):
        begin, end = taken.label(first), taken.label(first + document.pages - 1)
        values = {
            **document.fields, "BEGBATES": begin, "ENDBATES": end,
            "BEGATTACH": taken.label(family[0]) if family else "",
            "ENDATTACH": taken.label(family[1]) if family else "",
            "PGCOUNT": str(document.pages),
            "TEXTPATH": volumes.text(begin, document),
        }  # fmt: skip
        if document.native is not None:
            source = folder / document.native
            values["NATIVEPATH"] = volumes.native(begin, source, document.fields["FILEEXT"])
            values |= {"HASH": files.sha256(source), "FILESIZE": str(source.stat().st_size)}
            slips.append(_slip(document, values))
            names.append(begin)
        else:
            paths = [folder / name for name in document.pdfs]
            values |= {
                "HASH": files.sha256(paths[0]),
                "FILESIZE": str(sum(path.stat().st_size for path in paths)),
            }
            _print(paths, taken.labels(first, document.pages), volumes)
        line, spelled = _row(values)
        rows.append(line)
        replaced += [(begin, name, count) for name, count in spelled]
        labels = taken.labels(first, document.pages)
        opt += [
            f"{one},{label},{volumes.image_path(one)},{'Y' if one == begin else ''},,,"
            f"{document.pages if one == begin else ''}"
            for one in labels
        ]
    _print_slips(slips, names, volumes, page_size, case)
    data = root / "DATA"
    data.mkdir(parents=True)
    head = DELIMITER.join(f"{QUALIFIER}{name}{QUALIFIER}" for name in FIELDS)
    text = "".join(f"{row}\r\n" for row in (head, *rows))
    mark = "\ufeff" if encoding == "utf-8" else ""
    (data / f"{label}.dat").write_bytes((mark + text).encode(encoding))
    (data / f"{label}.opt").write_bytes("".join(f"{line}\r\n" for line in opt).encode("ascii"))
    if replaced:
        columns = (("begbates", "text"), ("field", "text"), ("characters spelled out", "int"))
        table = csv_table.encode(Native(columns=columns, rows=tuple(replaced)))
        (data / "replaced.csv").write_bytes(table)


def _families(
    documents: Sequence[Document], firsts: Sequence[int]
) -> tuple[tuple[int, int] | None, ...]:
    """First and last number of each document's family; None for a document alone."""
    heads: list[int] = []
    for number, document in enumerate(documents):
        heads.append(heads[-1] if document.attached else number)
    last = {head: number for number, head in enumerate(heads)}
    return tuple(
        (firsts[head], firsts[last[head]] + documents[last[head]].pages - 1)
        if last[head] > head
        else None
        for head in heads
    )


def _row(values: Mapping[str, str]) -> tuple[str, list[tuple[str, int]]]:
    """One row, and fields in which characters were spelled out."""
    cells, spelled = [], []
    for name in FIELDS:
        text, count = safe(values.get(name, ""))
        cells.append(f"{QUALIFIER}{text}{QUALIFIER}")
        if count:
            spelled.append((name, count))
    return DELIMITER.join(cells), spelled


class _Folders:
    """Where files go: folders of at most `MANY`, in the order in which they come."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._of_image: dict[str, str] = {}
        self._natives = self._texts = 0

    def image_path(self, label: str) -> str:
        """As the Opticon line has it; the folder follows from the order of the labels."""
        if label not in self._of_image:
            folder = f"{len(self._of_image) // MANY + 1:04d}"
            self._of_image[label] = f"IMAGES\\{folder}\\{label}.tif"
        return self._of_image[label]

    def image(self, label: str, tiff: bytes) -> None:
        """One page."""
        self._place(self.image_path(label)).write_bytes(tiff)

    def native(self, label: str, source: Path, ending: str) -> str:
        """One file in its own format: a second name of the file in this edition, or a copy."""
        path = f"NATIVES\\{self._natives // MANY + 1:04d}\\{label}" + (
            f".{ending}" if ending else ""
        )
        self._natives += 1
        target = self._place(path)
        try:
            os.link(source, target)
        except OSError:  # a medium without links
            shutil.copyfile(source, target)
        return path

    def text(self, label: str, document: Document) -> str:
        """The text of one document."""
        path = f"TEXT\\{self._texts // MANY + 1:04d}\\{label}.txt"
        self._texts += 1
        with self._place(path).open(
            "w", encoding="utf-8", errors="surrogatepass", newline=""
        ) as out:
            for line in document.text():
                out.write(line + "\r\n")
        return path

    def _place(self, path: str) -> Path:
        place = self.root.joinpath(*path.split("\\"))
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


def _print(paths: Sequence[Path], labels: Sequence[str], volumes: _Folders) -> None:
    images = (tiff for path in paths for tiff in page_images.of_pdf(path))
    for label, tiff in zip(labels, images, strict=True):
        volumes.image(label, tiff)


def _slip(document: Document, values: Mapping[str, str]) -> Mapping[str, Any]:
    shown = ("FILENAME", "EVIDENCE_ID", "SOURCE_URI", "FILESIZE", "HASH", "CUSTODIAN")
    titles = {
        "FILENAME": "File", "EVIDENCE_ID": "Evidence item", "SOURCE_URI": "Received from",
        "FILESIZE": "Bytes", "HASH": "SHA-256", "CUSTODIAN": "Custodian",
    }  # fmt: skip
    return {
        "bates": values["BEGBATES"],
        "exhibit": document.fields.get("EXHIBIT_NO", ""),
        "pairs": [
            [
                titles[name],
                breakable(drawable(visible(values[name])))
                if len(values[name]) <= SHOWN
                else "in the load file, too long for this page",
            ]
            for name in shown
            if values.get(name)
        ],
    }


def _print_slips(
    slips: Sequence[Mapping[str, Any]], names: Sequence[str], volumes: _Folders, page_size: str,
    case: Path | None,
) -> None:  # fmt: skip
    own = case / "templates" / SLIP if case is not None else None
    template = own if own is not None and own.is_file() else template_dir() / SLIP
    for at in range(0, len(slips), page_images.BATCH):
        data = {
            "brk": BREAK,
            "paper": PAPER[page_size],
            "pages": slips[at : at + page_images.BATCH],
        }
        labels = names[at : at + page_images.BATCH]
        for label, tiff in zip(labels, page_images.drawn(template, data), strict=True):
            volumes.image(label, tiff)


def moment(at: datetime | None) -> tuple[str, str]:
    """Date and time as load files write them, in UTC; empty where not known."""
    if at is None:
        return "", ""
    there = at.astimezone(UTC)
    return there.strftime("%Y%m%d"), there.strftime("%H:%M:%S")
