"""Who acted, from `userIdentity`. The same few identities fill a log: each is read once."""

from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from timeline.normalize.aws.cloudtrail_fields import compact, text
from timeline.normalize.aws.cloudtrail_keys import same_length
from timeline.normalize.model import BROKEN

#: Spellings of an anonymous caller's account: 2022 on, and 2018. [log]
ANONYMOUS = frozenset({"anonymous", "ANONYMOUS_PRINCIPAL"})
_SESSIONS = frozenset({"AssumedRole", "FederatedUser"})


class Session(msgspec.Struct):
    """`userIdentity.sessionContext`."""

    sessionIssuer: Any = None
    attributes: Any = None
    sourceIdentity: Any = None


class Identity(msgspec.Struct):
    """`userIdentity`."""

    type: Any = None
    principalId: Any = None
    arn: Any = None
    accountId: Any = None
    accessKeyId: Any = None
    userName: Any = None
    sessionContext: Session | None = None
    invokedBy: Any = None
    onBehalfOf: Any = None
    inScopeOf: Any = None
    identityProvider: Any = None
    credentialId: Any = None


class Actor(NamedTuple):
    """Columns of `events` about the caller."""

    kind: str | None
    uid: str | None
    unique_id: str | None
    name: str | None
    account: str | None
    session: str | None
    issuer: str | None
    created: str | None
    source_identity: str | None
    credential: str | None
    mfa: bool | None
    invoked_by: str | None
    delegation: str | None


_identity = msgspec.json.Decoder(Identity | None)


@lru_cache(maxsize=16384)
def caller_of(raw: bytes) -> tuple[Actor, bool]:
    """The caller as `userIdentity` has it, and whether it is known to hold no key twice."""
    return actor_of(raw), same_length(raw)


def actor_of(raw: bytes) -> Actor:
    """The caller as `userIdentity` has it; nothing where it is no object."""
    try:
        identity = _identity.decode(raw) or Identity()
    except BROKEN:
        identity = Identity()
    session = identity.sessionContext or Session()
    issuer = session.sessionIssuer if isinstance(session.sessionIssuer, dict) else {}
    attributes = session.attributes if isinstance(session.attributes, dict) else {}
    kind, account = text(identity.type), text(identity.accountId)
    unique_id = text(identity.principalId)
    anonymous = account in ANONYMOUS or unique_id in ANONYMOUS
    in_session = kind in _SESSIONS or kind == "AWSAccount"
    return Actor(
        kind="Anonymous" if anonymous else kind,
        uid=text(identity.arn),
        unique_id=None if anonymous else unique_id,
        name=text(identity.userName) or text(issuer.get("userName")),
        account=None if anonymous else account,
        session=(unique_id or "").partition(":")[2] or None if in_session else None,
        issuer=text(issuer.get("arn")),
        created=text(attributes.get("creationDate")),
        source_identity=text(session.sourceIdentity),
        credential=text(identity.accessKeyId),
        mfa={"true": True, "false": False}.get(text(attributes.get("mfaAuthenticated")) or ""),
        invoked_by=text(identity.invokedBy),
        delegation=_delegation(identity),
    )


def _delegation(identity: Identity) -> str | None:
    names = ("onBehalfOf", "inScopeOf", "identityProvider", "credentialId")
    found = {name: getattr(identity, name) for name in names}
    kept = {name: value for name, value in found.items() if value is not None}
    return compact(kept) if kept else None
