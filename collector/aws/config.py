"""aws.config: what the configuration recorder kept: the provider's own history of settings."""

from collections.abc import Mapping
from typing import Any

from collector.aws.cell import Answer, Cell
from collector.aws.permissions import operations
from collector.model import Outcome
from collector.source import Level, SourceSpec

SETTINGS: tuple[str, ...] = (
    "DescribeConfigurationRecorders",
    "DescribeConfigurationRecorderStatus",
    "DescribeDeliveryChannels",
    "DescribeDeliveryChannelStatus",
    "DescribeRetentionConfigurations",
    "DescribeConfigurationAggregators",
    "DescribeAggregationAuthorizations",
)
BATCH = 100  # the provider's limit of one BatchGetResourceConfig

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


#: The last recorded configuration of those kinds; aggregators hold it of other accounts too.
QUERY = (
    "SELECT accountId, awsRegion, resourceType, resourceId, resourceName, arn, tags, "
    "configurationItemCaptureTime, configuration, supplementaryConfiguration "
    f"WHERE resourceType IN ({', '.join(repr(kind) for kind in RESOURCE_TYPES)})"
)


def collect(cell: Cell) -> None:
    """Recorders and their state, then the history of each resource, deleted ones too."""
    account = f"account/{cell.account}"
    answers = {name: cell.ask(f"config:{name}", account) for name in SETTINGS}
    _aggregators(cell, answers["DescribeConfigurationAggregators"])
    if not answers["DescribeConfigurationRecorders"].items("ConfigurationRecorders"):
        recorders = answers["DescribeConfigurationRecorders"].outcome
        cell.not_requested(
            "config:GetResourceConfigHistory",
            account,
            f"no recorder is known in this Region (recorders: {recorders})",
        )
        return
    cell.ask("config:SelectResourceConfig", account, Expression=QUERY)
    for kind in RESOURCE_TYPES:
        listed = cell.ask(
            "config:ListDiscoveredResources",
            f"{account}/{kind}",
            resourceType=kind,
            includeDeletedResources=True,
        )
        identifiers = listed.items("resourceIdentifiers")
        _current(cell, kind, [one["resourceId"] for one in identifiers])
        cell.each(identifiers, lambda found: _history(cell, found))


def _aggregators(cell: Cell, answer: Answer) -> None:
    """What each aggregator gathers, from where, and since when not."""
    for aggregator in answer.items("ConfigurationAggregators"):
        name = aggregator["ConfigurationAggregatorName"]
        resource = aggregator.get("ConfigurationAggregatorArn", name)
        named = {"ConfigurationAggregatorName": name}
        cell.ask("config:DescribeConfigurationAggregatorSourcesStatus", resource, **named)
        cell.ask("config:SelectAggregateResourceConfig", resource, Expression=QUERY, **named)


def _current(cell: Cell, kind: str, numbers: list[str]) -> None:
    """The last configuration that was recorded of each; what comes back unread is a gap."""
    for start in range(0, len(numbers), BATCH):
        keys = [{"resourceType": kind, "resourceId": one} for one in numbers[start:][:BATCH]]
        operation = "config:BatchGetResourceConfig"
        answer = cell.ask(operation, f"{kind}/{start}", resourceKeys=keys)
        for left in answer.items("unprocessedResourceKeys"):
            cell.record(
                operation,
                f"{kind}/{left['resourceId']}",
                Outcome.FAILED,
                "the provider left it unprocessed",
            )


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
        *operations("config", "account", *SETTINGS, "SelectResourceConfig"),
        *operations(
            "config",
            "aggregator",
            "DescribeConfigurationAggregatorSourcesStatus",
            "SelectAggregateResourceConfig",
        ),
        *operations(
            "config",
            "resource",
            "ListDiscoveredResources",
            "GetResourceConfigHistory",
            "BatchGetResourceConfig",
        ),
    ),
    retention="as DescribeRetentionConfigurations says, seven years where nothing is set",
    docs="https://docs.aws.amazon.com/config/latest/APIReference/Welcome.html",
    collect=collect,
)
