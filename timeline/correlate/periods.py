"""Periods that run from an event, and when they end (R-044, R-045, R-199).

Hours are counted as hours. Days are counted as 24 hours each. Business days are counted in a named
zone by a named calendar: the day of the start does not count, and the period ends at the same time
of day on the last one. What a contract or a rule counts otherwise is for those who read it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

#: Calendars by name: weekdays that do not count.
CALENDARS = {"mon-fri": (5, 6)}
_PLAIN = re.compile(r"(\d{1,6})\s*(h|hours?|d|days?)")
_BUSINESS = re.compile(r"(\d{1,4})\s*business days?\s*(?:\(([^()]*)\))?")
#: A longer period is none that a clock runs for.
_MOST = timedelta(days=36_500)

MET, LATE, OPEN = "met", "late", "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A length of time.

    Attributes:
        text: as written.
        length: of hours and days; None for business days.
        business_days: their number; None otherwise.
        calendar: name; `holidays` days that do not count besides.
    """

    text: str
    length: timedelta | None
    business_days: int | None = None
    calendar: str | None = None
    holidays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An instant between two bounds, both inclusive; a bound of None is open."""

    low: datetime | None
    high: datetime | None

    @property
    def exact(self) -> bool:
        """Whether it is one instant."""
        return self.low is not None and self.low == self.high


def exactly(at: datetime) -> Moment:
    """One instant."""
    return Moment(low=at, high=at)


def period(text: str) -> Period:
    """A period as registers write it: `72 h`, `30 d`, `4 business days (mon-fri; 2026-07-03)`.

    Raises:
        ValueError: it is none of these, or names a calendar that is not known.
    """
    given = text.strip()
    plain = _PLAIN.fullmatch(given)
    if plain:
        number = int(plain[1])
        length = timedelta(hours=number) if plain[2].startswith("h") else timedelta(days=number)
        if length > _MOST:
            raise ValueError(f"expected at most {_MOST.days:,} days, found {given}")
        return Period(text=given, length=length)
    business = _BUSINESS.fullmatch(given)
    if not business:
        raise ValueError(f"expected a period as in 72 h, 30 d or 4 business days, found {given}")
    name, *days = [part.strip() for part in (business[2] or "mon-fri").split(";")]
    if name not in CALENDARS:
        known = ", ".join(CALENDARS)
        raise ValueError(f"expected a calendar among {known}, found {name}")
    return Period(
        text=given, length=None, business_days=int(business[1]), calendar=name,
        holidays=tuple(sorted(date.fromisoformat(day) for day in days)),
    )  # fmt: skip


def due(start: datetime, length: Period, zone: ZoneInfo) -> datetime:
    """When a period that starts at an instant is over, UTC.

    Raises:
        OverflowError: beyond the years that can be written.
    """
    if length.length is not None:
        return start + length.length
    assert length.business_days is not None
    assert length.calendar is not None
    there = start.astimezone(zone)
    day, left = there.date(), length.business_days
    while left:
        day += timedelta(days=1)
        off = day.weekday() in CALENDARS[length.calendar] or day in length.holidays
        left -= not off
    return datetime.combine(day, there.timetz()).replace(tzinfo=zone).astimezone(UTC)


def judged(start: Moment | None, length: Period | None, end: Moment | None, zone: ZoneInfo) -> str:
    """`met`, `late`, or `unknown`: by arithmetic alone, and only where the bounds settle it."""
    if start is None or length is None or end is None:
        return OPEN
    if end.high is not None and start.low is not None and end.high <= due(start.low, length, zone):
        return MET
    if end.low is not None and start.high is not None and end.low > due(start.high, length, zone):
        return LATE
    return OPEN


def between(
    first: Moment | None, second: Moment | None
) -> tuple[timedelta | None, timedelta | None]:
    """Least and most time from one moment to another; None where a bound is open or none is known.

    Negative where the second came first.
    """
    if first is None or second is None:
        return None, None
    least = second.low - first.high if second.low is not None and first.high is not None else None
    most = second.high - first.low if second.high is not None and first.low is not None else None
    return least, most


def spelled(length: timedelta) -> str:
    """`9 d 2 h 15 min 3 s`, without the parts that are nothing; exact to the second."""
    sign = "−" if length < timedelta() else ""
    seconds = int(abs(length).total_seconds())
    parts = (
        (seconds // 86_400, "d"), (seconds // 3_600 % 24, "h"), (seconds // 60 % 60, "min"),
        (seconds % 60, "s"),
    )  # fmt: skip
    return sign + (" ".join(f"{n:,} {unit}" for n, unit in parts if n) or "0 s")
