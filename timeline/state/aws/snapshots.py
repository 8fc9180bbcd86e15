"""Answers of the provider, observed at a stated time, as listings of what was there.

`GetAccountAuthorizationDetails` lists every user, role, group and managed policy of one account:
what it does not show was not there. Source: `state.md` (head), `events.md` (IAM).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from collector.model import Provenance
from timeline.model import Json
from timeline.state.aws.iam import COMPLETE, LISTING
from timeline.state.aws.record import Unreadable, document, many, mapping, statements, text
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
        for kind, answer, observed_at, provenance, *about in documents
        if kind == AUTHORIZATION_DETAILS and not any(about)
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
    found += _collected(documents)
    return tuple(sorted(found, key=lambda listing: (listing.at, listing.prefixes, listing.why)))


def _collected(documents: Sequence[tuple[Any, ...]]) -> list[Listing]:
    """Listings of pages whose requests are known: those of one account and time are one answer.

    Every page proves what it shows. All of them together prove absence as well if only the last
    one does not speak of more; that listing repeats the pages, which come first.
    """
    answers: dict[tuple[str, datetime], list[tuple[Mapping[str, Json], Provenance | None]]] = {}
    for kind, answer, observed_at, provenance, *about in documents:
        if kind == AUTHORIZATION_DETAILS and any(about):
            page = (mapping(answer), provenance)
            answers.setdefault((str(about[0]), observed_at), []).append(page)
    found: list[Listing] = []
    for (subject, observed_at), pages in sorted(answers.items()):
        shown = [_authorization(page, observed_at, proof, alone=False) for page, proof in pages]
        found += shown
        more = sum(text(page.get("IsTruncated")) == "true" for page, _ in pages)
        entries = sum(_entries(page) for page, _ in pages)
        account = subject.removeprefix("aws:account:")
        seen = {arn: slots for one in shown for arn, slots in one.seen.items()}
        if account.isdigit() and more == len(pages) - 1 and entries == len(seen):
            found.append(replace(shown[-1], prefixes=_prefixes([account]), seen=seen))
    return found


def _prefixes(accounts: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        f"arn:aws:iam::{account}:{word}/"
        for account in accounts
        for word in ("user", "role", "group", "policy")
    )


def _entries(answer: Mapping[str, Json]) -> int:
    """How many principals and policies an answer lists, readable or not."""
    return sum(len(many(answer.get(name))) for name in [*(name for name, _ in _LISTS), "Policies"])


def _accounts(answer: Mapping[str, Json]) -> tuple[str, ...]:
    """Accounts whose principals an answer lists: one, unless documents were put together."""
    found = [arn for name, _ in _LISTS for arn, _ in _named(answer, name)]
    return tuple(sorted({arn.split(":", 5)[4] for arn in found}))


def _named(answer: Mapping[str, Json], name: str) -> list[tuple[str, Mapping[str, Json]]]:
    """(ARN, entry) of one list; entries without a whole ARN name nothing and are left out."""
    entries = [mapping(entry) for entry in many(answer.get(name))]
    pairs = [(text(entry.get("Arn")) or "", entry) for entry in entries]
    return [(arn, entry) for arn, entry in pairs if len(arn.split(":", 5)) == 6]


def _authorization(
    answer: Mapping[str, Json], observed_at: datetime, provenance: Provenance | None, *, alone: bool
) -> Listing:
    seen: dict[str, Mapping[str, Atoms | None]] = {}
    for name, kind in _LISTS:
        for arn, entry in _named(answer, name):
            seen[arn] = _principal(kind, arn, entry)
    for arn, entry in _named(answer, "Policies"):
        seen[arn] = _policy(entry)
    # What cannot be read may be the very principal that is missed: then nothing is absent.
    complete = alone and text(answer.get("IsTruncated")) != "true" and _entries(answer) == len(seen)
    return Listing(
        prefixes=_prefixes(_accounts(answer)) if complete else (),
        seen=seen,
        at=observed_at,
        why=f"GetAccountAuthorizationDetails as of {observed_at:%Y-%m-%dT%H:%M:%SZ}",
        provenance=provenance,
    )


def _principal(kind: str, arn: str, entry: Mapping[str, Json]) -> dict[str, Atoms | None]:
    boundary = text(mapping(entry.get("PermissionsBoundary")).get("PermissionsBoundaryArn"))
    slots: dict[str, Atoms | None] = {
        EXISTENCE: scalar({"unique_id": text(entry.get(f"{kind}Id"))}),
        LISTING: COMPLETE,
    }
    if kind != "Group":
        slots["boundary"] = scalar(boundary) if boundary else {}
    for policy in many(entry.get(f"{kind}PolicyList")):
        name = text(mapping(policy).get("PolicyName"))
        slots[f"inline_policy/{name}"] = _content(mapping(policy).get("PolicyDocument"))
    for attached in many(entry.get("AttachedManagedPolicies")):
        policy_arn = text(mapping(attached).get("PolicyArn"))
        slots[f"attached_policy/{policy_arn}"] = scalar(policy_arn)
    for group in many(entry.get("GroupList")):
        prefix = arn.split(":user/")[0]
        slots[f"group/{text(group)}"] = scalar(f"{prefix}:group/{text(group)}")
    if kind == "Role":
        slots["trust"] = _content(entry.get("AssumeRolePolicyDocument"))
    return slots


def _policy(entry: Mapping[str, Json]) -> dict[str, Atoms | None]:
    slots: dict[str, Atoms | None] = {EXISTENCE: scalar(value=True)}
    default = text(entry.get("DefaultVersionId"))
    if default:
        slots["default_version"] = scalar(default)
    for version in many(entry.get("PolicyVersionList")):
        name = text(mapping(version).get("VersionId"))
        slots[f"version/{name}"] = _content(mapping(version).get("Document"))
    return slots


def _content(value: Json) -> Atoms | None:
    """Facts of a document; None where it was there and cannot be read."""
    try:
        return statements(document(value))
    except Unreadable:
        return None
