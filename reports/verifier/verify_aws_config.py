"""Step 9 d for rows about changes of configuration: what such a row repeats of its record.

From a CloudTrail record alone, by own code:
  who and when     time, caller, whether it was accepted, key, session, address and client
  what it wrote    for the operations in `WRITTEN`: resource, setting, each fact, its value after
What was there before, and whether a write altered it, rests on all earlier records and is not
compared here. A fact of a policy is the SHA-256 of its version and a statement without the Sid; a
fact of a list is `grant:` with type, grantee and permission. Values are JSON with sorted keys.

Ids of access keys stand in every edition without their middle (`AKIA…WXYZ`): so does what is
expected here. Sources: CloudTrail user guide, "CloudTrail record contents"; API references of S3.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

KEY = re.compile(r"(?<![0-9A-Za-z])(?:AKIA|ASIA)[A-Z2-7]{12,60}(?![0-9A-Za-z])")
SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
POLICY_DATE = re.compile(r"(\d{4}-\d\d-\d\d)T00:00:00(\.0+)?(Z|\+00:00)")
NOBODY = ("anonymous", "ANONYMOUS_PRINCIPAL")
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
GROUPS = "http://acs.amazonaws.com/groups/"
CANNED = {
    "private": (),
    "public-read": (("global/AllUsers", "READ"),),
    "public-read-write": (("global/AllUsers", "READ"), ("global/AllUsers", "WRITE")),
    "authenticated-read": (("global/AuthenticatedUsers", "READ"),),
    "log-delivery-write": (("s3/LogDelivery", "WRITE"), ("s3/LogDelivery", "READ_ACP")),
}


class NotCarried(ValueError):
    """The record does not carry the document, or in a form that is not read here."""


def mask(text: str) -> str:
    """Ids of access keys without their middle."""
    return KEY.sub(lambda found: f"{found[0][:4]}…{found[0][-4:]}", text)


def of_change(row: dict[str, str], record: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(column, cell, value of the record) of a row about a logged change."""
    for column, expected in _who(record).items():
        if column in row and row[column] != expected:
            yield column, row[column], expected
    if row.get("what") == "change":
        caller = _who(record)["technical_actor"]
        if row.get("principal", "") != caller:
            yield "principal", row.get("principal", ""), caller
        expected = "refused" if record.get("errorCode") else "accepted"
        if row.get("outcome", "") != expected:
            yield "outcome", row.get("outcome", ""), expected
    if "attribution" in row:
        yield from _attribution(row["attribution"], record)
    if {"resource", "setting", "fact", "after", "effect"} <= set(row):
        yield from _written(row, record)


def _who(record: dict[str, Any]) -> dict[str, str]:
    """Columns that caller and time of a record give."""
    identity = record.get("userIdentity") or {}
    account = identity.get("accountId")
    caller = identity.get("arn") or account or identity.get("invokedBy") or ""
    if account in NOBODY or identity.get("principalId") in NOBODY:
        caller = "anonymous"
    found = {"technical_actor": mask(str(caller))}
    found["accepted"] = "false" if record.get("errorCode") else "true"
    at = str(record.get("eventTime"))
    if SECOND.fullmatch(at):
        found["time_utc"] = found["time_from"] = f"{at[:-1]}.000000Z"
    return found


def _attribution(cell: str, record: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    identity = record.get("userIdentity") or {}
    session = identity.get("sessionContext") or {}
    expected = {
        "credential_uid": identity.get("accessKeyId"),
        "session_issuer_uid": (session.get("sessionIssuer") or {}).get("arn"),
        "source_identity": session.get("sourceIdentity"),
        "src_ip": record.get("sourceIPAddress"),
        "user_agent": record.get("userAgent"),
    }
    try:
        said = json.loads(cell) if cell else {}
        given = {name: said.get(name) for name in expected}
    except (ValueError, AttributeError, RecursionError):
        yield "attribution", cell, "an object in JSON"
        return
    for name, value in expected.items():
        wanted = "" if value in (None, "") else mask(str(value))
        if (given[name] or "") != wanted:
            yield f"attribution.{name}", str(given[name] or ""), wanted


def _written(row: dict[str, str], record: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Resource, setting and the value after, of an operation that is read here."""
    if row["effect"] not in ("adds", "sets", "re-asserts", "refused", "removes"):
        return
    places = written(record)
    if places is None:
        return
    place = row["resource"], row["setting"]
    if place not in places:
        if record["eventName"] != "CreateBucket":  # which also sets what the request does not say
            wanted = ", ".join("|".join(one) for one in sorted(places))
            yield "setting", "|".join(place), mask(wanted)
        return
    facts = places[place]
    if facts is None:
        return
    expected = mask(canonical(facts[row["fact"]])) if row["fact"] in facts else ""
    if row["after"] != expected:
        yield "after", row["after"], expected


def written(record: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any] | None] | None:
    """(resource, setting) -> fact -> value; None for an operation that is not read here.

    None in the place of facts: the record does not carry what was written.
    """
    asked = record.get("requestParameters") or {}
    bucket, key = asked.get("bucketName"), asked.get("key")
    reader = WRITTEN.get(str(record.get("eventName")))
    if reader is None or record.get("eventSource") != "s3.amazonaws.com" or not bucket:
        return None
    resource = f"arn:aws:s3:::{bucket}"
    if record["eventName"] == "PutObjectAcl":
        if not key:
            return None
        resource = f"{resource}/{key}"
    settings, content = reader
    found: dict[tuple[str, str], dict[str, Any] | None] = {}
    for setting in settings:
        try:
            found[resource, setting] = content(asked, setting)
        except (NotCarried, TypeError, AttributeError, KeyError, ValueError):
            found[resource, setting] = None
    return found


def canonical(value: Any) -> str:  # noqa: ANN401 (JSON)
    """JSON with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _alone(value: Any) -> Any:  # noqa: ANN401
    """The only element of a list of one: older records wrap values so."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _body(asked: dict[str, Any], name: str) -> dict[str, Any]:
    found = _alone(asked.get(name))
    if not isinstance(found, dict) or not found:
        raise NotCarried(name)
    return found


def _policy(asked: dict[str, Any], _: str) -> dict[str, Any]:
    held = _alone(asked.get("bucketPolicy"))
    if isinstance(held, str):
        held = json.loads(held if held.lstrip().startswith("{") else unquote(held))
    version = held.get("Version")
    stamped = POLICY_DATE.fullmatch(str(version))
    version = stamped[1] if stamped else version
    found: dict[str, Any] = {}
    statements = held["Statement"]
    for one in statements if isinstance(statements, list) else [statements]:
        bare = {name: value for name, value in one.items() if name != "Sid"}
        text = canonical({"Statement": bare, "Version": version})
        fact = hashlib.sha256(text.encode()).hexdigest()
        found.setdefault(fact, {"Statement": one, "Version": version})
    return found


def _flag(asked: dict[str, Any], setting: str) -> dict[str, Any]:
    value = _alone(_body(asked, "PublicAccessBlockConfiguration").get(setting.rpartition(".")[2]))
    return {"value": str(value).lower() == "true"}


def _ownership(asked: dict[str, Any], _: str) -> dict[str, Any]:
    rule = _alone(_body(asked, "OwnershipControls").get("Rule"))
    return {"value": _alone(rule["ObjectOwnership"])}


def _status(asked: dict[str, Any], _: str) -> dict[str, Any]:
    return {"value": _alone(_body(asked, "VersioningConfiguration")["Status"])}


def _payer(asked: dict[str, Any], _: str) -> dict[str, Any]:
    return {"value": _alone(_body(asked, "RequestPaymentConfiguration")["Payer"]) == "Requester"}


def _list(asked: dict[str, Any], _: str) -> dict[str, Any]:
    """An access control list: as a body, or by the name of a canned one."""
    body = _alone(asked.get("AccessControlPolicy"))
    if isinstance(body, dict) and body:
        owner = (_alone(body.get("Owner")) or {}).get("ID")
        grants = (_alone(body["AccessControlList"]) or {}).get("Grant") or []
        return dict(
            _grant(_alone(one["Grantee"]), _alone(one["Permission"]), owner)
            for one in (grants if isinstance(grants, list) else [grants])
        )
    if any(name.lower().startswith("x-amz-grant") for name in asked):
        raise NotCarried("grants in headers")
    nested = _alone(asked.get("accessControlList")) or {}
    name = _alone(asked.get("x-amz-acl") or nested.get("x-amz-acl"))
    mine = {"Grantee": {"ID": None, "Role": "owner", "Type": "CanonicalUser"}}
    found: dict[str, Any] = {
        "grant:CanonicalUser:owner:FULL_CONTROL": {**mine, "Permission": "FULL_CONTROL"}
    }
    for group, permission in CANNED[name]:
        uri = GROUPS + group
        found[f"grant:Group:{uri}:{permission}"] = {
            "Grantee": {"Type": "Group", "URI": uri}, "Permission": permission,
        }  # fmt: skip
    return found


def _grant(grantee: dict[str, Any], permission: str, owner: str | None) -> tuple[str, Any]:
    kind = grantee.get("xsi:type") or grantee.get("Type")
    if kind == "Group":
        uri = grantee["URI"]
        value: dict[str, Any] = {"Type": "Group", "URI": uri}
        return f"grant:Group:{uri}:{permission}", {"Grantee": value, "Permission": permission}
    if kind != "CanonicalUser":
        raise NotCarried(str(kind))
    who = grantee["ID"]
    value = {"Type": "CanonicalUser", "ID": who}
    if who == owner:
        value["Role"] = "owner"
    named = "owner" if who == owner else who
    return f"grant:CanonicalUser:{named}:{permission}", {"Grantee": value, "Permission": permission}


def _nothing(_: dict[str, Any], __: str) -> dict[str, Any]:
    return {}


_BLOCK = tuple(f"public_access_block.{flag}" for flag in FLAGS)
#: (request parameters, setting) -> fact -> value.
Reader = Callable[["dict[str, Any]", str], "dict[str, Any]"]
#: Operation -> settings that it writes, and what reads them.
WRITTEN: dict[str, tuple[tuple[str, ...], Reader]] = {
    "CreateBucket": (("existence",), lambda _, __: {"value": True}),
    "PutBucketPolicy": (("policy",), _policy),
    "DeleteBucketPolicy": (("policy",), _nothing),
    "PutBucketPublicAccessBlock": (_BLOCK, _flag),
    "DeleteBucketPublicAccessBlock": (_BLOCK, lambda _, __: {"value": False}),
    "PutBucketOwnershipControls": (("ownership",), _ownership),
    "DeleteBucketOwnershipControls": (("ownership",), lambda _, __: {"value": "ObjectWriter"}),
    "PutBucketVersioning": (("versioning",), _status),
    "PutBucketRequestPayment": (("requester_pays",), _payer),
    "PutBucketAcl": (("acl",), _list),
    "PutObjectAcl": (("acl",), _list),
}
