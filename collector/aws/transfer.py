"""aws.transfer: file transfer servers, a way into buckets that needs no request signed by a user.

Each user and each directory group of a server has a role and, it may be, a session policy and a
mapping of folders to buckets, which stand nowhere else.
"""

from collections.abc import Mapping
from typing import Any

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec


def collect(cell: Cell) -> None:
    """Servers of the Region, each with its users and the groups that may enter."""
    servers = cell.ask("transfer:ListServers", f"account/{cell.account}")
    cell.each(servers.items("Servers"), lambda server: _server(cell, server))


def _server(cell: Cell, server: Mapping[str, Any]) -> None:
    number, arn = server["ServerId"], server["Arn"]
    cell.ask("transfer:DescribeServer", arn, ServerId=number)
    for user in cell.ask("transfer:ListUsers", arn, ServerId=number).items("Users"):
        name = user["UserName"]
        cell.ask("transfer:DescribeUser", f"{arn}/{name}", ServerId=number, UserName=name)
    for access in cell.ask("transfer:ListAccesses", arn, ServerId=number).items("Accesses"):
        group = access["ExternalId"]
        cell.ask("transfer:DescribeAccess", f"{arn}/{group}", ServerId=number, ExternalId=group)


SPEC = SourceSpec(
    id="aws.transfer",
    title="File transfer servers, their users and groups",
    level=Level.REGION,
    operations=(
        *operations("transfer", "account", "ListServers"),
        *operations("transfer", "server", "DescribeServer", "ListUsers", "ListAccesses"),
        *operations("transfer", "user", "DescribeUser", "DescribeAccess"),
    ),
    retention="current state only",
    docs="https://docs.aws.amazon.com/transfer/latest/APIReference/Welcome.html",
    collect=collect,
    tier=2,
)
