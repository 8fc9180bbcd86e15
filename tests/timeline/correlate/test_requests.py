"""`butfor gaps --requests`: what is unknown, which record settles it, who has it, until when."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.timeline.correlate.cases import PARTNER, PARTNER_USER, READER, Trail, build, read, run
from tests.timeline.correlate.test_logging_gaps import begun, switch
from timeline.correlate.aws import records

AT = datetime(2022, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No listing of any account, a stopped trail, a bucket without data events."""
    trail = begun("asked")
    trail.read(READER)
    trail.read(PARTNER_USER)
    switch(trail, "StopLogging", "main")
    trail.now = trail.now.replace(hour=9)
    switch(trail, "StartLogging", "main")
    silent = Trail("silent")
    silent.now = trail.now
    silent.create()
    silent.records.pop()
    return build(tmp_path_factory.mktemp("asked"), [trail, silent], iam=False)


def asked(case: Path) -> list[dict[str, str]]:
    code, said = run("gaps", "--case", str(case), "--requests", "--json")
    assert code == 0
    found: list[dict[str, str]] = json.loads(said)
    return found


def test_every_unknown_of_an_undecided_access_is_asked_for(case: Path) -> None:
    found = asked(case)
    wanted = {name for c in read(case, "classes") for name in c["unknowns"]
              if c["decision"] == "UNKNOWN"}  # fmt: skip
    assert wanted
    assert wanted <= {one["unknown"] for one in found}
    assert all(all(one[name] for name in ("record", "held_by", "exists_until")) for one in found)


def test_an_identity_is_asked_of_its_account_with_dates(case: Path) -> None:
    (one,) = [r for r in asked(case) if r["unknown"] == f"identity:{PARTNER}"]
    assert one["held_by"] == f"account {PARTNER}"
    assert one["accesses"] == "1"
    assert "event history: until 2022-08-30" in one["exists_until"]
    assert "configuration history: until 2029-05-30" in one["exists_until"]


def test_gaps_name_what_would_fill_them(case: Path) -> None:
    about = {r["about"]: r for r in asked(case)}
    assert "event history" in about["trail main"]["record"]
    assert "data events of silent" in about["silent"]["record"]


@pytest.mark.parametrize(
    ("kind", "subject", "words"),
    [
        ("missing_log", "s3://logs/AWSLogs/1/111122223333_CloudTrail_us-east-1_20220601T0000Z_x.json.gz",
         "the log file itself (account 111122223333, us-east-1)"),
        ("missing_log", "digests of 111122223333 us-east-1 main", "the digests of the period"),
        ("missing_log", "arn:aws:s3:::claims policy", "the configuration item after it"),
        ("opaque", "arn:aws:s3:::claims acl", "the record of the change with its body"),
        ("denied", "s3:GetBucketPolicy claims", "the answer that was asked for"),
        ("not_requested", "EV-1.f1", None),
    ],
)  # fmt: skip
def test_each_kind_of_gap(kind: str, subject: str, words: str | None) -> None:
    gap: dict[str, Any] = {
        "kind": kind, "subject": subject, "reason": "r", "time_from": AT, "time_to": None,
    }  # fmt: skip
    found = records.requests([], [], {}, [gap])
    assert [(words or "") in one["record"] for one in found] == ([True] if words else [])


def test_csv_holds_the_same_and_disarms_formulas(case: Path) -> None:
    code, said = run("gaps", "--case", str(case), "--requests", "--csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(said)))
    assert rows == asked(case)
    assert not [v for row in rows for v in row.values() if v[:1] in ("=", "+", "@")]


def test_csv_alone_says_what_it_needs(case: Path) -> None:
    code, said = run("gaps", "--case", str(case), "--csv")
    assert code == 2
    assert "--requests" in said


def test_gaps_say_what_they_leave_uncertain(case: Path) -> None:
    said = run("gaps", "--case", str(case))[1]
    assert "uncertain: reads of objects of asked: neither shown nor excluded" in said


def test_a_reader_gets_a_paragraph_a_record_with_all_that_it_settles(case: Path) -> None:
    code, said = run("gaps", "--case", str(case), "--requests")
    wanted = asked(case)
    answers = {(one["record"], one["held_by"], one["exists_until"]) for one in wanted}
    assert code == 0
    assert f"{len(answers)} records to ask for, {len(wanted)} unknowns" in said
    assert all(f"{one['unknown']}" in said for one in wanted)
    assert said.count("would settle: ") == len(answers)
