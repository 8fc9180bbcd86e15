"""Load files: read back, they give the documents, pages, families and paths that were produced."""

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import identity
from collector.errors import ConfigError
from reports import load_files, page_images
from reports.demo import evidence_dir
from reports.load_files import Document
from tests.reports import sealed_case
from tests.reports.sealed_case import run

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def produced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A final edition with load files; its pages are drawn coarsely, for speed."""
    patch = pytest.MonkeyPatch()
    patch.setattr(page_images, "PPI", 40)
    with sealed_case.own_key(tmp_path_factory.mktemp("config")):
        toml = (evidence_dir() / "case.toml").read_text(encoding="utf-8")
        toml = re.sub(r"(?m)^bates_writer = .*\n", "", toml)
        own = f'[exhibits]\nbates_writer = "{identity.writer()}"\nconfidentiality = "SECRET þ"\n'
        case = sealed_case.sealed(
            tmp_path_factory.mktemp("load") / "case", toml.replace("[exhibits]\n", own)
        )
        run("exhibits", "--case", str(case), "--final", "--label", "vol-1")
        yield case / "exhibits" / "vol-1"
    patch.undo()


def read(path: Path, encoding: str = "utf-8-sig") -> Rows:
    """A Concordance file, by its own rules alone."""
    text = path.read_bytes().decode(encoding)
    assert text.endswith("\r\n")
    lines = [
        [cell.removeprefix("þ").removesuffix("þ") for cell in line.split("\x14")]
        for line in text.split("\r\n")[:-1]
    ]
    assert all(len(line) == len(lines[0]) for line in lines)
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def pages(folder: Path) -> list[list[str]]:
    """Lines of the Opticon file."""
    text = (folder / "load-file" / "DATA" / "vol-1.opt").read_bytes().decode("ascii")
    return [line.split(",") for line in text.split("\r\n")[:-1]]


def place(folder: Path, path: str) -> Path:
    """A path of a load file on this system."""
    return (folder / "load-file").joinpath(*path.split("\\"))


def test_the_file_begins_with_a_mark_and_names_its_fields(produced: Path) -> None:
    raw = (produced / "load-file" / "DATA" / "vol-1.dat").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf\xc3\xbeBEGBATES\xc3\xbe\x14\xc3\xbeENDBATES")
    assert list(read(produced / "load-file" / "DATA" / "vol-1.dat")[0]) == list(load_files.FIELDS)


def test_documents_pages_and_families_reconcile(produced: Path) -> None:
    rows, lines = read(produced / "load-file" / "DATA" / "vol-1.dat"), pages(produced)
    labels = [line[0] for line in lines]
    assert len(labels) == len(set(labels))
    numbers = [int(label.removeprefix("NWR")) for label in labels]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    starts = [line for line in lines if line[3] == "Y"]
    assert [(row["BEGBATES"], row["PGCOUNT"]) for row in rows] == [(s[0], s[6]) for s in starts]
    at = 0
    for row in rows:
        at += int(row["PGCOUNT"])
        assert row["ENDBATES"] == labels[at - 1]
    assert at == len(lines)
    families: dict[str, Rows] = {}
    for row in rows:
        if row["BEGATTACH"]:
            families.setdefault(row["BEGATTACH"], []).append(row)
    for begin, members in families.items():
        assert begin == members[0]["BEGBATES"]
        assert {row["ENDATTACH"] for row in members} == {members[-1]["ENDBATES"]}
        assert [row["FILEEXT"] for row in members] == ["pdf", "csv"]
        assert len({row["EXHIBIT_NO"] for row in members}) == 1


def test_every_path_is_there_and_every_hash_fits(produced: Path) -> None:
    rows, lines = read(produced / "load-file" / "DATA" / "vol-1.dat"), pages(produced)
    listed = {"DATA\\vol-1.dat", "DATA\\vol-1.opt", "DATA\\replaced.csv"}
    for line in lines:
        assert line[1] == "vol-1"
        assert place(produced, line[2]).read_bytes()[:4] in (b"II*\0", b"MM\0*")
        assert line[2].endswith(f"\\{line[0]}.tif")
    for row in rows:
        source = place(produced, row["NATIVEPATH"]) if row["NATIVEPATH"] else (
            produced / row["FILENAME"]
        )  # fmt: skip
        raw = source.read_bytes()
        assert (row["HASH"], row["FILESIZE"]) == (hashlib.sha256(raw).hexdigest(), str(len(raw)))
        assert place(produced, row["TEXTPATH"]).is_file()
        if row["NATIVEPATH"]:
            ending = f".{row['FILEEXT']}" if row["FILEEXT"] else ""
            assert source.name == row["BEGBATES"] + ending
        listed |= {row["NATIVEPATH"], row["TEXTPATH"]}
    listed |= {line[2] for line in lines}
    root = produced / "load-file"
    there = {"\\".join(p.relative_to(root).parts) for p in root.rglob("*") if p.is_file()}
    assert there == listed - {""}


def test_cited_evidence_is_produced_whole_with_its_provenance(produced: Path) -> None:
    rows = read(produced / "load-file" / "DATA" / "vol-1.dat")
    evidence = [row for row in rows if row["DOCTYPE"] == "Source record"]
    assert len(evidence) > 10
    assert {path.name for path in (produced / "items").iterdir()} == {
        row["EVIDENCE_ID"] for row in evidence
    }
    for row in evidence:
        assert row["SOURCE_URI"].startswith("file://")
        assert re.fullmatch(r"\d{8}", row["CREATEDATE"])
        assert re.fullmatch(r"\d{8}", row["MODDATE"])
        assert int(row["RECORD_COUNT"]) > 0
        assert row["FILEEXT"] == "json.gz"
        assert row["FILENAME"].endswith(".json.gz")


def test_the_index_names_the_same_numbers(produced: Path) -> None:
    rows = read(produced / "load-file" / "DATA" / "vol-1.dat")
    index = csv.DictReader(
        io.StringIO((produced / "index.csv").read_text(encoding="utf-8"), newline="")
    )
    of_file = {row["file"]: (row["begin_bates"], row["end_bates"]) for row in index}
    for row in rows:
        if row["EXHIBIT_NO"]:
            assert of_file[row["FILENAME"]] == (row["BEGBATES"], row["ENDBATES"])


def test_text_holds_the_words_of_the_exhibit_and_rows_of_its_table(produced: Path) -> None:
    rows = read(produced / "load-file" / "DATA" / "vol-1.dat")
    history = next(row for row in rows if "configuration-history.pdf" in row["FILENAME"])
    text = place(produced, history["TEXTPATH"]).read_text(encoding="utf-8")
    assert "PutBucketPolicy" in text
    assert "Limits" in text
    table = rows[rows.index(history) + 1]
    native = place(produced, table["TEXTPATH"]).read_text(encoding="utf-8")
    assert len(native.splitlines()) == int(table["RECORD_COUNT"]) + 1


def test_what_the_format_needs_for_itself_is_spelled_out_and_logged(produced: Path) -> None:
    rows = read(produced / "load-file" / "DATA" / "vol-1.dat")
    assert {row["CONFIDENTIALITY"] for row in rows} == {"SECRET <U+00FE>"}
    logged = (produced / "load-file" / "DATA" / "replaced.csv").read_text(encoding="utf-8")
    assert logged.count('"CONFIDENTIALITY",1') == len(rows)


def test_the_manifest_of_the_edition_holds_the_load_files(produced: Path) -> None:
    sums = (produced / "SHA256SUMS").read_text(encoding="utf-8")
    assert "  load-file/DATA/vol-1.dat\n" in sums
    assert run("verify", str(produced), code=None).exit_code == 3  # the key is not established


def document(**values: str) -> Document:
    """A document with one hostile field."""
    return Document(pages=1, native="x", fields={"FILENAME": "n", "FILEEXT": "", **values})


@pytest.mark.parametrize("value", ["Привет", "a → b", "\u202e", "👍"])
def test_an_encoding_without_the_character_is_refused_by_name(value: str) -> None:
    load_files.check([document(SOURCE_URI=value)], "utf-8")
    with pytest.raises(ConfigError) as refused:
        load_files.check([document(), document(SOURCE_URI=value, FILENAME="the one")], "cp1252")
    assert "in SOURCE_URI of 'the one'" in refused.value.message
    assert re.search(r"found U\+[0-9A-F]{4,6} ", refused.value.message)


def test_what_the_encoding_has_is_written(tmp_path: Path) -> None:
    load_files.check([document(SOURCE_URI="Größe € þ ® \x14 \n", DOCTYPE="–")], "cp1252")


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_value_breaks_a_row(value: str) -> None:
    text, spelled = load_files.safe(value)
    assert not set(text) & {"\x14", "þ", "\r", "\n"}
    back = re.sub(r"<U\+([0-9A-F]{4,6})>", lambda match: chr(int(match[1], 16)),
                  text.replace("®", "\n"))  # fmt: skip
    plain = re.sub(r"<U\+([0-9A-F]{4,6})>", lambda match: chr(int(match[1], 16)), value)
    assert back == plain.replace("\r\n", "\n")
    assert (spelled > 0) == any(
        c in "þ®\x14" or (ord(c) < 32 and c != "\n") for c in value.replace("\r\n", "\n")
    )
