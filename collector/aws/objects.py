"""aws.objects: versions, ACLs and tags of the objects that `--objects` puts in scope.

Never the content. An ACL per version decides only where object ownership is not
BucketOwnerEnforced; where that is known, ACLs are NOT_REQUESTED and say why. HeadObject and
GetObjectAttributes need the permission to read content: only with `--object-metadata`.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Condition, Level, SourceSpec

METADATA: tuple[str, ...] = ("HeadObject", "GetObjectAttributes")
LOCKS: tuple[str, ...] = ("GetObjectRetention", "GetObjectLegalHold")
ATTRIBUTES: tuple[str, ...] = ("ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize")


def collect(cell: Cell) -> None:
    """For each bucket/prefix in scope that this account owns: list versions, ask about each."""
    scoped = [place for place in cell.run.objects if cell.found.owner(place.bucket) == cell.account]
    if not scoped:
        cell.not_requested(
            "s3:ListObjectVersions", f"account/{cell.account}", "no --objects in this account"
        )
    for place in scoped:
        bucket, prefix = place.bucket, place.prefix
        arn = f"arn:{cell.partition}:s3:::{bucket}"
        region = cell.found.region(bucket)
        enforced = cell.found.owner_enforced(bucket)
        if enforced:
            cell.not_requested(
                "s3:GetObjectAcl", f"{arn}/{prefix}*", "ownership is BucketOwnerEnforced"
            )
        pages = cell.pages(
            "s3:ListObjectVersions", f"{arn}/{prefix}*", region=region, Bucket=bucket, Prefix=prefix
        )
        about = partial(_version, cell, bucket, enforced)
        for page in pages:
            cell.each(page.get("Versions", ()), about)


def _version(cell: Cell, bucket: str, enforced: bool, version: Mapping[str, Any]) -> None:
    key, number = version["Key"], version["VersionId"]
    names = ["GetObjectTagging"] if enforced else ["GetObjectAcl", "GetObjectTagging"]
    names += LOCKS if cell.found.may_be_locked(bucket) else ()
    names += METADATA if cell.run.object_metadata else ()
    for name in names:
        params: dict[str, Any] = {"Bucket": bucket, "Key": key, "VersionId": number}
        if name == "GetObjectAttributes":
            params["ObjectAttributes"] = list(ATTRIBUTES)
        cell.ask(
            f"s3:{name}",
            f"arn:{cell.partition}:s3:::{bucket}/{key}?versionId={number}",
            region=cell.found.region(bucket),
            **params,
        )


SPEC = SourceSpec(
    id="aws.objects",
    title="Objects in scope: versions, ACLs, tags",
    level=Level.ACCOUNT,
    operations=(
        *operations(
            "s3",
            "object",
            "ListObjectVersions",
            "GetObjectAcl",
            "GetObjectTagging",
            *LOCKS,
            condition=Condition.OBJECTS_IN_SCOPE,
        ),
        *operations("s3", "object", *METADATA, condition=Condition.OBJECT_METADATA),
    ),
    retention="versions as the bucket keeps them",
    docs="https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html",
    collect=collect,
)
