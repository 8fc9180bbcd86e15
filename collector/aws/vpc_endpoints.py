"""aws.vpc_endpoints: endpoint policies, a gate that only private traffic meets."""

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec


def collect(cell: Cell) -> None:
    """All endpoints of the Region, with their policies."""
    cell.ask("ec2:DescribeVpcEndpoints", f"account/{cell.account}")


SPEC = SourceSpec(
    id="aws.vpc_endpoints",
    title="VPC endpoints and their policies",
    level=Level.REGION,
    operations=operations("ec2", "account", "DescribeVpcEndpoints"),
    retention="current state only",
    docs="https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html",
    collect=collect,
)
