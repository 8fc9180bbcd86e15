"""Recorded switches of trails and event data stores, and answers about them, as statements.

Scope, as documented (API references of CreateTrail, UpdateTrail, CreateEventDataStore,
UpdateEventDataStore, GetEventDataStore): a creation or an answer that leaves a flag out has its
default; an update that leaves it out leaves it as it was. A trail begins off, an event data store
on; a deleted store takes nothing in, and how a restored one stands its answer says. What a record
does not hold is *not known*: a value of None.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from collector.model import Provenance
from timeline.correlate.aws import selectors
from timeline.correlate.coverage import Statement
from timeline.normalize import Snapshot

SERVICE = "cloudtrail.amazonaws.com"
#: Begins the name of an event data store.
STORE = "eventdatastore/"
_TRAILS = frozenset(
    {"CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging",
     "PutEventSelectors"}
)  # fmt: skip
_STORES = frozenset(
    {"CreateEventDataStore", "UpdateEventDataStore", "DeleteEventDataStore",
     "RestoreEventDataStore", "StartEventDataStoreIngestion", "StopEventDataStoreIngestion"}
)  # fmt: skip
#: Field -> (name of the flag, its default at creation): of trails, of event data stores.
_FLAGS_OF_TRAILS = {
    "all_regions": ("isMultiRegionTrail", False),
    "organization": ("isOrganizationTrail", False),
    "global_services": ("includeGlobalServiceEvents", True),
}
#: Those that an answer leaves out where they are false.
_SHOWN_OF_TRAILS = ("all_regions", "organization")
_FLAGS_OF_STORES = {
    "all_regions": ("multiRegionEnabled", True),
    "organization": ("organizationEnabled", False),
}
#: Status of an event data store -> whether it takes events in; others are on their way.
_TAKES_IN = {"ENABLED": True, "STOPPED_INGESTION": False, "PENDING_DELETION": False}


def statements(
    rows: Iterable[Mapping[str, Any]], answers: Iterable[Snapshot] = ()
) -> list[Statement]:
    """What records of switches and recorded answers say of trails and event data stores.

    Args:
        rows: of `events`; others than accepted switches are passed over.
        answers: of any kind; those on trails and event data stores are read.
    """
    found = [
        _switched(row)
        for row in rows
        if row["service"] == SERVICE
        and row["operation"] in _TRAILS | _STORES
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
    operation = row["operation"]
    read = _of_store if operation in _STORES else _of_trail
    name, sets = read(operation, asked, told)
    account = row["recipient_account_uid"] or row["account_uid"] or ""
    return Statement(
        logger=_logger(name, account, row["region"] or ""),
        at=row["time"],
        name=operation,
        sets=sets,
        switched=True,
        before={"on": False} if operation in ("CreateTrail", "CreateEventDataStore") else {},
        provenance=Provenance(
            item=row["evidence_item"], locator=row["locator"], sha256=row["record_sha256"]
        ),
    )


def _of_trail(
    operation: str, asked: Mapping[str, Any], told: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    name = told.get("trailARN") or asked.get("name") or asked.get("trailName") or "not named"
    sets: dict[str, Any] = {}
    if operation in ("StartLogging", "StopLogging", "DeleteTrail", "CreateTrail"):
        sets["on"] = operation == "StartLogging"
    if operation in ("CreateTrail", "UpdateTrail"):
        created = operation == "CreateTrail"
        sets |= _scope({**asked, **told}, _FLAGS_OF_TRAILS, _FLAGS_OF_TRAILS if created else ())
    if operation == "CreateTrail":
        sets["selectors"] = selectors.DEFAULT_OF_TRAILS
    if operation == "PutEventSelectors":
        sets["selectors"] = _selectors({**asked, **told})
    return str(name), sets


def _of_store(
    operation: str, asked: Mapping[str, Any], told: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    said = {**asked, **told}
    name = said.get("eventDataStoreArn") or asked.get("eventDataStore") or "not named"
    sets: dict[str, Any] = {}
    if operation == "RestoreEventDataStore":
        sets["on"] = _TAKES_IN.get(str(told.get("status")))
    elif operation == "CreateEventDataStore":
        sets["on"] = asked.get("startIngestion") is not False
    elif operation != "UpdateEventDataStore":
        sets["on"] = operation == "StartEventDataStoreIngestion"
    if operation in ("CreateEventDataStore", "UpdateEventDataStore"):
        created = operation == "CreateEventDataStore"
        sets |= _scope(said, _FLAGS_OF_STORES, _FLAGS_OF_STORES if created else ())
        chosen = _selectors(said)
        if chosen is not None or created:
            sets["selectors"] = chosen or selectors.DEFAULT_OF_STORES
    name = str(name)
    return name if name.startswith("arn:") else f"{STORE}{name}", sets


def _shown(answer: Snapshot) -> list[Statement]:
    body = _lowered(answer.body)
    if answer.observed_at is None or not isinstance(body, dict):
        return []
    if answer.kind == "aws.cloudtrail.trails":
        operation = "DescribeTrails"
        listed = [
            (str(trail.get("trailARN")), _scope(trail, _FLAGS_OF_TRAILS, _SHOWN_OF_TRAILS))
            for trail in body["trailList"]
        ]
    elif answer.kind == "aws.cloudtrail.status" and answer.about:
        operation, listed = "GetTrailStatus", [(answer.about, {"on": body.get("isLogging")})]
    elif answer.kind == "aws.cloudtrail.selectors":
        named = str(body.get("trailARN") or answer.about)
        operation, listed = "GetEventSelectors", [(named, {"selectors": _selectors(body)})]
    elif answer.kind == "aws.cloudtrail.event_data_store":
        operation = "GetEventDataStore"
        sets = _scope(body, _FLAGS_OF_STORES)
        sets |= {"on": _TAKES_IN.get(str(body.get("status"))), "selectors": _selectors(body)}
        listed = [(str(body.get("eventDataStoreArn") or answer.about), sets)]
    else:
        return []
    proof = Provenance(item=answer.item.uid, locator=answer.locator, sha256=answer.sha256)
    return [
        Statement(
            logger=_logger(name, "", ""),
            at=answer.observed_at,
            name=operation,
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


def _scope(
    said: Mapping[str, Any],
    flags: Mapping[str, tuple[str, bool]],
    complete: Collection[str] = (),
) -> dict[str, Any]:
    """Flags by field; those in `complete` have their default where they are left out."""
    return {
        field: bool(said.get(name, default))
        for field, (name, default) in flags.items()
        if field in complete or name in said
    }


def _selectors(said: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...] | None:
    """Advanced ones where there are any: the two kinds exclude each other. None: not said."""
    names = [n for n in ("advancedEventSelectors", "eventSelectors") if said.get(n) is not None]
    return next((tuple(said[n]) for n in names if said[n]), ()) if names else None


def _lowered(value: Any) -> Any:  # noqa: ANN401 JSON
    """Names as records spell them: answers begin with a capital."""
    if isinstance(value, dict):
        return {_low(k): _lowered(v) for k, v in value.items()}
    return [_lowered(v) for v in value] if isinstance(value, list) else value


def _low(name: str) -> str:
    return "trailARN" if name == "TrailARN" else name[:1].lower() + name[1:]
