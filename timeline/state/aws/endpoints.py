"""VPC endpoints and access points: ways to a bucket with policies of their own.

Bodies of access point calls were not seen in real records; what is not there is opaque. Source:
`state.md` section 1, rows ec2 and Create/DeleteAccessPoint.
"""

from collections.abc import Mapping
from functools import partial

from timeline.model import Json
from timeline.state.aws.context import Context, Handler, ends, replace_slot, text_at
from timeline.state.aws.record import (
    document,
    field,
    many,
    mapping,
    request,
    response,
    spread,
    statements,
    text,
    truth,
)
from timeline.state.aws.s3 import FLAGS, flag_slot
from timeline.state.ledger import Atoms, Recorded, Write, scalar


def endpoint_uid(endpoint: str) -> str:
    """`resource_uid` of a VPC endpoint."""
    return f"aws:vpce:{endpoint}"


def access_point_uid(region: str, account: str, name: str, service: str = "s3") -> str:
    """`resource_uid` of an access point; of a directory bucket's the service is s3express."""
    return f"arn:aws:{service}:{region}:{account}:accesspoint/{name}"


def create_endpoint(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Without a policy document the endpoint lets everything through."""
    made = mapping(field(response(record), "CreateVpcEndpointResponse"))
    endpoint = text_at(made, "vpcEndpoint", "vpcEndpointId")
    given = mapping(field(request(record), "CreateVpcEndpointRequest"))
    if endpoint is None:
        return ()
    vpc = text(field(given, "VpcId"))
    return (
        replace_slot(record, endpoint_uid(endpoint), "policy", partial(_endpoint_policy, given)),
        replace_slot(record, endpoint_uid(endpoint), "vpc", lambda: scalar(vpc)),
    )


def modify_endpoint(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Its policy changes only if a document or ResetPolicy is given."""
    given = mapping(field(request(record), "ModifyVpcEndpointRequest"))
    endpoint = text(field(given, "VpcEndpointId"))
    reset = text(field(given, "ResetPolicy")) == "true"
    if endpoint is None or not (reset or field(given, "PolicyDocument")):
        return ()

    def content() -> Atoms:
        return {} if reset else _endpoint_policy(given)

    return (replace_slot(record, endpoint_uid(endpoint), "policy", content),)


def delete_endpoints(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Lists come as {tag, content}."""
    given = mapping(field(request(record), "DeleteVpcEndpointsRequest"))
    listed = many(field(given, "VpcEndpointId"))
    names = [text_at(each, "content") or text(each) for each in listed]
    return tuple(ends(record, endpoint_uid(name)) for name in names if name)


def create_access_point(record: Recorded, _: Context) -> tuple[Write, ...]:
    """All four flags are on unless the request says otherwise; they never change afterwards."""
    uid = access_point(record)
    if uid is None:
        return ()
    given = spread(record)
    vpc = text_at(field(given, "VpcConfiguration"), "VpcId")

    def flag(name: str) -> Atoms:
        body = mapping(field(given, "PublicAccessBlockConfiguration"))
        return scalar(truth(field(body, name)) if body else True)

    def bucket() -> Atoms:
        return scalar(text(field(given, "Bucket", "bucketName")))

    return (
        replace_slot(record, uid, "policy", lambda: {}),
        replace_slot(record, uid, "bucket", bucket),
        replace_slot(record, uid, "vpc", lambda: scalar(vpc) if vpc else {}),
        *(replace_slot(record, uid, flag_slot(name), partial(flag, name)) for name in FLAGS),
    )


def put_access_point_policy(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Full replacement."""
    uid = access_point(record)
    if uid is None:
        return ()

    def content() -> Atoms:
        return statements(document(field(spread(record), "Policy", "policy")))

    return (replace_slot(record, uid, "policy", content),)


def delete_access_point_policy(record: Recorded, _: Context) -> tuple[Write, ...]:
    """No policy from then on."""
    uid = access_point(record)
    return () if uid is None else (replace_slot(record, uid, "policy", lambda: {}, bodiless=True),)


def delete_access_point(record: Recorded, _: Context) -> tuple[Write, ...]:
    """The access point ends."""
    uid = access_point(record)
    return () if uid is None else (ends(record, uid),)


def _endpoint_policy(given: Mapping[str, Json]) -> Atoms:
    written = field(given, "PolicyDocument")
    return statements(document(written)) if written else {}


def access_point(record: Recorded, service: str = "s3") -> str | None:
    """`resource_uid` of the access point that a record names."""
    given = spread(record)
    name = text(field(given, "name", "accessPointName"))
    host = text(field(given, "Host")) or ""
    in_host = host.split(".s3-control.")[0] if ".s3-control." in host else None
    account = text(field(given, "accountId")) or in_host or record.account
    if name is None or account is None or record.region is None:
        return None
    return access_point_uid(record.region, account, name, service)


ENDPOINT_HANDLERS: dict[str, Handler] = {
    "CreateVpcEndpoint": create_endpoint,
    "ModifyVpcEndpoint": modify_endpoint,
    "DeleteVpcEndpoints": delete_endpoints,
}

ACCESS_POINT_HANDLERS: dict[str, Handler] = {
    "CreateAccessPoint": create_access_point,
    "PutAccessPointPolicy": put_access_point_policy,
    "DeleteAccessPointPolicy": delete_access_point_policy,
    "DeleteAccessPoint": delete_access_point,
}
