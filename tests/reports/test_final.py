"""A final edition: what it requires, what it takes, and that it can be made again."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from collector import case as case_file
from collector import custody, identity
from collector.errors import UsageError
from reports import bates, final, human_parts
from reports.demo import evidence_dir
from tests.reports import sealed_case
from tests.reports.sealed_case import run

WARNINGS = (
    "id,what,emitted_at,delivered_at,recipient,acknowledged_at,action,closed_at,evidence\n"
    "W-1,bucket is public,2022-05-28T10:00:00Z,,ops,,,,\n"
)


@pytest.fixture(scope="module", autouse=True)
def own_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A tool key, and a writer id, of these tests alone."""
    with sealed_case.own_key(tmp_path_factory.mktemp("config")) as key:
        yield key


def built(folder: Path) -> Path:
    """The built-in incident, built, numbered for a witness, with a register."""
    toml = (evidence_dir() / "case.toml").read_text(encoding="utf-8")
    toml = re.sub(r"(?m)^scheme = .*$", 'scheme = "initials"\ninitials = "XY"', toml)
    toml = re.sub(r"(?m)^bates_writer = .*\n", "", toml)
    writer = f'[exhibits]\nbates_writer = "{identity.writer()}"'
    sealed_case.built(folder, toml.replace("[exhibits]", writer))
    (folder / "registers").mkdir()
    (folder / "registers" / "warnings.csv").write_text(WARNINGS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case with two final editions."""
    folder = built(tmp_path_factory.mktemp("final") / "case")
    asked = ("exhibits", "--case", str(folder), "--final", "--no-load-files")
    refused = run(*asked, code=2)
    assert "registers preserved as acquisition 2" in refused.output
    assert "found none over EV-1, EV-2. Run `butfor seal`" in " ".join(refused.output.split())
    run("seal", "--case", str(folder), code=None)
    made = run(*asked)
    assert "Bates numbers: " in made.output
    refused = run(*asked, code=2)
    assert "why this edition supplements final-001" in refused.output
    run(*asked, "--reason", "a second look")
    return folder


def entries(case: Path, action: str) -> list[Any]:
    """Data of every custody entry of one kind."""
    return [dict(one.data) for one in custody.read(case) if one.action == action]


def test_numbers_are_reserved_before_and_recorded_after(case: Path) -> None:
    actions = [one.action for one in custody.read(case)]
    assert actions[-4:] == ["bates.reserve", "exhibits.final", "bates.reserve", "exhibits.final"]
    reserved, finals = entries(case, "bates.reserve"), entries(case, "exhibits.final")
    assert reserved[0]["first"] == 1
    assert reserved[1]["first"] == reserved[0]["last"] + 1
    assert [one["inputs"] for one in reserved] == [one["inputs"] for one in finals]
    assert finals[0]["supplements"] is None
    assert finals[1]["supplements"] == "final-001"


def test_a_witness_number_goes_on_from_one_edition_to_the_next(case: Path) -> None:
    first, second = (one["numbers"] for one in entries(case, "exhibits.final"))
    count = len(first)
    assert first == [f"XY{n}" for n in range(1, count + 1)]
    assert second == [f"XY{n}" for n in range(count + 1, 2 * count + 1)]


def test_a_draft_takes_the_next_numbers_of_exhibits_and_no_number_of_pages(case: Path) -> None:
    before = (case / "custody.jsonl").read_bytes()
    made = run("exhibits", "--case", str(case), "--label", "look", "--no-evidence")
    taken = sum(len(one["numbers"]) for one in entries(case, "exhibits.final"))
    assert f"exhibit XY{taken + 1}:" in made.output
    assert before == (case / "custody.jsonl").read_bytes()
    index = (case / "exhibits" / "draft-look" / "index.csv").read_text(encoding="utf-8")
    assert entries(case, "bates.reserve")[0]["prefix"] + "0" not in index


def test_the_same_inputs_give_the_same_bytes_and_take_no_number(case: Path, tmp_path: Path) -> None:
    before = (case / "custody.jsonl").read_bytes()
    given = case / "exhibits" / "final-001" / "inputs.json"
    elsewhere = tmp_path / "again"
    run("exhibits", "--case", str(case), "--inputs", str(given), "--out", str(elsewhere))
    assert (elsewhere / "manifest.jsonl").read_bytes() == (
        given.parent / "manifest.jsonl"
    ).read_bytes()
    assert before == (case / "custody.jsonl").read_bytes()


def test_inputs_that_custody_does_not_know_make_no_final_edition(
    case: Path, tmp_path: Path
) -> None:
    given = json.loads((case / "exhibits" / "final-001" / "inputs.json").read_bytes())
    forged = {**given, "label": "final-009", "bates_start": 1}
    path = tmp_path / "inputs.json"
    path.write_text(json.dumps(forged, sort_keys=True, separators=(",", ":")) + "\n")
    done = run("exhibits", "--case", str(case), "--inputs", str(path), code=2)
    assert "expected a reservation of Bates numbers" in done.output
    assert not (case / "exhibits" / "final-009").exists()


def test_every_page_bears_its_number_and_the_index_names_them(case: Path) -> None:
    folder = case / "exhibits" / "final-001"
    rows = (folder / "index.csv").read_text(encoding="utf-8").splitlines()
    labels = []
    for file in sorted(folder.glob("*.pdf"), key=lambda path: _number(path.name)):
        with pikepdf.open(file) as document:
            flat = list(document.Root.PageLabels.Nums)
            assert flat[::2] == list(range(len(document.pages)))
            own = [str(label.P) for label in flat[1::2]]
        labels += own
        (row,) = [row for row in rows if f'"{file.name}"' in row]
        assert f'"{own[0]}","{own[-1]}"' in row
        if shutil.which("pdftotext"):
            text = subprocess.run(
                ["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True
            ).stdout.decode()
            for label, page in zip(own, text.split("\f"), strict=False):
                assert re.search(rf"\b{label}\b", page)
                # A certificate stays a draft for whoever signs it, in a final edition too.
                assert "DRAFT" not in page.replace("DRAFT — UNSIGNED", "")
    (reserved, _) = entries(case, "bates.reserve")
    digits = reserved["digits"]
    numbers = range(reserved["first"], reserved["first"] + len(labels))
    assert labels == [f"{reserved['prefix']}{n:0{digits}d}" for n in numbers]


def _number(name: str) -> int:
    match = re.search(r"XY(\d+)", name)
    assert match is not None
    return int(match[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda toml: re.sub(r"(?m)^bates_writer.*\n", "", toml), "found none. This copy is"),
        (lambda toml: re.sub(r"(?m)^bates_writer.*$", 'bates_writer = "00"', toml),
         "Make the final edition there"),
    ],
)  # fmt: skip
def test_a_copy_that_may_not_reserve_reserves_nothing(
    case: Path, tmp_path: Path, change: Any, message: str
) -> None:
    copy = Path(shutil.copytree(case, tmp_path / "case"))
    toml = (copy / "case.toml").read_text(encoding="utf-8")
    (copy / "case.toml").write_text(change(toml), encoding="utf-8")
    done = run(
        "exhibits", "--case", str(copy), "--final", "--no-load-files", "--reason", "x", code=2
    )
    assert message in " ".join(done.output.split())
    assert len(entries(copy, "bates.reserve")) == 2
    assert not (copy / "exhibits" / "final-003").exists()


def test_open_parts_stop_a_final_edition(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(human_parts, "open_parts", lambda material: ("qualifications", "fees"))
    done = run(
        "exhibits", "--case", str(case), "--final", "--no-load-files", "--reason", "x", code=2
    )
    assert "found open:\n  qualifications\n  fees" in done.output


def test_each_part_that_a_person_left_open_is_named_with_its_file(
    case: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(case, tmp_path / "case"))
    (copy / "human" / "report-compensation.md").unlink()
    (copy / "human" / "902-13-accuracy.md").write_text("Tested on [date].", encoding="utf-8")
    toml = (copy / "case.toml").read_text(encoding="utf-8")
    (copy / "case.toml").write_text(toml.replace("executed_in_us = true", ""), encoding="utf-8")
    done = run(
        "exhibits", "--case", str(copy), "--final", "--no-load-files", "--reason", "x", code=2
    )
    assert done.output.partition("found open:\n")[2].splitlines() == [
        "  human/report-compensation.md: Compensation (FRCP 26(a)(2)(B)): no such file",
        "  human/902-13-accuracy.md: Why the result is accurate (902(13)): placeholder “[date]”",
        "  case.toml: [jurisdiction] executed_in_us (902(13)): not supplied",
    ]
    assert not (copy / "exhibits" / "final-003").exists()


def test_words_of_a_person_are_inputs_of_an_edition(case: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(case, tmp_path / "case"))
    given = copy / "exhibits" / "final-001" / "inputs.json"
    names = {one["path"] for one in json.loads(given.read_bytes())["human"]}
    assert "report-opinions.md" in names
    (copy / "human" / "report-opinions.md").write_text("Another.", encoding="utf-8")
    done = run("exhibits", "--case", str(copy), "--inputs", str(given), code=1)
    assert "human/report-opinions.md: expected" in done.output


def test_a_case_that_does_not_verify_gets_no_final_edition(case: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(case, tmp_path / "case"))
    item = next(iter(sorted((copy / "evidence").glob("0001-*/files/*"))))
    item.chmod(0o600)
    item.write_bytes(item.read_bytes()[:-1] + b"!")
    done = run(
        "exhibits", "--case", str(copy), "--final", "--no-load-files", "--reason", "x", code=4
    )
    assert "expected a case that verifies" in done.output


def test_a_crash_between_reserving_and_stamping_leaves_a_recorded_hole(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(case, tmp_path / "case"))

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(final.bundle.pdf, "stamp", crash)  # type: ignore[attr-defined]
        run(
            "exhibits",
            "--case",
            str(copy),
            "--final",
            "--no-load-files",
            "--reason",
            "x",
            code=None,
        )
    held = entries(copy, "bates.reserve")
    assert len(held) == 3
    assert len(entries(copy, "exhibits.final")) == 2
    assert not (copy / "exhibits" / "final-003").exists()
    config = case_file.load(copy).exhibits
    assert bates.next_free(config, custody.read(copy)) == held[2]["last"] + 1
    _next_run_says_so(copy, held[2])


def _next_run_says_so(copy: Path, lost: dict[str, Any]) -> None:
    """Of the hole, once; numbers of exhibits go on behind it as well."""
    asked = ("exhibits", "--case", str(copy), "--final", "--no-load-files", "--reason", "x")
    done = run(*asked)
    (said,) = entries(copy, "bates.unissued")
    assert said["numbers"] == lost["numbers"]
    assert len(said["numbers"]) == len(set(said["numbers"])) > 10
    ends = f"{said['first']} to {said['last']}"
    assert f"reserved, not issued: {ends}" in done.output
    (entry,) = [one for one in custody.read(copy) if one.action == "bates.unissued"]
    assert entry.why == f"reserved, not issued: no final edition final-003 is on record for {ends}"
    assert custody.read(copy)[said["reserved"]].action == "bates.reserve"
    final = entries(copy, "exhibits.final")[-1]
    assert not set(final["numbers"]) & set(lost["numbers"])
    assert final["bates"]["first"] == f"{lost['prefix']}{lost['last'] + 1:0{lost['digits']}d}"
    assert bates.unissued(custody.read(copy)) == ()
    run("verify", "--case", str(copy), code=None)
    given = copy / "exhibits" / "final-003" / "inputs.json"
    assert "the same bytes" in run("exhibits", "--case", str(copy), "--inputs", str(given)).output


def test_numbers_that_need_more_digits_are_refused(case: Path) -> None:
    config = replace(case_file.load(case).exhibits, digits=3)
    assert bates.reserved(config, 990, 10).label(999).endswith("999")
    with pytest.raises(UsageError, match="room for Bates numbers up to 1,000, found 3 digits"):
        bates.reserved(config, 990, 11)


def test_a_final_edition_cannot_be_called_a_draft(case: Path) -> None:
    done = run("exhibits", "--case", str(case), "--final", "--label", "my-draft", code=2)
    assert "expected another name for a final edition" in done.output


def test_prefixes_that_differ_in_case_share_their_numbers(case: Path) -> None:
    config = case_file.load(case).exhibits
    free = bates.next_free(config, custody.read(case))
    other = replace(config, prefix=config.prefix.swapcase())
    assert free == bates.next_free(other, custody.read(case))
    assert bates.next_free(replace(config, prefix="OTHER"), custody.read(case)) == config.start
