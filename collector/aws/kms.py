"""aws.kms: keys, their policies and grants: the second lock on an encrypted object."""

from collections.abc import Mapping
from typing import Any

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec

PER_KEY: tuple[str, ...] = (
    "DescribeKey",
    "ListGrants",
    "GetKeyRotationStatus",
    "ListKeyRotations",
    "GetKeyLastUsage",
    "ListResourceTags",
)


def collect(cell: Cell) -> None:
    """Keys and aliases of the Region, then each key's policies, grants and history."""
    account = f"account/{cell.account}"
    cell.ask("kms:ListAliases", account)
    keys = cell.ask("kms:ListKeys", account)
    cell.each(keys.items("Keys"), lambda key: _key(cell, key))
    root = f"arn:{cell.partition}:iam::{cell.account}:root"
    cell.ask("kms:ListRetirableGrants", root, RetiringPrincipal=root)


def _key(cell: Cell, key: Mapping[str, Any]) -> None:
    arn = key["KeyArn"]
    for operation in PER_KEY:
        cell.ask(f"kms:{operation}", arn, KeyId=key["KeyId"])
    policies = cell.ask("kms:ListKeyPolicies", arn, KeyId=key["KeyId"])
    # "default" is the only name the provider has; asked even where the list is denied.
    for name in policies.items("PolicyNames") or ("default",):
        cell.ask("kms:GetKeyPolicy", f"{arn}/{name}", KeyId=key["KeyId"], PolicyName=name)


SPEC = SourceSpec(
    id="aws.kms",
    title="KMS keys, key policies and grants",
    level=Level.REGION,
    operations=(
        *operations("kms", "account", "ListKeys", "ListAliases", "ListRetirableGrants"),
        *operations("kms", "key", *PER_KEY, "ListKeyPolicies", "GetKeyPolicy"),
    ),
    retention="current state only; rotations as the provider lists them",
    docs="https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html",
    collect=collect,
)
