"""CloudTrail: what its trails record, from the records of their switches and recorded answers.

Selectors as documented (CloudTrail User Guide, logging management and data events; API references
of PutEventSelectors and AdvancedEventSelector): basic ones add up; of an advanced one all fields
must hold. A prefix inside a bucket, a condition on names or principals: *in part*. A trail without
selectors keeps all management events and no data events. Trails keep their home Region, all Regions
if multi-Region; their own account, all of an organization if an organization trail.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from collector.model import Gap, Provenance
from timeline.correlate.aws.undelivered import DELIVERY
from timeline.correlate.coverage import Cell, Hole, Kept, Period, State, Statement
from timeline.correlate.effects import Effect
from timeline.normalize import Snapshot

_LOG_FILE = re.compile(r"([0-9]{12})_CloudTrail_([a-z0-9-]+)_[0-9]{8}T[0-9]{4}Z_")
SERVICE = "cloudtrail.amazonaws.com"
#: Resource type of data events on objects.
_OBJECTS = "AWS::S3::Object"
_DEFAULT: tuple[Mapping[str, Any], ...] = (
    {"readWriteType": "All", "includeManagementEvents": True},
)
#: A source that kept records while every trail that the records name was off.
UNNAMED = "a source that no record names"
_SWITCHES = frozenset(
    {
        "CreateTrail",
        "UpdateTrail",
        "DeleteTrail",
        "StartLogging",
        "StopLogging",
        "PutEventSelectors",
    }
)
#: All must hold: the least certain decides, a certain no before it.
_ALL = (Kept.OFF, Kept.UNKNOWN, Kept.IN_PART, Kept.RECORDED)


def statements(
    rows: Iterable[Mapping[str, Any]], answers: Iterable[Snapshot] = ()
) -> list[Statement]:
    """What records of switches and recorded answers say of trails.

    Args:
        rows: of `events`; others than accepted switches are passed over.
        answers: of any kind; those on trails are read.
    """
    found = [
        _switched(row)
        for row in rows
        if row["service"] == SERVICE
        and row["operation"] in _SWITCHES
        and row["outcome"] == "success"
        and not row["duplicate_of"]
    ]
    for answer in answers:
        found += _shown(answer)
    return found


def _switched(row: Mapping[str, Any]) -> Statement:
    params = json.loads(row["params"]) if row["params"] else {}
    asked = _lowered(params.get("requestParameters") or {})
    told = _lowered(params.get("responseElements") or {})
    name = told.get("trailARN") or asked.get("name") or asked.get("trailName") or "not named"
    operation = row["operation"]
    sets: dict[str, Any] = {}
    if operation in ("StartLogging", "StopLogging", "DeleteTrail", "CreateTrail"):
        sets["on"] = operation == "StartLogging"
    if operation in ("CreateTrail", "UpdateTrail"):
        sets |= _scope({**asked, **told}, complete=operation == "CreateTrail")
    if operation == "CreateTrail":
        sets["selectors"] = _DEFAULT
    if operation == "PutEventSelectors":
        sets["selectors"] = _selectors({**asked, **told})
    account = row["recipient_account_uid"] or row["account_uid"] or ""
    return Statement(
        logger=_logger(str(name), account, row["region"] or ""),
        at=row["time"],
        name=operation,
        sets=sets,
        switched=True,
        before={"on": False} if operation == "CreateTrail" else {},
        provenance=Provenance(
            item=row["evidence_item"], locator=row["locator"], sha256=row["record_sha256"]
        ),
    )


def _shown(answer: Snapshot) -> list[Statement]:
    body = _lowered(answer.body)
    if answer.observed_at is None or not isinstance(body, dict):
        return []
    if answer.kind == "aws.cloudtrail.trails":
        listed = [(str(t.get("trailARN")), _scope(t, complete=True)) for t in body["trailList"]]
    elif answer.kind == "aws.cloudtrail.status" and answer.about:
        listed = [(answer.about, {"on": body.get("isLogging")})]
    elif answer.kind == "aws.cloudtrail.selectors":
        named = str(body.get("trailARN") or answer.about)
        listed = [(named, {"selectors": _selectors(body)})]
    else:
        return []
    proof = Provenance(item=answer.item.uid, locator=answer.locator, sha256=answer.sha256)
    return [
        Statement(
            logger=_logger(name, "", ""),
            at=answer.observed_at,
            name={"trails": "DescribeTrails", "status": "GetTrailStatus"}.get(
                answer.kind.rsplit(".", 1)[-1], "GetEventSelectors"
            ),
            sets={k: v for k, v in sets.items() if v is not None},
            switched=False,
            provenance=proof,
        )
        for name, sets in listed
        if name.startswith("arn:")
    ]


def _logger(name: str, account: str, region: str) -> str:
    """`account/Region/name`, from an ARN or from a bare name and where the call was recorded."""
    if name.startswith("arn:") and name.count(":") >= 5:
        parts = name.split(":")
        region, account, name = parts[3], parts[4], parts[5].removeprefix("trail/")
    return f"{account}/{region}/{name}"


def title(logger: str) -> str:
    """`trail main`, or the source that no record names."""
    name = logger.split("/", 2)[2]
    return name if name.startswith(UNNAMED) else f"trail {name}"


def unnamed(
    period: Period, first: Mapping[str, Any], last: Mapping[str, Any], until: datetime | None
) -> list[Statement]:
    """Statements on a source that no record names: it kept a cell while every trail was off.

    Args:
        period: of the cell, kept by no trail that the records name.
        first, last: rows of `events` of that cell in it.
        until: when it stops to be known of; None where it goes on to the end of the period.
    """
    cell = period.cell
    name = f"{cell.account_uid}/{cell.region}/{UNNAMED} ({cell.category} {cell.activity}"
    name += f" {cell.resource})" if cell.resource else ")"
    since = period.start if period.start and first["time"] - period.start <= DELIVERY else None
    made = [(since or first["time"], "records without a named source", True, first)]
    if until is not None:
        made.append((until, "the last of these records", False, last))
    return [
        Statement(
            logger=name,
            at=at,
            name=operation,
            sets={"on": on, "only": cell},
            switched=True,
            before={"on": False},
            provenance=Provenance(
                item=row["evidence_item"], locator=row["locator"], sha256=row["record_sha256"]
            ),
        )
        for at, operation, on, row in made
    ]


def _scope(said: Mapping[str, Any], *, complete: bool) -> dict[str, Any]:
    """Regions and accounts; a creation or an answer that leaves a flag out means false."""
    names = {"all_regions": "isMultiRegionTrail", "organization": "isOrganizationTrail"}
    return {
        field: bool(said.get(name)) for field, name in names.items() if complete or name in said
    }


def _selectors(said: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Advanced ones where there are any: the two kinds exclude each other."""
    return tuple(said.get("advancedEventSelectors") or said.get("eventSelectors") or ())


def _lowered(value: Any) -> Any:  # noqa: ANN401 JSON
    """Names as records spell them: answers begin with a capital."""
    if isinstance(value, dict):
        return {_low(k): _lowered(v) for k, v in value.items()}
    return [_lowered(v) for v in value] if isinstance(value, list) else value


def _low(name: str) -> str:
    return "trailARN" if name == "TrailARN" else name[:1].lower() + name[1:]


def keeps(logger: str, state: State, cell: Cell) -> Kept:
    """How much of a cell a trail in a state records."""
    if state.get("on") is False:
        return Kept.OFF
    if "only" in state:
        return Kept.RECORDED if state["only"] == cell else Kept.OFF
    account, region, _ = logger.split("/", 2)
    parts = [
        _inside(cell.account_uid, account, state.get("organization")),
        _inside(cell.region, region, state.get("all_regions")),
        Kept.UNKNOWN if state.get("on") is None else Kept.RECORDED,
        Kept.UNKNOWN if "selectors" not in state else selected(state["selectors"], cell),
    ]
    return min(parts, key=_ALL.index)


def _inside(where: str, home: str, everywhere: bool | None) -> Kept:
    if where == home or everywhere:
        return Kept.RECORDED
    return Kept.UNKNOWN if everywhere is None or not where or not home else Kept.OFF


def selected(selectors: Sequence[Mapping[str, Any]], cell: Cell) -> Kept:
    """How much of a cell these selectors choose: each adds to the others."""
    chosen = [
        _advanced(one, cell) if "fieldSelectors" in one else _basic(one, cell) for one in selectors
    ]
    return max(chosen, key=_ALL.index, default=Kept.OFF)


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
        if each.get("type") == _OBJECTS
        for value in each.get("values") or ()
    ]
    return max((_prefix(value, cell) for value in values), key=_ALL.index, default=Kept.OFF)


def _prefix(value: str, cell: Cell) -> Kept:
    """`arn:aws:s3` and `arn:aws:s3:::` are all buckets; else a bucket, or a prefix in one."""
    if ":s3" not in value:
        return Kept.OFF
    objects = f":s3:::{cell.resource}/"
    tail = f":s3{value.partition(':s3')[2]}"
    if objects.startswith(tail):
        return Kept.RECORDED
    return Kept.IN_PART if tail.startswith(objects) else Kept.OFF


def _advanced(one: Mapping[str, Any], cell: Cell) -> Kept:
    fields = one.get("fieldSelectors") or ()
    return min((_field(each, cell) for each in fields), key=_ALL.index, default=Kept.OFF)


def _field(each: Mapping[str, Any], cell: Cell) -> Kept:
    name, values = each.get("field"), [str(v) for v in each.get("equals") or ()]
    fixed = {
        "eventCategory": cell.category.capitalize(),
        "readOnly": "true" if cell.activity == "read" else "false",
    }
    if name in fixed:
        return Kept.RECORDED if fixed[name] in values else Kept.OFF
    if name == "resources.type":
        return Kept.RECORDED if cell.category == "data" and _OBJECTS in values else Kept.OFF
    if name == "resources.ARN":
        return _by_arn(each, cell)
    if name == "eventSource" and not values:
        left_out = cell.resource in (each.get("notEquals") or ())
        return Kept.OFF if left_out and cell.category == "management" else Kept.RECORDED
    return Kept.IN_PART


def _by_arn(each: Mapping[str, Any], cell: Cell) -> Kept:
    """Positive operators choose among objects, negative ones take away from them."""
    chosen = [_prefix(str(v), cell) for v in each.get("startsWith") or ()]
    exact = [_prefix(str(v), cell) for v in each.get("equals") or ()]
    # One object's name at most: an exact name never is a whole bucket.
    chosen += [Kept.OFF if one is Kept.OFF else Kept.IN_PART for one in exact]
    chosen += [Kept.IN_PART for _ in each.get("endsWith") or ()]
    kept = [max(chosen, key=_ALL.index)] if chosen else []
    for value in each.get("notStartsWith") or ():
        away = _prefix(str(value), cell)
        kept.append({Kept.RECORDED: Kept.OFF, Kept.OFF: Kept.RECORDED}.get(away, Kept.IN_PART))
    for value in (*(each.get("notEquals") or ()), *(each.get("notEndsWith") or ())):
        inside = _prefix(str(value), cell) is not Kept.OFF or not str(value).startswith("arn:")
        kept.append(Kept.IN_PART if inside else Kept.RECORDED)
    return min(kept, key=_ALL.index, default=Kept.RECORDED)


def _kinds(hole: Hole) -> str:
    """`management events (reads, writes), data events of claims (reads, writes)`."""
    found: dict[tuple[str, str], set[str]] = {}
    for cell in hole.cells:
        found.setdefault((cell.category, cell.resource), set()).add(f"{cell.activity}s")
    return ", ".join(
        f"{category} events{' of ' + resource if resource else ''} ({', '.join(sorted(kinds))})"
        for (category, resource), kinds in sorted(found.items(), reverse=True)
    )


def cells(
    coverage: Iterable[Mapping[str, Any]], containers: Iterable[str], services: Iterable[str]
) -> tuple[list[Cell], list[Cell]]:
    """Cells of the matrix: those of which there are records, and all.

    Args:
        coverage: rows of the table.
        containers: buckets that the configuration or the accesses name.
        services: whose management events some trail leaves out.
    """
    rows = [(r["account_uid"] or "", r["region"] or "", r["container"]) for r in coverage]
    places = {(account, region) for account, region, _ in rows}
    seen = [("management", *place, name) for place in places for name in ("", *services)]
    seen += [("data", account, region, name) for account, region, name in rows if name]
    named = {name for *_, name in rows}
    more = [("data", "", "", name) for name in containers if name not in named]
    return _cells(seen), _cells([*seen, *more])


def _cells(kinds: Iterable[tuple[str, str, str, str]]) -> list[Cell]:
    return sorted(
        Cell(category=kind[0], activity=one, account_uid=kind[1], region=kind[2], resource=kind[3])
        for kind in set(kinds)
        for one in ("read", "write")
    )


def effects(gap_: Gap) -> tuple[Effect, ...]:
    """What a gap of another origin than a trail's switches may hide, by its kind and subject."""
    log = _LOG_FILE.search(gap_.subject)
    if log is not None:
        return (Effect(account_uid=log[1], region=log[2]),)
    if gap_.kind in ("opaque", "missing_log") and gap_.subject.startswith(("arn:", "aws:")):
        return (Effect(category="management", activity="write", resource=gap_.subject),)
    if gap_.kind == "logging_off" and " " not in gap_.subject:
        return tuple(
            Effect(category="data", activity=one, resource=gap_.subject)
            for one in ("read", "write")
        )
    if gap_.subject.startswith("cloudtrail:LookupEvents account/"):
        account = gap_.subject.split("/")[1]
        return (Effect(category="management", account_uid=account),)
    return (Effect(),)


def left_out(found: Iterable[Statement]) -> tuple[str, ...]:
    """Services whose management events some trail leaves out, sorted."""
    names: set[str] = set()
    for one in found:
        for selector in one.sets.get("selectors", ()):
            names.update(map(str, selector.get("excludeManagementEventSources") or ()))
            for each in selector.get("fieldSelectors") or ():
                if each.get("field") == "eventSource":
                    names.update(map(str, each.get("notEquals") or ()))
    return tuple(sorted(names))


def gap(hole: Hole) -> Gap:
    """The hole as a gap, citing the statement that opened it."""
    until = f"{hole.ended_by.name} is recorded" if hole.ended_by else "the end of the records"
    name = f"{hole.cause.name} of {title(hole.cause.logger)}"
    how = {
        Kept.OFF: "no trail in the records keeps",
        Kept.IN_PART: "trails in the records keep only a part of",
        Kept.UNKNOWN: "no trail is known from the records to keep",
    }[hole.kept]
    shown = "is recorded" if hole.cause.switched else "shows another state than the records before"
    return Gap(
        kind="logging_off",
        subject=title(hole.cause.logger),
        reason=f"{name} {shown}; until {until}, {how} what it kept before: {_kinds(hole)}",
        time_from=hole.start,
        time_to=hole.end,
        item=hole.cause.provenance.item,
        locator=hole.cause.provenance.locator,
    )
