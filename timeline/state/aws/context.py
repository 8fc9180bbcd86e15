"""What a record needs from other records to be understood: names, owners, uploads.

IAM events give the name of a user or role without its path, an upload's access control list is
in the request that started it, and a bucket's owner is named in other events.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from timeline.model import Json
from timeline.state.aws.record import Unreadable, request, require_body, text
from timeline.state.ledger import WHOLE, Atoms, ChangeKind, Recorded, Shown, Write


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Look-ups over all records of a case.

    Attributes:
        arns: (account, kind, name) -> ARN with its path; kind is `user`, `role`, `group`.
        uploads: (bucket, key, upload id) -> the request that started it; the id "" stands for the
            only upload of that key.
        owners: bucket -> account.
    """

    arns: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    uploads: Mapping[tuple[str, str, str], Recorded] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)

    def principal(self, account: str | None, kind: str, name: str) -> str:
        """ARN of a user, role or group; without a path where no record gives one."""
        known = self.arns.get((account or "", kind, name))
        return known or f"arn:aws:iam::{account or ''}:{kind}/{name}"


#: From one record to the writes that it attempted.
Handler = Callable[[Recorded, Context], tuple[Write, ...]]


def replace_slot(
    record: Recorded,
    resource_uid: str,
    slot: str,
    content: Callable[[], Atoms],
    *,
    bodiless: bool = False,
) -> Write:
    """A write of a whole slot; opaque where the record does not carry readable content.

    `bodiless`: the operation alone says what the slot holds afterwards (a deletion).
    """
    why = f"{record.operation} recorded"
    try:
        if not bodiless:
            require_body(record)
        atoms: Atoms | None = content()
    except Unreadable as reason:
        atoms, why = None, f"{record.operation} recorded, its content is not readable: {reason}"
    accepted = record.error_code is None
    opaque = atoms is None and accepted
    return Write(
        resource_uid=resource_uid,
        slot=slot,
        atoms=atoms,
        record=record,
        accepted=accepted,
        kind=ChangeKind.OPAQUE if opaque else ChangeKind.LOGGED,
        why=why,
    )


def default_slot(
    record: Recorded,
    resource_uid: str,
    slot: str,
    atoms: Atoms | None,
    why: str,
    *,
    shown: Shown = Shown.IF_REPLACING,
) -> Write:
    """What the provider sets at a recorded creation, without a record of its own."""
    return Write(
        resource_uid=resource_uid, slot=slot, atoms=atoms, record=record,
        accepted=record.error_code is None, kind=ChangeKind.DEFAULT, why=why, before={}, rank=0,
        shown=shown,
    )  # fmt: skip


def ends(record: Recorded, resource_uid: str) -> Write:
    """The end of a resource: all its slots, and those of what it contains, are empty after it."""
    return Write(
        resource_uid=resource_uid, slot=WHOLE, atoms={}, record=record,
        accepted=record.error_code is None, why=f"{record.operation} recorded", rank=2,
    )  # fmt: skip


def bucket_of(record: Recorded) -> str | None:
    """Bucket that a record is about."""
    return text(request(record).get("bucketName")) or record.container


def key_of(record: Recorded) -> str | None:
    """Object key that a record is about."""
    return text(request(record).get("key")) or record.object


def bucket_uid(bucket: str) -> str:
    """`resource_uid` of a bucket."""
    return f"arn:aws:s3:::{bucket}"


def account_uid(account: str) -> str:
    """`resource_uid` of account-wide settings."""
    return f"aws:account:{account}"


def text_at(value: Json, *path: str) -> str | None:
    """Text at the end of a path of object members; None where the path ends early."""
    for name in path:
        inner = value[0] if isinstance(value, list) and len(value) == 1 else value
        value = inner.get(name) if isinstance(inner, dict) else None
    return text(value)
