"""One edition of the exhibits, as a folder.

1. inputs.json: what everything after it is a function of
2. each exhibit is built as a value, then written as CSV, Parquet, PDF and HTML; the cover prints
   the digests of the CSV and of inputs.json, the index prints those of the rendered files
3. index for people (HTML) and for spreadsheets (CSV); a README for the other side; the
   model card and the stand-alone verifier, several files that belong together
4. manifest.jsonl and SHA256SUMS over all of it
The folder appears under its name only when it is whole; an edition is never overwritten.
"""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import canonical, manifest
from collector.errors import DerivedError, UsageError
from reports import catalogue, csv_table, html, pdf, wording
from reports.cover import Cover, cover
from reports.exhibits import parts
from reports.inputs import NAME as INPUTS
from reports.inputs import sealed
from reports.material import Material
from reports.model import Exhibit, Imprint, Native, Status, plain
from reports.text import environment, unmarked

#: Above this many rows print and screen hold the summary; the rows are produced natively.
PRINTED_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """One exhibit as written: its files with their digests, and its number of pages."""

    exhibit: Exhibit
    cover: Cover
    pages: int
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What was made."""

    folder: Path
    produced: tuple[Produced, ...]
    files: int
    repeated: bool


def make(
    material: Material, inputs: Mapping[str, Any], target: Path, tell: Callable[[str], None]
) -> Edition:
    """Writes the edition, or compares it with one that is already there.

    Args:
        inputs: of `reports.inputs`.
        target: folder of the edition.
        tell: prints one line of progress.

    Raises:
        DerivedError: `target` exists and differs; every differing file is named.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as scratch:
        folder = Path(scratch) / "edition"
        folder.mkdir()
        produced = _write(material, inputs, folder, tell)
        files = sum(path.is_file() for path in folder.rglob("*"))
        repeated = target.exists()
        if repeated:
            _compare(folder, target)
        else:
            shutil.move(folder, target)
    return Edition(folder=target, produced=produced, files=files, repeated=repeated)


def _write(
    material: Material, inputs: Mapping[str, Any], folder: Path, tell: Callable[[str], None]
) -> tuple[Produced, ...]:
    line = canonical.line(inputs)
    (folder / INPUTS).write_bytes(line)
    imprint = _imprint(material, inputs, hashlib.sha256(line).hexdigest())
    produced = []
    for exhibit in catalogue.build(material, tuple(inputs["resources"])):
        produced.append(_exhibit(exhibit, imprint, material, folder))
        tell(f"exhibit {exhibit.number}: {produced[-1].pages} pages, "
             f"{len(exhibit.native.rows):,} rows")  # fmt: skip
    _index(produced, imprint, material, folder)
    _readme(produced, imprint, material, folder)
    for name in ("findings.json", "model_card.json"):
        if material.case is not None and (material.case / "derived" / name).is_file():
            shutil.copyfile(material.case / "derived" / name, folder / name)
    for source in sorted((Path(__file__).parent / "verifier").glob("verify*.py")):
        shutil.copyfile(source, folder / source.name)
    _manifest(folder)
    return tuple(produced)


def _exhibit(exhibit: Exhibit, imprint: Imprint, material: Material, folder: Path) -> Produced:
    """Step 2 for one exhibit."""
    csv = csv_table.encode(exhibit.native)
    (folder / f"{exhibit.stem}.csv").write_bytes(csv)
    csv_table.write_parquet(exhibit.native, folder / f"{exhibit.stem}.parquet")
    its_cover = cover(exhibit, imprint, material, hashlib.sha256(csv).hexdigest())
    wording.check(exhibit, its_cover)
    (folder / f"{exhibit.stem}.html").write_bytes(
        html.render(exhibit, its_cover, imprint, material.case)
    )
    rendered = pdf.render(
        exhibit, its_cover, imprint, material.case, folder / f"{exhibit.stem}.pdf"
    )
    names = [path.name for path in rendered.files]
    names += [f"{exhibit.stem}.{ending}" for ending in ("html", "csv", "parquet")]
    files = tuple(
        (name, hashlib.sha256((folder / name).read_bytes()).hexdigest()) for name in names
    )
    return Produced(exhibit=exhibit, cover=its_cover, pages=rendered.pages, files=files)


def _imprint(material: Material, inputs: Mapping[str, Any], digest: str) -> Imprint:
    tell = parts.every(material)
    is_sealed = material.case is not None and sealed(material.case, inputs)
    return Imprint(
        status=Status(inputs["status"]),
        label=inputs["label"],
        prepared_at=inputs["prepared_at"],
        tool=inputs["tool"],
        inputs_sha256=digest,
        page_size=material.config.exhibits.page_size,
        matter=parts.matter(material),
        notes=(tell("sealed", is_sealed=is_sealed), tell("redaction")),
    )


def _index(
    produced: Sequence[Produced], imprint: Imprint, material: Material, folder: Path
) -> None:
    """Step 3: R-134; what a person fills in at a hearing stays blank."""
    columns = (
        ("exhibit", "text"), ("title", "text"), ("kind", "text"), ("record_origin", "text"),
        ("status", "text"), ("date", "text"), ("pages", "int"), ("begin_bates", "text"),
        ("end_bates", "text"), ("source_exhibits", "text"), ("sponsoring_witness", "text"),
        ("offered", "text"), ("objection", "text"), ("file", "text"), ("sha256", "text"),
    )  # fmt: skip
    rows = tuple(
        (
            one.exhibit.number, plain(one.exhibit.title), str(one.exhibit.kind),
            str(one.exhibit.origin), str(imprint.status), imprint.prepared_at, one.pages, None,
            None, ", ".join(one.exhibit.based_on), None, None, None, name, digest,
        )
        for one in produced
        for name, digest in one.files
    )  # fmt: skip
    (folder / "index.csv").write_bytes(csv_table.encode(Native(columns=columns, rows=rows)))
    page = html.page("index.html.j2", material.case, produced=produced, imprint=imprint)
    (folder / "index.html").write_bytes(page)


def _readme(
    produced: Sequence[Produced], imprint: Imprint, material: Material, folder: Path
) -> None:
    template = environment(material.case).get_template("other_side.txt.j2")
    text = template.render(
        produced=[
            {"number": one.exhibit.number, "stem": one.exhibit.stem} for one in produced
        ],
        status=str(imprint.status), label=imprint.label, tool=imprint.tool,
    )  # fmt: skip
    (folder / "README.txt").write_text(unmarked(text), encoding="utf-8", newline="\n")


def _manifest(folder: Path) -> None:
    """Step 4."""
    lines, sums = [], []
    for path in sorted(folder.rglob("*"), key=lambda p: p.relative_to(folder).as_posix().encode()):
        if path.is_file():
            raw = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            sha256 = hashlib.sha256(raw).hexdigest()
            lines.append(
                manifest.ManifestLine(
                    path=name, size=len(raw), sha256=sha256, sha512=hashlib.sha512(raw).hexdigest()
                )
            )
            sums.append(f"{sha256}  {name}\n")
    text = "".join(sums).encode()
    lines.append(
        manifest.ManifestLine(
            path="SHA256SUMS", size=len(text), sha256=hashlib.sha256(text).hexdigest(),
            sha512=hashlib.sha512(text).hexdigest(),
        )
    )  # fmt: skip
    (folder / "SHA256SUMS").write_bytes(text)
    ordered = sorted(lines, key=lambda line: line.path.encode())
    (folder / manifest.NAME).write_bytes(b"".join(line.encode() + b"\n" for line in ordered))


def _compare(made: Path, there: Path) -> None:
    """Same inputs, same bytes; whatever else is in the folder is named as well."""
    names = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    old = {path.relative_to(there).as_posix() for path in there.rglob("*") if path.is_file()}
    differing = [
        name
        for name in sorted(names | old)
        if name not in names
        or name not in old
        or (made / name).read_bytes() != (there / name).read_bytes()
    ]
    if differing:
        raise DerivedError(
            f"{there}: expected the bytes that its inputs give, found others in: "
            + ", ".join(differing)
            + ". The edition was changed, or the environment differs from the one that made it."
        )


def free_label(exhibits: Path) -> str:
    """`draft-001`, or the next one that is free."""
    taken = {path.name for path in exhibits.iterdir()} if exhibits.is_dir() else set()
    number = 1
    while f"draft-{number:03d}" in taken:
        number += 1
    return f"draft-{number:03d}"


def checked_label(label: str) -> str:
    """A label is a folder name on every system.

    Raises:
        UsageError: it is not.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", label):
        raise UsageError(
            f"--label: expected letters, digits, - and _ (at most 64), found {label!r}"
        )
    return label
