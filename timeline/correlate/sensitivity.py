"""Which named assumptions a finding hangs on: each toggled alone and in pairs (R-166).

1. the assumptions that the decisions of a finding's request classes name;
2. for each of them, and each pair: the classes are decided again with them toggled (`worlds.py`);
3. where a decision stays ALLOWED, both undos are computed again and their necessity answers
   compared; a class *flips* where either differs.
A finding without request classes has nothing to toggle.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from timeline.correlate.worlds import Case, Replies, Toggled, ask, toggles
from timeline.model import Finding


def replies(found: Sequence[Finding], case: Case) -> Replies:
    """Every class of some findings in every world that they, or the model card, need."""
    wanted: dict[str, dict[Toggled, None]] = {}
    for one in found:
        for uid in one.classes:
            wanted.setdefault(uid, {}).update(dict.fromkeys(toggles(_names(one.classes, case))))
    return ask(wanted, [uid for one in found for uid in one.classes], case)


def _names(uids: Sequence[str], case: Case) -> set[str]:
    """Assumptions that the decisions on some classes rest on."""
    return {name for uid in uids for name in case.decided.classes[uid].decision.assumptions}


def of_classes(uids: Sequence[str], case: Case, found: Replies) -> tuple[Mapping[str, Any], ...]:
    """One entry per toggle of the assumptions that some classes name.

    Returns:
        Each {toggled: names, classes: number asked, flipped: number, decisions: verdict -> number
        of classes, flips: whether any flipped}.
    """
    return tuple(_entry(toggled, uids, found) for toggled in toggles(_names(uids, case)))


def _entry(toggled: Toggled, uids: Sequence[str], found: Replies) -> Mapping[str, Any]:
    each = [found.replies[uid, toggled] for uid in uids]
    verdicts = [str(one.verdict) for one in each]
    flipped = sum(one.flips for one in each)
    return {
        "toggled": toggled,
        "classes": len(each),
        "flipped": flipped,
        "decisions": {name: verdicts.count(name) for name in sorted(set(verdicts))},
        "flips": flipped > 0,
    }
