"""From cuts and sufficient sets to one verdict per change: necessity, NESS, modified HP, role.

Pure; the definitions are those of the specification (causation, 7.1). Each definition has its own
field, and none is derived from another one's answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from timeline.correlate.cuts import Sets, indices


class Answer(StrEnum):
    """Three-valued answer to a causal question."""

    YES = "yes"
    NO = "no"
    UNDETERMINED = "undetermined"


class Part(StrEnum):
    """Modified Halpern-Pearl cause in the model of changes and outcome."""

    ALONE = "alone"
    PART = "part"
    NO = "no"
    UNDETERMINED = "undetermined"


class Role(StrEnum):
    """Place of a change in the earliest completed sufficient set."""

    COMPLETING = "completing"
    PRECONDITION = "precondition"
    REDUNDANT_LATER = "redundant-later"
    RE_ASSERTING = "re-asserting"
    SUPERSEDED = "superseded"
    IRRELEVANT = "irrelevant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one model says of one change.

    Attributes:
        but_for: undoing this change alone denies: in all, in no, or only in some readings.
        across: `all`, `none`, `some`: readings of the records in which undoing it alone denies.
        ness: member of some minimal sufficient set.
        hp_modified: alone in a minimal cut, part of a larger one, or neither.
        role: by the earliest completed sufficient set.
        responsibility: 1 / size of the smallest minimal cut that holds it; None outside of cuts or
            where the cuts are not all known.
    """

    but_for: Answer
    across: str
    ness: Answer
    hp_modified: Part
    role: Role
    responsibility: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CutFamily:
    """Cuts in every reading and in some reading, with their sufficient sets.

    Where nothing is unknown both are equal.
    """

    certain_cuts: Sets
    possible_cuts: Sets
    certain_sufficient: Sets
    possible_sufficient: Sets

    @property
    def settled(self) -> bool:
        """True where all readings agree and no cap was met: the family answers yes or no."""
        return self.certain_cuts == self.possible_cuts and self.certain_sufficient.complete


def judge(
    family: CutFamily,
    index: int,
    *,
    alone: Answer,
    asserted_only: bool,
    superseded: bool,
    order: Sequence[int],
) -> Judgement:
    """One change's verdict.

    Args:
        family: cuts and sufficient sets of its model.
        index: number of the change.
        alone: whether undoing it alone denies; computed directly, so it holds even when capped.
        asserted_only: it wrote without altering a fact.
        superseded: it altered facts, and none of them survives (delta-undo only).
        order: position in time of each change, by index.
    """
    across = {Answer.YES: "all", Answer.NO: "none", Answer.UNDETERMINED: "some"}[alone]
    if not family.settled:
        return Judgement(
            but_for=alone,
            across=across,
            ness=Answer.YES if alone is Answer.YES and not superseded else Answer.UNDETERMINED,
            hp_modified=Part.ALONE if alone is Answer.YES else Part.UNDETERMINED,
            role=_role(family.possible_sufficient, index, asserted_only, superseded, order),
            responsibility=1.0 if alone is Answer.YES else None,
        )
    sizes = [k.bit_count() for k in family.certain_cuts.members if k >> index & 1]
    in_sufficient = any(m >> index & 1 for m in family.certain_sufficient.members)
    return Judgement(
        but_for=alone,
        across=across,
        ness=Answer.YES if in_sufficient and not superseded else Answer.NO,
        hp_modified=Part.NO if not sizes else Part.ALONE if min(sizes) == 1 else Part.PART,
        role=_role(family.certain_sufficient, index, asserted_only, superseded, order),
        responsibility=1 / min(sizes) if sizes else None,
    )


def shape(family: CutFamily, baseline_allows: bool | None) -> str:
    """The class of the result as a whole, one of the words of the result statements.

    Returns:
        `undetermined`, `no change needed: baseline allowed`, `no change needed: no cut`,
        `necessary` (some singleton cut) or `overdetermined` (cuts, none of them a singleton).
    """
    if not family.settled:
        return "undetermined"
    sizes = [k.bit_count() for k in family.certain_cuts.members]
    if not sizes:
        return (
            "no change needed: baseline allowed" if baseline_allows else "no change needed: no cut"
        )
    return "necessary" if min(sizes) <= 1 else "overdetermined"


def completing(sufficient: Sets, order: Sequence[int]) -> int | None:
    """The latest member of the sufficient set that was complete first; None where none has any."""
    sets = [m for m in sufficient.members if m]
    if not sets:
        return None
    latest = _latest(order)
    first = min(sets, key=lambda m: (order[latest(m)], m))
    return latest(first)


def _role(
    sufficient: Sets, index: int, asserted_only: bool, superseded: bool, order: Sequence[int]
) -> Role:
    if superseded:
        return Role.SUPERSEDED
    last = completing(sufficient, order)
    if last is not None and any(m >> index & 1 for m in sufficient.members):
        if index == last:
            return Role.COMPLETING
        return Role.PRECONDITION if order[index] <= order[last] else Role.REDUNDANT_LATER
    return Role.RE_ASSERTING if asserted_only else Role.IRRELEVANT


def _latest(order: Sequence[int]) -> Callable[[int], int]:
    return lambda mask: max(indices(mask), key=lambda i: order[i])
