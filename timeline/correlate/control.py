"""Technical control: which principals held permission to change or to see a setting, since when.

1. principals of the records, and settings of each resource, are crossed;
2. each pair is asked of the evaluator at every instant at which something that decides it changes,
   as exposure windows are;
3. the answer at an instant is yes, no or unknown; the first moment held is the start of the first
   window of yes, with its bound.
A permission held is not a permission used. Specification: R-037, R-038.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from collector.case import CaseConfig
from timeline.correlate import attribution, clouds, exposure, wording
from timeline.correlate.course import attempts
from timeline.correlate.exposure import Window
from timeline.correlate.signatures import Attempts
from timeline.correlate.views import Doubted
from timeline.model import Verdict
from timeline.state.intervals import History

Row: TypeAlias = Mapping[str, Any]

CHANGE, SEE = "change", "see"
YES, NO, UNKNOWN = "yes", "no", "unknown"
#: More principals are counted and not asked: those that wrote come first.
MOST_PRINCIPALS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One principal, one setting, one of two things that it may do with it.

    Attributes:
        principal, party: who, and whose it is by case.toml.
        resource_uid, pattern, title: the setting.
        what: change or see; `action` in the provider's words.
        windows: where the evaluator allows, or cannot tell; elsewhere inside the records it denies.
        proof: row of `intervals` with a policy of the principal, for its provenance; None if none.
    """

    principal: str
    party: str
    resource_uid: str
    pattern: str
    title: str
    what: str
    action: str
    windows: tuple[Window, ...]
    proof: Row | None

    def at(self, when: datetime) -> str:
        """Whether it was held at an instant."""
        held = [one for one in self.windows if exposure.holds(one, when)]
        if any(one.verdict is Verdict.ALLOWED for one in held):
            return YES
        return UNKNOWN if held else NO

    def unknowns(self, when: datetime) -> tuple[str, ...]:
        """What an answer of unknown rests on."""
        held = [one for one in self.windows if exposure.holds(one, when)]
        return tuple(sorted({name for one in held for name in one.decision.unknowns}))

    def because(self, when: datetime) -> tuple[str, ...]:
        """What allows it at an instant."""
        held = [one for one in self.windows
                if exposure.holds(one, when) and one.verdict is Verdict.ALLOWED]  # fmt: skip
        return tuple(
            sorted(
                {
                    " + ".join(map(wording.grant_named, path))
                    for one in held
                    for path in one.decision.allow_paths
                }
            )
        )

    @property
    def first(self) -> Window | None:
        """The first window in which it was held."""
        held = [one for one in self.windows if one.verdict is Verdict.ALLOWED]
        return held[0] if held else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """All permissions that were asked for.

    Attributes:
        permissions: by resource, setting, what, principal.
        left_out: principals of the records that were not asked.
    """

    permissions: tuple[Permission, ...]
    left_out: int


def permissions(
    resources: Sequence[str],
    intervals: Sequence[Row],
    changes: Sequence[Row],
    config: CaseConfig,
) -> Held:
    """Who held permission on the settings of the resources."""
    assumptions = frozenset(config.assumptions.on())
    view = Doubted(History(intervals, changes), assumptions)
    made = Attempts(attempts(changes))
    edges = exposure.edges_of(intervals, made)
    inside = min((times[0] for times in edges.values() if times), default=None)
    cloud = clouds.of(changes)
    everybody = cloud.principals(view, changes)
    asked = everybody[:MOST_PRINCIPALS]
    found: list[Permission] = []
    for resource in resources if inside is not None else ():
        for setting in cloud.settings_of(view, resource):
            for what, action in ((CHANGE, setting.write), (SEE, setting.read)):
                for principal in asked:
                    probe = cloud.probe(view, edges, principal, action, resource)
                    if probe is None or inside is None:
                        continue
                    one, *_ = exposure.probed(
                        [probe], view, made, cloud.provider, assumptions, inside
                    )
                    found.append(
                        Permission(
                            principal=principal,
                            party=party(principal, config),
                            resource_uid=resource,
                            pattern=setting.pattern,
                            title=setting.title,
                            what=what,
                            action=action,
                            windows=tuple(exposure.windows(one, edges, made)),
                            proof=_proof(principal, intervals, cloud),
                        )
                    )
    return Held(permissions=tuple(found), left_out=len(everybody) - len(asked))


def party(principal: str, config: CaseConfig) -> str:
    """Whose a principal is, by case.toml alone."""
    return attribution.party_of([principal, clouds.of(()).account_of(principal)], config.parties)


def together(answers: Iterable[str]) -> str:
    """What a party could do: yes if one of its principals could, no only if none may have."""
    given = set(answers)
    if YES in given:
        return YES
    return UNKNOWN if UNKNOWN in given or not given else NO


def _proof(principal: str, intervals: Iterable[Row], cloud: clouds.Cloud) -> Row | None:
    """The first recorded policy of a principal."""
    rows = [
        row
        for row in intervals
        if row["resource_uid"] == principal
        and row["evidence_item"]
        and row["value"] not in (None, "UNKNOWN")
        and cloud.is_policy(row["slot"])
    ]
    return min(rows, key=lambda row: (row["slot"], str(row["start"])), default=None)
