"""Answers of the provider, observed at a stated time, as listings of what was there.

`GetAccountAuthorizationDetails` lists every user, role, group and managed policy of one account:
what it does not show was not there. Source: `state.md` (head), `events.md` (IAM).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from timeline.model import Json
from timeline.state.aws.iam import COMPLETE, LISTING
from timeline.state.aws.record import document, many, mapping, statements, text
from timeline.state.ledger import EXISTENCE, Atoms, Listing, scalar

#: Kind that normalization gives to answers of GetAccountAuthorizationDetails.
AUTHORIZATION_DETAILS = "aws.iam.authorization_details"


def listings(documents: Sequence[tuple[Any, ...]]) -> tuple[Listing, ...]:
    """Listings of (kind, document, observed_at, provenance); other kinds are passed over."""
    found = []
    for kind, answer, observed_at, provenance in documents:
        if kind == AUTHORIZATION_DETAILS:
            found.append(_authorization(mapping(answer), observed_at, provenance))
    return tuple(sorted(found, key=lambda listing: (listing.at, listing.prefixes)))


def _authorization(answer: Mapping[str, Json], observed_at: Any, provenance: Any) -> Listing:  # noqa: ANN401
    seen: dict[str, Mapping[str, Atoms]] = {}
    lists = (("UserDetailList", "User"), ("RoleDetailList", "Role"), ("GroupDetailList", "Group"))
    for name, kind in lists:
        for entry in many(answer.get(name)):
            seen[str(mapping(entry)["Arn"])] = _principal(kind, mapping(entry))
    accounts = sorted({arn.split(":")[4] for arn in seen})
    for entry in many(answer.get("Policies")):
        seen[str(mapping(entry)["Arn"])] = _policy(mapping(entry))
    complete = text(answer.get("IsTruncated")) != "true"
    words = ("user", "role", "group", "policy")
    return Listing(
        prefixes=tuple(f"arn:aws:iam::{a}:{w}/" for a in accounts for w in words if complete),
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


def accounts(found: Iterable[Listing]) -> tuple[str, ...]:
    """Accounts that some listing covers."""
    return tuple(sorted({p.split(":")[4] for listing in found for p in listing.prefixes}))
