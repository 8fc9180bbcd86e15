"""Coverage of logging: selectors, switches, answers; every period that nobody keeps is a hole."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.model import Provenance
from timeline.correlate import coverage
from timeline.correlate.aws import logging, selectors
from timeline.correlate.coverage import Cell, Kept, Statement

T0 = datetime(2022, 6, 1, tzinfo=UTC)
HOME = "111122223333/us-east-1"
MANAGEMENT = Cell(
    category="management", activity="write", account_uid="111122223333", region="us-east-1"
)
READS = Cell(
    category="data",
    activity="read",
    account_uid="111122223333",
    region="us-east-1",
    resource="claims",
)
ALL_MANAGEMENT = {"readWriteType": "All", "includeManagementEvents": True}


def says(logger: str, minute: int, name: str, *, switched: bool = True, **sets: Any) -> Statement:
    return Statement(
        logger=f"{HOME}/{logger}",
        at=T0 + timedelta(minutes=minute),
        name=name,
        sets=sets,
        switched=switched,
        before={"on": False} if name == "CreateTrail" else {},
        provenance=Provenance(item="EV-1.f1", locator=f"{minute}@0+1", sha256="0" * 64),
    )


def objects(*values: str) -> dict[str, Any]:
    return {
        "includeManagementEvents": False,
        "dataResources": [{"type": "AWS::S3::Object", "values": list(values)}],
    }


def advanced(*fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"fieldSelectors": list(fields)}


DATA = ({"field": "eventCategory", "equals": ["Data"]},
        {"field": "resources.type", "equals": ["AWS::S3::Object"]})  # fmt: skip


@pytest.mark.parametrize(
    ("said", "cell", "kept"),
    [
        ([ALL_MANAGEMENT], MANAGEMENT, "recorded"),
        ([ALL_MANAGEMENT], READS, "off"),
        ([{**ALL_MANAGEMENT, "readWriteType": "ReadOnly"}], MANAGEMENT, "off"),
        ([{"includeManagementEvents": False, "readWriteType": "All"}], MANAGEMENT, "off"),
        ([objects("arn:aws:s3")], READS, "recorded"),
        ([objects("arn:aws:s3:::")], READS, "recorded"),
        ([objects("arn:aws:s3:::claims/")], READS, "recorded"),
        ([objects("arn:aws:s3:::claims/2022/")], READS, "in part"),
        ([objects("arn:aws:s3:::other/")], READS, "off"),
        ([objects()], READS, "off"),
        ([objects("arn:aws:lambda")], READS, "off"),
        ([objects("arn:aws:s3:::other/"), objects("arn:aws:s3:::claims/")], READS, "recorded"),
        ([{**objects("arn:aws:s3"), "readWriteType": "WriteOnly"}], READS, "off"),
        ([advanced(*DATA)], READS, "recorded"),
        ([advanced({"field": "eventCategory", "equals": ["Management"]})], MANAGEMENT, "recorded"),
        ([advanced({"field": "eventCategory", "equals": ["Management"]})], READS, "off"),
        ([advanced(*DATA, {"field": "readOnly", "equals": ["false"]})], READS, "off"),
        ([advanced(*DATA, {"field": "readOnly", "equals": ["true"]})], READS, "recorded"),
        ([advanced(*DATA, {"field": "resources.ARN", "startsWith": ["arn:aws:s3:::claims/"]})],
         READS, "recorded"),
        ([advanced(*DATA, {"field": "resources.ARN", "startsWith": ["arn:aws:s3:::claims/x"]})],
         READS, "in part"),
        ([advanced(*DATA, {"field": "resources.ARN", "equals": ["arn:aws:s3:::claims/a.csv"]})],
         READS, "in part"),
        ([advanced(*DATA, {"field": "resources.ARN", "notStartsWith": ["arn:aws:s3:::claims/"]})],
         READS, "off"),
        ([advanced(*DATA, {"field": "resources.ARN", "notStartsWith": ["arn:aws:s3:::logs/"]})],
         READS, "recorded"),
        ([advanced(*DATA, {"field": "resources.ARN", "notEquals": ["arn:aws:s3:::claims/a"]})],
         READS, "in part"),
        ([advanced(*DATA, {"field": "eventName", "notEquals": ["GetObject"]})], READS, "in part"),
        ([advanced({"field": "eventCategory", "equals": ["Data"]},
                   {"field": "resources.type", "equals": ["AWS::Lambda::Function"]})],
         READS, "off"),
        ([], MANAGEMENT, "off"),
    ],
)  # fmt: skip
def test_what_selectors_choose(said: Sequence[Mapping[str, Any]], cell: Cell, kept: str) -> None:
    assert selectors.selected(said, cell) == kept


def kms(said: Sequence[Mapping[str, Any]]) -> Kept:
    cell = Cell(
        category="management",
        activity="write",
        account_uid="111122223333",
        region="us-east-1",
        resource="kms.amazonaws.com",
    )
    return selectors.selected(said, cell)


def test_a_service_that_is_left_out_is_a_cell_of_its_own() -> None:
    without = [{**ALL_MANAGEMENT, "excludeManagementEventSources": ["kms.amazonaws.com"]}]
    assert kms(without) is Kept.OFF
    assert kms([ALL_MANAGEMENT]) is Kept.RECORDED
    assert selectors.selected(without, MANAGEMENT) is Kept.RECORDED
    said = [says("main", 0, "PutEventSelectors", selectors=tuple(without))]
    assert logging.left_out(said) == ("kms.amazonaws.com",)


def holes(*said: Statement) -> list[tuple[int, int | None, str]]:
    found = coverage.holes(coverage.steps(said), [MANAGEMENT, READS], logging.keeps)
    return [
        (
            int((h.start - T0).total_seconds() // 60),
            int((h.end - T0).total_seconds() // 60) if h.end else None,
            " ".join(sorted(c.category for c in h.cells)),
        )
        for h in found
    ]


EVERYTHING = (ALL_MANAGEMENT, objects("arn:aws:s3"))


def test_a_stopped_trail_is_a_hole_until_it_is_started() -> None:
    assert holes(says("main", 1, "StopLogging", on=False), says("main", 5, "StartLogging", on=True)
    ) == [(1, 5, "data management")]  # fmt: skip


def test_a_stopped_trail_that_another_one_covers_is_no_hole() -> None:
    second = [
        says("other", 0, "PutEventSelectors", selectors=EVERYTHING),
        says("other", 0, "StartLogging", on=True),
    ]
    assert holes(*second, says("main", 1, "StopLogging", on=False)) == []


def test_the_other_one_covers_only_what_it_selects() -> None:
    second = [
        says("other", 0, "CreateTrail", on=False, selectors=(ALL_MANAGEMENT,), all_regions=True),
        says("other", 0, "StartLogging", on=True),
    ]
    assert holes(*second, says("main", 1, "StopLogging", on=False)) == [(1, None, "data")]


def test_the_second_trail_that_stops_opens_the_hole() -> None:
    both = [
        says(name, 0, operation, **sets)
        for name in ("main", "other")
        for operation, sets in (
            ("PutEventSelectors", {"selectors": EVERYTHING}),
            ("StartLogging", {"on": True}),
        )
    ]
    said = [
        *both,
        says("main", 1, "StopLogging", on=False),
        says("other", 3, "StopLogging", on=False),
        says("main", 7, "StartLogging", on=True),
    ]
    assert holes(*said) == [(3, 7, "data management")]


def test_selectors_that_are_narrowed_leave_a_hole_of_what_they_drop() -> None:
    said = [
        says("main", 0, "StartLogging", on=True),
        says("main", 0, "PutEventSelectors", selectors=EVERYTHING),
        says("main", 2, "PutEventSelectors", selectors=(ALL_MANAGEMENT,)),
        says("main", 9, "PutEventSelectors", selectors=EVERYTHING),
    ]
    assert holes(*said) == [(2, 9, "data")]


def test_an_update_to_one_region_leaves_the_other_regions() -> None:
    other = Cell(
        category="management", activity="write", account_uid="111122223333", region="eu-west-1"
    )
    said = [
        says("main", 0, "CreateTrail", on=False, selectors=EVERYTHING, all_regions=True),
        says("main", 0, "StartLogging", on=True),
        says("main", 4, "UpdateTrail", all_regions=False),
    ]
    found = coverage.holes(coverage.steps(said), [MANAGEMENT, other], logging.keeps)
    assert [h.cells for h in found] == [(other,)]


def test_an_answer_that_shows_a_stop_nobody_recorded_opens_at_the_statement_before() -> None:
    said = [
        says("main", 0, "PutEventSelectors", selectors=EVERYTHING),
        says("main", 1, "StartLogging", on=True),
        says("main", 8, "GetTrailStatus", switched=False, on=False),
    ]
    (hole, *_) = coverage.holes(coverage.steps(said), [MANAGEMENT], logging.keeps)
    assert (hole.start - T0, hole.kept) == (timedelta(minutes=1, microseconds=1), Kept.UNKNOWN)
    assert "shows another state than the records before" in logging.gap(hole).reason


def test_an_answer_alone_says_what_stood_from_the_beginning() -> None:
    said = [
        says("main", 5, "GetTrailStatus", switched=False, on=True),
        says("main", 5, "GetEventSelectors", switched=False, selectors=(ALL_MANAGEMENT,)),
    ]
    (period,) = coverage.matrix(coverage.steps(said), [MANAGEMENT], logging.keeps)
    assert (period.kept, period.start, period.end) == (Kept.RECORDED, None, None)
    (period,) = coverage.matrix(coverage.steps(said), [READS], logging.keeps)
    assert period.kept is Kept.OFF


def test_without_any_trail_nothing_is_known() -> None:
    (period,) = coverage.matrix({}, [READS], logging.keeps)
    assert (period.kept, period.loggers) == (Kept.UNKNOWN, ())


@st.composite
def histories(draw: st.DrawFn) -> list[Statement]:
    choices = (
        ("StartLogging", {"on": True}),
        ("StopLogging", {"on": False}),
        ("PutEventSelectors", {"selectors": EVERYTHING}),
        ("PutEventSelectors", {"selectors": (ALL_MANAGEMENT,)}),
    )
    made = []
    for logger in ("main", "other"):
        made += [
            says(logger, 0, "StartLogging", on=True),
            says(logger, 0, "PutEventSelectors", selectors=EVERYTHING),
        ]
    minutes = draw(st.lists(st.integers(1, 12), max_size=8))
    for minute in minutes:
        name, sets = draw(st.sampled_from(choices))
        made.append(says(draw(st.sampled_from(["main", "other"])), minute, name, **sets))
    return made


@settings(max_examples=200, deadline=None)
@given(histories())
def test_every_instant_that_nobody_keeps_is_in_a_hole_and_no_other(said: list[Statement]) -> None:
    """Both trails begin whole, so that any instant without a record was switched off."""
    loggers = coverage.steps(said)
    for cell in (MANAGEMENT, READS):
        found = coverage.holes(loggers, [cell], logging.keeps)
        marks = sorted({s.at for s in said})
        for start, end in pairwise([*marks, marks[-1] + timedelta(minutes=1)]):
            at = start + (end - start) / 2
            kept = any(
                logging.keeps(name, [s for s in held if s.start is None or s.start <= at][-1].state,
                              cell) is Kept.RECORDED
                for name, held in loggers.items()
            )  # fmt: skip
            inside = any(h.start <= at and (h.end is None or at < h.end) for h in found)
            assert inside != kept
