"""aws.cloudfront: distributions that read buckets for whoever asks them.

A bucket whose policy admits an origin access control or identity is read by everybody whom the
distribution serves: the bucket's own settings say nothing of those. Key groups and public keys say
whose signed URLs a distribution honors. Origins may carry header values that a bucket policy
compares; they are kept as the provider answers them.
"""

from collections.abc import Mapping
from typing import Any

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec

#: Listings that hold what they list whole.
WHOLE: tuple[str, ...] = (
    "ListOriginAccessControls",
    "ListCloudFrontOriginAccessIdentities",
    "ListKeyGroups",
    "ListPublicKeys",
)


def collect(cell: Cell) -> None:
    """Ways of origin access and keys, then every distribution with its whole configuration."""
    account = f"account/{cell.account}"
    for operation in WHOLE:
        cell.ask(f"cloudfront:{operation}", account)

    def about(listed: Mapping[str, Any]) -> None:
        cell.ask("cloudfront:GetDistribution", listed["ARN"], Id=listed["Id"])

    distributions = cell.ask("cloudfront:ListDistributions", account)
    cell.each(distributions.items("DistributionList.Items"), about)


SPEC = SourceSpec(
    id="aws.cloudfront",
    title="CloudFront distributions and their access to origins",
    level=Level.ACCOUNT,
    operations=(
        *operations("cloudfront", "account", "ListDistributions", *WHOLE),
        *operations("cloudfront", "distribution", "GetDistribution"),
    ),
    retention="current state only",
    docs="https://docs.aws.amazon.com/cloudfront/latest/APIReference/Welcome.html",
    collect=collect,
    tier=2,
)
