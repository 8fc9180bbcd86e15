"""Findings of AWS's own detectors, as warnings with their dates: rows of the table `warnings`.

Access Analyzer, Security Hub and GuardDuty, collected or handed over. What a detector says is kept
apart from what this program computes. That a finding was made does not show that anybody was told.
Forms: the API references of the three services; the command line spells the members of GuardDuty's
answers with a capital.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from timeline.model import Json
from timeline.normalize.model import Snapshot

ANALYZER, HUB, GUARD = (
    "aws.accessanalyzer.findings", "aws.securityhub.findings", "aws.guardduty.findings",
)  # fmt: skip
KINDS = frozenset((ANALYZER, HUB, GUARD))
#: States in which a finding is no longer open, in the words of the three services.
CLOSED = frozenset(("RESOLVED", "ARCHIVED"))


def rows(snapshots: Iterable[Snapshot]) -> list[dict[str, Any]]:
    """Every finding in every answer, by its first date, product, id, state and place."""
    found = [
        row
        for shot in snapshots
        if shot.kind in KINDS and isinstance(shot.body, dict)
        for finding in _listed(shot.body)
        if (row := _row(shot, finding)) is not None
    ]
    return sorted(
        found,
        key=lambda row: (
            row["created_at"] is None, row["created_at"], row["product"], row["warning_uid"],
            row["updated_at"] is None, row["updated_at"], row["evidence_item"], row["locator"],
        ),
    )  # fmt: skip


def _listed(body: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """The findings of an answer; an answer may be one finding."""
    listed = field(body, "findings")
    for one in listed if isinstance(listed, list) else [body]:
        if isinstance(one, dict):
            yield one


def _row(shot: Snapshot, one: dict[str, Json]) -> dict[str, Any] | None:
    uid = field(one, "id")
    if not isinstance(uid, str):
        return None
    product = _product(one)
    return {
        "warning_uid": uid,
        "provider": "aws",
        "product": product,
        "title": _title(one),
        "status": _status(one, product),
        "resource_uid": _resource(one, product),
        "created_at": time(field(one, "createdAt")) or time(field(one, "firstObservedAt")),
        "updated_at": time(field(one, "updatedAt")),
        "observed_at": shot.observed_at,
        "evidence_item": shot.item.uid,
        "locator": shot.locator,
        "record_sha256": shot.sha256,
    }


def field(value: Json, name: str) -> Json:
    """A member, spelled as the API or as the command line spells it."""
    if not isinstance(value, dict):
        return None
    found = value.get(name)
    return value.get(name[:1].upper() + name[1:]) if found is None else found


def time(value: Json) -> datetime | None:
    """A time in text or in seconds since 1970; None for anything else."""
    try:
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            return parsed.astimezone(UTC) if parsed.tzinfo is not None else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _product(one: dict[str, Json]) -> str:
    if field(one, "productArn") is not None:
        return "Security Hub"
    return "Access Analyzer" if field(one, "analyzedAt") is not None else "GuardDuty"


def _title(one: dict[str, Json]) -> str | None:
    kinds = [field(one, name) for name in ("type", "findingType", "title", "description")]
    return ": ".join(dict.fromkeys(kind for kind in kinds if isinstance(kind, str))) or None


def _status(one: dict[str, Json], product: str) -> str | None:
    if product == "GuardDuty":
        archived = field(field(one, "service"), "archived")
        return None if not isinstance(archived, bool) else "ARCHIVED" if archived else "ACTIVE"
    names = ("status",) if product == "Access Analyzer" else ("recordState",)
    states = [field(one, name) for name in names]
    states.append(field(field(one, "workflow"), "status"))
    words = [state for state in states if isinstance(state, str)]
    return next((word for word in words if word in CLOSED), words[0] if words else None)


def _resource(one: dict[str, Json], product: str) -> str | None:
    """What it is about, as the tables name it: the first resource that has a full name."""
    if product == "Access Analyzer":
        named: list[Json] = [field(one, "resource")]
    elif product == "Security Hub":
        listed = field(one, "resources")
        named = [field(each, "id") for each in listed] if isinstance(listed, list) else []
    else:
        buckets = field(field(one, "resource"), "s3BucketDetails")
        named = [field(each, "arn") for each in buckets] if isinstance(buckets, list) else []
    return next((name for name in named if isinstance(name, str) and name), None)
