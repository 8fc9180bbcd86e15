"""ArnEquals and ArnLike, which are the same: six fields, each compared by itself (R-IAM-6)."""

from timeline.policy.aws.conditions.strings import Matcher
from timeline.policy.aws.context import Request, SomePath
from timeline.policy.aws.patterns import Pattern
from timeline.policy.kleene import Kleene, any_in


def like(values: tuple[str, ...], variables: bool) -> Matcher:
    """A value or pattern of fewer than six fields matches nothing."""
    patterns = tuple(Pattern(value, "arn-condition", variables=variables) for value in values)

    def matches(value: str | SomePath, request: Request) -> Kleene:
        if isinstance(value, SomePath):
            return any_in(p.matches_some_path(value, request) for p in patterns)
        return any_in(p.matches(value, request) for p in patterns)

    return matches
