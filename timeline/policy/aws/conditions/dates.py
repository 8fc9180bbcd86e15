"""DateEquals, DateLessThan …: ISO 8601 or seconds since 1970 (R-IAM-8)."""

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from timeline.policy.aws.conditions.numbers import number
from timeline.policy.aws.conditions.strings import Matcher
from timeline.policy.aws.context import Request, SomePath
from timeline.policy.kleene import Kleene

#: A year or a month alone means its first day.
_REST_OF_DATE = {4: "-01-01", 7: "-01"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


def _compare(
    test: Callable[[Decimal, Decimal], bool],
) -> Callable[[tuple[str, ...], bool], Matcher]:
    def build(values: tuple[str, ...], variables: bool) -> Matcher:
        limits = tuple(limit for limit in map(instant, values) if limit is not None)

        def matches(value: str | SomePath, request: Request) -> Kleene:
            given = instant(value) if isinstance(value, str) else None
            return given is not None and any(test(given, limit) for limit in limits)

        return matches

    return build


equals = _compare(operator.eq)
less = _compare(operator.lt)
less_or_equal = _compare(operator.le)
greater = _compare(operator.gt)
greater_or_equal = _compare(operator.ge)
