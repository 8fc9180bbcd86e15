"""Objects: every creation sets the access control list anew, and names the uploader.

An object's slots are written by data events, which are absent unless data logging is on; then the
list is not known, which is not the same as private. Source: `state.md`, row PutObjectAcl.
"""

from collections.abc import Mapping
from dataclasses import replace

from timeline.model import Json
from timeline.state.aws import acl
from timeline.state.aws.context import (
    Context,
    Handler,
    bucket_of,
    default_slot,
    key_of,
    replace_slot,
    text_at,
)
from timeline.state.aws.record import Unreadable, body_missing, field, request, text
from timeline.state.ledger import WHOLE, Atoms, Recorded, Shown, Write, scalar

#: Who uploaded an object, and under which canned list: what its owner follows from (R-S3-4);
#: and what it is encrypted with.
UPLOADER = "uploader"

#: What stands for a part of it that the records do not hold.
NOT_RECORDED = "not recorded"

#: Value of `algorithm` where neither request nor answer names one.
BUCKET_DEFAULT = "bucket default"


def object_uid(bucket: str, key: str) -> str:
    """`resource_uid` of an object."""
    return f"arn:aws:s3:::{bucket}/{key}"


def create_object(record: Recorded, _: Context) -> tuple[Write, ...]:
    """PutObject and CopyObject; a copy does not take over the list of its source."""
    return _created(record, record)


def complete_upload(record: Recorded, context: Context) -> tuple[Write, ...]:
    """The headers are on the request that started the upload."""
    bucket, key = bucket_of(record), key_of(record)
    upload = text(field(request(record), "uploadId")) or ""
    start = context.uploads.get((bucket or "", key or "", upload))
    return _created(record, start)


def put_object_acl(record: Recorded, _: Context) -> tuple[Write, ...]:
    """The list of the current version, or of the version named."""
    bucket, key = bucket_of(record), key_of(record)
    if bucket is None or key is None:
        return ()
    uid, version = object_uid(bucket, key), text(field(request(record), "versionId"))

    def content() -> Atoms:
        atoms = acl.written(request(record))
        if atoms is None:
            raise Unreadable("expected an access control list, found none")
        return atoms

    def of_current() -> Atoms:
        if version not in (None, "null"):
            raise Unreadable(f"it names version {version}; whether that is current is not recorded")
        return content()

    writes = [replace_slot(record, uid, "acl", of_current)]
    if version is not None:
        writes.append(replace_slot(record, f"{uid}?versionId={version}", "acl", content))
    return tuple(writes)


def delete_object(record: Recorded, _: Context) -> tuple[Write, ...]:
    """The object ends; a version that is named ends, and which one is current then is not known."""
    bucket, key = bucket_of(record), key_of(record)
    if bucket is None or key is None:
        return ()
    uid, version = object_uid(bucket, key), text(field(request(record), "versionId"))
    accepted, why = record.error_code is None, "DeleteObject recorded"
    ended = uid if version is None else f"{uid}?versionId={version}"
    whole = Write(
        resource_uid=ended, slot=WHOLE, atoms={}, record=record, accepted=accepted, why=why,
        rank=2, shown=Shown.IF_REPLACING,
    )  # fmt: skip
    if version is None:
        return (whole,)
    unclear = f"{why} for version {version}; which version is current then is not recorded"
    return (
        whole,
        Write(
            resource_uid=uid, slot=WHOLE, atoms=None, record=record, accepted=accepted,
            why=unclear, rank=2, shown=Shown.IF_REPLACING,
        ),
    )  # fmt: skip


def _created(record: Recorded, headers: Recorded | None) -> tuple[Write, ...]:
    """Slots of a new object; `headers` is the record that carries its headers, if there is one."""
    bucket, key = bucket_of(record), key_of(record)
    if bucket is None or key is None:
        return ()
    uid = object_uid(bucket, key)
    known = headers is not None and not body_missing(headers)
    params = request(headers) if headers is not None and known else {}
    plain = known and not any(
        name.lower() == "x-amz-acl" or name.lower().startswith(("x-amz-grant", "accesscontrol"))
        for name in params
    )

    def content() -> Atoms:
        if not known:
            raise Unreadable("the request that started the upload is not in the records")
        return acl.written(params) or acl.canned("private")

    def uploader() -> Atoms:
        if headers is None:
            raise Unreadable("the request that started the upload is not in the records")
        named = text(field(params, "x-amz-acl")) if known else NOT_RECORDED
        anonymous = "anonymous" if headers.actor == "anonymous" else None
        account = headers.actor_account or anonymous
        sealed = _encryption(record, params, known=known)
        return scalar({"account": account, "canned_acl": named, **sealed})

    listed = replace_slot(record, uid, "acl", content)
    owned = replace(replace_slot(record, uid, UPLOADER, uploader), shown=Shown.NEVER)
    if plain:
        return (replace(listed, shown=Shown.IF_REPLACING), owned)
    # What the request asks for comes on top of what every creation sets, as a change of its own.
    why = "a new object's access control list names its owner alone"
    private = acl.canned("private")
    base = default_slot(record, uid, "acl", private, why, shown=Shown.NEVER)
    return (replace(base, before=None), listed, owned)


def _encryption(record: Recorded, params: Mapping[str, Json], *, known: bool) -> dict[str, Json]:
    """As asked for, else as the answer says it was applied, else as the bucket says."""
    asked = text(field(params, "x-amz-server-side-encryption"))
    key = text(field(params, "x-amz-server-side-encryption-aws-kms-key-id"))
    applied = text_at(record.params.get("additionalEventData"), "SSEApplied") or ""
    if asked is None and "KMS" in applied:
        asked, key = "aws:kms", None
    if asked is None and applied:
        asked = "AES256"
    otherwise = BUCKET_DEFAULT if known else NOT_RECORDED
    return {"algorithm": asked or otherwise, "key": key}


HANDLERS: dict[str, Handler] = {
    "PutObject": create_object,
    "CopyObject": create_object,
    "CompleteMultipartUpload": complete_upload,
    "PutObjectAcl": put_object_acl,
    "DeleteObject": delete_object,
}
