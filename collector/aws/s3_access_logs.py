"""aws.s3_access_logs: server access logs from the targets that buckets name.

Delivered on a best effort basis, the provider says: absence of a line proves nothing. Keys hold
the time of delivery (`prefixYYYY-mm-DD-HH-MM-SS-random`, or date-partitioned), which follows the
access by hours: the listing is cut to the period plus two days.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from collector.aws.cell import Cell
from collector.aws.log_objects import take
from collector.aws.permissions import operations
from collector.source import Condition, Level, SourceSpec

LATE = timedelta(days=2)
_TIME = re.compile(r"(\d{4}(?:-\d\d){5})-[0-9A-Za-z]+$")


def collect(cell: Cell) -> None:
    """Every object below each target, last modified within the period."""
    targets = cell.found.access_log_destinations()
    if not targets:
        cell.not_requested("s3:GetObject", "server access logs", "no bucket names a log target")
    for place in targets:
        take(
            cell,
            place.bucket,
            place.prefix,
            wanted=partial(_within, cell.run.time_from, cell.run.time_to + LATE),
        )


def _within(start: datetime, end: datetime, listed: Mapping[str, Any]) -> bool:
    return start <= delivered(listed) < end


def delivered(listed: Mapping[str, Any]) -> datetime:
    """When a listed object was delivered: by its key, else by its last modification."""
    named = _TIME.findall(listed["Key"])
    if named:
        try:
            return datetime.strptime(named[-1], "%Y-%m-%d-%H-%M-%S").replace(tzinfo=UTC)
        except ValueError:
            pass  # digits in that shape that are no time
    modified: datetime = listed["LastModified"]
    return modified


SPEC = SourceSpec(
    id="aws.s3_access_logs",
    title="S3 server access logs",
    level=Level.RUN,
    operations=(
        *operations("s3", "log bucket", "ListObjectsV2", condition=Condition.LOG_DESTINATION),
        *operations("s3", "log object", "GetObject", condition=Condition.LOG_DESTINATION),
    ),
    retention="as the target bucket's lifecycle keeps them",
    docs="https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html",
    collect=collect,
)
