"""One edition of the exhibits, as a folder.

1. inputs.json: what everything after it is a function of
2. each exhibit is built as a value, then written as CSV, Parquet, XLSX and HTML, and set in type;
   its cover prints the digests of the CSV and of inputs.json
3. the evidence that exhibits cite, whole, with its proofs
4. a final edition: the pages are counted, their Bates numbers reserved in custody, then stamped; a
   draft gets none
5. load files of a final edition; what changed since the one before it
6. index for people (HTML) and for spreadsheets (CSV), which print the digests of rendered files; a
   README for the other side; model card, tool and lock, the stand-alone verifier
7. manifest.jsonl and SHA256SUMS over all of it
The folder appears under its name only when it is whole; an edition is never overwritten.
"""

import dataclasses
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from collector import canonical
from collector.errors import UsageError
from reports import (
    bates,
    catalogue,
    cited_evidence,
    csv_table,
    docx_draft,
    edition_diff,
    html,
    load_files,
    load_plan,
    machine_only,
    overrides,
    pdf,
    wording,
    xlsx_table,
)
from reports import edition_files as files
from reports.cover import Cover, cover
from reports.edition_files import Produced, ProducedFile
from reports.exhibits import parts
from reports.inputs import NAME as INPUTS
from reports.inputs import sealed
from reports.material import Material
from reports.model import Exhibit, Imprint, Mode, Status, plain
from reports.redaction import applied, rewrite

#: Gives a range for so many pages, of exhibits with these numbers, after it is on record.
Reserve = Callable[[int, tuple[str, ...]], bates.Reservation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What was made.

    Attributes:
        evidence: items of the case, and whether the edition holds them.
        numbers: range of its pages, None for a draft.
    """

    folder: Path
    produced: tuple[Produced, ...]
    files: int
    repeated: bool
    evidence: tuple[cited_evidence.Kept, ...] = ()
    numbers: bates.Reservation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One exhibit, written but for its PDF, which waits for its numbers."""

    exhibit: Exhibit
    cover: Cover
    parts: pdf.Parts
    natives: tuple[str, ...]

    @property
    def printed(self) -> str:
        """Name of its PDF, where that is one file."""
        return f"{self.exhibit.stem}.pdf"


def make(
    material: Material, inputs: Mapping[str, Any], target: Path, tell: Callable[[str], None],
    reserve: Reserve | None = None, redaction: applied.Applied | None = None,
) -> Edition:  # fmt: skip
    """Writes the edition, or compares it with one that is already there.

    Args:
        inputs: of `reports.inputs`.
        target: folder of the edition.
        tell: prints one line of progress.
        reserve: for a final edition.
        redaction: for a redacted rendition; `material` is rewritten already.

    Raises:
        DerivedError: `target` exists and differs; every differing file is named.
    """
    overrides.check(material.case)
    material = dataclasses.replace(material, mode=Mode(inputs.get("mode", Mode.FOR_EXPERT)))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=target.parent) as scratch:
        folder = Path(scratch) / "edition"
        folder.mkdir()
        produced, kept, taken = _write(
            material, inputs, folder, Path(scratch) / "parts", tell, reserve, redaction
        )
        count = sum(path.is_file() for path in folder.rglob("*"))
        repeated = target.exists()
        if repeated:
            files.compare(folder, target)
        else:
            shutil.move(folder, target)
    return Edition(
        folder=target,
        produced=produced,
        files=count,
        repeated=repeated,
        evidence=kept,
        numbers=taken,
    )


def _write(
    material: Material, inputs: Mapping[str, Any], folder: Path, scratch: Path,
    tell: Callable[[str], None], reserve: Reserve | None, redaction: applied.Applied | None,
) -> tuple[
    tuple[Produced, ...], tuple[cited_evidence.Kept, ...], bates.Reservation | None
]:  # fmt: skip
    line = canonical.line(inputs)
    (folder / INPUTS).write_bytes(line)
    exhibits = catalogue.build(material, tuple(inputs["resources"]))
    imprint = _imprint(material, inputs, hashlib.sha256(line).hexdigest(), redaction)
    imprint = dataclasses.replace(
        imprint, notice=machine_only.notice(material, catalogue.numbers(exhibits))
    )
    if redaction is not None:
        exhibits = tuple(rewrite.exhibit(one, redaction.rewrite) for one in exhibits)
    prepared = []
    for exhibit in exhibits:
        one = _prepare(exhibit, imprint, material, folder, scratch / exhibit.stem)
        prepared.append(one)
        tell(f"exhibit {exhibit.number}: {one.parts.pages} pages, "
             f"{len(exhibit.native.rows):,} rows")  # fmt: skip
    # The line of an item in its manifest names it, so a rendition lists none of them.
    kept = () if redaction else cited_evidence.write(
        material, exhibits, folder, entries=inputs["custody"]["entries"],
        carry=inputs.get("evidence", True),
    )  # fmt: skip
    documents = _documents(prepared, kept, material, imprint, inputs)
    numbers = tuple(one.exhibit.number for one in prepared)
    taken = reserve(sum(one.pages for one in documents), numbers) if reserve else None
    produced = _numbered(prepared, documents, imprint, material, folder, taken)
    if taken is not None and inputs["load_files"]:
        tell(f"load files: {len(documents):,} documents")
        load_files.write(
            documents, taken, folder, label=inputs["label"],
            encoding=material.config.exhibits.load_file_encoding, page_size=imprint.page_size,
            case=material.case,
        )  # fmt: skip
    files.index(produced, imprint, material, folder)
    files.carried(
        material, inputs, folder, partial(applied.carry, redaction) if redaction else None
    )
    before = _supplement(material, inputs, folder)
    files.readme(
        produced,
        imprint,
        material,
        folder,
        kept=kept,
        with_load_files=taken is not None and inputs["load_files"],
        supplements=before,
        redaction=redaction.profile.name if redaction else None,
    )
    if redaction is not None:
        applied.finish(redaction, produced, inputs, folder)
    files.write_manifest(folder)
    return produced, kept, taken


def _supplement(material: Material, inputs: Mapping[str, Any], folder: Path) -> str | None:
    """Step 5: the list of changes since the edition that this one supplements (R-092)."""
    stated = inputs.get("supplements")
    if stated is None:
        return None
    assert material.case is not None
    found = edition_diff.compare(material.case / "exhibits" / stated["label"], folder)
    text = json.dumps(found.as_data(), indent=1, sort_keys=True, ensure_ascii=False)
    (folder / "supplement.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    told = "".join(f"{line}\n" for line in edition_diff.lines(found))
    (folder / "supplement.txt").write_text(told, encoding="utf-8", newline="\n")
    return str(stated["label"])


def _prepare(
    exhibit: Exhibit, imprint: Imprint, material: Material, folder: Path, scratch: Path
) -> Prepared:
    """Step 2 for one exhibit."""
    csv = csv_table.encode(exhibit.native)
    names = [f"{exhibit.stem}.{ending}" for ending in ("html", "csv", "parquet")]
    (folder / names[1]).write_bytes(csv)
    csv_table.write_parquet(exhibit.native, folder / names[2])
    if xlsx_table.fits(exhibit.native):
        names.append(f"{exhibit.stem}.xlsx")
        xlsx_table.write(exhibit.native, folder / names[-1], plain(exhibit.title))
    if exhibit.key == "L":  # what a person completes: for counsel to adapt
        names.append(f"{exhibit.stem}.docx")
        docx_draft.write(exhibit, folder / names[-1])
    its_cover = cover(exhibit, imprint, material, hashlib.sha256(csv).hexdigest())
    wording.check(exhibit, its_cover)
    (folder / names[0]).write_bytes(html.render(exhibit, its_cover, imprint, material.case))
    return Prepared(
        exhibit=exhibit, cover=its_cover, natives=tuple(names),
        parts=pdf.set_parts(exhibit, its_cover, imprint, material.case, scratch),
    )  # fmt: skip


def _documents(
    prepared: Sequence[Prepared], kept: Sequence[cited_evidence.Kept], material: Material,
    imprint: Imprint, inputs: Mapping[str, Any],
) -> tuple[load_files.Document, ...]:  # fmt: skip
    """What bears numbers, in their order: exhibits alone, or with native tables and evidence."""
    pairs = [
        load_plan.of_exhibit(
            one.exhibit, one.cover, imprint, one.parts.pages,
            pdf.names_of(one.printed, len(one.parts.volumes)),
            f"{one.exhibit.stem}.csv",
        )
        for one in prepared
    ]  # fmt: skip
    if not inputs.get("load_files"):
        return tuple(printed for printed, _ in pairs)
    documents = (
        *(document for pair in pairs for document in pair),
        *load_plan.of_evidence(kept, material, imprint),
    )
    load_files.check(documents, material.config.exhibits.load_file_encoding)
    return documents


def _numbered(
    prepared: Sequence[Prepared], documents: Sequence[load_files.Document], imprint: Imprint,
    material: Material, folder: Path, taken: bates.Reservation | None,
) -> tuple[Produced, ...]:  # fmt: skip
    """Step 4: each exhibit under its numbers; a draft has none."""
    firsts = bates.split([one.pages for one in documents], taken.first if taken else 1)
    of_name = {
        document.native or document.pdfs[0]: first
        for document, first in zip(documents, firsts, strict=True)
    }
    produced = []
    for one in prepared:
        labels: tuple[str, ...] = ()
        slip = None
        if taken is not None:
            first = of_name[pdf.names_of(one.printed, len(one.parts.volumes))[0]]
            labels = taken.labels(first, one.parts.pages)
            number = of_name.get(f"{one.exhibit.stem}.csv")
            slip = taken.label(number) if number is not None else None
        produced.append(_finish(one, imprint, material, folder, labels, slip))
    return tuple(produced)


def _finish(
    one: Prepared, imprint: Imprint, material: Material, folder: Path, labels: Sequence[str],
    slip: str | None,
) -> Produced:  # fmt: skip
    """The PDF of one exhibit, with its numbers; `slip` is that of its native table."""
    target = folder / one.printed
    rendered = pdf.stamp(one.parts, one.exhibit, one.cover, imprint, material.case, target, labels)
    firsts = bates.split(rendered.of_file, 0)
    printed = tuple(
        ProducedFile(
            name=path.name, sha256=files.sha256(path),
            begin=labels[first] if labels else None,
            end=labels[first + pages - 1] if labels else None,
        )
        for path, first, pages in zip(rendered.files, firsts, rendered.of_file, strict=True)
    )  # fmt: skip
    others = tuple(
        ProducedFile(
            name=name, sha256=files.sha256(folder / name),
            begin=slip if name.endswith(".csv") else None,
            end=slip if name.endswith(".csv") else None,
        )
        for name in one.natives
    )  # fmt: skip
    return Produced(
        exhibit=one.exhibit, cover=one.cover, pages=rendered.pages, files=printed + others
    )


def _imprint(
    material: Material, inputs: Mapping[str, Any], digest: str,
    redaction: applied.Applied | None,
) -> Imprint:  # fmt: skip
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
        notes=(
            tell("sealed", is_sealed=is_sealed),
            tell("redacted", profile=redaction.profile.name, basis=redaction.profile.basis)
            if redaction
            else tell("redaction"),
        ),
        confidentiality=material.config.exhibits.confidentiality,
        redacted=redaction is not None,
    )


def free_label(exhibits: Path, kind: str = "draft") -> str:
    """`draft-001` or `final-001`, or the next one that is free."""
    taken = {path.name for path in exhibits.iterdir()} if exhibits.is_dir() else set()
    number = 1
    while f"{kind}-{number:03d}" in taken:
        number += 1
    return f"{kind}-{number:03d}"


def checked_label(label: str, *, is_final: bool = False) -> str:
    """A label as the folder of an edition: a name on every system, drafts apart from finals.

    Drafts all begin with `draft`, so that whoever copies or packs the case tells them apart
    (R-093).

    Raises:
        UsageError: it is no such name, or a final edition called a draft.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", label):
        raise UsageError(
            f"--label: expected letters, digits, - and _ (at most 64), found {label!r}"
        )
    is_draft = label.lower().startswith("draft")
    if is_final and "draft" in label.lower():
        raise UsageError(f"--label {label}: expected another name for a final edition.")
    return label if is_final or is_draft else f"draft-{label}"
