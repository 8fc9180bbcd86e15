"""Which records are accesses, and what tells one request from another.

The request itself comes from `timeline.normalize.aws.request`. Here: labels, and the signature
that drops only what no document in force mentions. A signature may be finer than the evaluator
needs; it is never coarser.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from timeline.correlate.provider import Mentions, Request
from timeline.model import Json
from timeline.normalize.aws.request import DerivedRequest
from timeline.normalize.aws.request import request_of as derived

_SERVICES = ("s3.amazonaws.com", "s3-control.amazonaws.com")
_VARIABLE = re.compile(r"\$\{\s*([^},\s]+)")
_ACCESS_POINT = re.compile(r"arn:[^:]*:s3:[^:]*:\d+:accesspoint[/:][^/]+")
#: Context that other rules than conditions read: write gates, encryption, ways in, payer.
_ALWAYS = ("s3:x-amz-", "s3:dataaccesspoint", "aws:sourcevpce", "aws:viaawsservice")
_TIMES = ("aws:currenttime", "aws:epochtime")


def is_access(row: Mapping[str, Any]) -> bool:
    """Data events other than configuring ones, and reads of configuration, of S3."""
    if row["provider"] != "aws" or row["service"] not in _SERVICES:
        return False
    if row["category"] not in ("management", "data"):
        return False
    wanted = ("read", "list") if row["category"] == "management" else (
        "read", "list", "write", "delete",
    )  # fmt: skip
    return row["activity"] in wanted


def request_of(row: Mapping[str, Any]) -> Request | None:
    """The request of a row in the evaluator's form; None if its actions or resource are unknown.

    A copy's read of its source is under `also`.
    """
    found = derived(row)
    if found is None or not found.actions or found.resource is None:
        return None
    return _plain(found)


def write_request(row: Mapping[str, Any], resource_uid: str) -> Request | None:
    """The request of a configuring event, on the resource that it is recorded to have written.

    IAM events name users and roles in their parameters and no resource.
    """
    found = derived(row)
    if found is None or not found.actions:
        return None
    resource = found.resource or (resource_uid if resource_uid.startswith("arn:") else "*")
    return {**found.as_decide(), "resource": resource}


def _plain(found: DerivedRequest) -> dict[str, Any]:
    request = found.as_decide()
    if found.also is not None:
        request["also"] = _plain(found.also)
    return request


def container_label(request: Request) -> str:
    """Bucket name; empty for calls on no bucket; of an access point that is asked by its own name
    the ARN, for each has a policy of its own."""
    resource = request["resource"]
    named = _ACCESS_POINT.match(resource or "")
    return named[0] if named else bucket_and_key(resource)[0]


def bucket_and_key(resource: str | None) -> tuple[str, str]:
    """Parts of an S3 ARN; empty where there is none."""
    if not resource or not resource.startswith("arn:"):
        return "", ""
    bucket, _, key = resource.split(":", 5)[-1].partition("/")
    return bucket, key


def own_places(request: Request) -> tuple[str, ...]:
    """The object, and its version where one is named."""
    resource = request["resource"]
    if not bucket_and_key(resource)[1]:
        return ()
    version = request.get("context", {}).get("s3:VersionId")
    return (resource, f"{resource}?versionId={version}") if version else (resource,)


def principal_label(request: Request) -> str:
    """`anonymous`, an account for a caller of whom no more is known, else the ARN (of the role)."""
    who = request["principal"]
    if who["type"] == "Anonymous":
        return "anonymous"
    if who["type"] == "AWSService":
        return str(who.get("service") or "a service of the provider")
    if not who.get("arn"):
        return str(who.get("account") or who.get("canonical_id") or "a caller that is not logged")
    return _role(who, request) or str(who["arn"])


def group(request: Request) -> Mapping[str, Any]:
    """What the slice follows from: caller without its session, actions, bucket, copy source."""
    return {
        "principal": _principal(request, sessions=False),
        "action": request["action"],
        "container": container_label(request),
        "also": request["also"]["resource"] if request.get("also") else None,
    }


def signature(request: Request, mentions: Mentions) -> Mapping[str, Any]:
    """What of a request a document in force can tell apart."""
    context = request.get("context", {})
    kept = {k: v for k, v in context.items() if _counts(k.lower(), mentions)}
    unknown = [k for k in request.get("unknown_context", ()) if _may_count(k.lower(), mentions)]
    return {
        "principal": _principal(request, sessions=mentions.sessions),
        "action": request["action"],
        "container": container_label(request),
        "resource": resource_told(request["resource"], mentions),
        "context": dict(sorted(kept.items())),
        "unknown_context": sorted(unknown),
        "time": request["time"] if any(k in mentions.keys for k in _TIMES) else None,
        "also": signature(request["also"], mentions) if request.get("also") else None,
        **_version(context.get("s3:VersionId")),
        **({"operation": request["operation"]} if "operation" in request else {}),
    }


def _version(named: Json) -> dict[str, str]:
    """Whether a version is named: one by its number has not the object's own list and owner."""
    return {} if named is None else {"version": "null" if named == "null" else "named"}


def resource_label(request: Request, mentions: Mentions) -> str:
    """The longest pattern of the policies that matches, else the bucket and `/*`."""
    resource = request["resource"]
    _, key = bucket_and_key(resource)
    if not key:
        return str(resource)
    prefix = resource[: len(resource) - len(key)]
    fitting = [p for p in mentions.patterns if p.startswith(prefix) and _matches(p, resource)]
    return max(fitting, key=lambda p: (len(p), p), default=f"{prefix}*")


def mentions(values: Iterable[Json]) -> Mentions:
    """Condition keys, resource patterns and variables of all policy documents among `values`."""
    keys: set[str] = set()
    patterns: set[str] = set()
    variables, sessions = False, False
    for value in values:
        for statement in statements(value):
            found = {k.lower() for k in _condition_keys(statement)}
            named = list(texts([statement.get("Resource"), statement.get("NotResource")]))
            used = {
                v.lower()
                for text in [*named, *texts(statement.get("Condition"))]
                for v in _VARIABLE.findall(text)
            }
            keys |= found | used
            patterns.update(named)
            variables = variables or any("${" in text for text in named)
            callers = texts([statement.get("Principal"), statement.get("NotPrincipal")])
            sessions = sessions or any(":sts:" in text for text in callers)
    return Mentions(
        keys=frozenset(keys),
        patterns=tuple(sorted(patterns)),
        whole=variables,
        sessions=sessions or "aws:userid" in keys,
    )


def _principal(request: Request, *, sessions: bool) -> Mapping[str, Any]:
    who = dict(request["principal"])
    if sessions:
        return who
    role = _role(who, request)
    if role:
        who["arn"] = role
    if who.get("unique_id"):
        who["unique_id"] = str(who["unique_id"]).partition(":")[0]
    return who


def _role(who: Mapping[str, Any], request: Request) -> str | None:
    """ARN of the role behind a session: with its path where the record has it."""
    arn = str(who.get("arn") or "")
    if who["type"] != "AssumedRole" or ":assumed-role/" not in arn:
        return None
    issuer = request.get("context", {}).get("aws:PrincipalArn")
    if isinstance(issuer, str) and issuer:
        return issuer
    head, _, rest = arn.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.partition('/')[0]}"


def _counts(key: str, mentions: Mentions) -> bool:
    return key in mentions.keys or key.startswith(_ALWAYS)


def _may_count(key: str, mentions: Mentions) -> bool:
    """An unknown name may end in `*`, which stands for any rest."""
    if key.endswith("*"):
        return any(k.startswith(key[:-1]) for k in mentions.keys) or key[:-1].startswith(_ALWAYS)
    return _counts(key, mentions)


def resource_told(resource: str, mentions: Mentions) -> Json:
    """Which patterns match; the whole ARN where a pattern cannot tell (variable, colon in key)."""
    _, key = bucket_and_key(resource)
    if not key or mentions.whole or ":" in key:
        return resource
    return [p for p in mentions.patterns if _matches(p, resource)]


def _matches(pattern: str, resource: str) -> bool:
    return _compiled(pattern).fullmatch(resource) is not None


_COMPILED: dict[str, re.Pattern[str]] = {}


def _compiled(pattern: str) -> re.Pattern[str]:
    found = _COMPILED.get(pattern)
    if found is None:
        text = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
        found = _COMPILED[pattern] = re.compile(text, re.DOTALL)
    return found


def statements(value: Json) -> Iterator[dict[str, Any]]:
    """Every statement in a document, or in a list of documents."""
    if isinstance(value, list):
        for each in value:
            yield from statements(each)
    elif isinstance(value, dict):
        if "Effect" in value:
            yield value
        else:
            for each in value.values():
                yield from statements(each)


def _condition_keys(statement: Mapping[str, Any]) -> Iterator[str]:
    condition = statement.get("Condition")
    if isinstance(condition, dict):
        for operands in condition.values():
            if isinstance(operands, dict):
                yield from operands


def texts(value: Any) -> Iterator[str]:  # noqa: ANN401 JSON
    """Every text in a JSON value, keys aside."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
