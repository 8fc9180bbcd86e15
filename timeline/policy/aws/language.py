"""Policy documents, compiled once for their bytes and asked many times (R-IAM-1 to R-IAM-5).

A document that cannot be read as the policy language is kept with its `problem`: whatever it
might say, it makes the answer unknown by that name, never a yes or a no.

References: IAM User Guide, reference_policies_grammar, reference_policies_elements_*.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import msgspec

from timeline.policy.aws.conditions import Condition, compile_condition
from timeline.policy.aws.context import Request
from timeline.policy.aws.patterns import Pattern, action_regex
from timeline.policy.aws.principal import Match, Principals, compile_principals
from timeline.policy.kleene import Kleene, Unknown, any_in, any_of, merge, negate
from timeline.policy.malformed import MalformedError

#: Policies kept compiled; a run of `butfor decide` is specified for 200 distinct ones.
CACHE = 2_048
#: Actions of which a document keeps the statements that name them.
_ACTIONS_KEPT = 512
_VARIABLES_SINCE = "2012-10-17"
#: Members in which the provider's calls return a document (GetBucketPolicy, GetRolePolicy,
#: GetPolicyVersion, DescribePolicy of Organizations …).
_ENVELOPES = ("PolicyDocument", "PolicyVersion", "Document", "Policy", "Content")


class Statement:
    """One statement.

    Attributes:
        allows, denies: its effect; both are true of a statement whose effect cannot be read.
        label: `#2` or `#2(Sid)`, for reasons.
        principals: compiled Principal or NotPrincipal, None without either.
        conditions: in the document's order.
        action_texts: patterns as written, for the public-policy rule.
    """

    __slots__ = (
        "_action_regex",
        "_everything",
        "_not_action",
        "_not_resource",
        "_patterns",
        "_resource_regex",
        "_unconditional",
        "action_texts",
        "allows",
        "conditions",
        "denies",
        "has_principal",
        "label",
        "not_principal",
        "principals",
        "problem",
    )

    def __init__(self, number: int, body: Mapping[str, Any], *, variables: bool) -> None:
        sid = body.get("Sid")
        self.label = f"#{number}({sid})" if sid else f"#{number}"
        self.problem = _problem(body)
        effect = body.get("Effect")
        self.allows = effect != "Deny"
        self.denies = effect != "Allow"
        self._not_action = "NotAction" in body
        self.action_texts = _strings(body.get("NotAction" if self._not_action else "Action", ()))
        self._action_regex = action_regex(self.action_texts)
        self._not_resource = "NotResource" in body
        name = "NotResource" if self._not_resource else "Resource"
        resources = _strings(body.get(name, ())) if name in body else ("*",)
        self._patterns = tuple(Pattern(r, "arn", variables=variables) for r in resources)
        plain = [p.plain.pattern for p in self._patterns if p.plain is not None]
        self._everything = "*" in resources
        self._resource_regex = re.compile("|".join(plain) if plain else r"(?!)", re.DOTALL)
        self._patterns = tuple(p for p in self._patterns if p.variables)
        self.not_principal = "NotPrincipal" in body
        self.has_principal = self.not_principal or "Principal" in body
        self.principals = _principals(body)
        if self.principals is None and self.has_principal:
            self.problem = self.problem or "principal"
        self.conditions = _conditions(body.get("Condition"), variables)
        self._unconditional = not self.conditions

    def names(self, action: str) -> bool:
        """Whether Action or NotAction covers the action, given in lower case."""
        return (self._action_regex.fullmatch(action) is not None) is not self._not_action

    def applies(self, resource: str, request: Request) -> Kleene:
        """Whether resource and conditions match; action and principal are asked apart.

        Args:
            resource: ARN as this document sees it.
            request: for variables and context keys.
        """
        if self.problem:
            return Unknown(f"malformed statement {self.label}: {self.problem}")
        covered = self._covers(resource, request)
        if covered is False or self._unconditional:
            return covered
        unknown = covered if isinstance(covered, Unknown) else None
        for condition in self.conditions:
            held = condition.holds(request)
            if held is False:
                return False
            if isinstance(held, Unknown):
                unknown = held if unknown is None else merge(unknown, held)
        return True if unknown is None else unknown

    def _covers(self, resource: str, request: Request) -> Kleene:
        plain = self._everything or self._resource_regex.fullmatch(resource) is not None
        if not self._patterns:
            return plain is not self._not_resource
        if not self._not_resource:
            return plain or any_in(p.matches(resource, request) for p in self._patterns)
        if plain:
            return False
        # A3: a NotResource with a variable that cannot be resolved: the statement is void.
        answers: list[Kleene] = []
        for pattern in self._patterns:
            resolved = pattern.resolved(request)
            if resolved is None:
                answers.append(request.readings.default("A3"))
            elif isinstance(resolved, Unknown):
                request.readings.default("A3")
                answers.append(resolved)
            else:
                answers.append(pattern.matches(resource, request))
        return negate(any_of(*answers))

    def may_allow(self, families: tuple[str, ...]) -> bool:
        """Whether it names an S3 action whose name starts with one of these (lower case)."""
        if self._not_action:
            return True
        for text in self.action_texts:
            service, _, name = text.lower().partition(":")
            start = name.split("*")[0].split("?")[0]
            wild = start != name
            if text == "*" or (
                service == "s3"
                and any(start.startswith(f) or (wild and f.startswith(start)) for f in families)
            ):
                return True
        return False

    def speaks_to(self, request: Request, *, bounded: Kleene = False) -> Match:
        """Whether the Principal element means the caller; without the element, everybody.

        Args:
            request: for the caller.
            bounded: whether the caller has a permissions boundary: with one, NotPrincipal in a
                Deny excludes nobody (access_policies_boundaries).
        """
        if self.principals is None:
            problem = self.problem or "no principal"
            return Match(Unknown(f"malformed statement {self.label}: {problem}"), False, False)
        who = request.principal
        found = self.principals.match(who)
        if not self.not_principal:
            if who.kind == "AWSService" and self.denies and self.principals.everyone:
                return Match(True, False, False)
            return found
        if who.kind == "AWSService" and not self.denies:
            return Match(False, False, False)
        excluded = found.any
        if who.kind in ("AssumedRole", "FederatedUser") and found.direct is not True:
            indirect = any_of(found.role, found.account)
            if indirect is not False and not request.readings.default("A10"):
                excluded = found.direct
        speaks = negate(excluded)
        return Match(any_of(speaks, bounded) if self.denies else speaks, False, False)


class Document:
    """A compiled policy.

    Attributes:
        allows, denies: its statements by effect, in order.
        problem: why it cannot be read, or "".
    """

    __slots__ = ("_allowing", "_denying", "allows", "denies", "problem")

    def __init__(self, statements: tuple[Statement, ...], problem: str = "") -> None:
        self.allows = tuple(s for s in statements if s.allows)
        self.denies = tuple(s for s in statements if s.denies)
        self.problem = problem
        self._allowing: dict[str, tuple[Statement, ...]] = {}
        self._denying: dict[str, tuple[Statement, ...]] = {}

    def allowing(self, action: str) -> tuple[Statement, ...]:
        """Allow statements that may cover an action, given in lower case."""
        found = self._allowing.get(action)
        return _asked(self.allows, action, self._allowing) if found is None else found

    def denying(self, action: str) -> tuple[Statement, ...]:
        """Deny statements that may cover an action, given in lower case."""
        found = self._denying.get(action)
        return _asked(self.denies, action, self._denying) if found is None else found


def _asked(
    statements: tuple[Statement, ...], action: str, kept: dict[str, tuple[Statement, ...]]
) -> tuple[Statement, ...]:
    """Of the statements those on the action, and those that cannot be read; kept by the action."""
    found = tuple(s for s in statements if s.problem or s.names(action))
    if len(kept) < _ACTIONS_KEPT:
        kept[action] = found
    return found


def compile_document(document: object) -> Document:
    """The compiled form of a policy: an object, or its JSON text as some calls return it.

    `bytes` are the JSON of either.
    """
    if type(document) is bytes:
        return _compiled_json(document)
    if type(document) is dict or isinstance(document, Mapping):
        if "Statement" not in document:
            for envelope in _ENVELOPES:
                if envelope in document:
                    return compile_document(document[envelope])
        try:
            content = msgspec.json.encode(document)
        except (RecursionError, UnicodeEncodeError, TypeError) as error:
            return Document((), f"not JSON: {type(error).__name__}")
        return _compiled(content)
    if isinstance(document, str):
        text = unquote(document) if document.lstrip()[:3].upper() == "%7B" else document
        return _compiled_json(text.encode("utf-8", "surrogatepass"))
    return Document((), f"expected an object, found {type(document).__name__}")


@lru_cache(maxsize=CACHE)
def _compiled_json(content: bytes) -> Document:
    try:
        body, twice = msgspec.json.decode(content), _twice(content)
    except (ValueError, RecursionError) as error:
        return Document((), f"not JSON: {error}")
    if twice:
        return Document((), f"member {twice!r} stands twice in an object")
    return compile_document(body)


def _twice(content: bytes) -> str:
    """A member that an object holds twice, or "": no page says which of the two would count."""
    found: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> None:
        found.extend(name for name, n in Counter(name for name, _ in pairs).items() if n > 1)

    json.loads(content, object_pairs_hook=members)
    return found[0] if found else ""


@lru_cache(maxsize=CACHE)
def _compiled(content: bytes) -> Document:
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Document((), f"not JSON: {error}")
    if not isinstance(body, dict):
        return Document((), f"expected an object, found {type(body).__name__}")
    listed = body.get("Statement")
    if isinstance(listed, dict):
        listed = [listed]
    if not isinstance(listed, list) or not all(isinstance(s, dict) for s in listed):
        return Document((), "Statement: expected an object or a list of objects")
    variables = body.get("Version") == _VARIABLES_SINCE
    return Document(tuple(Statement(n, s, variables=variables) for n, s in enumerate(listed)))


def _problem(body: Mapping[str, Any]) -> str:
    """What keeps a statement from being read, or ""."""
    if body.get("Effect") not in ("Allow", "Deny"):
        return f"Effect: expected Allow or Deny, found {body.get('Effect')!r}"
    for name in ("Action", "Resource", "Principal"):
        if name in body and f"Not{name}" in body:
            return f"both {name} and Not{name}"
    if "Action" not in body and "NotAction" not in body:
        return "neither Action nor NotAction"
    for name in ("Action", "NotAction", "Resource", "NotResource"):
        if name in body and not _is_strings(body[name]):
            return f"{name}: expected a text or a list of texts"
    if "Resource" not in body and "NotResource" not in body and not _is_trust(body):
        return "neither Resource nor NotResource"
    condition = body.get("Condition")
    if condition is not None and not (
        isinstance(condition, Mapping) and all(isinstance(c, Mapping) for c in condition.values())
    ):
        return "Condition: expected an object of objects"
    return ""


def _is_trust(body: Mapping[str, Any]) -> bool:
    """Role trust policies name no resource: they hang on it."""
    return all(action.lower().startswith("sts:") for action in _strings(body.get("Action")))


def _is_strings(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    )


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def _principals(body: Mapping[str, Any]) -> Principals | None:
    if "Principal" in body and "NotPrincipal" in body:
        return None
    for name in ("Principal", "NotPrincipal"):
        if name in body:
            try:
                return compile_principals(body[name])
            except MalformedError:
                return None
    return None


def _conditions(block: object, variables: bool) -> tuple[Condition, ...]:
    return tuple(_each_condition(block, variables)) if isinstance(block, Mapping) else ()


def _each_condition(block: Mapping[str, Any], variables: bool) -> Iterator[Condition]:
    for operator, keys in block.items():
        if isinstance(keys, Mapping):
            for key, value in keys.items():
                yield compile_condition(operator, key, value, variables=variables)
