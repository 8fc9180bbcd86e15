"""Organizations: the tree of accounts, its policies and where they are attached, as recorded.

Recorded in the management account alone. A policy's type is in the record of its creation and in
answers; an attachment names the policy by its id. What the tree comes to for one account at an
instant: `organization_levels.py`; answers: `organization_answers.py`. Source: `state.md` section 1,
row organizations; AWS Organizations User Guide, orgs_manage_policies_enable-disable.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from timeline.state.aws.context import Context, Handler, ends, replace_slot, text_at
from timeline.state.aws.record import (
    Unreadable,
    document,
    field,
    request,
    response,
    statements,
    text,
)
from timeline.state.ledger import OWNER, Atoms, Name, Recorded, Write, scalar

#: Resource that says which types of policy the records mention.
ORGANIZATION = "aws:organizations"
MENTIONED = "policy_types_mentioned"

#: Slot of the organization that says that all its units and accounts are known.
TREE = "tree"
#: Slot of the organization: its delegation policy.
DELEGATION = "delegation_policy"
#: Name of the account that manages it, which its control policies do not bind.
MANAGEMENT = "management_account"

#: Slots of a root, a unit or an account: where it is; a policy that is attached to it; that all
#: attached policies of one type are known; what policies of one type come to for it.
PARENT, POLICY, ATTACHMENTS, EFFECTIVE = "parent", "policy", "attachments", "effective"
#: Slot of a root: whether a type of policy is in use.
POLICY_TYPE = "policy_type"
#: Name of a policy.
TYPE = "type"
S3_POLICY = "S3_POLICY"

#: Type of policy -> key of the evaluator's state object.
TYPES = {
    "SERVICE_CONTROL_POLICY": "scps",
    "RESOURCE_CONTROL_POLICY": "rcps",
    S3_POLICY: "organization_s3_policy",
}

_SPEAK_OF_POLICIES = ("CreatePolicy", "UpdatePolicy", "DeletePolicy", "AttachPolicy",
                      "DetachPolicy", "EnablePolicyType", "DisablePolicyType")  # fmt: skip
_ALTER_EFFECT = ("UpdatePolicy", "DeletePolicy", "AttachPolicy", "DetachPolicy", "MoveAccount",
                 "EnablePolicyType", "DisablePolicyType")  # fmt: skip


def policy_uid(policy: str) -> str:
    """`resource_uid` of a policy."""
    return f"{ORGANIZATION}:policy/{policy}"


def target_uid(target: str) -> str:
    """`resource_uid` of a root, an organizational unit or an account."""
    return f"{ORGANIZATION}:target/{target}"


def create_policy(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Its id is in the answer."""
    policy = _created(record)
    if policy is None:
        return ()
    return (replace_slot(record, policy_uid(policy), "content", lambda: _content(record)),)


def update_policy(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Only what is given changes; without content it was renamed."""
    policy = text(field(request(record), "policyId"))
    if policy is None or field(request(record), "content") is None:
        return ()
    return (replace_slot(record, policy_uid(policy), "content", lambda: _content(record)),)


def delete_policy(record: Recorded, _: Context) -> tuple[Write, ...]:
    """The policy ends."""
    policy = text(field(request(record), "policyId"))
    return () if policy is None else (ends(record, policy_uid(policy)),)


def attach_policy(record: Recorded, _: Context) -> tuple[Write, ...]:
    """One slot per policy and target."""
    return _attachment(record, attached=True)


def detach_policy(record: Recorded, _: Context) -> tuple[Write, ...]:
    """No longer attached there."""
    return _attachment(record, attached=False)


def move_account(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Another parent: every inherited policy may change."""
    account = text(field(request(record), "accountId"))
    parent = text(field(request(record), "destinationParentId"))
    source = text(field(request(record), "sourceParentId"))
    if account is None:
        return ()
    moved = replace_slot(record, target_uid(account), PARENT, lambda: scalar(parent))
    return (replace(moved, before=scalar(source) if source else None),)


def create_unit(record: Recorded, _: Context) -> tuple[Write, ...]:
    """A unit stays where it was made: units cannot be moved."""
    unit = text_at(response(record), "organizationalUnit", "id")
    parent = text(field(request(record), "parentId"))
    if unit is None:
        return ()
    return (replace_slot(record, target_uid(unit), PARENT, lambda: scalar(parent)),)


def delete_unit(record: Recorded, _: Context) -> tuple[Write, ...]:
    """The unit ends; it has to be empty."""
    unit = text(field(request(record), "organizationalUnitId"))
    return () if unit is None else (ends(record, target_uid(unit)),)


def join(record: Recorded, _: Context) -> tuple[Write, ...]:
    """An account joins, and the record does not say which: the tree may lack one from then on."""

    def unnamed() -> Atoms:
        raise Unreadable("it does not name the account that joins")

    return (replace_slot(record, ORGANIZATION, TREE, unnamed),)


def leave(record: Recorded, _: Context) -> tuple[Write, ...]:
    """LeaveOrganization is called by the account itself, RemoveAccount… names it."""
    account = text(field(request(record), "accountId")) or record.account
    if account is None:
        return ()
    return (replace_slot(record, target_uid(account), PARENT, lambda: {}, bodiless=True),)


def policy_type(record: Recorded, _: Context) -> tuple[Write, ...]:
    """EnablePolicyType, DisablePolicyType at a root."""
    root = text(field(request(record), "rootId"))
    kind = text(field(request(record), "policyType"))
    if root is None or kind is None:
        return ()
    on = record.operation == "EnablePolicyType"
    return (replace_slot(record, target_uid(root), f"{POLICY_TYPE}/{kind}", lambda: scalar(on)),)


def delegation(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Which accounts may manage policies in the management account's stead: read and shown."""
    if record.operation == "DeleteResourcePolicy":
        return (replace_slot(record, ORGANIZATION, DELEGATION, lambda: {}, bodiless=True),)
    return (replace_slot(record, ORGANIZATION, DELEGATION, lambda: _content(record)),)


def mentioned(records: Iterable[Recorded]) -> dict[tuple[str, str], Name]:
    """What accepted records name: types of policy, those of single policies, the own account."""
    found: dict[tuple[str, str], Name] = {}
    for record in records:
        if record.service != "organizations.amazonaws.com" or record.error_code is not None:
            continue
        if record.operation not in _SPEAK_OF_POLICIES:
            continue
        kind = _kind(record) or text(field(request(record), "policyType"))
        for key in [TYPES[kind]] if kind in TYPES else [] if kind else sorted(TYPES.values()):
            name = Name(value=key, provenance=record.provenance)
            found.setdefault((ORGANIZATION, f"{MENTIONED}/{key}"), name)
        policy = _created(record) or text(field(request(record), "policyId"))
        if policy is not None and kind is not None:
            name = Name(value=kind, provenance=record.provenance)
            found.setdefault((policy_uid(policy), TYPE), name)
        if record.account is not None:
            name = Name(value=record.account, provenance=record.provenance)
            found.setdefault((ORGANIZATION, OWNER), name)
    return found


def settle(
    writes: Sequence[Write],
    records: Iterable[Recorded],
    places: Iterable[tuple[str, str]],
    types: Mapping[str, str],
) -> list[Write]:
    """What records mean for places that they do not name.

    Args:
        writes: of all records.
        records: all records.
        places: (resource, slot) that any record or answer mentions.
        types: policy -> its type.

    Switching a type of policy off detaches all its policies; switching it on attaches the
    provider's own anew, in places that the record does not list. An answer that says what S3
    policies come to for an account holds until one of them, or the account, is moved or altered.
    """
    known = sorted(set(places) | {(write.resource_uid, write.slot) for write in writes})
    found: list[Write] = []
    for record in records:
        if record.service == "organizations.amazonaws.com":
            found += _switched(record, known, types) + _stale(record, known, types)
    return found


def _switched(
    record: Recorded, known: Sequence[tuple[str, str]], types: Mapping[str, str]
) -> list[Write]:
    if record.operation not in ("EnablePolicyType", "DisablePolicyType"):
        return []
    kind = text(field(request(record), "policyType"))
    off = record.operation == "DisablePolicyType"

    def content() -> Atoms:
        if off:
            return {}
        raise Unreadable("it attaches the provider's own policy in places that it does not list")

    return [
        replace_slot(record, uid, slot, content, bodiless=True)
        for uid, slot in known
        if uid.startswith(target_uid(""))
        and (
            slot == f"{ATTACHMENTS}/{kind}"
            or (slot.startswith(f"{POLICY}/") and types.get(slot.partition("/")[2]) == kind)
        )
    ]


def _stale(
    record: Recorded, known: Sequence[tuple[str, str]], types: Mapping[str, str]
) -> list[Write]:
    """Opaque writes to what S3 policies were answered to come to."""
    policy = text(field(request(record), "policyId"))
    kind = text(field(request(record), "policyType")) or types.get(policy or "", S3_POLICY)
    if record.operation not in _ALTER_EFFECT or kind != S3_POLICY:
        return []

    def unsaid() -> Atoms:
        raise Unreadable("what the S3 policies then come to for an account is not recorded")

    return [
        replace_slot(record, uid, slot, unsaid)
        for uid, slot in known
        if slot == f"{EFFECTIVE}/{S3_POLICY}"
    ]


def _created(record: Recorded) -> str | None:
    """Id of the policy that a record creates."""
    return text_at(response(record), "policy", "policySummary", "id")


def _kind(record: Recorded) -> str | None:
    return text(field(request(record), "type")) or text_at(
        response(record), "policy", "policySummary", "type"
    )


def _content(record: Recorded) -> Atoms:
    """Statements of a control policy; any other policy is one value."""
    given = document(field(request(record), "content"))
    return statements(given) if "Statement" in given else scalar(given)


def _attachment(record: Recorded, *, attached: bool) -> tuple[Write, ...]:
    policy = text(field(request(record), "policyId"))
    target = text(field(request(record), "targetId"))
    if policy is None or target is None:
        return ()

    def content() -> Atoms:
        return scalar(policy) if attached else {}

    # Attaching what is attached, and detaching what is not, are errors (DuplicatePolicyAttachment,
    # PolicyNotAttached): success implies what was there before.
    before: Atoms = {} if attached else scalar(policy)
    slot = f"{POLICY}/{policy}"
    return (replace(replace_slot(record, target_uid(target), slot, content), before=before),)


HANDLERS: dict[str, Handler] = {
    "CreatePolicy": create_policy,
    "UpdatePolicy": update_policy,
    "DeletePolicy": delete_policy,
    "AttachPolicy": attach_policy,
    "DetachPolicy": detach_policy,
    "MoveAccount": move_account,
    "CreateOrganizationalUnit": create_unit,
    "DeleteOrganizationalUnit": delete_unit,
    "CreateAccount": join,
    "AcceptHandshake": join,
    "LeaveOrganization": leave,
    "RemoveAccountFromOrganization": leave,
    "EnablePolicyType": policy_type,
    "DisablePolicyType": policy_type,
    "PutResourcePolicy": delegation,
    "DeleteResourcePolicy": delegation,
}
