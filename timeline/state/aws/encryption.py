"""Encryption in the state of a request: what uploads get, which key is needed, grants on it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from timeline.model import Json, Knowledge
from timeline.state.aws.kms import ALL_GRANTS

if TYPE_CHECKING:
    from timeline.state.aws.input import Reading

_HEADER = "s3:x-amz-server-side-encryption"


def of_bucket(reading: "Reading", uid: str) -> dict[str, Any]:
    """What uploads are encrypted with where they do not say; a guardrail, as key policies are."""
    if not reading.mentioned(uid, "encryption"):
        reading.unseen.append("bucket.default_sse")
        return {"default_sse": None}
    value = reading.known(uid, "encryption", "bucket.default_sse")
    found = value if isinstance(value, dict) else {}
    return {"default_sse": found.get("algorithm"), "default_kms_key": found.get("key")}


def needed_key(state: Mapping[str, Any], request: Mapping[str, Any]) -> Json:
    """The key that a request needs: of an upload the one that it or its bucket names."""
    action = request.get("action")
    actions = [str(each).lower() for each in (action if isinstance(action, list) else [action])]
    if "s3:putobject" not in actions:
        key: Json = (state["object"] or {}).get("kms_key")
        return key
    context = request.get("context") or {}
    if context.get(_HEADER) is not None:
        named: Json = context.get(f"{_HEADER}-aws-kms-key-id")
        return named
    default: Json = state["bucket"].get("default_kms_key")
    return default


def account_of(key: str) -> str | None:
    """Account of a key, where it is named by its ARN."""
    parts = key.split(":", 5)
    return parts[4] if len(parts) == 6 else None


def grants(reading: "Reading", key: str) -> list[Json]:
    """Grants in force on a key; not known unless all of them are."""
    states = [reading.slot(key, s) for s in reading.history.slots(key) if s.startswith("grant/")]
    unclear = any(state.knowledge is Knowledge.UNKNOWN for state in states)
    if unclear or reading.slot(key, ALL_GRANTS).knowledge is not Knowledge.PRESENT:
        reading.unknown.append("kms_grants")
    return [state.value for state in states if state.value is not None]
