"""Condition blocks: operators, set operators, IfExists, Null, and what a missing key means.

R-IAM-4: operators and keys are joined by AND, the values of one key by OR; a negated operator is
the NOR of its values. R-IAM-5: set operators. A key that is UNKNOWN makes the condition unknown,
by the key's name; a missing key has the answer the documentation gives for each operator.

References: IAM User Guide, reference_policies_elements_condition_operators,
reference_policies_condition-single-vs-multi-valued-context-keys.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from timeline.policy.aws.conditions import (
    addresses,
    arns,
    binary,
    booleans,
    dates,
    numbers,
    strings,
)
from timeline.policy.aws.conditions.strings import Matcher
from timeline.policy.aws.context import Request, SomePath
from timeline.policy.kleene import Kleene, Unknown, all_of, any_of, negate

_Build = Callable[[tuple[str, ...], bool], Matcher]

#: Operator in lower case -> (family, negated).
OPERATORS: dict[str, tuple[_Build, bool]] = {
    "stringequals": (strings.equals, False),
    "stringnotequals": (strings.equals, True),
    "stringequalsignorecase": (strings.equals_ignore_case, False),
    "stringnotequalsignorecase": (strings.equals_ignore_case, True),
    "stringlike": (strings.like, False),
    "stringnotlike": (strings.like, True),
    "numericequals": (numbers.equals, False),
    "numericnotequals": (numbers.equals, True),
    "numericlessthan": (numbers.less, False),
    "numericlessthanequals": (numbers.less_or_equal, False),
    "numericgreaterthan": (numbers.greater, False),
    "numericgreaterthanequals": (numbers.greater_or_equal, False),
    "dateequals": (dates.equals, False),
    "datenotequals": (dates.equals, True),
    "datelessthan": (dates.less, False),
    "datelessthanequals": (dates.less_or_equal, False),
    "dategreaterthan": (dates.greater, False),
    "dategreaterthanequals": (dates.greater_or_equal, False),
    "bool": (booleans.equal, False),
    "binaryequals": (binary.equal, False),
    "ipaddress": (addresses.within, False),
    "notipaddress": (addresses.within, True),
    "arnequals": (arns.like, False),
    "arnlike": (arns.like, False),
    "arnnotequals": (arns.like, True),
    "arnnotlike": (arns.like, True),
}

FOR_ALL = "forallvalues"
FOR_ANY = "foranyvalue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One operator over one key.

    Attributes:
        operator: base name in lower case, `null` included.
        quantifier: `forallvalues`, `foranyvalue`, or "".
        if_exists: the operator ends in IfExists.
        negated: NOR over the values.
        key: in lower case.
        values: as written.
        matches: whether one value of the request matches one of `values`.
        problem: why it cannot be evaluated, or "".
    """

    operator: str
    quantifier: str
    if_exists: bool
    negated: bool
    key: str
    values: tuple[str, ...]
    matches: Matcher | None
    problem: str = ""

    def holds(self, request: Request) -> Kleene:
        """Three-valued result for this request."""
        value = request.lookup(self.key)
        if self.matches is None:
            return Unknown(self.problem) if self.problem else self._null(value)
        if isinstance(value, Unknown):
            return value
        if value is None:
            return self._missing(request)
        if isinstance(value, tuple):
            if not self.quantifier:
                return False
            return self._quantified(value, request)
        if self.quantifier:
            return self._quantified(() if value == "" else (value,), request)
        hit = self.matches(value, request)
        return negate(hit) if self.negated else hit

    def _null(self, value: object) -> Kleene:
        if isinstance(value, Unknown):
            return value
        absent = value is None or value == ()
        return ("true" if absent else "false") in [wanted.lower() for wanted in self.values]

    def _missing(self, request: Request) -> Kleene:
        if self.quantifier == FOR_ALL:
            return True
        if self.quantifier == FOR_ANY:
            return self._none_of_any(request)
        return self.negated or self.if_exists

    def _none_of_any(self, request: Request) -> bool:
        """ForAnyValue over nothing: false; with a negated base or IfExists two pages differ."""
        if self.negated or self.if_exists:
            return not request.readings.default("A16")
        return False

    def _quantified(self, values: tuple[str | SomePath, ...], request: Request) -> Kleene:
        assert self.matches is not None
        if not values:
            return True if self.quantifier == FOR_ALL else self._none_of_any(request)
        hits = [self.matches(value, request) for value in values]
        if self.negated:
            hits = [negate(hit) for hit in hits]
        return all_of(*hits) if self.quantifier == FOR_ALL else any_of(*hits)


def texts(value: object) -> tuple[str, ...]:
    """The values of a JSON scalar or list as text: `true`, `5`, as a request would carry them."""
    listed = value if isinstance(value, list | tuple) else [value]
    return tuple(text(each) for each in listed)


def text(value: object) -> str:
    """One JSON scalar as text."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    return value if isinstance(value, str) else str(value)


def _scalar(value: object) -> bool:
    return isinstance(value, str | bool | int | float)


def compile_condition(operator: str, key: str, value: object, *, variables: bool) -> Condition:
    """One entry of a condition block; an operator that is not known becomes its `problem`."""
    name = operator.strip().lower()
    quantifier = ""
    if ":" in name:
        quantifier, name = name.split(":", 1)
    if_exists = name.endswith("ifexists")
    base = name.removesuffix("ifexists")
    values = texts(value)
    shared: dict[str, Any] = {
        "operator": base,
        "quantifier": quantifier,
        "if_exists": if_exists,
        "key": key.strip().lower(),
        "values": values,
    }
    odd = [v for v in (value if isinstance(value, list | tuple) else [value]) if not _scalar(v)]
    if odd:
        problem = f"value of {key} under {operator}"
        return Condition(negated=False, matches=None, problem=problem, **{**shared, "operator": ""})
    if base == "null" and not quantifier and not if_exists:
        return Condition(negated=False, matches=None, **shared)
    if base not in OPERATORS or quantifier not in ("", FOR_ALL, FOR_ANY):
        problem = f"condition operator {operator}"
        return Condition(negated=False, matches=None, problem=problem, **shared)
    build, negated = OPERATORS[base]
    return Condition(negated=negated, matches=build(values, variables), **shared)
