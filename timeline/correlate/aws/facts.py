"""Which facts of a configuration give a permission, and which slots are gates to one."""

import json
from collections.abc import Mapping
from typing import Any

from timeline.correlate.provider import Request
from timeline.correlate.views import Place

#: Gates that decide an access.
_GATES = {
    "public_access_block.IgnorePublicAcls": "true",
    "public_access_block.RestrictPublicBuckets": "true",
    "ownership": '"BucketOwnerEnforced"',
}

_WRITE_GATES = ("public_access_block.BlockPublicAcls", "public_access_block.BlockPublicPolicy")

#: Actions that carry no setting.
_READING = ("s3:get", "s3:list", "s3:head")

#: Slots whose content gives permissions; boundaries and policies of organizations only limit them.
_GIVING = ("policy", "acl", "inline_policy/", "attached_policy/", "group/", "version/")


#: Policies that the provider writes and changes itself.
_PROVIDERS_OWN = "arn:aws:iam::aws:policy/"


def decides(slot: str) -> bool:
    """All but the gates that only refuse writes: those count where writes are attempted again."""
    return slot not in _WRITE_GATES


def meets_gates(request: Request) -> bool:
    """All requests but those that read alone: an upload may carry a list of its own."""
    given = request["action"]
    actions = [given] if isinstance(given, str) else list(given)
    also = request.get("also")
    reads = all(action.lower().startswith(_READING) for action in actions)
    return not reads or (also is not None and meets_gates(also))


def is_grant(place: Place, value: str) -> bool:
    """A statement that allows, an entry of a list, an attachment, a membership.

    The text of a policy that the provider keeps is nobody's configuration: its attachment is the
    grant.
    """
    resource, slot = place
    if not slot.startswith(_GIVING) or resource.startswith(_PROVIDERS_OWN):
        return False
    held = json.loads(value)
    statement: Mapping[str, Any] = held.get("Statement", {}) if isinstance(held, dict) else {}
    return not statement or statement.get("Effect") == "Allow"


def emptied(slot: str) -> str | None:
    """JSON text of a slot from which the last grant was taken; None = the slot is then absent.

    A list without entries is still a list, and a policy version without statements a version.
    """
    if slot == "acl":
        return '{"Grants":[]}'
    return '{"Statement":[],"Version":"2012-10-17"}' if slot.startswith("version/") else None


def gate_on(slot: str) -> str | None:
    """JSON text of a gate that is on."""
    return _GATES.get(slot)
