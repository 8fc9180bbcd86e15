"""Logged reads as observations: an answer that names nothing proves that there was nothing.

The record of a read does not carry the document, so a read that succeeded proves presence alone.
Source: `state.md` section 1, "reads are observations too".
"""

from timeline.state.aws.context import account_uid, bucket_of, bucket_uid
from timeline.state.aws.record import field, request, text
from timeline.state.aws.s3 import FLAGS, NO_OWNERSHIP_CONTROLS, flag_slot
from timeline.state.ledger import Atoms, Observation, Recorded, scalar

_OFF = tuple((flag_slot(name), scalar(value=False)) for name in FLAGS)

#: operation -> error that proves absence, and what the slots then hold.
ABSENT: dict[str, tuple[str, tuple[tuple[str, Atoms], ...]]] = {
    "GetBucketPolicy": ("NoSuchBucketPolicy", (("policy", {}),)),
    "GetBucketPolicyStatus": ("NoSuchBucketPolicy", (("policy", {}),)),
    "GetBucketPublicAccessBlock": ("NoSuchPublicAccessBlockConfiguration", _OFF),
    "GetPublicAccessBlock": ("NoSuchPublicAccessBlockConfiguration", _OFF),
    "GetAccountPublicAccessBlock": ("NoSuchPublicAccessBlockConfiguration", _OFF),
    "GetBucketOwnershipControls": (
        "OwnershipControlsNotFoundError",
        (("ownership", scalar(NO_OWNERSHIP_CONTROLS)),),
    ),
    "GetBucketTagging": ("NoSuchTagSet", (("tags", {}),)),
    "GetBucketWebsite": ("NoSuchWebsiteConfiguration", (("website", {}),)),
    "GetBucketReplication": ("ReplicationConfigurationNotFoundError", (("replication", {}),)),
    "GetBucketEncryption": (
        "ServerSideEncryptionConfigurationNotFoundError",
        (("encryption", {}),),
    ),
}

#: operation whose success proves that the slot is not empty. GetBucketPolicyStatus is not one: a
#: real console session shows it answered for a bucket that was created seconds before and has no
#: policy; taken for a proof, it made up a hidden change.
PRESENT = {"GetBucketPolicy": "policy", "GetBucketTagging": "tags"}


def observations(record: Recorded) -> tuple[Observation, ...]:
    """What one logged read proves; nothing for a denial or any other error."""
    target = _target(record)
    if target is None:
        return ()
    if record.error_code is None:
        slot = PRESENT.get(record.operation)
        return () if slot is None else (_seen(record, target, slot, None, "answered"),)
    error, slots = ABSENT.get(record.operation, ("", ()))
    if record.error_code != error:
        return ()
    return tuple(_seen(record, target, slot, atoms, error) for slot, atoms in slots)


def _seen(
    record: Recorded, target: str, slot: str, atoms: Atoms | None, answer: str
) -> Observation:
    return Observation(
        resource_uid=target, slot=slot, atoms=atoms, at=record.time,
        why=f"{record.operation} at {record.time:%Y-%m-%dT%H:%M:%SZ} ({answer})",
        provenance=record.provenance,
    )  # fmt: skip


def _target(record: Recorded) -> str | None:
    bucket = bucket_of(record)
    if bucket is not None:
        return bucket_uid(bucket)
    host = text(field(request(record), "Host")) or ""
    named = host.split(".s3-control.")[0] if ".s3-control." in host else None
    account = text(field(request(record), "accountId")) or named or record.account
    return account_uid(account) if account else None
