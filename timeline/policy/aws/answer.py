"""`evaluate`: the readings of the ambiguity register compared, the named assumptions applied.

References: `docs/methods/decision.md`.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

from timeline.model import Decision, Verdict
from timeline.policy.aws.callers import Result
from timeline.policy.aws.question import Question
from timeline.policy.kleene import Unknown

DOCUMENTED_READINGS = "documented-readings"
UNSEEN_GUARDRAILS_ABSENT = "unseen-guardrails-absent"
UNSEEN = "unseen:"
#: Before `A4=other` among the assumptions: the reading of one entry that is taken for settled.
READING = "reading "

#: Ambiguities for which the register names no default: where they matter, the answer is unknown.
WITHOUT_DEFAULT = frozenset(("A13", "A14", "A15", "A16", "A21"))
_MOST_READINGS = 6
#: The commonest answer.
_NOTHING_ALLOWS = Decision(verdict=Verdict.DENIED, deny_kind="implicit")
#: Without these there is no question to be decided.
_WHOLE = (
    "request",
    "request.principal",
    "request.principal.type",
    "request.action",
    "request.resource",
)


def evaluate(
    request: Mapping[str, Any],
    state: Mapping[str, Any],
    unknown: Collection[str],
    *,
    assumptions: Collection[str] = frozenset((DOCUMENTED_READINGS,)),
) -> Decision:
    """Decide one request.

    Args:
        request: `request` object of specification section 6.
        state: `state` object.
        unknown: dotted paths that are not known; with the prefix `unseen:` a guardrail that no
            evidence mentions.
        assumptions: `documented-readings` and `unseen-guardrails-absent`, where they are on; and
            `reading A4=other`, `reading A13=first` for entries of the register that are taken so:
            `first` is the reading that `docs/methods/decision.md` names, or the milder one where it
            names none.

    Raises:
        MalformedError: request or state are not of the specified form.
    """
    return _assume(request, state, unknown, assumptions, gates_only=False)


def _assume(
    request: Mapping[str, Any],
    state: Mapping[str, Any],
    unknown: Collection[str],
    assumptions: Collection[str],
    *,
    gates_only: bool,
) -> Decision:
    """With guardrails that no evidence mentions first unknown, then absent where assumed."""
    for name in _WHOLE if unknown else ():
        if name in unknown:
            return Decision(verdict=Verdict.UNKNOWN, unknowns=(name,))
    if not unknown:
        return _compare(Question(request, state, (), gates_only), assumptions)
    seen = [path for path in unknown if not path.startswith(UNSEEN)]
    unseen = [path.removeprefix(UNSEEN) for path in unknown if path.startswith(UNSEEN)]
    if not unseen:
        return _compare(Question(request, state, seen, gates_only), assumptions)
    strict = _compare(Question(request, state, seen + unseen, gates_only), assumptions)
    if UNSEEN_GUARDRAILS_ABSENT not in assumptions or strict.verdict is not Verdict.UNKNOWN:
        return strict
    assumed = _compare(Question(request, state, seen, gates_only), assumptions)
    if assumed.verdict is Verdict.UNKNOWN:
        return assumed
    return _with_assumptions(assumed, [UNSEEN_GUARDRAILS_ABSENT])


def write_gate(
    request: Mapping[str, Any],
    state: Mapping[str, Any],
    unknown: Collection[str],
    *,
    assumptions: Collection[str] = frozenset((DOCUMENTED_READINGS,)),
) -> Decision:
    """Whether the write gates let a change through, its caller's permissions left aside.

    Args:
        request: as for `evaluate`, with the document in `payload`: `{"policy": …}`,
            `{"acl": {Owner, Grants} or a canned name}`, `{"ownership": …}`.
        state: the state that the write meets.
        unknown: as for `evaluate`.
        assumptions: as for `evaluate`.

    Returns:
        ALLOWED: no gate refuses; DENIED: `denies` names the gates; UNKNOWN.
    """
    return _assume(request, state, unknown, assumptions, gates_only=True)


def _with_assumptions(decision: Decision, names: Collection[str]) -> Decision:
    return replace(decision, assumptions=tuple(sorted({*decision.assumptions, *names})))


def _compare(case: Question, assumptions: Collection[str]) -> Decision:
    """Evaluate under every reading of the ambiguities that are met and not settled."""
    settled = {name.removeprefix(READING) for name in assumptions if name.startswith(READING)}
    if settled:
        return _settled(case, settled, assumptions)
    return _readings(case, assumptions, frozenset(), frozenset())


def _settled(case: Question, settled: Collection[str], assumptions: Collection[str]) -> Decision:
    """Some entries taken as the case has them; those that turn the answer are named as used."""
    taken = {name.partition("=")[0]: name for name in sorted(settled)}
    other = frozenset(each for each, name in taken.items() if name.endswith("=other"))
    found = _readings(case, assumptions, other, frozenset(taken))
    base, met = case.decide(other)
    turned = [
        f"{READING}{taken[each]}"
        for each in sorted(met & taken.keys())
        if _verdict(case.decide(other ^ {each})[0]) is not _verdict(base)
    ]
    return _with_assumptions(found, turned) if turned else found


def _readings(
    case: Question, assumptions: Collection[str], fixed: frozenset[str], settled: frozenset[str]
) -> Decision:
    """`fixed` are read otherwise in every evaluation; `settled` are not varied."""
    base, met = case.decide(fixed)
    met -= settled
    if not met:
        return _decision(base, (), ())
    results = {frozenset[str](): base}
    pending = [frozenset((each,)) for each in sorted(met)]
    while pending:
        flips = pending.pop(0)
        if flips in results:
            continue
        results[flips], more = case.decide(flips | fixed)
        more -= settled
        if len(met | more) <= _MOST_READINGS:
            met |= more
        pending += [frozenset(c) for c in _subsets(met) if frozenset(c) not in results]
    matter = tuple(
        each
        for each in sorted(met)
        if any(
            _verdict(result) is not _verdict(results[flips | {each}])
            for flips, result in results.items()
            if each not in flips and flips | {each} in results
        )
    )
    documented = DOCUMENTED_READINGS in assumptions
    open_ids = [each for each in matter if each in WITHOUT_DEFAULT or not documented]
    considered = [result for flips, result in results.items() if flips <= set(open_ids)]
    if len({_verdict(result) for result in considered}) > 1:
        unknowns = Unknown(*open_ids)
        if isinstance(base.allowed, Unknown):
            unknowns = Unknown(*open_ids, *base.allowed.reasons)
        base = Result(unknowns, False, base.paths, base.denies, base.voided)
    used = documented and any(each not in WITHOUT_DEFAULT for each in matter)
    return _decision(base, matter, (DOCUMENTED_READINGS,) if used else ())


def _subsets(ids: Collection[str]) -> list[tuple[str, ...]]:
    ordered = sorted(ids)
    if len(ordered) > _MOST_READINGS:
        return [(each,) for each in ordered] + [tuple(ordered)]
    return [c for size in range(1, len(ordered) + 1) for c in combinations(ordered, size)]


def _verdict(result: Result) -> Verdict:
    if result.allowed is True:
        return Verdict.ALLOWED
    return Verdict.DENIED if result.allowed is False else Verdict.UNKNOWN


def _decision(
    result: Result, ambiguities: tuple[str, ...], assumptions: tuple[str, ...]
) -> Decision:
    verdict = _verdict(result)
    if verdict is Verdict.DENIED and not (
        result.explicit or result.denies or result.voided or ambiguities or assumptions
    ):
        return _NOTHING_ALLOWS
    kind = None
    if verdict is Verdict.DENIED:
        kind = "explicit" if result.explicit else "implicit"
    unknowns = result.allowed.reasons if isinstance(result.allowed, Unknown) else ()
    return Decision(
        verdict=verdict,
        deny_kind=kind,
        allow_paths=tuple(dict.fromkeys(result.paths)) if verdict is not Verdict.DENIED else (),
        denies=tuple(dict.fromkeys(result.denies)),
        voided=tuple(result.voided),
        unknowns=tuple(sorted(unknowns)),
        ambiguities=ambiguities,
        assumptions=assumptions,
    )
