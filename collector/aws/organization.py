"""aws.organization: the tree of accounts and the policies that bound all of them.

Asked with the caller's own credentials: only the management account, or a delegated
administrator, is answered. Elsewhere the denials are the observation.
"""

from collections.abc import Iterator

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec

#: Types that bear on access to data. SERVICE_CONTROL_POLICY and RESOURCE_CONTROL_POLICY have no
#: "effective policy" at the provider: they are evaluated level by level.
POLICY_TYPES: tuple[str, ...] = (
    "SERVICE_CONTROL_POLICY",
    "RESOURCE_CONTROL_POLICY",
    "S3_POLICY",
    "DECLARATIVE_POLICY_EC2",
)
EFFECTIVE_TYPES: tuple[str, ...] = ("S3_POLICY", "DECLARATIVE_POLICY_EC2")


def collect(cell: Cell) -> None:
    """Organization, then roots and units downward, then policies, then delegation."""
    cell.ask("organizations:DescribeOrganization", "organization")
    targets = tuple(_tree(cell))
    policies: dict[str, None] = {}
    for kind in POLICY_TYPES:
        answer = cell.ask("organizations:ListPolicies", f"organization/{kind}", Filter=kind)
        policies |= {policy["Id"]: None for policy in answer.items("Policies")}

    def about_policy(policy: str) -> None:
        cell.ask("organizations:DescribePolicy", policy, PolicyId=policy)
        cell.ask("organizations:ListTargetsForPolicy", policy, PolicyId=policy)

    def about_target(target: str) -> None:
        for kind in POLICY_TYPES:
            cell.ask(
                "organizations:ListPoliciesForTarget",
                f"{target}/{kind}",
                TargetId=target,
                Filter=kind,
            )
        cell.ask("organizations:ListTagsForResource", target, ResourceId=target)
        if target.isdigit():
            _account(cell, target)

    cell.each(policies, about_policy)
    cell.each(targets, about_target)
    _delegation(cell)


def _tree(cell: Cell) -> Iterator[str]:
    """Ids of roots, units and accounts, parents first."""
    roots = cell.ask("organizations:ListRoots", "organization")
    waiting = [root["Id"] for root in roots.items("Roots")]
    while waiting:
        parent = waiting.pop(0)
        yield parent
        units = cell.ask("organizations:ListOrganizationalUnitsForParent", parent, ParentId=parent)
        waiting += [unit["Id"] for unit in units.items("OrganizationalUnits")]
        accounts = cell.ask("organizations:ListAccountsForParent", parent, ParentId=parent)
        yield from (account["Id"] for account in accounts.items("Accounts"))


def _account(cell: Cell, account: str) -> None:
    cell.ask("organizations:DescribeAccount", account, AccountId=account)
    cell.ask("organizations:ListParents", account, ChildId=account)
    for kind in EFFECTIVE_TYPES:
        cell.ask(
            "organizations:DescribeEffectivePolicy",
            f"{account}/{kind}",
            PolicyType=kind,
            TargetId=account,
        )


def _delegation(cell: Cell) -> None:
    cell.ask("organizations:DescribeResourcePolicy", "organization")
    cell.ask("organizations:ListAWSServiceAccessForOrganization", "organization")
    admins = cell.ask("organizations:ListDelegatedAdministrators", "organization")
    for admin in admins.items("DelegatedAdministrators"):
        cell.ask(
            "organizations:ListDelegatedServicesForAccount", admin["Id"], AccountId=admin["Id"]
        )


SPEC = SourceSpec(
    id="aws.organization",
    title="Organization, units, service and resource control policies",
    level=Level.RUN,
    operations=(
        *operations(
            "organizations",
            "organization",
            "DescribeOrganization",
            "ListAccounts",
            "ListRoots",
            "ListOrganizationalUnitsForParent",
            "ListAccountsForParent",
            "ListParents",
            "DescribeAccount",
            "ListPolicies",
            "DescribePolicy",
            "ListPoliciesForTarget",
            "ListTargetsForPolicy",
            "DescribeEffectivePolicy",
            "DescribeResourcePolicy",
            "ListDelegatedAdministrators",
            "ListDelegatedServicesForAccount",
            "ListAWSServiceAccessForOrganization",
            "ListTagsForResource",
        ),
    ),
    retention="current state only",
    docs="https://docs.aws.amazon.com/organizations/latest/APIReference/Welcome.html",
    collect=collect,
)
