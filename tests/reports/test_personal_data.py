"""On which basis data on people is processed, as the case states it and no further (R-112)."""

from dataclasses import replace
from pathlib import Path

import pytest

from collector.case import PROFILES
from reports.exhibits import custody
from reports.material import Material
from reports.model import Facts, Label, plain
from reports.wording import check
from tests.reports import builder
from tests.reports.edition import cover_of
from tests.reports.test_human_parts import of

HOSTILE = "<script>x</script> #panic() \u202e" + "x" * 5_000


def told(material: Material) -> dict[str, str]:
    """What exhibit A says of personal data."""
    exhibit = custody.build(material, Label(number="A", stem="exhibit-A"), {})
    check(exhibit, cover_of(material, exhibit))
    return {
        name: plain(value)
        for section in exhibit.sections if plain(section.title) == "Personal data"
        for block in section.blocks if isinstance(block, Facts)
        for name, value in block.pairs
    }  # fmt: skip


@pytest.mark.parametrize("profile", [*PROFILES, None])
def test_missing_fields_say_so_where_the_profile_asks(tmp_path: Path, profile: str | None) -> None:
    found = told(of(builder.write(tmp_path), profile))
    assert bool(found) == (profile in ("eu", "uk-civil", "uk-criminal"))
    assert set(found.values()) <= {"not supplied"}


@pytest.mark.parametrize("stated", [True, False])
def test_what_is_stated_is_printed_under_every_profile(tmp_path: Path, stated: bool) -> None:
    material = of(builder.write(tmp_path), "us-federal")
    place = replace(
        material.config.jurisdiction, personal_data=stated, lawful_basis=HOSTILE,
        impact_assessment=None,
    )  # fmt: skip
    material = replace(material, config=replace(material.config, jurisdiction=place))
    assert told(material) == {
        "Data on people among the evidence": f"{'yes' if stated else 'no'}, as case.toml states",
        "Basis of its processing": HOSTILE,
        "Assessment of its impact": "not supplied",
    }
