"""What a finding rests on and what bounds it: cited rows, coverage, limits."""

from collections.abc import Mapping, Sequence
from typing import Any

from timeline.correlate import gaps, wording
from timeline.correlate.material import Access, Material

#: Rows cited one by one; beyond it a finding cites the first and the last and says how many.
MOST_CITED = 1_000


def basis(
    changes: Sequence[str], accesses: Sequence[Access], material: Material
) -> tuple[Mapping[str, str], ...]:
    """Rows that a finding rests on: its changes, then its accesses."""
    cited = []
    for uid in changes:
        for row in material.changes.get(uid, ())[:1]:
            if row["evidence_item"]:
                cited.append(_cite("change", uid, row))
    rows = [a.row for a in accesses]
    if len(rows) > MOST_CITED:
        rows = [rows[0], rows[-1]]
    return (*cited, *(_cite("access", row["event_uid"], row) for row in rows))


def _cite(kind: str, uid: str, row: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        "kind": kind,
        "uid": uid,
        "evidence_item": row["evidence_item"],
        "locator": row["locator"],
        "record_sha256": row["record_sha256"],
    }


def coverage(container: str, material: Material) -> tuple[str, ...]:
    """One sentence per source that it relies on."""
    spans = [s for s in (material.management, material.spans.get(container)) if s is not None]
    said = [
        wording.covered(
            s.source, s.container, s.records, wording.instant(s.start, edge="start"),
            wording.instant(s.end, edge="end"),
        )
        for s in spans
    ]  # fmt: skip
    if container and container not in material.spans:
        said.append(wording.no_data_events(container))
    return tuple(said)


def limits(
    container: str, accesses: Sequence[Access], unknowns: Sequence[str], material: Material
) -> tuple[str, ...]:
    """What bounds it: missing sources, unknown facts, gaps in its period."""
    said = []
    if container and container not in material.spans:
        said.append(wording.no_data_events(container))
    if unknowns:
        said.append(wording.depends_on(unknowns))
    if len(accesses) > MOST_CITED:
        said.append(wording.cited_in_part(len(accesses)))
    times = [a.row["time"] for a in accesses]
    if times:
        for gap in gaps.touching(material.gaps, min(times), max(times)):
            if gap["time_from"] is not None and gap["subject"] != container:
                said.append(wording.gap_inside(gap["subject"], gap["reason"]))
    return tuple(dict.fromkeys(said))
