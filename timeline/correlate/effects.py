"""What a gap leaves uncertain: kinds of events, slots of the configuration, open windows.

One gap has one row for each kind of event that it may hide. A hidden write leaves every slot that
such writes set not known from the gap on; a hidden read or write of objects leaves the accesses of
a container neither shown nor excluded, and the rows name the windows that were open meanwhile.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collector.model import Gap
from timeline.correlate import gaps
from timeline.correlate.coverage import Cell
from timeline.correlate.exposure import Window

ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A kind of event that a gap may hide; None and `any` = not narrowed down.

    Attributes:
        category: management, data, any.
        activity: read, write, any.
        account_uid, region, resource: None = not narrowed down.
    """

    category: str = ANY
    activity: str = ANY
    account_uid: str | None = None
    region: str | None = None
    resource: str | None = None


def of_cell(cell: Cell) -> Effect:
    """The cell as an effect."""
    return Effect(
        category=cell.category,
        activity=cell.activity,
        account_uid=cell.account_uid or None,
        region=cell.region or None,
        resource=cell.resource or None,
    )


def hides_writes(found: Iterable[Effect], account: str | None, category: str) -> bool:
    """Whether a write of a category that concerns an account may be hidden."""
    return any(
        e.category in (category, ANY)
        and e.activity in ("write", ANY)
        and (account is None or e.account_uid in (account, None))
        for e in found
    )


def rows(
    found: Iterable[tuple[Gap, Sequence[Effect]]], windows: Sequence[Window]
) -> list[dict[str, Any]]:
    """Rows of the table `gap_effects`, each once, in order."""
    made: dict[tuple[str, ...], dict[str, Any]] = {}
    for gap, effects in found:
        for effect in effects:
            open_then = (
                [w.uid for w in windows if _open(w, effect, gap.time_from, gap.time_to)]
                if effect.category == "data" and gap.time_from is not None
                else []
            )
            row = {
                "gap_uid": gaps.uid_of(gap),
                "category": effect.category,
                "activity": effect.activity,
                "account_uid": effect.account_uid,
                "region": effect.region,
                "resource": effect.resource,
                "uncertain": said(effect),
                "windows": sorted(open_then),
            }
            made.setdefault(tuple(str(v) for v in row.values()), row)
    return [made[key] for key in sorted(made)]


def said(effect: Effect) -> str:
    """What is not certain, in words."""
    where = f" of account {effect.account_uid}" if effect.account_uid else ""
    where += f" in {effect.region}" if effect.region else ""
    if effect.category == "data":
        named = f"objects of {effect.resource}" if effect.resource else f"objects{where}"
        verb = {"read": "reads", "write": "writes and deletions"}.get(effect.activity, "accesses")
        return f"{verb} of {named}: neither shown nor excluded"
    if effect.resource:
        return f"{effect.resource}{where}: what it held, and who changed it"
    if effect.activity == "read":
        return f"reads and listings of configuration{where}: neither shown nor excluded"
    kind = "changes of configuration" if effect.category == "management" else "changes and accesses"
    return f"{kind}{where}: neither shown nor excluded; every slot that they set"


def _open(window: Window, effect: Effect, start: datetime | None, end: datetime | None) -> bool:
    if effect.resource is not None and window.container != effect.resource:
        return False
    if str(window.verdict) != "ALLOWED" and not window.conditional:
        return False
    before = window.start is not None and end is not None and window.start >= end
    after = window.end is not None and start is not None and window.end <= start
    return not before and not after


def by_uid(rows_made: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """gap_uid -> what it leaves uncertain, in words."""
    found: dict[str, list[str]] = {}
    for row in rows_made:
        found.setdefault(row["gap_uid"], []).append(row["uncertain"])
    return {uid: sorted(set(texts)) for uid, texts in sorted(found.items())}
