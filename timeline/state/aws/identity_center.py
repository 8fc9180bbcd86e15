"""Identity Center: permission sets and who was given them where, as asked for.

Read and shown, and not decided by themselves: what a set allows in an account stands in the role
that the service writes there, which has records of its own. An assignment is asynchronous; it
reaches an account when that role is written. Older consoles used other names for some of the
calls. Source: `state.md` section 1, row sso; IAM Identity Center API reference.
"""

from functools import partial

from timeline.state.aws.context import Context, Handler, ends, replace_slot, text_at
from timeline.state.aws.record import document, field, mapping, request, response, statements, text
from timeline.state.ledger import Atoms, Recorded, Write, scalar

INLINE, BOUNDARY = "inline_policy", "permissions_boundary"


def create_set(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Its ARN is in the answer; a new set allows nothing."""
    uid = text_at(response(record), "permissionSet", "permissionSetArn")
    return () if uid is None else (replace_slot(record, uid, INLINE, lambda: {}, bodiless=True),)


def delete_set(record: Recorded, _: Context) -> tuple[Write, ...]:
    """All its slots end."""
    uid = _set(record)
    return () if uid is None else (ends(record, uid),)


def put_inline(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Full replacement. Opaque where the service hid the document."""

    def content() -> Atoms:
        return statements(document(field(request(record), "inlinePolicy", "permissionsPolicy")))

    uid = _set(record)
    return () if uid is None else (replace_slot(record, uid, INLINE, content),)


def put_boundary(record: Recorded, _: Context) -> tuple[Write, ...]:
    """By its ARN, or by the name of the account's own policy."""

    def content() -> Atoms:
        given = mapping(field(request(record), "permissionsBoundary"))
        return scalar(given) if given else {}

    uid = _set(record)
    return () if uid is None else (replace_slot(record, uid, BOUNDARY, content),)


def clear(slot: str, record: Recorded, _: Context) -> tuple[Write, ...]:
    """Nothing from then on."""
    uid = _set(record)
    return () if uid is None else (replace_slot(record, uid, slot, lambda: {}, bodiless=True),)


def managed(attached: bool, record: Recorded, _: Context) -> tuple[Write, ...]:
    """One slot per policy: by its ARN, or by path and name in the account."""
    uid, given = _set(record), request(record)
    own = mapping(field(given, "customerManagedPolicyReference"))
    name = text(field(given, "managedPolicyArn")) or (
        f"{text(own.get('path')) or '/'}{text(own.get('name')) or ''}" if own else None
    )
    if uid is None or name is None:
        return ()

    def content() -> Atoms:
        return scalar(value=True) if attached else {}

    return (replace_slot(record, uid, f"policy/{name}", content),)


def assignment(given_to: bool, record: Recorded, _: Context) -> tuple[Write, ...]:
    """One slot per account and user or group."""
    uid, given = _set(record), request(record)
    place = [text(field(given, name)) for name in ("targetId", "principalType", "principalId")]
    if uid is None or None in place:
        return ()

    def content() -> Atoms:
        return scalar(value=True) if given_to else {}

    slot = "/".join(("assignment", *(each or "" for each in place)))
    return (replace_slot(record, uid, slot, content),)


def _set(record: Recorded) -> str | None:
    return text(field(request(record), "permissionSetArn"))


HANDLERS: dict[str, Handler] = {
    "CreatePermissionSet": create_set,
    "DeletePermissionSet": delete_set,
    "PutInlinePolicyToPermissionSet": put_inline,
    "PutPermissionsPolicy": put_inline,
    "DeleteInlinePolicyFromPermissionSet": partial(clear, INLINE),
    "PutPermissionsBoundaryToPermissionSet": put_boundary,
    "DeletePermissionsBoundaryFromPermissionSet": partial(clear, BOUNDARY),
    "AttachManagedPolicyToPermissionSet": partial(managed, True),
    "DetachManagedPolicyFromPermissionSet": partial(managed, False),
    "AttachCustomerManagedPolicyReferenceToPermissionSet": partial(managed, True),
    "DetachCustomerManagedPolicyReferenceFromPermissionSet": partial(managed, False),
    "CreateAccountAssignment": partial(assignment, True),
    "DeleteAccountAssignment": partial(assignment, False),
}
