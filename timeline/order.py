"""The total order of events: time, provider, evidence item, record.

Equal times are common (CloudTrail writes whole seconds); the later keys only make the order total
and repeatable. They say nothing about which of two events of one second came first.
"""

import re
from typing import TypeAlias

Key: TypeAlias = tuple[int, str, tuple[tuple[int, int, str], ...], int]

_NUMBERS = re.compile(r"(\d+)|(\D+)")


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key in which `EV-2.f9` comes before `EV-2.f10`."""
    return tuple(
        (0, int(number), "") if number else (1, 0, other)
        for number, other in _NUMBERS.findall(text)
    )


def key(time: int, provider: str, item: str, number: int) -> Key:
    """Sort key of one event: `number` is its place among the records of its item."""
    return (time, provider, natural(item), number)
