"""Periods: hours are hours, business days need a calendar, a verdict needs settled bounds."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.correlate.periods import (
    LATE,
    MET,
    OPEN,
    Moment,
    between,
    due,
    exactly,
    judged,
    period,
    spelled,
)

NEW_YORK = ZoneInfo("America/New_York")
UTC_ZONE = ZoneInfo("UTC")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
TIMES = st.integers(0, 40 * 365 * 86_400).map(lambda n: EPOCH + timedelta(seconds=n))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "text", "zone", "expected"),
    [
        ("2022-06-05T07:30:00Z", "72 h", "UTC", "2022-06-08T07:30:00Z"),
        ("2022-03-12T12:00:00Z", "24 hours", "America/New_York", "2022-03-13T12:00:00Z"),
        ("2022-06-05T07:30:00Z", "1 day", "UTC", "2022-06-06T07:30:00Z"),
        ("2022-06-03T15:00:00Z", "1 business day", "UTC", "2022-06-06T15:00:00Z"),
        ("2022-06-03T15:00:00Z", "4 business days (mon-fri)", "UTC", "2022-06-09T15:00:00Z"),
        ("2022-05-27T15:00:00Z", "1 business day (mon-fri; 2022-05-30)", "UTC",
         "2022-05-31T15:00:00Z"),
        # Saturday 02:00 UTC is still Friday in New York: the zone decides which day does not count.
        ("2022-06-04T02:00:00Z", "1 business day", "America/New_York", "2022-06-07T02:00:00Z"),
        ("2022-06-04T02:00:00Z", "1 business day", "UTC", "2022-06-06T02:00:00Z"),
        # Over the change to summer time the wall clock is kept.
        ("2022-03-11T17:00:00Z", "1 business day", "America/New_York", "2022-03-14T16:00:00Z"),
    ],
)  # fmt: skip
def test_due(start: str, text: str, zone: str, expected: str) -> None:
    assert _at(expected) == due(_at(start), period(text), ZoneInfo(zone))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("soon", "expected a period as in 72 h"),
        ("72", "expected a period as in 72 h"),
        ("-3 h", "expected a period as in 72 h"),
        ("999999 d", "expected at most"),
        ("4 business days (target)", "expected a calendar among mon-fri, found target"),
        ("4 business days (mon-fri; July)", "Invalid isoformat"),
    ],
)
def test_refused_periods(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        period(text)


def test_verdict_only_where_bounds_settle_it() -> None:
    start, three = exactly(_at("2022-06-05T07:30:00Z")), period("72 h")
    over = _at("2022-06-08T07:30:00Z")
    second = timedelta(seconds=1)
    assert judged(start, three, exactly(over), UTC_ZONE) == MET
    assert judged(start, three, exactly(over + second), UTC_ZONE) == LATE
    assert judged(start, three, Moment(low=over - second, high=over + second), UTC_ZONE) == OPEN
    assert judged(start, three, Moment(low=over + second, high=None), UTC_ZONE) == LATE
    assert judged(start, three, Moment(low=None, high=over), UTC_ZONE) == MET
    assert judged(Moment(low=None, high=start.high), three, exactly(over), UTC_ZONE) == OPEN
    assert judged(None, three, start, UTC_ZONE) == OPEN
    assert judged(start, None, start, UTC_ZONE) == OPEN
    assert judged(start, three, None, UTC_ZONE) == OPEN


@settings(max_examples=150, deadline=None)
@given(start=TIMES, days=st.integers(0, 60))
def test_business_days_end_on_one_and_never_sooner_than_days(start: datetime, days: int) -> None:
    end = due(start, period(f"{days} business days"), NEW_YORK)
    assert end - start >= timedelta(days=days) - timedelta(hours=1)
    if days:
        assert end.astimezone(NEW_YORK).weekday() < 5
    assert end <= due(start, period(f"{days + 1} business days"), NEW_YORK)


@settings(max_examples=100, deadline=None)
@given(first=TIMES, second=TIMES)
def test_between_is_exact_for_instants_and_open_for_open_bounds(
    first: datetime, second: datetime
) -> None:
    assert between(exactly(first), exactly(second)) == (second - first, second - first)
    assert between(Moment(low=first, high=None), exactly(second)) == (None, second - first)
    assert between(None, exactly(second)) == (None, None)


def test_spelled() -> None:
    assert spelled(timedelta(days=9, hours=2, seconds=3)) == "9 d 2 h 3 s"
    assert spelled(timedelta()) == "0 s"
    assert spelled(-timedelta(minutes=1)) == "−1 min"
    assert period("1 business day (mon-fri; 2022-05-30)").holidays == (date(2022, 5, 30),)
