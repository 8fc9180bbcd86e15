"""SOURCES: every source, in the order in which they are read, and why in that order.

The specs need no SDK: plans and policies are printed on a machine that has none.
"""

from collector.aws import (
    caller_scope,
    cloudfront,
    cloudtrail,
    cloudtrail_logs,
    config,
    datasync,
    federation,
    findings,
    iam,
    identity_center,
    kms,
    lookup_events,
    named_buckets,
    objects,
    organization,
    ram,
    s3_access_logs,
    s3_account,
    s3_bucket,
    transfer,
    vpc_endpoints,
)
from collector.source import SourceSpec

SOURCES: tuple[SourceSpec, ...] = (
    # First: who asks, and in which accounts and Regions everything else is asked.
    caller_scope.SPEC,
    organization.SPEC,
    # What is most easily changed by somebody who has been warned comes early.
    s3_account.SPEC,
    # Before objects (ownership decides whether their ACLs matter), before s3_access_logs (the
    # targets are found here) and before cloudtrail_logs (owner and Region of the log buckets).
    s3_bucket.SPEC,
    # What no account has listed; after s3_bucket, which knows what was.
    named_buckets.SPEC,
    objects.SPEC,
    iam.SPEC,
    kms.SPEC,
    vpc_endpoints.SPEC,
    # Before cloudtrail_logs: trails name the log destinations.
    cloudtrail.SPEC,
    config.SPEC,
    ram.SPEC,
    identity_center.SPEC,
    federation.SPEC,
    # Who reads buckets for others.
    cloudfront.SPEC,
    transfer.SPEC,
    datasync.SPEC,
    findings.SPEC,
    # Long downloads last: by then what is current and volatile is held.
    lookup_events.SPEC,
    cloudtrail_logs.SPEC,
    s3_access_logs.SPEC,
)


def of_provider(provider: str) -> tuple[SourceSpec, ...]:
    """The sources of one provider, in order."""
    return tuple(spec for spec in SOURCES if spec.id.startswith(f"{provider}."))
