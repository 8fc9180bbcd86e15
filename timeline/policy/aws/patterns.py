"""Wildcard and ARN patterns with policy variables (R-IAM-2, R-IAM-3, R-IAM-6).

A pattern is split into tokens once, when its policy is compiled. Without variables it is one
regular expression for ever; with variables it is one per combination of their values, kept in a
bounded cache. `*` becomes an atomic group, so that no pattern, however hostile, backtracks.

References: IAM User Guide, reference_policies_elements_resource, reference_policies_variables.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from timeline.policy.kleene import Kleene, Unknown, all_of

if TYPE_CHECKING:
    from timeline.policy.aws.context import Request, SomePath


@dataclass(frozen=True, slots=True)
class Variable:
    """`${key}` or `${key, 'default'}`; the key in lower case."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Wild:
    """`*` or `?`."""

    sign: str


Token: TypeAlias = str | Variable | Wild

_VARIABLE = r"\$\{([^}]*)\}"
_SPECIAL = re.compile(_VARIABLE + r"|([*?])", re.DOTALL)
_DEFAULT = re.compile(r"\s*([^,]+?)\s*,\s*'(.*)'\s*", re.DOTALL)
_FIELD_END = re.compile(r"\$\{[^}]*\}|(:)", re.DOTALL)
_MISSING = "\ue000"  # stands for an unknown variable in the widest reading of a pattern

#: Values of its variables of which a pattern keeps the expression at hand.
_VALUES_KEPT = 64

Shape: TypeAlias = Literal["arn", "glob", "glob-fold", "arn-condition"]


def tokens(text: str, *, variables: bool, wildcards: bool = True) -> tuple[Token, ...]:
    """The pattern's parts in order; `${*}`, `${?}` and `${$}` are the characters themselves.

    Args:
        text: pattern as written in the policy.
        variables: whether the document's version knows policy variables.
        wildcards: whether `*` and `?` are wildcards here (not in StringEquals).
    """
    found: list[Token] = []
    end = 0
    for special in _SPECIAL.finditer(text):
        inner, sign = special.groups()
        if (inner is not None and not variables) or (sign is not None and not wildcards):
            # Text of no meaning here, but `*` inside an inert `${…}` still is a wildcard.
            if inner is None or not wildcards:
                continue
            found.append(text[end : special.start()])
            found.extend(_plain(special.group()))
        else:
            found.append(text[end : special.start()])
            found.append(Wild(sign) if sign is not None else _variable(inner))
        end = special.end()
    found.append(text[end:])
    return tuple(token for token in found if token != "")


def _plain(text: str) -> list[Token]:
    return [Wild(part) if part in ("*", "?") else part for part in re.split(r"([*?])", text)]


def _variable(inner: str) -> Token:
    if inner in ("*", "?", "$"):
        return inner
    default = _DEFAULT.fullmatch(inner)
    if default:
        return Variable(default[1].lower(), default[2])
    return Variable(inner.strip().lower(), None)


def split_arn(text: str) -> list[str]:
    """At most six fields, split at colons outside `${…}`."""
    if "${" not in text:
        return text.split(":", 5)
    fields: list[str] = []
    start = 0
    for colon in _FIELD_END.finditer(text):
        if colon[1] is not None and len(fields) < 5:
            fields.append(text[start : colon.start()])
            start = colon.end()
    return [*fields, text[start:]]


def _source(parts: Sequence[Token], dot: str) -> str:
    """Regular expression of one field: between two `*`, the first occurrence is always right."""
    segments = [""]
    for part in parts:
        if isinstance(part, Wild):
            if part.sign == "*":
                segments.append("")
            else:
                segments[-1] += dot
        elif isinstance(part, str):
            segments[-1] += f"{dot}*" if part == _MISSING else re.escape(part)
    first, *rest = segments
    if not rest:
        return first
    *middle, last = rest
    if any(f"{dot}*" in segment for segment in segments):
        return f"{dot}*".join(segments)
    return first + "".join(f"(?>{dot}*?{each})" for each in middle if each) + f"{dot}*{last}"


@lru_cache(maxsize=16_384)
def _regex(fields: tuple[tuple[Token, ...], ...], shape: Shape) -> re.Pattern[str]:
    """One expression for the whole value; the first five fields of an ARN cross no colon."""
    if shape in ("glob", "glob-fold"):
        fold = re.IGNORECASE if shape == "glob-fold" else re.NOFLAG
        return re.compile(_source(fields[0], "."), re.DOTALL | fold)
    head = ":".join(_source(field, "[^:]") for field in fields[:5])
    if shape == "arn":
        head = f"(?i:{head})"
    return re.compile(f"{head}:{_source(fields[5], '.')}", re.DOTALL)


class Pattern:
    """One compiled pattern.

    Attributes:
        text: as written.
        fixed: neither wildcard nor variable in it.
        variables: the variables it uses, in order.
    """

    __slots__ = ("_met", "fields", "fixed", "plain", "shape", "text", "variables")

    def __init__(self, text: str, shape: Shape, *, variables: bool, wildcards: bool = True) -> None:
        self.text = text
        self.shape = shape
        whole = shape in ("glob", "glob-fold")
        parts = [text] if whole else split_arn(text)
        if shape == "arn" and len(parts) < 6 and "*" in text:
            parts += ["*"] * (6 - len(parts))
        split = tuple(tokens(p, variables=variables, wildcards=wildcards) for p in parts)
        self.fields = split if whole or len(split) == 6 else None
        every = [token for field in split for token in field]
        self.variables = tuple(token for token in every if isinstance(token, Variable))
        self.fixed = all(isinstance(token, str) for token in every)
        self._met: dict[tuple[str, ...], re.Pattern[str]] = {}
        self.plain = (
            _regex(self.fields, shape) if self.fields is not None and not self.variables else None
        )

    def matches(self, value: str, request: "Request") -> Kleene:
        """Whether the value matches; a variable that cannot be resolved matches nothing."""
        if self.plain is not None:
            return self.plain.fullmatch(value) is not None
        if self.fields is None:
            return False
        resolved = self.resolved(request)
        if resolved is None:
            return False
        if isinstance(resolved, Unknown):
            widest = self._filled((_MISSING,) * len(self.variables))
            return False if widest.fullmatch(value) is None else resolved
        return self._filled(resolved).fullmatch(value) is not None

    def resolved(self, request: "Request") -> tuple[str, ...] | Unknown | None:
        """Values of the variables; None if one is missing, empty or multivalued (R-IAM-3)."""
        values: list[str] = []
        unknown: list[Kleene] = []
        missing = False
        for variable in self.variables:
            value = request.lookup(variable.key)
            if isinstance(value, str) and value:
                values.append(value)
            elif isinstance(value, Unknown):
                unknown.append(value)
            elif value is not None and not isinstance(value, str | tuple):
                unknown.append(Unknown(variable.key))
            elif variable.default is not None:
                values.append(variable.default)
            else:
                missing = True
        if missing:
            return None
        pending = all_of(*unknown)
        return pending if isinstance(pending, Unknown) else tuple(values)

    def _filled(self, values: tuple[str, ...]) -> re.Pattern[str]:
        found = self._met.get(values)
        if found is None:
            assert self.fields is not None
            rest = iter(values)
            fields = (
                tuple(next(rest) if isinstance(t, Variable) else t for t in field)
                for field in self.fields
            )
            found = _regex(tuple(fields), self.shape)
            if len(self._met) < _VALUES_KEPT:
                self._met[values] = found
        return found

    def matches_some_path(self, value: "SomePath", request: "Request") -> Kleene:
        """Whether a role ARN of unknown path matches: decided only where every path agrees."""
        long = "\x00" * (self.text.count("?") + 8)
        ends = [self.matches(text, request) for text in (value.at(""), value.at(f"{long}/"))]
        if all(end is True for end in ends):
            return True
        if all(end is False for end in ends) and not self._could_match(value):
            return False
        return Unknown("aws:PrincipalArn")

    def _could_match(self, value: "SomePath") -> bool:
        """False only if the text before the first and after the last wild part rules it out."""
        if self.fields is None:
            return False
        flat: list[Token] = []
        for number, field in enumerate(self.fields):
            flat += ([":"] if number else []) + list(field)
        before, after = _outer_text(flat), _outer_text(flat[::-1], reverse=True)
        if self.shape == "arn":
            return True
        head, tail = value.head, value.name
        if self.shape == "glob-fold":
            before, after, head, tail = (t.casefold() for t in (before, after, head, tail))
        starts = head.startswith(before) or before.startswith(head)
        ends = tail.endswith(after) or after.endswith(f"/{tail}") or after == tail
        return starts and ends


def _outer_text(parts: list[Token], *, reverse: bool = False) -> str:
    found: list[str] = []
    for part in parts:
        if not isinstance(part, str):
            break
        found.append(part)
    return "".join(found[::-1] if reverse else found)


def action_regex(patterns: Sequence[str]) -> re.Pattern[str]:
    """One expression for a list of action patterns, to be matched against lower case (R-IAM-1).

    The service prefix takes no wildcard: `s*:Get` matches nothing.
    """
    sources = []
    for pattern in patterns:
        service, colon, name = pattern.lower().partition(":")
        if pattern == "*":
            sources.append(".*")
        elif colon:
            parts = tokens(name, variables=False)
            sources.append(f"{re.escape(service)}:{_source(parts, '.')}")
    return re.compile("|".join(sources) if sources else r"(?!)", re.DOTALL)
