"""Recorded calls as evidence in a bundle: the whole file of calls, its proof, rows that cite it."""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector import custody, session, store
from collector.acquisition import FileFacts, acquire
from collector.model import EvidenceItem
from reports import bundle_check, catalogue, cited_evidence, csv_table, edition_files
from reports.material import Material
from reports.model import Exhibit, Native
from tests.collector import test_store
from tests.reports import builder, sealed_case
from tests.reports.sealed_case import run

VERIFIER = Path(__file__).parents[2] / "reports" / "verifier"
COLUMNS = (
    ("row", "int"), ("evidence_item", "text"), ("locator", "text"), ("record_sha256", "text"),
    ("source_sha256", "text"),
)  # fmt: skip


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A sealed case with files, a recorded call, and a log inside an archive."""
    folder = tmp_path_factory.mktemp("calls") / "case"
    with sealed_case.own_key(tmp_path_factory.mktemp("config")):
        run("init", str(folder))
        archive = folder.parent / "logs.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("a.json", '{"Records":[]}')
        with session.writing(folder, "test") as writing, acquire(
            writing, test_store.REQUEST
        ) as writer:  # fmt: skip
            test_store.fill(writer)
            writer.saw()
            with archive.open("rb") as stream:
                writer.add_file(stream, FileFacts(name="logs.zip", source="test:zip"))
        run("seal", "--case", str(folder), code=None)
        yield folder


def material_of(case: Path, scratch: Path) -> Material:
    """Any material, with the items of this case."""
    items = store.items(case)
    return replace(builder.write(scratch, builder.Story(empty=True)), case=case, items=items)


def exhibit_of(material: Material, rows: list[tuple[Any, ...]]) -> Exhibit:
    """Any exhibit, with these rows."""
    first = catalogue.build(replace(material, case=None), ())[0]
    return replace(first, native=Native(columns=COLUMNS, rows=tuple(rows)), sources=())


def call(case: Path) -> tuple[EvidenceItem, bytes, int]:
    """The recorded answer, its gzip member, and where its body begins in the decompressed one."""
    (item,) = (one for one in store.items(case) if ".w" in one.uid)
    with store.open_item(case, item) as stream:
        member = stream.read()
    return item, member, gzip.decompress(member).index(b"policy")


def made(case: Path, folder: Path, rows: list[tuple[Any, ...]]) -> tuple[cited_evidence.Kept, ...]:
    """The least of a bundle: evidence, one table, verifier, manifest."""
    folder.mkdir()
    material = material_of(case, folder.parent / "scratch")
    exhibit = exhibit_of(material, rows)
    entries = len(custody.read(case))
    kept = cited_evidence.write(material, [exhibit], folder, entries=entries, carry=True)
    (folder / "table.csv").write_bytes(csv_table.encode(exhibit.native))
    (folder / "inputs.json").write_text("{}\n")
    for source in VERIFIER.glob("verify*.py"):
        shutil.copyfile(source, folder / source.name)
    edition_files.write_manifest(folder)
    return kept


def both(folder: Path) -> list[str]:
    """Checks that failed or could not be made, the same by both verifiers, but for trust."""
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "verify.py"), str(folder), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    alone, ours = json.loads(done.stdout), bundle_check.verify(folder).as_data()
    for name in ("wrong", "unchecked", "rows"):
        assert alone[name] == ours[name]
    found = [*alone["wrong"], *alone["unchecked"]]
    return [row["check"] for row in found if row["check"] != "key-not-established"]


def test_a_row_that_cites_a_call_is_derived_from_the_whole_file(case: Path, tmp_path: Path) -> None:
    item, member, offset = call(case)
    cite = (item.uid, f"0@{offset}+6", hashlib.sha256(b"policy").hexdigest())
    rows = [(1, *cite, hashlib.sha256(member).hexdigest())]
    kept = made(case, tmp_path / "bundle", rows)
    states = {one.item.uid: (one.state, one.path) for one in kept}
    assert states[item.uid] == ("sealed", "items/EV-1.warc/api.warc.gz")
    assert states["EV-1.f1"] == ("not cited", None)
    assert (tmp_path / "bundle" / "proofs" / "EV-1.warc.json").is_file()
    assert both(tmp_path / "bundle") == []


def test_a_row_that_cites_other_bytes_of_a_call_is_found(case: Path, tmp_path: Path) -> None:
    item, member, offset = call(case)
    digest = hashlib.sha256(b"policy").hexdigest()
    rows = [
        (1, item.uid, f"0@{offset + 1}+6", digest, hashlib.sha256(member).hexdigest()),
        (2, item.uid, f"0@{offset}+6", digest, "0" * 64),
        (3, item.uid, "nowhere", digest, hashlib.sha256(member).hexdigest()),
        (4, "EV-9.f9", f"0@{offset}+6", digest, "0" * 64),
    ]
    material = material_of(case, tmp_path / "scratch")
    assert "EV-9.f9" in cited_evidence.cited([exhibit_of(material, rows)])
    made(case, tmp_path / "bundle", rows)
    found, _ = bundle_check.check(tmp_path / "bundle")
    assert {(one.check, one.path) for one in found} == {
        ("row-record", "table.csv:1"), ("row-source", "table.csv:2"),
        ("row-locator", "table.csv:3"), ("row-item", "table.csv:4"),
    }  # fmt: skip


def test_what_the_case_no_longer_holds_as_it_was_stops_the_edition(
    case: Path, tmp_path: Path
) -> None:
    from collector.errors import IntegrityError

    copy = Path(shutil.copytree(case, tmp_path / "case"))
    path = next((copy / "evidence").glob("*/files/00000001-*"))
    path.chmod(0o600)
    path.write_bytes(b"other")
    sha = store.items(case)[0].digest.sha256
    with pytest.raises(IntegrityError, match="No edition was made"):
        made(copy, tmp_path / "bundle", [(1, "EV-1.f1", "0@0+2", sha, sha)])
