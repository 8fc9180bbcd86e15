"""Which facts of a configuration give a permission, and which slots are gates to one."""

import json
from collections.abc import Mapping
from typing import Any

#: Gates that decide an access.
_GATES = {
    "public_access_block.IgnorePublicAcls": "true",
    "public_access_block.RestrictPublicBuckets": "true",
    "ownership": '"BucketOwnerEnforced"',
}

_WRITE_GATES = ("public_access_block.BlockPublicAcls", "public_access_block.BlockPublicPolicy")

#: Slots whose content gives permissions; boundaries and policies of organizations only limit them.
_GIVING = ("policy", "acl", "inline_policy/", "attached_policy/", "group/", "version/")


def decides(slot: str) -> bool:
    """All but the gates that only refuse writes: those count where writes are attempted again."""
    return slot not in _WRITE_GATES


def is_grant(slot: str, fact: str, value: str) -> bool:
    """A statement that allows, an entry of a list, an attachment, a membership."""
    del fact
    if not slot.startswith(_GIVING):
        return False
    held = json.loads(value)
    statement: Mapping[str, Any] = held.get("Statement", {}) if isinstance(held, dict) else {}
    return not statement or statement.get("Effect") == "Allow"


def gate_on(slot: str) -> str | None:
    """JSON text of a gate that is on."""
    return _GATES.get(slot)
