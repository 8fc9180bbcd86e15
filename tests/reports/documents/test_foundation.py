"""Foundation facts: four times from four sources, none taken for another (R-076)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.case import Party
from reports.documents import aws, forms, foundation, items, log_files
from reports.documents.log_files import LogFile, Named
from reports.material import Material
from reports.model import Exhibit, Label, plain
from reports.wording import check
from tests.reports import builder
from tests.reports.documents.test_report import NUMBERS, words
from tests.reports.edition import cover_of
from tests.reports.test_human_parts import of

TRAIL = "a/111111111111_CloudTrail_us-east-1_20220601T0015Z_AbCdEf0123456789.json.gz"


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return of(builder.write(tmp_path_factory.mktemp("case")), "us-federal")


def made(material: Material) -> Exhibit:
    """The document."""
    label = Label(number="L", stem="exhibit-L")
    return foundation.build(material, label, NUMBERS, form=forms.FOUNDATION)


@pytest.mark.parametrize(
    ("name", "at", "width"),
    [
        (TRAIL, "2022-06-01 00:15:00", 60),
        (TRAIL.removesuffix(".gz"), "2022-06-01 00:15:00", 60),
        ("logs/2022-06-01-00-15-22-0123456789ABCDEF", "2022-06-01 00:15:22", 1),
        ("prefix2022-06-01-00-15-22-0123456789ABCDEF", "2022-06-01 00:15:22", 1),
        ("p/2022-06-01-00-00-00-0123456789ABCDEF", None, 0),
        ("p/2022-13-01-00-15-22-0123456789ABCDEF", None, 0),
        ("a_CloudTrail-Digest_us-east-1_x_20220601T0015Z.json.gz", None, 0),
        ("2022-06-01.log", None, 0),
        ("x" * 10_000, None, 0),
        ("", None, 0),
    ],
)
def test_time_of_delivery_in_a_name(name: str, at: str | None, width: int) -> None:
    expected: Named | None = None
    if at is not None:
        when = datetime.fromisoformat(at).replace(tzinfo=UTC)
        expected = Named(at=when, width=timedelta(seconds=width))
    assert expected == aws.named(name)


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_name_is_read_or_states_nothing(name: str) -> None:
    found = aws.named(name)
    assert found is None or found.width > timedelta(0)


@pytest.mark.parametrize(
    ("last", "after"),
    [
        ("00:15:00", 0), ("00:15:59", 0), ("00:14:00", 60), ("00:00:00", 900), ("00:16:00", 0),
        ("00:17:30", -90),
    ],
)  # fmt: skip
def test_distance_from_event_to_delivery_leaves_the_width_open(
    material: Material, last: str, after: int
) -> None:
    one = LogFile(
        source="x", item=material.items[0], records=1, written=0, slowest=None, changed=None,
        first=builder.at("2022-06-01 00:00:00"), last=builder.at(f"2022-06-01 {last}"),
        named=Named(at=builder.at("2022-06-01 00:15:00"), width=timedelta(minutes=1)),
    )  # fmt: skip
    assert one.after == timedelta(seconds=after)
    assert replace(one, named=None).after is None


def test_files_of_a_log_have_a_row_each_and_cite_nothing_new(material: Material) -> None:
    exhibit = made(material)
    names = [name for name, _ in exhibit.native.columns]
    rows = [dict(zip(names, row, strict=True)) for row in exhibit.native.rows]
    assert [row["row"] for row in rows] == list(range(1, len(rows) + 1))
    files = [row for row in rows if row["log_item"]]
    held = [item for item in material.items if material.records.get(item.uid)]
    assert [(item.uid, item.digest.sha256) for item in held] == [
        (row["log_item"], row["log_sha256"]) for row in files
    ]
    assert sum(int(row["records"] or 0) for row in files) == sum(material.records.values())
    assert all(row["evidence_item"] is None for row in files)
    assert all(str(row["first_event"]) <= str(row["last_event"]) for row in files)
    assert f"Ex. L, row {rows[0]['row']}" in plain(exhibit.answer[-1]) or "rows" in plain(
        exhibit.answer[-1]
    )  # fmt: skip
    check(exhibit, cover_of(material, exhibit))


def test_what_is_not_stated_is_said_so(material: Material) -> None:
    said = words(made(material))
    assert "the time of the event is the only one that they carry" in said
    assert "states a time of delivery in its name" in said
    assert "No answer to a call of ours stated it" in said
    assert "not an opinion on admissibility" in plain(made(material).answer[0])


def test_names_and_answers_state_delivery_and_change(
    material: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = next(one for one in material.items if material.records.get(one.uid))
    last = log_files.read(material)
    newest = max(one.last for files in last.values() for one in files if one.item.uid == item.uid)
    minute = (newest + timedelta(minutes=7)).strftime("%Y%m%dT%H%M")
    name = f"1_CloudTrail_us-east-1_{minute}Z_A.json.gz"
    named = replace(
        material, items=tuple(
            replace(one, name=name) if one.uid == item.uid else one for one in material.items
        )
    )  # fmt: skip
    changed = (newest + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    monkeypatch.setattr(
        items, "facts",
        lambda _: {item.uid: {"headers": [["Last-Modified", changed], ["ETag", "x"]]}},
    )  # fmt: skip
    said = words(made(named))
    assert "From the last event of a file to that time: 6 min" in said
    assert "from 59 min 59 s" in said or "from 1 h" in said
    wrong = replace(
        named, items=tuple(
            replace(one, name=name.replace(minute, "20000101T0000")) if one.uid == item.uid
            else one for one in named.items
        )
    )  # fmt: skip
    assert "an event is later than the time in the name" in words(made(wrong))


@pytest.mark.parametrize("value", ["", "yesterday", "Wed, 99 Foo 2022", "\x00", "0"])
def test_a_header_that_is_no_time_states_none(value: str) -> None:
    assert log_files._changed([["last-modified", value]]) is None


def test_accounts_of_loggers_stand_with_their_party(material: Material) -> None:
    row = dict.fromkeys(foundation.LOGGED) | {
        "category": "data", "activity": "read", "kept": "recorded", "why": "x",
        "account_uid": "111111111111",
    }  # fmt: skip
    placed = replace(material, logging=(row, {**row, "account_uid": "222222222222"}))
    party = Party(name="Contoso", role=None, principals=(), accounts=("111111111111",))
    other = replace(party, name="Fabrikam")
    placed = replace(placed, config=replace(placed.config, parties=(party, other)))
    said = words(made(placed))
    assert "111111111111: Contoso, Fabrikam" in said
    assert "222222222222: no party is named for it in case.toml" in said
    assert "give 2 periods: recorded 2" in said


def test_an_empty_case_states_no_file(tmp_path: Path) -> None:
    empty = of(builder.write(tmp_path, builder.Story(empty=True)), "us-federal")
    exhibit = made(empty)
    assert "No file with log records in the records examined." in [
        plain(block.empty) for section in exhibit.sections for block in section.blocks
        if hasattr(block, "empty")
    ]  # fmt: skip
    assert all(row[0] for row in exhibit.native.rows)
