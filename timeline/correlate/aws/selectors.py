"""Event selectors of trails and event data stores: how much of a kind of events they choose.

As documented (CloudTrail User Guide, logging management events, logging data events, filtering data
events; API references of EventSelector, DataResource, AdvancedFieldSelector):
1. selectors add to each other; of an advanced one all fields must hold;
2. in a field one of the values of `equals`, `startsWith` and `endsWith` must hold where there are
   any, and none of those of `notEquals`, `notStartsWith` and `notEndsWith`;
3. a prefix inside a container, a condition on names or principals: *in part*;
4. a field or an operator that is not named here: *not known*.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from timeline.correlate.coverage import Cell, Kept

#: Resource type of data events on objects, and the service that they name.
OBJECTS, OBJECT_SERVICE = "AWS::S3::Object", "s3.amazonaws.com"
#: What a trail without selectors keeps, and an event data store.
DEFAULT_OF_TRAILS: tuple[Mapping[str, Any], ...] = (
    {"readWriteType": "All", "includeManagementEvents": True},
)
DEFAULT_OF_STORES: tuple[Mapping[str, Any], ...] = (
    {"fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}]},
)
#: All must hold: the least certain decides, a certain no before it.
ALL = (Kept.OFF, Kept.UNKNOWN, Kept.IN_PART, Kept.RECORDED)
#: One is enough: what is not known may be the whole, what is in part is not.
ANY = (Kept.OFF, Kept.IN_PART, Kept.UNKNOWN, Kept.RECORDED)

_CHOOSE, _LEAVE_OUT = (
    ("equals", "startsWith", "endsWith"),
    ("notEquals", "notStartsWith", "notEndsWith"),
)
#: Conditions under which some events of a cell are kept and others are not.
_WITHIN = frozenset({"eventName", "eventType", "sessionCredentialFromConsole", "userIdentity.arn"})


def selected(selectors: Sequence[Mapping[str, Any]], cell: Cell) -> Kept:
    """How much of a cell these selectors choose: each adds to the others."""
    chosen = [
        _advanced(one, cell) if "fieldSelectors" in one else _basic(one, cell) for one in selectors
    ]
    return max(chosen, key=ANY.index, default=Kept.OFF)


def services(selectors: Iterable[Mapping[str, Any]]) -> set[str]:
    """Services that selectors name: their management events are cells of their own."""
    names: set[str] = set()
    for one in selectors:
        names.update(map(str, one.get("excludeManagementEventSources") or ()))
        for each in one.get("fieldSelectors") or ():
            if each.get("field") == "eventSource":
                names.update(_values(each, "equals", "notEquals"))
    return names


def _basic(one: Mapping[str, Any], cell: Cell) -> Kept:
    kind = str(one.get("readWriteType") or "All")
    if kind not in ("All", {"read": "ReadOnly", "write": "WriteOnly"}[cell.activity]):
        return Kept.OFF
    if cell.category == "management":
        left_out = cell.resource in (one.get("excludeManagementEventSources") or ())
        return (
            Kept.RECORDED if one.get("includeManagementEvents", True) and not left_out else Kept.OFF
        )
    values = [
        str(value)
        for each in one.get("dataResources") or ()
        if each.get("type") == OBJECTS
        for value in each.get("values") or ()
    ]
    return max((_prefix(value, cell) for value in values), key=ANY.index, default=Kept.OFF)


def _prefix(value: str, cell: Cell) -> Kept:
    """Of the names of a container's objects, how much begins so.

    `arn:aws:s3` and `arn:aws:s3:::` are all containers, `arn:` is everything; else a container, or
    a prefix in one. A partition is taken as it is said: a trail has no other.
    """
    said = value.split(":")
    partition = said[1] if said[0] == "arn" and len(said) > 2 else "aws"
    objects = f"arn:{partition}:s3:::{cell.resource}/"
    if objects.startswith(value):
        return Kept.RECORDED
    return Kept.IN_PART if value.startswith(objects) else Kept.OFF


def _advanced(one: Mapping[str, Any], cell: Cell) -> Kept:
    fields = one.get("fieldSelectors") or ()
    return min((_field(each, cell) for each in fields), key=ALL.index, default=Kept.OFF)


def _field(each: Mapping[str, Any], cell: Cell) -> Kept:
    name = str(each.get("field"))
    if not _values(each, *_CHOOSE, *_LEAVE_OUT):
        return Kept.UNKNOWN
    if name == "eventCategory":
        return _whole(each, cell.category.capitalize())
    if name == "readOnly":
        return _whole(each, "true" if cell.activity == "read" else "false")
    if name == "resources.type":
        return _whole(each, OBJECTS) if cell.category == "data" else Kept.OFF
    if name == "resources.ARN":
        return _by_arn(each, cell) if cell.category == "data" else Kept.OFF
    if name == "eventSource":
        return _by_service(each, cell)
    return Kept.IN_PART if name in _WITHIN else Kept.UNKNOWN


def _whole(each: Mapping[str, Any], value: str) -> Kept:
    """All of a cell or nothing, where all its events have the same value."""
    chosen = _values(each, *_CHOOSE)
    holds = not chosen or (
        value in _values(each, "equals")
        or any(map(value.startswith, _values(each, "startsWith")))
        or any(map(value.endswith, _values(each, "endsWith")))
    )
    away = (
        value in _values(each, "notEquals")
        or any(map(value.startswith, _values(each, "notStartsWith")))
        or any(map(value.endswith, _values(each, "notEndsWith")))
    )
    return Kept.RECORDED if holds and not away else Kept.OFF


def _by_service(each: Mapping[str, Any], cell: Cell) -> Kept:
    if cell.category == "data":
        return _whole(each, OBJECT_SERVICE)
    if cell.resource:
        return _whole(each, cell.resource)
    # All services but those that a selector names: a beginning or an ending may be one of theirs.
    if _values(each, "startsWith", "endsWith", "notStartsWith", "notEndsWith"):
        return Kept.IN_PART
    return Kept.OFF if _values(each, "equals") else Kept.RECORDED


def _by_arn(each: Mapping[str, Any], cell: Cell) -> Kept:
    """Positive operators choose among objects, negative ones take away from them."""
    chosen = [_prefix(value, cell) for value in _values(each, "startsWith")]
    # One object's name at most; which events name the container itself is not documented.
    exact = {Kept.RECORDED: Kept.UNKNOWN}
    chosen += [exact.get(one, one) for one in (_prefix(v, cell) for v in _values(each, "equals"))]
    chosen += [Kept.IN_PART for _ in _values(each, "endsWith")]
    kept = [max(chosen, key=ANY.index)] if chosen else []
    for operator, whole in (("notStartsWith", Kept.OFF), ("notEquals", Kept.UNKNOWN)):
        rest = {Kept.RECORDED: whole, Kept.OFF: Kept.RECORDED, Kept.IN_PART: Kept.IN_PART}
        kept += [rest[_prefix(value, cell)] for value in _values(each, operator)]
    kept += [Kept.IN_PART for _ in _values(each, "notEndsWith")]
    return min(kept, key=ALL.index, default=Kept.RECORDED)


def _values(each: Mapping[str, Any], *operators: str) -> list[str]:
    return [str(value) for name in operators for value in each.get(name) or ()]
