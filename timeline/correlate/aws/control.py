"""Who could change a setting of a bucket, and who could see it: requests to ask the evaluator.

Principals are the users and roles that the records hold a listing or a write of. A request is sent
over TLS, through no VPC endpoint; every other key that a policy mentions is unknown, so that an
answer never hangs on it. Root users, services and whoever may assume a role are not asked.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from timeline.correlate.aws import requests
from timeline.correlate.aws.probes import caller_of, contents, open_keys
from timeline.correlate.aws.settings import OBJECTS, SETTINGS, Setting, is_container
from timeline.correlate.provider import Edges, Probe
from timeline.correlate.views import Viewed
from timeline.model import Json

_DOCUMENTS = ("inline_policy", "version")


def principals(view: Viewed, changes: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Users and roles: first those that wrote, then those that a listing names, each sorted."""
    wrote = {role_of(row["technical_actor"]) for row in changes if row["technical_actor"]}
    listed = {uid for uid in view.resources() if _is_identity(uid)}
    first = sorted(one for one in wrote if one is not None and _is_identity(one))
    return (*first, *sorted(listed - set(first)))


def role_of(name: str) -> str | None:
    """A user, or the role behind a session; None for anything else."""
    parts = name.split(":", 5)
    if len(parts) != 6 or not parts[4]:
        return None
    if parts[2] == "sts" and parts[5].startswith("assumed-role/"):
        return f"arn:{parts[1]}:iam::{parts[4]}:role/{parts[5].split('/')[1]}"
    return name if _is_identity(name) else None


def account_of(principal: str) -> str:
    """Account of a user or role."""
    return principal.split(":")[4]


def is_policy(slot: str) -> bool:
    """Whether a slot of a principal holds or names one of its policies."""
    return slot.partition("/")[0] in ("inline_policy", "attached_policy")


def settings_of(view: Viewed, resource_uid: str) -> tuple[Setting, ...]:
    """Settings of a bucket that the records mention, and its objects."""
    if not is_container(resource_uid):
        return ()
    slots = tuple(view.slots(resource_uid))
    return (
        *(one for one in SETTINGS if any(_fits(one.pattern, slot) for slot in slots)),
        OBJECTS,
    )


def probe(
    view: Viewed, edges: Edges, principal: str, action: str, resource_uid: str
) -> Probe | None:
    """The request; None where the principal cannot be asked."""
    who = caller_of(principal)
    if who is None:
        return None
    whole = f"{resource_uid}/butfor-probe" if action in (OBJECTS.write, OBJECTS.read) else ""
    documents: list[Json] = list(contents(view, edges, resource_uid, "policy"))
    for uid, slot in edges:
        theirs = uid == principal or ":policy/" in uid
        if theirs and slot.partition("/")[0] in _DOCUMENTS:
            documents += contents(view, edges, uid, slot)
    return Probe(
        request={
            "principal": dict(who), "action": action, "resource": whole or resource_uid,
            "time": None, "context": {"aws:SecureTransport": "true"},
            "unknown_context": open_keys(requests.mentions(documents)),
        },
        principal=principal, action=action, resource_uid=resource_uid,
        container=requests.bucket_and_key(resource_uid)[0], owned=bool(whole),
        own_account_allows=False,
    )  # fmt: skip


def _fits(pattern: str, slot: str) -> bool:
    return slot == pattern or (pattern.endswith("*") and slot.startswith(pattern[:-1]))


def _is_identity(uid: str) -> bool:
    parts = uid.split(":", 5)
    return len(parts) == 6 and parts[2] == "iam" and parts[5].startswith(("role/", "user/"))
