"""aws.identity_center: permission sets, who is assigned them where, and the directory."""

from collections.abc import Mapping
from typing import Any

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec

PER_SET: tuple[str, ...] = (
    "DescribePermissionSet",
    "GetInlinePolicyForPermissionSet",
    "ListManagedPoliciesInPermissionSet",
    "ListCustomerManagedPolicyReferencesInPermissionSet",
    "GetPermissionsBoundaryForPermissionSet",
)


def collect(cell: Cell) -> None:
    """Instances seen from this account and Region, each with its sets and directory."""
    instances = cell.ask("sso-admin:ListInstances", f"account/{cell.account}")
    for instance in instances.items("Instances"):
        # Member accounts see the organization's instance too; its owner answers for it.
        if instance.get("OwnerAccountId", cell.account) == cell.account:
            _instance(cell, instance["InstanceArn"])
            _directory(cell, instance["InstanceArn"], instance["IdentityStoreId"])


def _instance(cell: Cell, arn: str) -> None:
    cell.ask("sso-admin:DescribeInstanceAccessControlAttributeConfiguration", arn, InstanceArn=arn)
    cell.ask("sso-admin:ListTrustedTokenIssuers", arn, InstanceArn=arn)
    for application in cell.ask("sso-admin:ListApplications", arn, InstanceArn=arn).items(
        "Applications"
    ):
        number = application["ApplicationArn"]
        cell.ask("sso-admin:ListApplicationAssignments", number, ApplicationArn=number)
    sets = cell.ask("sso-admin:ListPermissionSets", arn, InstanceArn=arn)
    cell.each(sets.items("PermissionSets"), lambda one: _set(cell, arn, one))


def _set(cell: Cell, instance: str, arn: str) -> None:
    names: dict[str, Any] = {"InstanceArn": instance, "PermissionSetArn": arn}
    for operation in PER_SET:
        cell.ask(f"sso-admin:{operation}", arn, **names)
    accounts = cell.ask("sso-admin:ListAccountsForProvisionedPermissionSet", arn, **names)
    for account in accounts.items("AccountIds"):
        cell.ask("sso-admin:ListAccountAssignments", f"{arn}/{account}", AccountId=account, **names)


def _directory(cell: Cell, instance: str, store: str) -> None:
    users = cell.ask("identitystore:ListUsers", store, IdentityStoreId=store)
    groups = cell.ask("identitystore:ListGroups", store, IdentityStoreId=store)

    def members(group: Mapping[str, Any]) -> None:
        number = group["GroupId"]
        cell.ask(
            "identitystore:ListGroupMemberships",
            f"{store}/{number}",
            IdentityStoreId=store,
            GroupId=number,
        )

    def assignments(kind: str, number: str) -> None:
        # What reaches a user through groups stands in no permission set's own list.
        cell.ask(
            "sso-admin:ListAccountAssignmentsForPrincipal",
            f"{instance}/{kind}/{number}",
            InstanceArn=instance,
            PrincipalId=number,
            PrincipalType=kind,
        )

    cell.each(groups.items("Groups"), members)
    cell.each(groups.items("Groups"), lambda group: assignments("GROUP", group["GroupId"]))
    cell.each(users.items("Users"), lambda user: assignments("USER", user["UserId"]))


SPEC = SourceSpec(
    id="aws.identity_center",
    title="Identity Center: permission sets, assignments, directory",
    level=Level.REGION,
    operations=(
        *operations(
            "sso-admin",
            "instance",
            "ListInstances",
            "DescribeInstanceAccessControlAttributeConfiguration",
            "ListTrustedTokenIssuers",
            "ListApplications",
            "ListPermissionSets",
        ),
        *operations("sso-admin", "principal", "ListAccountAssignmentsForPrincipal"),
        *operations("sso-admin", "application", "ListApplicationAssignments"),
        *operations(
            "sso-admin",
            "permission set",
            *PER_SET,
            "ListAccountsForProvisionedPermissionSet",
            "ListAccountAssignments",
        ),
        *operations(
            "identitystore", "directory", "ListUsers", "ListGroups", "ListGroupMemberships"
        ),
    ),
    retention="current state only",
    docs="https://docs.aws.amazon.com/singlesignon/latest/APIReference/welcome.html",
    collect=collect,
    tier=2,
)
