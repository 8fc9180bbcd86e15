"""One edition: the same bytes from the same inputs, whole, checkable with open tools."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from collector import manifest
from collector.errors import DerivedError, IntegrityError, UsageError
from reports import bundle, catalogue, csv_table, inputs
from reports.model import Kind, KindError, plain
from tests.reports import builder, edition

CITED = (
    "evidence_item", "source_file", "locator", "byte_offset", "byte_length", "record_sha256",
    "source_sha256", "provider_record_id", "time_utc",
)  # fmt: skip
AGAIN = """
import sys
from pathlib import Path
from tests.reports import edition
edition.make(Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case with one edition."""
    folder = tmp_path_factory.mktemp("bundle") / "case"
    edition.make(folder)
    return folder


def test_same_bytes_under_another_environment(case: Path, tmp_path: Path) -> None:
    settings = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7", "LANG": "C"}
    subprocess.run(
        [sys.executable, "-c", AGAIN, str(tmp_path / "other")], check=True,
        env={**os.environ, **settings, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    ours, other = case / "exhibits" / "draft-001", tmp_path / "other" / "exhibits" / "draft-001"
    assert _digests(ours) == _digests(other)


def test_inputs_make_the_same_bytes_again_and_name_what_differs(case: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(case, copy)
    made = copy / "exhibits" / "draft-001"
    material = builder.write(copy)
    given = inputs.read(made / "inputs.json", copy)
    assert bundle.make(material, given, made, lambda line: None).repeated
    (made / "exhibit-E-chronology.csv").write_bytes(b"altered")
    with pytest.raises(DerivedError, match=r"exhibit-E-chronology\.csv"):
        bundle.make(material, given, made, lambda line: None)
    (copy / "derived" / "findings.json").write_text("[]")
    with pytest.raises(DerivedError, match=r"derived/findings\.json: expected"):
        inputs.read(made / "inputs.json", copy)


def test_custody_may_grow_but_not_change(case: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(case, copy)
    (copy / "custody.jsonl").write_bytes(b'{"a":1}\n')
    given = inputs.describe(copy, "draft-002", [])
    path = copy / "inputs.json"
    path.write_bytes(json.dumps(given, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    with (copy / "custody.jsonl").open("ab") as stream:
        stream.write(b'{"a":2}\n')
    assert given == inputs.read(path, copy)
    (copy / "custody.jsonl").write_bytes(b'{"a":3}\n')
    with pytest.raises(IntegrityError, match="expected its first 8 bytes"):
        inputs.read(path, copy)


def test_manifest_and_sums_hold_every_file(case: Path) -> None:
    folder = case / "exhibits" / "draft-001"
    lines = {line.path: line for line in manifest.parse((folder / manifest.NAME).read_bytes())}
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files - {manifest.NAME} == set(lines)
    for path, line in lines.items():
        raw = (folder / path).read_bytes()
        assert (len(raw), hashlib.sha256(raw).hexdigest()) == (line.size, line.sha256)
        assert hashlib.sha512(raw).hexdigest() == line.sha512
    if shutil.which("sha256sum"):
        run = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=False)
        assert run.returncode == 0


def test_cover_prints_digests_and_index_those_of_rendered_files(case: Path) -> None:
    folder = case / "exhibits" / "draft-001"
    for csv_file in sorted(folder.glob("exhibit-*.csv")):
        page = csv_file.with_suffix(".html").read_text(encoding="utf-8").replace("<wbr>", "")
        assert hashlib.sha256(csv_file.read_bytes()).hexdigest() in page
        assert hashlib.sha256((folder / "inputs.json").read_bytes()).hexdigest() in page
    index = (folder / "index.csv").read_text(encoding="utf-8")
    for file in sorted(folder.glob("exhibit-*")):
        assert f'"{file.name}","{hashlib.sha256(file.read_bytes()).hexdigest()}"' in index


def test_every_cite_of_rows_resolves(case: Path) -> None:
    for page in sorted((case / "exhibits" / "draft-001").glob("exhibit-*.html")):
        text = page.read_text(encoding="utf-8")
        targets = set(re.findall(r'href="#([^"]+)"', text))
        assert targets <= set(re.findall(r'id="([^"]+)"', text)), page.name


def test_native_rows_carry_their_provenance(case: Path) -> None:
    material = builder.write(case)
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    for exhibit in (one for one in exhibits if one.key in "CDEF"):
        names = [name for name, _ in exhibit.native.columns]
        for row in exhibit.native.rows:
            values = dict(zip(names, row, strict=True))
            for name in CITED:
                assert values[name] is not None, (exhibit.number, name)


def test_chronology_cannot_be_a_summary(case: Path) -> None:
    from dataclasses import replace

    material = builder.write(case)
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    chronology = next(one for one in exhibits if one.key == "E")
    assert chronology.kind is Kind.ILLUSTRATIVE
    with pytest.raises(KindError, match="order of cause and effect"):
        replace(chronology, kind=Kind.SUMMARY)


def test_unknown_resource_and_label_are_refused(case: Path) -> None:
    with pytest.raises(UsageError, match=r"Resources with changes:\s+arn:aws:s3:::northwind"):
        catalogue.chosen(builder.write(case), ("arn:aws:s3:::other",))
    with pytest.raises(UsageError, match="expected letters, digits"):
        bundle.checked_label("../x")


def test_answer_names_numbers_of_the_story(case: Path) -> None:
    material = builder.write(case)
    answers = [
        plain(sentence)
        for exhibit in catalogue.build(material, catalogue.chosen(material, ()))
        for sentence in exhibit.answer
    ]
    assert any("7 writes" in a and "6 accepted, 1 refused" in a for a in answers)
    assert any("112 of 118 requests meet the incident definition" in a for a in answers)


def test_one_row_changed_changes_the_digest_on_the_cover(case: Path) -> None:
    material = builder.write(case)
    exhibit = catalogue.build(material, catalogue.chosen(material, ()))[2]
    one = csv_table.encode(exhibit.native)
    rows = list(exhibit.native.rows)
    rows[0] = (*rows[0][:-1], "0" * 64)
    from dataclasses import replace

    other = csv_table.encode(replace(exhibit.native, rows=tuple(rows)))
    assert hashlib.sha256(one).digest() != hashlib.sha256(other).digest()


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
