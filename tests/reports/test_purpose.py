"""For what a document is said to be made is printed as a claim, and only where one is (R-096)."""

from dataclasses import replace
from pathlib import Path

import pytest

from collector import case as case_file
from collector.case_exhibits import PURPOSES
from collector.errors import ConfigError
from reports import catalogue, wording
from reports.model import plain
from tests.reports import builder
from tests.reports.edition import cover_of


@pytest.mark.parametrize("label", [*PURPOSES, None])
def test_the_cover_says_that_it_is_a_claim(tmp_path: Path, label: str | None) -> None:
    material = builder.write(tmp_path)
    stated = replace(material.config.exhibits, purpose=label)
    material = replace(material, config=replace(material.config, exhibits=stated))
    exhibit = catalogue.build(material, ())[0]
    cover = cover_of(material, exhibit)
    wording.check(exhibit, cover)
    told = {name: plain(value) for name, value in cover.pairs}
    assert ("Purpose" in told) == (label is not None)
    assert label is None or "a claim of whoever prepared it" in told["Purpose"]


def test_another_label_is_refused_with_its_line(tmp_path: Path) -> None:
    text = 'format = 1\n[exhibits]\npurpose = "privileged"\n'
    (tmp_path / "case.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"line 3: exhibits\.purpose: expected .*testifying"):
        case_file.load(tmp_path)
