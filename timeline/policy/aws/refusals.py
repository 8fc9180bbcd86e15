"""What refuses a request whatever its policies say (R-S3-5, R-S3-9, R-S3-13, R-S3-19)."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from timeline.policy.aws import s3
from timeline.policy.aws.callers import Callers, Result
from timeline.policy.aws.context import Request
from timeline.policy.aws.gates import header_gate
from timeline.policy.aws.slots import State
from timeline.policy.aws.target import Target
from timeline.policy.kleene import Kleene, Unknown, all_of, any_of, negate

#: `evaluation.decide_action`, which asks here.
_Decide: TypeAlias = Callable[[str, Target, Request, State], Result]
_BYPASS = "s3:bypassgovernanceretention"


def refusals(
    action: str, target: Target, callers: Callers, result: Result, decide: _Decide
) -> list[Kleene]:
    """What stands whatever the policies say; each answer is whether the request passes.

    Args:
        decide: whether the caller holds another permission.
    """
    if action in s3.IDENTITY_ONLY and action != "s3:createbucket":
        return []
    request, state, owner = callers.request, callers.state, callers.of_owner
    passes: dict[str, Kleene] = {}
    if action in s3.OWNER_ONLY and request.principal.kind != "AWSService":
        passes["only callers of the bucket owner's account"] = owner
    charged = state.requester_pays() if action != "s3:createbucket" else False
    if charged is not False:
        passes["bucket.requester_pays"] = _pays(charged, request, owner)
    if target.through_access_point:
        passes["access_point.network_origin VPC"] = _network(request, state)
    if action == "s3:deleteobjectversion":
        passes["object.legal_hold"] = negate(_held(state))
        bypass = partial(decide, _BYPASS, target, request, state)
        passes["object.retention"] = _released(request, state, bypass)
    point = target.through_access_point
    for name, refused in header_gate(action, request, state, access_point=point).items():
        passes[name] = negate(refused)
    if not passes:
        return []
    result.denies += [name for name, answer in passes.items() if answer is False]
    return list(passes.values())


def versioning_is_for_the_owner(callers: Callers) -> Kleene:
    """A15: whether GetBucketVersioning passes for a caller from outside the owner's account."""
    owner, request = callers.of_owner, callers.request
    if owner is True or request.principal.kind == "AWSService":
        return True
    return any_of(owner, request.readings.default("A15"))


def _pays(charged: Kleene, request: Request, owner: Kleene) -> Kleene:
    """R-S3-5: anonymous callers never, others outside the owner's account with the header."""
    if request.principal.kind == "AWSService":
        return True
    header = request.lookup("s3:x-amz-request-payer")
    if header is None:
        header = request.lookup("x-amz-request-payer")
    offered: Kleene = header if isinstance(header, Unknown) else header is not None
    return any_of(negate(charged), owner, all_of(request.principal.signed, offered))


def _network(request: Request, state: State) -> Kleene:
    origin = state.text("access_point.network_origin")
    if isinstance(origin, Unknown):
        return origin
    if origin is None or origin.upper() == "INTERNET":
        return True
    if origin.upper() != "VPC":
        return Unknown("access_point.network_origin")
    vpc, wanted = request.lookup("aws:sourcevpc"), state.text("access_point.vpc_id")
    for value in (vpc, wanted):
        if isinstance(value, Unknown):
            return value
    return vpc is not None and vpc == wanted


def _held(state: State) -> Kleene:
    """A legal hold, as GetObjectLegalHold returns it or its status alone."""
    hidden = state.hidden("object.legal_hold", within=True)
    if hidden is not None:
        return hidden
    value = state.object.get("legal_hold")
    if isinstance(value, dict):
        body = value.get("LegalHold", value)
        value = body.get("Status") if isinstance(body, dict) else body
    if value in ("ON", True):
        return True
    return False if value in (None, "OFF", False) else Unknown("object.legal_hold")


def _released(request: Request, state: State, bypass: Callable[[], Result]) -> Kleene:
    """No retention any more, or one of governance mode that the caller may bypass."""
    hidden = state.hidden("object.retention", within=True)
    if hidden is not None:
        return hidden
    value = state.object.get("retention")
    if value is None:
        return True
    value = value.get("Retention", value) if isinstance(value, dict) else None
    if not isinstance(value, dict) or value.get("Mode") not in ("GOVERNANCE", "COMPLIANCE"):
        return Unknown("object.retention")
    over = _over(str(value.get("RetainUntilDate")), request.time)
    return any_of(over, all_of(value.get("Mode") == "GOVERNANCE", bypass().allowed))


def _over(until: str, now: str | None) -> Kleene:
    if now is None:
        return Unknown("request.time")
    try:
        end, moment = datetime.fromisoformat(until), datetime.fromisoformat(now)
    except ValueError:
        return Unknown("object.retention")
    return _aware(moment) >= _aware(end)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
