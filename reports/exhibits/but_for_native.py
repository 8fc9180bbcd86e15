"""The native table of exhibit F: verdicts, and whole what is printed in part.

One row a class, change and undo; then classes, minimal sets and totals per change. A row cites the
record of its change, a set that of its first one; a row of no change cites the first request of its
class. Columns that say nothing of a part are empty in its rows.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from reports.exhibits import parts
from reports.material import Material, Row
from reports.model import Native, Value
from reports.pinpoint import stored

if TYPE_CHECKING:
    from reports.exhibits.but_for import Matrix

COLUMNS: tuple[tuple[str, str], ...] = (
    ("row", "int"), ("class", "int"), ("class_uid", "text"), ("principal", "text"),
    ("action", "text"), ("requests", "int"), ("change_uid", "text"), ("operation", "text"),
    ("undo", "text"), ("counterfactual", "text"), ("decision_without", "text"),
    ("but_for", "text"), ("ness", "text"), ("hp_modified", "text"),
    ("across_completions", "text"), ("role", "text"), ("opened_window", "bool"),
    ("part", "text"), ("resource", "text"), ("settings_from", "text"), ("settings_to", "text"),
    ("decision", "text"), ("decision_without_assumptions", "text"), ("objects", "int"),
    ("bytes_out", "int"), ("kind", "text"), ("members", "text"), ("certainty", "text"),
    ("complete", "bool"), ("relation", "text"), ("bytes_known", "int"), ("principals", "int"),
    ("anonymous", "int"), ("addresses", "int"), *parts.TRACE,
)  # fmt: skip
_OWN = tuple(name for name, _ in COLUMNS[1 : -len(parts.TRACE)])
_Line: TypeAlias = tuple[Mapping[str, Value], Row]
_VERDICT = ("class_uid", "change_uid", "undo", "counterfactual", "decision_without", "but_for",
            "ness", "hp_modified", "across_completions", "role", "opened_window")  # fmt: skip
_TOTAL = ("change_uid", "undo", "relation", "objects", "bytes_out", "bytes_known", "principals",
          "anonymous", "addresses")  # fmt: skip


def table(material: Material, matrix: "Matrix") -> Native:
    """Every row of the exhibit."""
    requests: dict[str, Row] = {}
    for row in material.accesses:
        if row["in_incident"] and row["logged"] == "success":
            requests.setdefault(row["class_uid"], row)
    changes = {row["change_uid"]: row for row in reversed(material.changes)}
    listed = (
        *_verdicts(material, matrix),
        *_classes(matrix, requests),
        *_sets(material, matrix, requests),
        *_totals(material, changes, requests),
    )
    rows = tuple(
        (n, *(values.get(name) for name in _OWN), *_trace(material, cited))
        for n, (values, cited) in enumerate(listed, 1)
    )
    return Native(columns=COLUMNS, rows=rows)


def _trace(material: Material, cited: Row) -> tuple[Value, ...]:
    """Of a change or a request."""
    return parts.trace(material, cited, cited["time_from" if "time_from" in cited else "time"])


def _verdicts(material: Material, matrix: "Matrix") -> Iterator[_Line]:
    changes = {change["change_uid"]: change for change in matrix.changes}
    groups = {group.row["class_uid"]: group for group in matrix.groups}
    for row in material.class_changes:
        group, change = groups.get(row["class_uid"]), changes.get(row["change_uid"])
        if group is None or change is None:
            continue
        yield {
            "part": "verdict", "class": group.number, "principal": group.row.get("principal"),
            "action": group.row.get("action"), "requests": group.requests,
            "operation": change["operation"], **{name: row[name] for name in _VERDICT},
        }, change  # fmt: skip


def _classes(matrix: "Matrix", requests: Mapping[str, Row]) -> Iterator[_Line]:
    for group in matrix.groups:
        row = group.row
        yield {
            "part": "class", "class": group.number, "requests": group.requests,
            "objects": len(group.objects), "bytes_out": group.bytes_out,
            "settings_from": stored(row.get("epoch_from")),
            "settings_to": stored(row.get("epoch_to")),
            **{name: row.get(name) for name in ("class_uid", "principal", "action", "resource",
                                                "decision", "decision_without_assumptions")},
        }, requests[row["class_uid"]]  # fmt: skip


def _sets(material: Material, matrix: "Matrix", requests: Mapping[str, Row]) -> Iterator[_Line]:
    """As printed: those over changes that are undone; members are numbers of the matrix."""
    groups = {group.row["class_uid"]: group for group in matrix.groups}
    numbers = {change["change_uid"]: n for n, change in enumerate(matrix.changes, 1)}
    for row in material.class_sets:
        group = groups.get(row["class_uid"])
        if group is None or row["level"] != "change" or row["counterfactual"] != "undo":
            continue
        members = sorted(numbers[uid] for uid in row["members"] if uid in numbers)
        yield {
            "part": "set", "class": group.number, "requests": group.requests,
            "members": ", ".join(map(str, members)),
            **{name: row[name] for name in ("class_uid", "undo", "counterfactual", "kind",
                                            "certainty", "complete")},
        }, matrix.changes[members[0] - 1] if members else requests[row["class_uid"]]  # fmt: skip


def _totals(
    material: Material, changes: Mapping[str, Row], requests: Mapping[str, Row]
) -> Iterator[_Line]:
    for row in material.rollups:
        if row["scope"] != "incident" or not row["accesses"]:
            continue
        change = changes.get(row["change_uid"])
        counted = [requests[uid] for uid in row["classes"] if uid in requests]
        yield {
            "part": "total", "requests": row["accesses"],
            "operation": change["operation"] if change else None,
            **{name: row[name] for name in _TOTAL},
        }, change or min(counted, key=lambda one: (one["time"], one["event_uid"]))  # fmt: skip
