"""The key of an encrypted object (R-S3-15)."""

from typing import TYPE_CHECKING

from timeline.policy.kleene import Kleene

if TYPE_CHECKING:
    from timeline.policy.aws.evaluation import Callers, Result


def key_allows(action: str, callers: "Callers", result: "Result") -> Kleene:
    return True
