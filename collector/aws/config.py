"""aws.config: what the configuration recorder kept: the provider's own history of settings."""

from collections.abc import Mapping
from typing import Any

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec

SETTINGS: tuple[str, ...] = (
    "DescribeConfigurationRecorders",
    "DescribeConfigurationRecorderStatus",
    "DescribeDeliveryChannels",
    "DescribeDeliveryChannelStatus",
    "DescribeRetentionConfigurations",
    "DescribeConfigurationAggregators",
)

#: Kinds of resource whose history bears on access to stored data.
RESOURCE_TYPES: tuple[str, ...] = (
    "AWS::S3::AccountPublicAccessBlock",
    "AWS::S3::Bucket",
    "AWS::S3::AccessPoint",
    "AWS::S3::MultiRegionAccessPoint",
    "AWS::IAM::Group",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::User",
    "AWS::KMS::Key",
    "AWS::CloudTrail::Trail",
    "AWS::EC2::VPCEndpoint",
)


def collect(cell: Cell) -> None:
    """Recorders and their state, then the history of each resource, deleted ones too."""
    account = f"account/{cell.account}"
    answers = {name: cell.ask(f"config:{name}", account) for name in SETTINGS}
    if not answers["DescribeConfigurationRecorders"].items("ConfigurationRecorders"):
        recorders = answers["DescribeConfigurationRecorders"].outcome
        cell.not_requested(
            "config:GetResourceConfigHistory",
            account,
            f"no recorder is known in this Region (recorders: {recorders})",
        )
        return
    for kind in RESOURCE_TYPES:
        listed = cell.ask(
            "config:ListDiscoveredResources",
            f"{account}/{kind}",
            resourceType=kind,
            includeDeletedResources=True,
        )
        cell.each(listed.items("resourceIdentifiers"), lambda found: _history(cell, found))


def _history(cell: Cell, found: Mapping[str, Any]) -> None:
    kind, number = found["resourceType"], found["resourceId"]
    cell.ask(
        "config:GetResourceConfigHistory",
        f"{kind}/{number}",
        resourceType=kind,
        resourceId=number,
        earlierTime=cell.run.time_from,
        laterTime=cell.run.time_to,
        chronologicalOrder="Forward",
    )
    # The state that held when the period began was recorded before it.
    cell.ask(
        "config:GetResourceConfigHistory",
        f"{kind}/{number}/before",
        first_page_only="the last item before the period is on the first page",
        resourceType=kind,
        resourceId=number,
        laterTime=cell.run.time_from,
        chronologicalOrder="Reverse",
        limit=1,
    )


SPEC = SourceSpec(
    id="aws.config",
    title="Config recorders and the history of resources",
    level=Level.REGION,
    operations=(
        *operations("config", "account", *SETTINGS),
        *operations("config", "resource", "ListDiscoveredResources", "GetResourceConfigHistory"),
    ),
    retention="as DescribeRetentionConfigurations says, seven years where nothing is set",
    docs="https://docs.aws.amazon.com/config/latest/APIReference/Welcome.html",
    collect=collect,
)
