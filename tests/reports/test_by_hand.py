"""The other side follows the README of a bundle: Python, openssl, coreutils, and nothing else."""

import csv
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import canonical, stamp
from tests.collector.seal import standalone
from tests.collector.seal.build import Authority, have_openssl
from tests.reports import sealed_case
from tests.reports.sealed_case import run

pytestmark = pytest.mark.skipif(not have_openssl(), reason="openssl is not installed")

PROGRAMS = ("openssl", "sha256sum", "gunzip", "gzip", "tail", "head", "sh")


@pytest.fixture(scope="module")
def handed_over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, Path]]:
    """(bundle outside of its case, fingerprint, root certificate): sealed, with a token.

    What a responder said of the authority's certificate lies beside the token.
    """
    folder = tmp_path_factory.mktemp("handed")
    authority = Authority(folder / "tsa", responder="http://127.0.0.1:9/")
    with sealed_case.own_key(folder / "config") as key:
        case = sealed_case.built(folder / "case")
        run("seal", "--case", str(case), "--tsq", code=None)
        (query,) = (case / "seals" / "0001").glob("*.tsq")
        answer = folder / "answer.tsr"
        answer.write_bytes(authority.answer(query))
        said = folder / "said.ocsp"
        said.write_bytes(authority.status(authority.asked()))
        run(
            "seal", "--case", str(case), "--again", "--tsr", str(answer), "--tsa-ocsp", str(said),
            code=None,
        )  # fmt: skip
        run("exhibits", "--case", str(case), "--label", "draft-001")
        out = Path(shutil.copytree(case / "exhibits" / "draft-001", folder / "bundle"))
        yield out, key, authority.root


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """`python3` without any package, openssl, and what gunzips and hashes."""
    return standalone.bare(tmp_path / "bin", "python3", *PROGRAMS)


def commands(readme: str) -> list[str]:
    """Commands of the README, those beside each other one by one."""
    lines = re.findall(r"(?m)^     ((?:python3|openssl|sha256sum|gunzip) .*)$", readme)
    return [one.strip() for line in lines for one in re.split(r"\s{3,}or\s{3,}", line)]


def test_every_command_of_the_readme_does_what_it_says(
    handed_over: tuple[Path, str, Path], bare: dict[str, str]
) -> None:
    folder, key, root = handed_over
    seal = folder / "seals" / "0001"
    token = stamp.read(seal / "01.tsr")
    assert token is not None
    row = _access(folder)
    given = {
        "FINGERPRINT": key, "ROOT.pem": str(root), "-attime G": f"-attime {token.seconds}",
        "CHANGE=0": f"{_change(folder)}=0", **row,
    }  # fmt: skip
    found = commands((folder / "README.txt").read_text(encoding="utf-8"))
    assert [one.split()[0] for one in found] == [
        "sha256sum", "python3", "python3", "gunzip", "python3", "python3", "python3", "python3",
        "openssl", "openssl", "openssl",
    ]  # fmt: skip
    for command in found:
        words = command
        for name, value in given.items():
            words = words.replace(name, value)
        done = subprocess.run(
            ["sh", "-c", words], cwd=seal if command.startswith("openssl") else folder, env=bare,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        # Without a fingerprint nothing says whose the seal is: 3, could not be checked.
        expected = 3 if command == "python3 verify.py ." else 0
        assert done.returncode == expected, (words, done.stdout, done.stderr)
        if command.startswith("openssl ocsp"):
            assert "Cert Status: good" in done.stdout
            assert "Response verify OK" in done.stdout + done.stderr
        if command.startswith("gunzip"):
            assert done.stdout.split()[0] == _digest(folder)


def test_each_number_of_a_finding_comes_out_again_without_the_tool(
    handed_over: tuple[Path, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-117: the queries of the bundle, over the tables that its inputs.json names."""
    import duckdb

    folder, _, _ = handed_over
    case = folder.parent / "case"
    for one in json.loads((folder / "inputs.json").read_bytes())["derived"]:
        raw = (case / "derived" / one["path"]).read_bytes()
        assert hashlib.sha256(raw).hexdigest() == one["sha256"]
    text = (folder / "repro.md").read_text(encoding="utf-8")
    found = re.findall(r"(?m)^(\w+): (\d+)\n\n    (select .*)$", text)
    held = json.loads((folder / "findings.json").read_bytes())
    assert len(found) == sum(len(one["refs"]) for one in held) > 0
    monkeypatch.chdir(case / "derived")
    for name, value, query in found:
        row = duckdb.connect().execute(query).fetchone()
        assert row is not None
        assert int(row[0]) == int(value), name


def _first(folder: Path) -> dict[str, str]:
    (table,) = folder.glob("exhibit-*-access-summary.csv")
    with table.open(encoding="utf-8", newline="") as text:
        return next(csv.DictReader(text))


def _digest(folder: Path) -> str:
    return _first(folder)["record_sha256"]


def _access(folder: Path) -> dict[str, str]:
    """FILE, OFFSET and LENGTH of the first access, as the README says where they stand."""
    row = _first(folder)
    offset, _, length = row["locator"].rpartition("@")[2].partition("+")
    lines = canonical.split_lines((folder / "evidence.jsonl").read_bytes())
    held = {line["item"]: line["path"] for line in map(canonical.decode, lines)}
    return {"OFFSET": offset, "LENGTH": length, " FILE": f" '{held[row['evidence_item']]}'"}


def _change(folder: Path) -> str:
    """A change that the model card names."""
    card = json.loads((folder / "model_card.json").read_text(encoding="utf-8"))
    return str(card["formulas"]["f1"]["variables"][-1])
