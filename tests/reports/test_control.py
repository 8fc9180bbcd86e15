"""Exhibit J: allocation and permission side by side; nothing where nothing was supplied."""

from dataclasses import replace
from pathlib import Path

import pytest

from collector.registers import Entry, Registers
from reports import catalogue
from reports.exhibits import control_tables
from reports.exhibits.control import ABSENT, AGREE, DIFFER, OPEN, Cell
from reports.model import Exhibit, Kind, Table, plain
from reports.text import sentences
from tests.reports import builder


def _exhibit(case: Path, story: builder.Story | None = None, *, bare: bool = False) -> Exhibit:
    material = builder.write(case, story)
    if bare:
        material = replace(material, registers=Registers())
    exhibits = catalogue.build(material, catalogue.chosen(material, ()))
    return next(one for one in exhibits if one.key == "J")


def _cell(change: str, see: str, roles: tuple[str, ...] = (), *, spoken: bool = True) -> Cell:
    entries = tuple(
        Entry(register="control", line=n, cells={"control": "policy", "party": "P", "role": role})
        for n, role in enumerate(roles, 2)
    )
    return Cell(
        resource="r", pattern="policy", title="t", party="P", allocated=entries, change=change,
        see=see, since=None, spoken=spoken,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "comparison"),
    [
        (_cell("yes", "no", ("configures",)), AGREE),
        (_cell("yes", "yes", ("configures", "monitors")), AGREE),
        (_cell("no", "no"), AGREE),
        (_cell("yes", "yes", ("configures",)), DIFFER),
        (_cell("no", "no", ("configures",)), DIFFER),
        (_cell("no", "no", ("investigates",)), DIFFER),
        (_cell("unknown", "no", ("configures",)), OPEN),
        (_cell("unknown", "no"), OPEN),
        (_cell("no principal asked", "no principal asked", ("configures",)), OPEN),
        (_cell("no principal asked", "no principal asked"), AGREE),
        (_cell("yes", "yes", spoken=False), ABSENT),
    ],
)
def test_comparison(cell: Cell, comparison: str) -> None:
    assert comparison == cell.comparison
    assert bool(cell.differs) == (comparison == DIFFER)


def test_what_differs_is_named() -> None:
    assert _cell("yes", "no", ("monitors",)).differs == (
        "change: held, not allocated", "see: allocated, not held",
    )  # fmt: skip


def test_register_and_unallocated_roles_are_printed(tmp_path: Path) -> None:
    exhibit = _exhibit(tmp_path)
    assert exhibit.kind is Kind.EXPERT_REPORT
    words = " ".join(
        plain(text) for s in exhibit.sections for b in s.blocks
        for text in getattr(b, "entries", ())
    )  # fmt: skip
    assert "public_access_block.*: unallocated in the register: monitors, investigates" in words
    assert "2 allocations about 2 controls" in plain(exhibit.answer[0])


def test_no_register_compares_nothing(tmp_path: Path) -> None:
    exhibit = _exhibit(tmp_path, bare=True)
    assert plain(exhibit.answer[0]) == "Contract: not supplied."
    names = [name for name, _ in exhibit.native.columns]
    assert {row[names.index("comparison")] for row in exhibit.native.rows} <= {None}
    assert not any("agree" in plain(one) for one in exhibit.answer)


def test_no_share_is_printed(tmp_path: Path) -> None:
    exhibit = _exhibit(tmp_path)
    assert "%" not in " ".join(plain(one) for one in (*exhibit.answer, *exhibit.limits))


def test_a_usual_split_is_printed_as_a_preset_only_where_nothing_was_supplied(
    tmp_path: Path,
) -> None:
    def captions(exhibit: Exhibit) -> list[str]:
        return [
            plain(block.caption)
            for section in exhibit.sections for block in section.blocks
            if isinstance(block, Table)
        ]  # fmt: skip

    preset = [one for one in captions(_exhibit(tmp_path / "a", bare=True)) if "Preset" in one]
    assert len(preset) == 1
    assert preset[0].startswith("Preset, not evidence:")
    assert not any("Preset" in one for one in captions(_exhibit(tmp_path / "b")))


def test_long_tables_are_bounded_and_what_is_left_out_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _exhibit(tmp_path / "a")
    monkeypatch.setattr(control_tables, "LINES", 1)
    cut = _exhibit(tmp_path / "b")
    for title in ("Allocation beside permission", "Permissions, one principal"):
        (before,) = next(s.blocks for s in whole.sections if plain(s.title).startswith(title))
        (table, more) = next(s.blocks for s in cut.sections if plain(s.title).startswith(title))
        assert isinstance(before, Table)
        assert isinstance(table, Table)
        assert len(table.rows) == 1
        assert table.rows[0] in before.rows
        assert plain(more.text).startswith(f"{len(before.rows) - 1} further")  # type: ignore[union-attr]
    names = [name for name, _ in cut.native.columns]
    at = names.index("part")
    assert [row[at] for row in whole.native.rows] == [row[at] for row in cut.native.rows]


def test_of_many_pairs_those_that_differ_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_tables, "LINES", 1)
    tell = sentences("control.j2", None)
    pairs = [_cell("yes", "no", ("configures",)), _cell("yes", "no", ("monitors",))]
    (table, more) = control_tables.differences(tell, pairs, is_supplied=True)
    assert isinstance(table, Table)
    assert [plain(row[6]).splitlines()[0] for row in table.rows] == [DIFFER]
    assert plain(more.text).startswith("1 further pair ")  # type: ignore[union-attr]


def test_all_of_several_settings_are_named_by_their_number() -> None:
    assert control_tables._titles(["a", "b"], 2) == "all 2 settings"
    assert control_tables._titles(["a"], 2) == "a"
    assert control_tables._titles(["a"], 1) == "a"
    assert control_tables._titles([], 2) == "none"
