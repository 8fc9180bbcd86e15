"""BinaryEquals: the bytes behind base64, compared byte by byte (R-IAM-8)."""

import base64
import binascii

from timeline.policy.aws.conditions.strings import Matcher
from timeline.policy.aws.context import Request, SomePath
from timeline.policy.kleene import Kleene


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def equal(values: tuple[str, ...], variables: bool) -> Matcher:
    """Text that is no base64 matches nothing."""
    wanted = frozenset(found for found in map(_decoded, values) if found is not None)

    def matches(value: str | SomePath, request: Request) -> Kleene:
        given = _decoded(value) if isinstance(value, str) else None
        return given is not None and given in wanted

    return matches
