"""Findings of detectors: every form, every field, nothing made up."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.timeline.normalize.evidence import Store
from timeline import normalize
from timeline.normalize.aws import detector_findings

BUCKET = "arn:aws:s3:::claims"
ANALYZER = {
    "findings": [{
        "analyzedAt": "2022-05-27T08:40:00Z", "createdAt": "2022-05-27T08:42:00Z", "id": "aa-1",
        "resource": BUCKET, "resourceType": "AWS::S3::Bucket", "status": "RESOLVED",
        "updatedAt": "2022-06-05T08:00:00Z", "findingType": "ExternalAccess",
    }]
}  # fmt: skip
HUB = {
    "Findings": [{
        "SchemaVersion": "2018-10-08", "Id": "sh-1", "CreatedAt": "2022-05-28T06:00:00.000Z",
        "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub",
        "UpdatedAt": "2022-05-29T06:00:00.000Z", "Title": "S3.2 public read", "Description": "d",
        "Resources": [{"Type": "AwsS3Bucket", "Id": BUCKET}], "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"},
    }]
}  # fmt: skip
GUARD = {
    "Findings": [{
        "SchemaVersion": "2.0", "Id": "gd-1", "Severity": 5, "Type": "Policy:S3/BucketPublicAccess",
        "CreatedAt": "2022-05-27T09:00:00.000Z", "UpdatedAt": "2022-05-27T09:00:00.000Z",
        "Title": "public", "Resource": {"S3BucketDetails": [{"Arn": BUCKET}]},
        "Service": {"Archived": False},
    }]
}  # fmt: skip


def _rows(*bodies: Any) -> list[dict[str, Any]]:
    store = Store()
    for number, body in enumerate(bodies):
        store.add(json.dumps(body).encode(), f"{number}.json")
    return detector_findings.rows(normalize.snapshots(store.items, store.open_item))


def test_each_detector_gives_every_field() -> None:
    analyzer, guard, hub = _rows(HUB, GUARD, ANALYZER)
    assert (analyzer["product"], guard["product"], hub["product"]) == (
        "Access Analyzer", "GuardDuty", "Security Hub",
    )  # fmt: skip
    for row in (analyzer, guard, hub):
        assert row["resource_uid"] == BUCKET
        for name in ("warning_uid", "title", "status", "created_at", "updated_at", "locator"):
            assert row[name] is not None, (row["product"], name)
        assert len(row["record_sha256"]) == 64
    assert analyzer["status"] == "RESOLVED"
    assert analyzer["created_at"] == datetime(2022, 5, 27, 8, 42, tzinfo=UTC)
    assert hub["title"] == "S3.2 public read: d"
    assert guard["title"] == "Policy:S3/BucketPublicAccess: public"


def test_what_is_missing_stays_missing() -> None:
    bare = {"findings": [{"id": "x", "analyzedAt": 1, "createdAt": "2022-05-27T08:42:00"}, {}, 3]}
    (row,) = _rows(bare)
    assert row["created_at"] is None, "a time without an offset is no time"
    assert (row["updated_at"], row["status"], row["resource_uid"], row["title"]) == (None,) * 4


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["id", "Id", "createdAt", "resources", "service", "status"]),
                      inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(values=st.lists(JSON, max_size=4))
def test_any_shape_is_read_or_passed_over(values: list[Any]) -> None:
    found = _rows({"findings": values})
    assert len(found) <= len(values)
