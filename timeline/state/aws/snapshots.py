"""Answers of the provider, observed at a stated time, as listings of what was there.

`GetAccountAuthorizationDetails` lists every user, role, group and managed policy of one account:
what it does not show was not there. Source: `state.md` (head), `events.md` (IAM).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from collector.model import Provenance
from timeline.model import Json
from timeline.state.aws.iam import COMPLETE, LISTING
from timeline.state.aws.record import document, many, mapping, statements, text
from timeline.state.ledger import EXISTENCE, Atoms, Listing, scalar

#: Kind that normalization gives to answers of GetAccountAuthorizationDetails.
AUTHORIZATION_DETAILS = "aws.iam.authorization_details"

#: List of an answer -> word that its fields begin with.
_LISTS = (("UserDetailList", "User"), ("RoleDetailList", "Role"), ("GroupDetailList", "Group"))


def listings(documents: Sequence[tuple[Any, ...]]) -> tuple[Listing, ...]:
    """Listings of (kind, document, observed_at, provenance); other kinds are passed over.

    An answer in several pages comes as several documents. Whether all pages were handed over is
    not recorded, so a page, and every other of its account and time, proves presence alone.
    """
    pages = [
        (mapping(answer), observed_at, provenance)
        for kind, answer, observed_at, provenance in documents
        if kind == AUTHORIZATION_DETAILS
    ]
    per_account: dict[tuple[tuple[str, ...], datetime], int] = {}
    for answer, observed_at, _ in pages:
        key = (_accounts(answer), observed_at)
        per_account[key] = per_account.get(key, 0) + 1
    found = [
        _authorization(
            answer, observed_at, provenance, alone=per_account[_accounts(answer), observed_at] == 1
        )
        for answer, observed_at, provenance in pages
    ]
    return tuple(sorted(found, key=lambda listing: (listing.at, listing.prefixes, listing.why)))


def _accounts(answer: Mapping[str, Json]) -> tuple[str, ...]:
    """Accounts whose principals an answer lists: one, unless documents were put together."""
    arns = [str(mapping(e)["Arn"]) for name, _ in _LISTS for e in many(answer.get(name))]
    return tuple(sorted({arn.split(":")[4] for arn in arns}))


def _authorization(
    answer: Mapping[str, Json], observed_at: datetime, provenance: Provenance | None, *, alone: bool
) -> Listing:
    seen: dict[str, Mapping[str, Atoms]] = {}
    for name, kind in _LISTS:
        for entry in many(answer.get(name)):
            seen[str(mapping(entry)["Arn"])] = _principal(kind, mapping(entry))
    for entry in many(answer.get("Policies")):
        seen[str(mapping(entry)["Arn"])] = _policy(mapping(entry))
    complete = alone and text(answer.get("IsTruncated")) != "true"
    words = ("user", "role", "group", "policy")
    return Listing(
        prefixes=tuple(
            f"arn:aws:iam::{a}:{w}/" for a in _accounts(answer) for w in words if complete
        ),
        seen=seen,
        at=observed_at,
        why=f"GetAccountAuthorizationDetails as of {observed_at:%Y-%m-%dT%H:%M:%SZ}",
        provenance=provenance,
    )


def _principal(kind: str, entry: Mapping[str, Json]) -> dict[str, Atoms]:
    arn = str(entry["Arn"])
    boundary = text(mapping(entry.get("PermissionsBoundary")).get("PermissionsBoundaryArn"))
    slots: dict[str, Atoms] = {
        EXISTENCE: scalar({"unique_id": text(entry.get(f"{kind}Id"))}),
        LISTING: COMPLETE,
    }
    if kind != "Group":
        slots["boundary"] = scalar(boundary) if boundary else {}
    for policy in many(entry.get(f"{kind}PolicyList")):
        name = text(mapping(policy).get("PolicyName"))
        slots[f"inline_policy/{name}"] = statements(document(mapping(policy)["PolicyDocument"]))
    for attached in many(entry.get("AttachedManagedPolicies")):
        policy_arn = text(mapping(attached).get("PolicyArn"))
        slots[f"attached_policy/{policy_arn}"] = scalar(policy_arn)
    for group in many(entry.get("GroupList")):
        prefix = arn.split(":user/")[0]
        slots[f"group/{text(group)}"] = scalar(f"{prefix}:group/{text(group)}")
    if kind == "Role":
        slots["trust"] = statements(document(entry["AssumeRolePolicyDocument"]))
    return slots


def _policy(entry: Mapping[str, Json]) -> dict[str, Atoms]:
    slots: dict[str, Atoms] = {EXISTENCE: scalar(value=True)}
    default = text(entry.get("DefaultVersionId"))
    if default:
        slots["default_version"] = scalar(default)
    for version in many(entry.get("PolicyVersionList")):
        name = text(mapping(version).get("VersionId"))
        if mapping(version).get("Document") is not None:
            slots[f"version/{name}"] = statements(document(mapping(version)["Document"]))
    return slots
