"""aws.federation: ways in for those who have no user here: identity pools and outside certificates.

A Cognito identity pool hands out a role's credentials to whoever signed in elsewhere, or, if it
allows unauthenticated identities, to anybody. IAM Roles Anywhere does so for holders of
certificates that a trust anchor signed; its subjects say which certificates came, and when.
"""

from collections.abc import Mapping
from typing import Any

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec

PAGE = 60  # the provider requires a page size, and this is its largest

#: Listings that hold what they list whole.
ANYWHERE: tuple[str, ...] = ("ListTrustAnchors", "ListProfiles", "ListCrls", "ListSubjects")


def collect(cell: Cell) -> None:
    """Identity pools with their roles; trust anchors, profiles, revocation lists, subjects."""
    account = f"account/{cell.account}"
    pools = cell.ask("cognito-identity:ListIdentityPools", account, MaxResults=PAGE)
    cell.each(pools.items("IdentityPools"), lambda pool: _pool(cell, pool))
    for operation in ANYWHERE:
        cell.ask(f"rolesanywhere:{operation}", account)


def _pool(cell: Cell, pool: Mapping[str, Any]) -> None:
    number = pool["IdentityPoolId"]
    for operation in ("DescribeIdentityPool", "GetIdentityPoolRoles"):
        cell.ask(f"cognito-identity:{operation}", number, IdentityPoolId=number)


SPEC = SourceSpec(
    id="aws.federation",
    title="Identity pools and IAM Roles Anywhere",
    level=Level.REGION,
    operations=(
        *operations("cognito-identity", "account", "ListIdentityPools"),
        *operations(
            "cognito-identity", "identity pool", "DescribeIdentityPool", "GetIdentityPoolRoles"
        ),
        *operations("rolesanywhere", "account", *ANYWHERE),
    ),
    retention="current state only; subjects as Roles Anywhere keeps them",
    docs="https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/Welcome.html",
    collect=collect,
    tier=2,
)
