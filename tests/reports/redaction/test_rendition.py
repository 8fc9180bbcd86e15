"""A redacted rendition of the built-in incident, end to end."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from butfor import main
from reports import catalogue
from reports.edition_files import sha256
from reports.redaction import residue
from tests.reports import builder

PROFILE = """
name = "test"
basis = "order of the test"
classes = ["account", "address", "email", "financial", "principal", "taxpayer"]
object_keys = ["exports/*"]
[[values]]
class = "witness"
value = "Meridian"
basis = "Rule 5.2(a)(3)"
"""
#: Parts of values that the incident holds and the rendition must not.
GONE = ("111122223333", "198.51.100.", "203.0.113.", "exports/2022", "Meridian", "AIDAEXAMPLE",
        "@meridian", "PlatformAdmin")  # fmt: skip


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo") / "case"
    run = CliRunner().invoke(main, ["demo", str(made)])
    assert run.exit_code == 0, run.output
    (made / "profile.toml").write_text(PROFILE)
    _run(made, "--of", "draft-001", "--redact", str(made / "profile.toml"))
    return made


def _run(case: Path, *arguments: str, code: int = 0) -> str:
    run = CliRunner().invoke(main, ["exhibits", "--case", str(case), *arguments])
    assert run.exit_code == code, run.output
    return run.output


def _rendition(case: Path) -> Path:
    return case / "exhibits" / "draft-001-redacted-001"


def test_nothing_of_the_values_is_left(case: Path) -> None:
    folder = _rendition(case)
    assert list(folder.glob("exhibit-*.pdf"))
    for part in GONE:
        assert residue.scan(folder, [(part, "X-01")]) == (), part
        assert residue.scan(case / "exhibits" / "draft-001", [(part, "X-01")]) != (), part


def test_counts_stay_and_tokens_are_consistent(case: Path) -> None:
    plain = json.loads((case / "exhibits" / "draft-001" / "findings.json").read_text())
    cut = json.loads((_rendition(case) / "findings.json").read_text())
    assert [one.get("numbers") for one in plain] == [one.get("numbers") for one in cut]
    tokens = set(re.findall(r"(?:ACCOUNT|PRINCIPAL|WITNESS)-\d+", json.dumps(cut)))
    lines = (case / "redaction" / "pseudonyms.jsonl").read_text().splitlines()[1:]
    named = {json.loads(line)["token"] for line in lines}
    assert tokens
    assert tokens <= named


def test_the_log_names_each_token_with_its_basis(case: Path) -> None:
    log = (_rendition(case) / "redaction-log.csv").read_text()
    assert '"witness","Rule 5.2(a)(3)","WITNESS-01"' in log
    assert '"object key","order of the test","OBJECT-01"' in log


def test_the_statement_names_the_original(case: Path) -> None:
    told = json.loads((_rendition(case) / "redaction.json").read_text())
    original = told["predicate"]["original"]
    assert original["label"] == "draft-001"
    assert original["manifest"] == sha256(case / "exhibits" / "draft-001" / "manifest.jsonl")


def test_the_same_inputs_give_the_same_bytes(case: Path, tmp_path: Path) -> None:
    inputs = str(_rendition(case) / "inputs.json")
    assert "the same bytes" in _run(
        case, "--inputs", inputs, "--redact", str(case / "profile.toml")
    )
    assert "profile of that rendition" in _run(case, "--inputs", inputs, "--redact", "all", code=2)
    assert "expected --redact" in _run(case, "--inputs", inputs, code=2)


def test_a_value_that_a_template_brings_back_stops_the_rendition(
    case: Path, tmp_path: Path
) -> None:
    other = tmp_path / "case"
    shutil.copytree(case, other)
    (other / "templates").mkdir()
    (other / "templates" / "other_side.txt.j2").write_text("seen from 198.51.100.77\n")
    _run(other, "--label", "draft-002")
    said = _run(other, "--of", "draft-002", "--redact", str(case / "profile.toml"), code=4)
    assert "README.txt" in said
    assert "198.51.100.77" not in said
    assert not (other / "exhibits" / "draft-002-redacted-001").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--redact", "all"), "--of LABEL"),
        (("--of", "draft-001"), "--redact"),
        (("--of", "draft-9", "--redact", "all"), "draft-001"),
        (("--of", "draft-001-redacted-001", "--redact", "all"), "redact its original"),
    ],
)
def test_calls_that_cannot_be_carried_out(
    case: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in _run(case, *arguments, code=2)


def test_ids_of_keys_are_masked_wherever_exhibits_are_made(tmp_path: Path) -> None:
    material = builder.write(tmp_path / "case", builder.Story(hostile="AKIAEXAMPLEKEY234567"))
    texts = repr(catalogue.build(material, catalogue.chosen(material, ())))
    assert "AKIA…4567" in texts
    assert "AKIAEXAMPLEKEY234567" not in texts
