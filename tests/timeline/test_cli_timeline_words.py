"""`butfor timeline` in words: what was found, why nothing was, and which rows do not count."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from butfor import main
from collector import store
from tests.timeline.normalize.records import native, record
from tests.timeline.normalize.test_same_request import line, logged
from timeline import export, normalize, select


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A request in two logs, its trail delivered twice, and one more a day later."""
    folder = tmp_path_factory.mktemp("words")
    other = record(eventID="E2", requestID="R2", eventTime="2026-01-03T00:00:00Z")
    (folder / "trail.json").write_bytes(native(record(), other))
    (folder / "again.json").write_bytes(native(record()) + b"\n")
    (folder / "server.log").write_bytes(logged(line()))
    run("init", str(folder / "case"))
    for name in ("trail.json", "again.json", "server.log"):
        run("import", str(folder / name), "--case", str(folder / "case"))
    made = folder / "case"
    normalize.run(made, store.items(made), made / "derived" / "events")
    return made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_the_count_comes_apart_from_the_output(case: Path, tmp_path: Path) -> None:
    result = run("timeline", "--case", str(case), "--format", "csv")
    assert result.exit_code == 0
    assert result.stderr == "4 of 4 events\n"
    assert len(result.stdout.splitlines()) == 1 + 4
    out = tmp_path / "events.parquet"
    result = run("timeline", "--case", str(case), "--format", "parquet", "--out", str(out))
    assert (result.stdout, result.stderr) == ("", f"4 of 4 events: {out}\n")


def test_where_nothing_matches_it_says_which_filter_leaves_nothing(case: Path) -> None:
    result = run(
        "timeline", "--case", str(case), "--actor", "alic", "--outcome", "success", "--once"
    )
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "0 of 4 events",
        "The case holds events from 2026-01-02 to 2026-01-03 (UTC).",
        "  --actor alic alone: 0 events",
        "  --outcome success alone: 4 events",
        "  --once alone: 2 events",
        "A filter matches the whole value; * stands for any characters.",
    ]
    late = run("timeline", "--case", str(case), "--from", "2027-01-01T00:00:00Z")
    assert "  --from 2027-01-01T00:00:00+00:00 alone: 0 events" in late.stderr


def test_rows_that_do_not_count_are_marked_and_can_be_left_out(case: Path) -> None:
    shown = run("timeline", "--case", str(case)).stdout
    assert "EV-2.f1/0 (copy)" in shown
    assert "EV-3.f1/0 (same request)" in shown
    once = run("timeline", "--case", str(case), "--once")
    assert once.stderr == "2 of 4 events\n"
    assert "(" not in once.stdout


def test_show_names_the_other_records(case: Path) -> None:
    result = run("timeline", "show", "EV-1.f1/0", "--case", str(case))
    assert "also recorded          EV-2.f1/0 (a copy)" in result.stdout
    assert "also recorded          EV-3.f1/0 (another log's record of the request)" in result.stdout
    by_request = run("timeline", "show", "R1", "--case", str(case))
    assert by_request.stdout.count("event_uid") == 3
    assert "same_request_as        EV-1.f1/0" in by_request.stdout


def row(**changed: Any) -> dict[str, Any]:
    names = ("duplicate_of", "same_request_as", "actor_unique_id", "actor_type", "service",
             "params")  # fmt: skip
    return {
        **dict.fromkeys(names), "time": datetime(2026, 1, 2, tzinfo=UTC), "operation": "Get",
        "outcome": "success", "actor_uid": "a" * 40 + "/alice", "src_ip": "2001:db8::1234:5678",
        "resource_uid": "b" * 60 + "/report.csv", "event_uid": "EV-1.f1/0", **changed,
    }  # fmt: skip


@pytest.mark.parametrize("width", [None, 20, 120, 174, 200, 300])
def test_long_cells_lose_their_middle_and_addresses_nothing(width: int | None) -> None:
    _, shown = export.to_table([row()], width)
    assert "2001:db8::1234:5678" in shown
    assert "/alice" in shown
    assert "/report.csv" in shown
    assert shown.endswith("EV-1.f1/0")
    assert ("…" in shown) == (width is None or width < 250)


def test_columns_give_way_to_the_width() -> None:
    address = row(src_ip="192.0.2.1")
    for width in range(160, 240, 7):
        _, shown = export.to_table([address], width)
        assert len(shown) <= width


def test_held_and_alone_of_an_empty_table(tmp_path: Path) -> None:
    assert select.held(tmp_path) == select.Held(events=0, first="", last="")
    assert select.alone(tmp_path, select.Filter(actor="x")) == {"actor": 0}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (None, "iam"),
        ({"requestParameters": None}, "iam"),
        ({"requestParameters": {"roleName": "r", "path": "/"}}, "iam roleName=r"),
        (
            {"requestParameters": {"a": "1", "xId": "2", "yArn": "3", "zName": "4"}},
            "iam xId=2 yArn=3",
        ),
        ({"requestParameters": {"roleName": ["r"]}}, "iam"),
    ],
)
def test_events_without_a_resource_are_about_what_they_asked_for(
    params: dict[str, Any] | None, expected: str
) -> None:
    text = None if params is None else json.dumps(params)
    assert export.about(row(resource_uid=None, service="iam", params=text)) == expected
    assert export.about(row(resource_uid="x", service="iam", params=text)) == "x"
