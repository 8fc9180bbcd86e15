"""The words of analysis: slots, facts, changes, intervals, decisions, findings.

Three-valued throughout: a value that the records do not hold is UNKNOWN, which is neither
present nor absent, and no function here turns it into either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from collector.model import Provenance

#: What `json.loads` returns.
Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


class Knowledge(StrEnum):
    """What is known of a slot or context key at an instant."""

    PRESENT = "PRESENT"
    ABSENT = "ABSENT"
    UNKNOWN = "UNKNOWN"


class Bound(StrEnum):
    """How a bound of an interval is known."""

    EXACT = "exact"
    NO_LATER_THAN = "no later than"
    NO_EARLIER_THAN = "no earlier than"
    UNKNOWN = "unknown"


class HowKnown(StrEnum):
    """How the value inside an interval is known."""

    OBSERVED = "observed"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """Result of evaluating the policies in force."""

    ALLOWED = "ALLOWED"
    DENIED = "DENIED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateInterval:
    """One atom of one slot over `[start, end)`; one row of the table `intervals`.

    Attributes:
        resource_uid: resource whose configuration it is.
        slot: `policy`, `acl`, `ownership`, `public_access_block.IgnorePublicAcls` ...
        fact: atom in the slot; `value` for scalars; `*` when the slot is empty or unknown.
        knowledge: PRESENT, ABSENT or UNKNOWN.
        value: the atom's value when PRESENT, else None.
        start, end: None = before or beyond all records.
        start_bound, end_bound: how each is known.
        how_known: observed, inferred, unknown.
        why: one sentence: what the value rests on.
        start_change, end_change: `change_uid`s, None where no recorded change is at the bound.
        provenance: bytes it rests on (of a default: the creation); None for reference data, for
            what many records name alike, and for unknown.
    """

    resource_uid: str
    slot: str
    fact: str
    knowledge: Knowledge
    value: Json
    start: datetime | None
    start_bound: Bound
    end: datetime | None
    end_bound: Bound
    how_known: HowKnown
    why: str
    start_change: str | None
    end_change: str | None
    provenance: Provenance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotState:
    """A whole slot at one instant: its intervals put together.

    Attributes:
        knowledge: UNKNOWN if any part of the slot is unknown.
        value: for `policy` the document as its statements make it; for `acl` `{Owner, Grants}` in
            the API's form; a scalar otherwise; None if ABSENT or UNKNOWN.
        why: one sentence.
        intervals: what it was put together from.
    """

    knowledge: Knowledge
    value: Json
    why: str
    intervals: tuple[StateInterval, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Result of evaluating one request against one state, with its reasons.

    Attributes:
        verdict: ALLOWED, DENIED, UNKNOWN.
        deny_kind: explicit, implicit; None if not denied.
        allow_paths: each a tuple of grants that together allow.
        denies: matching denies.
        voided: grants that matched and were made void, with what voided them.
        unknowns: names of the missing facts.
        ambiguities: ids of the ambiguity register that matter.
        assumptions: named assumptions that the verdict uses.
    """

    verdict: Verdict
    deny_kind: str | None = None
    allow_paths: tuple[tuple[str, ...], ...] = ()
    denies: tuple[str, ...] = ()
    voided: tuple[Mapping[str, str], ...] = ()
    unknowns: tuple[str, ...] = ()
    ambiguities: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A conclusion of ours: never an observation, always with its basis and limits.

    One object of `findings.json`; every field is printed. `basis` cites bytes.

    Attributes:
        finding_uid: hash of (type, class set, counterfactual).
        number: display order, `F-01`.
        result_class: observed, derived, counterfactual, indeterminate, absent. It bounds the verb.
        statement: the sentence, numbers included.
        resource_uid: what it is about.
        basis: cited records, each (event_uid or change_uid, provenance).
        method: `method_id@version`.
        as_of: instant or period it speaks of, ISO text.
        counterfactual: explicit, or None.
        definition: but-for, NESS, HP-modified-2015, or None.
        quality_grade: of the evidence cited, `single mutable source (...)`, and what it rests on.
        coverage: one sentence per source it relies on.
        inference_steps: from record to statement, in order.
        alternatives: each {name, for, against, tested}.
        counter_evidence, limitations, falsifiers, not_opined: sentences.
        assumptions: named ones that carry it.
        numbers: every number in the statement by name.
        changes, classes, windows: uids it speaks of.
        author: tool or person.
        sensitivity: per toggle of assumptions, alone and in pairs, whether it flips the finding:
            {toggled, classes, flipped, decisions, flips}.
        baseline: what it was measured against, with its date; none is the silent default.
        intervening: changes by others between the first change needed and the last access.
        refs: how each number comes out again: {number, value, sql over the derived tables}.
    """

    finding_uid: str
    number: str
    result_class: str
    statement: str
    resource_uid: str
    basis: tuple[Mapping[str, str], ...]
    method: str
    as_of: str
    counterfactual: str | None
    definition: str | None
    quality_grade: str
    coverage: tuple[str, ...]
    inference_steps: tuple[str, ...]
    alternatives: tuple[Mapping[str, str], ...] = ()
    counter_evidence: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    falsifiers: tuple[str, ...] = ()
    not_opined: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    author: str = "tool"
    sensitivity: tuple[Mapping[str, Any], ...] = ()
    baseline: str = "none: this finding compares a configuration with no default or standard"
    intervening: tuple[Mapping[str, str], ...] = ()
    refs: tuple[Mapping[str, str | int], ...] = ()
