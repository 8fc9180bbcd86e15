"""AWS as correlation sees it: the evaluator over the history, write gates, labels, probes."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from timeline.correlate.aws import bearing, callers, facts, probes, requests, told
from timeline.correlate.aws.peers import caller, of_caller
from timeline.correlate.aws.stated import stated
from timeline.correlate.course import Content
from timeline.correlate.provider import Probe, Provider, Request
from timeline.correlate.views import Place, Viewed
from timeline.model import Decision, Json, Verdict
from timeline.policy.aws import evaluate, write_gate
from timeline.policy.aws.answer import WITHOUT_DEFAULT
from timeline.policy.aws.register import READINGS
from timeline.state.aws.harvest import slack_of
from timeline.state.aws.input import state_for
from timeline.state.intervals import assemble

_UNSEEN = "unseen:"
_SOURCES = ("aws.cloudtrail", "aws.s3_access_log")
#: Refusals by a write gate (R-S3-3) that are not called denials.
_GATE_ERRORS = ("AccessControlListNotSupported", "InvalidBucketAclWithObjectOwnership")
_EVERYTHING: Json = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_ALLOW_ALL: Json = {"Version": "2012-10-17", "Statement": [_EVERYTHING]}
#: Paths of what the caller's own account decides.
_OWN_ACCOUNT = ("identity", "permissions_boundary", "session_policies", "scps")


def decide(view: Viewed, request: Request, at: datetime, assumptions: frozenset[str]) -> Decision:
    """Decision on a request; of a copy, on both of its sides."""
    found = _decide_one(view, request, at, assumptions)
    also = request.get("also")
    if also is None:
        return found
    return _both(found, _decide_one(view, {**also, "time": request["time"]}, at, assumptions))


def probe(
    view: Viewed, asked: Probe, at: datetime, assumptions: frozenset[str]
) -> tuple[Decision, bool]:
    """Decision on a probe, and whether it holds only with the caller's own account allowing."""
    timed = {**asked.request, "time": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
    request = callers.named(timed, view, at)
    state, unknown = _state(view, request, at)
    if asked.owned:
        state, unknown = _owned(state, unknown)
    decision = evaluate(request, state, unknown, assumptions=assumptions)
    if decision.verdict is not Verdict.UNKNOWN or not asked.own_account_allows:
        return decision, False
    state = {
        **state,
        "identity_policies": [_ALLOW_ALL],
        "permissions_boundary": None,
        "session_policies": None,
        "scps": None,
    }
    kept = [p for p in unknown if not p.removeprefix(_UNSEEN).startswith(_OWN_ACCOUNT)]
    granted = evaluate(request, state, kept, assumptions=assumptions)
    if granted.verdict is Verdict.ALLOWED:
        return replace(granted, unknowns=decision.unknowns), True
    return granted, False


def gate(
    request: Request,
    written: Mapping[Place, Content],
    view: Viewed,
    at: datetime,
    assumptions: frozenset[str],
) -> Decision:
    """Whether the write gates (R-S3-3) let a write through in a state: ALLOWED if none refuses."""
    request = callers.named(request, view, at)
    payload = _payload(written)
    if payload is None:
        return Decision(verdict=Verdict.UNKNOWN, unknowns=("request.payload",))
    state, unknown = _state(view, request, at)
    return write_gate({**request, "payload": payload}, state, unknown, assumptions=assumptions)


def read(view: Viewed, request: Request, at: datetime) -> None:
    """Every slot that a decision rests on."""
    state_for(view, callers.named(request, view, at), at)
    if request.get("also"):
        state_for(view, callers.named(request["also"], view, at), at)


def foreign(label: str, container: str, view: Viewed, at: datetime) -> bool:
    """Anonymous, or of another account than the bucket's owner; unknown owner: not foreign."""
    if label == "anonymous":
        return True
    owner = view.at(f"arn:aws:s3:::{container}", "owner", at).value
    account = label if label.isdigit() else label.split(":")[4] if label.count(":") > 4 else ""
    return bool(account.isdigit() and owner and account != owner)


def refusal_depends(row: Mapping[str, Any]) -> bool:
    """Denied, or refused by a gate that has an error code of its own."""
    return row["outcome"] == "denied" or row["error_code"] in _GATE_ERRORS


def source_name(row: Mapping[str, Any]) -> str:
    """`aws.cloudtrail.management`, `aws.cloudtrail.data.s3`, `aws.s3_access_log.data.s3`.

    The wrappings in which a log's records are handed over (look-up, bus, JSON) are one source.
    """
    form = str(row["source"])
    kind = next((each for each in _SOURCES if form.startswith(each)), form)
    if row["category"] == "management":
        return f"{kind}.management"
    return f"{kind}.data.{str(row['service']).split('.')[0]}"


def slack(place: Place) -> timedelta:
    """Propagation of a change of a place (register A11)."""
    return slack_of(*place)


def _decide_one(
    view: Viewed, request: Request, at: datetime, assumptions: frozenset[str]
) -> Decision:
    if request["principal"]["type"] == "Unknown":
        return Decision(verdict=Verdict.UNKNOWN, unknowns=("request.principal",))
    request = callers.named(request, view, at)
    state, unknown = _state(view, request, at)
    try:
        return evaluate(request, state, unknown, assumptions=assumptions)
    except ValueError as problem:
        # A document in the records that is not of the documented form decides nothing.
        return Decision(verdict=Verdict.UNKNOWN, unknowns=(f"not understood: {problem}",))


def _state(view: Viewed, request: Request, at: datetime) -> tuple[dict[str, Any], list[str]]:
    state, unknown, unseen = state_for(view, request, at)
    return state, [*unknown, *(f"{_UNSEEN}{path}" for path in unseen)]


def _owned(state: dict[str, Any], unknown: list[str]) -> tuple[dict[str, Any], list[str]]:
    """The state with an object of the bucket's owner under the default list."""
    bucket = state["bucket"]
    owner = bucket.get("owner_canonical_id")
    found = {
        "owner_account": bucket.get("owner_account"),
        "owner_canonical_id": owner,
        "acl": {"Owner": {"ID": owner} if owner else {}, "Grants": []},
        "sse": None,
    }
    kept = [p for p in unknown if not p.removeprefix(_UNSEEN).startswith("object")]
    if bucket.get("owner_account") is None:
        kept.append("object.owner_account")
    return {**state, "object": found}, kept


def _both(one: Decision, other: Decision) -> Decision:
    """All must be allowed: a denial decides, else what is unknown."""
    order = (Verdict.DENIED, Verdict.UNKNOWN, Verdict.ALLOWED)
    first, second = sorted((one, other), key=lambda d: order.index(d.verdict))
    return replace(
        first,
        unknowns=tuple(sorted({*first.unknowns, *second.unknowns}))
        if first.verdict is Verdict.UNKNOWN
        else first.unknowns,
        assumptions=tuple(sorted({*first.assumptions, *second.assumptions})),
    )


def _payload(written: Mapping[Place, Content]) -> dict[str, Json] | None:
    """The document of a write as the gates want it; None where the record does not carry it."""
    payload: dict[str, Json] = {}
    for (_, slot), content in sorted(written.items()):
        name = {"policy": "policy", "acl": "acl", "ownership": "ownership"}.get(slot)
        if name is None:
            continue
        if content is None:
            return None
        if content:
            payload[name] = _plain_acl(assemble({f: json.loads(v) for f, v in content}))
    return payload


def _plain_acl(value: Json) -> Json:
    """Grants to the owner, whose id a canned list does not spell out, are no grant to others."""
    if not isinstance(value, dict) or "Grants" not in value:
        return value
    grants = value["Grants"]
    assert isinstance(grants, list)
    kept: list[Json] = [g for g in grants if isinstance(g, dict) and _spelled(g)]
    return {**value, "Grants": kept}


def _spelled(grant: Mapping[str, Any]) -> bool:
    grantee = grant["Grantee"]
    return bool(grantee.get("URI") or grantee.get("ID"))


AWS = Provider(
    name="aws",
    is_access=requests.is_access,
    kind=told.KIND,
    request_of=requests.request_of,
    columns=told.COLUMNS,
    told=told.told,
    write_request=requests.write_request,
    read=read,
    decide=decide,
    probe=probe,
    gate=gate,
    refusal_depends=refusal_depends,
    assemble=assemble,
    slack=slack,
    mentions=requests.mentions,
    signature=requests.signature,
    resource_told=requests.resource_told,
    group=requests.group,
    principal_label=requests.principal_label,
    container_label=requests.container_label,
    own_places=requests.own_places,
    resource_label=requests.resource_label,
    foreign=foreign,
    probes=probes.probes,
    source_name=source_name,
    decides=facts.decides,
    meets_gates=facts.meets_gates,
    is_grant=facts.is_grant,
    bears=bearing.bears,
    alike=bearing.alike,
    emptied=facts.emptied,
    gate_on=facts.gate_on,
    of_time=bearing.of_time,
    stated=stated,
    readings=READINGS,
    without_default=WITHOUT_DEFAULT,
    caller=caller,
    of_caller=of_caller,
)
