"""AWS times as text to microseconds.

CloudTrail writes `2023-07-10T12:15:59Z`; query results and re-shaped exports add a fraction, a
space for the T, or leave the zone out, which is then UTC, as every AWS log time is.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from timeline.normalize.model import micros

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s*(Z|UTC|[+-]\d\d:?\d\d)?"
)
_ACCESS = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})")
#: Spelled out: month names of the locale must not matter.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(maxsize=4096)
def when(text: str) -> int | None:
    """Microseconds of an ISO time; None if it is none. Digits past the microsecond are cut."""
    if len(text) == 20 and text[19] == "Z" and text[10] == "T":
        try:
            return micros(datetime.fromisoformat(text))
        except ValueError:
            return None if text[17:19] != "60" else _slow(text)
    return _slow(text)


def _slow(text: str) -> int | None:
    found = _ISO.fullmatch(text.strip())
    if found is None:
        return None
    *parts, fraction, zone = found.groups()
    return _micros([int(part) for part in parts], (fraction or "").ljust(6, "0")[:6], zone)


@lru_cache(maxsize=4096)
def when_access(text: str) -> int | None:
    """Microseconds of an access-log time, `06/Feb/2019:00:00:38 +0000`; None if it is none."""
    found = _ACCESS.fullmatch(text)
    if found is None or found[2] not in _MONTHS:
        return None
    day, month, year = int(found[1]), _MONTHS.index(found[2]) + 1, int(found[3])
    clock = [int(found[index]) for index in (4, 5, 6)]
    return _micros([year, month, day, *clock], "0", found[7])


def _micros(parts: list[int], fraction: str, zone: str | None) -> int | None:
    offset = timedelta()
    if zone not in (None, "Z", "UTC"):
        assert zone is not None
        size = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        offset = -size if zone[0] == "-" else size
    year, month, day, hour, minute, second = parts
    leap = second == 60
    try:
        at = datetime(year, month, day, hour, minute, 59 if leap else second, int(fraction), UTC)
    except ValueError:
        return None
    return micros(at) + (1_000_000 if leap else 0) - offset // timedelta(microseconds=1)
