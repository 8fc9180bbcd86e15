"""What earlier sources found, what a run wants, and what is told of its progress."""

import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from collector.aws.cloudtrail_logs import _days
from collector.aws.s3_access_logs import delivered
from collector.aws.scope import Found, Place, RunScope
from collector.model import Outcome
from collector.pool import Pool
from collector.progress import Progress, table

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def found(**options: Any) -> Found:
    return Found(RunScope(started=NOW, time_from=NOW, time_to=NOW, **options))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("logs", Place(bucket="logs")),
        ("s3://logs/a/b", Place(bucket="logs", prefix="a/b")),
        ("logs/a/", Place(bucket="logs", prefix="a/")),
    ],
)
def test_places_are_read(text: str, place: Place) -> None:
    assert Place.parse(text) == place


def test_ownership_counts_only_where_it_was_observed() -> None:
    one = found()
    rules = ["BucketOwnerEnforced"]
    for outcome in Outcome:
        one.ownership(outcome.value, outcome, rules)
    one.ownership("writer", Outcome.OBSERVED, ["ObjectWriter"])
    assert [name for name in (*Outcome, "writer", "unseen") if one.owner_enforced(name)] == [
        "OBSERVED"
    ]


def test_owner_is_who_lists_the_bucket_then_who_was_named_then_who_logs_there() -> None:
    one = found(log_buckets=((Place(bucket="named"), "222222222222"),))
    one.trail(bucket="named", prefix="", account="333333333333", organization=False)
    one.trail(bucket="trailed", prefix="p", account="333333333333", organization=False)
    one.trail(bucket="wide", prefix="", account="333333333333", organization=True)
    assert one.owner("named") == "222222222222"
    assert one.owner("trailed") == "333333333333"
    assert one.owner("wide") is None
    one.bucket("wide", "444444444444", "eu-west-1")
    assert (one.owner("wide"), one.region("wide")) == ("444444444444", "eu-west-1")
    assert [place.bucket for place in one.trail_destinations()] == ["named", "trailed", "wide"]


def test_days_reach_past_the_period_because_delivery_does() -> None:
    days = [f"{day:%m-%d}" for day in _days(NOW, NOW + timedelta(hours=1))]
    assert days == ["01-02", "01-03"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "access/2025-12-31-23-59-58-0123456789ABCDEF",
            datetime(2025, 12, 31, 23, 59, 58, tzinfo=UTC),
        ),
        (
            "a/2020-01-01-00-00-00-X/2025-12-31-23-59-58-AB",
            datetime(2025, 12, 31, 23, 59, 58, tzinfo=UTC),
        ),
        ("access/2025-13-31-23-59-58-AB", NOW),
        ("access/other", NOW),
    ],
)
def test_delivery_time_of_access_logs(key: str, expected: datetime) -> None:
    assert delivered({"Key": key, "LastModified": NOW}) == expected


def test_pool_runs_each_item_once_and_items_within_items() -> None:
    pool, lock, done = Pool(3), threading.Lock(), list[tuple[int, int, int]]()

    def cell(number: int) -> None:
        def item(inner: int) -> None:
            def innermost(last: int) -> None:
                with lock:
                    done.append((number, inner, last))

            pool.each(range(3), innermost)

        pool.each(range(40), item)

    pool.cells([lambda n=n: cell(n) for n in range(5)])  # type: ignore[misc]
    pool.close()
    assert sorted(done) == [(a, b, c) for a in range(5) for b in range(40) for c in range(3)]


def test_pool_raises_what_an_item_raises() -> None:
    pool = Pool(2)

    def item(number: int) -> None:
        if number == 7:
            raise OSError(28, "no space")

    with pytest.raises(OSError, match="no space"):
        pool.each(range(1000), item)
    pool.close()


def test_progress_and_table_say_the_sums(capsys: pytest.CaptureFixture[str]) -> None:
    tally = {"aws.kms": dict.fromkeys(Outcome, 1), "aws.iam": dict.fromkeys(Outcome, 0)}
    keeper: Any = SimpleNamespace(
        tally=tally, attempted={"aws.kms": 6, "aws.iam": 0}, bytes=3 * 2**20
    )
    progress = Progress(keeper, lambda: 12)
    progress.cells(2)
    progress.source(SimpleNamespace(title="Keys"))  # type: ignore[arg-type]
    progress.cell("1", "r")
    progress.stop()
    shown = capsys.readouterr().err
    assert "Keys: 0/2 cells, 0 accounts, 0 Regions, 6 observations, 12 requests" in shown
    assert "3.0 MiB, 4 gaps" in shown
    assert table(keeper)[-1].split() == ["sum", *["1"] * 6, "6"]
