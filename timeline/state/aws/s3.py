"""Bucket and account settings of S3: from a record to the writes that it attempted.

Source: `state.md` section 1, rows PutBucketPolicy to PutBucketRequestPayment; defaults at
creation: `access.md` section 2.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from timeline.model import Json
from timeline.state import defaults
from timeline.state.aws import acl, s3_documents
from timeline.state.aws.context import (
    Context,
    Handler,
    account_uid,
    bucket_of,
    bucket_uid,
    default_slot,
    ends,
    replace_slot,
    text_at,
)
from timeline.state.aws.record import (
    Unreadable,
    document,
    field,
    many,
    mapping,
    request,
    statements,
    text,
    truth,
)
from timeline.state.ledger import (
    EXISTENCE,
    UNKNOWN,
    Atoms,
    Recorded,
    Shown,
    Write,
    scalar,
)

#: The four flags, in the order of the API.
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")

#: Ownership setting in force where none is set.
NO_OWNERSHIP_CONTROLS = "ObjectWriter"


def flag_slot(flag: str) -> str:
    """Slot of one Block Public Access flag."""
    return f"public_access_block.{flag}"


def put_bucket_policy(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Full replacement; `policy: ""` beside it names the sub-resource, it is not the document."""
    return _bucket(
        record, "policy", lambda: statements(document(field(request(record), "bucketPolicy")))
    )


def delete_bucket_policy(record: Recorded, _: Context) -> tuple[Write, ...]:
    """No policy from then on. Success implies nothing of before: it succeeds without a policy."""
    return _bucket(record, "policy", lambda: {}, bodiless=True)


def put_bucket_acl(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Body, canned name or grant headers; opaque with none of them (grants by e-mail)."""

    def content() -> Atoms:
        atoms = acl.written(request(record))
        if atoms is None:
            raise Unreadable("expected an access control list, found none")
        return atoms

    return _bucket(record, "acl", content)


def put_public_access_block(record: Recorded, _: Context) -> tuple[Write, ...]:
    """All four flags, a missing one is false; of a bucket if one is named, else of an account."""
    resource_uid = _block_target(record)
    if resource_uid is None:
        return ()

    def flag(name: str) -> Atoms:
        body = mapping(field(request(record), "PublicAccessBlockConfiguration"))
        if not body:
            raise Unreadable("expected PublicAccessBlockConfiguration, found none")
        return scalar(truth(field(body, name)))

    return tuple(
        replace_slot(record, resource_uid, flag_slot(name), partial(flag, name)) for name in FLAGS
    )


def delete_public_access_block(record: Recorded, _: Context) -> tuple[Write, ...]:
    """All four off; settings of the account or organization may still apply."""
    resource_uid = _block_target(record)
    if resource_uid is None:
        return ()
    return tuple(
        replace_slot(
            record, resource_uid, flag_slot(name), lambda: scalar(value=False), bodiless=True
        )
        for name in FLAGS
    )


def put_ownership_controls(record: Recorded, _: Context) -> tuple[Write, ...]:
    """One rule; its name is in the body."""

    def content() -> Atoms:
        rules = many(mapping(field(request(record), "OwnershipControls")).get("Rule"))
        named = text_at(rules[0], "ObjectOwnership") if len(rules) == 1 else None
        if named is None:
            raise Unreadable(f"expected one rule with ObjectOwnership, found {len(rules)} rules")
        return scalar(named)

    return _bucket(record, "ownership", content)


def delete_ownership_controls(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Without controls the writer owns an object."""
    return _bucket(record, "ownership", lambda: scalar(NO_OWNERSHIP_CONTROLS), bodiless=True)


def put_request_payment(record: Recorded, _: Context) -> tuple[Write, ...]:
    """`Requester` or `BucketOwner`."""

    def content() -> Atoms:
        payer = text_at(field(request(record), "RequestPaymentConfiguration"), "Payer")
        if payer not in ("Requester", "BucketOwner"):
            raise Unreadable(f"expected Payer Requester or BucketOwner, found {payer}")
        return scalar(payer == "Requester")

    return _bucket(record, "requester_pays", content)


def put_encryption(record: Recorded, _: Context) -> tuple[Write, ...]:
    """What new objects are encrypted with where their request does not say."""

    def content() -> Atoms:
        body = mapping(field(request(record), "ServerSideEncryptionConfiguration"))
        rules = many(body.get("Rule"))
        rule = mapping(mapping(rules[0]).get("ApplyServerSideEncryptionByDefault")) if rules else {}
        algorithm = text(rule.get("SSEAlgorithm"))
        if algorithm is None:
            raise Unreadable("expected SSEAlgorithm in the rule, found none")
        return scalar({"algorithm": algorithm, "key": text(rule.get("KMSMasterKeyID"))})

    return _bucket(record, "encryption", content)


def delete_encryption(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Back to the provider's own keys, which decide no access."""
    return _bucket(record, "encryption", lambda: {}, bodiless=True)


def put_versioning(record: Recorded, _: Context) -> tuple[Write, ...]:
    """`Enabled` or `Suspended`."""

    def content() -> Atoms:
        status = text_at(field(request(record), "VersioningConfiguration"), "Status")
        if status is None:
            raise Unreadable("expected VersioningConfiguration.Status, found none")
        return scalar(status)

    return _bucket(record, "versioning", content)


def put_logging(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Server access logging: a body without LoggingEnabled turns it off."""

    def content() -> Atoms:
        status = field(request(record), "BucketLoggingStatus")
        if status is None:
            raise Unreadable("expected BucketLoggingStatus, found none")
        enabled = mapping(mapping(status).get("LoggingEnabled"))
        return scalar(enabled) if enabled else {}

    return _bucket(record, "logging", content)


def create_bucket(record: Recorded, _: Context) -> tuple[Write, ...]:
    """A bucket begins, with what the request says and the defaults of its day for the rest."""
    bucket = bucket_of(record)
    if bucket is None:
        return ()
    uid, accepted = bucket_uid(bucket), record.error_code is None
    params = request(record)
    row = defaults.at("aws", "bucket", record.time)

    def default(slot: str, value: Json, shown: Shown = Shown.ALWAYS) -> Write:
        atoms = None if value == UNKNOWN else scalar(value)
        return default_slot(record, uid, slot, atoms, row.why, shown=shown)

    writes = [
        Write(
            resource_uid=uid, slot=EXISTENCE, atoms=scalar(value=True), record=record,
            accepted=accepted, why="CreateBucket recorded", before={}, rank=0,
        ),
        default_slot(record, uid, "policy", {}, "a new bucket has no policy"),
        default_slot(record, uid, "encryption", {}, "a new bucket names no key of its own"),
        default("requester_pays", value=False, shown=Shown.NEVER),
        *_acl_at_creation(record, uid),
        *(default(flag_slot(name), row.values["public_access_block"]) for name in FLAGS),
    ]  # fmt: skip
    named = text(field(params, "x-amz-object-ownership"))
    if named:
        writes.append(replace_slot(record, uid, "ownership", lambda: scalar(named)))
    else:
        writes.append(default("ownership", row.values["ownership"]))
    tags = mapping(field(params, "CreateBucketConfiguration")).get("Tags")
    if tags is not None:
        writes.append(
            replace_slot(record, uid, s3_documents.TAGS, partial(s3_documents.tags, tags))
        )
    return tuple(writes)


def delete_bucket(record: Recorded, _: Context) -> tuple[Write, ...]:
    """All its slots end, and those of its objects; the name may come back as another's bucket."""
    bucket = bucket_of(record)
    if bucket is None:
        return ()
    return (ends(record, bucket_uid(bucket)),)


def _acl_at_creation(record: Recorded, uid: str) -> tuple[Write, ...]:
    """The owner alone, and on top of it what the request asks for, as a change of its own."""
    private = acl.canned("private")
    why = "a new bucket's access control list names its owner alone"
    base = default_slot(record, uid, "acl", private, why)

    def given() -> Atoms:
        return acl.written(request(record)) or private

    asked = replace_slot(record, uid, "acl", given)
    if asked.atoms is not None and asked.atoms.keys() == private.keys():
        return (base,)
    return (replace(base, shown=Shown.NEVER), asked)


def _bucket(
    record: Recorded, slot: str, content: Callable[[], Atoms], *, bodiless: bool = False
) -> tuple[Write, ...]:
    bucket = bucket_of(record)
    if bucket is None:
        return ()
    return (replace_slot(record, bucket_uid(bucket), slot, content, bodiless=bodiless),)


def _block_target(record: Recorded) -> str | None:
    """The bucket; without one the account: accountId, else the Host, else the record's own."""
    bucket = bucket_of(record)
    if bucket is not None:
        return bucket_uid(bucket)
    params = request(record)
    host = text(field(params, "Host")) or ""
    named = host.split(".s3-control.")[0] if ".s3-control." in host else None
    account = text(field(params, "accountId", "x-amz-account-id")) or named or record.account
    return account_uid(account) if account else None


HANDLERS: dict[str, Handler] = {
    "PutBucketPolicy": put_bucket_policy,
    "DeleteBucketPolicy": delete_bucket_policy,
    "PutBucketAcl": put_bucket_acl,
    "PutBucketPublicAccessBlock": put_public_access_block,
    "DeleteBucketPublicAccessBlock": delete_public_access_block,
    "PutAccountPublicAccessBlock": put_public_access_block,
    "DeleteAccountPublicAccessBlock": delete_public_access_block,
    "PutPublicAccessBlock": put_public_access_block,
    "DeletePublicAccessBlock": delete_public_access_block,
    "PutBucketOwnershipControls": put_ownership_controls,
    "DeleteBucketOwnershipControls": delete_ownership_controls,
    "PutBucketRequestPayment": put_request_payment,
    "PutBucketEncryption": put_encryption,
    "DeleteBucketEncryption": delete_encryption,
    "PutBucketVersioning": put_versioning,
    "PutBucketLogging": put_logging,
    "CreateBucket": create_bucket,
    "DeleteBucket": delete_bucket,
}
