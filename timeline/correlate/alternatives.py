"""Other explanations of an access, each with what speaks for it, against it, and whether tested.

The list is fixed (R-160) and printed in full with every finding that has accesses: what was not
tested is said, not left out. Nothing here weighs one explanation against another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from timeline.correlate import wording

#: Of a finding without accesses.
NOTHING_TO_EXPLAIN = "not tested: the finding speaks of no access of the incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """Facts of the accesses that speak to an alternative.

    Attributes:
        accesses: rows of `events`.
        exempted: accesses of the same container that the incident definition exempts.
        duplicates: copies and second records that were left out in the whole case.
        contradictions: accesses of the case whose logged outcome contradicts the decision.
        other_windows: labels of other windows on the container that overlap.
        sufficient: most minimal sufficient sets that one of the classes has.
    """

    accesses: Sequence[Mapping[str, Any]]
    exempted: int
    duplicates: int
    contradictions: int
    other_windows: tuple[str, ...]
    sufficient: int


def alternatives(tested: Tested) -> tuple[Mapping[str, str], ...]:
    """All alternatives in their fixed order; without an access there is nothing to explain."""
    listed = (*_by_purpose(tested), *_by_path(tested), *_by_record(tested))
    if tested.accesses:
        return listed
    return tuple(_one(one["name"], "", "", NOTHING_TO_EXPLAIN) for one in listed)


def _by_purpose(tested: Tested) -> list[Mapping[str, str]]:
    exempted = wording.counted(tested.exempted, "access", "accesses")
    unnamed = sum(1 for r in tested.accesses if r["auth_method"] == "anonymous")
    insider = f"{unnamed} of {len(tested.accesses)} carried no credential, which names nobody"
    return [
        _one(
            "legitimate or authorized access",
            f"{exempted} on the same container exempted by case.toml" if tested.exempted else "",
            "",
            "in part: by the exemptions that case.toml lists",
        ),
        _one("researcher or scanner", "", "", "not tested: no register of such parties supplied"),
        _one("insider", "", "", f"not tested: {insider}" if unnamed else "not tested"),
        _one("data placed public on purpose", "", "", "not tested: no change approvals supplied"),
        _one(
            "traffic of the collection itself",
            "",
            "",
            "not tested, unless its principals are exempted in case.toml",
        ),
    ]


def _by_path(tested: Tested) -> list[Mapping[str, str]]:
    n = len(tested.accesses)
    anonymous = sum(1 for r in tested.accesses if r["auth_method"] == "anonymous")
    presigned = sum(1 for r in tested.accesses if r["auth_method"] == "query")
    service = sum(1 for r in tested.accesses if r["invoked_by"] or r["auth_method"] == "service")
    others = wording.listed(tested.other_windows)
    return [
        _one(
            "provider's internal service",
            _some(service, n, "name a service"),
            _some(n - service, n, "name none"),
            "yes, by the caller as logged",
        ),
        _one(
            "cached copy or presigned address",
            _some(presigned, n, "authenticated in the query string"),
            _some(n - presigned, n, "did not authenticate in the query string"),
            "in part: reads served from a cache leave no record here",
        ),
        _one(
            "stolen valid credential (the setting would not matter)",
            _some(n - anonymous, n, "carried a credential"),
            _some(anonymous, n, "carried none"),
            "yes, by the credential as logged",
        ),
        _one(
            "another open path",
            f"other windows on the same container at the same time: {others}"
            if tested.other_windows
            else "",
            "at most one sufficient set per class" if tested.sufficient <= 1 else "",
            "yes: at most "
            f"{wording.counted(tested.sufficient, 'minimal sufficient set')} per request class; "
            "paths outside the evidence not tested",
        ),
    ]


def _by_record(tested: Tested) -> list[Mapping[str, str]]:
    duplicates = wording.counted(tested.duplicates, "copy", "copies")
    contradictions = wording.counted(tested.contradictions, "contradiction")
    neither = "no copy of a record, and no contradiction with a logged outcome, in the case"
    if tested.contradictions:
        neither = ""
    return [
        _one(
            "log error or duplicate",
            f"{contradictions} between decision and logged outcome in the case"
            if tested.contradictions
            else "",
            f"{duplicates} of records, or of requests in a second log, recognized and counted once"
            if tested.duplicates
            else neither,
            "in part: by copies and by the logged outcomes",
        ),
        _one(
            "clock skew",
            "",
            "change and access are stamped by the same provider",
            "in part: ordering is claimed only outside the slack of a change",
        ),
    ]


def _some(n: int, of: int, what: str) -> str:
    """`3 of 5 name a service`; nothing where none does."""
    return f"{n} of {of} {what}" if n else ""


def _one(name: str, in_favor: str, against: str, tested: str) -> Mapping[str, str]:
    nothing = "nothing in the records examined"
    return {
        "name": name,
        "for": in_favor or nothing,
        "against": against or nothing,
        "tested": tested,
    }
