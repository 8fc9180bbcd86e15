"""Logging switched off and on again, from the records of the switches themselves.

StopLogging and DeleteTrail end what a trail records, StartLogging begins it again. From the one to
the other nothing of that trail is in the records, and that is a gap, not silence. Whether another
trail recorded the same events is not settled here: the gap says which trail it is about.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from collector.model import Gap

_OFF = ("StopLogging", "DeleteTrail")
_ON = ("StartLogging", "CreateTrail")
SERVICE = "cloudtrail.amazonaws.com"


def gaps(rows: Iterable[Mapping[str, Any]]) -> list[Gap]:
    """One gap for every period in which a trail did not log; open at its end if never resumed.

    Args:
        rows: of `events`, in order.
    """
    off: dict[str, tuple[datetime, str, Mapping[str, Any]]] = {}
    found: list[Gap] = []
    for row in rows:
        if row["service"] != SERVICE or row["outcome"] != "success" or row["duplicate_of"]:
            continue
        if row["operation"] in _OFF:
            off.setdefault(_trail(row), (row["time"], row["operation"], row))
        elif row["operation"] in _ON and _trail(row) in off:
            trail = _trail(row)
            found.append(_gap(trail, *off.pop(trail), row["time"]))
    found += [_gap(trail, *begun, None) for trail, begun in sorted(off.items())]
    return found


def _gap(
    trail: str, start: datetime, operation: str, row: Mapping[str, Any], end: datetime | None
) -> Gap:
    until = "StartLogging is recorded" if end else "the end of the records"
    return Gap(
        kind="logging_off",
        subject=f"trail {trail}",
        reason=(
            f"{operation} is recorded; until {until}, events that only this trail records are "
            "missing"
        ),
        time_from=start,
        time_to=end,
        item=row["evidence_item"],
        locator=row["locator"],
    )


def _trail(row: Mapping[str, Any]) -> str:
    """Name of the trail: requests give its name or its ARN."""
    params = json.loads(row["params"]) if row["params"] else {}
    name = str((params.get("requestParameters") or {}).get("name") or "not named")
    return name.rsplit("/", 1)[-1]
