"""AWS Config configuration items of buckets: what was there at their own capture time.

Parts are JSON inside JSON, once or twice. A key that an item does not have was not recorded then,
and proves nothing. An access control list is read back as it takes effect: while public grants are
ignored or lists are disabled, it does not prove what is stored (`access.md` R-S3-11).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from collector.model import Provenance
from timeline.model import Json
from timeline.state.aws import acl
from timeline.state.aws.context import bucket_uid
from timeline.state.aws.record import Unreadable, document, many, mapping, statements, text
from timeline.state.aws.s3 import FLAGS, flag_slot
from timeline.state.ledger import EXISTENCE, Atoms, Name, Observation, scalar

#: Kind that normalization gives to configuration items.
CONFIG_ITEMS = "aws.config.items"

_GROUPS = {"AllUsers": acl.ALL_USERS, "AuthenticatedUsers": acl.AUTHENTICATED_USERS,
           "LogDelivery": acl.LOG_DELIVERY}  # fmt: skip
_PERMISSIONS = {"Read": "READ", "Write": "WRITE", "ReadAcp": "READ_ACP", "WriteAcp": "WRITE_ACP",
                "FullControl": "FULL_CONTROL"}  # fmt: skip
#: Grants that are hidden while public grants are ignored.
_PUBLIC = (f"grant:Group:{acl.ALL_USERS}:", f"grant:Group:{acl.AUTHENTICATED_USERS}:")
_THERE = ("OK", "ResourceDiscovered")
_GONE = ("ResourceDeleted", "ResourceDeletedNotRecorded")


def observations(documents: Sequence[tuple[Any, ...]]) -> tuple[Observation, ...]:
    """Observations of buckets in (kind, document, observed_at, provenance)."""
    found: list[Observation] = []
    for kind, answer, _, provenance, *_ in documents:
        if kind == CONFIG_ITEMS:
            for item in _items(answer):
                found.extend(_of_item(item, provenance))
    return tuple(found)


def owners(documents: Sequence[tuple[Any, ...]]) -> dict[str, Name]:
    """Bucket -> account, as items say."""
    found: dict[str, Name] = {}
    for kind, answer, _, provenance, *_ in documents:
        for item in _items(answer) if kind == CONFIG_ITEMS else ():
            bucket = text(item.get("resourceName"))
            account = text(item.get("accountId", item.get("awsAccountId")))
            if bucket is not None and account is not None:
                found[bucket] = Name(value=account, provenance=provenance)
    return found


def _items(answer: Json) -> Iterable[Mapping[str, Json]]:
    body = mapping(answer)
    listed = many(body.get("configurationItems", body.get("ConfigurationItems", answer)))
    items = [mapping(each) for each in listed]
    return [item for item in items if item.get("resourceType") == "AWS::S3::Bucket"]


def _of_item(item: Mapping[str, Json], provenance: Provenance | None) -> Iterable[Observation]:
    bucket = text(item.get("resourceName"))
    at = _captured(item)
    if bucket is None or at is None:
        return
    status = text(item.get("configurationItemStatus"))
    slots: dict[str, Atoms | None] = {}
    if status in _GONE:
        slots = {EXISTENCE: {}, "policy": {}, "acl": {}}
    elif status in _THERE:
        slots = {EXISTENCE: scalar(value=True)}
        slots |= _slots(mapping(item.get("supplementaryConfiguration")))
    for slot, atoms in slots.items():
        yield Observation(
            resource_uid=bucket_uid(bucket), slot=slot, atoms=atoms, at=at,
            why=f"configuration item captured at {at.isoformat()} ({status})",
            provenance=provenance,
        )  # fmt: skip


def _captured(item: Mapping[str, Json]) -> datetime | None:
    """Capture time, ISO text or seconds; None where there is none, or one without its offset."""
    written = item.get("configurationItemCaptureTime")
    try:
        if isinstance(written, int | float) and not isinstance(written, bool):
            return datetime.fromtimestamp(written, UTC)
        at = datetime.fromisoformat(text(written) or "")
    except (ValueError, OverflowError, OSError):
        return None
    return at.astimezone(UTC) if at.tzinfo is not None else None


def _slots(parts: Mapping[str, Json]) -> dict[str, Atoms | None]:
    """Slots that an item shows; parts that are not there are left out."""
    slots: dict[str, Atoms | None] = {}
    block = mapping(_inner(parts.get("PublicAccessBlockConfiguration")))
    folded = {name.lower(): text(value) for name, value in block.items()}
    for name in FLAGS:
        if name.lower() in folded:
            slots[flag_slot(name)] = scalar(folded[name.lower()] == "true")
    if "BucketPolicy" in parts:
        slots["policy"] = _policy(mapping(_inner(parts["BucketPolicy"])).get("policyText"))
    if "IsRequesterPaysEnabled" in parts:
        slots["requester_pays"] = scalar(text(_inner(parts["IsRequesterPaysEnabled"])) == "true")
    listed = _acl(mapping(_inner(parts.get("AccessControlList"))))
    shows_public = any(fact.startswith(_PUBLIC) for fact in listed or ())
    if listed is not None and (shows_public or folded.get("ignorepublicacls") == "false"):
        slots["acl"] = listed
    return slots


def _policy(written: Json) -> Atoms | None:
    """Facts of the policy's text; none without one, None where it cannot be read."""
    if not written:
        return {}
    try:
        return statements(document(written))
    except Unreadable:
        return None


def _acl(body: Mapping[str, Json]) -> Atoms | None:
    """Facts of a list in the form of configuration items; None where it cannot be read."""
    owner = text(mapping(body.get("owner")).get("id"))
    atoms: dict[str, Json] = {}
    for entry in many(body.get("grantList")):
        who = mapping(entry).get("grantee")
        permission = _PERMISSIONS.get(text(mapping(entry).get("permission")) or "")
        group = _GROUPS.get(who) if isinstance(who, str) else None
        named = group or text(mapping(who).get("id"))
        if named is None or permission is None:
            return None
        kind = "Group" if group else "CanonicalUser"
        fact, value = acl.grant(kind, named, permission, owner)
        atoms[fact] = value
    return atoms if "grantList" in body else None


def _inner(value: Json) -> Json:
    """What is inside JSON text, however often it was put into text."""
    for _ in range(3):
        if not isinstance(value, str):
            break
        try:
            value = json.loads(value)
        except ValueError:
            break
    return value
