"""Three-valued logic in which the third value carries the names of what is missing.

An answer is `True`, `False` or an `Unknown`. Every combination is monotone: giving an `Unknown`
its value later can only leave a decided answer as it is, never turn it round (`access.md` G1, G7).
An `Unknown` has no truth value, so that `if answer:` cannot take it for a yes or a no by accident.
"""

from collections.abc import Iterable
from typing import NoReturn, TypeAlias


class Unknown:
    """Not known, and what would have to be known.

    Attributes:
        reasons: names of context keys, state slots or ambiguity ids; never empty.
    """

    __slots__ = ("reasons",)

    def __init__(self, *reasons: str) -> None:
        self.reasons = frozenset(reasons)

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{self!r} has no truth value; compare with `is True` or `is False`")

    def __repr__(self) -> str:
        return f"Unknown({', '.join(sorted(self.reasons))})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unknown) and self.reasons == other.reasons

    def __hash__(self) -> int:
        return hash(self.reasons)


#: `True`, `False`, or `Unknown` with its reasons.
Kleene: TypeAlias = bool | Unknown


def pending(unknown: Unknown | None) -> Kleene:
    """What an optional `Unknown` says: false without one."""
    return False if unknown is None else unknown


def merge(left: Unknown, right: Unknown) -> Unknown:
    """Both sets of reasons in one."""
    if left is right or left.reasons >= right.reasons:
        return left
    return Unknown(*left.reasons, *right.reasons)


def negate(answer: Kleene) -> Kleene:
    """Not; the reasons stay."""
    if answer is True:
        return False
    if answer is False:
        return True
    return answer


def all_of(*answers: Kleene) -> Kleene:
    """And: false if one is false, else unknown if one is unknown."""
    unknown: Unknown | None = None
    for answer in answers:
        if answer is False:
            return False
        if answer is not True:
            unknown = answer if unknown is None else merge(unknown, answer)
    return True if unknown is None else unknown


def any_of(*answers: Kleene) -> Kleene:
    """Or: true if one is true, else unknown if one is unknown."""
    unknown: Unknown | None = None
    for answer in answers:
        if answer is True:
            return True
        if answer is not False:
            unknown = answer if unknown is None else merge(unknown, answer)
    return False if unknown is None else unknown


def both(left: Kleene, right: Kleene) -> Kleene:
    """`all_of` two, for the places that are passed most often."""
    if left is True:
        return right
    if right is True:
        return left
    if left is False or right is False:
        return False
    return merge(left, right)


def either(left: Kleene, right: Kleene) -> Kleene:
    """`any_of` two, for the places that are passed most often."""
    if left is False:
        return right
    if right is False:
        return left
    if left is True or right is True:
        return True
    return merge(left, right)


def any_in(answers: Iterable[Kleene]) -> Kleene:
    """`any_of` over an iterable."""
    return any_of(*answers)


def choose(condition: Kleene, then: Kleene, otherwise: Kleene) -> Kleene:
    """If-then-else; with the condition unknown, the answer on which both branches agree."""
    if condition is True:
        return then
    if condition is False:
        return otherwise
    if then is True and otherwise is True:
        return True
    if then is False and otherwise is False:
        return False
    unknown = condition
    for answer in (then, otherwise):
        if isinstance(answer, Unknown):
            unknown = merge(unknown, answer)
    return unknown
