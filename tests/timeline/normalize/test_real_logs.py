"""Logs of real environments: sums close, counts are those counted by hand, nothing raises."""

import gzip
import json
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from tests.timeline.normalize.evidence import DATA, Store
from timeline import normalize
from timeline.normalize.aws.request import request_of
from timeline.normalize.model import IngestReport

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="real logs are not distributed with the project"
)


def ingest(folder: str, out: Path) -> IngestReport:
    store = Store().folder(DATA / folder)
    report = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    items = {item.uid: item for item in store.items}
    for number, row in enumerate(normalize.rows(out)):
        request_of(row)
        if number % 53 == 0:
            item = items[row["evidence_item"]]
            cited = normalize.reextract(store.open_item, item, row["locator"])
            assert row["record_sha256"] == sha256(cited).hexdigest()
    return report


@pytest.mark.parametrize(
    ("folder", "files_read", "rows", "duplicates"),
    [
        ("aws_invictus_stratus", 55, 2900, 0),
        ("aws_otrf_ec2_proxy_s3_exfil", 1, 103, 0),
        ("aws_stratus_detonation", 35, 310, 0),
        ("aws_console_sessions", 19, 4620, 32),
        ("aws_c7n_cloudtrail_events", 24, 23, 0),
        ("aws_causation_experiment", 29, 5977, 0),
    ],
)
def test_counts(folder: str, files_read: int, rows: int, duplicates: int, tmp_path: Path) -> None:
    report = ingest(folder, tmp_path / "events")
    assert (files_read, rows, duplicates) == (report.files_read, report.rows, report.duplicates)


def test_lookup_answers(tmp_path: Path) -> None:
    report = ingest("plaso_jsonl", tmp_path / "events")
    lines = (DATA / "plaso_jsonl/jsonl/aws_cloudtrail.jsonl").read_bytes().splitlines()
    assert {"aws.cloudtrail_lookup": len([x for x in lines if x.strip()])} == report.per_source


def test_every_native_record_is_found_with_its_own_bytes(tmp_path: Path) -> None:
    """An independent reading: the same records, in the same number, with the same ids."""
    out = tmp_path / "events"
    ingest("aws_causation_experiment", out)
    expected = sorted(
        record["eventID"]
        for path in (DATA / "aws_causation_experiment").rglob("*.json.gz")
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]
    )
    assert expected == sorted(row["provider_uid"] for row in normalize.rows(out))


def test_reads_by_role_credentials_in_the_reshaped_export(tmp_path: Path) -> None:
    out = tmp_path / "events"
    ingest("aws_otrf_ec2_proxy_s3_exfil", out)
    path = next((DATA / "aws_otrf_ec2_proxy_s3_exfil").rglob("*.zip"))
    with zipfile.ZipFile(path) as archive:
        lines = [json.loads(x) for n in archive.namelist() for x in archive.open(n)]
    expected = sum(x["eventName"] == "GetObject" for x in lines)
    reads = [row for row in normalize.rows(out) if row["operation"] == "GetObject"]
    assert expected == len(reads) > 0
    assert {"AssumedRole"} == {row["actor_type"] for row in reads}
    assert {"data"} == {row["category"] for row in reads}
