"""Roll-ups: for which accesses a change was needed, contributed, or was not needed at all.

Counted per change, undo and relation over logged successes, once over the incident and once over
all. One access can need several changes, so the rows of different changes overlap: they are never
added up, and no share of them is printed (specification: causation, 7.6). Each row names the
request classes that it was counted from.

| relation | the change |
|---|---|
| but-for | undone alone, the evaluator returns deny |
| contributing only | not so, but it is in a minimal sufficient set |
| baseline-sufficient | (no change) no recorded change was needed |
| undetermined | the records do not establish which of these |
| contradicted | (no change) the evaluator returns deny although a success is logged |
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from timeline.correlate.causes import UNDOS, Causes
from timeline.correlate.material import Access
from timeline.correlate.roles import Answer

BUT_FOR, CONTRIBUTING, BASELINE = "but-for", "contributing only", "baseline-sufficient"
UNDETERMINED, CONTRADICTED = "undetermined", "contradicted"
RELATIONS = (BUT_FOR, CONTRIBUTING, BASELINE, UNDETERMINED, CONTRADICTED)

#: (undo, change_uid or None, relation)
_Key: TypeAlias = tuple[str, str | None, str]


def rows(accesses: Iterable[Access], causes: Causes) -> list[dict[str, Any]]:
    """Rows of the table `rollups`, in order.

    Args:
        accesses: decided ones; logged successes are counted.
        causes: rows of causation by class.
    """
    succeeded = [a for a in accesses if a.row["outcome"] == "success"]
    scopes = {"all": succeeded, "incident": [a for a in succeeded if a.in_incident]}
    relations: dict[str, list[_Key]] = {}
    made = []
    for scope, inside in sorted(scopes.items()):
        groups: dict[_Key, list[Access]] = {}
        for access in inside:
            if access.class_uid not in relations:
                relations[access.class_uid] = list(_relations(access, causes))
            for key in relations[access.class_uid]:
                groups.setdefault(key, []).append(access)
        made += [_row(scope, key, groups[key]) for key in sorted(groups, key=_order)]
    return made


def _relations(access: Access, causes: Causes) -> Iterable[_Key]:
    """What one class says of each change, and as a whole."""
    uid = access.class_uid
    if access.decision == "DENIED":
        yield from ((undo, None, CONTRADICTED) for undo in UNDOS)
        return
    for undo in UNDOS:
        shape = causes.shapes.get(uid, {}).get(undo, UNDETERMINED)
        if shape.startswith("no change needed"):
            yield undo, None, BASELINE
        elif shape == UNDETERMINED:
            yield undo, None, UNDETERMINED
        for row in causes.changes.get(uid, ()):
            relation = _relation(row)
            if row["undo"] == undo and relation is not None:
                yield undo, row["change_uid"], relation


def _relation(row: Mapping[str, Any]) -> str | None:
    if row["but_for"] == Answer.YES:
        return BUT_FOR
    if Answer.UNDETERMINED in (row["but_for"], row["ness"]):
        return UNDETERMINED
    return CONTRIBUTING if row["ness"] == Answer.YES else None


def _row(scope: str, key: _Key, members: Sequence[Access]) -> dict[str, Any]:
    undo, change_uid, relation = key
    sizes = [a.row["bytes_out"] for a in members if a.row["bytes_out"] is not None]
    times = [a.row["time"] for a in members]
    return {
        "scope": scope,
        "undo": undo,
        "change_uid": change_uid,
        "relation": relation,
        "accesses": len(members),
        "anonymous": sum(a.row["auth_method"] == "anonymous" for a in members),
        "objects": len({a.row["resource_uid"] for a in members if a.row["resource_uid"]}),
        "bytes_out": sum(sizes),
        "bytes_known": len(sizes),
        "principals": len({a.principal for a in members if a.principal != "anonymous"}),
        "addresses": len({a.row["src_ip"] for a in members if a.row["src_ip"]}),
        "first": min(times),
        "last": max(times),
        "classes": sorted({a.class_uid for a in members}),
    }


def _order(key: _Key) -> tuple[str, bool, str, int]:
    return key[0], key[1] is not None, key[1] or "", RELATIONS.index(key[2])
