"""Answers about one resource, which the request named: what each slot was seen to hold.

An answer that refuses is no document and does not come here; an error proves absence only under
the code that means absence of exactly what was asked.

An access control list is read back as it takes effect: while public grants are ignored, lists are
disabled, or it is not known whether they are, what an answer shows does not prove what is stored
(`access.md` R-S3-11); it is then passed over with a gap. A public grant that is shown is not
ignored, and proves the whole list.

Source: `state.md` (head; section 1, "reads are observations too"), `collection.md` section 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collector.model import Gap
from timeline.model import Json
from timeline.state.aws import acl, naming, object_answers
from timeline.state.aws import organization_answers as organization
from timeline.state.aws.answer_forms import BUCKETS, READERS, listing, observations
from timeline.state.aws.context import account_uid, bucket_uid, text_at
from timeline.state.aws.organizations import MENTIONED, ORGANIZATION
from timeline.state.aws.record import Unreadable, mapping
from timeline.state.aws.s3 import flag_slot
from timeline.state.aws.seen import Seen
from timeline.state.ledger import EXISTENCE, SCALAR, Name, Observation, scalar

ACL = "aws.s3.acl"

#: Kinds that are read here. Those of which the answer itself names what it is about are read even
#: where the request is not known.
KINDS = frozenset({*READERS, *object_answers.KINDS, ACL, organization.POLICIES})
NAMING = frozenset({BUCKETS, organization.POLICIES, organization.POLICY_KIND,
                    "aws.kms.key", "aws.ec2.vpc_endpoints"})  # fmt: skip

#: Kinds about objects that are looked through for what is readable; lists come after.
_OF_OBJECTS = object_answers.KINDS - {object_answers.OBJECT_ACL}

ENFORCED = "BucketOwnerEnforced"
_NAMELESS = "an answer of this kind does not name the resource that it is about: not used"
_PUBLIC = (acl.ALL_USERS, acl.AUTHENTICATED_USERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What answers about single resources say.

    Attributes:
        observations: of single slots.
        created: bucket -> observation that it was there at its date of creation.
        owners: bucket -> account in whose listing it is.
        names: (resource, slot) -> name that never changes.
        gaps: answers of which nothing is used, and why.
        readable: answers of which something is, for what only several of them show together.
        object_lists: lists of versions of objects that show what is stored.
    """

    observations: tuple[Observation, ...] = ()
    created: Mapping[str, Observation] = field(default_factory=dict)
    owners: Mapping[str, Name] = field(default_factory=dict)
    names: Mapping[tuple[str, str], Name] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    readable: tuple[Seen, ...] = ()
    object_lists: tuple[Seen, ...] = ()


def read(documents: Sequence[tuple[Any, ...]]) -> Answers:
    """Answers among (kind, document, observed_at, provenance, about); others are passed over."""
    given = sorted(_seen(documents), key=lambda one: (one.at, one.kind, one.about))
    found: list[Observation] = []
    gaps = [one.gap("not_understood", _NAMELESS) for one in given if not _named(one)]
    seen = [one for one in given if _named(one)]
    readable: list[Seen] = []
    for one in (each for each in seen if each.kind in (*READERS, *_OF_OBJECTS)):
        try:
            found += observations(one) if one.kind in READERS else object_answers.readable(one)
        except Unreadable as reason:
            gaps.append(one.gap("not_understood", str(reason)))
        else:
            readable.append(one)
    owners, names = _owners(seen), _names(seen)
    held, lists, owned = _held(found), [], naming.values(owners)
    for one in (each for each in seen if each.kind in (ACL, object_answers.OBJECT_ACL)):
        if one.kind == object_answers.OBJECT_ACL and object_answers.says_none(one):
            readable.append(one)
            continue
        place = bucket_uid(one.about.removeprefix(bucket_uid("")).partition("/")[0])
        owner = owned.get(place.removeprefix(bucket_uid("")))
        try:
            atoms = _listed(one.body)
        except Unreadable as reason:
            gaps.append(one.gap("not_understood", str(reason)))
            continue
        hidden = None if _public(atoms) else _hiding(one, place, owner, held, names)
        if hidden is not None:
            why = f"a list is answered as it takes effect, and {hidden}"
            gaps.append(one.gap("opaque", f"{why}: what is stored is not proven"))
        elif one.kind == ACL:
            found.append(one.observation(one.about, "acl", atoms))
        else:
            lists.append(one)
    return Answers(
        observations=tuple(found), created=_created(seen), owners=owners, names=names,
        gaps=tuple(gaps), readable=tuple(readable), object_lists=tuple(lists),
    )  # fmt: skip


def _seen(documents: Iterable[tuple[Any, ...]]) -> Iterable[Seen]:
    for kind, body, at, provenance, *more in documents:
        if kind in KINDS:
            about = str(more[0]) if more and more[0] else ""
            yield Seen(
                kind=kind, body=mapping(body), at=at, provenance=provenance, about=about
            )  # fmt: skip


def _named(one: Seen) -> bool:
    """Whether it is known what an answer is about."""
    return bool(one.about) or one.kind in NAMING


def _listed(body: Mapping[str, Json]) -> Mapping[str, Json]:
    """Facts of an access control list.

    Raises:
        Unreadable: it cannot be read.
    """
    atoms = acl.listed(body) if "Grants" in body else acl.written(body)
    if not atoms:
        raise Unreadable("expected grants in an access control list, found none")
    return atoms


def _public(atoms: Mapping[str, Json]) -> bool:
    """Whether a list shows a public grant, which it does not while those are ignored."""
    return any(fact.startswith(f"grant:Group:{group}:") for fact in atoms for group in _PUBLIC)


def _held(found: Iterable[Observation]) -> dict[tuple[str, str, str], Json]:
    """(acquisition, resource, slot) -> single value that it was seen to hold."""
    return {
        (one.provenance.item.partition(".")[0], one.resource_uid, one.slot): one.atoms[SCALAR]
        for one in found
        if one.provenance is not None and one.atoms is not None and SCALAR in one.atoms
    }


def _hiding(
    one: Seen,
    place: str,
    owner: str | None,
    held: Mapping[tuple[str, str, str], Json],
    names: Mapping[tuple[str, str], Name],
) -> str | None:
    """What hides grants of a list of a bucket or in it, or may; None where nothing does."""
    ownership = held.get((one.acquisition, place, "ownership"))
    if ownership == ENFORCED:
        return "lists are disabled (BucketOwnerEnforced)"
    if ownership is None:
        return "whether lists are disabled (ownership controls) was not observed with it"
    if owner is None:
        return "the account that owns the bucket was not observed with it"
    for uid in (place, account_uid(owner)):
        ignored = held.get((one.acquisition, uid, flag_slot("IgnorePublicAcls")))
        if ignored is True:
            return f"public grants are ignored (IgnorePublicAcls of {uid})"
        if ignored is None:
            return f"whether public grants are ignored ({uid}) was not observed with it"
    if (ORGANIZATION, f"{MENTIONED}/organization_s3_policy") in names:
        return "a policy of the organization may ignore public grants"
    return None


def _created(seen: Iterable[Seen]) -> dict[str, Observation]:
    """A date of creation is no later than which the bucket was there."""
    found: dict[str, Observation] = {}
    for one in (each for each in seen if each.kind == BUCKETS):
        for name, written in listing(one):
            try:
                at = datetime.fromisoformat(written or "")
            except ValueError:
                continue
            if at.tzinfo is None or at > one.at:
                continue
            found[name] = Observation(
                resource_uid=bucket_uid(name), slot=EXISTENCE, atoms=scalar(value=True), at=at,
                why=f"date of creation in a listing of {one.at:%Y-%m-%dT%H:%M:%SZ}",
                provenance=one.provenance,
            )  # fmt: skip
    return found


def _owners(seen: Iterable[Seen]) -> dict[str, Name]:
    """A listing of buckets shows those that the account owns."""
    return {
        name: Name(value=one.about.removeprefix("aws:account:"), provenance=one.provenance)
        for one in seen
        if one.kind == BUCKETS and one.about.startswith("aws:account:")
        for name, _ in listing(one)
    }


def _names(seen: Sequence[Seen]) -> dict[tuple[str, str], Name]:
    """Canonical ids of accounts; what answers about the organization name."""
    names = organization.names(seen)
    for one in seen:
        if one.kind == BUCKETS and one.about.startswith("aws:account:"):
            root = mapping(one.body.get("ListAllMyBucketsResult", dict(one.body)))
            canonical = text_at(root.get("Owner"), "ID")
            if canonical is not None:
                place = (one.about, "canonical_id")
                names.setdefault(place, Name(value=canonical, provenance=one.provenance))
    return names
