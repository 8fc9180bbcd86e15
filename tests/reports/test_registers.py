"""Registers in an edition: their digests are inputs, and one that is broken makes no edition."""

from pathlib import Path

import pytest

from collector import canonical
from collector import case as case_file
from collector.errors import ConfigError, DerivedError
from reports import inputs, material
from tests.reports import builder, edition


def test_digests_of_registers_are_inputs_and_a_change_is_named(tmp_path: Path) -> None:
    loaded = builder.write(tmp_path)
    given = edition.described(tmp_path, loaded, "draft-001")
    paths = [one["path"] for one in given["registers"]]
    assert paths == sorted(f"{name}.csv" for name in loaded.registers.sha256)
    assert {one["sha256"] for one in given["registers"]} == set(loaded.registers.sha256.values())
    (tmp_path / "inputs.json").write_bytes(canonical.line(given))
    assert inputs.read(tmp_path / "inputs.json", tmp_path) == given
    changed = tmp_path / "registers" / "warnings.csv"
    changed.write_text(changed.read_text() + "w9,x,,,,,,,,,\n")
    with pytest.raises(DerivedError, match=r"registers/warnings\.csv: expected"):
        inputs.read(tmp_path / "inputs.json", tmp_path)


def test_broken_register_is_refused_with_its_line(tmp_path: Path) -> None:
    builder.write(tmp_path)
    path = tmp_path / "registers" / "warnings.csv"
    path.write_text(path.read_text().replace("2022-05-30T06:00:00Z", "yesterday"))
    with pytest.raises(ConfigError, match=r"warnings\.csv:3: emitted_at: expected a date"):
        material.load(tmp_path, case_file.load(tmp_path), ())
