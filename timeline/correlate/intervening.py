"""What others did in between: facts on their order and independence, and no label (R-163).

Between the first change that accesses needed and the last of the accesses, every recorded or
unrecorded change to the container by another actor than the makers of those changes. Whether any of
it breaks a chain is not asked here; nothing is left out because it would.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from timeline.correlate import wording
from timeline.correlate.material import Access, Material

#: More are counted, and found in `changes`.
MOST = 50
#: Only evidence that the case team supplies could show it.
PRIOR_KNOWLEDGE = "not tested: no warnings or communications supplied"


def intervening(
    changes: Sequence[str], accesses: Sequence[Access], container: str, material: Material
) -> tuple[Mapping[str, str], ...]:
    """Entries {order, time, what, by, party, other actor, prior knowledge}, in order of time.

    Args:
        changes: those that the accesses needed.
        accesses: of the finding.
        container: that it is about.
        material: everything.
    """
    needed = [material.changes[uid][0] for uid in changes if uid in material.changes]
    if not needed or not accesses or not container:
        return ()
    since = min(r["time_from"] or r["time_to"] for r in needed)
    until = max(a.row["time"] for a in accesses)
    makers = {r["technical_actor"] for r in needed}
    found = []
    for uid, rows in material.changes.items():
        head = rows[0]
        at = head["time_from"] or head["time_to"]
        mine = container in (head["resource_uid"].rsplit(":", 1)[-1].partition("/")[0],)
        if uid in changes or not mine or not since <= at <= until or head["kind"] == "default":
            continue
        if head["technical_actor"] not in makers or head["technical_actor"] is None:
            found.append((at, uid, head))
    found.sort(key=lambda entry: entry[:2])
    made = [_entry(n, head) for n, (_, _, head) in enumerate(found[:MOST], start=1)]
    if len(found) > MOST:
        made.append({"order": str(MOST + 1), "what": f"{len(found) - MOST} more, in the changes"})
    return tuple(made)


def _entry(n: int, head: Mapping[str, Any]) -> Mapping[str, str]:
    start = wording.instant(head["time_from"], edge="start")
    hidden = head["kind"] == "hidden"
    end = wording.instant(head["time_to"], edge="end")
    refused = "" if head["accepted"] else ", refused"
    what = f"an unrecorded change of {head['slot']}" if hidden else f"{head['operation']}{refused}"
    return {
        "order": str(n),
        "time": f"{start} to {end}" if hidden else start,
        "what": f"{what} on {head['resource_uid']}",
        "by": head["technical_actor"] or "an actor that the records do not name",
        "party": head["party"],
        "prior knowledge": PRIOR_KNOWLEDGE,
    }
