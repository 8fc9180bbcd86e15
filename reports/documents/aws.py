"""When a log file was delivered, as its name says it.

CloudTrail User Guide, log file names: the digits are the minute of delivery, in UTC; records in the
file may be of any time before. S3 User Guide, object key format of server access logs: the second
of delivery, in UTC; under partitioning by event time hour, minute and second are 00, so midnight
is taken for no statement of a delivery.
"""

import re
from datetime import UTC, datetime, timedelta

from reports.documents.log_files import Named

_TRAIL = re.compile(r"_CloudTrail_[a-z0-9-]+_(\d{8}T\d{4})Z_[A-Za-z0-9]+\.json(?:\.gz)?$")
_ACCESS = re.compile(r"(?:^|[/\\]|[^0-9])(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)-[0-9A-F]{16}$")
_MIDNIGHT = "-00-00-00"


def named(name: str) -> Named | None:
    """The time in a name, and the width that its digits leave open."""
    for pattern, form, width in (
        (_TRAIL, "%Y%m%dT%H%M", timedelta(minutes=1)),
        (_ACCESS, "%Y-%m-%d-%H-%M-%S", timedelta(seconds=1)),
    ):
        match = pattern.search(name)
        if match is None or (pattern is _ACCESS and match[1].endswith(_MIDNIGHT)):
            continue
        try:
            return Named(at=datetime.strptime(match[1], form).replace(tzinfo=UTC), width=width)
        except ValueError:
            return None
    return None
