"""Users, roles, groups and managed policies: from a record to the writes that it attempted.

IAM events name a user or role without its path; `Context.principal` finds the ARN. Source:
`state.md` section 1, rows IAM.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from timeline.state.aws.context import Context, Handler, default_slot, ends, replace_slot, text_at
from timeline.state.aws.record import (
    Unreadable,
    document,
    field,
    many,
    mapping,
    request,
    response,
    statements,
)
from timeline.state.aws.record import text as text_of
from timeline.state.ledger import EXISTENCE, FAMILY, Atoms, Recorded, Write, scalar

#: Slot that says whether all policies of a principal are known: no slot then means no policy.
LISTING = "listing"
COMPLETE = scalar("complete")

_KINDS = ("user", "role", "group")


def put_inline(kind: str, record: Recorded, context: Context) -> tuple[Write, ...]:
    """PutUserPolicy, PutRolePolicy, PutGroupPolicy."""
    return _of(
        kind, record, context, _inline_slot(record),
        lambda: statements(document(field(request(record), "policyDocument"))),
    )  # fmt: skip


def delete_inline(kind: str, record: Recorded, context: Context) -> tuple[Write, ...]:
    """Its success implies that there was one, not what it said."""
    return _of(kind, record, context, _inline_slot(record), lambda: {}, bodiless=True)


def attach(kind: str, record: Recorded, context: Context) -> tuple[Write, ...]:
    """Attaching twice succeeds: implies nothing of before."""
    arn = text_of(field(request(record), "policyArn"))
    return _of(kind, record, context, _attached_slot(record), lambda: scalar(arn))


def detach(kind: str, record: Recorded, context: Context) -> tuple[Write, ...]:
    """Detaching what is not attached is an error: success implies that it was attached."""
    arn = text_of(field(request(record), "policyArn"))
    writes = _of(kind, record, context, _attached_slot(record), lambda: {}, bodiless=True)
    return tuple(_implying(write, scalar(arn)) for write in writes)


def create_principal(kind: str, record: Recorded, context: Context) -> tuple[Write, ...]:
    """CreateUser, CreateRole, CreateGroup: begins without policies; the answer has its id."""
    title = kind.capitalize()
    arn = text_at(response(record), kind, "arn") or _target(kind, record, context)
    if arn is None:
        return ()
    unique = text_at(response(record), kind, f"{kind}Id")
    writes = [
        Write(
            resource_uid=arn, slot=EXISTENCE, atoms=scalar({"unique_id": unique}), record=record,
            accepted=record.error_code is None, why=f"Create{title} recorded", before={}, rank=0,
        ),
        default_slot(record, arn, LISTING, COMPLETE, f"a new {kind} has no policies"),
    ]  # fmt: skip
    writes += [
        default_slot(record, arn, f"{family}{FAMILY}", {}, f"a new {kind} has no policies")
        for family in ("inline_policy", "attached_policy", "group")
    ]
    boundary = text_of(field(request(record), "permissionsBoundary"))
    if kind != "group":
        writes.append(
            replace_slot(record, arn, "boundary", lambda: scalar(boundary))
            if boundary
            else default_slot(record, arn, "boundary", {}, "none was set")
        )
    if kind == "role":
        writes.append(_trust(record, arn, "assumeRolePolicyDocument"))
    return tuple(writes)


def delete_principal(kind: str, record: Recorded, context: Context) -> tuple[Write, ...]:
    """All its slots end; a principal of the same name later on has another id."""
    arn = _target(kind, record, context)
    if arn is None:
        return ()
    return (ends(record, arn),)


def update_trust(record: Recorded, context: Context) -> tuple[Write, ...]:
    """UpdateAssumeRolePolicy."""
    arn = _target("role", record, context)
    return () if arn is None else (_trust(record, arn, "policyDocument"),)


def put_boundary(kind: str, record: Recorded, context: Context) -> tuple[Write, ...]:
    """Full replacement of the boundary."""
    arn = text_of(field(request(record), "permissionsBoundary"))
    return _of(kind, record, context, "boundary", lambda: scalar(arn))


def delete_boundary(kind: str, record: Recorded, context: Context) -> tuple[Write, ...]:
    """No boundary from then on."""
    return _of(kind, record, context, "boundary", lambda: {}, bodiless=True)


def add_to_group(record: Recorded, context: Context) -> tuple[Write, ...]:
    """Membership is a slot of the user; its value is the group's ARN."""
    group = _target("group", record, context)
    return _of("user", record, context, _group_slot(record), lambda: scalar(group))


def remove_from_group(record: Recorded, context: Context) -> tuple[Write, ...]:
    """No longer a member."""
    return _of("user", record, context, _group_slot(record), lambda: {}, bodiless=True)


def access_key(record: Recorded, context: Context) -> tuple[Write, ...]:
    """Whether a key of a user works; a call on one's own key names no user."""
    made = text_at(response(record), "accessKey", "accessKeyId")
    key = made or text_of(field(request(record), "accessKeyId"))
    user = _target("user", record, context) or _own(record)
    if key is None or user is None:
        return ()

    def content() -> Atoms:
        if record.operation == "DeleteAccessKey":
            return {}
        status = text_at(response(record), "accessKey", "status")
        given = status or text_of(field(request(record), "status"))
        if given is None:
            raise Unreadable("expected the status of an access key, found none")
        return scalar(given)

    return (replace_slot(record, user, f"access_key/{key}", content),)


def _own(record: Recorded) -> str | None:
    return record.actor if record.actor and ":user/" in record.actor else None


def tag(kind: str, record: Recorded, context: Context) -> tuple[Write, ...]:
    """TagUser, TagRole: the tags given, the others stay."""
    arn = _target(kind, record, context)
    listed = [mapping(each) for each in many(field(request(record), "tags"))]
    named = {text_of(field(one, "key")): text_of(field(one, "value")) for one in listed}
    if arn is None:
        return ()
    return tuple(
        replace_slot(record, arn, f"tag/{key}", partial(scalar, value or ""))
        for key, value in sorted(named.items(), key=str)
        if key is not None
    )


def untag(kind: str, record: Recorded, context: Context) -> tuple[Write, ...]:
    """UntagUser, UntagRole."""
    arn = _target(kind, record, context)
    keys = [text_of(each) for each in many(field(request(record), "tagKeys"))]
    if arn is None:
        return ()
    return tuple(
        replace_slot(record, arn, f"tag/{key}", lambda: {}, bodiless=True) for key in keys if key
    )


def create_policy(record: Recorded, context: Context) -> tuple[Write, ...]:
    """A managed policy begins with one version, which is its default."""
    arn = text_at(response(record), "policy", "arn")
    path = text_of(field(request(record), "path")) or "/"
    name = text_of(field(request(record), "policyName"))
    if arn is None and name is not None:
        arn = f"arn:aws:iam::{record.account or ''}:policy{path}{name}"
    if arn is None:
        return ()
    version = text_at(response(record), "policy", "defaultVersionId") or "v1"
    return (
        Write(
            resource_uid=arn, slot=EXISTENCE, atoms=scalar(value=True), record=record,
            accepted=record.error_code is None, why="CreatePolicy recorded", before={}, rank=0,
        ),
        default_slot(record, arn, f"version{FAMILY}", {}, "a new policy has no other version"),
        _version(record, arn, version),
        replace_slot(record, arn, "default_version", lambda: scalar(version)),
    )  # fmt: skip


def create_version(record: Recorded, _: Context) -> tuple[Write, ...]:
    """A further version; its id is in the answer alone."""
    arn = text_of(field(request(record), "policyArn"))
    if arn is None:
        return ()
    version = text_at(response(record), "policyVersion", "versionId")
    writes = [] if version is None else [_version(record, arn, version)]
    if text_of(field(request(record), "setAsDefault")) == "true":

        def default() -> Atoms:
            if version is None:
                raise Unreadable("the id of the new version is not recorded")
            return scalar(version)

        writes.append(replace_slot(record, arn, "default_version", default))
    return tuple(writes)


def set_default_version(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Refers to a version whose text may predate the records."""
    arn, version = (text_of(field(request(record), n)) for n in ("policyArn", "versionId"))
    if arn is None:
        return ()
    return (replace_slot(record, arn, "default_version", lambda: scalar(version)),)


def delete_version(record: Recorded, _: Context) -> tuple[Write, ...]:
    """One version ends; the default version cannot be deleted."""
    arn, version = (text_of(field(request(record), n)) for n in ("policyArn", "versionId"))
    if arn is None or version is None:
        return ()
    return (replace_slot(record, arn, f"version/{version}", lambda: {}, bodiless=True),)


def delete_policy(record: Recorded, _: Context) -> tuple[Write, ...]:
    """All its versions end."""
    arn = text_of(field(request(record), "policyArn"))
    if arn is None:
        return ()
    return (ends(record, arn),)


def _version(record: Recorded, arn: str, version: str) -> Write:
    return replace_slot(
        record, arn, f"version/{version}",
        lambda: statements(document(field(request(record), "policyDocument"))),
    )  # fmt: skip


def _trust(record: Recorded, arn: str, name: str) -> Write:
    return replace_slot(
        record, arn, "trust", lambda: statements(document(field(request(record), name)))
    )


def _of(
    kind: str, record: Recorded, context: Context, slot: str, content: Callable[[], Atoms],
    *, bodiless: bool = False,
) -> tuple[Write, ...]:  # fmt: skip
    arn = _target(kind, record, context)
    return () if arn is None else (replace_slot(record, arn, slot, content, bodiless=bodiless),)


def _target(kind: str, record: Recorded, context: Context) -> str | None:
    """ARN of the user, role or group; None where the record names none (a denied call)."""
    name = text_of(field(request(record), f"{kind}Name"))
    return None if name is None else context.principal(record.account, kind, name)


def _implying(write: Write, before: Atoms) -> Write:
    return replace(write, before=before)


def _inline_slot(record: Recorded) -> str:
    return f"inline_policy/{text_of(field(request(record), 'policyName')) or 'unnamed'}"


def _attached_slot(record: Recorded) -> str:
    return f"attached_policy/{text_of(field(request(record), 'policyArn')) or 'unnamed'}"


def _group_slot(record: Recorded) -> str:
    return f"group/{text_of(field(request(record), 'groupName')) or 'unnamed'}"


def _per_kind() -> dict[str, Handler]:
    made: dict[str, Handler] = {}
    for kind in _KINDS:
        title = kind.capitalize()
        made |= {
            f"Put{title}Policy": partial(put_inline, kind),
            f"Delete{title}Policy": partial(delete_inline, kind),
            f"Attach{title}Policy": partial(attach, kind),
            f"Detach{title}Policy": partial(detach, kind),
            f"Create{title}": partial(create_principal, kind),
            f"Delete{title}": partial(delete_principal, kind),
        }
        if kind != "group":
            made |= {
                f"Put{title}PermissionsBoundary": partial(put_boundary, kind),
                f"Delete{title}PermissionsBoundary": partial(delete_boundary, kind),
            }
    return made


HANDLERS: dict[str, Handler] = _per_kind() | {
    "UpdateAssumeRolePolicy": update_trust,
    **{f"Tag{kind.capitalize()}": partial(tag, kind) for kind in ("user", "role")},
    **{f"Untag{kind.capitalize()}": partial(untag, kind) for kind in ("user", "role")},
    **dict.fromkeys(("CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"), access_key),
    "AddUserToGroup": add_to_group,
    "RemoveUserFromGroup": remove_from_group,
    "CreatePolicy": create_policy,
    "CreatePolicyVersion": create_version,
    "SetDefaultPolicyVersion": set_default_version,
    "DeletePolicyVersion": delete_version,
    "DeletePolicy": delete_policy,
}
