"""aws.cloudtrail: what is logged, where it goes, whether it runs, and the keys that sign it.

A shadow trail (another Region's, or the organization's) is described in every Region; each trail
is asked once, in its home Region. Public keys are archived per Region: without them the digests
cannot be checked a year from now.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec

#: Keys are asked for up to two hours past the last digest (evidence.md), a margin for digests
#: that were signed late.
KEY_MARGIN = timedelta(hours=2)


def collect(cell: Cell) -> None:
    """Trails, event data stores, channels and public keys of one Region."""
    account = f"account/{cell.account}"
    trails = cell.ask("cloudtrail:DescribeTrails", account, includeShadowTrails=True)
    cell.each(trails.items("trailList"), lambda trail: _trail(cell, trail))
    stores = cell.ask("cloudtrail:ListEventDataStores", account)
    for store in stores.items("EventDataStores"):
        arn = store["EventDataStoreArn"]
        cell.ask("cloudtrail:GetEventDataStore", arn, EventDataStore=arn)
        cell.ask("cloudtrail:GetResourcePolicy", arn, ResourceArn=arn)
    channels = cell.ask("cloudtrail:ListChannels", account)
    for channel in channels.items("Channels"):
        arn = channel["ChannelArn"]
        cell.ask("cloudtrail:GetChannel", arn, Channel=arn)
        cell.ask("cloudtrail:GetResourcePolicy", arn, ResourceArn=arn)
    cell.ask(
        "cloudtrail:ListPublicKeys",
        account,
        StartTime=cell.run.time_from,
        EndTime=cell.run.time_to + KEY_MARGIN,
    )


def _trail(cell: Cell, trail: Mapping[str, Any]) -> None:
    arn = trail["TrailARN"]
    cell.found.trail(
        bucket=trail["S3BucketName"],
        prefix=trail.get("S3KeyPrefix", ""),
        account=arn.split(":")[4],
        organization=trail.get("IsOrganizationTrail", False),
    )
    if trail.get("HomeRegion", cell.region) != cell.region:
        return
    cell.ask("cloudtrail:GetTrail", arn, Name=arn)
    cell.ask("cloudtrail:GetTrailStatus", arn, Name=arn)
    for operation in ("GetEventSelectors", "GetInsightSelectors", "GetEventConfiguration"):
        cell.ask(f"cloudtrail:{operation}", arn, TrailName=arn)
    cell.ask("cloudtrail:ListTags", arn, ResourceIdList=[arn])


SPEC = SourceSpec(
    id="aws.cloudtrail",
    title="Trails, selectors, status, event data stores, public keys",
    level=Level.REGION,
    operations=(
        *operations(
            "cloudtrail",
            "account",
            "DescribeTrails",
            "ListEventDataStores",
            "ListChannels",
            "ListPublicKeys",
        ),
        *operations(
            "cloudtrail",
            "trail",
            "GetTrail",
            "GetTrailStatus",
            "GetEventSelectors",
            "GetInsightSelectors",
            "GetEventConfiguration",
            "ListTags",
        ),
        *operations("cloudtrail", "event data store", "GetEventDataStore", "GetResourcePolicy"),
        *operations("cloudtrail", "channel", "GetChannel"),
    ),
    retention="current state; public keys of past periods as the provider keeps them",
    docs="https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/Welcome.html",
    collect=collect,
)
