"""Rows of the logging matrix: stores beside trails, flags of scope, every operator of selectors."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.timeline.correlate.test_coverage import DATA, MANAGEMENT, READS, advanced
from tests.timeline.normalize.evidence import Store
from timeline.correlate import coverage
from timeline.correlate.aws import logging, selectors, switches
from timeline.correlate.coverage import Cell, Kept
from timeline.normalize import Snapshot

T0 = datetime(2024, 6, 1, tzinfo=UTC)
ACCOUNT = "111122223333"
LAKE = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:eventdatastore/abcd-1"
TRAIL = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"
WRITES = Cell(
    category="data", activity="write", account_uid=ACCOUNT, region="us-east-1", resource="claims"
)


def management(service: str = "", region: str = "us-east-1", account: str = ACCOUNT) -> Cell:
    return Cell(
        category="management", activity="write", account_uid=account, region=region,
        resource=service,
    )  # fmt: skip


MANAGEMENT_ALONE = {"field": "eventCategory", "equals": ["Management"]}
IN_BUCKET, OTHER = "arn:aws:s3:::claims/", "arn:aws:s3:::other/"


def arn(operator: str, *values: str) -> dict[str, Any]:
    return {"field": "resources.ARN", operator: list(values)}


def source(operator: str, *values: str) -> dict[str, Any]:
    return {"field": "eventSource", operator: list(values)}


@pytest.mark.parametrize(
    ("fields", "cell", "kept"),
    [
        # Names of objects, every operator.
        ((*DATA, arn("equals", IN_BUCKET + "a")), READS, "in part"),
        ((*DATA, arn("equals", OTHER + "a")), READS, "off"),
        ((*DATA, arn("equals", IN_BUCKET)), READS, "not known"),
        ((*DATA, arn("startsWith", IN_BUCKET)), READS, "recorded"),
        ((*DATA, arn("startsWith", "arn:")), READS, "recorded"),
        ((*DATA, arn("startsWith", "arn:aws-us-gov:s3:::cla")), READS, "recorded"),
        ((*DATA, arn("startsWith", OTHER)), READS, "off"),
        ((*DATA, arn("startsWith", OTHER, IN_BUCKET)), READS, "recorded"),
        ((*DATA, arn("endsWith", ".csv")), READS, "in part"),
        ((*DATA, {**arn("endsWith", ".csv"), "startsWith": [IN_BUCKET]}), READS, "recorded"),
        ((*DATA, arn("notEquals", IN_BUCKET + "a")), READS, "in part"),
        ((*DATA, arn("notEquals", OTHER + "a")), READS, "recorded"),
        ((*DATA, arn("notEquals", IN_BUCKET)), READS, "not known"),
        ((*DATA, arn("notStartsWith", IN_BUCKET)), READS, "off"),
        ((*DATA, arn("notStartsWith", IN_BUCKET + "a/")), READS, "in part"),
        ((*DATA, arn("notStartsWith", OTHER)), READS, "recorded"),
        ((*DATA, arn("notEndsWith", ".tmp")), READS, "in part"),
        ((*DATA, {**arn("startsWith", IN_BUCKET), "notEndsWith": [".tmp"]}), READS, "in part"),
        ((*DATA, {**arn("startsWith", IN_BUCKET), "notStartsWith": [OTHER]}), READS, "recorded"),
        # Services, every operator.
        ((MANAGEMENT_ALONE, source("equals", "iam.amazonaws.com")), MANAGEMENT, "off"),
        ((MANAGEMENT_ALONE, source("equals", "iam.amazonaws.com")),
         management("iam.amazonaws.com"), "recorded"),
        ((MANAGEMENT_ALONE, source("startsWith", "iam")),
         management("iam.amazonaws.com"), "recorded"),
        ((MANAGEMENT_ALONE, source("startsWith", "iam")), MANAGEMENT, "in part"),
        ((MANAGEMENT_ALONE, source("endsWith", "amazonaws.com")),
         management("iam.amazonaws.com"), "recorded"),
        ((MANAGEMENT_ALONE, source("notEquals", "kms.amazonaws.com")), MANAGEMENT, "recorded"),
        ((MANAGEMENT_ALONE, source("notEquals", "kms.amazonaws.com")),
         management("kms.amazonaws.com"), "off"),
        ((MANAGEMENT_ALONE, source("notStartsWith", "kms")), MANAGEMENT, "in part"),
        ((MANAGEMENT_ALONE, source("notStartsWith", "kms")),
         management("kms.amazonaws.com"), "off"),
        ((MANAGEMENT_ALONE, source("notEndsWith", ".cn")), management("kms.amazonaws.com"),
         "recorded"),
        ((*DATA, source("equals", "s3.amazonaws.com")), READS, "recorded"),
        ((*DATA, source("notEquals", "s3.amazonaws.com")), READS, "off"),
        ((*DATA, source("startsWith", "lambda")), READS, "off"),
        # Category, activity, type.
        ((MANAGEMENT_ALONE, {"field": "readOnly", "equals": ["true"]}), MANAGEMENT, "off"),
        ((*DATA, {"field": "readOnly", "equals": ["false"]}), WRITES, "recorded"),
        ((*DATA, {"field": "readOnly", "notEquals": ["false"]}), READS, "recorded"),
        (({"field": "eventCategory", "equals": ["NetworkActivity"]},), MANAGEMENT, "off"),
        (({"field": "eventCategory", "equals": ["Insight"]},), READS, "off"),
        # Within a cell; and what no source describes.
        ((*DATA, {"field": "userIdentity.arn", "notStartsWith": ["arn:aws:sts:"]}), READS,
         "in part"),
        ((*DATA, {"field": "eventType", "equals": ["AwsApiCall"]}), READS, "in part"),
        ((*DATA, {"field": "aNewField", "equals": ["x"]}), READS, "not known"),
        ((*DATA, {"field": "resources.ARN", "matches": ["x"]}), READS, "not known"),
        ((), READS, "off"),
    ],
)  # fmt: skip
def test_every_operator(fields: Sequence[Mapping[str, Any]], cell: Cell, kept: str) -> None:
    assert selectors.selected([advanced(*fields)], cell) == kept


def test_a_whole_of_one_selector_that_is_not_known_is_not_made_a_part() -> None:
    said = [
        advanced(*DATA, {"field": "aNewField", "equals": ["x"]}),
        advanced(*DATA, arn("endsWith", ".csv")),
    ]
    assert selectors.selected(said, READS) is Kept.UNKNOWN


def record(
    minute: int,
    operation: str,
    asked: Mapping[str, Any],
    told: Mapping[str, Any] | None = None,
    region: str = "us-east-1",
) -> dict[str, Any]:
    params = {"requestParameters": asked, "responseElements": told}
    return {
        "service": switches.SERVICE, "operation": operation, "outcome": "success",
        "duplicate_of": None, "params": json.dumps(params), "recipient_account_uid": ACCOUNT,
        "account_uid": ACCOUNT, "region": region, "time": T0 + timedelta(minutes=minute),
        "evidence_item": "EV-1.f1", "locator": f"{minute}@0+1", "record_sha256": "0" * 64,
    }  # fmt: skip


def course(cell: Cell, *rows: Mapping[str, Any], answers: Sequence[Snapshot] = ()) -> list[str]:
    """What is kept of a cell, period by period."""
    loggers = coverage.steps(switches.statements(rows, answers))
    return [str(p.kept) for p in coverage.matrix(loggers, [cell], logging.keeps)]


CREATED = {"eventDataStoreArn": LAKE, "status": "CREATED"}


@pytest.mark.parametrize(
    ("rows", "cell", "kept"),
    [
        ([record(1, "CreateEventDataStore", {"name": "x"}, CREATED)], MANAGEMENT,
         ["off", "recorded"]),
        ([record(1, "CreateEventDataStore", {"name": "x"}, CREATED)], READS, ["off"]),
        ([record(1, "CreateEventDataStore", {"name": "x"}, CREATED)],
         management(region="eu-west-1"), ["off", "recorded"]),
        ([record(1, "CreateEventDataStore", {"multiRegionEnabled": False}, CREATED)],
         management(region="eu-west-1"), ["off"]),
        ([record(1, "CreateEventDataStore", {"name": "x"}, CREATED)],
         management(account="444455556666"), ["off"]),
        ([record(1, "CreateEventDataStore", {"organizationEnabled": True}, CREATED)],
         management(account="444455556666"), ["off", "recorded"]),
        ([record(1, "CreateEventDataStore", {"startIngestion": False}, CREATED),
          record(2, "StartEventDataStoreIngestion", {"eventDataStore": "abcd-1"})],
         MANAGEMENT, ["off", "recorded"]),
        ([record(1, "CreateEventDataStore", {"name": "x"}, CREATED),
          record(2, "StopEventDataStoreIngestion", {"eventDataStore": LAKE}),
          record(3, "StartEventDataStoreIngestion", {"eventDataStore": LAKE})],
         MANAGEMENT, ["off", "recorded", "off", "recorded"]),
        ([record(1, "CreateEventDataStore", {"name": "x"}, CREATED),
          record(2, "DeleteEventDataStore", {"eventDataStore": LAKE}),
          record(3, "RestoreEventDataStore", {"eventDataStore": LAKE}, {"status": "ENABLED"})],
         MANAGEMENT, ["off", "recorded", "off", "recorded"]),
        ([record(1, "CreateEventDataStore", {"name": "x"}, CREATED),
          record(2, "DeleteEventDataStore", {"eventDataStore": LAKE}),
          record(3, "RestoreEventDataStore", {"eventDataStore": LAKE})],
         MANAGEMENT, ["off", "recorded", "off", "not known"]),
        ([record(1, "CreateEventDataStore", {"name": "x"}, CREATED),
          record(2, "UpdateEventDataStore", {
              "eventDataStore": LAKE, "advancedEventSelectors": [advanced(*DATA)]})],
         MANAGEMENT, ["off", "recorded", "off"]),
        ([record(1, "CreateEventDataStore", {"name": "x"}, CREATED),
          record(2, "UpdateEventDataStore", {"eventDataStore": LAKE, "retentionPeriod": 90})],
         MANAGEMENT, ["off", "recorded"]),
        # Nothing before says what it takes in.
        ([record(2, "StartEventDataStoreIngestion", {"eventDataStore": LAKE})],
         MANAGEMENT, ["not known"]),
    ],
)  # fmt: skip
def test_event_data_stores(
    rows: Sequence[Mapping[str, Any]], cell: Cell, kept: Sequence[str]
) -> None:
    assert course(cell, *rows) == kept


def test_a_store_covers_a_trail_that_stops_and_a_gap_names_the_store() -> None:
    both = [
        record(0, "CreateEventDataStore", {"name": "x"}, CREATED),
        record(1, "StartLogging", {"name": TRAIL}),
        record(1, "PutEventSelectors", {"trailName": TRAIL, "eventSelectors": [
            {"readWriteType": "All", "includeManagementEvents": True}]}),
        record(2, "StopLogging", {"name": TRAIL}),
    ]  # fmt: skip
    loggers = coverage.steps(switches.statements(both))
    assert coverage.holes(loggers, [MANAGEMENT], logging.keeps) == []
    both.append(record(3, "StopEventDataStoreIngestion", {"eventDataStore": LAKE}))
    loggers = coverage.steps(switches.statements(both))
    (hole,) = coverage.holes(loggers, [MANAGEMENT], logging.keeps)
    gap = logging.gap(hole)
    assert (gap.subject, gap.time_from) == (
        "event data store abcd-1", T0 + timedelta(minutes=3),
    )  # fmt: skip


def trail(region: str = "us-east-1", **flags: bool) -> list[dict[str, Any]]:
    made = f"arn:aws:cloudtrail:{region}:{ACCOUNT}:trail/main"
    return [
        record(0, "CreateTrail", {"name": "main", **flags}, {"trailARN": made}, region),
        record(0, "StartLogging", {"name": made}, region=region),
    ]


IAM, STS = management("iam.amazonaws.com"), management("sts.amazonaws.com")


@pytest.mark.parametrize(
    ("rows", "cell", "kept"),
    [
        (trail(), IAM, "recorded"),
        (trail(includeGlobalServiceEvents=False), IAM, "off"),
        (trail(includeGlobalServiceEvents=False), MANAGEMENT, "recorded"),
        # The regional endpoint of that Region is not told from the global one.
        (trail(includeGlobalServiceEvents=False), STS, "not known"),
        (trail(includeGlobalServiceEvents=True), STS, "recorded"),
        (trail("eu-west-1"), MANAGEMENT, "off"),
        (trail("eu-west-1"), IAM, "not known"),
        (trail("eu-west-1", includeGlobalServiceEvents=False), IAM, "off"),
        (trail("eu-west-1", isMultiRegionTrail=True), IAM, "recorded"),
        (trail("eu-west-1", isMultiRegionTrail=True), MANAGEMENT, "recorded"),
        (trail(isMultiRegionTrail=False), management(region="eu-west-1"), "off"),
        (trail(isOrganizationTrail=True), management(account="444455556666"), "recorded"),
    ],
)
def test_scope_of_trails(rows: Sequence[Mapping[str, Any]], cell: Cell, kept: str) -> None:
    assert course(cell, *rows)[-1] == kept


def test_global_services_are_cells_where_a_trail_treats_them_apart() -> None:
    place = {"account_uid": ACCOUNT, "region": "us-east-1", "container": None}
    other = {"account_uid": ACCOUNT, "region": "eu-west-1", "container": None}
    assert logging.left_out(switches.statements(trail())) == ()
    apart = logging.left_out(switches.statements(trail(includeGlobalServiceEvents=False)))
    assert "iam.amazonaws.com" in apart
    seen, _ = logging.cells([place, other], (), apart)
    assert {c.region for c in seen if c.resource == "iam.amazonaws.com"} == {"us-east-1"}


def test_a_change_of_the_flag_leaves_a_gap_of_the_global_services_alone() -> None:
    rows = [
        *trail(),
        record(5, "UpdateTrail", {"name": TRAIL, "includeGlobalServiceEvents": False}),
    ]
    loggers = coverage.steps(switches.statements(rows))
    (hole,) = coverage.holes(loggers, [IAM, MANAGEMENT], logging.keeps)
    assert hole.cells == (IAM,)


def test_selectors_that_a_record_does_not_hold_are_not_known() -> None:
    rows = [*trail(), record(5, "PutEventSelectors", {"trailName": TRAIL})]
    assert course(MANAGEMENT, *rows) == ["off", "recorded", "not known"]


def answer(kind: str, body: Mapping[str, Any], about: str | None = None) -> Snapshot:
    item = Store().add(json.dumps(body).encode(), "answer.json")
    return Snapshot(
        kind=kind, body=dict(body), about=about, observed_at=T0 + timedelta(minutes=9), item=item,
        locator="body", sha256="1" * 64,
    )  # fmt: skip


def test_collected_answers_count() -> None:
    shown = [
        answer("aws.cloudtrail.trails", {"trailList": [{
            "TrailARN": TRAIL, "IsMultiRegionTrail": False, "IncludeGlobalServiceEvents": False}]}),
        answer("aws.cloudtrail.status", {"IsLogging": True}, TRAIL),
        answer("aws.cloudtrail.selectors", {"TrailARN": TRAIL, "EventSelectors": [
            {"ReadWriteType": "All", "IncludeManagementEvents": True,
             "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}),
    ]  # fmt: skip
    kms = management("kms.amazonaws.com")
    assert [course(c, answers=shown) for c in (MANAGEMENT, IAM, kms)] == [
        ["recorded"], ["off"], ["off"],
    ]  # fmt: skip
    assert set(logging.left_out(switches.statements((), shown))) >= {"kms.amazonaws.com"}


@pytest.mark.parametrize(
    ("status", "kept"),
    [("ENABLED", "recorded"), ("STOPPED_INGESTION", "off"), ("PENDING_DELETION", "off"),
     ("STARTING_INGESTION", "not known")],
)  # fmt: skip
def test_a_collected_store_counts(status: str, kept: str) -> None:
    body = {
        "EventDataStoreArn": LAKE, "Status": status, "MultiRegionEnabled": True,
        "OrganizationEnabled": False, "AdvancedEventSelectors": [
            {"Name": "all", "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Management"]}]}],
    }  # fmt: skip
    shown = answer("aws.cloudtrail.event_data_store", body, LAKE)
    assert course(MANAGEMENT, answers=[shown]) == [kept]
