"""Who is behind a session, as far as the records link it (specification: causation, 7.9).

1. a call that a stack's service made leads to the operation on a stack that was open with that
   role, and to who began it (`stacks.py`); where several could have, to nobody;
2. a key of a session leads to the AssumeRole* event that handed it out, and that event to its
   caller; the walk goes back until a caller is no session, or no event is found;
3. a web identity ends the walk at its subject;
4. a service that acted for the caller is named beside the technical actor, never in its place;
5. without a link the technical actor stands alone.

Every link cites its event. The user agent is the client's own statement and is no link. The ladder
request → credential → principal → account → organization → person ends at the last rung that a
record or an answer names (`membership.py`). A person is named by supplied evidence alone
(`timeline/correlate/people.py`); else the ladder says where and why it stops.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.case_people import Assigned
from collector.clock import stamp
from timeline.correlate.aws import stacks
from timeline.correlate.aws.membership import Memberships
from timeline.correlate.aws.stacks import Operation
from timeline.correlate.people import RUNGS, UserRecord, person

#: Operations that hand out a session's key.
ISSUING = (
    "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot",
    "GetFederationToken", "GetSessionToken",
)  # fmt: skip

#: A chain longer than this is not a chain of real sessions; guards against a loop in the records.
LONGEST_CHAIN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One handing-out of a session key, as recorded."""

    event_uid: str
    operation: str
    key: str
    caller: str | None
    caller_key: str | None
    subject: str | None
    source_identity: str | None
    evidence_item: str
    locator: str


def issues(rows: Iterable[Mapping[str, Any]]) -> dict[str, Issue]:
    """Session key id -> the event that handed it out; the first one where several do."""
    found: dict[str, Issue] = {}
    for row in rows:
        if row["operation"] not in ISSUING or row["outcome"] != "success" or not row["params"]:
            continue
        params = json.loads(row["params"])
        answer = params.get("responseElements") or {}
        key = (answer.get("credentials") or {}).get("accessKeyId")
        if not key or key in found:
            continue
        asked = params.get("requestParameters") or {}
        found[key] = Issue(
            event_uid=row["event_uid"],
            operation=row["operation"],
            key=key,
            caller=row["actor_uid"] or row["actor_unique_id"] or row["actor_account_uid"],
            caller_key=row["credential_uid"],
            subject=answer.get("subjectFromWebIdentityToken") or answer.get("subject"),
            source_identity=asked.get("sourceIdentity") or answer.get("sourceIdentity"),
            evidence_item=row["evidence_item"],
            locator=row["locator"],
        )
    return found


def chain(credential: str | None, known: Mapping[str, Issue]) -> tuple[Issue, ...]:
    """Issues from the credential used back to the earliest one recorded; empty if none is."""
    links: list[Issue] = []
    seen: set[str] = set()
    while credential and credential in known and credential not in seen:
        if len(links) == LONGEST_CHAIN:
            break
        seen.add(credential)
        links.append(known[credential])
        credential = links[-1].caller_key
    return tuple(links)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What links are found in.

    Attributes:
        issues: session key id -> the event that handed it out.
        operations: recorded operations on stacks.
        memberships: of accounts in organizations.
        people: whom the case says that principals and keys were assigned to.
        users: user records of directories.
    """

    issues: Mapping[str, Issue]
    operations: Sequence[Operation] = ()
    memberships: Memberships = field(default_factory=Memberships)
    people: Sequence[Assigned] = ()
    users: Sequence[UserRecord] = ()


def attribution(event: Mapping[str, Any], known: Known) -> tuple[str | None, str | None]:
    """Columns `initiating_actor` and `attribution` of a change made by `event`.

    Returns:
        (JSON {principal, link, certainty}, JSON list of links with their evidence); None where
        the records hold no link: the technical actor then stands alone.
    """
    opened = stacks.behind(event, known.operations)
    began = opened[0] if len({o.caller for o in opened}) == 1 else None
    listed = [
        _link("stack operation", o.caller, o.row, operation=o.name, stack=o.stack) for o in opened
    ]
    acting = began.row if began is not None else event
    links = chain(acting["credential_uid"], known.issues)
    listed += [
        {
            "link": "session key",
            "operation": issue.operation,
            "principal": issue.subject or issue.caller,
            "event_uid": issue.event_uid,
            "evidence_item": issue.evidence_item,
            "locator": issue.locator,
        }
        for issue in links
    ]
    if acting["source_identity"]:
        listed.append(_link("source identity", acting["source_identity"], acting))
    if event["invoked_by"]:
        listed.append(_link("invoked by", event["invoked_by"], event))
    several = len(opened) > 1 and began is None
    initiating = None if several else _initiating(acting, links, began)
    return _text(initiating) if initiating else None, _text(listed) if listed else None


def ladder(event: Mapping[str, Any], initiating: str | None, known: Known) -> dict[str, Any]:
    """Rungs from the request up that records and answers name; it ends at the last one (R-161).

    Args:
        event: row of `events`.
        initiating: column `initiating_actor` of its change.
        known: what else the records hold.

    Returns:
        request, credential, principal, account, organization, person, as far as named; with an
        organization or a person what shows it; without a person `stops`: where and why it ends.
    """
    said = json.loads(initiating) if initiating else {}
    account = event["actor_account_uid"] or ""
    rungs = (
        ("request", event["request_id"] or event["event_uid"]),
        ("credential", event["credential_uid"]),
        ("principal", said.get("principal") or event["actor_uid"] or event["actor_unique_id"]),
        ("account", account if account.isdigit() else None),
    )
    found: dict[str, Any] = {name: str(value) for name, value in rungs if value}
    shown = known.memberships.of(account, event["time"]) if "account" in found else None
    if shown is not None:
        found["organization"] = shown.organization
        found["organization_shown"] = {
            "at": stamp(shown.at),
            "evidence_item": shown.evidence_item,
            "locator": shown.locator,
        }
    names = [
        str(name)
        for name in (*found.values(), event["actor_uid"], event.get("source_identity"))
        if isinstance(name, str)
    ]
    named, why = person(names, event["time"], known.people, _user(event, known.users))
    if why is not None:
        last = next(rung for rung in reversed(RUNGS) if rung in found)
        found["stops"] = f"at the {last}: {why}"
    return found | named


def _user(event: Mapping[str, Any], users: Sequence[UserRecord]) -> UserRecord | None:
    """The record of the user on whose behalf the request was made, by id; the nearest in time."""
    said = json.loads(event.get("delegation") or "{}").get("onBehalfOf") or {}
    store = str(said.get("identityStoreArn") or "").rpartition("/")[2]
    own = [one for one in users if (one.store, one.user) == (store, said.get("userId"))]
    return min(own, key=lambda one: (abs(one.at - event["time"]), one.at), default=None)


def _link(link: str, principal: str | None, row: Mapping[str, Any], **more: str) -> dict[str, Any]:
    return {
        "link": link,
        "principal": principal,
        "event_uid": row["event_uid"],
        "evidence_item": row["evidence_item"],
        "locator": row["locator"],
        **more,
    }


def _initiating(
    event: Mapping[str, Any], links: tuple[Issue, ...], began: Operation | None
) -> dict[str, str] | None:
    """The last evidenced rung; a source identity is set at the start and cannot be changed later.

    It names whom the issuer of the first session said it was for: recorded, not verified.
    """
    certainty = "the only operation open with this role" if began is not None else "recorded"
    if links and (links[-1].subject or links[-1].caller):
        return {
            "principal": str(links[-1].subject or links[-1].caller),
            "link": "web identity" if links[-1].subject else "session key",
            "certainty": certainty,
        }
    if event["source_identity"]:
        return {
            "principal": event["source_identity"],
            "link": "source identity",
            "certainty": "stated at the start of the session",
        }
    if began is not None and began.caller:
        return {"principal": began.caller, "link": "stack operation", "certainty": certainty}
    return None


def _text(value: Any) -> str:  # noqa: ANN401 JSON
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
