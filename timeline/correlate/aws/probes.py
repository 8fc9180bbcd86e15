"""Requests that nobody may have made: anonymous and foreign callers of every bucket known.

A probe is sent over TLS, through no VPC endpoint; every other key that a policy of the bucket
mentions is unknown, so that a window is only where the answer does not hang on it. An object probe
stands for an object of the bucket's owner with the default access control list.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from timeline.correlate.aws import requests
from timeline.correlate.provider import Edges, Mentions, Probe
from timeline.correlate.views import Viewed
from timeline.model import Json
from timeline.normalize.aws.context import OF_CALLERS

_OBJECT_ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
_BUCKET_ACTIONS = ("s3:ListBucket",)
#: In place of `*` and `?` in a pattern: a key that no other pattern is likely to name.
_ANY, _ONE = "butfor-probe", "q"
_BUCKET = "arn:aws:s3:::"
_GROUPS = "http://acs.amazonaws.com/groups/global/"
_ENDPOINT_KEYS = ("aws:sourcevpce", "aws:sourcevpc", "aws:vpcsourceip", "aws:vpceaccount")
#: Keys that follow from the principal, the resource or the time.
_DERIVED = (
    "aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:principalisawsservice",
    "aws:username", "aws:userid", "aws:resourceaccount", "aws:currenttime", "aws:epochtime",
)  # fmt: skip


def probes(view: Viewed, edges: Edges) -> tuple[Probe, ...]:
    """All probes, in order of bucket, principal, action and pattern."""
    found: list[Probe] = []
    everything = sorted(view.resources())
    for bucket_uid in everything:
        bucket, key = requests.bucket_and_key(bucket_uid)
        if not bucket_uid.startswith(_BUCKET) or key or not bucket:
            continue
        documents = list(contents(view, edges, bucket_uid, "policy"))
        mentioned = requests.mentions(documents)
        callers = [_anonymous(mentioned), *_named(documents, mentioned)]
        for label, principal, unknown in callers:
            found += _of_bucket(bucket_uid, label, principal, unknown, mentioned)
        found += _of_objects(view, edges, everything, bucket_uid, mentioned)
    return tuple(found)


def _of_bucket(
    bucket_uid: str, label: str, principal: Mapping[str, Any], unknown: list[str], seen: Mentions
) -> Iterator[Probe]:
    patterns = {p for p in seen.patterns if p.startswith(f"{bucket_uid}/") and "${" not in p}
    for action in _BUCKET_ACTIONS:
        yield _probe(bucket_uid, bucket_uid, label, principal, unknown, action, owned=False)
    for pattern in sorted(patterns | {f"{bucket_uid}/*"}):
        resource = pattern.replace("*", _ANY).replace("?", _ONE)
        for action in _OBJECT_ACTIONS:
            yield _probe(pattern, resource, label, principal, unknown, action, owned=True)


def _of_objects(
    view: Viewed, edges: Edges, everything: list[str], bucket_uid: str, seen: Mentions
) -> Iterator[Probe]:
    """Objects whose own list ever named everyone: read by anyone."""
    label, principal, unknown = _anonymous(seen)
    for uid in everything:
        if not uid.startswith(f"{bucket_uid}/") or "?versionId=" in uid:
            continue
        if any(_public(content) for content in contents(view, edges, uid, "acl")):
            yield _probe(uid, uid, label, principal, unknown, "s3:GetObject", owned=False)


def _probe(
    pattern: str,
    resource: str,
    label: str,
    principal: Mapping[str, Any],
    unknown: list[str],
    action: str,
    *,
    owned: bool,
) -> Probe:
    return Probe(
        request={
            "principal": dict(principal),
            "action": action,
            "resource": resource,
            "time": None,
            "context": {"aws:SecureTransport": "true"},
            "unknown_context": unknown,
        },
        principal=label,
        action=action,
        resource_uid=pattern,
        container=requests.bucket_and_key(resource)[0],
        owned=owned,
        own_account_allows=label != "anonymous",
    )


def _anonymous(seen: Mentions) -> tuple[str, Mapping[str, Any], list[str]]:
    absent = {k.rstrip("*").lower() for k in OF_CALLERS}
    unknown = [k for k in open_keys(seen) if not k.startswith(tuple(sorted(absent)))]
    return "anonymous", {"type": "Anonymous"}, unknown


def _named(
    documents: list[Json], seen: Mentions
) -> Iterator[tuple[str, Mapping[str, Any], list[str]]]:
    """Accounts, users and roles that an Allow names; those of the owner are sorted out later."""
    named: set[str] = set()
    for document in documents:
        for statement in requests.statements(document):
            if statement.get("Effect") == "Allow" and isinstance(statement.get("Principal"), dict):
                named.update(requests.texts(statement["Principal"].get("AWS")))
    for name in sorted(named - {"*"}):
        principal = caller_of(name)
        if principal is not None:
            label = str(principal["account"]) if principal["type"] == "AWSAccount" else name
            yield label, principal, open_keys(seen)


def caller_of(name: str) -> Mapping[str, Any] | None:
    """The principal of a request by an ARN or an account; None for a unique id."""
    if name.isdigit():
        return {"type": "AWSAccount", "account": name}
    parts = name.split(":", 5)
    if len(parts) != 6:
        return None  # a unique id: the principal was deleted, nobody can match it
    account, what = parts[4], parts[5]
    if what == "root":
        return {"type": "AWSAccount", "account": account}
    kind, _, rest = what.partition("/")
    if kind == "user":
        return {"type": "IAMUser", "arn": name, "account": account}
    if kind == "role":
        session = f"arn:{parts[1]}:sts::{account}:assumed-role/{rest.rsplit('/', 1)[-1]}/{_ANY}"
        return {"type": "AssumedRole", "arn": session, "account": account}
    return {"type": "AssumedRole", "arn": name, "account": account} if parts[2] == "sts" else None


def open_keys(seen: Mentions) -> list[str]:
    """Condition keys that a policy mentions and that a probe leaves unknown."""
    fixed = ("aws:securetransport", *_ENDPOINT_KEYS, *_DERIVED)
    return sorted(k for k in seen.keys if k not in fixed)


def contents(view: Viewed, edges: Edges, resource_uid: str, slot: str) -> Iterator[Json]:
    """Every content that a slot is known to have had."""
    for at in edges.get((resource_uid, slot), ()):
        yield view.at(resource_uid, slot, at).value


def _public(value: Json) -> bool:
    return any(text.startswith(_GROUPS) for text in requests.texts(value))


def first_instant(edges: Edges) -> datetime | None:
    """The earliest edge of all places; None if nothing is known at all."""
    return min((times[0] for times in edges.values() if times), default=None)
