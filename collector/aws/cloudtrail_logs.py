"""aws.cloudtrail_logs: log objects and digests, as the trail delivered them.

The digest's signature lives in the object's user metadata and nowhere else, so every object is
kept with its response headers. Layout (one prefix a day, so a date range is a list of prefixes):

    [prefix/]AWSLogs/[o-orgid/]account/CloudTrail/region/YYYY/MM/DD/…json.gz
    [prefix/]AWSLogs/[o-orgid/]account/CloudTrail-Digest/region/YYYY/MM/DD/…json.gz

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
"""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from collector.aws.cell import Cell, Place
from collector.aws.log_objects import subfolders, take
from collector.aws.permissions import operations
from collector.source import Condition, Level, SourceSpec

_DAY = re.compile(r"/\d{4}/\d\d/\d\d/")
KINDS: tuple[str, ...] = (
    "CloudTrail",
    "CloudTrail-Digest",
    "CloudTrail-Insight",
    "CloudTrail-NetworkActivity",
)


def collect(cell: Cell) -> None:
    """For each log destination: find the accounts and Regions below it, then take each day."""
    if not cell.found.trail_destinations():
        cell.not_requested("s3:GetObject", "cloudtrail logs", "no trail destination is known")
    for place in cell.found.trail_destinations():
        if "AWSLogs" in place.prefix.split("/"):
            # Named by hand down into the layout: everything below, cut by the day in the key.
            days = {f"/{day:%Y/%m/%d}/" for day in _days(cell.run.time_from, cell.run.time_to)}
            take(cell, place.bucket, place.prefix, wanted=partial(_on_days, days))
            continue
        for prefix in _region_prefixes(cell, place):
            for day in _days(cell.run.time_from, cell.run.time_to):
                take(cell, place.bucket, f"{prefix}{day:%Y/%m/%d}/")


def _region_prefixes(cell: Cell, place: Place) -> Iterator[str]:
    """Every `…/CloudTrail*/region/` below a destination, in order of the listing."""
    root = f"{place.prefix.rstrip('/')}/AWSLogs/" if place.prefix else "AWSLogs/"
    below: list[str] = []
    for folder in subfolders(cell, place.bucket, root):
        name = folder.removeprefix(root).rstrip("/")
        # An organization's trail has one more level: o-…/account/.
        below += subfolders(cell, place.bucket, folder) if name.startswith("o-") else [folder]
    for account in below:
        if not cell.run.wants(account.rstrip("/").rsplit("/", 1)[-1]):
            continue
        for kind in KINDS:
            yield from subfolders(cell, place.bucket, f"{account}{kind}/")


def _on_days(days: Collection[str], listed: Mapping[str, Any]) -> bool:
    """Whether a key lies in one of the days; a key without a day is taken."""
    key = listed["Key"]
    return _DAY.search(key) is None or any(day in key for day in days)


def _days(start: datetime, end: datetime) -> Iterator[datetime]:
    """UTC days that may hold events of `[start, end)`.

    One day more at the end: delivery follows the event, and the last digest of a day is written
    on the next.
    """
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end + timedelta(days=1):
        yield day
        day += timedelta(days=1)


SPEC = SourceSpec(
    id="aws.cloudtrail_logs",
    title="CloudTrail log objects and digests",
    level=Level.RUN,
    operations=(
        *operations("s3", "log bucket", "ListObjectsV2", condition=Condition.LOG_DESTINATION),
        *operations("s3", "log object", "GetObject", condition=Condition.LOG_DESTINATION),
    ),
    retention="as the log bucket's lifecycle keeps them",
    docs="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html",
    collect=collect,
)
