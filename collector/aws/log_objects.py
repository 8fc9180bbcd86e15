"""Log objects out of a log bucket: list a prefix, take each object once, with its headers."""

from collections.abc import Callable, Mapping
from typing import Any

from collector.aws.cell import Cell


def subfolders(cell: Cell, bucket: str, prefix: str) -> list[str]:
    """Common prefixes one level below a prefix; empty also where denied, which is then a gap."""
    answer = cell.ask(
        "s3:ListObjectsV2",
        f"arn:{cell.partition}:s3:::{bucket}/{prefix}",
        **_where(cell, bucket),
        Bucket=bucket,
        Prefix=prefix,
        Delimiter="/",
    )
    return [folder["Prefix"] for folder in answer.items("CommonPrefixes")]


def take(
    cell: Cell,
    bucket: str,
    prefix: str,
    *,
    wanted: Callable[[Mapping[str, Any]], bool] = lambda listed: True,
) -> None:
    """Store every wanted object below a prefix, bit for bit; one page of the listing at a time."""

    def one(listed: Mapping[str, Any]) -> None:
        cell.take("s3:GetObject", bucket=bucket, key=listed["Key"], **_where(cell, bucket))

    pages = cell.pages(
        "s3:ListObjectsV2",
        f"arn:{cell.partition}:s3:::{bucket}/{prefix}*",
        **_where(cell, bucket),
        Bucket=bucket,
        Prefix=prefix,
    )
    for page in pages:
        cell.each([listed for listed in page.get("Contents", ()) if wanted(listed)], one)


def _where(cell: Cell, bucket: str) -> dict[str, Any]:
    return {"region": cell.found.region(bucket), "owner": cell.found.owner(bucket)}
