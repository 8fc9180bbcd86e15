"""`evaluate`: the readings of the ambiguity register compared, the named assumptions applied.

References: `docs/methods/decision.md`.
"""

from collections.abc import Collection, Mapping
from itertools import combinations
from typing import Any

from timeline.model import Decision, Verdict
from timeline.policy.aws.context import Readings, Request, context_values
from timeline.policy.aws.evaluation import Result, decide_action
from timeline.policy.aws.principal import Principal, parse_principal
from timeline.policy.aws.slots import State
from timeline.policy.aws.target import Target, target_of
from timeline.policy.kleene import Unknown, all_of

DOCUMENTED_READINGS = "documented-readings"
UNSEEN_GUARDRAILS_ABSENT = "unseen-guardrails-absent"
UNSEEN = "unseen:"

#: Ambiguities for which the register names no default: where they matter, the answer is unknown.
WITHOUT_DEFAULT = frozenset(("A13", "A14", "A15", "A16"))
_MOST_READINGS = 6


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
        assumptions: `documented-readings` and `unseen-guardrails-absent`, where they are on.

    Raises:
        ValueError: request or state are not of the specified form.
    """
    seen = [path for path in unknown if not path.startswith(UNSEEN)]
    unseen = [path.removeprefix(UNSEEN) for path in unknown if path.startswith(UNSEEN)]
    if not unseen:
        return _compare(request, state, seen, assumptions)
    strict = _compare(request, state, seen + unseen, assumptions)
    if UNSEEN_GUARDRAILS_ABSENT not in assumptions or strict.verdict is not Verdict.UNKNOWN:
        return strict
    assumed = _compare(request, state, seen, assumptions)
    if assumed.verdict is Verdict.UNKNOWN:
        return assumed
    return _with_assumption(assumed, UNSEEN_GUARDRAILS_ABSENT)


def _with_assumption(decision: Decision, name: str) -> Decision:
    return Decision(
        verdict=decision.verdict,
        deny_kind=decision.deny_kind,
        allow_paths=decision.allow_paths,
        denies=decision.denies,
        voided=decision.voided,
        unknowns=decision.unknowns,
        ambiguities=decision.ambiguities,
        assumptions=tuple(sorted({*decision.assumptions, name})),
    )


def _compare(
    request: Mapping[str, Any],
    state: Mapping[str, Any],
    unknown: Collection[str],
    assumptions: Collection[str],
) -> Decision:
    """Evaluate under every reading of the ambiguities that are met."""
    case = _Case(request, state, unknown)
    base, met = case.decide(())
    if not met:
        return _decision(base, (), ())
    results = {frozenset[str](): base}
    pending = [frozenset((each,)) for each in sorted(met)]
    while pending:
        flips = pending.pop(0)
        if flips in results:
            continue
        results[flips], more = case.decide(flips)
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


class _Case:
    """Request and state, parsed once and decided under one or more readings."""

    __slots__ = (
        "actions",
        "context",
        "principal",
        "resource_account",
        "state",
        "targets",
        "time",
        "unknown_context",
    )

    def __init__(
        self, request: Mapping[str, Any], state: Mapping[str, Any], unknown: Collection[str]
    ) -> None:
        self.state = State(state, unknown)
        self.unknown_context = [*(request.get("unknown_context") or ()), *_context_of(unknown)]
        given = request.get("principal")
        if not isinstance(given, Mapping):
            raise ValueError(f"request.principal: expected an object, found {given!r}")
        self.principal = _known_canonical(parse_principal(_visible(given, unknown)), self.state)
        action = request.get("action")
        self.actions = tuple(action) if isinstance(action, list | tuple) else (action,)
        if not self.actions or not all(isinstance(a, str) and ":" in a for a in self.actions):
            raise ValueError(f"request.action: expected service:Action, found {action!r}")
        name = self.state.bucket.get("name")
        self.targets = [target_of(request.get("resource"), a, name) for a in self.actions]
        self.time = None if "request.time" in unknown else request.get("time")
        owner = self.state.text("bucket.owner_account")
        self.resource_account = owner if isinstance(owner, str) else None
        self.context = context_values(request.get("context") or {})

    def decide(self, flips: Collection[str]) -> tuple[Result, frozenset[str]]:
        """All actions under one reading; the ids that were met."""
        readings = Readings(flips)
        results = []
        for action, target in zip(self.actions, self.targets, strict=True):
            asked = self._request(target, readings)
            for each in _needed(action.lower(), self.actions, readings):
                results.append(decide_action(each, target, asked, self.state))
        return _together(results), frozenset(readings.touched)

    def _request(self, target: Target, readings: Readings) -> Request:
        return Request(
            self.principal,
            self.context,
            self.unknown_context,
            time=self.time,
            resource_account=self.resource_account,
            readings=readings,
        )


def _needed(action: str, actions: tuple[str, ...], readings: Readings) -> tuple[str, ...]:
    """A14: does a delete with a version id need DeleteObject too?"""
    if action != "s3:deleteobjectversion" or any(a.lower() == "s3:deleteobject" for a in actions):
        return (action,)
    return (action,) if readings.default("A14") else (action, "s3:deleteobject")


def _together(results: list[Result]) -> Result:
    """All actions must be allowed."""
    if len(results) == 1:
        return results[0]
    first = Result(all_of(*(r.allowed for r in results)))
    first.explicit = any(r.allowed is False and r.explicit for r in results)
    for result in results:
        first.paths += result.paths
        first.denies += result.denies
        first.voided += result.voided
    return first


def _visible(principal: Mapping[str, Any], unknown: Collection[str]) -> Mapping[str, Any]:
    """The principal less the fields that are named unknown."""
    lost = {path.rpartition(".")[2] for path in unknown if "principal." in path}
    return {k: v for k, v in principal.items() if k not in lost} if lost else principal


def _context_of(unknown: Collection[str]) -> list[str]:
    prefix = "request.context."
    return [path.removeprefix(prefix) for path in unknown if path.startswith(prefix)]


def _known_canonical(principal: Principal, state: State) -> Principal:
    """An account's canonical id follows from the bucket or object that it owns."""
    if principal.canonical_id is not None or not principal.signed or principal.account is None:
        return principal
    for holder in ("bucket", "object"):
        account = state.text(f"{holder}.owner_account")
        canonical = state.text(f"{holder}.owner_canonical_id")
        if account == principal.account and isinstance(canonical, str):
            from dataclasses import replace

            return replace(principal, canonical_id=canonical)
    return principal
