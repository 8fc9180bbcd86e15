"""Policies of ways to data that are read and shown, and not decided (`access.md` R-S3-18).

Directory buckets and the scopes of their access points, table buckets and tables, buckets on
Outposts, Object Lambda access points, Access Grants. A request through one of them is
UNKNOWN(unsupported) whatever stands here. Names of fields are those of the API references: bodies
of these calls were not seen in real records, and one without its document is opaque. Multi-Region
access points: `multi_region.py`.
"""

from collections.abc import Callable
from functools import partial

from timeline.model import Json
from timeline.state.aws.context import Context, Handler, bucket_of, ends, replace_slot, text_at
from timeline.state.aws.endpoints import access_point
from timeline.state.aws.record import (
    Unreadable,
    document,
    field,
    mapping,
    request,
    response,
    spread,
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


def table(record: Recorded) -> str | None:
    """A table, by its bucket, namespace and name: the request has no ARN of it."""
    bucket, given = table_bucket(record), request(record)
    namespace, name = text(field(given, "namespace")), text(field(given, "name"))
    return f"{bucket}/table/{namespace}.{name}" if bucket and namespace and name else None


def outposts_bucket(record: Recorded) -> str | None:
    """ARN of a bucket on an Outpost; one named otherwise has no Outpost to tell it by."""
    named = text(field(request(record), "bucket", "bucketName"))
    return named if named is not None and named.startswith("arn:") else None


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


def scope(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Prefixes and permissions to which an access point of a directory bucket is limited."""
    uid = access_point(record, "s3express")

    def content() -> Atoms:
        limits = mapping(field(spread(record), "Scope"))
        if not limits:
            raise Unreadable("expected Scope, found none")
        return scalar(limits)

    if uid is None:
        return ()
    if record.operation == "DeleteAccessPointScope":
        return (replace_slot(record, uid, "scope", lambda: {}, bodiless=True),)
    return (replace_slot(record, uid, "scope", content),)


def end(named: _Named, record: Recorded, _: Context) -> tuple[Write, ...]:
    """The resource ends with all its slots."""
    uid = named(record)
    return () if uid is None else (ends(record, uid),)


def configure_lambda(record: Recorded, _: Context) -> tuple[Write, ...]:
    """The access point behind it and the function that rewrites what is read."""
    uid = object_lambda(record)
    if uid is None:
        return ()

    def content() -> Atoms:
        said = mapping(field(spread(record), "Configuration"))
        if not said:
            raise Unreadable("expected Configuration, found none")
        return scalar(said)

    made = replace_slot(record, uid, "configuration", content)
    if record.operation != "CreateAccessPointForObjectLambda":
        return (made,)
    return (made, replace_slot(record, uid, "policy", lambda: {}, bodiless=True))


def place(record: Recorded, _: Context) -> tuple[Write, ...]:
    """A location of Access Grants: the prefix, and the role whose rights are handed out there."""
    given = request(record)
    uid = grants_instance(record)
    name = text(field(given, "accessGrantsLocationId", "id")) or text_at(
        response(record), "accessGrantsLocationId"
    )
    if uid is None or name is None:
        return ()
    slot = f"location/{name}"
    if record.operation == "DeleteAccessGrantsLocation":
        return (replace_slot(record, uid, slot, lambda: {}, bodiless=True),)

    def content() -> Atoms:
        role = text(field(given, "IAMRoleArn"))
        where = text(field(given, "LocationScope")) or text_at(response(record), "locationScope")
        if role is None or where is None:
            raise Unreadable("expected IAMRoleArn and LocationScope, found neither or one")
        return scalar({"role": role, "scope": where})

    return (replace_slot(record, uid, slot, content),)


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
    "aws.s3.outposts_policy": partial(_answered, "GetBucketPolicyResult", "Policy"),
}
_NONE: tuple[tuple[str, Atoms], ...] = (("policy", {}),)
ABSENT: dict[str, tuple[str, tuple[tuple[str, Atoms], ...]]] = {
    "aws.s3.object_lambda_policy": ("NoSuchObjectLambdaAccessPointPolicy", _NONE),
    "aws.s3.access_grants_policy": ("AccessGrantsInstanceResourcePolicyNotExists", _NONE),
    "aws.s3.outposts_policy": ("NoSuchBucketPolicy", _NONE),
}

CONTROL: dict[str, Handler] = {
    "PutAccessPointPolicyForObjectLambda": partial(put_policy, object_lambda),
    "DeleteAccessPointPolicyForObjectLambda": partial(delete_policy, object_lambda),
    "PutAccessGrantsInstanceResourcePolicy": partial(put_policy, grants_instance),
    "DeleteAccessGrantsInstanceResourcePolicy": partial(delete_policy, grants_instance),
    "CreateAccessPointForObjectLambda": configure_lambda,
    "PutAccessPointConfigurationForObjectLambda": configure_lambda,
    "DeleteAccessPointForObjectLambda": partial(end, object_lambda),
    "DeleteAccessGrantsInstance": partial(end, grants_instance),
    "CreateAccessGrantsLocation": place,
    "UpdateAccessGrantsLocation": place,
    "DeleteAccessGrantsLocation": place,
    "CreateAccessGrant": create_grant,
    "DeleteAccessGrant": delete_grant,
}
#: Recorded under either service; the access points are those of directory buckets.
SCOPES: dict[str, Handler] = {"PutAccessPointScope": scope, "DeleteAccessPointScope": scope}
EXPRESS: dict[str, Handler] = {
    **SCOPES,
    "DeleteBucket": partial(end, directory_bucket),
    "PutBucketPolicy": partial(put_policy, directory_bucket),
    "DeleteBucketPolicy": partial(delete_policy, directory_bucket),
}
OUTPOSTS: dict[str, Handler] = {
    "PutBucketPolicy": partial(put_policy, outposts_bucket),
    "DeleteBucketPolicy": partial(delete_policy, outposts_bucket),
    "DeleteBucket": partial(end, outposts_bucket),
}
TABLES: dict[str, Handler] = {
    "DeleteTableBucket": partial(end, table_bucket),
    "PutTablePolicy": partial(put_policy, table),
    "DeleteTablePolicy": partial(delete_policy, table),
    "DeleteTable": partial(end, table),
    "PutTableBucketPolicy": partial(put_policy, table_bucket),
    "DeleteTableBucketPolicy": partial(delete_policy, table_bucket),
}
