"""StringEquals, StringEqualsIgnoreCase, StringLike: positive halves (R-IAM-4).

StringLike crosses colons and slashes; in StringEquals `*` is an ordinary character.
"""

from collections.abc import Callable

from timeline.policy.aws.context import Request, SomePath
from timeline.policy.aws.patterns import Pattern
from timeline.policy.kleene import Kleene, any_in

#: Whether one value of the request matches one of the policy's values.
Matcher = Callable[[str | SomePath, Request], Kleene]


def any_pattern(patterns: tuple[Pattern, ...], *, fold: bool = False) -> Matcher:
    """Matcher over several patterns; without variables and wildcards a set does."""
    constants = frozenset(p.text for p in patterns if p.plain is not None and p.fixed)
    rest = tuple(p for p in patterns if p.plain is None or not p.fixed)

    def matches(value: str | SomePath, request: Request) -> Kleene:
        if isinstance(value, SomePath):
            return any_in(p.matches_some_path(value, request) for p in patterns)
        if fold:
            value = value.casefold()
        if value in constants:
            return True
        if not rest:
            return False
        return any_in(p.matches(value, request) for p in rest)

    return matches


def _patterns(values: tuple[str, ...], variables: bool, wildcards: bool) -> tuple[Pattern, ...]:
    return tuple(Pattern(v, "glob", variables=variables, wildcards=wildcards) for v in values)


def equals(values: tuple[str, ...], variables: bool) -> Matcher:
    """Exact, case-sensitive."""
    plain = frozenset(values)
    patterns = _patterns(values, variables, wildcards=False)
    if any(not p.fixed or "${" in p.text for p in patterns):
        return any_pattern(tuple(_literal(p) for p in patterns))

    def matches(value: str | SomePath, request: Request) -> Kleene:
        if isinstance(value, SomePath):
            return any_in(p.matches_some_path(value, request) for p in patterns)
        return value in plain

    return matches


def _literal(pattern: Pattern) -> Pattern:
    """`${*}` is fixed but its text is not its value: keep the regular expression."""
    if pattern.fixed and "${" in pattern.text:
        pattern.fixed = False
    return pattern


def equals_ignore_case(values: tuple[str, ...], variables: bool) -> Matcher:
    """Exact but for case. A variable's value is folded too."""
    folded = frozenset(value.casefold() for value in values)
    patterns = tuple(Pattern(v, "glob-fold", variables=variables, wildcards=False) for v in values)
    constant = not (variables and any("${" in value for value in values))

    def matches(value: str | SomePath, request: Request) -> Kleene:
        if isinstance(value, SomePath):
            return any_in(p.matches_some_path(value, request) for p in patterns)
        if constant:
            return value.casefold() in folded
        return any_in(p.matches(value, request) for p in patterns)

    return matches


def like(values: tuple[str, ...], variables: bool) -> Matcher:
    """With `*` and `?`, case-sensitive."""
    patterns = _patterns(values, variables, wildcards=True)
    return any_pattern(tuple(_literal(p) for p in patterns))
