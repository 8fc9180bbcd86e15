"""What a row about a change of configuration repeats of its record, read as the build reads it.

The product's side of check d of a bundle for such rows; `verify_aws_config.py` comes to the same by
code of its own. Compared are caller, time, acceptance, key, session, address, client, and for the
operations that both read, resource, setting, each fact and its value after. What was there before
rests on all earlier records. Ids of keys stand without their middle, as in every edition.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reports.pinpoint import stored
from reports.redaction.rewrite import mask
from timeline.state.aws.harvest import harvest
from timeline.state.ledger import Recorded, canonical
from timeline.state.source import record_of

#: Operations whose documents both verifiers read.
READ = frozenset(
    {
        "CreateBucket", "PutBucketPolicy", "DeleteBucketPolicy", "PutBucketPublicAccessBlock",
        "DeleteBucketPublicAccessBlock", "PutBucketOwnershipControls",
        "DeleteBucketOwnershipControls", "PutBucketVersioning", "PutBucketRequestPayment",
        "PutBucketAcl", "PutObjectAcl",
    }
)  # fmt: skip
EFFECTS = frozenset({"adds", "sets", "re-asserts", "refused", "removes"})
TOLD = ("credential_uid", "session_issuer_uid", "source_identity", "src_ip", "user_agent")
DOCUMENT = frozenset({"resource", "setting", "fact", "after", "effect"})

Found = Iterator[tuple[str, str, str]]


def of_change(row: Mapping[str, Any], again: Mapping[str, Any]) -> Found:
    """(column, cell, value of the record) wherever a row about a logged change differs.

    Args:
        row: of a native table, cells as text.
        again: the row of `events` that the record gives.
    """
    record = record_of(again)
    refused = record.error_code is not None
    caller = mask(record.actor or "")
    expected = {
        "technical_actor": caller, "accepted": str(not refused).lower(),
        "time_utc": stored(record.time), "time_from": stored(record.time),
    }  # fmt: skip
    for column, value in expected.items():
        if column in row and _text(row[column]) != _text(value):
            yield column, _text(row[column]), _text(value)
    if row.get("what") == "change":
        if _text(row.get("principal")) != caller:
            yield "principal", _text(row.get("principal")), caller
        wanted = "refused" if refused else "accepted"
        if _text(row.get("outcome")) != wanted:
            yield "outcome", _text(row.get("outcome")), wanted
    if "attribution" in row:
        yield from _attribution(_text(row["attribution"]), again)
    if set(row) >= DOCUMENT and row["effect"] in EFFECTS and record.operation in READ:
        yield from _written(row, record)


def _attribution(cell: str, again: Mapping[str, Any]) -> Found:
    try:
        said = json.loads(cell) if cell else {}
        given = {name: said.get(name) for name in TOLD}
    except (ValueError, AttributeError, RecursionError):
        yield "attribution", cell, "an object in JSON"
        return
    for name in TOLD:
        wanted = mask(str(again[name] or ""))
        if (given[name] or "") != wanted:
            yield f"attribution.{name}", str(given[name] or ""), wanted


def _written(row: Mapping[str, Any], record: Recorded) -> Found:
    writes = {
        (one.resource_uid, one.slot): one.atoms
        for one in harvest([record], (), ()).writes
        if one.kind == "logged"
    }
    if not writes:
        return
    place = _text(row["resource"]), _text(row["setting"])
    if place not in writes:
        if record.operation != "CreateBucket":
            yield "setting", "|".join(place), mask(", ".join("|".join(p) for p in sorted(writes)))
        return
    atoms = writes[place]
    if atoms is None or (record.operation == "CreateBucket" and place[1] != "existence"):
        return
    fact = _text(row["fact"])
    wanted = mask(canonical(atoms[fact])) if fact in atoms else ""
    if _text(row["after"]) != wanted:
        yield "after", _text(row["after"]), wanted


def _text(value: object) -> str:
    return "" if value is None else str(value)
