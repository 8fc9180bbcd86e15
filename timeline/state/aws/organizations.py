"""Organization policies: service and resource control policies, S3 policies; attachments; the tree.

Recorded in the management account alone. The tree of the organization is not rebuilt from these
records, so what they mean for one account is not decided here: `input.py` says UNKNOWN for every
type of policy that the records mention. Source: `state.md` section 1, row organizations.
"""

from collections.abc import Iterable

from timeline.state.aws.context import Context, Handler, ends, replace_slot, text_at
from timeline.state.aws.record import (
    document,
    field,
    request,
    response,
    statements,
    text,
)
from timeline.state.ledger import Atoms, Name, Recorded, Write, scalar

#: Resource that says which types of policy the records mention.
ORGANIZATION = "aws:organizations"
MENTIONED = "policy_types_mentioned"

#: Type of policy -> key of the evaluator's state object.
TYPES = {
    "SERVICE_CONTROL_POLICY": "scps",
    "RESOURCE_CONTROL_POLICY": "rcps",
    "S3_POLICY": "organization_s3_policy",
}

_SPEAK_OF_POLICIES = ("CreatePolicy", "UpdatePolicy", "DeletePolicy", "AttachPolicy",
                      "DetachPolicy", "EnablePolicyType", "DisablePolicyType")  # fmt: skip


def policy_uid(policy: str) -> str:
    """`resource_uid` of a policy."""
    return f"{ORGANIZATION}:policy/{policy}"


def target_uid(target: str) -> str:
    """`resource_uid` of a root, an organizational unit or an account."""
    return f"{ORGANIZATION}:target/{target}"


def create_policy(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Its id and type are in the answer."""
    policy = text_at(response(record), "policy", "policySummary", "id")
    if policy is None:
        return ()
    kind = _kind(record)
    uid = policy_uid(policy)
    return (
        replace_slot(record, uid, "content", lambda: _content(record)),
        replace_slot(record, uid, "type", lambda: scalar(kind)),
    )


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
    if account is None:
        return ()
    return (replace_slot(record, target_uid(account), "parent", lambda: scalar(parent)),)


def leave(record: Recorded, _: Context) -> tuple[Write, ...]:
    """LeaveOrganization is called by the account itself, RemoveAccount… names it."""
    account = text(field(request(record), "accountId")) or record.account
    if account is None:
        return ()
    return (replace_slot(record, target_uid(account), "parent", lambda: {}, bodiless=True),)


def policy_type(record: Recorded, _: Context) -> tuple[Write, ...]:
    """EnablePolicyType, DisablePolicyType at a root."""
    root = text(field(request(record), "rootId"))
    kind = text(field(request(record), "policyType"))
    if root is None or kind is None:
        return ()
    on = record.operation == "EnablePolicyType"
    return (replace_slot(record, target_uid(root), f"policy_type/{kind}", lambda: scalar(on)),)


def mentioned(records: Iterable[Recorded]) -> dict[tuple[str, str], Name]:
    """Keys of the state object of whose policies accepted records speak."""
    found: dict[tuple[str, str], Name] = {}
    for record in records:
        if record.service != "organizations.amazonaws.com" or record.error_code is not None:
            continue
        if record.operation in _SPEAK_OF_POLICIES:
            kind = _kind(record) or text(field(request(record), "policyType"))
            keys = [TYPES[kind]] if kind in TYPES else [] if kind else sorted(TYPES.values())
            for key in keys:
                name = Name(value=key, provenance=record.provenance)
                found.setdefault((ORGANIZATION, f"{MENTIONED}/{key}"), name)
    return found


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

    return (replace_slot(record, target_uid(target), f"policy/{policy}", content),)


HANDLERS: dict[str, Handler] = {
    "CreatePolicy": create_policy,
    "UpdatePolicy": update_policy,
    "DeletePolicy": delete_policy,
    "AttachPolicy": attach_policy,
    "DetachPolicy": detach_policy,
    "MoveAccount": move_account,
    "LeaveOrganization": leave,
    "RemoveAccountFromOrganization": leave,
    "EnablePolicyType": policy_type,
    "DisablePolicyType": policy_type,
}
