"""`butfor doctor` in a case: a warning a year before a certificate behind a token expires."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import butfor as program
from collector import expiry
from tests.collector.seal import build

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case whose authority's signing certificate lives for 400 days, the others for ten years."""
    if not build.have_openssl():
        pytest.skip("openssl is not installed: no tokens can be made")
    authority = build.Authority(tmp_path_factory.mktemp("tsa") / "tsa", days=400, between=True)
    return build.sealed_case(tmp_path_factory.mktemp("sealed") / "case", authority)


def doctor(case: Path, *words: str) -> Result:
    return CliRunner().invoke(program.main, ["doctor", "--case", str(case), *words])


def test_long_before(sealed: Path) -> None:
    done = doctor(sealed, "--json")
    assert done.exit_code == 0, done.output
    report: dict[str, Any] = json.loads(done.output)
    assert (report["tokens"], report["unknown"]) == (2, [])
    rows = report["certificates"]
    assert [(one["token"], one["role"]) for one in rows] == [
        (f"seals/000{seal}/01.tsr", role) for seal in (1, 2)
        for role in ("signer", "issuer", "issuer")
    ]  # fmt: skip
    assert "Test TSA NOT FOR PRODUCTION (serial" in rows[0]["subject"]
    assert [rows[0]["days"] in (399, 400), rows[0]["due"], rows[2]["due"]] == [True, False, False]
    assert (
        NOW + timedelta(399) < datetime.fromisoformat(rows[0]["not_after"]) < NOW + timedelta(401)
    )


@pytest.mark.parametrize(
    ("after", "due", "words"),
    [
        (34, 0, ""),
        (36, 2, "days left"),
        (401, 2, "expired "),
        (4000, 6, "expired "),
    ],
)
def test_as_time_goes_by(sealed: Path, after: int, due: int, words: str) -> None:
    report = expiry.of_case(sealed, NOW + timedelta(days=after))
    assert (len(report.due), report.exit_code) == (due, 3 if due else 0)
    warned = [line for line in report.lines() if "warning" in line]
    assert len(warned) == due
    assert all(words in line for line in warned)


def test_chain_inside_the_token_only(sealed: Path, tmp_path: Path) -> None:
    case = Path(shutil.copytree(sealed, tmp_path / "case"))
    (case / "seals/0001/01.certs.pem").unlink()
    report = expiry.of_case(case, NOW)
    assert [one.role for one in report.certificates] == ["signer", "issuer", "issuer"] * 2


def test_no_chain_at_all(sealed: Path, tmp_path: Path) -> None:
    case = Path(shutil.copytree(sealed, tmp_path / "case"))
    (case / "seals/0001/01.tsr").write_bytes(b"no token")
    done = doctor(case)
    assert done.exit_code == 3, done.output
    assert "could not check: seals/0001/01.tsr: expected the signer's certificate" in done.output


def test_no_token(tmp_path: Path) -> None:
    done = doctor(build.sealed_case(tmp_path / "case"))
    assert (done.exit_code, done.output) == (
        0, "0 timestamp tokens, 0 certificates behind them\n"
    )  # fmt: skip


def test_not_a_case(tmp_path: Path) -> None:
    assert doctor(tmp_path).exit_code == 2


def test_read_only(sealed: Path) -> None:
    """It writes nothing, not even to custody."""
    before = {path: path.read_bytes() for path in sealed.rglob("*") if path.is_file()}
    doctor(sealed)
    assert {path: path.read_bytes() for path in sealed.rglob("*") if path.is_file()} == before
