"""NumericEquals, NumericLessThan …: decimal comparison; variables are not allowed here."""

import operator
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from timeline.policy.aws.conditions.strings import Matcher
from timeline.policy.aws.context import Request, SomePath
from timeline.policy.kleene import Kleene


def number(text: str) -> Decimal | None:
    """A finite number, or None."""
    if "_" in text:  # a separator to Python, to no policy
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def comparison(
    parse: Callable[[str], Decimal | None], test: Callable[[Decimal, Decimal], bool]
) -> Callable[[tuple[str, ...], bool], Matcher]:
    """An operator that parses the request's value and the policy's alike, then compares."""

    def build(values: tuple[str, ...], variables: bool) -> Matcher:
        limits = tuple(limit for limit in map(parse, values) if limit is not None)

        def matches(value: str | SomePath, request: Request) -> Kleene:
            given = parse(value) if isinstance(value, str) else None
            return given is not None and any(test(given, limit) for limit in limits)

        return matches

    return build


equals = comparison(number, operator.eq)
less = comparison(number, operator.lt)
less_or_equal = comparison(number, operator.le)
greater = comparison(number, operator.gt)
greater_or_equal = comparison(number, operator.ge)
