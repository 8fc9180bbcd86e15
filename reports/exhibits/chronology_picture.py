"""The picture of the chronology: changes over settings, computed exposure, requests, coverage.

Bounded to a page: the lanes that say most are drawn, the tables hold all.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from reports.charts import draw
from reports.exhibits import lanes, ledger, parts, printed, warnings_lane
from reports.exhibits.configuration_history import Writes
from reports.grammar import Lane
from reports.material import Material, Row
from reports.model import Picture
from reports.text import Say

#: Lanes of request classes; the rest share one lane.
CLASS_LANES = 8
#: Lanes of settings; the histories hold all of them.
STATE_LANES = 12
#: Longest name beside a lane before only its last part is written there.
LABEL = 44


def picture(
    material: Material, tell: Say, changes: Sequence[tuple[int, list[Row]]],
    requests: Mapping[str, int], derived: Mapping[str, int] | None = None,
) -> Picture | None:  # fmt: skip
    """The picture.

    Args:
        changes: writes with their row of the table.
        requests: rows by event.
        derived: rows by window and by gap.
    """
    rows = derived or {}
    told = {
        (str(row["change_uid"]), str(row["resource_uid"])): number
        for number, write in changes for row in write
    }  # fmt: skip
    numbers = [number for number, _ in changes]
    writes = [write for _, write in changes]
    drawn_rules = lanes.rules(writes, numbers)
    drawn: list[Lane] = [
        *_state_lanes(material, writes, told),
        *_class_lanes(material, requests, _opened(material, told, rows)),
    ]
    drawn += warnings_lane.lanes_of(
        ledger.notices(material.registers, ledger.detected(material.warnings))
    )
    drawn += lanes.coverage(material.coverage, material.gaps, rows)
    svg = draw(drawn_rules, drawn, material.config.zone)
    if not svg:
        return None
    return Picture(
        question=tell("picture"), svg=svg, alt=lanes.described(drawn_rules, drawn), causal=True
    )


def about(material: Material, names: Collection[str]) -> Material:
    """The material less what is about other resources, for a picture of the foremost ones."""
    known = printed.containers(material)
    kept = {printed.place(name, known) for name in names}
    return replace(
        material,
        windows=tuple(
            row for row in material.windows if printed.place(row["resource_uid"], known) in kept
        ),
        accesses=tuple(
            row for row in material.accesses
            if printed.place(str(row["container"] or row["resource_uid"] or ""), known) in kept
        ),
    )  # fmt: skip


def _opened(material: Material, told: lanes.Told, rows: Mapping[str, int]) -> Mapping[str, int]:
    """Rows by window: of the change at which it begins, else of its own entry."""
    changed: dict[str, int] = {}
    for (uid, _), number in told.items():
        changed[uid] = min(number, changed.get(uid, number))
    found = {**rows}
    for window in material.windows:
        if window["opened_by"] in changed:
            found[window["window_uid"]] = changed[window["opened_by"]]
    return found


def _state_lanes(material: Material, writes: Writes, told: lanes.Told) -> list[Lane]:
    """The settings that were written to; those of resources with a computed window first."""
    about = {row["resource_uid"].removesuffix("/*") for row in filter(inside, material.windows)}
    counts = Counter((row["resource_uid"], row["slot"]) for write in writes for row in write)
    places = sorted(counts, key=lambda place: (place[0] not in about, -counts[place], place))
    places = sorted(places[:STATE_LANES])
    several = len({resource for resource, _ in places}) > 1
    drawn = []
    for resource, slot in places:
        rows = tuple(
            r for r in material.intervals if (r["resource_uid"], r["slot"]) == (resource, slot)
        )
        lane = lanes.state(slot, rows, told=told)
        drawn.append(Lane(label=slot, note=short(resource) if several else "", bars=lane.bars))
    return drawn


def _class_lanes(
    material: Material, requests: Mapping[str, int], opened: Mapping[str, int]
) -> list[Lane]:
    """Computed windows, then requests, one lane each per principal and action."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in material.windows:
        key = (row["principal"], row["action"], row["resource_uid"])
        groups.setdefault(key, []).append(row)
    telling = [(key, rows) for key, rows in groups.items() if any(map(inside, rows))]
    telling.sort(key=lambda one: (-sum(r["accesses"] for r in one[1]), one[0]))
    drawn = []
    for (principal, action, resource), rows in telling[:CLASS_LANES]:
        note = f"{short(principal)}, {short(resource)}"
        drawn.append(lanes.exposure(rows, f"computed: {action}", note, opened))
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in material.accesses:
        grouped.setdefault((row["operation"], parts.principal_of(row)), []).append(row)
    most = sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0]))
    for (operation, principal), rows_of in most[:CLASS_LANES]:
        label = f"{operation} ({len(rows_of):,})"
        drawn.append(lanes.accesses(rows_of, label, short(principal), requests))
    rest = [row for _, rows_of in most[CLASS_LANES:] for row in rows_of]
    if rest:
        drawn.append(lanes.accesses(rest, f"other requests ({len(rest):,})", "", requests))
    return [*drawn, *lanes.sizes(material.accesses)]


def short(name: str) -> str:
    """Last part of a name, for lanes of the picture; tables print names in full."""
    tail = name.rsplit(":", 1)[-1]
    return tail if len(tail) <= LABEL else tail.rsplit("/", 1)[-1]


def inside(window: Row) -> bool:
    """Whether a window says something of a time that the records cover.

    Before the first and beyond the last record the evaluator cannot tell for any class; such
    windows are counted in the limits and not drawn as events.
    """
    at_edge = window["start"] is None or window["end"] is None
    return window["decision"] == "ALLOWED" or not at_edge
