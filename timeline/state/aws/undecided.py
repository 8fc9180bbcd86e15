"""Policies of ways to data that are read and shown, and not decided (`access.md` R-S3-18).

Directory buckets, table buckets, Object Lambda access points, Access Grants. A request through
one of them is UNKNOWN(unsupported) whatever stands here. Names of fields are those of the API
references: bodies of these calls were not seen in real records, and one without its document is
opaque. Multi-Region access points are not kept: their changes take effect at an unrecorded time.
"""

from collections.abc import Callable
from functools import partial

from timeline.model import Json
from timeline.state.aws.context import Context, Handler, bucket_of, replace_slot, text_at
from timeline.state.aws.record import (
    Unreadable,
    document,
    field,
    mapping,
    request,
    response,
    statements,
    text,
)
from timeline.state.aws.seen import Seen, Shown
from timeline.state.ledger import Atoms, Recorded, Write, scalar

_Named = Callable[[Recorded], str | None]


def directory_bucket(record: Recorded) -> str | None:
    """`resource_uid` of a directory bucket."""
    bucket = bucket_of(record)
    if bucket is None or record.region is None or record.account is None:
        return None
    return f"arn:aws:s3express:{record.region}:{record.account}:bucket/{bucket}"


def table_bucket(record: Recorded) -> str | None:
    """ARN of a table bucket."""
    return text(field(request(record), "tableBucketARN"))


def object_lambda(record: Recorded) -> str | None:
    """ARN of an Object Lambda access point."""
    name = text(field(request(record), "name"))
    account = text(field(request(record), "accountId")) or record.account
    if name is None or record.region is None or account is None:
        return None
    return f"arn:aws:s3-object-lambda:{record.region}:{account}:accesspoint/{name}"


def grants_instance(record: Recorded) -> str | None:
    """ARN of the one Access Grants instance of an account and Region."""
    account = text(field(request(record), "accountId")) or record.account
    if record.region is None or account is None:
        return None
    return f"arn:aws:s3:{record.region}:{account}:access-grants/default"


def put_policy(named: _Named, record: Recorded, _: Context) -> tuple[Write, ...]:
    """Full replacement."""
    uid = named(record)

    def content() -> Atoms:
        return statements(document(field(request(record), "bucketPolicy", "resourcePolicy",
                                         "policy")))  # fmt: skip

    return () if uid is None else (replace_slot(record, uid, "policy", content),)


def delete_policy(named: _Named, record: Recorded, _: Context) -> tuple[Write, ...]:
    """No policy from then on."""
    uid = named(record)
    return () if uid is None else (replace_slot(record, uid, "policy", lambda: {}, bodiless=True),)


def create_grant(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Its id is in the answer."""
    uid, grant = grants_instance(record), text_at(response(record), "accessGrantId")
    if uid is None or grant is None:
        return ()

    def content() -> Atoms:
        given = request(record)
        who: Json = mapping(field(given, "Grantee"))
        permission = text(field(given, "Permission"))
        if not who or permission is None:
            raise Unreadable("expected Grantee and Permission, found neither or one")
        location = text(field(given, "AccessGrantsLocationId"))
        return scalar({"grantee": who, "permission": permission, "location": location})

    return (replace_slot(record, uid, f"access_grant/{grant}", content),)


def delete_grant(record: Recorded, _: Context) -> tuple[Write, ...]:
    """The grant ends; credentials that were vended for it run on."""
    uid, grant = grants_instance(record), text(field(request(record), "accessGrantId", "id"))
    if uid is None or grant is None:
        return ()
    return (replace_slot(record, uid, f"access_grant/{grant}", lambda: {}, bodiless=True),)


def _answered(result: str, member: str, one: Seen) -> tuple[Shown, ...]:
    body = mapping(one.body.get(result, dict(one.body)))
    return ((one.about, "policy", statements(document(body.get(member)))),)


READERS = {
    "aws.s3.object_lambda_policy": partial(
        _answered, "GetAccessPointPolicyForObjectLambdaResult", "Policy"
    ),
    "aws.s3.access_grants_policy": partial(
        _answered, "GetAccessGrantsInstanceResourcePolicyResult", "Policy"
    ),
    "aws.s3.table_bucket_policy": partial(_answered, "", "resourcePolicy"),
}
_NONE: tuple[tuple[str, Atoms], ...] = (("policy", {}),)
ABSENT: dict[str, tuple[str, tuple[tuple[str, Atoms], ...]]] = {
    "aws.s3.object_lambda_policy": ("NoSuchObjectLambdaAccessPointPolicy", _NONE),
    "aws.s3.access_grants_policy": ("AccessGrantsInstanceResourcePolicyNotExists", _NONE),
}

CONTROL: dict[str, Handler] = {
    "PutAccessPointPolicyForObjectLambda": partial(put_policy, object_lambda),
    "DeleteAccessPointPolicyForObjectLambda": partial(delete_policy, object_lambda),
    "PutAccessGrantsInstanceResourcePolicy": partial(put_policy, grants_instance),
    "DeleteAccessGrantsInstanceResourcePolicy": partial(delete_policy, grants_instance),
    "CreateAccessGrant": create_grant,
    "DeleteAccessGrant": delete_grant,
}
EXPRESS: dict[str, Handler] = {
    "PutBucketPolicy": partial(put_policy, directory_bucket),
    "DeleteBucketPolicy": partial(delete_policy, directory_bucket),
}
TABLES: dict[str, Handler] = {
    "PutTableBucketPolicy": partial(put_policy, table_bucket),
    "DeleteTableBucketPolicy": partial(delete_policy, table_bucket),
}
