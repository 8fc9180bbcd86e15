"""States that may have been in force around an access: slack of a change (register A11)."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import product

from timeline.correlate.signatures import Attempts, Slice
from timeline.correlate.views import Overlay, Place, Viewed, content_key
from timeline.model import Decision, Knowledge, SlotState, Verdict

#: Register id of the order inside a tick and of propagation.
ORDER_UNKNOWN = "A11"

#: States tried around one access; more are not told apart and give UNKNOWN(A11).
MOST_STATES = 64

TICK = timedelta(microseconds=1)


def views(near: Sequence[int], found: Slice, view: Viewed, attempts: Attempts) -> list[Viewed]:
    """Views in which each place near a change holds what it held before or after it."""
    if not near:
        return []
    options: dict[Place, list[SlotState]] = {}
    for n in near:
        attempt = attempts.ordered[n]
        for place in sorted(attempt.written):
            if place not in found.places:
                continue
            held = options.setdefault(place, [])
            for at in (attempt.time - TICK, attempt.time):
                state = view.at(*place, at)
                if content_key(state) not in [content_key(h) for h in held]:
                    held.append(state)
    places = sorted(options)
    combinations = 1
    for place in places:
        combinations *= len(options[place])
    if combinations > MOST_STATES:
        return [Overlay(view, {p: _unsettled(options[p][0]) for p in places})]
    return [
        Overlay(view, dict(zip(places, chosen, strict=True)))
        for chosen in product(*(options[p] for p in places))
    ]


def _unsettled(state: SlotState) -> SlotState:
    return SlotState(
        knowledge=Knowledge.UNKNOWN,
        value=None,
        why="more changes in this period than can be told apart",
        intervals=state.intervals,
    )


def agreed(decisions: Sequence[Decision]) -> Decision:
    """The common decision; UNKNOWN(A11) where the states around a change differ."""
    if len({d.verdict for d in decisions}) == 1:
        return decisions[0]
    return Decision(
        verdict=Verdict.UNKNOWN,
        unknowns=tuple(sorted({u for d in decisions for u in d.unknowns} | {ORDER_UNKNOWN})),
        ambiguities=tuple(sorted({a for d in decisions for a in d.ambiguities} | {ORDER_UNKNOWN})),
        assumptions=tuple(sorted({a for d in decisions for a in d.assumptions})),
    )
