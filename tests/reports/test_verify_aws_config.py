"""Rows about changes, by `verify.py`: other code than makes the tables, same values.

The stand-alone reading of what a record writes is compared with the build's, over the records of
the fixtures and over real ones, and each column of the summary of changes is altered once.
"""

import csv
import gzip
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.model import EvidenceItem
from reports import aws_changes, bundle_check
from reports.redaction.rewrite import mask
from tests.architecture.tree import ROOT
from tests.reports.test_bundle_check import (
    HISTORY,
    both,
    bundle,  # noqa: F401 (a fixture)
    checks,
    edit,
    fit,
    sealed,  # noqa: F401 (a fixture)
    table,
)
from tests.timeline.correlate.cases import ADMIN, Trail
from timeline import rederive
from timeline.state.aws.harvest import harvest
from timeline.state.source import record_of

sys.path.append(str(ROOT / "reports" / "verifier"))
CONFIG = importlib.import_module("verify_aws_config")
REAL = ROOT.parent / "shared" / "data"
FOLDERS = ("aws_causation_experiment", "aws_invictus_stratus", "aws_stratus_detonation",
           "aws_c7n_cloudtrail_events", "panther_rule_tests")  # fmt: skip


def row_of(record: dict[str, Any]) -> dict[str, Any] | None:
    """The row of `events` that a record gives."""
    data = json.dumps(record).encode()
    item: Any = EvidenceItem
    place = rederive.Place("", 0, 0, len(data))
    found = rederive.Found(data=data, number=0, form="json")
    item = type("Item", (), {"uid": "EV-1.f1", "acquired_at": bundle_check._LONG_AGO})()
    return rederive.event_row(item, place, found)


def same(record: dict[str, Any]) -> int:
    """Compares one record both ways; how many settings were."""
    alone = CONFIG.written(record)
    again = row_of(record)
    if alone is None or again is None or record["eventName"] not in aws_changes.READ:
        return 0
    writes = {
        (one.resource_uid, one.slot): one.atoms
        for one in harvest([record_of(again)], (), ()).writes
    }
    for place, facts in alone.items():
        assert facts is None or facts == writes[place], (record["eventName"], place)
    if record["eventName"] != "CreateBucket":
        assert alone.keys() == writes.keys()
    return len(alone)


def fixtures() -> Iterator[dict[str, Any]]:
    """Records of the built-in incident and of the worked traps."""
    for path in sorted((ROOT / "fixtures" / "scenarios").rglob("*.json.gz")):
        yield from json.loads(gzip.decompress(path.read_bytes())).get("Records", ())


def test_what_the_records_of_the_fixtures_write() -> None:
    assert sum(map(same, fixtures())) > 100


def body(*grants: dict[str, Any]) -> dict[str, Any]:
    """The body of a list with one owner."""
    return {"AccessControlPolicy": {
        "Owner": {"ID": "own"}, "AccessControlList": {"Grant": list(grants)},
    }}  # fmt: skip


FORMS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("PutBucketPolicy", {"bucketPolicy": ['{"Version":"2012-10-17","Statement":{"Effect":"x"}}']}),
    ("PutBucketPolicy", {"bucketPolicy": "%7B%22Statement%22%3A%5B%5D%7D"}),
    ("PutBucketPolicy", {"bucketPolicy": {"Version": "2012-10-17T00:00:00Z", "Statement": []}}),
    ("PutBucketPolicy", {"policy": ""}),
    ("PutBucketOwnershipControls",
     {"OwnershipControls": {"Rule": {"ObjectOwnership": "BucketOwnerEnforced"}}}),
    ("DeleteBucketOwnershipControls", {}),
    ("DeleteBucketPublicAccessBlock", {}),
    ("PutBucketPublicAccessBlock", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": "true"}}),
    ("PutBucketVersioning", {"VersioningConfiguration": {"Status": ["Enabled"]}}),
    ("PutBucketRequestPayment", {"RequestPaymentConfiguration": {"Payer": "Requester"}}),
    ("PutBucketAcl", {"x-amz-acl": "log-delivery-write"}),
    ("PutBucketAcl", {"accessControlList": {"x-amz-acl": "public-read-write"}}),
    ("PutBucketAcl", {"x-amz-grant-read": 'id="a"'}),
    ("PutObjectAcl", {"key": "k", "x-amz-acl": ["authenticated-read"]}),
    ("PutObjectAcl", {"key": "k", **body(
        {"Grantee": {"xsi:type": "CanonicalUser", "ID": "own"}, "Permission": "FULL_CONTROL"},
        {"Grantee": {"xsi:type": "Group", "URI": "u"}, "Permission": "READ"},
        {"Grantee": {"xsi:type": "CanonicalUser", "ID": "other"}, "Permission": "READ"},
    )}),
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form[0]}-{len(form[1])}")
def test_forms(form: tuple[str, dict[str, Any]]) -> None:
    name, params = form
    trail = Trail("forms")
    trail.add(name, ADMIN, params)
    assert same(trail.records[0]) > 0


def records_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every CloudTrail record inside some JSON."""
    if isinstance(value, dict):
        if {"eventName", "eventSource", "eventTime", "eventID"} <= set(value):
            yield value
        for each in value.values():
            yield from records_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from records_in(each)


def real() -> Iterator[dict[str, Any]]:
    """Records of the folders of real logs: of each up to sixty files, smallest first."""
    for folder in FOLDERS:
        files = (p for p in (REAL / folder).rglob("*") if p.suffix in (".json", ".gz", ".jsonl"))
        for path in sorted(files, key=lambda p: (p.stat().st_size, p))[-60:]:
            data = path.read_bytes()
            try:
                data = gzip.decompress(data) if path.suffix == ".gz" else data
                lines = data.splitlines() if path.suffix == ".jsonl" else [data]
                held = [json.loads(line) for line in lines if line.strip()]
            except (OSError, EOFError, ValueError):
                continue
            yield from records_in(held)


def test_what_real_records_write() -> None:
    if not REAL.is_dir():
        pytest.skip(f"no real logs at {REAL}")
    assert sum(same(record) for record in real() if record["eventName"] in CONFIG.WRITTEN) > 100


def test_the_mask_is_that_of_every_edition() -> None:
    for text in (
        "AKIAEXAMPLE234567ABC",
        "x ASIAEXAMPLE234567ABCDE, y",
        "AKIASHORT",
        "xAKIAEXAMPLE2345",
    ):
        assert CONFIG.mask(text) == mask(text)
    assert CONFIG.mask("tool/1 (AKIAEXAMPLE234567ABC)") == "tool/1 (AKIA…7ABC)"


def test_a_key_in_what_the_client_says_of_itself_is_no_difference() -> None:
    trail = Trail("agents")
    trail.policy(trail.public())
    (record,) = trail.records
    record["userAgent"] = "tool/1 (AKIAEXAMPLE234567ABC)"
    said = {"user_agent": "tool/1 (AKIA…7ABC)", "src_ip": "192.0.2.10",
            "credential_uid": mask(ADMIN["accessKeyId"])}  # fmt: skip
    row = {"attribution": json.dumps(said), "technical_actor": ADMIN["arn"]}
    again = row_of(record)
    assert again is not None
    for found in (CONFIG.of_change(row, record), aws_changes.of_change(row, again)):
        assert list(found) == []
    access = {"event_uid": "x", "client": "tool/1 (AKIA…7ABC)", "operation": "PutBucketPolicy"}
    bundle_rows = importlib.import_module("verify_bundle")
    assert [one for one in bundle_rows.fields(access, record) if one[1] != one[2]] == []


COLUMNS = (
    "operation", "provider_record_id", "accepted", "resource", "setting", "fact", "after",
    "technical_actor", "attribution", "time_from", "time_utc",
)  # fmt: skip


def test_each_column_that_a_record_gives_is_compared(bundle: Path) -> None:  # noqa: F811
    path = table(bundle, HISTORY)
    with path.open(encoding="utf-8", newline="") as text:
        before = list(csv.DictReader(text))
    at = [n for n, row in enumerate(before)
          if row["operation"] == "PutBucketPublicAccessBlock"][: len(COLUMNS)]  # fmt: skip
    assert len(at) == len(COLUMNS)

    def change(rows: list[dict[str, str]]) -> None:
        for n, column in zip(at, COLUMNS, strict=True):
            rows[n][column] = "false" if rows[n][column] == "true" else f"{rows[n][column]}x"

    edit(path, change)
    fit(bundle)
    code, wrong = both(bundle)
    assert code == 4
    assert checks(wrong) >= {"row-field"}
    found = {
        (row["path"], row["expected"].split()[0].partition(".")[0])
        for row in wrong
        if row["check"] == "row-field" and row["path"].startswith(path.name)
    }
    told = {"resource": "setting", "fact": "after"}
    assert found >= {
        (f"{path.name}:{n + 1}", told.get(column, column))
        for n, column in zip(at, COLUMNS, strict=True)
    }
