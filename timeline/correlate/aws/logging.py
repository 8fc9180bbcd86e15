"""CloudTrail: what its trails and event data stores record, and the gaps that they leave.

What selectors choose: `selectors.py`; what records and answers say of a logger: `switches.py`. A
logger keeps its home Region, all Regions if multi-Region; its own account, all of an organization
if one of an organization. Events of global services are of the leading Region of the partition: a
trail of that Region alone keeps them unless it leaves them out; one of another Region alone kept
them until 2021-11-22 and does not since (CloudTrail User Guide, global service events): not known.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from collector.model import Gap, Provenance
from timeline.correlate.aws import selectors
from timeline.correlate.aws.switches import STORE
from timeline.correlate.aws.undelivered import DELIVERY
from timeline.correlate.coverage import Cell, Hole, Kept, Period, State, Statement
from timeline.correlate.effects import Effect

_LOG_FILE = re.compile(r"([0-9]{12})_CloudTrail_([a-z0-9-]+)_[0-9]{8}T[0-9]{4}Z_")
#: A source that kept records while every trail that the records name was off.
UNNAMED = "a source that no record names"
#: Services whose events are of no Region, and where they are recorded.
_GLOBAL = frozenset({"cloudfront.amazonaws.com", "iam.amazonaws.com", "sts.amazonaws.com"})
_LEADING = frozenset({"us-east-1", "us-gov-west-1", "cn-north-1"})
#: Calls to its regional endpoint in the leading Region are of that Region: which, is not recorded.
_REGIONAL_TOO = "sts.amazonaws.com"


def title(logger: str) -> str:
    """`trail main`, `event data store 1234`, or the source that no record names."""
    name = logger.split("/", 2)[2]
    if name.startswith(STORE):
        return f"event data store {name.removeprefix(STORE)}"
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


def keeps(logger: str, state: State, cell: Cell) -> Kept:
    """How much of a cell a trail or an event data store in a state records."""
    if state.get("on") is False:
        return Kept.OFF
    if "only" in state:
        return Kept.RECORDED if state["only"] == cell else Kept.OFF
    account, region, _ = logger.split("/", 2)
    chosen = state.get("selectors")
    parts = [
        _inside(cell.account_uid, account, state.get("organization")),
        _of_region(region, state, cell),
        Kept.UNKNOWN if state.get("on") is None else Kept.RECORDED,
        Kept.UNKNOWN if chosen is None else selectors.selected(chosen, cell),
    ]
    return min(parts, key=selectors.ALL.index)


def _of_region(home: str, state: State, cell: Cell) -> Kept:
    everywhere, included = state.get("all_regions"), state.get("global_services")
    if cell.resource not in _GLOBAL or cell.category != "management" or everywhere:
        return _inside(cell.region, home, everywhere)
    if everywhere is None or included is None:
        return Kept.UNKNOWN
    if home == cell.region:
        without = Kept.UNKNOWN if cell.resource == _REGIONAL_TOO else Kept.OFF
        return Kept.RECORDED if included else without
    return Kept.UNKNOWN if included else Kept.OFF


def _inside(where: str, home: str, everywhere: bool | None) -> Kept:
    if where == home or everywhere:
        return Kept.RECORDED
    return Kept.UNKNOWN if everywhere is None or not where or not home else Kept.OFF


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
        services: whose management events some logger leaves out, or chooses alone.
    """
    rows = [(r["account_uid"] or "", r["region"] or "", r["container"]) for r in coverage]
    places = {(account, region) for account, region, _ in rows}
    seen = [
        ("management", *place, name)
        for place in places
        for name in ("", *services)
        if name not in _GLOBAL or place[1] in _LEADING
    ]
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
    """Services whose management events some logger keeps otherwise than the rest, sorted."""
    names: set[str] = set()
    for one in found:
        names |= selectors.services(one.sets.get("selectors") or ())
        region = one.logger.split("/", 2)[1]
        of_one_region = one.sets.get("all_regions") is False and region not in _LEADING
        if one.sets.get("global_services") is False or of_one_region:
            names |= _GLOBAL
    return tuple(sorted(names))


def gap(hole: Hole) -> Gap:
    """The hole as a gap, citing the statement that opened it."""
    until = f"{hole.ended_by.name} is recorded" if hole.ended_by else "the end of the records"
    name = f"{hole.cause.name} of {title(hole.cause.logger)}"
    how = {
        Kept.OFF: "no trail and no event data store in the records keeps",
        Kept.IN_PART: "the trails and event data stores in the records keep only a part of",
        Kept.UNKNOWN: "no trail and no event data store is known from the records to keep",
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
