"""Encryption keys: policy, whether enabled, grants.

A request may give a key by its bare id; the record's `resources` and the answer give its ARN.
Source: `state.md` section 1, row kms.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from timeline.model import Json
from timeline.state.aws.context import Context, Handler, default_slot, replace_slot, text_at
from timeline.state.aws.record import (
    Unreadable,
    document,
    field,
    many,
    mapping,
    request,
    response,
    statements,
    text,
)
from timeline.state.ledger import FAMILY, Atoms, Recorded, Write, scalar

#: Slot of a key that says that all grants on it are known.
ALL_GRANTS = "grants"


def create_key(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Without a policy in the request the provider writes its default one: not recorded."""
    key = text_at(response(record), "keyMetadata", "arn") or _key(record)
    if key is None:
        return ()
    return (
        replace_slot(record, key, "policy", partial(_policy, record)),
        replace_slot(record, key, "enabled", lambda: scalar(value=True)),
        default_slot(record, key, ALL_GRANTS, scalar("complete"), "a new key has no grants"),
        default_slot(record, key, f"grant{FAMILY}", {}, "a new key has no grants"),
    )


def put_policy(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Full replacement."""
    key = _key(record)
    return () if key is None else (replace_slot(record, key, "policy", partial(_policy, record)),)


def switch(enabled: bool, record: Recorded, _: Context) -> tuple[Write, ...]:
    """A key that is disabled or waits for deletion decrypts nothing."""
    key = _key(record)
    if key is None:
        return ()
    return (replace_slot(record, key, "enabled", lambda: scalar(enabled), bodiless=True),)


def create_grant(record: Recorded, _: Context) -> tuple[Write, ...]:
    """Its id is in the answer alone; without it there is one grant more than is known."""
    key, grant = _key(record), text_at(response(record), "grantId")
    if key is None:
        return ()
    if grant is None:
        return () if record.error_code else (_unnamed(record, key, ALL_GRANTS),)

    made = replace_slot(record, key, f"grant/{grant}", lambda: granted(request(record)))
    return (replace(made, before={}),)


def granted(given: Mapping[str, Json]) -> Atoms:
    """To whom, for what, and under which conditions: the same from a record and from an answer."""
    operations = sorted(filter(None, (text(each) for each in many(field(given, "operations")))))
    return scalar(
        {
            "grantee": text(field(given, "granteePrincipal", "granteeServicePrincipal")),
            "operations": [*operations],
            "constrained": bool(mapping(field(given, "constraints"))),
        }
    )


def end_grant(record: Recorded, _: Context) -> tuple[Write, ...]:
    """RevokeGrant names it in the request, RetireGrant in additionalEventData.

    Where neither does, any grant on the key may have ended.
    """
    key = _key(record)
    grant = text(field(request(record), "grantId")) or text_at(
        record.params.get("additionalEventData"), "grantId"
    )
    if key is None:
        return ()
    if grant is None:
        return () if record.error_code else (_unnamed(record, key, f"grant{FAMILY}"),)
    return (replace_slot(record, key, f"grant/{grant}", lambda: {}, bodiless=True),)


def replicate_key(record: Recorded, _: Context) -> tuple[Write, ...]:
    """The replica has a policy of its own: the one given, else the provider's default one."""
    replica = text_at(response(record), "replicaKeyMetadata", "arn")
    if replica is None:
        return ()
    return (
        replace_slot(record, replica, "policy", partial(_policy, record)),
        default_slot(record, replica, ALL_GRANTS, scalar("complete"), "a new key has no grants"),
    )


def _unnamed(record: Recorded, key: str, slot: str) -> Write:
    def content() -> Atoms:
        raise Unreadable("the id of the grant is not recorded")

    return replace_slot(record, key, slot, content)


def _policy(record: Recorded) -> Atoms:
    return statements(document(field(request(record), "policy")))


def _key(record: Recorded) -> str | None:
    """ARN of the key: of the record's resources, else of the request."""
    for entry in many(record.params.get("resources")):
        arn = text_at(entry, "ARN") or text_at(entry, "arn")
        if arn and ":key/" in arn:
            return arn
    key = text(field(request(record), "keyId"))
    if key is None or key.startswith("alias/"):
        return None
    if key.startswith("arn:"):
        return key
    return f"arn:aws:kms:{record.region or ''}:{record.account or ''}:key/{key}"


HANDLERS: dict[str, Handler] = {
    "CreateKey": create_key,
    "PutKeyPolicy": put_policy,
    "EnableKey": partial(switch, True),
    "DisableKey": partial(switch, False),
    "ScheduleKeyDeletion": partial(switch, False),
    "CancelKeyDeletion": partial(switch, False),
    "CreateGrant": create_grant,
    "RevokeGrant": end_grant,
    "RetireGrant": end_grant,
    "ReplicateKey": replicate_key,
}
