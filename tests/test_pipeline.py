"""From the command line to the exhibits, as a user runs it: the built-in incident and real logs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.architecture.tree import ROOT

SHARED = ROOT.parent / "shared" / "data"
CLOCK = "2026-01-02T03:04:05Z"


def butfor(
    *arguments: str, case: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would, with a clock that stands still."""
    where = ["--case", str(case)] if case else []
    command, *rest = arguments
    return subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "butfor.py"), command, *where, *rest],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"BUTFOR_CLOCK": CLOCK} | env,
    )


def rows(case: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query in which `{table}` names a derived table."""
    tables = {p.stem: f"read_parquet('{p}')" for p in (case / "derived").glob("*.parquet")}
    events = case / "derived" / "events"
    tables["events"] = f"read_parquet('{events}/**/*.parquet', hive_partitioning=false)"
    with duckdb.connect() as db:
        db.sql("set TimeZone = 'UTC'")
        table = db.sql(query.format(**tables)).to_arrow_table()
    return [tuple(row.values()) for row in table.rename_columns(_numbered(table)).to_pylist()]


def _numbered(table: Any) -> list[str]:
    """Column names made unique: two columns of a query may have one name."""
    return [str(n) for n in range(table.num_columns)]


def findings(case: Path) -> list[dict[str, Any]]:
    """The findings as stored."""
    found = json.loads((case / "derived" / "findings.json").read_text())
    assert isinstance(found, list)
    return found


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    case = tmp_path_factory.mktemp("demo") / "case"
    run = butfor("demo", str(case))
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return case


def test_demo_decides_the_anonymous_reads_and_the_partner_apart(demo: Path) -> None:
    decided = rows(
        demo,
        "select a.in_incident, c.decision, a.logged, count(*) from {access_classes} a "
        "join {classes} c using (class_uid) join {events} e using (event_uid) "
        "where e.operation = 'GetObject' group by all order by all",
    )
    assert decided == [
        (False, "ALLOWED", "success", 11),
        (False, "DENIED", "denied", 1),
        (True, "ALLOWED", "success", 112),
        (True, "DENIED", "denied", 3),
    ]


def test_demo_has_no_contradiction(demo: Path) -> None:
    assert rows(demo, "select count(*) from {access_classes} where agreement = 'contradicts'") == [
        (0,)
    ]


def test_demo_shows_the_refused_policy_and_the_two_changes(demo: Path) -> None:
    written = rows(
        demo,
        "select distinct time_from, operation, accepted from {changes} "
        "where kind = 'logged' and technical_actor like '%MeridianOps%' order by all",
    )
    assert [(f"{t:%m-%d %H:%M:%S}", o, a) for t, o, a in written] == [
        ("05-23 14:29:50", "PutBucketPolicy", False),
        ("05-23 14:33:42", "PutBucketPublicAccessBlock", True),
        ("05-27 08:12:19", "PutBucketPolicy", True),
    ]


def test_demo_names_both_changes_as_but_for(demo: Path) -> None:
    for undo in ("delta", "replay"):
        named = rows(
            demo,
            "select distinct ch.operation from {class_changes} k join {changes} ch "
            "using (change_uid) join {access_classes} a using (class_uid) "
            f"where a.in_incident and k.undo = '{undo}' and k.but_for = 'yes' order by all",
        )
        assert named == [("PutBucketPolicy",), ("PutBucketPublicAccessBlock",)], undo


def test_demo_finding_counts_the_accesses(demo: Path) -> None:
    assert any("112" in f["statement"] for f in findings(demo))


def test_demo_reports_the_period_in_which_logging_was_off(demo: Path) -> None:
    off = rows(demo, "select time_from, time_to from {gaps} where kind = 'logging_off'")
    assert ("2022-06-02 10:02:00", "2022-06-02 13:10:00") in [
        (f"{a:%Y-%m-%d %H:%M:%S}", f"{b:%Y-%m-%d %H:%M:%S}") for a, b in off if a and b
    ]


def test_every_provenance_resolves_to_the_bytes_it_names(demo: Path) -> None:
    import hashlib

    from collector import store
    from timeline.normalize import reextract

    items = {item.uid: item for item in store.items(demo)}
    for item, locator, digest in rows(
        demo,
        "select evidence_item, locator, record_sha256 from {events} union "
        "select evidence_item, locator, record_sha256 from {changes} where locator is not null",
    ):
        raw = reextract(lambda i: store.open_item(demo, i), items[item], locator)
        assert hashlib.sha256(raw).hexdigest() == digest


def test_second_build_elsewhere_gives_the_same_bytes(demo: Path) -> None:
    def content() -> dict[str, bytes]:
        files = sorted(p for p in (demo / "derived").rglob("*") if p.is_file())
        return {p.relative_to(demo).as_posix(): p.read_bytes() for p in files}

    before = content()
    shutil.rmtree(demo / "derived")
    run = butfor(
        "build", case=demo, TZ="Pacific/Kiritimati", LC_ALL="C", PYTHONHASHSEED="4242",
        BUTFOR_WORKERS="1",
    )  # fmt: skip
    assert run.returncode in (0, 3), run.stdout + run.stderr
    after = content()
    assert sorted(after) == sorted(before)
    assert [n for n in before if before[n] != after[n]] == []


real = pytest.mark.skipif(
    not SHARED.is_dir(), reason="real logs are not distributed with the project"
)


@pytest.fixture(scope="session")
def stratus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("stratus"), SHARED / "aws_invictus_stratus")


@pytest.fixture(scope="session")
def otrf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("otrf"), SHARED / "aws_otrf_ec2_proxy_s3_exfil")


@real
def test_stratus_has_every_record(stratus: Path) -> None:
    assert rows(stratus, "select count(*) from {events}") == [(2900,)]


@real
def test_stratus_shows_the_grant_with_its_bounds_and_actor(stratus: Path) -> None:
    held = rows(
        stratus,
        "select i.start, i.start_bound, i.end, i.end_bound, c.technical_actor "
        "from {intervals} i join {changes} c on c.change_uid = i.start_change_uid "
        "and c.fact = i.fact where i.slot = 'policy' and i.how_known = 'observed' "
        "and i.value is not null and i.value <> 'UNKNOWN' order by 1",
    )
    assert (
        "2023-07-10 12:22:41", "exact", "2023-07-10 12:28:24", "exact",
        "arn:aws:iam::123837392027:user/bert-jan",
    ) in [(f"{a:%Y-%m-%d %H:%M:%S}", b, f"{c:%Y-%m-%d %H:%M:%S}", d, e)
          for a, b, c, d, e in held if a and c]  # fmt: skip


@real
def test_stratus_does_not_claim_that_nobody_read(stratus: Path) -> None:
    text = " ".join(f["statement"] + " ".join(f["limitations"]) for f in findings(stratus))
    assert "not established" in text or "do not establish" in text
    assert "no data events" in text


@real
def test_otrf_reads_are_found_and_their_enabling_change_is_not_established(otrf: Path) -> None:
    assert rows(otrf, "select count(*) from {events}") == [(103,)]
    reads = rows(
        otrf,
        "select count(*) from {access_classes} a join {events} e using (event_uid) "
        "where e.operation = 'GetObject' and a.logged = 'success'",
    )
    assert reads[0][0] > 0
    text = " ".join(f["statement"] + " ".join(f["limitations"]) for f in findings(otrf))
    assert "not established" in text or "do not establish" in text
    assert "identity" in text


def built(folder: Path, logs: Path) -> Path:
    """A case with these logs, built and rendered."""
    case = folder / "case"
    for arguments, where in (
        (("init", str(case)), None),
        (("import", str(logs)), case),
        (("build",), case),
        (("exhibits",), case),
    ):
        run = butfor(*arguments, case=where)
        assert run.returncode in (0, 3), f"{arguments}: {run.stdout[-2000:]}{run.stderr[-2000:]}"
    return case
