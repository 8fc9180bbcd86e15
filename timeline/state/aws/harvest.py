"""All that AWS records say of configuration: dispatch, after one look over all records.

1. Look-ups: ARNs with paths, uploads, owners of buckets.
2. Every configuring record to its handler; every read to its observations.
3. Snapshots to listings; dated reference data to constants.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from timeline.model import Json
from timeline.state import defaults
from timeline.state.aws import (
    alike,
    answers,
    config_items,
    endpoints,
    iam,
    kms,
    organizations,
    reads,
    s3,
    s3_objects,
    snapshots,
    sts,
)
from timeline.state.aws.acl import owner_of
from timeline.state.aws.context import (
    Context,
    Handler,
    account_uid,
    bucket_of,
    bucket_uid,
    key_of,
    text_at,
)
from timeline.state.aws.identity import unique_uid
from timeline.state.aws.record import (
    document,
    field,
    many,
    request,
    resource_account,
    response,
    statements,
)
from timeline.state.aws.record import text as text_of
from timeline.state.ledger import (
    EXISTENCE,
    SCALAR,
    Atoms,
    Harvest,
    Listing,
    Observation,
    Recorded,
    Write,
    scalar,
)
from timeline.state.source import Actor

_SERVICES: tuple[tuple[tuple[str, ...], Mapping[str, Handler]], ...] = (
    (
        ("s3.amazonaws.com", "s3-control.amazonaws.com"),
        {**s3.HANDLERS, **s3_objects.HANDLERS, **endpoints.ACCESS_POINT_HANDLERS},
    ),
    (("iam.amazonaws.com",), iam.HANDLERS),
    (("sts.amazonaws.com",), sts.HANDLERS),
    (("organizations.amazonaws.com",), organizations.HANDLERS),
    (("kms.amazonaws.com",), kms.HANDLERS),
    (("ec2.amazonaws.com",), endpoints.ENDPOINT_HANDLERS),
)

#: (service, operation) -> handler.
HANDLED: dict[tuple[str, str], Handler] = {
    (service, operation): handler
    for services, handlers in _SERVICES
    for service in services
    for operation, handler in handlers.items()
}

#: Operations whose rows `harvest` wants to see; all others carry no configuration.
OPERATIONS: frozenset[str] = frozenset(
    {operation for _, operation in HANDLED}
    | set(reads.ABSENT)
    | set(reads.PRESENT)
    | {"CreateMultipartUpload"}
)


#: Kind of answer that shows a state -> whether it is read without its request. The answers about
#: one bucket do not name it; only the request did.
ANSWERS: dict[str, bool] = {
    snapshots.AUTHORIZATION_DETAILS: True,
    config_items.CONFIG_ITEMS: True,
    **{kind: kind in answers.NAMING for kind in sorted(answers.KINDS)},
}


def harvest(
    records: Sequence[Recorded], actors: Sequence[Actor], documents: Sequence[tuple[Any, ...]]
) -> Harvest:
    """Writes, observations and listings of a case's AWS records.

    Args:
        records: rows of `events` whose operation is in `OPERATIONS`, duplicates left out.
        actors: every principal that called or issued a session: for the paths of their names,
            and for their ids.
        documents: snapshots as (kind, document, observed_at, provenance), and what they are about
            if it is known.
    """
    listings = snapshots.listings(documents)
    answered = answers.read(documents)
    # An account's own listing of its buckets outweighs the account of a record, which may be the
    # caller's.
    owners = config_items.owners(documents) | _owners(records) | dict(answered.owners)
    context = Context(
        arns=_arns(records, actors, listings), uploads=_uploads(records), owners=owners
    )
    writes: list[Write] = []
    seen: list[Observation] = list(config_items.observations(documents))
    for record in records:
        handler = HANDLED.get((record.service, record.operation))
        if handler is not None:
            writes.extend(handler(record, context))
        elif record.operation in reads.ABSENT or record.operation in reads.PRESENT:
            seen.extend(reads.observations(record))
    written = alike.by_place(writes)
    seen += [alike.aligned(one, written) for one in answered.observations]
    # Where the creation itself is recorded its date proves no more, and runs before the record.
    made = {write.resource_uid for write in writes if write.accepted and write.rank == 0}
    seen += [one for _, one in sorted(answered.created.items()) if one.resource_uid not in made]
    return Harvest(
        writes=tuple(sts.settle(writes)),
        observations=tuple(seen),
        listings=listings,
        owners={bucket_uid(bucket): account for bucket, account in owners.items()},
        names=_together(answered.names, _names(records, actors, context, listings)),
        constants=_constants(writes, listings),
        gaps=answered.gaps,
    )


def _together(
    answered: Mapping[tuple[str, str], str], recorded: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], str]:
    """Names of answers and records; types of policy that either mentions are mentioned."""
    place = (organizations.ORGANIZATION, organizations.MENTIONED)
    types = {kind for names in (answered, recorded) for kind in names.get(place, "").split("+")}
    found = dict(answered) | dict(recorded)
    return found | ({place: "+".join(sorted(types - {""}))} if place in found else {})


def account_of(resource_uid: str, owners: Mapping[str, str]) -> str | None:
    """Account that a resource belongs to; None where no record says so."""
    if resource_uid.startswith("aws:account:"):
        return resource_uid.removeprefix("aws:account:")
    parts = resource_uid.split(":", 5)
    if len(parts) == 6 and parts[2] == "s3":
        return owners.get(f"arn:aws:s3:::{parts[5].split('/')[0]}")
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else None


def category_of(resource_uid: str) -> str:
    """Which records report changes of a resource: those of objects are data events."""
    inside = resource_uid.startswith("arn:aws:s3:::") and "/" in resource_uid
    return "data" if inside else "management"


def slack_of(resource_uid: str, slot: str) -> timedelta:
    """How long a change of a slot takes to be seen everywhere (`access.md` A11)."""
    table = defaults.load("aws")["propagation_seconds"]
    assert isinstance(table, dict)
    if resource_uid.startswith("aws:account:"):
        name = "account_public_access_block"
    else:
        name = "bucket" if resource_uid.startswith("arn:aws:s3:") else "identity"
    return timedelta(seconds=int(str(table[name])))


def _arns(
    records: Iterable[Recorded], actors: Iterable[Actor], listings: Iterable[Listing]
) -> dict[tuple[str, str, str], str]:
    """(account, kind, name) -> ARN. A name is unique in its account, whatever its path."""
    found: set[str] = {actor.uid for actor in actors if actor.uid.startswith("arn:")}
    for listing in listings:
        found.update(listing.seen)
    for record in records:
        for kind in ("user", "role", "group"):
            arn = text_at(response(record), kind, "arn")
            if arn is not None:
                found.add(arn)
    named: dict[tuple[str, str, str], str] = {}
    for arn in sorted(found):
        parts = arn.split(":", 5)
        if (
            len(parts) == 6
            and parts[2] == "iam"
            and parts[5].split("/")[0] in ("user", "role", "group")
        ):
            kind, name = parts[5].split("/")[0], parts[5].rsplit("/", 1)[-1]
            named[(parts[4], kind, name)] = arn
    return named


def _uploads(records: Iterable[Recorded]) -> dict[tuple[str, str, str], Recorded]:
    """Requests that started an upload, by id; by key alone only where there was one."""
    started: dict[tuple[str, str, str], Recorded] = {}
    single: dict[tuple[str, str], list[Recorded]] = {}
    for record in records:
        if record.operation != "CreateMultipartUpload" or record.error_code is not None:
            continue
        place = (bucket_of(record) or "", key_of(record) or "")
        upload = text_of(field(request(record), "uploadId")) or text_of(
            field(response(record), "uploadId")
        )
        if upload:
            started[(*place, upload)] = record
        single.setdefault(place, []).append(record)
    for place, found in single.items():
        if len(found) == 1:
            started.setdefault((*place, ""), found[0])
    return started


def _owners(records: Iterable[Recorded]) -> dict[str, str]:
    """Bucket -> account, as records of accepted calls name it; the earliest record wins."""
    owners: dict[str, str] = {}
    for record in sorted(records, key=lambda r: (r.error_code is not None, *r.order)):
        bucket, account = bucket_of(record), resource_account(record)
        if bucket is not None and account is not None:
            owners.setdefault(bucket, account)
    return owners


def _names(
    records: Iterable[Recorded],
    actors: Iterable[Actor],
    context: Context,
    listings: Iterable[Listing],
) -> dict[tuple[str, str], str]:
    """Unique id -> ARN, role name -> ARN with a path, account -> canonical id."""
    names: dict[tuple[str, str], str] = {}
    for actor in actors:
        if actor.unique_id and ":iam:" in actor.uid:
            names[unique_uid(actor.unique_id), "arn"] = actor.uid
    for listing in listings:
        for arn, slots in sorted(listing.seen.items()):
            unique = text_at((slots.get(EXISTENCE) or {}).get(SCALAR), "unique_id")
            if unique:
                names[unique_uid(unique), "arn"] = arn
    for record in records:
        for kind in ("user", "role", "group"):
            unique = text_at(response(record), kind, f"{kind}Id")
            named = text_at(response(record), kind, "arn")
            if unique and named:
                names[unique_uid(unique), "arn"] = named
        canonical = owner_of(request(record)) if record.operation == "PutBucketAcl" else None
        account = context.owners.get(bucket_of(record) or "")
        if canonical and account and record.error_code is None:
            names.setdefault((account_uid(account), "canonical_id"), canonical)
    types = organizations.mentioned(records)
    if types is not None:
        names[organizations.ORGANIZATION, organizations.MENTIONED] = types
    for (account, kind, name), arn in sorted(context.arns.items()):
        if kind == "role" and not arn.endswith(f":role/{name}"):
            names[account_uid(account), f"role/{name}"] = arn
    return names


def _constants(
    writes: Iterable[Write], listings: Iterable[Listing]
) -> dict[tuple[str, str], tuple[datetime, Atoms, str]]:
    """Provider-managed policies of the data file, as far as the case refers to them."""
    contents = [atoms for write in writes for atoms in (write.atoms, write.before) if atoms]
    for listing in listings:
        contents += [atoms for slots in listing.seen.values() for atoms in slots.values() if atoms]
    values = [value for atoms in contents for value in atoms.values()]
    referred = {str(one) for value in values for one in many(value) if isinstance(one, str)}
    rows: Json = defaults.load("aws")["managed_policies"]
    assert isinstance(rows, list)
    constants: dict[tuple[str, str], tuple[datetime, Atoms, str]] = {}
    for row in rows:
        assert isinstance(row, dict)
        arn, version = str(row["arn"]), str(row["version"])
        if arn not in referred:
            continue
        since = datetime.fromisoformat(str(row["since"]))
        why = f"provider-managed policy {row['id']} ({row['source']})"
        constants[(arn, f"version/{version}")] = (since, statements(document(row["document"])), why)
        constants[(arn, "default_version")] = (since, scalar(version), why)
    return constants
