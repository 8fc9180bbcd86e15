"""A redacted rendition as it is produced: numbers of its own, load files, a signed statement."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import custody, dsse, identity
from reports import final, page_images, table_file
from reports.demo import evidence_dir
from reports.redaction import log, residue
from tests.reports import sealed_case
from tests.reports.sealed_case import run

LABEL = "final-001-redacted-001"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A tool key of these tests; page images are coarse meanwhile, so that they cost little."""
    config = tmp_path_factory.mktemp("config")
    with pytest.MonkeyPatch.context() as patch, sealed_case.own_key(config) as fingerprint:
        patch.setattr(page_images, "PPI", 40)
        yield fingerprint


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, key: str) -> Path:
    """A case with a final edition, a draft, and a numbered rendition of the final one."""
    toml = (evidence_dir() / "case.toml").read_text(encoding="utf-8")
    toml = re.sub(r"(?m)^bates_writer = .*\n", "", toml)
    writer = f'[exhibits]\nbates_writer = "{identity.writer()}"'
    folder = tmp_path_factory.mktemp("numbered") / "case"
    sealed_case.sealed(folder, toml.replace("[exhibits]", writer))
    run("exhibits", "--case", str(folder), "--final", "--no-load-files")
    said = asked(folder, "--of", "final-001", "--final", "--key", key).output
    assert "Bates numbers: " in said
    return folder


def asked(case: Path, *arguments: str, code: int = 0) -> Any:
    return run("exhibits", "--case", str(case), "--redact", "all", *arguments, code=code)


def finals(case: Path) -> list[dict[str, Any]]:
    return [dict(one.data) for one in custody.read(case) if one.action == "exhibits.final"]


def test_numbers_follow_those_of_the_original_and_are_on_record(case: Path) -> None:
    ranges = [dict(one.data) for one in custody.read(case) if one.action == "bates.reserve"]
    assert [one["label"] for one in ranges[1:]] == [LABEL]
    assert ranges[1]["first"] == ranges[0]["last"] + 1
    original, rendition = finals(case)
    assert rendition["redacts"] == original["label"] == "final-001"
    before = final.last_final(custody.read(case))
    assert before is not None
    assert before.data["label"] == "final-001"  # a rendition is not what the next one supplements


def test_load_files_say_redacted_and_hold_no_value(case: Path) -> None:
    folder = case / "exhibits" / LABEL
    (dat,) = (folder / "load-file" / "DATA").glob("*.dat")
    head, *rows = [
        line.split("\x14") for line in dat.read_text("utf-8-sig").splitlines() if line.strip()
    ]
    at = head.index("þREDACTEDþ")
    assert rows
    assert {row[at] for row in rows} == {"þYþ"}
    images = list((folder / "load-file" / "IMAGES").rglob("*.tif"))
    (taken,) = [one for one in custody.read(case) if one.data.get("label") == LABEL
                and one.action == "bates.reserve"]  # fmt: skip
    assert len(images) == int(taken.data["last"]) - int(taken.data["first"]) + 1
    for part in ("111122223333", "198.51.100.", "PlatformAdmin"):
        assert residue.scan(folder / "load-file", [(part, "X-01")]) == ()
    assert not (folder / "items").exists()


def test_the_log_names_the_page_by_its_number(case: Path) -> None:
    folder = case / "exhibits" / LABEL
    rows = table_file.read(folder / "redaction-log.csv", ())
    index = {row["file"]: row for row in table_file.read(folder / "index.csv", ())}
    assert rows
    for row in rows:
        begin = str(index[row["file"]]["begin_bates"])
        assert row["bates"] == log.numbered(begin, int(str(row["page"])))


def test_the_statement_is_signed_as_a_seal_is(case: Path, key: str) -> None:
    folder = case / "exhibits" / LABEL
    envelope = dsse.parse((folder / "redaction.dsse.json").read_bytes())
    assert envelope.payload == (folder / "redaction.json").read_bytes()
    assert envelope.keyid == key
    told = json.loads((folder / "redaction.json").read_text())
    assert {"index.csv", "redaction-log.csv"} <= {one["name"] for one in told["subject"]}


def test_the_same_inputs_give_the_same_bytes(case: Path, key: str) -> None:
    inputs = str(case / "exhibits" / LABEL / "inputs.json")
    assert "found another" in asked(case, "--inputs", inputs, code=2).output
    assert "the same bytes" in asked(case, "--inputs", inputs, "--key", key).output


def both(folder: Path, *trusted: str) -> tuple[int, set[str], set[str]]:
    """Exit code, checks that are wrong, checks that are open; both verifiers agree."""
    options = [word for one in trusted for word in ("--key", one)]
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "verify.py"), str(folder), "--json", *options],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    alone = json.loads(done.stdout)
    ours = json.loads(run("verify", str(folder), "--json", *options, code=None).output)
    for name in ("exit", "wrong", "unchecked"):
        assert alone[name] == ours[name]
    return (
        alone["exit"], {one["check"] for one in alone["wrong"]},
        {one["check"] for one in alone["unchecked"]},
    )  # fmt: skip


def test_both_verifiers_check_files_and_signature(case: Path, key: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(case / "exhibits" / LABEL, tmp_path / "bundle"))
    _, wrong, still = both(folder, key)
    assert not wrong
    assert not {one for one in still if one.startswith("redaction")}
    assert "redaction-key" in both(folder)[2]
    (folder / "redaction-log.csv").write_bytes(b'"exhibit"\r\n')
    assert "redaction-file" in both(folder, key)[1]
    statement = (folder / "redaction.json").read_bytes()
    (folder / "redaction.json").write_bytes(statement.replace(b"final-001", b"final-002"))
    assert "redaction-signature" in both(folder, key)[1]
    (folder / "redaction.dsse.json").unlink()
    assert "redaction-unsigned" in both(folder, key)[2]


def test_a_draft_gets_no_numbers(case: Path, key: str) -> None:
    shutil.copytree(case / "exhibits" / "final-001", case / "exhibits" / "draft-x")
    said = asked(case, "--of", "draft-x", "--final", code=2).output
    assert "found a draft" in " ".join(said.split())
    assert len(finals(case)) == 2
    assert (
        "--key: expected with --redact"
        in run("exhibits", "--case", str(case), "--key", key, code=2).output
    )


@pytest.mark.parametrize(
    ("begin", "page", "label"),
    [("BF000009", 2, "BF000010"), ("A-1-007", 1, "A-1-007"), (None, 3, None)],
)
def test_numbers_of_pages(begin: str | None, page: int, label: str | None) -> None:
    assert label == log.numbered(begin, page)
