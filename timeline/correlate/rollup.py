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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from timeline.correlate.causes import UNDOS, Causes
from timeline.correlate.decisions import EARLIEST
from timeline.correlate.material import Access
from timeline.correlate.roles import Answer

BUT_FOR, CONTRIBUTING, BASELINE = "but-for", "contributing only", "baseline-sufficient"
UNDETERMINED, CONTRADICTED = "undetermined", "contradicted"
RELATIONS = (BUT_FOR, CONTRIBUTING, BASELINE, UNDETERMINED, CONTRADICTED)

#: (undo, change_uid or None, relation)
_Key: TypeAlias = tuple[str, str | None, str]


@dataclass(slots=True)
class _Sum:
    """Accesses added up; those of many classes from the sums of each."""

    accesses: int = 0
    anonymous: int = 0
    bytes_out: int = 0
    bytes_known: int = 0
    first: datetime = EARLIEST
    last: datetime = EARLIEST
    objects: set[str] = field(default_factory=set)
    principals: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)

    def add(self, access: Access) -> None:
        row = access.row
        time, size, resource, address = (
            row["time"], row["bytes_out"], row["resource_uid"], row["src_ip"],
        )  # fmt: skip
        self.first = min(self.first, time) if self.accesses else time
        self.last = max(self.last, time) if self.accesses else time
        self.accesses += 1
        self.anonymous += row["auth_method"] == "anonymous"
        if size is not None:
            self.bytes_out += size
            self.bytes_known += 1
        if resource:
            self.objects.add(resource)
        if address:
            self.addresses.add(address)
        if access.principal != "anonymous":
            self.principals.add(access.principal)
        self.classes.add(access.class_uid)

    def join(self, other: "_Sum") -> None:
        self.first = min(self.first, other.first) if self.accesses else other.first
        self.last = max(self.last, other.last) if self.accesses else other.last
        self.accesses += other.accesses
        self.anonymous += other.anonymous
        self.bytes_out += other.bytes_out
        self.bytes_known += other.bytes_known
        self.objects |= other.objects
        self.addresses |= other.addresses
        self.principals |= other.principals
        self.classes |= other.classes


def rows(accesses: Iterable[Access], causes: Causes) -> list[dict[str, Any]]:
    """Rows of the table `rollups`, in order.

    Accesses are added up by class, classes with the same relations together, and these by change:
    an access that needed forty changes is looked at once.

    Args:
        accesses: decided ones; logged successes are counted.
        causes: rows of causation by class.
    """
    scopes: dict[str, dict[str, _Sum]] = {"all": {}, "incident": {}}
    relations: dict[str, tuple[_Key, ...]] = {}
    for access in accesses:
        if access.row["outcome"] != "success":
            continue
        uid = access.class_uid
        if uid not in relations:
            relations[uid] = tuple(_relations(access, causes))
        for scope in ("all", "incident") if access.in_incident else ("all",):
            scopes[scope].setdefault(uid, _Sum()).add(access)
    made = []
    for scope, by_class in sorted(scopes.items()):
        alike: dict[tuple[_Key, ...], _Sum] = {}
        for uid, one in by_class.items():
            alike.setdefault(relations[uid], _Sum()).join(one)
        groups: dict[_Key, _Sum] = {}
        for keys, one in alike.items():
            for key in keys:
                groups.setdefault(key, _Sum()).join(one)
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


def _row(scope: str, key: _Key, members: _Sum) -> dict[str, Any]:
    undo, change_uid, relation = key
    return {
        "scope": scope,
        "undo": undo,
        "change_uid": change_uid,
        "relation": relation,
        "accesses": members.accesses,
        "anonymous": members.anonymous,
        "objects": len(members.objects),
        "bytes_out": members.bytes_out,
        "bytes_known": members.bytes_known,
        "principals": len(members.principals),
        "addresses": len(members.addresses),
        "first": members.first,
        "last": members.last,
        "classes": sorted(members.classes),
    }


def _order(key: _Key) -> tuple[str, bool, str, int]:
    return key[0], key[1] is not None, key[1] or "", RELATIONS.index(key[2])
