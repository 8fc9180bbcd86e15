"""Controls that can be asked about by name, and since when each has existed.

The dates are when the mechanism became available to anybody; whether anybody was to use it is not
said here. Source of the dates: AWS What's New and the public history of its documentation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from timeline.correlate.views import Place
from timeline.model import Json

_FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control.

    Attributes:
        available: day on which the mechanism became available, ISO text.
        places: container -> slots and the values that it holds them at.
    """

    available: str
    places: Callable[[str], Mapping[Place, Json]]


def _uid(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def _block_public_access(bucket: str) -> Mapping[Place, Json]:
    return {(_uid(bucket), f"public_access_block.{flag}"): True for flag in _FLAGS}


def _acls_disabled(bucket: str) -> Mapping[Place, Json]:
    return {(_uid(bucket), "ownership"): "BucketOwnerEnforced"}


CONTROLS: dict[str, Control] = {
    "block-public-access": Control(available="2018-11-15", places=_block_public_access),
    "acls-disabled": Control(available="2021-11-30", places=_acls_disabled),
}
