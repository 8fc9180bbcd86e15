"""The evaluator's `state` object for one request, out of the history.

What no record mentions comes in two kinds: a slot that decides by itself is *unknown*; a guardrail
that can only deny and that no evidence mentions is *unseen*, and the caller treats it under the
assumption `unseen-guardrails-absent` (`access.md` G9). Form: `access.md` section 6.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from timeline.model import Json, Knowledge, SlotState
from timeline.state.aws import encryption, identity, organization_levels
from timeline.state.aws.context import account_uid, bucket_uid
from timeline.state.aws.endpoints import endpoint_uid
from timeline.state.aws.organizations import ORGANIZATION
from timeline.state.aws.s3 import FLAGS, flag_slot
from timeline.state.aws.s3_objects import BUCKET_DEFAULT, NOT_RECORDED, UPLOADER, object_uid

#: Canonical id of the owner of what anonymous callers upload (`access.md` R-S3-4).
ANONYMOUS_OWNER = "65a011a29cdf8ec533ec3d1ccaae921c"

ENFORCED = "BucketOwnerEnforced"

NO_STATEMENTS: Json = {"Version": "2012-10-17", "Statement": []}


class Viewed(Protocol):
    """What is asked of a history; an overlay with counterfactual contents answers as well."""

    def at(self, resource_uid: str, slot: str, t: datetime) -> SlotState:
        """The slot at an instant."""

    def slots(self, resource_uid: str) -> Iterable[str]:
        """Slots of a resource that the records mention."""


@dataclass(slots=True)
class Reading:
    """One look at a history at one instant, collecting what is not known."""

    history: Viewed
    t: datetime
    unknown: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)

    def slot(self, resource_uid: str, slot: str) -> SlotState:
        """The slot as it stands."""
        return self.history.at(resource_uid, slot, self.t)

    def known(self, resource_uid: str, slot: str, path: str) -> Json:
        """Its value, or None with the path noted as unknown."""
        state = self.slot(resource_uid, slot)
        if state.knowledge is Knowledge.UNKNOWN:
            self.unknown.append(path)
        return state.value

    def name(self, resource_uid: str, slot: str) -> str | None:
        """A name that never changes (owner, ARN), None where no record gives it."""
        value = self.slot(resource_uid, slot).value
        return value if isinstance(value, str) else None

    def mentioned(self, resource_uid: str, slot: str) -> bool:
        """Whether any record mentions the slot."""
        return slot in self.history.slots(resource_uid)


def state_for(
    history: Viewed, request: Mapping[str, Any], t: datetime
) -> tuple[dict[str, Any], list[str], list[str]]:
    """State in which a request is decided.

    Args:
        history: of the case, or an overlay over it.
        request: `request` object of `access.md` section 6.
        t: instant.

    Returns:
        (`state`, paths that are unknown, paths of guardrails that no evidence mentions); the two
        lists are sorted and have no path in common.
    """
    reading = Reading(history, t)
    point = _access_point(reading, request)
    bucket, key = _target(reading, request, point)
    state: dict[str, Any] = {
        "bucket": _bucket(reading, bucket),
        "object": _object(reading, bucket, key, _version(request)),
        "access_point": point,
        "kms_key_policy": None,
    }
    owner = state["bucket"].get("owner_account")
    state["account_public_access_block"] = _account_block(reading, bucket, owner)
    state |= identity.state_of(reading, request)
    _guardrails(reading, state, request, bucket)
    unknown = sorted(set(reading.unknown))
    return state, unknown, sorted(set(reading.unseen) - set(unknown))


def _target(
    reading: Reading, request: Mapping[str, Any], point: Mapping[str, Any] | None
) -> tuple[str | None, str | None]:
    """(bucket, key) of a request; (None, None) where it is about no bucket, or it is not known."""
    parts = str(request.get("resource")).split(":", 5)
    if point is not None:
        named = request.get("bucket")
        bucket = named or reading.known(str(point["arn"]), "bucket", "bucket")
        _, _, key = parts[5].partition("/object/")
        return (str(bucket) if bucket else None), (key or None)
    if len(parts) != 6 or parts[2] != "s3" or parts[3] or parts[4]:
        return None, None
    name, _, key = parts[5].partition("/")
    return (name if name and "*" not in name else None), (key or None)


def _access_point(reading: Reading, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """The access point that a request names; None for a request to a bucket itself."""
    parts = str(request.get("resource")).split(":", 5)
    if len(parts) != 6 or parts[2] != "s3" or not parts[5].startswith("accesspoint/"):
        return None
    arn = ":".join((*parts[:5], f"accesspoint/{parts[5].split('/')[1]}"))
    vpc = reading.known(arn, "vpc", "access_point.network_origin")
    return {
        "arn": arn,
        "account": parts[4],
        "network_origin": "VPC" if vpc else "Internet",
        "vpc_id": vpc,
        "policy": reading.known(arn, "policy", "access_point.policy"),
        "public_access_block": _flags(reading, arn, "access_point.public_access_block"),
    }


def _bucket(reading: Reading, bucket: str | None) -> dict[str, Any]:
    if bucket is None:
        return {}
    uid = bucket_uid(bucket)
    owner = reading.name(uid, "owner")
    if owner is None:
        reading.unknown.append("bucket.owner_account")
    canonical = reading.name(account_uid(owner), "canonical_id") if owner else None
    if canonical is None:
        reading.unknown.append("bucket.owner_canonical_id")
    return {
        "name": bucket,
        "owner_account": owner,
        "owner_canonical_id": canonical,
        "policy": reading.known(uid, "policy", "bucket.policy"),
        "acl": _acl(reading.known(uid, "acl", "bucket.acl"), canonical, canonical),
        "ownership": reading.known(uid, "ownership", "bucket.ownership"),
        "public_access_block": _flags(reading, uid, "bucket.public_access_block"),
        "requester_pays": reading.known(uid, "requester_pays", "bucket.requester_pays"),
        **encryption.of_bucket(reading, uid),
    }


def _flags(reading: Reading, uid: str, path: str) -> dict[str, Any]:
    """Each flag by itself: one may be known where another is not."""
    found = {name: reading.known(uid, flag_slot(name), f"{path}.{name}") for name in FLAGS}
    return {name: value for name, value in found.items() if value is not None}


def _account_block(
    reading: Reading, bucket: str | None, owner: str | None
) -> dict[str, Any] | None:
    path = "account_public_access_block"
    if bucket is None:
        return None
    uid = account_uid(owner) if owner else None
    if uid is None or not any(reading.mentioned(uid, flag_slot(name)) for name in FLAGS):
        reading.unseen.append(path)
        return None
    return _flags(reading, uid, path)


def _version(request: Mapping[str, Any]) -> str | None:
    """The version that a request names; None for the current one."""
    named = (request.get("context") or {}).get("s3:VersionId")
    return named if isinstance(named, str) and named else None


def _object(
    reading: Reading, bucket: str | None, key: str | None, version: str | None
) -> dict[str, Any] | None:
    if bucket is None or key is None or "*" in key:
        return None
    uid = object_uid(bucket, key)
    if version is not None and not _is_current(reading, bucket, version):
        return _other_version(reading, bucket, uid, version)
    if reading.slot(uid, "acl").knowledge is Knowledge.ABSENT:
        return None
    account = _object_owner(reading, bucket, uid)
    canonical = ANONYMOUS_OWNER if account == "anonymous" else None
    if account is not None and canonical is None:
        canonical = reading.name(account_uid(account), "canonical_id")
    if account is None:
        canonical = _observed_owner(reading, uid)
    sealed = _encryption(reading, bucket, uid)
    return _owned(reading, bucket, uid, account, canonical) | sealed


def _owned(
    reading: Reading, bucket: str, uid: str, account: str | None, canonical: str | None
) -> dict[str, Any]:
    """An object or version with its owner and list; what is not known of them is noted."""
    if account is None:
        reading.unknown.append("object.owner_account")
    if canonical is None:
        reading.unknown.append("object.owner_canonical_id")
    of_bucket = _canonical_id(reading, reading.name(bucket_uid(bucket), "owner"))
    value = reading.known(uid, "acl", "object.acl")
    return {
        "owner_account": account,
        "owner_canonical_id": canonical,
        "acl": _acl(value, canonical, of_bucket),
    }


def _is_current(reading: Reading, bucket: str, version: str) -> bool:
    """Whether a version is the object's only one: a bucket without versions calls it null.

    Which of several was current is not kept: a number of its own in every object's state would
    leave no two objects alike.
    """
    versioned = reading.slot(bucket_uid(bucket), "versioning").knowledge
    mentioned = reading.mentioned(bucket_uid(bucket), "versioning")
    return version == "null" and (not mentioned or versioned is Knowledge.ABSENT)


def _other_version(reading: Reading, bucket: str, uid: str, version: str) -> dict[str, Any]:
    """A version by itself: its own list, as far as that is known."""
    enforced = reading.slot(bucket_uid(bucket), "ownership").value == ENFORCED
    account = reading.name(bucket_uid(bucket), "owner") if enforced else None
    reading.unseen.append("object.sse")
    canonical = _canonical_id(reading, account)
    found = _owned(reading, bucket, f"{uid}?versionId={version}", account, canonical)
    return found | {"sse": None}


def _canonical_id(reading: Reading, account: str | None) -> str | None:
    return reading.name(account_uid(account), "canonical_id") if account else None


def _observed_owner(reading: Reading, uid: str) -> str | None:
    """Canonical id of an object's owner, as a listing of versions shows it."""
    value = reading.slot(uid, UPLOADER).value
    named = value.get("canonical_id") if isinstance(value, dict) else None
    return named if isinstance(named, str) else None


def _object_owner(reading: Reading, bucket: str, uid: str) -> str | None:
    """R-S3-4: by the ownership setting of now if enforced, else by that of the creation."""
    of_bucket = reading.name(bucket_uid(bucket), "owner")
    if reading.slot(bucket_uid(bucket), "ownership").value == ENFORCED:
        return of_bucket
    uploaded = reading.slot(uid, UPLOADER)
    if not isinstance(uploaded.value, dict):
        return None
    observed = _observed_owner(reading, uid)
    if observed is not None:
        canonical = reading.name(account_uid(of_bucket), "canonical_id") if of_bucket else None
        return of_bucket if observed == canonical else None
    account = uploaded.value.get("account")
    if not isinstance(account, str) or account == of_bucket:
        return of_bucket if account == of_bucket else None
    created = uploaded.intervals[0].start if uploaded.intervals else None
    setting = reading.history.at(bucket_uid(bucket), "ownership", created or reading.t)
    if setting.knowledge is Knowledge.UNKNOWN:
        return None
    canned = uploaded.value.get("canned_acl")
    to_owner = setting.value == ENFORCED or (
        setting.value == "BucketOwnerPreferred" and canned == "bucket-owner-full-control"
    )
    if setting.value == "BucketOwnerPreferred" and canned == NOT_RECORDED:
        return None
    return of_bucket if to_owner else account


def _encryption(reading: Reading, bucket: str, uid: str) -> dict[str, Any]:
    """Key of the object, else the one that its bucket named when it was written.

    A key policy is a guardrail: where no record speaks of encryption, it is unseen.
    """
    if not reading.mentioned(uid, UPLOADER):
        reading.unseen.append("object.sse")
        return {"sse": None}
    held = reading.slot(uid, UPLOADER)
    value = held.value if isinstance(held.value, dict) else None
    created = held.intervals[0].start if held.intervals else None
    if value is not None and value.get("algorithm") == BUCKET_DEFAULT:
        bucket_side = reading.history.at(bucket_uid(bucket), "encryption", created or reading.t)
        if not reading.mentioned(bucket_uid(bucket), "encryption"):
            reading.unseen.append("object.sse")
            return {"sse": None}
        unknown = bucket_side.knowledge is Knowledge.UNKNOWN
        found = bucket_side.value if isinstance(bucket_side.value, dict) else {}
        value = None if unknown else found
    if value is not None and "canonical_id" in value and "algorithm" not in value:
        reading.unseen.append("object.sse")  # a listing of versions does not speak of keys
        return {"sse": None}
    if value is None or value.get("algorithm") == NOT_RECORDED:
        reading.unknown.append("object.sse")
        return {"sse": None}
    algorithm = value.get("algorithm")
    if not str(algorithm or "").startswith("aws:kms"):
        return {"sse": algorithm}
    return {"sse": algorithm, "kms_key": value.get("key")}


def _acl(value: Json, owner: str | None, bucket_owner: str | None) -> Json:
    """A list with its owner, and with ids for the grantees that a canned list names by role.

    A grant to an owner whose id is not known is left out: it gives the owner's account nothing
    that ownership does not.
    """
    if not isinstance(value, dict):
        return value
    grants: list[Json] = []
    for fact in _entries(value):
        grantee = fact.get("Grantee")
        if isinstance(grantee, dict) and grantee.get("Type") == "CanonicalUser":
            role = grantee.get("Role")
            if grantee.get("ID") is None and role == "owner" and owner is None:
                continue
            named = owner if role == "owner" else bucket_owner
            grantee = {"Type": "CanonicalUser", "ID": grantee.get("ID") or named}
        grants.append({"Grantee": grantee, "Permission": fact.get("Permission")})
    return {"Owner": {"ID": owner} if owner else {}, "Grants": grants}


def _entries(value: Mapping[str, Json]) -> list[dict[str, Json]]:
    grants = value.get("Grants")
    return [g for g in grants if isinstance(g, dict)] if isinstance(grants, list) else []


def _guardrails(
    reading: Reading, state: dict[str, Any], request: Mapping[str, Any], bucket: str | None
) -> None:
    """Organization-wide and network guardrails: unseen unless a record mentions them."""
    principal = request.get("principal") or {}
    owner = state["bucket"].get("owner_account")
    asked = {"organization_s3_policy": owner, "rcps": owner} if bucket is not None else {}
    if principal.get("type") not in ("Anonymous", "AWSService"):
        asked["scps"] = _account_of(principal)
    state |= {"organization_s3_policy": None, "scps": None, "rcps": None}
    for path, account in asked.items():
        _of_organization(reading, state, path, path, account)
    state["vpc_endpoint_policy"] = _endpoint_policy(reading, request)
    key = encryption.needed_key(state, request)
    if key is not None:
        account = encryption.account_of(str(key))
        if account is not None and account != owner:
            _of_organization(reading, state, "rcps_of_key", "rcps", account)
        policy = reading.known(str(key), "policy", "kms_key_policy")
        # None would mean the provider's own key: a policy without statements lets nobody in.
        state["kms_key_policy"] = policy if policy is not None else NO_STATEMENTS
        state["kms_grants"] = encryption.grants(reading, str(key))


def _of_organization(
    reading: Reading, state: dict[str, Any], path: str, kind: str, account: str | None
) -> None:
    """What the organization's policies of a kind come to for an account."""
    found = organization_levels.binding(reading, kind, account)
    mentioned = {slot.rpartition("/")[2] for slot in reading.history.slots(ORGANIZATION)}
    if found.known:
        state[path] = found.value
    elif kind in mentioned and not found.outside:
        reading.unknown.append(path)
    else:
        reading.unseen.append(path)


def _account_of(principal: Mapping[str, Any]) -> str | None:
    """Account of a caller: as given, else that of its ARN."""
    parts = str(principal.get("arn") or "").split(":", 5)
    account = principal.get("account") or (parts[4] if len(parts) == 6 else None)
    return str(account) if account else None


def _endpoint_policy(reading: Reading, request: Mapping[str, Any]) -> Json:
    """Policy of the endpoint that the request came through; unseen if no record mentions it."""
    path = "vpc_endpoint_policy"
    endpoint = (request.get("context") or {}).get("aws:SourceVpce")
    if endpoint and reading.mentioned(endpoint_uid(str(endpoint)), "policy"):
        return reading.known(endpoint_uid(str(endpoint)), "policy", path)
    if endpoint or "aws:SourceVpce" in (request.get("unknown_context") or ()):
        reading.unseen.append(path)
    return None
