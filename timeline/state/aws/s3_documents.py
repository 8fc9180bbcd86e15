"""Settings of a bucket that are one document: tags, tag-based access, website, replication, …

A record and an answer spell the same document differently (booleans and numbers from XML, a list
of one as its element, namespaces); both come out in one form, all text. A number in a tag may have
been text that looked like one ("007"): the tags are then not known. Source: `state.md` section 1,
rows PutBucketTagging and PutBucketRequestPayment; API references of the operations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from timeline.model import Json
from timeline.state.aws.context import (
    Context,
    Handler,
    bucket_of,
    bucket_uid,
    replace_slot,
)
from timeline.state.aws.record import Unreadable, field, many, mapping, request, text
from timeline.state.aws.seen import Seen, Shown
from timeline.state.ledger import Atoms, Recorded, Write, scalar

TAGS = "tags"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One such setting.

    Attributes:
        slot: where it is kept.
        root: element of the request and of the answer.
        kind: of the answer.
        absent: error that says that there is none.
    """

    slot: str
    root: str
    kind: str
    absent: str | None = None


TAGGING = Setting(slot=TAGS, root="Tagging", kind="aws.s3.tags", absent="NoSuchTagSet")
ABAC = Setting(slot="abac", root="AbacStatus", kind="aws.s3.abac")
WEBSITE = Setting(slot="website", root="WebsiteConfiguration", kind="aws.s3.website",
                  absent="NoSuchWebsiteConfiguration")  # fmt: skip
REPLICATION = Setting(slot="replication", root="ReplicationConfiguration",
                      kind="aws.s3.replication",
                      absent="ReplicationConfigurationNotFoundError")  # fmt: skip

LIFECYCLE = Setting(slot="lifecycle", root="LifecycleConfiguration", kind="aws.s3.lifecycle",
                    absent="NoSuchLifecycleConfiguration")  # fmt: skip
OBJECT_LOCK = Setting(slot="object_lock", root="ObjectLockConfiguration",
                      kind="aws.s3.object_lock",
                      absent="ObjectLockConfigurationNotFoundError")  # fmt: skip

SETTINGS = (TAGGING, ABAC, WEBSITE, REPLICATION, LIFECYCLE, OBJECT_LOCK)


def put(setting: Setting, record: Recorded, _: Context) -> tuple[Write, ...]:
    """Full replacement."""
    bucket = bucket_of(record)
    if bucket is None:
        return ()

    def content() -> Atoms:
        return _content(setting, field(request(record), setting.root))

    return (replace_slot(record, bucket_uid(bucket), setting.slot, content),)


def delete(setting: Setting, record: Recorded, _: Context) -> tuple[Write, ...]:
    """None from then on."""
    bucket = bucket_of(record)
    if bucket is None:
        return ()
    return (replace_slot(record, bucket_uid(bucket), setting.slot, lambda: {}, bodiless=True),)


def alter_tags(record: Recorded, _: Context) -> tuple[Write, ...]:
    """TagResource and UntagResource change some tags and leave the others as they were."""
    uid = text(field(request(record), "resourceArn"))
    if uid is None or not uid.startswith(bucket_uid("")):
        return ()

    def content() -> Atoms:
        raise Unreadable("it changes some tags; what the others are is not recorded with it")

    return (replace_slot(record, uid, TAGS, content),)


def answered(setting: Setting, one: Seen) -> tuple[Shown, ...]:
    """What an answer shows.

    Raises:
        Unreadable: it is of another form.
    """
    if setting.root not in one.body:
        raise Unreadable(f"expected {setting.root}, found none")
    return ((one.about, setting.slot, _content(setting, one.body[setting.root])),)


def _content(setting: Setting, given: Json) -> Atoms:
    if given is None:
        raise Unreadable(f"expected {setting.root}, found none")
    if setting is TAGGING:
        return tags(mapping(given).get("TagSet"))
    said = _plain(given)
    return scalar(said) if said else {}


def tags(given: Json) -> Atoms:
    """Tags by their key, out of `{"Tag": …}`.

    Raises:
        Unreadable: one is recorded as a number, or has no key.
    """
    found: dict[str, Json] = {}
    for tag in many(mapping(given).get("Tag")):
        key, value = (mapping(tag).get(name) for name in ("Key", "Value"))
        if any(isinstance(v, int | float) and not isinstance(v, bool) for v in (key, value)):
            raise Unreadable("a tag is recorded as a number: its text is not known")
        name = text(key)
        if name is None:
            raise Unreadable("expected Key in a tag, found none")
        found[name] = text(value) or ""
    return scalar(found) if found else {}


def _plain(value: Json) -> Json:
    """All text; a list of one is its element; without namespaces."""
    if isinstance(value, Mapping):
        kept = {k: v for k, v in value.items() if k != "xmlns" and not k.startswith("xmlns:")}
        return {name: _plain(each) for name, each in sorted(kept.items())}
    if isinstance(value, list):
        return _plain(value[0]) if len(value) == 1 else [_plain(each) for each in value]
    return text(value) or ""


READERS = {setting.kind: partial(answered, setting) for setting in SETTINGS}
#: Kind -> error that says that there is none, and what the slot then holds.
ABSENT: dict[str, tuple[str, tuple[tuple[str, Atoms], ...]]] = {
    setting.kind: (setting.absent, ((setting.slot, {}),))
    for setting in SETTINGS
    if setting.absent is not None
}

HANDLERS: dict[str, Handler] = {
    "PutBucketTagging": partial(put, TAGGING),
    "DeleteBucketTagging": partial(delete, TAGGING),
    "TagResource": alter_tags,
    "UntagResource": alter_tags,
    "PutBucketAbac": partial(put, ABAC),
    "PutBucketWebsite": partial(put, WEBSITE),
    "DeleteBucketWebsite": partial(delete, WEBSITE),
    "PutBucketReplication": partial(put, REPLICATION),
    "DeleteBucketReplication": partial(delete, REPLICATION),
    # Records name these calls otherwise than the API does.
    "PutBucketLifecycle": partial(put, LIFECYCLE),
    "DeleteBucketLifecycle": partial(delete, LIFECYCLE),
    "PutBucketObjectLockConfiguration": partial(put, OBJECT_LOCK),
}
