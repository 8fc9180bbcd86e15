"""Settings of AWS resources by slot: what they are called, who may write and see them, defaults.

Sources: the actions are those of the service authorization reference for S3; the defaults are the
dated rows of `timeline/state/aws/defaults.json`.
"""

from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from timeline.model import Json
from timeline.state import defaults
from timeline.state.defaults import Default

_BUCKET = "arn:aws:s3:::"
#: How the source of a row begins that nobody read: it is no fact to print.
_UNCONFIRMED = "general knowledge"
#: A new bucket has none of these; no row of the defaults speaks of them.
_NOTHING = frozenset(("policy", "encryption"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting, or several that one call writes together.

    Attributes:
        pattern: slot, `*` as a pattern.
        title: what it is called in print.
        write, read: actions that change and that show it.
        default: name in the rows of defaults; None where they do not speak of it.
    """

    pattern: str
    title: str
    write: str
    read: str
    default: str | None = None


SETTINGS: tuple[Setting, ...] = (
    Setting(
        pattern="policy", title="bucket policy", write="s3:PutBucketPolicy",
        read="s3:GetBucketPolicy",
    ),
    Setting(
        pattern="public_access_block.*", title="Block Public Access", default="public_access_block",
        write="s3:PutBucketPublicAccessBlock", read="s3:GetBucketPublicAccessBlock",
    ),
    Setting(
        pattern="acl", title="access control list", write="s3:PutBucketAcl", read="s3:GetBucketAcl",
    ),
    Setting(
        pattern="ownership", title="object ownership", default="ownership",
        write="s3:PutBucketOwnershipControls", read="s3:GetBucketOwnershipControls",
    ),
    Setting(
        pattern="encryption", title="default encryption", write="s3:PutEncryptionConfiguration",
        read="s3:GetEncryptionConfiguration",
    ),
)  # fmt: skip
#: What lets a party see that, and what, was requested: not a setting of the resource itself.
OBJECTS = Setting(
    pattern="objects", title="objects (contents)", write="s3:PutObject", read="s3:GetObject"
)


def is_container(resource_uid: str) -> bool:
    """Whether a resource is one whose settings these are."""
    return resource_uid.startswith(_BUCKET) and "/" not in resource_uid


def setting_of(slot: str) -> Setting | None:
    """The setting that a slot belongs to; None for slots that nobody sets in this sense."""
    return next((one for one in SETTINGS if fnmatchcase(slot, one.pattern)), None)


def default_at(slot: str, when: datetime) -> tuple[Json, Default | None] | None:
    """What a resource created at an instant gets for a slot.

    Returns:
        (value, the row it rests on); the text UNKNOWN as the value in a roll-out window, and where
        the row rests on general knowledge alone; a value of None is “nothing set”; None altogether
        where no default is known for the slot.
    """
    setting = setting_of(slot)
    if slot in _NOTHING:
        return None, None
    if setting is None or setting.default is None:
        return None
    row = defaults.at("aws", "bucket", when)
    if row.source.startswith(_UNCONFIRMED):
        return "UNKNOWN", row
    return row.values[setting.default], row
