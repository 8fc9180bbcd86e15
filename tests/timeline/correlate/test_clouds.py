"""Correlation names no cloud outside the cloud's own folder, and finds each by its name."""

from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, imported
from timeline.correlate import clouds

FOLDER = ROOT / "timeline" / "correlate"
FILES = [*sorted(FOLDER.glob("*.py")), ROOT / "timeline" / "whatif.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_module_of_a_cloud_is_imported(path: Path) -> None:
    found = [
        module for module, _ in imported(path)
        if any(module.endswith(f".{name}") or f".{name}." in module for name in clouds.NAMES)
    ]  # fmt: skip
    assert found == []


@pytest.mark.parametrize("name", clouds.NAMES)
def test_a_cloud_is_found_by_the_name_of_its_provider(name: str) -> None:
    assert (FOLDER / name / "cloud.py").is_file()
    assert clouds.cloud(name).provider.name == name
    assert clouds.of([{"provider": name}, {"provider": "another"}]) is clouds.cloud(name)
