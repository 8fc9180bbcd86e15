"""What surrounds the exhibits of an edition: index, README, tool, verifier, manifest, sums."""

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from collector import canonical, manifest
from collector.errors import DerivedError
from collector.verify.files import SIGNED
from reports import csv_table, html, method_pages, repro
from reports.cited_evidence import Kept
from reports.cover import Cover
from reports.exhibits import records_wanted
from reports.material import Material
from reports.model import Exhibit, Imprint, Native, plain
from reports.text import environment, located, unmarked

README = "other_side.txt.j2"
SUMS = "SHA256SUMS"
TOOL = "tool.json"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducedFile:
    """One file of an exhibit; `begin` and `end` are Bates numbers, None where it bears none."""

    name: str
    sha256: str
    begin: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """One exhibit as written: its files, and its number of pages."""

    exhibit: Exhibit
    cover: Cover
    pages: int
    files: tuple[ProducedFile, ...]

    @property
    def begin(self) -> str | None:
        """Bates number of the first page."""
        return self.files[0].begin

    @property
    def end(self) -> str | None:
        """Bates number of the last page, its native table included."""
        return max((one.end for one in self.files if one.end), default=None)


def index(produced: Sequence[Produced], imprint: Imprint, material: Material, folder: Path) -> None:
    """R-134; what a person fills in at a hearing stays blank."""
    columns = (
        ("exhibit", "text"), ("title", "text"), ("kind", "text"), ("record_origin", "text"),
        ("status", "text"), ("date", "text"), ("pages", "int"), ("rows", "int"),
        ("begin_bates", "text"),
        ("end_bates", "text"), ("source_exhibits", "text"), ("sponsoring_witness", "text"),
        ("offered", "text"), ("objection", "text"), ("file", "text"), ("sha256", "text"),
    )  # fmt: skip
    rows = tuple(
        (
            one.exhibit.number, plain(one.exhibit.title), str(one.exhibit.kind),
            str(one.exhibit.origin), str(imprint.status), imprint.prepared_at, one.pages,
            len(one.exhibit.native.rows),
            file.begin, file.end, ", ".join(one.exhibit.based_on), None, None, None, file.name,
            file.sha256,
        )
        for one in produced
        for file in one.files
    )  # fmt: skip
    (folder / "index.csv").write_bytes(csv_table.encode(Native(columns=columns, rows=rows)))
    page = html.page("index.html.j2", material.case, produced=produced, imprint=imprint)
    (folder / "index.html").write_bytes(page)


def readme(
    produced: Sequence[Produced], imprint: Imprint, material: Material, folder: Path, *,
    kept: Sequence[Kept], with_load_files: bool, supplements: str | None,
    redaction: str | None = None,
) -> None:  # fmt: skip
    """README.txt, for the other side."""
    states = [one.state for one in kept]
    made = environment(material.case)
    values = {
        "produced": [
            {"number": one.exhibit.number, "stem": one.exhibit.stem,
             "pages": one.pages, "begin": one.begin, "end": one.end}
            for one in produced
        ],
        "status": str(imprint.status), "label": imprint.label, "tool": imprint.tool,
        "states": {state: states.count(state) for state in sorted(set(states))},
        "with_load_files": with_load_files, "supplements": supplements, "redaction": redaction,
    }  # fmt: skip
    try:
        text = made.get_template(README).render(values)
    except (TemplateError, TypeError, AttributeError) as error:
        raise located(made, README, error, tuple(sorted(values))) from error
    (folder / "README.txt").write_text(unmarked(text), encoding="utf-8", newline="\n")


def carried(
    material: Material, inputs: Mapping[str, Any], folder: Path,
    rewritten: Callable[[Path, Path], None] | None = None,
) -> None:  # fmt: skip
    """Findings, model card, records to ask for; the exact tool with its lock; the verifier.

    Args:
        rewritten: of a redacted rendition: writes the first file, redacted, as the second.
    """
    copy = rewritten or shutil.copyfile
    for name in ("findings.json", "model_card.json"):
        if material.case is not None and (material.case / "derived" / name).is_file():
            copy(material.case / "derived" / name, folder / name)
    if rewritten is None:  # a redacted rendition has other ids than the tables of the case
        repro.write(material, folder)
    wanted = records_wanted.native(material)
    (folder / records_wanted.FILE).write_bytes(csv_table.encode(wanted))
    if inputs.get("program"):
        (folder / TOOL).write_bytes(canonical.line(inputs["program"]))
    method_pages.carry(folder)
    for source in sorted((Path(__file__).parent / "verifier").glob("verify*.py")):
        shutil.copyfile(source, folder / source.name)


def write_manifest(folder: Path) -> None:
    """manifest.jsonl and SHA256SUMS over every other file; each is read once, in blocks."""
    lines = [
        line_of(path, path.relative_to(folder).as_posix())
        for path in sorted(path for path in folder.rglob("*") if path.is_file())
    ]
    lines.sort(key=lambda line: line.path.encode())
    text = "".join(f"{line.sha256}  {line.path}\n" for line in lines).encode()
    (folder / SUMS).write_bytes(text)
    lines.append(line_of(folder / SUMS, SUMS))
    lines.sort(key=lambda line: line.path.encode())
    (folder / manifest.NAME).write_bytes(b"".join(line.encode() + b"\n" for line in lines))


def line_of(path: Path, name: str) -> manifest.ManifestLine:
    """A file's line, both hashes in one pass."""
    short, long, size = hashlib.sha256(), hashlib.sha512(), 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            short.update(block)
            long.update(block)
            size += len(block)
    return manifest.ManifestLine(
        path=name, size=size, sha256=short.hexdigest(), sha512=long.hexdigest()
    )


def sha256(path: Path) -> str:
    """Of a file, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def compare(made: Path, there: Path) -> None:
    """Same inputs, same bytes; whatever else is in the folder is named as well.

    Raises:
        DerivedError: with every name that differs.
    """
    names = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    old = {path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file()}
    old -= {name for name in old if name.endswith(SIGNED)}  # a person's copies, added afterwards
    differing = [
        name
        for name in sorted(names | old)
        if name not in names or name not in old or sha256(made / name) != sha256(there / name)
    ]
    if differing:
        raise DerivedError(
            f"{there}: expected the bytes that its inputs give, found others in: "
            + ", ".join(differing)
            + ". The edition was changed, or the environment differs from the one that made it."
        )
