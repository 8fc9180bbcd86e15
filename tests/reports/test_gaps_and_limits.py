"""Exhibit K: records to ask for, and what was being recorded through time."""

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from reports.exhibits import gaps_and_limits, logging_coverage, parts, records_wanted
from reports.grammar import Style
from reports.material import Material
from reports.model import Label, Paragraph, Picture, Table, plain
from tests.reports import builder, edition
from timeline.asked import of_rows

STOPPED = builder.at("2022-06-02 10:02:00")
STARTED = builder.at("2022-06-02 13:10:00")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return builder.write(tmp_path_factory.mktemp("limits") / "case")


def period(
    resource: str | None, kept: str, start: datetime | None, end: datetime | None
) -> dict[str, Any]:
    return {
        "category": "data" if resource else "management", "activity": "read",
        "account_uid": "111111111111", "region": "us-east-1", "resource": resource,
        "time_from": start, "time_to": end, "kept": kept,
        "loggers": ["main"] if kept == "recorded" else [], "why": f"{kept} since {start}",
        "evidence_item": None, "locator": None, "record_sha256": None,
    }  # fmt: skip


def course(resource: str | None) -> list[dict[str, Any]]:
    return [
        period(resource, "not known", None, STOPPED),
        period(resource, "off", STOPPED, STARTED),
        period(resource, "recorded", STARTED, None),
    ]


def built(material: Material) -> dict[str, tuple[Any, ...]]:
    """Blocks of each section by its title."""
    exhibit = gaps_and_limits.build(material, Label(number="K", stem="k"), {})
    return {plain(section.title): section.blocks for section in exhibit.sections}


def test_kinds_of_events_with_one_course_share_a_row_and_no_name_is_lost(
    material: Material,
) -> None:
    names = [f"bucket-{n:02d}" for n in range(12)]
    rows = [row for name in (*names, None) for row in course(name)]
    found = logging_coverage.courses([*rows, period("other", "recorded", None, None)])
    assert [tuple(names), ("other",), ()] == [resources for _, resources, _ in found]
    (blocks,) = (v for k, v in built(replace(material, logging=tuple(rows))).items()
                 if k == "What was being recorded")  # fmt: skip
    (table,) = [b for b in blocks if isinstance(b, Table)]
    assert len(table.rows) == 6
    where = plain(table.rows[0][1])
    assert names[0] in where
    assert f"and {12 - logging_coverage.NAMES} more" in where


def test_unknown_alone_is_hatched(material: Material) -> None:
    for kept, style in logging_coverage._STYLES.items():
        assert (kept == "not known") == (style is Style.UNKNOWN)
    rows = tuple(course("bucket"))
    blocks = built(replace(material, logging=rows, coverage=(), gaps=()))
    (picture,) = [b for b in blocks["What was being recorded"] if isinstance(b, Picture)]
    assert picture.svg.count('fill="url(#unknown)"') == 1
    assert "off from 2022-06-02 10:02:00 Z to 2022-06-02 13:10:00 Z" in picture.alt


def test_without_statements_the_table_says_so(material: Material) -> None:
    blocks = built(replace(material, logging=()))["What was being recorded"]
    (table,) = [b for b in blocks if isinstance(b, Table)]
    assert not table.rows
    assert "No statement" in plain(table.empty)


def test_every_unknown_stands_with_the_record_that_would_settle_it(material: Material) -> None:
    undecided = {**material.accesses[0]["class"], "decision": "UNKNOWN",
                 "unknowns": ["bucket.policy", "scps", "organization"]}  # fmt: skip
    case = replace(material, classes=(undecided,))
    times = {row["event_uid"]: row["time"] for row in case.accesses}
    rows = of_rows(case.classes, case.accesses, times, case.gaps)
    assert {"bucket.policy", "scps", "organization"} <= {row["unknown"] for row in rows}
    found = records_wanted.wanted(case)
    assert sorted(map(str, rows)) == sorted(str(row) for rows in found for row in rows)
    (table,) = [
        b for b in built(case)["Records that would settle what is unknown"]
        if isinstance(b, Table)
    ]  # fmt: skip
    told = " ".join(plain(cell) for row in table.rows for cell in row)
    for row in rows:
        assert row["unknown"] in told
        assert row["held_by"] in told
    _whole_as_data(case, table, found)


def _whole_as_data(case: Material, table: Table, found: list[list[Mapping[str, str]]]) -> None:
    """Each thing that is unknown has its row, under the number that is printed."""
    native = records_wanted.native(case)
    names = [name for name, _ in native.columns]
    listed = [dict(zip(names, row, strict=True)) for row in native.rows]
    assert [int(str(one["number"])) for one in listed] == [
        n for n, rows in enumerate(found, 1) for _ in rows
    ]  # fmt: skip
    for one in listed:
        printed = [plain(cell) for cell in table.rows[int(str(one["number"])) - 1]]
        assert printed[1:3] == [one["record"], one["held_by"]]
        assert str(one["unknown"]) in printed[5]


def test_an_edition_holds_the_list_as_data(tmp_path: Path) -> None:
    made = edition.make(tmp_path / "case", builder.Story(hostile="=cmd|' /C calc'!A0", accesses=1))
    raw = (made.folder / records_wanted.FILE).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(raw, newline="")))
    assert rows
    assert all(row["record"] and row["held_by"] for row in rows)
    assert not any(str(cell).startswith("=") for row in rows for cell in row.values())
    assert records_wanted.FILE in (made.folder / "manifest.jsonl").read_text(encoding="utf-8")
    empty = edition.make(tmp_path / "empty", builder.Story(empty=True))
    assert (empty.folder / records_wanted.FILE).read_text(encoding="utf-8").count("\n") >= 1


def test_what_is_left_out_is_counted(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_wanted, "LINES", 0)
    blocks = built(material)["Records that would settle what is unknown"]
    n = len(records_wanted.wanted(material))
    assert n > 0
    (said,) = [plain(b.text) for b in blocks if isinstance(b, Paragraph)]
    assert said.startswith(f"{n} further record")


def test_gaps_that_differ_in_their_subject_alone_are_one_line(material: Material) -> None:
    at = {"time_from": STOPPED, "time_to": STARTED, "evidence_item": None, "locator": None}
    gaps = tuple(
        {**at, "gap_uid": f"g{n}", "kind": "logging_off", "subject": f"bucket-{n:02d}",
         "reason": f"no data events of bucket-{n:02d}"}
        for n in range(parts.SUBJECTS + 2)
    )  # fmt: skip
    other = {**gaps[0], "gap_uid": "x", "reason": "another reason"}
    case = replace(material, gaps=(*gaps, other))
    lines = [
        plain(line) for line in parts.limits(case, start=None, end=None) if "gap" in plain(line)[:8]
        or plain(line).startswith("Gap")
    ]  # fmt: skip
    assert len(lines) == 2
    assert lines[0].startswith(f"{len(gaps)} gaps (logging off)")
    assert "and 2 more, listed with the gaps" in lines[0]
    assert all(str(gap["subject"]) in lines[0] for gap in gaps[: parts.SUBJECTS])
    assert "another reason" in lines[1]


def test_what_a_gap_leaves_uncertain_stands_with_it(material: Material) -> None:
    uid = material.gaps[0]["gap_uid"]
    effect = {"gap_uid": uid, "uncertain": "reads of objects: neither shown nor excluded"}
    blocks = built(replace(material, gap_effects=(effect, effect)))["Gaps"]
    told = plain(blocks[0].rows[0][3])
    assert told.count("uncertain: reads of objects: neither shown nor excluded") == 1


def test_grounds_that_records_state_are_counted_and_contradictions_listed(
    material: Material,
) -> None:
    first, second, *rest = material.accesses
    told = replace(material, accesses=(
        {**first, "ground_stated": "access control list required",
         "ground_agreement": "contradicts"},
        {**second, "ground_stated": "access control list required", "ground_agreement": "agrees"},
        *rest,
    ))  # fmt: skip
    (grounds,) = built(told)["Grounds that records state"]
    assert [(plain(row[2]), plain(row[3])) for row in grounds.rows] == [
        ("agrees", "1"), ("contradicts", "1"),
    ]  # fmt: skip
    listed = built(told)["Contradictions"][0]
    assert any("access control list required" in plain(row[4]) for row in listed.rows)
    assert len(listed.rows) == len(built(material)["Contradictions"][0].rows) + 1
