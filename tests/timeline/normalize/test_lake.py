"""CloudTrail Lake: with eventJson a record like any other; in columns refused, and why is said."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.normalize.evidence import Store
from tests.timeline.normalize.records import record
from timeline import normalize

COLUMNS = {
    "eventversion": "1.08",
    "useridentity": "{type=IAMUser, principalid=AIDA, arn=arn:aws:iam::111111111111:user/alice}",
    "eventtime": "2026-01-02 03:04:05.000",
    "eventsource": "s3.amazonaws.com",
    "eventname": "GetObject",
    "requestparameters": "{bucketName=b, key=a=1, b}",
    "eventid": "E1",
}
CELLS = [{name: value} for name, value in COLUMNS.items()]
TEXT = json.dumps(record())


@pytest.mark.parametrize(
    "body",
    [
        {"QueryStatus": "FINISHED", "QueryResultRows": [CELLS]},
        {"QueryResultRows": [[{"eventID": "E1"}, {"eventName": "GetObject"}]]},
        COLUMNS,
        [COLUMNS, COLUMNS],
    ],
)
def test_rows_in_columns_are_refused_each_with_its_place(body: Any, tmp_path: Path) -> None:
    store = Store()
    store.add(json.dumps(body).encode(), "result.json")
    out = tmp_path / "events"
    report = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    assert (report.rows, report.records) == (0, len(report.gaps))
    for gap in report.gaps:
        assert "query again with eventJson" in gap.reason
        assert gap.locator is not None


def test_rows_with_event_json_beside_columns_are_read(tmp_path: Path) -> None:
    store = Store()
    rows = [[*CELLS, {"eventJson": TEXT}], CELLS]
    store.add(json.dumps({"QueryResultRows": rows}).encode(), "result.json")
    out = tmp_path / "events"
    report = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    assert (report.records, report.rows, report.record_gaps) == (2, 1, 1)
    assert [row["provider_uid"] for row in normalize.rows(out)] == ["E1"]
