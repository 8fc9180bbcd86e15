"""All that exhibits are made from: the derived tables, case.toml, the list of evidence items.

Read once and never changed. Rows keep the stored order, which is total.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from collector.case import CaseConfig
from collector.errors import CaseError
from collector.model import EvidenceItem
from collector.registers import Registers
from collector.registers import read as read_registers
from reports.model import Mode

Row = Mapping[str, Any]
Rows = tuple[Row, ...]

#: Columns of `events` that an access is printed with.
ACCESS = (
    "event_uid", "provider_uid", "duplicate_of", "time", "time_precision", "time_text", "operation",
    "actor_type", "actor_uid", "actor_account_uid", "session_issuer_uid", "src_ip", "user_agent",
    "resource_uid", "container", "object", "outcome", "error_code", "bytes_out", "evidence_item",
    "locator", "record_sha256", "same_request_as",
)  # fmt: skip
REQUIRED = ("changes", "intervals", "gaps", "coverage")
OPTIONAL = ("windows", "classes", "access_classes", "class_changes", "class_sets", "warnings",
            "rollups", "controls", "logging", "gap_effects")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a case holds for rendering.

    Attributes:
        accesses: rows of `access_classes` with their event and class, in order of time. A size that
            only another log's record of the request states is taken over; `supplied_by` names it.
        copies: events that do not count: copies, and other logs' records of a request.
        causes: event rows of logged changes by event_uid.
        records: number of events by evidence item.
        withdrawn: reasons by id of items that were withdrawn; they stay listed.
        acquisitions, custody: as recorded up to the head of inputs.json; see `recorded`.
        missing: derived tables that this case does not have.
        registers: what the case team supplied, as it stands in the case folder.
        warnings: findings of the provider's own detectors.
        rollups, controls: totals per change, and settings asked about, as stored.
        mode: of the edition that is made.
        logging: which kinds of events were kept, through time; gap_effects: what gaps may hide.
    """

    case: Path | None
    config: CaseConfig
    changes: Rows
    intervals: Rows
    windows: Rows
    gaps: Rows
    coverage: Rows
    classes: Rows
    accesses: Rows
    copies: int
    class_changes: Rows
    class_sets: Rows
    findings: Rows
    items: tuple[EvidenceItem, ...]
    causes: Mapping[str, Row]
    records: Mapping[str, int]
    missing: tuple[str, ...]
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    acquisitions: Rows = ()
    custody: Rows = ()
    registers: Registers = field(default_factory=Registers)
    warnings: Rows = ()
    rollups: Rows = ()
    controls: Rows = ()
    logging: Rows = ()
    gap_effects: Rows = ()
    mode: Mode = Mode.FOR_EXPERT

    def item(self, uid: str | None) -> EvidenceItem | None:
        """The evidence item of that id."""
        return next((one for one in self.items if one.uid == uid), None)

    def resources(self) -> tuple[str, ...]:
        """Resources with a recorded change, sorted."""
        return tuple(
            sorted({row["resource_uid"] for row in self.changes if row["kind"] != "default"})
        )


def load(case: Path, config: CaseConfig, items: tuple[EvidenceItem, ...]) -> Material:
    """Read a case's derived tables.

    Raises:
        CaseError: the case was not built.
    """
    from timeline import tables

    derived = case / "derived"
    missing = tuple(name for name in (*REQUIRED, *OPTIONAL) if not _there(derived, name))
    if any(name in missing for name in REQUIRED) or not _there(derived, "events"):
        raise CaseError(
            f"{derived}: expected the derived tables, found none or only some. "
            "Run `butfor build` first."
        )
    have = {
        name: () if name in missing else tuple(tables.read(derived, name))
        for name in (*REQUIRED, *OPTIONAL)
    }
    events = {row["event_uid"]: row for row in tables.read(derived, "events", ACCESS)}
    accesses = _accesses(have["access_classes"], have["classes"], events)
    uncounted = [e for e in events.values() if e["duplicate_of"] or e["same_request_as"]]
    logged = {event_of(row) for row in have["changes"]}
    return Material(
        case=case, config=config, changes=have["changes"], intervals=have["intervals"],
        windows=have["windows"], gaps=have["gaps"], coverage=have["coverage"],
        classes=have["classes"], accesses=accesses, copies=len(uncounted),
        class_changes=have["class_changes"], class_sets=have["class_sets"],
        findings=_findings(derived), items=items,
        causes={uid: row for uid, row in events.items() if uid in logged},
        records=Counter(row["evidence_item"] for row in events.values()), missing=missing,
        registers=read_registers(case), warnings=have["warnings"],
        rollups=have["rollups"], controls=have["controls"], logging=have["logging"],
        gap_effects=have["gap_effects"],
    )  # fmt: skip


def _there(derived: Path, table: str) -> bool:
    return (derived / f"{table}.parquet").is_file() or (derived / table).is_dir()


def _findings(derived: Path) -> Rows:
    file = derived / "findings.json"
    if not file.is_file():
        return ()
    found = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(found, list):
        raise CaseError(f"{file}: expected a list of findings, found {type(found).__name__}.")
    return tuple(found)


def _accesses(links: Rows, classes: Rows, events: Mapping[str, Row]) -> Rows:
    by_class = {row["class_uid"]: row for row in classes}
    joined = []
    for link in links:
        event = events.get(link["event_uid"])
        if event is None:
            raise CaseError(
                f"derived/access_classes: event {link['event_uid']} is not in derived/events. "
                "The tables belong to different builds: run `butfor build` again."
            )
        assert event["duplicate_of"] is None, event["event_uid"]
        assert event["same_request_as"] is None, event["event_uid"]
        of_class = by_class.get(link["class_uid"], {})
        size = event["bytes_out"] if event["bytes_out"] is not None else link["bytes_supplied"]
        joined.append({**event, **link, "bytes_out": size, "class": of_class})
    joined.sort(key=lambda row: (row["time"], row["event_uid"]))
    return tuple(joined)


def recorded(material: Material, entries: int) -> Material:
    """The material with what custody says in its first `entries` lines, and no item acquired later.

    So that an edition can be made again after the case has grown.
    """
    from collector import custody, store

    if material.case is None or not (material.case / custody.NAME).is_file():
        return material
    known = custody.read(material.case)[:entries]
    closed = {one.data["acq"] for one in known if one.action == "acquisition.close"}
    struck = {
        str(one.data["item"]): str(one.data.get("reason") or one.why)
        for one in known
        if one.action == "exclude"
    }
    return replace(
        material,
        items=tuple(
            item
            for item in store.items(material.case, withdrawn=True)
            if item.acquisition in closed
        ),
        withdrawn=struck,
        acquisitions=tuple(
            {**one.record, "folder": str(one.folder)}
            for one in store.acquisitions(material.case)
            if one.number in closed
        ),
        custody=tuple(
            {**json.loads(one.raw), "sha256": one.sha256} for one in known
        ),
    )  # fmt: skip


def event_of(change: Row) -> str:
    """event_uid behind a change: its own id, or what follows the kind in an opaque one's."""
    uid: str = change["change_uid"]
    return uid.removeprefix(f"{change['kind']}/")
