"""aws.lookup_events: the provider's 90-day look-up of management events.

A fallback, labelled as one: per Region, no data events, no digests, two requests a second. Asked
only with `--lookup-events`.
"""

from datetime import timedelta

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.model import Outcome
from collector.source import Level, SourceSpec

#: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
RETENTION = timedelta(days=90)


def collect(cell: Cell) -> None:
    """Everything the look-up still holds of the period; what it holds no more is said."""
    resource = f"account/{cell.account}"
    operation = "cloudtrail:LookupEvents"
    if not cell.run.lookup_events:
        cell.not_requested(operation, resource, "the look-up is a fallback: --lookup-events")
        return
    oldest = cell.run.started - RETENTION
    if cell.run.time_from < oldest:
        cell.record(
            operation,
            f"{resource}/before",
            Outcome.OUT_OF_RETENTION,
            "the look-up holds 90 days",
            cell.run.time_from,
            min(oldest, cell.run.time_to),
        )
    if cell.run.time_to > oldest:
        cell.ask(
            operation,
            resource,
            StartTime=max(cell.run.time_from, oldest),
            EndTime=cell.run.time_to,
        )


SPEC = SourceSpec(
    id="aws.lookup_events",
    title="CloudTrail look-up of management events (fallback)",
    level=Level.REGION,
    operations=operations("cloudtrail", "account", "LookupEvents"),
    retention="90 days",
    docs="https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html",
    collect=collect,
)
