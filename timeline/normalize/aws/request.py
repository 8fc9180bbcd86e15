"""The request behind an event, in the form that the evaluator takes.

Logs never carry the full request. Every context key therefore comes out as one of three: PRESENT
with its value in `context`, UNKNOWN by name in `unknown_context`, and ABSENT by being in neither.
An event never decides itself: the outcome is not looked at.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from timeline.model import Json
from timeline.normalize.aws import actions as table
from timeline.normalize.aws import s3
from timeline.normalize.aws.context import Context, context_of

#: Kinds of principal that the evaluator knows.
KNOWN = frozenset(
    {"Anonymous", "IAMUser", "AssumedRole", "FederatedUser", "Root", "AWSAccount", "AWSService"}
)
#: Operations that ask for other rights on a key than their action says (`access.md` R-S3-15).
BY_OPERATION = frozenset({"HeadObject", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload"})
#: OPTIONS requests of browsers: always anonymous, and not an access.
NO_ACCESS = frozenset({"PreflightRequest", "REST.OPTIONS.PREFLIGHT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedRequest:
    """One request as far as its event shows it.

    Attributes:
        principal: `{type, arn, account, unique_id, issuer_arn, canonical_id, service}`; what is not
            known is left out. Type `Unknown`: the record does not say who acted.
        actions: IAM actions that all must be allowed on `resource`; empty = unknown.
        resource: ARN; None = the record does not name it.
        time: event time.
        context: values of the context keys that are present.
        unknown_context: names of the keys that are not known; a trailing `*` stands for any rest.
        also: what else must be allowed on another resource: the read of a copy's source.
        operation: where the action alone does not say what is asked of a key, else None.
    """

    principal: Mapping[str, str]
    actions: tuple[str, ...]
    resource: str | None
    time: datetime
    context: Mapping[str, Json]
    unknown_context: tuple[str, ...]
    also: "DerivedRequest | None" = None
    operation: str | None = None

    def as_decide(self) -> dict[str, Any]:
        """The `request` object of `butfor decide`."""
        return {
            "principal": dict(self.principal),
            "action": list(self.actions) if len(self.actions) != 1 else self.actions[0],
            "resource": self.resource,
            "time": self.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "context": dict(self.context),
            "unknown_context": list(self.unknown_context),
            **({"operation": self.operation} if self.operation else {}),
        }


def request_of(row: Mapping[str, Any]) -> DerivedRequest | None:
    """The request behind one row of `events`; None if the event is no access.

    Args:
        row: columns of `events`; `time` an aware datetime.
    """
    operation = row["operation"]
    if operation in NO_ACCESS or row["provider"] != "aws":
        return None
    params = _params(row)
    event = table.event_name(operation, row["object"] is not None)
    context = context_of(row, params, event)
    asked = context.asked
    version = row["object_version"] is not None or "versionid" in asked
    found = table.actions(row["service"], event, version, asked)
    if operation.startswith("REST.COPY") and operation.endswith("_GET") and version:
        found = ("s3:GetObjectVersion",)
    return DerivedRequest(
        principal=principal_of(row),
        actions=found,
        resource=_resource(row, event),
        time=row["time"],
        context=context.present,
        unknown_context=context.unknown,
        also=_copy_source(row, event, context),
        operation=event if event in BY_OPERATION else None,
    )


def principal_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The caller; what the record does not show is left out."""
    kind = row["actor_type"]
    if kind == "Anonymous":
        return {"type": "Anonymous"}
    found = {
        "type": kind if kind in KNOWN else "Unknown",
        "arn": row["actor_uid"],
        "account": row["actor_account_uid"],
        "unique_id": row["actor_unique_id"],
        "issuer_arn": row["session_issuer_uid"],
    }
    if kind == "AWSService":
        found["arn"] = None
        found["service"] = row["invoked_by"]
    if kind == "CanonicalUser":
        found = {"type": "AWSAccount", "canonical_id": row["actor_unique_id"]}
    return {name: value for name, value in found.items() if value is not None}


def _params(row: Mapping[str, Any]) -> dict[str, Any]:
    if not row["params"]:
        return {}
    value = json.loads(row["params"])
    return value if isinstance(value, dict) else {}


def _resource(row: Mapping[str, Any], event: str) -> str | None:
    if event in _ACCOUNT_CALLS:
        return "*"
    if event == "DeleteObjects":
        return None
    uid: str | None = row["resource_uid"]
    return uid


#: Calls on the account: their actions have no resource type of their own.
_ACCOUNT_CALLS = s3.ACCOUNT_SETTINGS | {"ListBuckets", "ListAccessPoints"}


def _copy_source(row: Mapping[str, Any], event: str, context: Context) -> DerivedRequest | None:
    """The read of the source that a copy needs; None if the event copies nothing."""
    if event not in table.COPIES:
        return None
    stated = context.asked.get("x-amz-copy-source")
    resource, action = None, "s3:GetObject"
    if isinstance(stated, str):
        from urllib.parse import unquote

        path, _, query = unquote(stated).lstrip("/").partition("?versionId=")
        resource = path if path.startswith("arn:") else f"arn:aws:s3:::{path}"
        action = "s3:GetObjectVersion" if query else action
    return DerivedRequest(
        principal=principal_of(row),
        actions=(action,),
        resource=resource,
        time=row["time"],
        context=context.present,
        unknown_context=context.unknown,
    )
