"""Changes that CloudFormation made: the operation on a stack that they may belong to.

A record of such a call names the service and the role, not the stack. It belongs to an operation
that was open with that role: CreateStack, UpdateStack, DeleteStack or ExecuteChangeSet, on a stack
whose role it is, until the next operation on the same stack. Without a role of its own a stack acts
with the credentials of who began the operation. The end of an operation is not recorded; one that
began longer ago than a day is not taken for the cause of a call (in favor of no link).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

SERVICE = "cloudformation.amazonaws.com"
#: Operations that begin to write, and those that only name the role of a later one.
_BEGIN = frozenset({"CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet"})
OPERATIONS = tuple(sorted(_BEGIN | {"CreateChangeSet"}))
LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One recorded operation on a stack.

    Attributes:
        name: operation.
        stack: name, in its account and Region.
        role: ARN of the role that the stack acts with; None = with the caller's credentials.
        caller: who began it, the session itself.
        row: of `events`.
    """

    name: str
    stack: str
    role: str | None
    caller: str | None
    row: Mapping[str, Any]


def operations(rows: Iterable[Mapping[str, Any]]) -> tuple[Operation, ...]:
    """Operations that begin to write, in order; a stack keeps its role until another is given."""
    roles: dict[str, str] = {}
    stacks: dict[str, str] = {}
    found = []
    for row in rows:
        if row["outcome"] != "success" or row["duplicate_of"] or row["operation"] not in OPERATIONS:
            continue
        params = json.loads(row["params"]) if row["params"] else {}
        asked = params.get("requestParameters") or {}
        change_set = str(asked.get("changeSetName") or "")
        named = asked.get("stackName") or stacks.get(change_set) or change_set
        stack = _stack(str(named), row)
        if row["operation"] == "CreateChangeSet":
            told = params.get("responseElements") or {}
            stacks[str(told.get("id") or change_set)] = str(told.get("stackId") or named)
        if asked.get("roleARN"):
            roles[stack] = str(asked["roleARN"])
        if row["operation"] in _BEGIN:
            found.append(
                Operation(
                    name=row["operation"],
                    stack=stack,
                    role=roles.get(stack),
                    caller=row["actor_uid"] or row["actor_unique_id"] or row["actor_account_uid"],
                    row=row,
                )
            )
    return tuple(found)


def behind(event: Mapping[str, Any], known: Sequence[Operation]) -> tuple[Operation, ...]:
    """Operations open at a call of the service, with the role or the credentials of that call."""
    if SERVICE not in (event["invoked_by"], event["src_ip"]):
        return ()
    latest: dict[str, Operation] = {}
    for one in known:
        if one.row["time"] <= event["time"]:
            latest[one.stack] = one
    return tuple(
        one
        for _, one in sorted(latest.items())
        if event["time"] - one.row["time"] <= LONGEST and _acts_for(event, one)
    )


def _acts_for(event: Mapping[str, Any], one: Operation) -> bool:
    if one.role is not None:
        return bool(one.role == event["session_issuer_uid"])
    return bool(one.caller is not None and one.caller == event["actor_uid"])


def _stack(name: str, row: Mapping[str, Any]) -> str:
    """Name of the stack: requests give its name, its ARN, or the ARN of a change set with it."""
    account, region = row["account_uid"] or "", row["region"] or ""
    if name.startswith("arn:") and name.count(":") >= 5:
        region, account = name.split(":")[3:5]
        name = name.split(":", 5)[5].split("/")[1]
    return f"{account}/{region}/{name}"
