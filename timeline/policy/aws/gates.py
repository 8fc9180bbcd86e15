"""Write gates: would this change be refused whatever permissions its caller has (R-S3-3)?

They never alter what is stored already. A gate on headers needs nothing but the request's
context; a gate on a document needs the request's `payload`:
`{"policy": …}`, `{"acl": {Owner, Grants}}`, `{"ownership": …}`.

References: S3 User Guide, access-control-block-public-access, object-ownership-error-responses,
acl-overview (canned ACLs); create-bucket-faq for the defaults since April 2023.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from timeline.policy.aws import s3
from timeline.policy.aws.context import Request, Value
from timeline.policy.aws.public import policy_is_public
from timeline.policy.aws.slots import (
    ALL_USERS,
    ENFORCED,
    SIGNED_USERS,
    State,
    ownership_of,
    parse_acl,
)
from timeline.policy.kleene import Kleene, Unknown, all_of, any_of, negate

_ACL_ACTIONS = frozenset(
    (
        "s3:putobject",
        "s3:putobjectacl",
        "s3:putobjectversionacl",
        "s3:putbucketacl",
        "s3:createbucket",
    )
)
_PUBLIC_CANNED = frozenset(("public-read", "public-read-write", "authenticated-read"))
_OWNER_CANNED = "bucket-owner-full-control"
#: Canned ACLs of a bucket that give nobody but its owner anything.
_OWN_BUCKET_CANNED = frozenset(("private", "bucket-owner-read", _OWNER_CANNED))
_CANNED = "s3:x-amz-acl"
_GRANT_HEADERS = tuple(
    f"s3:x-amz-grant-{name}" for name in ("read", "write", "read-acp", "write-acp", "full-control")
)
_GRANTEE = re.compile(r"\s*(id|uri|emailaddress)\s*=\s*\"?([^\",]*)\"?\s*(?:,|$)", re.IGNORECASE)
_ROLL_OUT = (datetime(2023, 4, 5, tzinfo=UTC), datetime(2023, 6, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class NewAcl:
    """What a request would set.

    Attributes:
        given: whether it sets an ACL at all.
        public: whether it grants everybody or every signed caller anything.
        owner_only: whether it is bucket-owner-full-control or its like.
        outsiders: whether it grants anybody but the bucket's owner anything.
    """

    given: Kleene
    public: Kleene
    owner_only: Kleene
    outsiders: Kleene


def header_gate(
    action: str, request: Request, state: State, *, access_point: bool
) -> dict[str, Kleene]:
    """Gates on the ACL headers of a request: name -> whether it refuses.

    Args:
        access_point: whether the request names an access point, whose flags count too.
    """
    if action not in _ACL_ACTIONS:
        return {}
    given = [(key, request.lookup(key)) for key in (_CANNED, *_GRANT_HEADERS)]
    given = [(key, value) for key, value in given if value is not None]
    if not given:
        return {}
    return _acl_gates(action, _from_headers(given, state), request, state, access_point)


def payload_gate(
    action: str, payload: Mapping[str, Any], request: Request, state: State
) -> dict[str, Kleene]:
    """Gates on the document of a write: name -> whether it refuses."""
    if action in _ACL_ACTIONS and payload.get("acl") is not None:
        return _acl_gates(action, _from_document(payload["acl"], state), request, state, False)
    if action in ("s3:putbucketpolicy", "s3:putaccesspointpolicy"):
        return _policy_gate(action, payload.get("policy"), request, state)
    if action == "s3:putbucketownershipcontrols":
        return _ownership_gate(payload.get("ownership"), state)
    return {}


def _policy_gate(action: str, policy: object, request: Request, state: State) -> dict[str, Kleene]:
    point = action == "s3:putaccesspointpolicy"
    flag, on = s3.effective_flag(state, request, "BlockPublicPolicy", access_point=point)
    if flag is False:
        return {}
    if point and state.access_point.get("network_origin") == "VPC":
        return {}
    public: Kleene = Unknown("request.payload.policy")
    if policy is not None:
        public = policy_is_public(policy, access_point=point, readings=request.readings)
    return {f"gate {on}: public policy": all_of(flag, public)}


def _ownership_gate(value: object, state: State) -> dict[str, Kleene]:
    """InvalidBucketAclWithObjectOwnership: the stored bucket ACL grants somebody else."""
    setting = ownership_of(value)
    if setting is not None and setting != ENFORCED:
        return {}
    wanted: Kleene = Unknown("request.payload.ownership") if setting is None else True
    acl = state.acl("bucket")
    owner = state.text("bucket.owner_canonical_id")
    owner = acl.owner if owner is None else owner
    outsiders = any_of(*(_outside(g.grantee, g.group, owner) for g in acl.grants))
    if acl.further is not None:
        outsiders = any_of(outsiders, acl.further)
    return {"gate bucket.acl: grants to others": all_of(wanted, outsiders)}


def _outside(grantee: str, group: bool, owner: str | Unknown | None) -> Kleene:
    if group:
        return True
    if isinstance(owner, str):
        return grantee != owner
    return Unknown("bucket.owner_canonical_id") if owner is None else owner


def _acl_gates(
    action: str, acl: NewAcl, request: Request, state: State, access_point: bool
) -> dict[str, Kleene]:
    if action == "s3:createbucket":
        return _creation_gates(acl, request, state)
    flag, on = s3.effective_flag(state, request, "BlockPublicAcls", access_point=access_point)
    ownership = state.ownership()
    enforced: Kleene = ownership == ENFORCED if isinstance(ownership, str) else ownership
    return {
        f"gate {on}: public ACL": all_of(flag, acl.given, acl.public),
        f"gate bucket.ownership {ENFORCED}: ACL": all_of(
            enforced, acl.given, negate(acl.owner_only)
        ),
    }


def _creation_gates(acl: NewAcl, request: Request, state: State) -> dict[str, Kleene]:
    """A new bucket: the account's setting, and since 2023 the defaults it is born with."""
    account = s3.account_flag(state, request, "BlockPublicAcls")
    born_closed = _born_closed(request)
    header = request.lookup("s3:x-amz-object-ownership")
    enforced: Kleene
    if isinstance(header, Unknown):
        enforced = header
    else:
        enforced = born_closed if header is None else header == ENFORCED
    return {
        "gate account BlockPublicAcls: public ACL": all_of(account, acl.given, acl.public),
        "gate default BlockPublicAcls: public ACL": all_of(born_closed, acl.given, acl.public),
        f"gate ownership {ENFORCED}: ACL grants to others": all_of(
            enforced, acl.given, acl.outsiders
        ),
    }


def _born_closed(request: Request) -> Kleene:
    """Whether buckets are created with Block Public Access on and ACLs off at that time."""
    try:
        moment = datetime.fromisoformat(request.time or "")
    except ValueError:
        return Unknown("request.time")
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment < _ROLL_OUT[0]:
        return False
    return True if moment >= _ROLL_OUT[1] else Unknown("defaults of new buckets in April 2023")


def _from_headers(given: list[tuple[str, Value]], state: State) -> NewAcl:
    parts = [
        _from_canned(value) if key == _CANNED else _from_grant(value, key, state)
        for key, value in given
    ]
    return NewAcl(
        any_of(*(p.given for p in parts)),
        any_of(*(all_of(p.given, p.public) for p in parts)),
        all_of(*(any_of(negate(p.given), p.owner_only) for p in parts)),
        any_of(*(all_of(p.given, p.outsiders) for p in parts)),
    )


def _from_canned(value: object) -> NewAcl:
    if isinstance(value, Unknown):
        return NewAcl(value, value, value, value)
    return NewAcl(
        True, value in _PUBLIC_CANNED, value == _OWNER_CANNED, value not in _OWN_BUCKET_CANNED
    )


def _from_grant(value: object, header: str, state: State) -> NewAcl:
    if isinstance(value, Unknown):
        return NewAcl(value, value, value, value)
    text = ",".join(str(v) for v in value) if isinstance(value, tuple) else str(value)
    grantees = _GRANTEE.findall(text)
    owner = state.text("bucket.owner_canonical_id")
    outside = [_outside(name, kind.lower() != "id", owner) for kind, name in grantees]
    outsiders = any_of(*outside) if outside else True
    public = any(name in (ALL_USERS, SIGNED_USERS) for _, name in grantees)
    full = header.endswith("full-control")
    return NewAcl(True, public, negate(outsiders) if full else False, outsiders)


def _from_document(value: object, state: State) -> NewAcl:
    if isinstance(value, str):
        return _from_canned(value)
    acl = parse_acl("payload.acl", value)
    owner = state.text("bucket.owner_canonical_id")
    outsiders = any_of(*(_outside(g.grantee, g.group, owner) for g in acl.grants))
    full = all(g.permission == "FULL_CONTROL" for g in acl.grants)
    return NewAcl(
        True,
        any(g.public for g in acl.grants),
        all_of(full, bool(acl.grants), negate(outsiders)),
        outsiders,
    )
