"""Names that never change, each with the record or answer that gives it.

Owners of buckets, ARNs of unique ids, ARNs with the paths that IAM events leave out, canonical
ids. Where several records give the same name the first one is cited.
"""

from collections.abc import Iterable, Mapping

from collector.model import Provenance
from timeline.state.aws.acl import owner_of
from timeline.state.aws.context import Context, account_uid, bucket_of, bucket_uid, text_at
from timeline.state.aws.identity import unique_uid
from timeline.state.aws.record import request, resource_account, response, stated_account
from timeline.state.ledger import EXISTENCE, OWNER, SCALAR, Listing, Name, Recorded
from timeline.state.source import Actor

#: (resource, slot) -> name.
Names = Mapping[tuple[str, str], Name]

KINDS = ("user", "role", "group")


def arns(
    records: Iterable[Recorded], actors: Iterable[Actor], listings: Iterable[Listing]
) -> dict[tuple[str, str, str], Name]:
    """(account, kind, name) -> ARN. A name is unique in its account, whatever its path."""
    found: dict[str, Provenance | None] = {}
    for record in records:
        for kind in KINDS:
            arn = text_at(response(record), kind, "arn")
            if arn is not None:
                found.setdefault(arn, record.provenance)
    for actor in actors:
        found.setdefault(actor.uid, actor.provenance)
    for listing in listings:
        for arn in sorted(listing.seen):
            found.setdefault(arn, listing.provenance)
    named: dict[tuple[str, str, str], Name] = {}
    for arn in sorted(found):
        parts = arn.split(":", 5)
        if len(parts) == 6 and parts[2] == "iam" and parts[5].split("/")[0] in KINDS:
            kind, name = parts[5].split("/")[0], parts[5].rsplit("/", 1)[-1]
            named[(parts[4], kind, name)] = Name(value=arn, provenance=found[arn])
    return named


def owners(records: Iterable[Recorded]) -> dict[str, Name]:
    """Bucket -> account, as records of accepted calls name it; the earliest record wins."""
    found: dict[str, Name] = {}
    for record in sorted(records, key=lambda r: (r.error_code is not None, *r.order)):
        bucket, account = bucket_of(record), resource_account(record)
        if bucket is not None and account is not None:
            found.setdefault(bucket, Name(value=account, provenance=record.provenance))
    return found


def proven(records: Iterable[Recorded]) -> dict[str, Name]:
    """Bucket -> account, where a record establishes it: by naming the bucket's own account beside
    it, or by its creation. The account of any other record may be the caller's.
    """
    found: dict[str, Name] = {}
    for record in records:
        bucket = bucket_of(record)
        if bucket is None or record.error_code is not None:
            continue
        made = record.actor_account if record.operation == "CreateBucket" else None
        account = stated_account(record) or made
        if account is not None:
            found[bucket] = Name(value=account, provenance=record.provenance)
    return found


def recorded(
    records: Iterable[Recorded],
    actors: Iterable[Actor],
    listings: Iterable[Listing],
    context: Context,
) -> dict[tuple[str, str], Name]:
    """Unique id -> ARN, and account -> canonical id, as records and listings give them."""
    found: dict[tuple[str, str], Name] = {}
    for actor in actors:
        if actor.unique_id and ":iam:" in actor.uid:
            name = Name(value=actor.uid, provenance=actor.provenance)
            found[unique_uid(actor.unique_id), "arn"] = name
    for listing in listings:
        for arn, slots in sorted(listing.seen.items()):
            unique = text_at((slots.get(EXISTENCE) or {}).get(SCALAR), "unique_id")
            if unique:
                _add(found, (unique_uid(unique), "arn"), arn, listing.provenance)
    for record in records:
        for kind in KINDS:
            unique = text_at(response(record), kind, f"{kind}Id")
            named = text_at(response(record), kind, "arn")
            if unique and named:
                _add(found, (unique_uid(unique), "arn"), named, record.provenance)
        canonical = owner_of(request(record)) if record.operation == "PutBucketAcl" else None
        account = context.owners.get(bucket_of(record) or "")
        if canonical and account and record.error_code is None:
            place = (account_uid(account), "canonical_id")
            found.setdefault(place, Name(value=canonical, provenance=record.provenance))
    return found


def of_paths(named: Mapping[tuple[str, str, str], Name]) -> dict[tuple[str, str], Name]:
    """Roles with a path, by the name that their sessions show."""
    return {
        (account_uid(account), f"role/{name}"): arn
        for (account, kind, name), arn in sorted(named.items())
        if kind == "role" and not arn.value.endswith(f":role/{name}")
    }


def of_buckets(owned: Mapping[str, Name]) -> dict[tuple[str, str], Name]:
    """Bucket -> account, as slots."""
    return {(bucket_uid(bucket), OWNER): name for bucket, name in owned.items()}


def values(named: Mapping[str, Name]) -> dict[str, str]:
    """The names alone."""
    return {key: name.value for key, name in named.items()}


def _add(
    found: dict[tuple[str, str], Name],
    place: tuple[str, str],
    value: str,
    provenance: Provenance | None,
) -> None:
    """The last value counts, with the bytes of what gave it first."""
    if place not in found or found[place].value != value:
        found[place] = Name(value=value, provenance=provenance)
