"""`[counterfactuals]` of case.toml."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector import case
from collector.case_counterfactuals import Counterfactuals
from collector.errors import ConfigError


def loaded(folder: Path, text: str) -> Counterfactuals:
    (folder / "case.toml").write_text(f"format = 1\n{text}", encoding="utf-8")
    return case.load(folder).counterfactuals


def test_nothing_is_declared_unless_named(tmp_path: Path) -> None:
    found = loaded(tmp_path, "")
    assert (found.default_at_creation, found.default_as_of, found.baseline) == (False, None, None)
    assert found.given == ()


def test_what_is_named_is_read(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "[counterfactuals]\ndefault_at_creation = true\nbaseline = 2022-04-01T00:00:00Z\n"
        '[counterfactuals.with]\nprefix = "exports/"\nrole = ""\n',
    )
    assert found.default_at_creation
    assert found.baseline == datetime(2022, 4, 1, tzinfo=UTC)
    assert found.default_as_of is None
    assert found.given == (("prefix", "exports/"),)


@pytest.mark.parametrize("line", ["basline = 2022-04-01T00:00:00Z", "baseline = 3"])
def test_what_is_not_understood_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match="counterfactuals"):
        loaded(tmp_path, f"[counterfactuals]\n{line}\n")
