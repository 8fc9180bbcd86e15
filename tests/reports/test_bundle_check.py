"""A bundle checks itself: whoever alters a row, or a record, and makes the sums fit is found.

Each mutation is made as an adversary would make it, with manifest and sums written anew. Both
verifiers, which share no code, come to the same list.
"""

import csv
import gzip
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import canonical, manifest
from reports import bundle_check, cited_evidence, csv_table, edition_files
from tests.reports import sealed_case
from tests.reports.sealed_case import run

ROOT = Path(__file__).parents[2]
ACCESSES, HISTORY, INDEX = "access-summary", "configuration-history", "evidence-index"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A sealed case with a draft, and one made before the seal."""
    with sealed_case.own_key(tmp_path_factory.mktemp("config")) as key:
        case = sealed_case.built(tmp_path_factory.mktemp("sealed") / "case")
        run("exhibits", "--case", str(case), "--label", "draft-before")
        run("seal", "--case", str(case), code=None)
        run("exhibits", "--case", str(case), "--label", "draft-after")
        run("exhibits", "--case", str(case), "--label", "draft-bare", "--no-evidence")
        (case / "key").write_text(key)
        yield case


@pytest.fixture
def bundle(sealed: Path, tmp_path: Path) -> Path:
    """A copy of the edition under seal, outside of the case."""
    return Path(shutil.copytree(sealed / "exhibits" / "draft-after", tmp_path / "bundle"))


def both(folder: Path, *, key: str | None = None) -> tuple[int, list[dict[str, str]]]:
    """Exit code and what is wrong, by both verifiers, which must agree on both."""
    options = ["--key", key] if key else []
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "verify.py"), str(folder), "--json", *options],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    alone = json.loads(done.stdout)
    ours = json.loads(run("verify", str(folder), "--json", *options, code=None).output)
    for name in ("exit", "wrong", "unchecked", "rows"):
        assert alone[name] == ours[name]
    assert done.returncode == alone["exit"]
    return alone["exit"], alone["wrong"]


def fit(folder: Path) -> None:
    """Manifest, sums and digests of the index written anew over what is there now."""
    for name in (edition_files.SUMS, manifest.NAME):
        (folder / name).unlink()
    edition_files.write_manifest(folder)


def table(folder: Path, name: str) -> Path:
    """The CSV of one exhibit."""
    (path,) = folder.glob(f"exhibit-*-{name}.csv")
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV as any reader of CSV gives them."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def edit(path: Path, change: Callable[[list[dict[str, str]]], None]) -> None:
    """Rows of a CSV changed in place, every text quoted as our writer does."""
    rows = rows_of(path)
    names = list(rows[0])
    change(rows)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    index = path.parent / "index.csv"
    listed = index.read_text(encoding="utf-8")
    before = next(line for line in listed.splitlines() if f'"{path.name}"' in line)
    after = before[: -len(before.rpartition(",")[2])] + f'"{edition_files.sha256(path)}"'
    index.write_text(listed.replace(before, after), encoding="utf-8", newline="")
    cover = path.with_suffix(".html")
    page = cover.read_text(encoding="utf-8")
    cover.write_text(page, encoding="utf-8")


def lines(folder: Path) -> list[dict[str, Any]]:
    """evidence.jsonl."""
    raw = (folder / cited_evidence.LIST).read_bytes()
    return [canonical.decode(line) for line in canonical.split_lines(raw)]


def checks(wrong: list[dict[str, str]]) -> set[str]:
    """Words of the checks that failed."""
    return {row["check"] for row in wrong}


def test_an_untouched_bundle_holds_for_who_has_the_key(sealed: Path, bundle: Path) -> None:
    code, wrong = both(bundle, key=(sealed / "key").read_text())
    assert wrong == []
    assert code == 0
    found, tally = bundle_check.check(bundle)
    assert found == []
    assert tally["compared"] == tally["fields"] > 300
    assert tally["absent"] == 0
    held = [line for line in lines(bundle) if line["path"]]
    assert {line["state"] for line in held} == {"sealed"}
    proofs = {path.stem for path in (bundle / "proofs").glob("*.json")}
    assert proofs == {line["item"] for line in held}


def test_what_no_seal_covers_says_so(sealed: Path) -> None:
    folder = sealed / "exhibits" / "draft-before"
    found, tally = bundle_check.check(folder)
    assert [one.check for one in found] == ["not-sealed"]
    assert tally["compared"] > 300
    assert not (folder / "items").exists()
    assert "no seal covers it yet" in (folder / "README.txt").read_text(encoding="utf-8")
    assert both(folder)[0] == 3


def test_a_later_seal_does_not_change_an_edition(sealed: Path) -> None:
    given = sealed / "exhibits" / "draft-before" / "inputs.json"
    again = run("exhibits", "--case", str(sealed), "--inputs", str(given))
    assert "the same bytes" in again.output


def test_a_bundle_without_evidence_names_what_that_prevents(sealed: Path) -> None:
    folder = sealed / "exhibits" / "draft-bare"
    found, tally = bundle_check.check(folder)
    assert [one.check for one in found] == ["rows-without-evidence"]
    assert tally["compared"] == 0
    assert tally["absent"] > 300
    words = " ".join((folder / "README.txt").read_text(encoding="utf-8").split())
    assert "rows cannot be derived again from this folder" in words
    assert both(folder)[0] == 3


@pytest.mark.parametrize("name", [ACCESSES, HISTORY, INDEX])
def test_one_altered_row_of_a_summary_is_found(bundle: Path, name: str) -> None:
    column = {ACCESSES: "address", HISTORY: "operation", INDEX: "source_sha256"}[name]

    def change(rows: list[dict[str, str]]) -> None:
        at = next(n for n, row in enumerate(rows) if row.get("kind", "logged") == "logged")
        rows[at][column] = rows[at][column][::-1] + "x"

    edit(table(bundle, name), change)
    fit(bundle)
    code, wrong = both(bundle)
    assert code == 4
    assert checks(wrong) >= {"row-field" if name != INDEX else "row-index", "cover-digest"}


def test_each_field_of_an_access_is_compared_with_its_record(bundle: Path) -> None:
    columns = sorted(bundle_check.FIELDS)

    def change(rows: list[dict[str, str]]) -> None:
        for row, column in zip(rows, columns, strict=False):
            row[column] = "" if row[column] else "invented"

    path = table(bundle, ACCESSES)
    edit(path, change)
    fit(bundle)
    found = [row for row in both(bundle)[1] if row["check"] == "row-field"]
    expected = {(f"{path.name}:{n}", column) for n, column in enumerate(columns, 1)}
    assert expected == {(row["path"], row["expected"].split()[0]) for row in found}


def test_a_row_taken_out_is_found(bundle: Path) -> None:
    edit(table(bundle, ACCESSES), lambda rows: rows.__delitem__(7))
    fit(bundle)
    assert checks(both(bundle)[1]) == {"index-rows", "cover-digest"}


def altered(bundle: Path) -> tuple[str, Path, bytes]:
    """Item, path and new bytes of the file that the first access rests on."""
    (item,) = {
        row["evidence_item"] for row in rows_of(table(bundle, ACCESSES)) if row["row"] == "1"
    }
    path = bundle / next(line["path"] for line in lines(bundle) if line["item"] == item)
    body = gzip.decompress(path.read_bytes())
    assert b"192.0.2.10" in body
    return item, path, gzip.compress(body.replace(b"192.0.2.10", b"192.0.2.99"), mtime=0)


def test_one_altered_record_is_found_by_file_proof_and_row(bundle: Path) -> None:
    item, path, raw = altered(bundle)
    path.write_bytes(raw)
    fit(bundle)
    _, wrong = both(bundle)
    assert checks(wrong) == {"evidence-file", "proof-file", "row-record"}
    assert any(row["path"] == f"proofs/{item}.json" for row in wrong)


def test_whoever_also_alters_list_and_rows_is_found_by_the_seal(bundle: Path) -> None:
    item, path, raw = altered(bundle)
    path.write_bytes(raw)
    line = edition_files.line_of(path, f"files/{path.name}")
    listed = lines(bundle)
    (entry,) = [one for one in listed if one["item"] == item]
    before = json.loads(entry["manifest_line"])["sha256"]
    entry["manifest_line"] = line.encode().decode()
    (bundle / cited_evidence.LIST).write_bytes(b"".join(canonical.line(one) for one in listed))
    for page in bundle.glob("exhibit-*.csv"):
        text = page.read_text(encoding="utf-8").replace(before, line.sha256)
        page.write_text(text.replace("192.0.2.10", "192.0.2.99"), encoding="utf-8", newline="")
    fit(bundle)
    assert "proof-file" in checks(both(bundle)[1])
    # Even with a proof that carries the new line: it leads to no seal.
    proof = bundle / "proofs" / f"{item}.json"
    carried = {**canonical.decode(proof.read_bytes()[:-1]), "manifest_line": entry["manifest_line"]}
    proof.write_bytes(canonical.line(carried))
    fit(bundle)
    assert "proof-manifest" in checks(both(bundle)[1])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda line: {**line, "state": "sealed ", "path": line["path"]}, "evidence-line"),
        (lambda line: {**line, "path": "../../etc/passwd"}, "evidence-line"),
        (lambda line: {**line, "state": "not cited", "path": None}, "rows-without-evidence"),
        (lambda line: None, "row-item"),
    ],
)
def test_a_list_that_says_something_else_is_found(
    bundle: Path, change: Callable[[dict[str, Any]], dict[str, Any] | None], expected: str
) -> None:
    listed = lines(bundle)
    at = next(n for n, line in enumerate(listed) if line["path"])
    made = [change(line) if n == at else line for n, line in enumerate(listed)]
    raw = b"".join(canonical.line(line) for line in made if line is not None)
    (bundle / cited_evidence.LIST).write_bytes(raw)
    fit(bundle)
    both(bundle)
    assert expected in {one.check for one in bundle_check.check(bundle)[0]}


def test_the_values_of_a_row_come_out_of_a_spreadsheet_safe_cell() -> None:
    assert csv_table.original("'=1") == "=1"
    sys.path.insert(0, str(ROOT / "reports" / "verifier"))
    try:
        import verify_bundle
    finally:
        sys.path.pop(0)
    row, record = {"event_uid": "u", "operation": "A"}, {"eventName": "B"}
    assert list(verify_bundle.fields(row, record)) == [("operation", "A", "B")]
