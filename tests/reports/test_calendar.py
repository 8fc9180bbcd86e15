"""Documents with their two dates, and reviews due beside reviews supplied (R-015, R-016, R-018)."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from collector.registers import Entry, Registers
from reports.exhibits import calendar_tables as calendar
from reports.exhibits import warnings
from reports.material import Material
from reports.model import Exhibit, Label, Table, plain
from tests.reports import builder

FIRST = date(2022, 6, 1)
BUCKET = builder.BUCKET


def document(**cells: object) -> Entry:
    """A row of the register."""
    return Entry(register="documents", line=2, cells={"id": "d", **cells})  # type: ignore[dict-item]


def clause(**cells: object) -> Entry:
    """A cadence."""
    return Entry(
        register="contracts", line=2,
        cells={"id": "k", "party": "P", "duty": "review", "period": "30 d",
               "from": date(2022, 3, 1), **cells},  # type: ignore[dict-item]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("shown", "first", "says"),
    [
        (date(2022, 6, 2), FIRST, "after the incident began"),
        (date(2022, 6, 1), FIRST, "before or as the incident began"),
        (date(2021, 1, 1), FIRST, "before or as the incident began"),
        (None, FIRST, "not supplied"),
        (date(2022, 6, 2), None, "beginning of the incident not supplied"),
    ],
)
def test_a_document_is_marked_by_the_day_from_which_it_is_provable(
    shown: date | None, first: date | None, says: str
) -> None:
    assert calendar.provable(document(provable_date=shown), first) == says


@pytest.mark.parametrize(
    ("cells", "scope", "period"),
    [
        ({}, "not supplied", "not supplied"),
        ({"scope": "other"}, "outside", "not supplied"),
        ({"scope": f"other; {BUCKET}"}, "inside", "not supplied"),
        ({"scope": "arn:*", "period_from": date(2022, 1, 1)}, "inside", "inside"),
        ({"period_to": date(2022, 5, 31)}, "not supplied", "outside"),
        ({"period_from": FIRST, "period_to": FIRST}, "not supplied", "inside"),
        ({"period_from": date(2022, 6, 2)}, "not supplied", "outside"),
    ],
)
def test_scope_and_period_are_held_against_the_incident(
    cells: dict[str, object], scope: str, period: str
) -> None:
    assert calendar.placed(document(**cells), (BUCKET,), FIRST) == (scope, period)


def with_registers(case: Path, clauses: list[Entry], documents: list[Entry]) -> Material:
    """The story under those registers; its incident ends on 2022-06-06."""
    return replace(
        builder.write(case),
        registers=Registers(
            entries={"contracts": tuple(clauses), "documents": tuple(documents)},
            sha256=dict.fromkeys(("contracts", "documents"), "0" * 64),
        ),
    )


def test_each_period_up_to_the_end_of_the_incident_is_due(tmp_path: Path) -> None:
    done = document(kind="Review", claimed_date=date(2022, 4, 1))
    other = document(kind="audit", claimed_date=date(2022, 4, 1))
    found = list(calendar.due(with_registers(tmp_path, [clause()], [done, other])))
    assert [one.start for one in found] == [
        date(2022, 3, 1), date(2022, 3, 31), date(2022, 4, 30),
    ]  # fmt: skip
    assert [one.found for one in found] == [(), (done,), ()]


@pytest.mark.parametrize(
    "cells",
    [
        {"start_event": "discovered"}, {"duty": None}, {"period": "2 business days (mon-fri)"},
        {"period": None}, {"from": None}, {"from": date(2023, 1, 1)},
        {"to": date(2022, 2, 1)},
    ],
)  # fmt: skip
def test_what_is_no_cadence_in_force_is_not_due(tmp_path: Path, cells: dict[str, object]) -> None:
    assert list(calendar.due(with_registers(tmp_path, [clause(**cells)], []))) == []


def test_a_cadence_of_a_day_is_bounded(tmp_path: Path) -> None:
    daily = clause(period="1 d", **{"from": date(1970, 1, 1)})
    assert len(list(calendar.due(with_registers(tmp_path, [daily], [])))) == calendar.MOST


def exhibit(material: Material) -> Exhibit:
    """Exhibit I."""
    return warnings.build(material, Label(number="I", stem="exhibit-I"), {})


def test_both_tables_stand_in_the_exhibit_and_its_native_table(tmp_path: Path) -> None:
    late = document(
        kind="review", title="T", claimed_date=date(2022, 5, 1), provable_date=date(2022, 6, 12)
    )
    made = exhibit(with_registers(tmp_path, [clause()], [late]))
    tables = {
        plain(section.title): section.blocks[0] for section in made.sections
        if isinstance(section.blocks[0], Table)
    }  # fmt: skip
    documents, due = tables["Documents, as supplied"], tables["Reviews due beside reviews supplied"]
    assert isinstance(documents, Table)
    assert isinstance(due, Table)
    (row,) = documents.rows
    assert plain(row[4]) == "42"
    assert plain(row[5]) == "after the incident began"
    assert [plain(row[4]) for row in due.rows] == [
        "none in the register", "none in the register", "d",
    ]  # fmt: skip
    told = [row for row in made.native.rows if row[1] in ("document", "review due")]
    assert [row[1] for row in told] == ["document", *["review due"] * 3]


def test_nothing_supplied_says_so(tmp_path: Path) -> None:
    made = exhibit(replace(builder.write(tmp_path), registers=Registers()))
    empty = {
        plain(section.title): plain(section.blocks[0].empty) for section in made.sections
        if isinstance(section.blocks[0], Table) and not section.blocks[0].rows
    }  # fmt: skip
    assert empty["Documents, as supplied"] == "Not supplied."
    assert "No clause supplied states a cadence" in empty["Reviews due beside reviews supplied"]
