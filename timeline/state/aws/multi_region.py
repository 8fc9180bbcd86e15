"""Multi-Region access points: read and shown, and not decided (`access.md` R-S3-18).

The calls are asynchronous, and no record tells when one took effect: what they name is not known
from then on, until an answer shows what is in force. Records and answers are in us-west-2. The
request has the name alone, the ARN an alias that the provider makes up: the name identifies.
Source: `state.md` section 1; S3 API reference, CreateMultiRegionAccessPoint and
GetMultiRegionAccessPointPolicy. Bodies of these calls were not seen in real records.
"""

from timeline.state.aws.context import Context, Handler, replace_slot, text_at
from timeline.state.aws.record import (
    Unreadable,
    document,
    field,
    many,
    mapping,
    request,
    spread,
    statements,
    text,
    truth,
)
from timeline.state.aws.s3 import FLAGS, flag_slot
from timeline.state.aws.seen import Seen, Shown
from timeline.state.ledger import EXISTENCE, Atoms, Recorded, Write, scalar

#: Slots of one: buckets behind it, its policy, its flags, whether it is there.
BUCKETS, POLICY = "buckets", "policy"
_SLOTS = {
    "CreateMultiRegionAccessPoint": (EXISTENCE, BUCKETS, POLICY, *map(flag_slot, FLAGS)),
    "DeleteMultiRegionAccessPoint": (EXISTENCE, BUCKETS, POLICY, *map(flag_slot, FLAGS)),
    "PutMultiRegionAccessPointPolicy": (POLICY,),
}


def point_uid(account: str, name: str) -> str:
    """`resource_uid` of a multi-Region access point."""
    return f"aws:mrap:{account}:{name}"


def asked(record: Recorded, _: Context) -> tuple[Write, ...]:
    """What was asked for stands in the record; when it came to be does not."""
    details = mapping(field(spread(record), "Details"))
    name = text(field(details, "Name"))
    account = text(field(request(record), "accountId", "AccountId")) or record.account
    if name is None or account is None:
        return ()

    def pending() -> Atoms:
        raise Unreadable("the call is asynchronous, and when it took effect is not recorded")

    uid = point_uid(account, name)
    return tuple(replace_slot(record, uid, slot, pending) for slot in _SLOTS[record.operation])


def _point(one: Seen) -> tuple[Shown, ...]:
    body = mapping(one.body.get("GetMultiRegionAccessPointResult", dict(one.body)))
    point = mapping(body.get("AccessPoint"))
    if text(point.get("Status")) not in ("READY", "INCONSISTENT_ACROSS_REGIONS"):
        raise Unreadable("expected the status READY, found an access point that is not in force")
    listed = point.get("Regions")
    regions = mapping(listed).get("Region") if isinstance(listed, dict) else listed
    named = sorted({text_at(each, "Bucket") or "" for each in many(regions)} - {""})
    if not named:
        raise Unreadable("expected the buckets behind it, found none")
    block = mapping(point.get("PublicAccessBlock", point.get("PublicAccessBlockConfiguration")))
    return (
        (one.about, EXISTENCE, scalar(value=True)),
        (one.about, BUCKETS, scalar([*named])),
        *((one.about, flag_slot(flag), scalar(truth(block.get(flag)))) for flag in FLAGS if block),
    )


def _policy(one: Seen) -> tuple[Shown, ...]:
    """The established policy is in force in every Region; a proposed one is not yet."""
    body = mapping(one.body.get("GetMultiRegionAccessPointPolicyResult", dict(one.body)))
    policy = mapping(body.get("Policy"))
    if not policy:
        raise Unreadable("expected Policy, found none")
    written = text_at(policy.get("Established"), "Policy")
    return ((one.about, POLICY, statements(document(written)) if written else {}),)


READERS = {
    "aws.s3.multi_region_access_point": _point,
    "aws.s3.multi_region_policy": _policy,
}

HANDLERS: dict[str, Handler] = dict.fromkeys(_SLOTS, asked)
