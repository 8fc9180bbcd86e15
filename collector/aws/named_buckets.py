"""aws.named_buckets: buckets that somebody names and that no account lists.

Logs and case files name buckets that are gone, or that belong to others. ListBuckets does not say
which: absence from a listing is no statement about a bucket. So each is asked by its name, with the
expected owner, and the answer is the observation: there is none (ABSENT), not ours to see (DENIED),
or a bucket that a refused listing had hidden, which is then asked everything.
"""

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.aws.s3_bucket import SETTINGS, about
from collector.source import Level, SourceSpec


def collect(cell: Cell) -> None:
    """Every name of `--bucket`, `--objects` and `--log-bucket`, and every log target found."""
    named = {place.bucket for place in (*cell.run.objects, *cell.found.access_log_destinations())}
    named |= {place.bucket for place, _ in cell.run.log_buckets}
    stated = {place.bucket: owner for place, owner in cell.run.buckets}
    for name in sorted(named | set(stated)):
        if cell.found.region(name) is None:
            _named(cell, name, stated.get(name) or cell.found.owner(name) or cell.account)


def _named(cell: Cell, name: str, owner: str) -> None:
    arn = f"arn:{cell.partition}:s3:::{name}"
    head = cell.ask("s3:HeadBucket", arn, owner=owner, Bucket=name)
    if head.observed and owner in cell.connections:
        about(
            cell, {"Name": name, "BucketRegion": head.get("BucketRegion")}, owner=owner, head=head
        )
    for place in cell.run.objects:
        if place.bucket == name and cell.found.region(name) is None:
            cell.not_requested(
                "s3:ListObjectVersions",
                f"{arn}/{place.prefix}*",
                f"no account lists the bucket; asked by its name: {head.outcome}",
            )


SPEC = SourceSpec(
    id="aws.named_buckets",
    title="Buckets that are named and not listed",
    level=Level.RUN,
    operations=operations("s3", "bucket", "HeadBucket", "GetBucketLocation", *SETTINGS),
    retention="current state only",
    docs="https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html",
    collect=collect,
)
