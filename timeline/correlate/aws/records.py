"""Which record would settle what is unknown, who holds it, and how long it exists.

Retention periods are the provider's defaults; the holder may have kept more. Sources: CloudTrail
User Guide (event history, 90 days), AWS Config Developer Guide (configuration history, 7 years by
default), S3 User Guide (server access logs: as long as the bucket's owner keeps them).
"""

from collections.abc import Iterable, Mapping
from typing import Any


def requests(
    classes: Iterable[Mapping[str, Any]],
    accesses: Iterable[Mapping[str, Any]],
    gaps: Iterable[Mapping[str, Any]],
) -> list[Mapping[str, str]]:
    """One entry per record to ask for, with the number of accesses that hang on it."""
    counts: dict[str, int] = {}
    for access in accesses:
        counts[access["class_uid"]] = counts.get(access["class_uid"], 0) + 1
    hanging: dict[str, int] = {}
    for one in classes:
        for name in one["unknowns"]:
            hanging[name] = hanging.get(name, 0) + counts.get(one["class_uid"], 0)
    found = [_for_unknown(name, n) for name, n in sorted(hanging.items())]
    found += [_for_gap(gap) for gap in gaps if gap["kind"] in ("logging_off", "missing_log")]
    return found


def _for_unknown(name: str, accesses: int) -> Mapping[str, str]:
    record, holder, until = _record(name)
    return {
        "unknown": name,
        "accesses": str(accesses),
        "record": record,
        "held by": holder,
        "exists": until,
    }


def _for_gap(gap: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        "unknown": gap["subject"],
        "accesses": "not known",
        "record": "CloudTrail data events, else S3 server access logs, of the period",
        "held by": "the account that owns the bucket or trail",
        "exists": "only if that logging was on; as long as its owner keeps it",
    }


def _record(name: str) -> tuple[str, str, str]:
    """(record, holder, until when it exists)."""
    if name.startswith("identity:"):
        account = name.partition(":")[2]
        return (
            "GetAccountAuthorizationDetails, or IAM configuration history, as of the accesses",
            f"account {account}" if account else "the caller's account",
            "AWS Config history: 7 years by default, if recorded; IAM events: 90 days in the "
            "event history, longer in a trail",
        )
    if name.startswith(("identity_policies", "permissions_boundary", "session_policies")):
        return (
            "the policy version in force, and the AssumeRole event of the session",
            "the caller's account",
            "AWS Config history: 7 years by default, if recorded",
        )
    if name.startswith(("bucket.", "account_public_access_block", "object.")):
        return (
            "AWS Config history of the bucket, or CloudTrail records from its creation on",
            "the account that owns the bucket",
            "AWS Config history: 7 years by default, if recorded",
        )
    if name.startswith(("scps", "rcps", "organization")):
        return (
            "the organization's policies as of the accesses, and its CloudTrail records",
            "the organization's management account",
            "as long as the trail's owner keeps it",
        )
    if name.lower().startswith(("aws:", "s3:")):
        return (
            f"the value of {name} of the requests: S3 server access log or network records",
            "the account that owns the bucket or the network",
            "as long as its owner keeps it",
        )
    return ("a record that names it", "the account concerned", "not known")
