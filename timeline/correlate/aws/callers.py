"""A caller of another account, named by an IAM listing that holds its unique id.

The resource owner's copy of a record names a foreign caller by account and unique id alone. Where
a listing of the caller's account is among the evidence, the unique id leads to the ARN, which is
never given to another principal (specification: access, 1.1).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from timeline.correlate.provider import Request
from timeline.correlate.views import Viewed
from timeline.state.aws import access_points

_UNIQUE = "aws:unique:"
_NAMED = ("aws:PrincipalArn", "aws:username")


def named(request: Request, view: Viewed, at: datetime) -> Request:
    """The request as policies see it: its caller's ARN where the history holds it; the access
    point that it came through.
    """
    request = access_points.as_seen(request)
    who = request["principal"]
    unique, _, session = str(who.get("unique_id") or "").partition(":")
    if who.get("arn") or not unique:
        return request
    arn = view.at(f"{_UNIQUE}{unique}", "arn", at).value
    if not isinstance(arn, str):
        return request
    context = {**request.get("context", {}), "aws:PrincipalArn": arn}
    principal: Mapping[str, Any] = {**who, "type": "IAMUser", "arn": arn}
    if ":role/" in arn:
        name = arn.rsplit("/", 1)[-1]
        head = arn.partition(":role/")[0].replace(":iam::", ":sts::")
        sessions = f"{head}:assumed-role/{name}/{session}"
        principal = {**who, "type": "AssumedRole", "arn": sessions, "issuer_arn": arn}
    else:
        context["aws:username"] = arn.rsplit("/", 1)[-1]
    unknown = [k for k in request.get("unknown_context", ()) if k not in _NAMED]
    return {**request, "principal": principal, "context": context, "unknown_context": unknown}
