"""Access control lists: three ways of writing one, one set of facts.

Sources: `state.md` (PutBucketAcl), `access.md` R-S3-10; canned lists:
docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl.
"""

import re
from collections.abc import Mapping

from timeline.model import Json
from timeline.state.aws.record import Unreadable, field, many, mapping, text
from timeline.state.ledger import Atoms

_GROUPS = "http://acs.amazonaws.com/groups/"
ALL_USERS = _GROUPS + "global/AllUsers"
AUTHENTICATED_USERS = _GROUPS + "global/AuthenticatedUsers"
LOG_DELIVERY = _GROUPS + "s3/LogDelivery"

#: Canonical id from which EC2 reads bundles (canned list aws-exec-read).
EC2_BUNDLES = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c"

#: Stand-ins for canonical ids that a canned list names by role.
OWNER = "owner"
BUCKET_OWNER = "bucket-owner"

#: Canned list -> grants beyond the owner's FULL_CONTROL: (grantee type, who, permission).
CANNED: dict[str, tuple[tuple[str, str, str], ...]] = {
    "private": (),
    "public-read": (("Group", ALL_USERS, "READ"),),
    "public-read-write": (("Group", ALL_USERS, "READ"), ("Group", ALL_USERS, "WRITE")),
    "authenticated-read": (("Group", AUTHENTICATED_USERS, "READ"),),
    "aws-exec-read": (("CanonicalUser", EC2_BUNDLES, "READ"),),
    "bucket-owner-read": (("CanonicalUser", BUCKET_OWNER, "READ"),),
    "bucket-owner-full-control": (("CanonicalUser", BUCKET_OWNER, "FULL_CONTROL"),),
    "log-delivery-write": (("Group", LOG_DELIVERY, "WRITE"), ("Group", LOG_DELIVERY, "READ_ACP")),
}

#: Grant header -> permission.
HEADERS: dict[str, str] = {
    "x-amz-grant-read": "READ",
    "x-amz-grant-write": "WRITE",
    "x-amz-grant-read-acp": "READ_ACP",
    "x-amz-grant-write-acp": "WRITE_ACP",
    "x-amz-grant-full-control": "FULL_CONTROL",
}

_GRANTEE = re.compile(r'\s*(id|uri|emailAddress)\s*=\s*"?([^",]+)"?\s*(?:,|$)', re.IGNORECASE)


def grant(kind: str, who: str, permission: str, owner: str | None = None) -> tuple[str, Json]:
    """One grant as (fact, value in the API's form).

    A grant to the owner has one name whether the record spells the id out or implies it, so
    that writing down what was implied is a re-assertion.
    """
    named = OWNER if kind == "CanonicalUser" and who == (owner or OWNER) else who
    if kind == "Group":
        grantee: dict[str, Json] = {"Type": "Group", "URI": who}
    else:
        by_role = who if who in (OWNER, BUCKET_OWNER) else named if named == OWNER else None
        grantee = {"Type": "CanonicalUser", "ID": None if who in (OWNER, BUCKET_OWNER) else who}
        grantee |= {"Role": by_role} if by_role else {}
    value: dict[str, Json] = {"Grantee": grantee, "Permission": permission}
    return f"grant:{kind}:{named}:{permission}", value


def canned(name: str) -> Atoms:
    """Facts of a canned list.

    Raises:
        Unreadable: no such canned list is known.
    """
    if name not in CANNED:
        raise Unreadable(f"expected a canned access control list, found {name!r}")
    grants = (("CanonicalUser", OWNER, "FULL_CONTROL"), *CANNED[name])
    return dict(grant(*entry) for entry in grants)


def written(params: Mapping[str, Json]) -> Atoms | None:
    """Facts of the list that a request carries; None if it carries none.

    Raises:
        Unreadable: it carries one that cannot be read, or that names a grantee by e-mail.
    """
    nested = mapping(field(params, "accessControlList"))
    spread = {**params, **nested}
    policy = field(params, "AccessControlPolicy")
    if mapping(policy):
        return _body(mapping(policy))
    headers = {name: field(spread, name) for name in HEADERS}
    if any(text(value) for value in headers.values()):
        return _from_headers(headers)
    name = text(field(spread, "x-amz-acl"))
    return canned(name) if name else None


def owner_of(params: Mapping[str, Json]) -> str | None:
    """Canonical id of the owner as the body of a list states it; None if there is no body."""
    return text(mapping(mapping(field(params, "AccessControlPolicy")).get("Owner")).get("ID"))


def listed(answer: Mapping[str, Json]) -> Atoms:
    """Facts of a list in the API's answer form: {Owner, Grants}."""
    owner = text(mapping(answer.get("Owner")).get("ID"))
    return _grants(many(answer.get("Grants")), owner)


def _body(policy: Mapping[str, Json]) -> Atoms:
    owner = text(mapping(policy.get("Owner")).get("ID"))
    inner = policy.get("AccessControlList")
    return _grants(many(mapping(inner).get("Grant")), owner)


def _grants(entries: list[Json], owner: str | None) -> Atoms:
    atoms: dict[str, Json] = {}
    for entry in entries:
        grantee = mapping(mapping(entry).get("Grantee"))
        permission = text(mapping(entry).get("Permission"))
        kind = text(field(grantee, "xsi:type", "Type"))
        who = text(grantee.get("URI")) if kind == "Group" else text(grantee.get("ID"))
        if kind not in ("Group", "CanonicalUser") or who is None or permission is None:
            raise Unreadable(f"expected a group or a canonical id as grantee, found {kind}")
        fact, value = grant(kind, who, permission, owner)
        atoms[fact] = value
    return atoms


def _from_headers(headers: Mapping[str, Json]) -> Atoms:
    # With grant headers nothing is implied: the owner has only what is listed.
    atoms: dict[str, Json] = {}
    for name, permission in HEADERS.items():
        value = headers[name]
        line = ",".join(str(v) for v in value) if isinstance(value, list) else text(value)
        for kind, who in _GRANTEE.findall(line or ""):
            if kind.lower() == "emailaddress":
                raise Unreadable("a grantee is named by e-mail address: canonical id not logged")
            fact, made = grant(
                "Group" if kind.lower() == "uri" else "CanonicalUser", who.strip(), permission
            )
            atoms[fact] = made
    if not atoms:
        raise Unreadable("expected grantees in the grant headers, found none")
    return atoms
