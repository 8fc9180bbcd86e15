"""DateEquals, DateLessThan …: ISO 8601 or seconds since 1970 (R-IAM-8)."""

import operator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from timeline.policy.aws.conditions.numbers import comparison, number

#: A year or a month alone means its first day.
_REST_OF_DATE = {4: "-01-01", 7: "-01"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 60 * 10**9  # seconds: before the year 3900


def instant(text: str) -> Decimal | None:
    """Seconds since 1970 of an ISO 8601 date (UTC where it names no zone) or of a number.

    A bare four-digit year is a date: the provider's examples never give so early an epoch.
    """
    text = text.strip()
    seconds = number(text)
    if seconds is not None and not (len(text) == 4 and text.isdigit()):
        return seconds
    try:
        parsed = datetime.fromisoformat(text + _REST_OF_DATE.get(len(text), ""))
    except ValueError:
        return None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    since = parsed - _EPOCH
    return Decimal(since.days * 86_400 + since.seconds) + Decimal(since.microseconds) / 1_000_000


@lru_cache(maxsize=8_192)
def iso(text: str) -> str | None:
    """A time as ISO 8601: as written, or out of seconds since 1970; None if it is neither."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        seconds = number(text)
        if seconds is None or not -_LAST < seconds < _LAST:  # `abs` would overflow
            return None
        return (_EPOCH + timedelta(seconds=int(seconds))).strftime("%Y-%m-%dT%H:%M:%SZ")
    return text


equals = comparison(instant, operator.eq)
less = comparison(instant, operator.lt)
less_or_equal = comparison(instant, operator.le)
greater = comparison(instant, operator.gt)
greater_or_equal = comparison(instant, operator.ge)
