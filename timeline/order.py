"""The total order of events: time, provider, evidence item, record.

Equal times are common (CloudTrail writes whole seconds); the later keys only make the order total
and repeatable. They say nothing about which of two events of one second came first.
"""

import re
from typing import TypeAlias

Key: TypeAlias = tuple[int, str, tuple[tuple[int, int, str], ...], str, int]

_NUMBERS = re.compile(r"(\d+)|(\D+)")


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key in which `EV-2.f9` comes before `EV-2.f10`."""
    return tuple(
        (0, int(number), "") if number else (1, 0, other)
        for number, other in _NUMBERS.findall(text)
    )


def record_place(locator: str) -> tuple[str, int]:
    """Archive members and record number of a locator, `day1.json!/17@120+998`."""
    prefix, _, rest = locator.rpartition("!/")
    return prefix, int(rest.partition("@")[0] or 0)


def key(time: int, provider: str, item: str, locator: str) -> Key:
    """Sort key of one event."""
    return (time, provider, natural(item), *record_place(locator))
