"""Totals per change, controls, and the order of findings in exhibit F."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.exhibits import but_for, causation_tables, findings, minimal_sets
from reports.model import Label, Section, Table
from reports.text import sentences
from tests.reports import builder

TELL = sentences("but_for.j2", None)


def words(cell: Any) -> str:
    return "".join(span.text for span in cell)


def table_of(section: Section) -> list[list[str]]:
    (table,) = section.blocks
    assert isinstance(table, Table)
    return [[words(cell) for cell in row] for row in table.rows]


def rollup(**other: Any) -> dict[str, Any]:
    return {
        "scope": "incident", "undo": "delta", "change_uid": "c", "relation": "but-for",
        "accesses": 3, "anonymous": 2, "objects": 2, "bytes_out": 1200, "bytes_known": 3,
        "principals": 1, "addresses": 2, "classes": ["k"], **other,
    }  # fmt: skip


def made(tmp_path: Path, **other: Any) -> list[Section]:
    material = replace(builder.write(tmp_path), **other)
    return list(causation_tables.sections(material, TELL, {"c": 4}))


def test_equal_totals_of_both_undos_share_a_line_and_others_do_not(tmp_path: Path) -> None:
    same = made(tmp_path, rollups=(rollup(), rollup(undo="replay")))[0]
    assert [row[3] for row in table_of(same)] == ["delta, replay"]
    other = made(tmp_path, rollups=(rollup(), rollup(undo="replay", accesses=1)))[0]
    assert [(row[3], row[4]) for row in table_of(other)] == [("delta", "3"), ("replay", "1")]


def test_no_line_of_totals_is_a_sum(tmp_path: Path) -> None:
    rows = (rollup(), rollup(change_uid="d"), rollup(change_uid=None, relation="undetermined"))
    lines = table_of(made(tmp_path, rollups=rows)[0])
    assert [line[4] for line in lines] == ["3", "3", "3"]
    assert {line[0] for line in lines} == {"4", "none"}


@pytest.mark.parametrize(
    ("known", "bytes_out", "said"),
    [(3, 1200, "1,200"), (2, 800, "800 (of 2)"), (0, 0, "not logged")],
)
def test_bytes_say_how_many_records_carry_them(
    tmp_path: Path, known: int, bytes_out: int, said: str
) -> None:
    rows = (rollup(bytes_known=known, bytes_out=bytes_out),)
    assert table_of(made(tmp_path, rollups=rows)[0])[0][6] == said


def test_a_control_keeps_yes_no_and_undetermined_apart(tmp_path: Path) -> None:
    control = {
        "title": "a setting", "parameters": None, "available_from": None, "source": "a guide",
        "time_from": builder.at("2022-05-23 00:00:00"), "status": "asked",
        **{f"{what}_{name}": n for name, n in (("yes", 2), ("no", 0), ("undetermined", 1))
           for what in ("accesses", "objects", "bytes")},
    }  # fmt: skip
    unasked = {**control, "status": "parameter not supplied"}
    lines = table_of(made(tmp_path, controls=(control, unasked))[1])
    assert lines[0][4:] == ["2 requests\n2 objects\n2 bytes", "0", "1 request\n1 object\n1 byte"]
    assert lines[0][2] == "date not known\na guide"
    assert lines[1][4:] == ["not asked: parameter not supplied", "not asked", "not asked"]


def test_findings_without_incident_requests_come_last_in_one_table(tmp_path: Path) -> None:
    (one,) = builder.write(tmp_path).findings[:1]
    none = {**one, "number": "F-90", "numbers": {"accesses": 0}}
    sections = findings.sections(TELL, (none, one))
    titles = [words(section.title) for section in sections]
    assert titles == ["Findings", f"Finding {one['number']}",
                      "Findings without a request in the incident"]  # fmt: skip
    assert table_of(sections[-1])[0][0] == "F-90"


def test_many_findings_are_bounded_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    (one,) = builder.write(tmp_path).findings[:1]
    total = findings.FULL + findings.STATED + 7
    many = [{**one, "number": f"F-{n:03}", "numbers": {"accesses": n}} for n in range(1, total + 1)]
    made_of = findings.sections(TELL, many)
    full = [words(section.title) for section in made_of if "Finding F" in words(section.title)]
    assert full == [f"Finding F-{n:03}" for n in range(total, total - findings.FULL, -1)]
    (table, *_) = made_of[0].blocks
    assert isinstance(table, Table)
    assert [words(row[0]) for row in table.rows] == [
        f"F-{n:03}" for n in range(total, max(total - findings.LISTED, 0), -1)
    ]
    table, more = made_of[-1].blocks
    assert isinstance(table, Table)
    assert len(table.rows) == findings.STATED
    assert "7 further findings" in words(more.text)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([3], "Class 3"),
        ([4, 1, 2, 3, 7], "Classes 1–4, 7"),
        (range(1, 17, 2), "Classes 1, 3, 5, 7, 9, 11, 13, 15"),
        ([*range(1, 17, 2), *range(20, 400)], "Classes 1, 3, 5, 7, 9, 11, 13 and 381 more"),
    ],
)
def test_of_many_classes_the_first_are_named(numbers: Sequence[int], said: str) -> None:
    assert minimal_sets.listed(numbers) == said


def test_the_matrix_of_many_changes_is_bounded_and_the_native_table_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    material = builder.write(tmp_path)
    uid = material.changes[0]["change_uid"]
    none = rollup(change_uid=None, classes=[material.classes[0]["class_uid"]])
    material = replace(material, rollups=(rollup(change_uid=uid), none))
    label = Label(number="F", stem="f")
    whole = but_for.build(material, label, {})
    monkeypatch.setattr(but_for, "LINES", 1)
    monkeypatch.setattr(minimal_sets, "LINES", 1)
    cut = but_for.build(material, label, {})
    assert cut.native == whole.native
    matrix = next(s for s in cut.sections if words(s.title) == "Matrix")
    table, more, *_ = matrix.blocks
    assert isinstance(table, Table)
    assert [words(cell).startswith(but_for.BUT_FOR) for cell in table.rows[0][3:]] == [True]
    assert "further change" in words(more.text)  # type: ignore[union-attr]
    names = [name for name, _ in cut.native.columns]
    found = {row[names.index("part")] for row in cut.native.rows}
    assert found == {"verdict", "class", "set", "total"}
    assert all(row[names.index("record_sha256")] for row in cut.native.rows)
    assert list(range(1, len(cut.native.rows) + 1)) == [row[0] for row in cut.native.rows]


def test_a_change_in_between_is_words_and_not_code(tmp_path: Path) -> None:
    (one,) = builder.write(tmp_path).findings[:1]
    between = {"what": "PutBucketPolicy on b", "time": "2022-06-01 00:00:00 Z", "order": 2}
    (_, section) = findings.sections(TELL, [{**one, "intervening": [between]}])
    table = next(b for b in section.blocks if isinstance(b, Table))
    lines = {words(name): words(value) for name, value in table.rows}
    assert lines["Changes in between"] == (
        "what: PutBucketPolicy on b; time: 2022-06-01 00:00:00 Z; order: 2"
    )
