"""Exhibit G: a summary and an illustration; tiers apart, bounds from gaps, misuse as supplied."""

from dataclasses import replace
from pathlib import Path

from collector.registers import Registers
from reports import catalogue
from reports.exhibits import scope_picture
from reports.material import Material
from reports.model import Exhibit, Kind, plain
from tests.reports import builder
from timeline.correlate.scope import Tier


def _exhibits(material: Material) -> tuple[Exhibit, Exhibit]:
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    summary, aid = (one for one in exhibits if one.key == "G")
    return summary, aid


def test_two_exhibits_of_two_kinds(tmp_path: Path) -> None:
    summary, aid = _exhibits(builder.write(tmp_path))
    assert (summary.kind, aid.kind) == (Kind.SUMMARY, Kind.ILLUSTRATIVE)
    assert not list(summary.pictures())
    assert len(list(aid.pictures())) == 1
    assert summary.number in aid.based_on
    assert aid.number not in aid.based_on


def test_answer_counts_each_tier_apart(tmp_path: Path) -> None:
    summary, _ = _exhibits(builder.write(tmp_path))
    exposed, accessed, acquired, misused = (plain(one) for one in summary.answer)
    assert exposed.startswith("Exposed:")
    assert "112 successful requests of the incident on at least" in accessed
    assert "5,399,632 bytes in all" in acquired
    assert "1 document in the register" in misused
    assert "1 gap of the records" in " ".join(
        plain(entry) for s in summary.sections for b in s.blocks
        for entry in getattr(b, "entries", ())
    )  # fmt: skip


def test_without_a_gap_the_bounds_meet_and_without_a_register_nothing_is_misused(
    tmp_path: Path,
) -> None:
    material = replace(builder.write(tmp_path), gaps=(), registers=Registers())
    summary, _ = _exhibits(material)
    _, accessed, _, misused = (plain(one) for one in summary.answer)
    assert "at least" not in accessed
    assert misused.startswith("Misused: not supplied.")


def test_empty_case_counts_nothing(tmp_path: Path) -> None:
    summary, aid = _exhibits(builder.write(tmp_path, builder.Story(empty=True)))
    assert "in the records examined" in plain(summary.answer[0])
    assert summary.native.rows == ()
    assert len(aid.native.rows) == 4


def test_hatch_only_where_more_is_possible() -> None:
    def tier(name: str, most: int | None) -> Tier:
        return Tier(
            name=name, objects=3, objects_most=most, requests=3, repeated=0, size=1, size_most=1,
            single=1,
        )  # fmt: skip

    closed = scope_picture.draw([tier("accessed", 3)], 1)
    opened = scope_picture.draw([tier("accessed", None)], 1)
    # One hatch is the tier of misuse, of which the records never show an end.
    assert closed.count("url(#unknown)") + 1 == opened.count("url(#unknown)")
    assert "at least 3 objects" in scope_picture.described([tier("accessed", None)], 0)
    assert "misused: not supplied" in scope_picture.described([], 0)
