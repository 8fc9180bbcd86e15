"""Policies of the caller at an instant: identity policies, boundary, session policies.

A principal whose account's IAM was not observed has unknown policies, never none (`access.md`
G10): the path is then `identity:ACCOUNT`. What is known of it from single events still counts,
because a known Deny is a Deny.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from timeline.model import Json, Knowledge
from timeline.state.aws.context import account_uid
from timeline.state.aws.iam import LISTING
from timeline.state.aws.sts import SESSION_POLICY, SESSION_POLICY_ARNS

if TYPE_CHECKING:
    from timeline.state.aws.input import Reading

_SIGNED = ("IAMUser", "AssumedRole", "FederatedUser", "AWSAccount")


def unique_uid(unique_id: str) -> str:
    """`resource_uid` under which the ARN of a unique id is kept."""
    return f"aws:unique:{unique_id}"


def state_of(reading: "Reading", request: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of the state object that the caller's own account decides."""
    principal = request.get("principal") or {}
    state: dict[str, Any] = {
        "identity_policies": [],
        "permissions_boundary": None,
        "session_policies": None,
    }
    if principal.get("type") not in _SIGNED:
        return state
    arn = _principal_arn(reading, request)
    account = principal.get("account") or (arn.split(":")[4] if arn else "")
    if arn is None:
        reading.unknown.append(f"identity:{account}")
        reading.unseen += ["permissions_boundary", "session_policies"]
        return state
    state["identity_policies"] = _policies(reading, arn, account)
    state["permissions_boundary"] = _boundary(reading, arn)
    state["session_policies"] = _session(reading, principal)
    return state


def _principal_arn(reading: "Reading", request: Mapping[str, Any]) -> str | None:
    """ARN of the user, or of the role behind a session, with its path."""
    principal = request["principal"]
    arn, kind = principal.get("arn"), principal.get("type")
    issuer = (request.get("context") or {}).get("aws:PrincipalArn")
    if kind == "AssumedRole" and isinstance(issuer, str) and ":role/" in issuer:
        return issuer
    if arn is None:
        unique = str(principal.get("unique_id") or "").split(":")[0]
        return reading.name(unique_uid(unique), "arn") if unique else None
    parts = str(arn).split(":", 5)
    if kind == "FederatedUser" or len(parts) != 6:
        return None
    if parts[5].startswith("assumed-role/"):
        name = parts[5].split("/")[1]
        known = reading.name(account_uid(parts[4]), f"role/{name}")
        return known or f"arn:{parts[1]}:iam::{parts[4]}:role/{name}"
    return str(arn)


def _policies(reading: "Reading", arn: str, account: str) -> list[Json]:
    """Inline and attached policies of a principal, and of the groups it is in."""
    if reading.slot(arn, LISTING).knowledge is not Knowledge.PRESENT:
        reading.unknown.append(f"identity:{account}")
    found: list[Json] = []
    for slot in reading.history.slots(arn):
        kind, _, name = slot.partition("/")
        if kind not in ("inline_policy", "attached_policy", "group"):
            continue
        state = reading.slot(arn, slot)
        if state.knowledge is Knowledge.UNKNOWN:
            reading.unknown.append(f"identity_policies.{slot}")
        elif state.knowledge is Knowledge.ABSENT:
            continue
        elif kind == "inline_policy":
            found.append(state.value)
        elif kind == "attached_policy":
            found += _managed(reading, name, f"identity_policies.{name}")
        elif kind == "group":
            found += _policies(reading, str(state.value), account)
    return found


def _boundary(reading: "Reading", arn: str) -> Json:
    """Its document; unseen where no record says whether there is one."""
    path = "permissions_boundary"
    if not reading.mentioned(arn, "boundary"):
        reading.unseen.append(path)
        return None
    state = reading.slot(arn, "boundary")
    if state.knowledge is Knowledge.UNKNOWN:
        reading.unknown.append(path)
    documents = _managed(reading, str(state.value), path) if state.value else []
    return documents[0] if documents else None


def _managed(reading: "Reading", arn: str, path: str) -> list[Json]:
    """Document of the default version of a managed policy; unknown where no record holds it."""
    version = reading.slot(arn, "default_version").value
    document = reading.slot(arn, f"version/{version}").value if version else None
    if document is None:
        reading.unknown.append(path)
        return []
    return [document]


def _session(reading: "Reading", principal: Mapping[str, Any]) -> list[Json] | None:
    """Policies given when the session was made; unseen where its making is not recorded."""
    path = "session_policies"
    if principal.get("type") not in ("AssumedRole", "FederatedUser"):
        return None
    arn = str(principal.get("arn"))
    if not reading.mentioned(arn, SESSION_POLICY):
        reading.unseen.append(path)
        return None
    inline, managed = (reading.slot(arn, slot) for slot in (SESSION_POLICY, SESSION_POLICY_ARNS))
    if Knowledge.UNKNOWN in (inline.knowledge, managed.knowledge):
        reading.unknown.append(path)
    documents: list[Json] = [] if inline.value is None else [inline.value]
    for policy in managed.value if isinstance(managed.value, list) else ():
        documents += _managed(reading, str(policy), path)
    return documents or None
