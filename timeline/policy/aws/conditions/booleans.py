"""Bool: `true` and `false` in any case (R-IAM-8)."""

from timeline.policy.aws.conditions.strings import Matcher, equals
from timeline.policy.aws.context import Request, SomePath
from timeline.policy.kleene import Kleene


def equal(values: tuple[str, ...], variables: bool) -> Matcher:
    """A value that is neither `true` nor `false` matches nothing."""
    compare = equals(tuple(v if "${" in v else v.lower() for v in values), variables)

    def matches(value: str | SomePath, request: Request) -> Kleene:
        folded = value.lower() if isinstance(value, str) else ""
        return compare(folded, request) if folded in ("true", "false") else False

    return matches
