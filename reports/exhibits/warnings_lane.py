"""Lanes of warnings and of responses to them, for the picture of the chronology."""

from collections.abc import Sequence

from reports.exhibits.ledger import Notice
from reports.grammar import Lane, Sign


def lanes_of(notices: Sequence[Notice]) -> tuple[Lane, ...]:
    """One lane of warnings at their emission, one of responses; none where there is nothing."""
    warned = tuple(
        Sign(at=at, filled=one.delivered is not None)
        for one in notices
        if (at := one.emitted or one.delivered) is not None
    )
    answered = tuple(
        Sign(at=at, filled=True, response=True)
        for one in notices
        for at in (one.acknowledged, one.closed)
        if at is not None
    )
    lanes = []
    if warned:
        lanes.append(
            Lane(
                label=f"warnings ({len(warned):,})",
                note="as supplied, or of detectors",
                signs=warned,
            )
        )
    if answered:
        note = "acknowledged, closed"
        lanes.append(Lane(label=f"responses ({len(answered):,})", note=note, signs=answered))
    return tuple(lanes)
