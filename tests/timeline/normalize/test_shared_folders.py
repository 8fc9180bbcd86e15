"""Answers and logs of other projects' tests: sums close, nothing raises, and what is read is told.

Most of these files wrap what a cloud said in a form of their own, which nobody hands over as
evidence: as files they are gaps, each with its reason. Taken out of the wrapping they are answers
and records as a cloud gives them, and are read here as such.
"""

import json
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.normalize.evidence import DATA, Store
from timeline import normalize
from timeline.normalize.aws.request import request_of
from timeline.normalize.model import IngestReport

AUTHORIZATION = "aws.iam.authorization_details"


def folder(name: str) -> Path:
    path = DATA / name
    if not path.is_dir():
        pytest.skip(f"shared data: {name} is not there; it is not distributed with the project")
    return path


def ingest(store: Store, out: Path) -> IngestReport:
    """Normalize; `run` asserts that the sums close. Every row cites its bytes and gives a request.

    Snapshots are read as the state would, so that none raises.
    """
    report = normalize.run(Path(), store.items, out, open_item=store.open_item, workers=1)
    items = {item.uid: item for item in store.items}
    for row in normalize.rows(out):
        request_of(row)
        cited = normalize.reextract(store.open_item, items[row["evidence_item"]], row["locator"])
        assert row["record_sha256"] == sha256(cited).hexdigest()
    found = [(gap.item, gap.subject, gap.reason) for gap in report.gaps]
    assert all(all(each) for each in found)
    return report


def kinds(report: IngestReport) -> dict[str, int]:
    return dict(sorted(Counter(document.kind for document in report.documents).items()))


@pytest.mark.parametrize(
    ("name", "files", "gapped", "documents"),
    [
        ("aws_authz_details", 5, 0, {AUTHORIZATION: 3, "text": 2}),
        (
            "aws_botocore_xml",
            60,
            55,
            {"aws.s3.acl": 1, "aws.s3.buckets": 1, "aws.s3.policy": 1, "text": 2},
        ),
        ("aws_c7n_placebo", 611, 609, {"text": 2}),
        ("aws_localstack_snapshots", 13, 11, {"text": 2}),
        ("panther_rule_tests", 280, 278, {"text": 2}),
    ],
)
def test_as_files(
    name: str, files: int, gapped: int, documents: dict[str, int], tmp_path: Path
) -> None:
    store = Store().folder(folder(name))
    report = ingest(store, tmp_path / "events")
    assert (report.files, report.files_gapped, report.rows) == (files, gapped, 0)
    assert kinds(report) == documents
    snapshots = Counter(one.kind for one in normalize.snapshots(store.items, store.open_item))
    assert snapshots == Counter({k: n for k, n in documents.items() if k != "text"})


def test_authorization_details_name_every_user_role_and_policy() -> None:
    """Against an independent reading of the same files."""
    path = folder("aws_authz_details")
    store = Store().folder(path)
    for shot in normalize.snapshots(store.items, store.open_item):
        expected = json.loads((path / shot.item.name).read_bytes())
        assert shot.body == expected
        assert shot.sha256 == sha256((path / shot.item.name).read_bytes().strip()).hexdigest()
        assert {"UserDetailList", "RoleDetailList", "Policies"} <= expected.keys()


def test_recorded_answers_are_told_by_their_keys(tmp_path: Path) -> None:
    """Operation -> kind: what an answer is taken for, over all recorded ones."""
    told: dict[str, set[str | None]] = {}
    for path in sorted(folder("aws_c7n_placebo").rglob("*.json")):
        recorded = json.loads(path.read_text())
        store = Store()
        item = store.add(json.dumps(recorded["data"]).encode(), path.name)
        report = ingest(store, tmp_path / item.digest.sha256)
        found = [document.kind for document in report.documents]
        told.setdefault(path.name.rpartition("_")[0], set()).update(found or [None])
    taken = {name: kinds - {None} for name, kinds in told.items() if kinds != {None}}
    assert taken == {
        "access-analyzer.ListFindings": {"aws.accessanalyzer.findings"},
        "cloudtrail.DescribeTrails": {"aws.cloudtrail.trails"},
        "cloudtrail.GetEventSelectors": {"aws.cloudtrail.selectors"},
        "cloudtrail.PutEventSelectors": {"aws.cloudtrail.selectors"},
        "config.GetResourceConfigHistory": {"aws.config.items"},
        "s3.GetBucketAcl": {"aws.s3.acl"},
        "s3.GetBucketPolicy": {"aws.s3.policy"},
        "s3.GetPublicAccessBlock": {"aws.s3.public_access_block"},
        "s3.ListBuckets": {"aws.s3.buckets"},
    }
    # Refused and empty answers of these stay gaps: an error is no bucket without a policy.
    assert None in told["s3.GetBucketPolicy"]
    assert None in told["s3.GetPublicAccessBlock"]


def test_snapshots_against_the_cloud_are_told_by_their_keys(tmp_path: Path) -> None:
    """Bodies recorded against AWS, with placeholders for what changes, at any depth."""
    found: Counter[str] = Counter()
    for path in sorted(folder("aws_localstack_snapshots").rglob("*.json")):
        store = Store()
        for number, body in enumerate(_answers(json.loads(path.read_text()))):
            store.add(json.dumps(body).encode(), f"{path.name}-{number}")
        report = ingest(store, tmp_path / path.name / "events")
        assert report.rows == 0
        found.update(document.kind for document in report.documents)
    assert {kind: found[kind] > 0 for kind in ("aws.s3.acl", "aws.s3.policy")} == {
        "aws.s3.acl": True, "aws.s3.policy": True,
    }  # fmt: skip
    assert AUTHORIZATION not in found


def _answers(value: Any) -> Iterator[dict[str, Any]]:
    """Objects with the meta data of an answer, without it."""
    if isinstance(value, dict):
        if "ResponseMetadata" in value:
            yield {k: v for k, v in value.items() if k != "ResponseMetadata"}
        for each in value.values():
            yield from _answers(each)
    elif isinstance(value, list):
        for each in value:
            yield from _answers(each)


def test_expected_answers_beside_their_wire_form(tmp_path: Path) -> None:
    """The XML is a gap each, for no form of ours is XML; its JSON is taken for what it is."""
    store = Store().folder(folder("aws_botocore_xml"))
    report = ingest(store, tmp_path / "events")
    names = {item.uid: item.name for item in store.items}
    xml = [gap for gap in report.gaps if names[str(gap.item)].endswith(".xml")]
    assert {gap.kind for gap in xml} == {"not_understood"}
    assert len(xml) == sum(name.endswith(".xml") for name in names.values())
    others = [gap for gap in xml if "expected JSON or an access log at offset 0" not in gap.reason]
    # The one body on the wire that is JSON is a policy by itself, which names no bucket.
    assert [names[str(gap.item)] for gap in others] == ["responses/s3-get-bucket-policy.xml"]


def panther(log_type: str) -> list[dict[str, Any]]:
    found = []
    for path in sorted(folder("panther_rule_tests").rglob("*.json")):
        rule = json.loads(path.read_text())
        if log_type in (rule.get("LogTypes") or ()):
            found += [test["Log"] for test in rule["Tests"] if "Log" in test]
    return found


def test_logs_of_detection_rules(tmp_path: Path) -> None:
    """CloudTrail of rules' tests, partly made by hand: every record is a row or a gap."""
    logs = panther("AWS.CloudTrail")
    assert len(logs) == 447
    store = Store()
    store.add("\n".join(map(json.dumps, logs)).encode(), "rules.jsonl")
    report = ingest(store, tmp_path / "events")
    assert (report.records, report.rows, report.record_gaps) == (447, 422, 25)
    lost = Counter(gap.reason[:38] for gap in report.gaps if "one event id" not in gap.reason)
    assert lost == {
        "expected eventTime, found none": 15,
        "expected the column errorCode, null or": 8,
        "expected an ISO 8601 eventTime, found ": 2,
    }
    # Made by hand, they repeat ids: not one of those is folded away though it says other things.
    assert report.conflicts > 200


def test_access_logs_in_another_program_s_columns_are_refused(tmp_path: Path) -> None:
    logs = panther("AWS.S3ServerAccess")
    assert logs
    store = Store()
    store.add("\n".join(map(json.dumps, logs)).encode(), "rules.jsonl")
    report = ingest(store, tmp_path / "events")
    assert (report.rows, report.files_gapped, len(report.gaps)) == (0, 1, 1)
