"""Exhibit H: named baselines, nothing later than the date, contract as supplied, no verdict."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from collector.registers import Registers
from reports import catalogue
from reports.exhibits.baseline import as_of
from reports.model import Exhibit, plain
from tests.reports import builder


def _exhibit(case: Path, **other: Any) -> Exhibit:
    material = replace(builder.write(case), **other)
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    return next(one for one in exhibits if one.key == "H")


def _rows(exhibit: Exhibit) -> list[dict[str, Any]]:
    names = [name for name, _ in exhibit.native.columns]
    return [dict(zip(names, row, strict=True)) for row in exhibit.native.rows]


def test_date_is_the_beginning_of_the_exposure_then_of_the_incident(tmp_path: Path) -> None:
    material = builder.write(tmp_path)
    (one,) = as_of(material, (builder.BUCKET,))
    assert one.at == builder.at("2022-05-27 08:12:19")
    (other,) = as_of(replace(material, windows=()), (builder.BUCKET,))
    assert other.at == builder.at("2022-06-01 00:00:00")
    assert "case.toml" in other.why


def test_every_row_names_what_it_is_measured_against_and_none_is_later(tmp_path: Path) -> None:
    rows = _rows(_exhibit(tmp_path))
    assert {row["class"] for row in rows} == {"default", "reasonable-care", "contract"}
    for row in rows:
        assert row["measured_against"], row
        assert row["comparison"] in ("these agree", "these differ", "not compared")
        if row["available_from"] and row["class"] == "reasonable-care":
            assert date.fromisoformat(row["available_from"]) <= date(2022, 5, 27)


def test_flag_against_default_guidance_and_contract(tmp_path: Path) -> None:
    slot = "public_access_block.BlockPublicAcls"
    mine = {(r["measured_against"], r["id"]): r for r in _rows(_exhibit(tmp_path))
            if r["setting"] == slot}  # fmt: skip
    assert mine["provider default on the date", "aws-bucket-2"]["comparison"] == "these agree"
    assert mine["benchmark", "CIS-AWS@1.4.0:2.1.5"]["comparison"] == "these differ"
    assert mine["contract", "k1"]["comparison"] == "these differ"
    assert mine["feature", "aws-s3-bpa-2018"]["comparison"] == "not compared"


def test_unknown_is_compared_with_nothing(tmp_path: Path) -> None:
    rows = [row for row in _rows(_exhibit(tmp_path)) if row["setting"] == "acl"]
    assert rows
    assert {row["value_found"] for row in rows} == {"UNKNOWN"}
    assert {row["comparison"] for row in rows} == {"not compared"}


def test_no_register_and_no_clause_in_force_are_told_apart(tmp_path: Path) -> None:
    bare = _exhibit(tmp_path, registers=Registers())
    assert plain(bare.answer[-1]) == "Contract: not supplied."
    empty = _exhibit(
        tmp_path / "b",
        registers=Registers(entries={"contracts": ()}, sha256={"contracts": "0" * 64}),
    )
    assert "none in force" in plain(empty.answer[-1])


def test_wording_never_judges(tmp_path: Path) -> None:
    exhibit = _exhibit(tmp_path)
    text = " ".join(plain(one) for one in (*exhibit.answer, *exhibit.limits)).lower()
    for word in ("violat", "comply", "compli", "breach", "required"):
        assert word not in text
