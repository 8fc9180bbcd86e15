"""aws.federation: ways in for those who have no user here: pools and outside certificates.

A Cognito identity pool hands out a role's credentials to whoever signed in elsewhere, or, if it
allows unauthenticated identities, to anybody; groups of a user pool may name the role. What users
and clients of a pool hold as secrets is never asked. IAM Roles Anywhere does so for holders of
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
#: Asked of every user pool.
USERS: tuple[str, ...] = (
    "DescribeUserPool",
    "ListGroups",
    "ListIdentityProviders",
    "ListUserPoolClients",
)


def collect(cell: Cell) -> None:
    """Identity pools with their roles, user pools with their groups; Roles Anywhere."""
    account = f"account/{cell.account}"
    pools = cell.ask("cognito-identity:ListIdentityPools", account, MaxResults=PAGE)
    cell.each(pools.items("IdentityPools"), lambda pool: _pool(cell, pool))
    users = cell.ask("cognito-idp:ListUserPools", account, MaxResults=PAGE)
    cell.each(users.items("UserPools"), lambda pool: _users(cell, pool))
    for operation in ANYWHERE:
        cell.ask(f"rolesanywhere:{operation}", account)


def _pool(cell: Cell, pool: Mapping[str, Any]) -> None:
    number = pool["IdentityPoolId"]
    for operation in ("DescribeIdentityPool", "GetIdentityPoolRoles"):
        cell.ask(f"cognito-identity:{operation}", number, IdentityPoolId=number)


def _users(cell: Cell, pool: Mapping[str, Any]) -> None:
    number = pool["Id"]
    for operation in USERS:
        cell.ask(f"cognito-idp:{operation}", number, UserPoolId=number)


SPEC = SourceSpec(
    id="aws.federation",
    title="Identity pools, user pools and IAM Roles Anywhere",
    level=Level.REGION,
    operations=(
        *operations("cognito-identity", "account", "ListIdentityPools"),
        *operations(
            "cognito-identity", "identity pool", "DescribeIdentityPool", "GetIdentityPoolRoles"
        ),
        *operations("cognito-idp", "account", "ListUserPools"),
        *operations("cognito-idp", "user pool", *USERS),
        *operations("rolesanywhere", "account", *ANYWHERE),
    ),
    retention="current state only; subjects as Roles Anywhere keeps them",
    docs="https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/Welcome.html",
    collect=collect,
    tier=2,
)
