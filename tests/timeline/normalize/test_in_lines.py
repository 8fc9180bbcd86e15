"""JSON records in lines with other text: exports of CloudWatch Logs, saved results of Lake."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.normalize.evidence import Store
from tests.timeline.normalize.records import native, record
from tests.timeline.normalize.test_s3_access_log_json import ENTRY
from timeline import normalize, rederive
from timeline.normalize.model import IngestReport

SERVER = json.dumps({**ENTRY, "request_id": "R9"})
TEXT = json.dumps(record(userAgent='a "quoted", one'))


def run(body: bytes, out: Path, *others: bytes) -> tuple[IngestReport, list[dict[str, Any]], Store]:
    store = Store()
    for number, each in enumerate((body, *others)):
        store.add(each, f"log{number}")
    report = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    return report, list(normalize.rows(out)), store


def saved(*rows: list[str]) -> bytes:
    held = io.StringIO()
    csv.writer(held, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return held.getvalue().encode()


def check(rows: list[dict[str, Any]], store: Store) -> None:
    """Every row comes again from its cited bytes."""
    items = {item.uid: item for item in store.items}
    for row in rows:
        place = rederive.place_of(row["locator"])
        assert place is not None
        item = items[row["evidence_item"]]
        found = rederive.read_back(store.open_item, item, [place])[place]
        assert found.sha256 == row["record_sha256"]
        again = rederive.event_row(item, place, found)
        assert again is not None
        assert rederive.compare(row, again, leave=rederive.OVER_ALL_RECORDS) == ()


def test_an_export_of_cloudwatch_logs(tmp_path: Path) -> None:
    body = f"2026-01-02T03:04:06.123Z {TEXT}\n2026-01-02T03:04:06.124Z {SERVER}\n"
    report, rows, store = run(gzip.compress(body.encode()), tmp_path / "events")
    assert (report.records, report.rows, report.gaps) == (2, 2, ())
    assert report.per_source == {"aws.cloudtrail_lines": 1, "aws.s3_access_log_lines": 1}
    assert [row["provider_uid"] for row in rows] == ["E1", None]
    assert [row["operation"] for row in rows] == ["GetObject", "REST.GET.OBJECT"]
    check(rows, store)


def test_other_messages_of_an_export_are_gaps(tmp_path: Path) -> None:
    body = f"2026-01-02T03:04:06Z START RequestId: x\n2026-01-02T03:04:06Z {TEXT}\n"
    report, rows, _ = run(body.encode(), tmp_path / "events")
    assert (report.records, report.rows, report.record_gaps, len(rows)) == (2, 1, 1, 1)


def test_saved_results_of_lake(tmp_path: Path) -> None:
    body = saved(["eventID", "eventJson"], ["E1", TEXT], ["E2", json.dumps(record(eventID="E2"))])
    report, rows, store = run(gzip.compress(body), tmp_path / "events")
    assert (report.records, report.rows, report.gaps) == (2, 2, ())
    assert report.per_source == {"aws.cloudtrail_lake_table": 2}
    assert [row["provider_uid"] for row in rows] == ["E1", "E2"]
    assert [row["user_agent"] for row in rows] == ['a "quoted", one', "[aws-cli/2.15.0]"]
    check(rows, store)


def test_a_record_as_long_as_they_come_in_a_cell(tmp_path: Path) -> None:
    long = record(requestParameters={"bucketName": "b", "key": "k", "x": '","' * 80_000})
    report, rows, store = run(
        saved(["eventJson", "x"], [json.dumps(long), "E1"]), tmp_path / "events"
    )
    assert (report.rows, report.gaps) == (1, ())
    assert json.loads(rows[0]["params"])["requestParameters"] == long["requestParameters"]
    check(rows, store)


@pytest.mark.parametrize(
    "row",
    [["E1"], ["E1", ""], ["E1", '{"a": 1}'], ["E1", '{"eventName": "x"'], ["E1", TEXT, TEXT]],
)
def test_rows_without_one_record_are_gaps(row: list[str], tmp_path: Path) -> None:
    report, _, _ = run(saved(["eventID", "eventJson"], ["a", TEXT], row), tmp_path / "events")
    assert (report.records, report.rows, report.record_gaps) == (2, 1, 1)


def test_rows_without_the_line_that_names_their_columns(tmp_path: Path) -> None:
    report, rows, store = run(saved(["E1", TEXT], ["E2", "none"]), tmp_path / "events")
    assert (report.rows, report.record_gaps) == (1, 1)
    assert report.per_source == {"aws.cloudtrail_lines": 1}
    check(rows, store)


def test_copies_of_a_trail_in_lines_count_once(tmp_path: Path) -> None:
    export = f"2026-01-02T03:04:06.123Z {TEXT}\n".encode()
    report, _, _ = run(export, tmp_path / "events", native(json.loads(TEXT)), saved([TEXT]))
    assert (report.rows, report.unique, report.duplicates) == (3, 1, 2)
