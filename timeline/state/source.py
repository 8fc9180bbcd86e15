"""What the replay takes in: rows of `events`, answers of the provider, and how far records run."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from collector.model import Gap, Provenance
from timeline.model import Json
from timeline.state.fold import TICK
from timeline.state.ledger import Recorded

if TYPE_CHECKING:
    from timeline.normalize.model import Snapshot

#: (kind, document, observed_at, provenance), and the resource that the request named if it is known
Answer: TypeAlias = (
    tuple[str, Json, datetime, Provenance | None]
    | tuple[str, Json, datetime, Provenance | None, str | None]
)

#: Kinds of answer that carry their own times.
DATED = frozenset({"aws.config.items"})

#: (end of the last call, time and id of the first one, its bytes).
_Spoken: TypeAlias = tuple[datetime, datetime, str, Provenance | None]

#: (account, category): one stream of records.
Stream: TypeAlias = tuple[str | None, str]


def rows_of(events: Any, provider: str, operations: Iterable[str]) -> list[Mapping[str, Any]]:  # noqa: ANN401
    """Rows of one provider's configuring operations, duplicates left out."""
    wanted = sorted(operations)
    if hasattr(events, "column_names"):
        import pyarrow as pa
        import pyarrow.compute as pc

        mask = pc.and_(
            pc.is_in(events["operation"], value_set=pa.array(wanted)),
            pc.and_(pc.equal(events["provider"], provider), pc.is_null(events["duplicate_of"])),
        )
        found: list[Mapping[str, Any]] = events.filter(mask).to_pylist()
        return found
    return [
        row
        for row in events
        if row["operation"] in operations
        and row.get("duplicate_of") is None
        and (row.get("provider") or provider) == provider
    ]


def record_of(row: Mapping[str, Any]) -> Recorded:
    """One row of `events` as a record.

    Raises:
        KeyError: a column is missing that `events` must have.
    """
    params = json.loads(row["params"]) if row.get("params") else {}
    who = {
        name: row.get(name)
        for name in (
            "user_agent", "src_ip", "session_issuer_uid", "session_uid", "source_identity",
            "credential_uid", "invoked_by", "mfa",
        )
        if row.get(name) is not None
    }  # fmt: skip
    return Recorded(
        event_uid=row["event_uid"],
        provider_uid=row.get("provider_uid"),
        provider=row.get("provider") or "aws",
        time=row["time"],
        precision=timedelta(microseconds=row.get("time_precision") or 0) or TICK,
        operation=row["operation"],
        service=row["service"],
        account=row.get("account_uid"),
        region=row.get("region"),
        actor=_actor(row),
        actor_account=row.get("actor_account_uid"),
        error_code=row.get("error_code") or (None if row.get("outcome") == "success" else "error"),
        who=who,
        container=row.get("container"),
        object=row.get("object"),
        params=params if isinstance(params, dict) else {},
        omitted=_names(row.get("omitted")),
        provenance=Provenance(
            item=row["evidence_item"], locator=row["locator"], sha256=row["record_sha256"]
        ),
    )


def _actor(row: Mapping[str, Any]) -> str | None:
    if row.get("actor_type") == "Anonymous":
        return "anonymous"
    return row.get("actor_uid") or row.get("actor_account_uid") or row.get("invoked_by")


def _names(omitted: str | None) -> tuple[str, ...]:
    parsed = json.loads(omitted) if omitted else []
    return tuple(str(name) for name in parsed) if isinstance(parsed, list) else (str(parsed),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A principal as a caller in the records, or as the issuer of a caller's session.

    Attributes:
        uid: its ARN.
        unique_id: the provider's id of it, of a session's issuer too; None if not logged.
        last_seen: end of its last recorded call, accepted or refused.
        provenance: of the first record that names it so.
    """

    uid: str
    unique_id: str | None
    last_seen: datetime
    provenance: Provenance | None


def actors(events: Any) -> tuple[Actor, ...]:  # noqa: ANN401
    """Every principal that called, or issued the session of a caller, sorted."""
    found: dict[tuple[str, str], list[_Spoken]] = {}
    keys = ("actor_uid", "session_issuer_uid", "actor_unique_id")
    grouped = _grouped(events, keys)
    first = _first(events, keys, {key: start for key, (start, _) in grouped.items()})
    for (caller, issuer, unique_id), (_, last) in grouped.items():
        for uid in sorted(name for name in {caller, issuer} if name):
            # A session has the id of its issuer, a colon, and its own name.
            own = (unique_id or "").split(":")[0] if uid == (issuer or caller) else ""
            found.setdefault((uid, own), []).append((last, *first[caller, issuer, unique_id]))
    return tuple(
        Actor(
            uid=uid, unique_id=own or None, last_seen=max(last for last, *_ in spoken),
            provenance=min(spoken, key=lambda one: one[1:3])[3],
        )
        for (uid, own), spoken in sorted(found.items())
    )  # fmt: skip


def last_uses(events: Any) -> dict[str, datetime]:  # noqa: ANN401
    """Container -> end of the last accepted call on it: it was there until then."""
    grouped = _grouped(events, ("container", "outcome"))
    return {
        container: end
        for (container, outcome), (_, end) in grouped.items()
        if container is not None and outcome == "success"
    }


def _first(
    events: Any,  # noqa: ANN401
    keys: Sequence[str],
    starts: Mapping[tuple[str | None, ...], datetime],
) -> dict[tuple[str | None, ...], tuple[datetime, str, Provenance | None]]:
    """The first row of every group, told by its time: time, id, bytes; ties by id."""
    rows = events
    if hasattr(events, "column_names"):
        import pyarrow as pa
        import pyarrow.compute as pc

        times = pa.array(sorted(set(starts.values())), type=events.schema.field("time").type)
        columns = [*keys, "time", "event_uid", "evidence_item", "locator", "record_sha256"]
        rows = events.select(columns).filter(pc.is_in(events["time"], value_set=times)).to_pylist()
    found: dict[tuple[str | None, ...], tuple[datetime, str, Provenance | None]] = {}
    for row in rows:
        key = tuple(row.get(name) for name in keys)
        if row["time"] != starts[key] or (key in found and found[key][1] < row["event_uid"]):
            continue
        proof = Provenance(
            item=row["evidence_item"], locator=row["locator"], sha256=row["record_sha256"]
        )
        found[key] = (row["time"], row["event_uid"], proof)
    return found


def answers(
    snapshots: Iterable["Snapshot | Answer"], used: Mapping[str, bool]
) -> tuple[tuple[Answer, ...], list[Gap]]:
    """Snapshots with their time and bytes; those that say nothing of an instant are gaps.

    Args:
        snapshots: of any kind.
        used: kind that shows a state -> whether the replay reads it without its request. Other
            kinds (findings of scanners) show no state, and are passed over.
    """
    found: list[Answer] = []
    gaps: list[Gap] = []
    for snapshot in snapshots:
        if isinstance(snapshot, tuple):
            found.append(snapshot)
            continue
        item, observed_at = snapshot.item, snapshot.observed_at
        if snapshot.kind not in used:
            continue
        reason = None
        if not used[snapshot.kind] and snapshot.about is None:
            reason = "an answer of this kind does not name the resource that it is about: not used"
        elif observed_at is None and snapshot.kind not in DATED:
            reason = (
                "expected the time at which this answer was observed, found none stated: "
                "import it with --observed-at; not used"
            )
        if reason is not None:
            gap = Gap(
                kind="not_understood", subject=snapshot.kind, reason=reason, item=item.uid,
                locator=snapshot.locator,
            )  # fmt: skip
            gaps.append(gap)
            continue
        proof = Provenance(item=item.uid, locator=snapshot.locator, sha256=snapshot.sha256)
        at = observed_at or item.acquired_at
        found.append((snapshot.kind, snapshot.body, at, proof, snapshot.about))
    return tuple(found), gaps


def spans(
    events: Any,  # noqa: ANN401
    coverage_end: datetime | None,
) -> dict[Stream, tuple[datetime, datetime]]:
    """(account, category) -> from the account's first record to the end of its last one.

    A category of which an account has no record is not covered at all: management events prove
    nothing of data events that may never have been logged. The account None stands for all.
    """
    found: dict[str | None, tuple[datetime, datetime]] = {}
    present: set[Stream] = set()
    grouped = _grouped(events, ("account_uid", "category"))
    for (account, category), (start, end) in grouped.items():
        for owner in (account, None) if account is not None else (None,):
            present.add((owner, "data" if category == "data" else "management"))
            first, last = found.get(owner, (start, end))
            found[owner] = (min(first, start), max(last, end))
    if coverage_end is not None:
        found = {key: (first, max(last, coverage_end)) for key, (first, last) in found.items()}
    return {(owner, category): found[owner] for owner, category in present}


def _grouped(
    events: Any,  # noqa: ANN401
    keys: tuple[str, ...],
) -> dict[tuple[str | None, ...], tuple[datetime, datetime]]:
    """Values of some columns -> (first time, end of the last one) of the rows that have them."""
    found: dict[tuple[str | None, ...], tuple[datetime, datetime]] = {}
    rows = events
    if hasattr(events, "column_names"):
        grouped = events.select([*keys, "time", "time_precision"]).group_by(list(keys))
        wanted = [("time", "min"), ("time", "max"), ("time_precision", "max")]
        rows = grouped.aggregate(wanted).to_pylist()
    for row in rows:
        key = tuple(row.get(name) for name in keys)
        first, last = row.get("time_min", row.get("time")), row.get("time_max", row.get("time"))
        width = row.get("time_precision_max", row.get("time_precision"))
        end = _end(last, timedelta(microseconds=width or 0) or TICK)
        known = found.get(key, (first, end))
        found[key] = (min(known[0], first), max(known[1], end))
    return found


def _end(last: datetime, width: timedelta) -> datetime:
    """The first instant after the last record; an event of year 9999 has none beyond it."""
    latest = datetime.max.replace(tzinfo=last.tzinfo)
    return latest if latest - last < width else last + width
