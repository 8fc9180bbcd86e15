"""aws.s3_bucket: every setting of every bucket that bears on who can read what is in it.

One question a setting, each to the bucket's own Region and with the expected owner, so that an
answer can never be about a bucket that somebody else has taken over.
"""

from collections.abc import Mapping
from typing import Any

from collector.aws.cell import Answer, Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec

#: Asked of every bucket, the ones that decide access first.
SETTINGS: tuple[str, ...] = (
    "GetBucketPolicy",
    "GetBucketPolicyStatus",
    "GetBucketAcl",
    "GetBucketOwnershipControls",
    "GetPublicAccessBlock",
    "GetBucketAbac",
    "GetBucketTagging",
    "GetBucketWebsite",
    "GetBucketCors",
    "GetBucketReplication",
    "GetBucketLogging",
    "GetBucketVersioning",
    "GetBucketEncryption",
    "GetObjectLockConfiguration",
    "GetBucketLifecycleConfiguration",
    "GetBucketNotificationConfiguration",
    "GetBucketRequestPayment",
    "GetBucketAccelerateConfiguration",
    "GetBucketMetadataConfiguration",
    "GetBucketMetadataTableConfiguration",
    "ListBucketInventoryConfigurations",
    "ListBucketAnalyticsConfigurations",
    "ListBucketMetricsConfigurations",
    "ListBucketIntelligentTieringConfigurations",
    "ListMultipartUploads",
)

#: Buckets created before Regions had names.
#: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
LOCATIONS: dict[str, str] = {"": "us-east-1", "EU": "eu-west-1"}

PAGE = 1000  # without a page size the provider refuses accounts of more than 10,000 buckets


def collect(cell: Cell) -> None:
    """List the account's buckets, then ask every setting of each."""
    listing = cell.ask("s3:ListBuckets", f"account/{cell.account}", MaxBuckets=PAGE)
    cell.each(listing.items("Buckets"), lambda bucket: about(cell, bucket))


def about(
    cell: Cell, listed: Mapping[str, Any], *, owner: str | None = None, head: Answer | None = None
) -> None:
    """Every setting of one bucket.

    Args:
        cell: of the account that asks.
        listed: `Name`, and `BucketRegion` where it is known.
        owner: the bucket's account, if another than the cell's.
        head: the answer of HeadBucket, if it was asked.
    """
    name = listed["Name"]
    arn = f"arn:{cell.partition}:s3:::{name}"
    region = listed.get("BucketRegion")
    location = cell.ask("s3:GetBucketLocation", arn, owner=owner, Bucket=name)
    if location.observed:
        constraint = location.get("LocationConstraint") or ""
        region = LOCATIONS.get(constraint, constraint)
    # HeadBucket names the Region even where GetBucketLocation is denied.
    head = head or cell.ask("s3:HeadBucket", arn, region=region, owner=owner, Bucket=name)
    region = region or head.get("BucketRegion") or cell.region
    cell.found.bucket(name, owner or cell.account, region)
    for setting in SETTINGS:
        answer = cell.ask(f"s3:{setting}", arn, region=region, owner=owner, Bucket=name)
        if setting == "GetBucketOwnershipControls":
            rules = (answer.get("OwnershipControls") or {}).get("Rules", ())
            cell.found.ownership(name, answer.outcome, [rule["ObjectOwnership"] for rule in rules])
        if setting == "GetObjectLockConfiguration":
            cell.found.object_lock(name, answer.outcome)
        if setting == "GetBucketLogging" and (target := answer.get("LoggingEnabled")):
            cell.found.access_log(name, target["TargetBucket"], target.get("TargetPrefix", ""))


SPEC = SourceSpec(
    id="aws.s3_bucket",
    title="Settings of every bucket",
    level=Level.ACCOUNT,
    operations=(
        *operations("s3", "account", "ListBuckets"),
        *operations("s3", "bucket", "GetBucketLocation", "HeadBucket", *SETTINGS),
    ),
    retention="current state only",
    docs="https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html",
    collect=collect,
)
