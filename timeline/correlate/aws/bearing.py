"""Which facts can bear on the decision of a request: the rest need not be tried.

A fact is left out only where its text alone says that no world in which it stands or falls can be
decided otherwise: a statement about other actions or other resources, an entry of a list that the
actions do not ask, a gate over public grants where nothing public can be there. Whatever is not
plain from the text (a variable, NotAction, an access point, a key's policy) bears.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from timeline.correlate.aws.requests import bucket_and_key, texts
from timeline.correlate.provider import Request
from timeline.correlate.views import Place
from timeline.policy.aws.patterns import action_regex
from timeline.policy.aws.s3 import BUCKET_ACL, DELETES, OBJECT_ACL

#: What stands in each place in some world that is tried; None = not known there.
Seen = Mapping[Place, Sequence[str] | None]

_DOCUMENTS = ("policy", "inline_policy/", "version/")
_IGNORE = "public_access_block.IgnorePublicAcls"
_RESTRICT = "public_access_block.RestrictPublicBuckets"
_BUCKET = "arn:aws:s3:::"
_TIMES = re.compile(r"currenttime|epochtime|tokenissuetime|retainuntildate", re.IGNORECASE)
_BYPASS = "s3:bypassgovernanceretention"


def bears(request: Request, place: Place, values: Sequence[str], seen: Seen) -> bool:
    """Whether a fact can matter to a request.

    Args:
        request: the request.
        place: of the fact.
        values: JSON texts that the fact has, as it stands and when undone.
        seen: everything that stands in some world.
    """
    resource, slot = place
    if slot == _IGNORE:
        return _any(seen, "acl", _is_group)
    if slot == _RESTRICT:
        return _any(seen, "policy", _may_be_public)
    if slot == "acl":
        return any(_asked(request, resource, json.loads(value)) for value in values)
    if slot.startswith(_DOCUMENTS):
        return any(
            _matches(request, json.loads(value)) or (slot == "policy" and _may_be_public(value))
            for value in values
        )
    return True


def alike(request: Request, place: Place, value: str) -> str | None:
    """A text that is equal for statements of equal effect on a request.

    Statements that differ in nothing but their Sid and their resources, and all of which match the
    request (or none of which does), decide it alike: one of them there is as good as many. None
    where that is not plain from the text.
    """
    if not place[1].startswith(("policy", "inline_policy/")) or request.get("also"):
        return None
    resource = str(request["resource"])
    told = _told(value) if resource.startswith(_BUCKET) else None
    if told is None:
        return None
    hit, rest = _hits(told[0], resource), told[1]
    return f"{hit}{rest}"


def of_time(value: str) -> bool:
    """Whether a fact names a key that follows from the time of the request, or a date of its own.

    Wider than needed: the name may stand anywhere in the text.
    """
    return _TIMES.search(value) is not None


@lru_cache(maxsize=16_384)
def _told(value: str) -> tuple[tuple[str, ...], str] | None:
    """(resource patterns, all else but the Sid) of a statement; None where that is not plain."""
    held = json.loads(value)
    statement = held.get("Statement") if isinstance(held, dict) else None
    if not isinstance(statement, dict):
        return None
    patterns = tuple(texts(statement.get("Resource")))
    plain = all(p == "*" or (p.startswith(_BUCKET) and "${" not in p) for p in patterns)
    if not patterns or not plain:
        return None
    rest = {name: each for name, each in statement.items() if name not in ("Sid", "Resource")}
    return patterns, json.dumps([held.get("Version"), rest], sort_keys=True)


@lru_cache(maxsize=65_536)
def _hits(patterns: tuple[str, ...], resource: str) -> bool:
    return any(p == "*" or _covers(p, resource, re.DOTALL) for p in patterns)


def _any(seen: Seen, slot: str, holds: Any) -> bool:  # noqa: ANN401 a predicate on JSON texts
    return any(
        values is None or any(map(holds, values))
        for (_, name), values in seen.items()
        if name == slot
    )


def _is_group(value: str) -> bool:
    held = json.loads(value)
    return not isinstance(held, dict) or held.get("Grantee", {}).get("Type") != "CanonicalUser"


def _may_be_public(value: str) -> bool:
    """Wider than the provider's rule: conditions are not looked at."""
    held = json.loads(value)
    statement = held.get("Statement") if isinstance(held, dict) else None
    if not isinstance(statement, dict) or statement.get("Effect") == "Deny":
        return not isinstance(statement, dict)
    named = statement.get("Principal")
    return not isinstance(named, dict) or "Federated" in named or "*" in texts(list(named.values()))


def _asked(request: Request, holder: str, grant: Any) -> bool:  # noqa: ANN401 JSON
    """Whether an entry of a list is one that an action of the request looks at."""
    if not isinstance(grant, dict) or "Permission" not in grant:
        return True
    if grant["Grantee"].get("Type") != "CanonicalUser":
        return True  # whether a list holds a public entry can matter to its others (A2)
    of_bucket = not bucket_and_key(holder)[1]
    wanted = {(BUCKET_ACL if of_bucket else OBJECT_ACL).get(action) for action in _actions(request)}
    if not of_bucket:  # the bucket's list covers these, whoever owns the object
        wanted |= {None} if any(a in BUCKET_ACL for a in _actions(request)) else set()
    return bool(wanted - {None}) and (
        grant["Permission"] in wanted or grant["Permission"] == "FULL_CONTROL"
    )


def _matches(request: Request, atom: Any) -> bool:  # noqa: ANN401 JSON
    """Whether a statement may be about an action and a resource of the request."""
    statement = atom.get("Statement") if isinstance(atom, dict) else None
    if not isinstance(statement, dict) or "NotAction" in statement:
        return True
    named = list(texts(statement.get("Action")))
    if not all(name.lower().startswith("s3:") for name in named):
        return True  # `*`, or a key's actions
    wanted = action_regex(named)
    if not any(wanted.fullmatch(action) for action in _actions(request)):
        return False
    patterns = list(texts(statement.get("Resource")))
    if "Resource" not in statement or any("${" in pattern for pattern in patterns):
        return True
    return any(
        ":accesspoint/" in resource or _covers(pattern, resource)
        for resource in _resources(request)
        for pattern in patterns
    )


def _actions(request: Request) -> set[str]:
    """Actions asked for, those that a copy's source needs, and what a delete may need."""
    given = request["action"]
    found = {a.lower() for a in ([given] if isinstance(given, str) else given)}
    if request.get("also"):
        found |= _actions(request["also"])
    return found | {*DELETES, _BYPASS} if found & DELETES else found


def _resources(request: Request) -> Iterator[str]:
    yield str(request["resource"])
    if request.get("also"):
        yield from _resources(request["also"])


def _covers(pattern: str, resource: str, flags: int = re.DOTALL | re.IGNORECASE) -> bool:
    """Wider than the provider's rule: `*` crosses the colons, case is not looked at.

    Equal to it, with case, for patterns and names of one bucket's or object's whole form.
    """
    source = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    padded = source if pattern.count(":") >= 5 else f"{source}.*"
    return re.fullmatch(padded, resource, flags) is not None
