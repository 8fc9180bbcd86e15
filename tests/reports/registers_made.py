"""Registers of the story, with hostile text in every free cell where the story asks for it."""

import csv
from pathlib import Path

from collector.registers import COLUMNS, FURTHER

RESOURCE = "arn:aws:s3:::northwind-orders"
PARTIES = ("Contoso Ltd", "Northwind Traders")


def write(case: Path, hostile: str | None = None, parties: tuple[str, str] = PARTIES) -> None:
    """All five registers; `parties` are the contractor and the owner."""
    text = hostile if hostile is not None else "as supplied"
    contractor, owner = parties
    _write(case, "warnings", [
        {"id": "w1", "what": text, "emitted_at": "2022-05-28T06:00:00Z", "recipient": text,
         "resource": RESOURCE, "setting": "policy", "evidence": text},
        {"id": "w2", "what": text, "emitted_at": "2022-05-30T06:00:00Z",
         "delivered_at": "2022-05-30T06:00:07Z", "recipient": text, "action": text,
         "acknowledged_at": "2022-06-04T16:20:00Z", "closed_at": "2022-06-05T08:00:00Z",
         "resource": RESOURCE, "setting": "policy", "evidence": text},
    ])  # fmt: skip
    _write(case, "contracts", [
        {"id": "k1", "party": contractor, "clause": text, "text": text, "value": "true",
         "control": "public_access_block.*", "duty": "configures", "from": "2021-01-01",
         "evidence": text},
        {"id": "k2", "party": owner, "clause": text, "text": text, "duty": "notification",
         "start_event": "discovered", "period": "72 h", "evidence": text},
    ])  # fmt: skip
    _write(case, "documents", [
        {"id": "d1", "kind": "audit", "title": text, "claimed_date": "2022-01-01",
         "scope": RESOURCE, "evidence": text},
        {"id": "d2", "kind": "misuse", "title": text, "scope": RESOURCE, "evidence": text},
    ])  # fmt: skip
    _write(case, "control", [
        {"control": "public_access_block.*", "party": contractor, "role": "configures",
         "clause": text, "evidence": text},
        {"control": "policy", "party": owner, "role": "monitors", "clause": text,
         "evidence": text},
    ])  # fmt: skip
    _write(case, "communications", [
        {"id": "m1", "sent_at": "2022-06-04T16:20:00Z", "from": owner, "to": contractor,
         "subject": text, "evidence": text},
    ])  # fmt: skip


def _write(case: Path, name: str, rows: list[dict[str, str]]) -> None:
    folder = case / "registers"
    folder.mkdir(parents=True, exist_ok=True)
    columns = [*COLUMNS[name], *FURTHER.get(name, {})]
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
