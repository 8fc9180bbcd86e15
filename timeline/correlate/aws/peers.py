"""Callers that a document can single out, and by what: the rest may stand for each other.

A document tells callers of one account apart by a name in it (an ARN, a unique id) or by a key
that follows from the caller. Names are looked for in the text of every fact; of keys those are
listed that do not follow from the caller, so that a key which nobody thought of tells them apart.
"""

import json
import re
from functools import lru_cache
from typing import Any

from timeline.correlate.aws.requests import statements, texts
from timeline.correlate.provider import Request

#: Keys with one value for all callers of an account; every other one may follow from the caller.
_OF_REQUEST = frozenset((
    "aws:currenttime", "aws:epochtime", "aws:principalaccount", "aws:principalorgid",
    "aws:referer", "aws:securetransport", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce",
    "aws:useragent", "aws:vpcsourceip", "s3:authtype", "s3:delimiter", "s3:max-keys", "s3:prefix",
    "s3:signatureage", "s3:signatureversion", "s3:tlsversion", "s3:versionid", "s3:x-amz-acl",
    "s3:x-amz-content-sha256", "s3:x-amz-server-side-encryption",
))  # fmt: skip
#: Roles of the provider's own services are outside the policies of an organization.
_OF_SERVICE = "/aws-service-role/"
_CALLER = re.compile(r"arn:[^:]+:iam::\d{12}:(?:role|user)/(?:\S*/)?([^/\s]+)")


def caller(request: Request) -> tuple[str, tuple[str, ...]] | None:
    """The resource that holds the caller's own policies, and the names that documents know it by.

    Returns:
        None where no other caller can stand for it: a root user, a service or a role of one, and
        whoever is not named in full.
    """
    who = request["principal"]
    own = {
        "IAMUser": who.get("arn"),
        "AssumedRole": request.get("context", {}).get("aws:PrincipalArn"),
    }.get(who["type"])
    unique = str(who.get("unique_id") or "").partition(":")[0]
    named = _CALLER.fullmatch(own) if isinstance(own, str) else None
    whole = who.get("arn") and unique and who.get("issuer_arn") in (None, own)
    if named is None or not whole or request.get("also") or _OF_SERVICE in str(own):
        return None
    return str(own), (named[1], unique)


@lru_cache(maxsize=16_384)
def of_caller(value: str) -> bool:
    """Whether a fact, as JSON text, may tell callers apart by more than a name in it."""
    return "${" in value or any(map(_tells, statements(json.loads(value))))


def _tells(statement: dict[str, Any]) -> bool:
    for element in ("Principal", "NotPrincipal"):
        named = texts(statement.get(element))
        if any(name != "*" and ("*" in name or "?" in name) for name in named):
            return True
    condition = statement.get("Condition") or {}
    if not isinstance(condition, dict):
        return True
    operands = condition.values()
    return not all(isinstance(each, dict) for each in operands) or any(
        key.lower() not in _OF_REQUEST for each in operands for key in each
    )
