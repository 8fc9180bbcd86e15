"""aws.s3_account: what stands between an account's buckets and the world above the bucket.

Access points, multi-Region and Object Lambda access points, Access Grants and the account's
Block Public Access. `s3control` names the account in every request.
"""

from collections.abc import Mapping
from typing import Any

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Condition, Level, SourceSpec

#: Multi-Region access points are answered by one Region alone.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiRegionAccessPointRestrictions.html
MULTI_REGION_HOME = "us-west-2"


def collect(cell: Cell) -> None:
    """Account settings in one Region, access points and grants in each."""
    account = cell.account
    if cell.first:
        cell.ask("s3control:GetPublicAccessBlock", f"account/{account}", AccountId=account)
        _multi_region(cell)
    _access_points(cell)
    _object_lambda(cell)
    _access_grants(cell)
    jobs = cell.ask("s3control:ListJobs", f"account/{account}", AccountId=account)
    for job in jobs.items("Jobs"):
        cell.ask("s3control:DescribeJob", job["JobId"], AccountId=account, JobId=job["JobId"])
    _in_use(cell)


def _access_points(cell: Cell) -> None:
    account = cell.account
    answer = cell.ask("s3control:ListAccessPoints", f"account/{account}", AccountId=account)

    def about(point: Mapping[str, Any]) -> None:
        name = point["Name"]
        for operation in ("GetAccessPoint", "GetAccessPointPolicy", "GetAccessPointPolicyStatus"):
            cell.ask(
                f"s3control:{operation}",
                point.get("AccessPointArn", name),
                AccountId=account,
                Name=name,
            )

    cell.each(answer.items("AccessPointList"), about)
    express = cell.ask(
        "s3control:ListAccessPointsForDirectoryBuckets", f"account/{account}", AccountId=account
    )
    for point in express.items("AccessPointList"):
        about(point)
        cell.ask(
            "s3control:GetAccessPointScope",
            point.get("AccessPointArn", point["Name"]),
            AccountId=account,
            Name=point["Name"],
        )


def _object_lambda(cell: Cell) -> None:
    account = cell.account
    answer = cell.ask(
        "s3control:ListAccessPointsForObjectLambda", f"account/{account}", AccountId=account
    )
    for point in answer.items("ObjectLambdaAccessPointList"):
        for operation in (
            "GetAccessPointForObjectLambda",
            "GetAccessPointConfigurationForObjectLambda",
            "GetAccessPointPolicyForObjectLambda",
            "GetAccessPointPolicyStatusForObjectLambda",
        ):
            cell.ask(
                f"s3control:{operation}",
                point.get("ObjectLambdaAccessPointArn", point["Name"]),
                AccountId=account,
                Name=point["Name"],
            )


def _multi_region(cell: Cell) -> None:
    if cell.partition != "aws":
        return  # other partitions do not have them
    account = cell.account
    answer = cell.ask(
        "s3control:ListMultiRegionAccessPoints",
        f"account/{account}",
        region=MULTI_REGION_HOME,
        AccountId=account,
    )
    for point in answer.items("AccessPoints"):
        arn = f"arn:{cell.partition}:s3::{account}:accesspoint/{point.get('Alias', point['Name'])}"
        for operation in (
            "GetMultiRegionAccessPoint",
            "GetMultiRegionAccessPointPolicy",
            "GetMultiRegionAccessPointPolicyStatus",
        ):
            cell.ask(
                f"s3control:{operation}",
                arn,
                region=MULTI_REGION_HOME,
                AccountId=account,
                Name=point["Name"],
            )
        cell.ask(
            "s3control:GetMultiRegionAccessPointRoutes",
            arn,
            region=MULTI_REGION_HOME,
            AccountId=account,
            Mrap=arn,
        )


def _access_grants(cell: Cell) -> None:
    account = cell.account
    instances = cell.ask(
        "s3control:ListAccessGrantsInstances", f"account/{account}", AccountId=account
    )
    for instance in instances.items("AccessGrantsInstancesList"):
        arn = instance["AccessGrantsInstanceArn"]
        cell.ask("s3control:GetAccessGrantsInstance", arn, AccountId=account)
        cell.ask("s3control:GetAccessGrantsInstanceResourcePolicy", arn, AccountId=account)
        places = cell.ask("s3control:ListAccessGrantsLocations", arn, AccountId=account)
        for place in places.items("AccessGrantsLocationsList"):
            cell.ask(
                "s3control:GetAccessGrantsLocation",
                place["AccessGrantsLocationArn"],
                AccountId=account,
                AccessGrantsLocationId=place["AccessGrantsLocationId"],
            )
        grants = cell.ask("s3control:ListAccessGrants", arn, AccountId=account)
        for grant in grants.items("AccessGrantsList"):
            cell.ask(
                "s3control:GetAccessGrant",
                grant["AccessGrantArn"],
                AccountId=account,
                AccessGrantId=grant["AccessGrantId"],
            )


def _in_use(cell: Cell) -> None:
    """Tier 3: asked only when asked for, else each is an observation NOT_REQUESTED."""
    account = cell.account
    if cell.run.tier < 3:
        for operation in SPEC.operations:
            if operation.condition is Condition.IN_USE and operation.name.startswith("List"):
                cell.not_requested(operation.id, f"account/{account}", "tier 3 was not asked for")
        return
    cell.ask("s3:ListDirectoryBuckets", f"account/{account}")
    lenses = cell.ask(
        "s3control:ListStorageLensConfigurations", f"account/{account}", AccountId=account
    )
    for lens in lenses.items("StorageLensConfigurationList"):
        cell.ask(
            "s3control:GetStorageLensConfiguration",
            lens["StorageLensArn"],
            AccountId=account,
            ConfigId=lens["Id"],
        )
    outposts = cell.ask("s3control:ListRegionalBuckets", f"account/{account}", AccountId=account)
    for bucket in outposts.items("RegionalBucketList"):
        arn = bucket["BucketArn"]
        for name in ("GetBucket", "GetBucketPolicy"):
            cell.ask(f"s3control:{name}", arn, AccountId=account, Bucket=arn)
    tables = cell.ask("s3tables:ListTableBuckets", f"account/{account}")
    for bucket in tables.items("tableBuckets"):
        arn = bucket["arn"]
        cell.ask("s3tables:GetTableBucketPolicy", arn, tableBucketARN=arn)
        cell.ask("s3tables:GetTableBucketEncryption", arn, tableBucketARN=arn)
        for table in cell.ask("s3tables:ListTables", arn, tableBucketARN=arn).items("tables"):
            cell.ask(
                "s3tables:GetTablePolicy",
                table["tableARN"],
                tableBucketARN=arn,
                namespace=table["namespace"][0],
                name=table["name"],
            )


SPEC = SourceSpec(
    id="aws.s3_account",
    title="S3 account settings, access points, Access Grants",
    level=Level.REGION,
    operations=(
        *operations("s3control", "account", "GetPublicAccessBlock", "ListJobs", "DescribeJob"),
        *operations(
            "s3control",
            "access point",
            "ListAccessPoints",
            "GetAccessPoint",
            "GetAccessPointPolicy",
            "GetAccessPointPolicyStatus",
            "GetAccessPointScope",
            "ListAccessPointsForDirectoryBuckets",
            "ListAccessPointsForObjectLambda",
            "GetAccessPointForObjectLambda",
            "GetAccessPointConfigurationForObjectLambda",
            "GetAccessPointPolicyForObjectLambda",
            "GetAccessPointPolicyStatusForObjectLambda",
            "ListMultiRegionAccessPoints",
            "GetMultiRegionAccessPoint",
            "GetMultiRegionAccessPointPolicy",
            "GetMultiRegionAccessPointPolicyStatus",
            "GetMultiRegionAccessPointRoutes",
        ),
        *operations(
            "s3control",
            "access grants instance",
            "ListAccessGrantsInstances",
            "GetAccessGrantsInstance",
            "GetAccessGrantsInstanceResourcePolicy",
            "ListAccessGrantsLocations",
            "GetAccessGrantsLocation",
            "ListAccessGrants",
            "GetAccessGrant",
        ),
        *operations(
            "s3control",
            "storage lens configuration",
            "ListStorageLensConfigurations",
            "GetStorageLensConfiguration",
            condition=Condition.IN_USE,
        ),
        *operations("s3", "account", "ListDirectoryBuckets", condition=Condition.IN_USE),
        *operations(
            "s3control",
            "outposts bucket",
            "ListRegionalBuckets",
            "GetBucket",
            "GetBucketPolicy",
            condition=Condition.IN_USE,
        ),
        *operations(
            "s3tables",
            "table bucket",
            "ListTableBuckets",
            "GetTableBucketPolicy",
            "GetTableBucketEncryption",
            "ListTables",
            "GetTablePolicy",
            condition=Condition.IN_USE,
        ),
    ),
    retention="current state only",
    docs="https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_AWS_S3_Control.html",
    collect=collect,
)
