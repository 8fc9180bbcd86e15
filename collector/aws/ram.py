"""aws.ram: resources shared to and from other accounts."""

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec


def collect(cell: Cell) -> None:
    """Shares in both directions, what they hold, with whom, under which permissions."""
    account = f"account/{cell.account}"
    for owner in ("SELF", "OTHER-ACCOUNTS"):
        for operation in ("GetResourceShares", "ListPrincipals"):
            cell.ask(f"ram:{operation}", f"{account}/{owner}", resourceOwner=owner)
        resources = cell.ask("ram:ListResources", f"{account}/{owner}", resourceOwner=owner)
        for resource in resources.items("resources"):
            arn = resource["arn"]
            cell.ask("ram:GetResourcePolicies", arn, resourceArns=[arn])
    for kind in ("PRINCIPAL", "RESOURCE"):
        cell.ask("ram:GetResourceShareAssociations", f"{account}/{kind}", associationType=kind)
    permissions = cell.ask("ram:ListPermissions", account)
    for permission in permissions.items("permissions"):
        # The provider's own permissions are the same for everybody.
        if permission.get("permissionType") == "CUSTOMER_MANAGED":
            cell.ask("ram:GetPermission", permission["arn"], permissionArn=permission["arn"])


SPEC = SourceSpec(
    id="aws.ram",
    title="Resources shared with other accounts",
    level=Level.REGION,
    operations=(
        *operations(
            "ram",
            "account",
            "GetResourceShares",
            "GetResourceShareAssociations",
            "ListResources",
            "ListPrincipals",
            "ListPermissions",
        ),
        *operations("ram", "resource", "GetResourcePolicies"),
        *operations("ram", "permission", "GetPermission"),
    ),
    retention="current state only",
    docs="https://docs.aws.amazon.com/ram/latest/APIReference/Welcome.html",
    collect=collect,
    tier=2,
)
