"""What the organization's policies come to for one account at an instant.

Only where every link is known: the account's place up to the root, that a type of policy is in
use there, all policies attached at each level, and their content. Where one is not known the
whole is not: a level that lacks a policy would refuse or let through what the real one does not.

Source: AWS Organizations User Guide: orgs_manage_policies_scps_evaluation (every level),
orgs_manage_policies_rcps (neither binds the management account),
orgs_manage_policies_inheritance_mgmt (how policies of other types merge).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from timeline.model import Json, Knowledge
from timeline.state.aws.organizations import (
    ATTACHMENTS,
    EFFECTIVE,
    MANAGEMENT,
    ORGANIZATION,
    PARENT,
    POLICY,
    POLICY_TYPE,
    S3_POLICY,
    TREE,
    TYPE,
    TYPES,
    policy_uid,
    target_uid,
)

if TYPE_CHECKING:
    from timeline.state.aws.input import Reading

#: Key of the state object -> type of policy.
KINDS = {key: kind for kind, key in TYPES.items()}

#: No organization is deeper: five levels of units below the root, and the account.
DEPTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What binds an account.

    Attributes:
        known: whether `value` is what binds it; False = not known.
        outside: the account is not in the organization that the evidence shows.
        value: as the state object holds it; None = nothing of that type binds it.
    """

    known: bool
    outside: bool = False
    value: Json = None


UNKNOWN = Binding(known=False)
NOTHING = Binding(known=True)


def binding(reading: "Reading", key: str, account: str | None) -> Binding:
    """What the policies behind a key of the state object come to for an account."""
    if account is None:
        return UNKNOWN
    kind = KINDS[key]
    uid = target_uid(account)
    if kind == S3_POLICY and reading.mentioned(uid, f"{EFFECTIVE}/{kind}"):
        answered = reading.slot(uid, f"{EFFECTIVE}/{kind}")
        if answered.knowledge is not Knowledge.UNKNOWN:
            return Binding(known=True, value=answered.value)
    managing = reading.name(ORGANIZATION, MANAGEMENT)
    if kind != S3_POLICY and managing == account:
        return NOTHING
    if not reading.mentioned(uid, PARENT) and managing != account:
        whole = reading.slot(ORGANIZATION, TREE).knowledge is Knowledge.PRESENT
        return Binding(known=False, outside=whole)
    path = _path(reading, account)
    if path is None:
        return UNKNOWN
    if not path:
        return NOTHING
    if kind != S3_POLICY and managing is None:
        return UNKNOWN  # whether it is the account that they do not bind is not known
    used = reading.slot(target_uid(path[0]), f"{POLICY_TYPE}/{kind}")
    if used.knowledge is Knowledge.UNKNOWN:
        return UNKNOWN
    if used.value is not True:
        return NOTHING
    levels = [_attached(reading, target, kind) for target in path]
    return _together(kind, levels)


def _together(kind: str, levels: list[list[Json] | None]) -> Binding:
    known: list[Json] = []
    for level in levels:
        if level is None or (kind == "SERVICE_CONTROL_POLICY" and not level):
            return UNKNOWN  # a level always has a service control policy
        known.append(level)
    if kind != S3_POLICY:
        return Binding(known=True, value=known)
    single = [document for level in levels for document in level or ()]
    if len(single) > 1:
        return UNKNOWN  # how they merge depends on operators: only the provider's answer says
    return Binding(known=True, value=single[0] if single else None)


def _path(reading: "Reading", account: str) -> list[str] | None:
    """Root, units and account, root first; empty for an account in none; None = not known."""
    path = [account]
    while not path[0].startswith("r-"):
        state = reading.slot(target_uid(path[0]), PARENT)
        if state.knowledge is Knowledge.ABSENT and len(path) == 1:
            return []
        if not isinstance(state.value, str) or len(path) > DEPTH:
            return None
        path.insert(0, state.value)
    return path


def _attached(reading: "Reading", target: str, kind: str) -> list[Json] | None:
    """Documents of one type at one level; None where not all of them are known."""
    uid = target_uid(target)
    if reading.slot(uid, f"{ATTACHMENTS}/{kind}").knowledge is not Knowledge.PRESENT:
        return None
    found: list[Json] = []
    for slot in reading.history.slots(uid):
        family, _, name = slot.partition("/")
        of_kind = reading.name(policy_uid(name), TYPE)
        if family != POLICY or of_kind not in (kind, None):
            continue
        state = reading.slot(uid, slot)
        if state.knowledge is Knowledge.ABSENT:
            continue
        content = reading.slot(policy_uid(name), "content")
        if of_kind is None or not isinstance(state.value, str) or content.value is None:
            return None
        found.append(content.value)
    return found
