"""All that AWS records say of configuration: dispatch, after one look over all records.

1. Look-ups: ARNs with paths, uploads, owners of buckets.
2. Every configuring record to its handler; every read to its observations.
3. Snapshots to listings; dated reference data to constants.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from collector.model import Provenance
from timeline.model import Json
from timeline.state import defaults
from timeline.state.aws import (
    alike,
    answers,
    complete_lists,
    config_items,
    endpoints,
    iam,
    identity_center,
    kms,
    multi_region,
    naming,
    object_answers,
    organization_answers,
    organizations,
    reads,
    resource_shares,
    s3,
    s3_documents,
    s3_objects,
    snapshots,
    sts,
    undecided,
)
from timeline.state.aws.context import (
    Context,
    Handler,
    account_uid,
    bucket_of,
    bucket_uid,
    key_of,
)
from timeline.state.aws.record import document, field, many, mapping, request, response, statements
from timeline.state.aws.record import text as text_of
from timeline.state.ledger import (
    EXISTENCE,
    Atoms,
    Constant,
    Harvest,
    Listing,
    Name,
    Observation,
    Recorded,
    Write,
    scalar,
)
from timeline.state.source import Actor

_SERVICES: tuple[tuple[tuple[str, ...], Mapping[str, Handler]], ...] = (
    (
        ("s3.amazonaws.com", "s3-control.amazonaws.com"),
        {
            **s3.HANDLERS,
            **s3_documents.HANDLERS,
            **s3_objects.HANDLERS,
            **endpoints.ACCESS_POINT_HANDLERS,
            **undecided.CONTROL,
            **undecided.SCOPES,
            **multi_region.HANDLERS,
        },
    ),
    (("s3express.amazonaws.com",), undecided.EXPRESS),
    (("s3tables.amazonaws.com",), undecided.TABLES),
    (("s3-outposts.amazonaws.com",), undecided.OUTPOSTS),
    (("iam.amazonaws.com",), iam.HANDLERS),
    (("sts.amazonaws.com",), sts.HANDLERS),
    (("organizations.amazonaws.com",), organizations.HANDLERS),
    (("sso.amazonaws.com",), identity_center.HANDLERS),
    (("ram.amazonaws.com",), resource_shares.HANDLERS),
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
    records = _corrected(records)
    listings = snapshots.listings(documents)
    answered = answers.read(documents)
    # An account's own listing of its buckets outweighs the account of a record, which may be the
    # caller's.
    owners = config_items.owners(documents) | naming.owners(records) | dict(answered.owners)
    arns = naming.arns(records, actors, listings)
    context = Context(
        arns={key: name.value for key, name in arns.items()},
        uploads=_uploads(records),
        owners=naming.values(owners),
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
    names = {
        **answered.names,
        **naming.recorded(records, actors, listings, context),
        **{place: name for place, name in organizations.mentioned(records).items()
           if place not in answered.names},
        **naming.of_paths(arns),
        **naming.of_buckets(owners),
    }  # fmt: skip
    writes, more = _organization(records, writes, answered, names)
    seen += _objects(answered, written, names, owners)
    places = [(write.resource_uid, write.slot) for write in writes]
    places += [(one.resource_uid, one.slot) for one in seen]
    proven = naming.proven(records) | dict(answered.owners) | config_items.owners(documents)
    seen += complete_lists.buckets(answered.readable, places, naming.values(proven))
    seen += complete_lists.of_keys(answered.readable, places)
    return Harvest(
        writes=tuple(sts.settle(writes)),
        observations=(*seen, *more),
        listings=listings,
        names=names,
        constants=_constants(writes, (*seen, *more), listings),
        gaps=answered.gaps,
    )


def _corrected(records: Sequence[Recorded]) -> list[Recorded]:
    """Records less those that a later record corrects (`addendum`, reason UPDATED_DATA)."""
    notes = [mapping(record.params.get("addendum")) for record in records]
    instead = {
        text_of(note.get("originalEventID"))
        for note in notes
        if text_of(note.get("reason")) == "UPDATED_DATA"
    }
    kept = zip(records, notes, strict=True)
    return [one for one, note in kept if note or one.provider_uid not in instead]


def _objects(
    answered: answers.Answers,
    written: Mapping[tuple[str, str], Sequence[Write]],
    names: Mapping[tuple[str, str], Name],
    owners: Mapping[str, Name],
) -> list[Observation]:
    """What answers about objects show, beside the records that wrote them."""

    def canonical(bucket: str) -> str | None:
        owner = owners.get(bucket)
        name = names.get((account_uid(owner.value), "canonical_id")) if owner else None
        return name.value if name else None

    of_objects = [one for one in answered.readable if one.kind in object_answers.KINDS]
    return object_answers.observations(of_objects, answered.object_lists, written, canonical)


def _organization(
    records: Sequence[Recorded],
    writes: Sequence[Write],
    answered: answers.Answers,
    names: Mapping[tuple[str, str], Name],
) -> tuple[list[Write], list[Observation]]:
    """Writes and observations of the organization that only all records and answers give."""
    start = organizations.policy_uid("")
    types = {
        uid.removeprefix(start): name.value
        for (uid, slot), name in names.items()
        if slot == organizations.TYPE and uid.startswith(start)
    }
    shown = [(one.resource_uid, one.slot) for one in answered.observations]
    places = [*shown, *((write.resource_uid, write.slot) for write in writes)]
    settled = organizations.settle(writes, records, places, types)
    return [*writes, *settled], organization_answers.absences(answered.readable, places, types)


def container_uid(name: str) -> str:
    """`resource_uid` of what the column `container` names."""
    return bucket_uid(name)


def account_of(resource_uid: str, owners: Mapping[str, str]) -> str | None:
    """Account that a resource belongs to; None where no record says so."""
    if resource_uid.startswith("aws:account:"):
        return resource_uid.removeprefix("aws:account:")
    if resource_uid.startswith(organizations.ORGANIZATION):
        return owners.get(organizations.ORGANIZATION)
    parts = resource_uid.split(":", 5)
    if len(parts) == 6 and parts[2] == "s3" and not parts[4]:
        return owners.get(f"arn:aws:s3:::{parts[5].split('/')[0]}")
    return parts[4] if len(parts) == 6 and parts[4].isdigit() else None


def category_of(resource_uid: str, slot: str) -> str:
    """Which records report changes of a slot: those of objects are data events.

    None report that a version is there: it is known to be from its date to a listing, and no more.
    """
    if slot == EXISTENCE and "?versionId=" in resource_uid:
        return "version"
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


def _constants(
    writes: Iterable[Write], seen: Iterable[Observation], listings: Iterable[Listing]
) -> dict[tuple[str, str], Constant]:
    """Policies of the provider that the data file holds, as far as the case refers to them."""
    referred = _referred(writes, seen, listings)
    constants: dict[tuple[str, str], Constant] = {}
    for row in _rows("managed_policies"):
        arn, version = str(row["arn"]), str(row["version"])
        if arn in referred:
            shown = statements(document(row["document"]))
            constants[arn, f"version/{version}"] = _constant(row, shown, referred[arn])
            constants[arn, "default_version"] = _constant(row, scalar(version), referred[arn])
    for row in _rows("organization_policies"):
        policy = str(row["policy"])
        if policy in referred:
            place = (organizations.policy_uid(policy), "content")
            shown = statements(document(row["document"]))
            constants[place] = _constant(row, shown, referred[policy])
    return constants


def _rows(table: str) -> list[Mapping[str, Json]]:
    rows = defaults.load("aws")[table]
    assert isinstance(rows, list)
    return [row for row in rows if isinstance(row, dict)]


def _constant(row: Mapping[str, Json], atoms: Atoms, provenance: Provenance | None) -> Constant:
    return Constant(
        since=datetime.fromisoformat(str(row["since"])),
        atoms=atoms,
        why=f"provider-managed policy {row['id']} ({row['source']})",
        provenance=provenance,
    )


def _referred(
    writes: Iterable[Write], seen: Iterable[Observation], listings: Iterable[Listing]
) -> dict[str, Provenance | None]:
    """Text that contents refer to -> the first record or answer that does."""
    held: list[tuple[Atoms | None, Provenance | None]] = []
    for write in sorted(writes, key=lambda each: each.record.order):
        held += [(atoms, write.record.provenance) for atoms in (write.atoms, write.before)]
    held += [(one.atoms, one.provenance) for one in sorted(seen, key=lambda each: each.at)]
    for listing in listings:
        for slots in listing.seen.values():
            held += [(atoms, listing.provenance) for atoms in slots.values()]
    found: dict[str, Provenance | None] = {}
    for atoms, provenance in held:
        for value in (atoms or {}).values():
            for one in many(value):
                if isinstance(one, str):
                    found.setdefault(one, provenance)
    return found
