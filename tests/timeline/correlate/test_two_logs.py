"""The same requests in the trail and in the server access log: nothing counts twice anywhere."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from collector import case as case_file
from collector import store
from reports import material
from reports.exhibits import access_summary, parts
from reports.model import Label
from tests.timeline.correlate.cases import KEY, READER, Record, Trail, build, read, run

OWNER_ID = "8787a3c41bf7ce0d54359d9348ad5b08e16bd5bb8ae5aa4e1508b435773a066e"


def trail(*, sizes: bool = True) -> Trail:
    """Public policy, reads by everybody and by a user, remediation, a refused read."""
    t = Trail("two-logs")
    t.create()
    t.policy(t.public())
    t.read()
    t.read()
    t.read(READER)
    t.policy()
    t.read(error="AccessDenied")
    if not sizes:
        for record in t.records:
            del record["additionalEventData"]["bytesTransferredOut"]
    return t


def line_of(record: Record) -> str:
    """The line of the access log about a GetObject of the trail."""
    at = datetime.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%S%z")
    who = record["userIdentity"].get("arn") or "-"
    result = "403 AccessDenied 243 - 5 -" if record.get("errorCode") else "200 - 10 10 5 4"
    method = "AuthHeader" if who != "-" else "-"
    return (
        f"{OWNER_ID} two-logs [{at:%d/%b/%Y:%H:%M:%S} +0000] {record['sourceIPAddress']} {who} "
        f'{record["requestID"]} REST.GET.OBJECT {KEY} "GET /{KEY} HTTP/1.1" {result} "-" '
        f'"tool/1.0" - hostid= SigV4 TLS_AES_128_GCM_SHA256 {method} two-logs.s3.amazonaws.com '
        "TLSv1.3 - Yes"
    )


def with_access_log(case: Path, t: Trail, folder: Path, times: int = 1) -> Path:
    lines = [line_of(one) for one in t.records if one["eventName"] == "GetObject"]
    folder.mkdir(parents=True)
    for number in range(times):
        # Another line end, so that the second delivery is not the very same file.
        (folder / f"delivery-{number}").write_text("\n".join(lines) + "\n" * (number + 1))
    assert run("import", "--case", str(case), str(folder))[0] in (0, 3)
    return case


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("alone"), [trail()])


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("both")
    case = with_access_log(build(folder, [trail()]), trail(), folder / "server", times=2)
    code, said = run("build", "--case", str(case))
    assert code in (0, 3)
    return case, said


def findings(case: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((case / "derived" / "findings.json").read_text())
    return found


def test_nothing_counts_twice(alone: Path, both: tuple[Path, str]) -> None:
    case, _ = both
    assert len(read(case, "events")) == len(trail().records) + 2 * 4
    for table, leave in (
        ("access_classes", {"supplied_by", "auth_evidence_supplied", "ground_stated",
                            "ground_agreement"}), ("rollups", set()),
        ("windows", set()), ("class_changes", set()), ("class_sets", set()), ("changes", set()),
    ):  # fmt: skip
        mine, others = (
            [{k: v for k, v in row.items() if k not in leave} for row in read(one, table)]
            for one in (alone, case)
        )
        assert mine == others, table
    assert [f["numbers"] for f in findings(alone)] == [f["numbers"] for f in findings(case)]
    assert [f["statement"] for f in findings(alone)] == [f["statement"] for f in findings(case)]


def test_the_sums_say_what_was_folded(both: tuple[Path, str]) -> None:
    _, said = both
    assert "= counted 8 + recorded a second time by another log 4" in said
    assert "left out: another log's record of a request that is counted: 4" in said
    assert "left out: copy of an event that is counted: 4" in said


def test_what_the_second_record_adds_cites_it(both: tuple[Path, str]) -> None:
    """The trail has the size; the log alone says that an access list was needed."""
    case, _ = both
    events = {e["event_uid"]: e for e in read(case, "events")}
    reads = [a for a in read(case, "access_classes") if a["supplied_by"]]
    assert len(reads) == 4
    for access in reads:
        second = events[access["supplied_by"]]
        assert second["same_request_as"] == access["event_uid"]
        assert access["bytes_supplied"] is None
        said = json.loads(access["auth_evidence_supplied"])
        assert said["aclRequired"] == "Yes"
        assert said.items() <= json.loads(second["auth_evidence"]).items()


def test_a_size_that_only_the_access_log_states(tmp_path: Path) -> None:
    t = trail(sizes=False)
    case = with_access_log(build(tmp_path, [t]), t, tmp_path / "server")
    assert run("build", "--case", str(case))[0] in (0, 3)
    held = material.load(case, case_file.load(case), tuple(store.items(case)))
    reads = [row for row in held.accesses if row["operation"] == "GetObject"]
    assert [row["bytes_out"] for row in reads] == [10, 10, 10, 243]
    assert held.copies == 4
    events = {e["event_uid"]: e for e in read(case, "events")}
    for row in reads:
        cited = events[str(parts.size_event(row))]
        assert (cited["source"], cited["bytes_out"]) == ("aws.s3_access_log", row["bytes_out"])
    exhibit = access_summary.build(held, Label(number="D", stem="D"), {})
    names = [name for name, _ in exhibit.native.columns]
    printed = [dict(zip(names, values, strict=True)) for values in exhibit.native.rows]
    assert [row["bytes_out_event"] for row in printed if row["operation"] == "GetObject"] == [
        row["supplied_by"] for row in reads
    ]
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{case / 'derived'}'")
        for finding in findings(case):
            for ref in finding["refs"]:
                found = connection.execute(ref["sql"]).fetchone()
                assert found == (ref["value"],), ref


def test_a_contradiction_is_a_gap_and_both_count(tmp_path: Path) -> None:
    t = trail()
    case = build(tmp_path, [t])
    t.records[3]["sourceIPAddress"] = "203.0.113.200"
    with_access_log(case, t, tmp_path / "server")
    code, said = run("build", "--case", str(case))
    assert code == 3
    assert "recorded a second time by another log 3" in said
    (gap,) = [g for g in read(case, "gaps") if g["subject"] == "request id REQ3"]
    assert "(src_ip): both are kept and both count" in gap["reason"]
    assert len([a for a in read(case, "access_classes") if a["logged"] == "success"]) == 5


def test_a_second_record_is_explained_by_the_one_that_counts(both: tuple[Path, str]) -> None:
    case, _ = both
    rows = read(case, "events")
    copy = next(row for row in rows if row["duplicate_of"])
    second = next(row for row in rows if row["event_uid"] == copy["duplicate_of"])
    code, said = run("explain", copy["event_uid"], "--case", str(case))
    first, then, what = said.splitlines()[:3]
    assert code == 0
    assert first == f"{copy['event_uid']} is a copy of {second['event_uid']}, which counts:"
    assert then == (
        f"{second['event_uid']} is another log's record of the request of "
        f"{second['same_request_as']}, which counts:"
    )
    assert what.startswith("GetObject at ")
