"""Answers about objects: versions that a bucket holds, their lists, owners and keys.

A listing is read page by page, each at its own time: a page shows a stretch of keys as they were
when it came. An object's own slots are those of its current version, so what is answered of a
version counts for them only where the listing of the same collection shows it as the latest, and
no record writes the object between the page and the answer.

An access control list is read back as it takes effect (`answers.py`): whoever calls here has
already passed over those that may hide grants.

Source: API references of ListObjectVersions, GetObjectAcl, HeadObject; `state.md` (head).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import unquote_plus

from timeline.model import Json
from timeline.state.aws import acl
from timeline.state.aws.context import bucket_uid, text_at
from timeline.state.aws.record import Unreadable, many, mapping, text
from timeline.state.aws.s3_objects import NOT_RECORDED, UPLOADER, object_uid
from timeline.state.aws.seen import Seen
from timeline.state.ledger import EXISTENCE, Atoms, Observation, Write, scalar

VERSIONS = "aws.s3.object_versions"
OBJECT_ACL = "aws.s3.object_acl"
HEAD = "aws.s3.object_head"

KINDS = frozenset({VERSIONS, OBJECT_ACL, HEAD})

#: Errors that say that the version that was asked for is not there.
_GONE = ("NoSuchKey", "NoSuchVersion")
_OF_VERSION = "?versionId="

#: (resource, slot) -> accepted writes, the latest first: what `alike.by_place` gives.
Written = Mapping[tuple[str, str], Sequence[Write]]


def observations(
    seen: Sequence[Seen],
    listed: Sequence[Seen],
    written: Written,
    canonical: Callable[[str], str | None],
) -> list[Observation]:
    """What answers about objects show.

    Args:
        seen: answers of kinds `VERSIONS` and `HEAD`, and `OBJECT_ACL` that says "there is none".
        listed: answers of kind `OBJECT_ACL` that show what is stored.
        written: accepted writes of the records.
        canonical: bucket -> canonical id of its owner, None if not known.
    """
    found: list[Observation] = []
    latest: dict[tuple[str, str], Seen] = {}
    heads = {(one.acquisition, one.about): one for one in seen if one.kind == HEAD}
    for one in (each for each in seen if each.kind == VERSIONS):
        for uid, version in _versions(one):
            found += _version(one, uid, version)
            if text_at(version, "IsLatest") == "true":
                latest[one.acquisition, f"{uid}{_OF_VERSION}{_number(version)}"] = one
                head = heads.get((one.acquisition, f"{uid}{_OF_VERSION}{_number(version)}"))
                found += _current(one, uid, version, head, written)
    for one in seen:
        if one.kind == OBJECT_ACL:
            found.append(one.observation(one.about, EXISTENCE, {}, "no such version"))
    for one in listed:
        uid = one.about.partition(_OF_VERSION)[0]
        bucket = uid.removeprefix(bucket_uid("")).partition("/")[0]
        places = [one.about]
        page = latest.get((one.acquisition, one.about))
        if page is not None and not _rewritten(written, uid, page.at, one.at):
            places.append(uid)
        for place in places:
            atoms = _aligned(one, place, written, canonical(bucket) or "")
            if atoms is not None:
                words = "of the latest version" if place == uid != one.about else "answered"
                found.append(one.observation(place, "acl", atoms, words))
    return found + _absences(seen, written)


def readable(one: Seen) -> tuple[Observation, ...]:
    """Go on only with a listing or headers that can be read; what they show needs all answers.

    Raises:
        Unreadable: it is of another form.
    """
    if one.kind == VERSIONS:
        for _, version in _versions(one):
            _number(version)
    if one.kind == HEAD and not isinstance(one.body.get("Headers"), dict):
        raise Unreadable("expected the headers of an answer, found none")
    return ()


def says_none(one: Seen) -> bool:
    """Whether an answer says that the version is not there."""
    return text_at(one.body.get("Error"), "Code") in _GONE


def _versions(one: Seen) -> list[tuple[str, dict[str, Json]]]:
    """(object, entry) of every version and deletion marker of a page.

    Raises:
        Unreadable: it is no listing of versions.
    """
    root, bucket = _root(one)
    encoded = text(root.get("EncodingType")) == "url"
    found = []
    for name in ("Version", "DeleteMarker"):
        for entry in many(root.get(name)):
            key = text_at(entry, "Key")
            if key is None:
                raise Unreadable(f"expected Key in a {name}, found none")
            key = unquote_plus(key) if encoded else key
            found.append((object_uid(bucket, key), {**mapping(entry), "": name}))
    return found


def _root(one: Seen) -> tuple[dict[str, Json], str]:
    root = mapping(one.body.get("ListVersionsResult"))
    bucket = text(root.get("Name"))
    if bucket is None:
        raise Unreadable("expected ListVersionsResult with its Name, found neither or one")
    return root, bucket


def _number(version: dict[str, Json]) -> str:
    number = text_at(version, "VersionId")
    if number is None:
        raise Unreadable("expected VersionId in a version, found none")
    return number


def _version(one: Seen, uid: str, version: dict[str, Json]) -> list[Observation]:
    """A version is there; it was from its date on, which never changes."""
    if version[""] != "Version":
        return []
    place = f"{uid}{_OF_VERSION}{_number(version)}"
    found = [one.observation(place, EXISTENCE, scalar(value=True), "listed")]
    try:
        made = datetime.fromisoformat(text_at(version, "LastModified") or "")
    except ValueError:
        return found
    if made.tzinfo is not None and made < one.at:
        since = Observation(
            resource_uid=place, slot=EXISTENCE, atoms=scalar(value=True), at=made,
            why=f"date of the version in a listing of {one.at:%Y-%m-%dT%H:%M:%SZ}",
            provenance=one.provenance,
        )  # fmt: skip
        found.append(since)
    return found


def _current(
    one: Seen, uid: str, version: dict[str, Json], head: Seen | None, written: Written
) -> list[Observation]:
    """The current version: its owner and key, or that there is none under a deletion marker.

    Where a record writes the object before, that record says more: by account and canned list.
    """
    if version[""] == "DeleteMarker":
        return [one.observation(uid, slot, {}, "deletion marker") for slot in ("acl", UPLOADER)]
    if any(write.record.time <= one.at for write in written.get((uid, UPLOADER), ())):
        return []
    owner = text_at(version, "Owner", "ID")
    headers = mapping(head.body.get("Headers")) if head is not None else {}
    algorithm = text(headers.get("x-amz-server-side-encryption"))
    key = text(headers.get("x-amz-server-side-encryption-aws-kms-key-id"))
    value: dict[str, Json] = {"canonical_id": owner, "canned_acl": NOT_RECORDED}
    words = "the latest version"
    if head is not None:
        value |= {"algorithm": algorithm, "key": key}
        proof = head.provenance
        words += f"; key as the headers say: {proof.item} {proof.locator}" if proof else ""
    return [one.observation(uid, UPLOADER, scalar(value), words)]


def _rewritten(written: Written, uid: str, since: datetime, until: datetime) -> bool:
    """Whether a record writes an object between two answers."""
    writes = [*written.get((uid, "acl"), ()), *written.get((uid, UPLOADER), ())]
    return any(since <= write.record.end and write.record.time <= until for write in writes)


def _aligned(one: Seen, place: str, written: Written, bucket_owner: str) -> Atoms | None:
    """Facts of a list, in the words of the write that said the same; None where that is not known.

    A canned list names owners by their role, an answer by their ids.
    """
    body = mapping(one.body.get("AccessControlPolicy", dict(one.body)))
    owner = text_at(body.get("Owner"), "ID")
    atoms = acl.written(one.body) or acl.listed(one.body)
    shown = {_spelled(value, owner, bucket_owner) for value in atoms.values()}
    for write in written.get((place, "acl"), ()):
        if write.record.time <= one.at and write.atoms is not None:
            said = {_spelled(value, owner, bucket_owner) for value in write.atoms.values()}
            if said == shown:
                return write.atoms
            return None if any(who == "" for _, who, _ in said) else atoms
    return atoms


def _spelled(value: Json, owner: str | None, bucket_owner: str) -> tuple[str, str, str]:
    """(type, id or group, permission) of a grant, with roles put to ids; "" = id not known."""
    kind = text_at(value, "Grantee", "Type") or ""
    named = text_at(value, "Grantee", "URI") or text_at(value, "Grantee", "ID")
    role = text_at(value, "Grantee", "Role")
    by_role = {acl.OWNER: owner or "", acl.BUCKET_OWNER: bucket_owner}.get(role or "", "")
    return kind, named or by_role, text_at(value, "Permission") or ""


def _absences(seen: Iterable[Seen], written: Written) -> list[Observation]:
    """Objects that records mention and that a complete listing of their prefix does not show."""
    groups: dict[tuple[str, str], list[Seen]] = {}
    for one in seen:
        if one.kind == VERSIONS:
            root, _ = _root(one)
            prefix = text(root.get("Prefix")) or ""
            prefix = unquote_plus(prefix) if text(root.get("EncodingType")) == "url" else prefix
            groups.setdefault((one.acquisition, f"{one.about}/{prefix}"), []).append(one)
    found: list[Observation] = []
    for (_, start), group in sorted(groups.items()):
        pages = sorted(group, key=lambda each: each.at)
        more = [text(_root(one)[0].get("IsTruncated")) == "true" for one in pages]
        begun = text(_root(pages[0])[0].get("KeyMarker"))
        if begun is not None or more != [True] * (len(pages) - 1) + [False]:
            continue
        shown = {uid for one in pages for uid, _ in _versions(one)}
        first, last = pages[0].at, pages[-1]
        for uid, slot in sorted(written):
            of_object = slot in ("acl", UPLOADER) and _OF_VERSION not in uid
            if not of_object or not uid.startswith(start) or uid in shown:
                continue
            if "/" in uid.removeprefix(bucket_uid("")) and not _rewritten(
                written, uid, first, last.at
            ):
                found.append(last.observation(uid, slot, {}, "in no page of the listing"))
    return found
