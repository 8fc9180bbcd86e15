"""What a named control does to the configuration that one request meets.

The answer is the contents of some slots at the time of the request, in place of what was there.
None = it cannot be told, because what it builds on is not known: the access is then undetermined.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from timeline.correlate.controls import Control
from timeline.correlate.views import Place, Viewed
from timeline.model import Json, Knowledge, SlotState
from timeline.policy.aws import policy_is_public

#: Parameters by name, each with one or more values.
Given: TypeAlias = Mapping[str, Sequence[str]]
Contents: TypeAlias = Mapping[Place, SlotState]

_FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_ENDPOINT = "aws:vpce:"
_VERSION = "2012-10-17"


def contents(
    control: Control, given: Given, container: str, principal: str, view: Viewed, at: datetime
) -> Contents | None:
    """Slots as they are with a control on; nothing where it does not reach the request.

    Args:
        control: of the catalogue.
        given: its parameters.
        container: of the request; empty for calls on no container in particular.
        principal: label of the caller.
        view: the history.
        at: time of the request.
    """
    if not container:
        return {}
    return _KINDS[control.kind](control, given, container, principal, view, at)


def from_records(view: Viewed, principals: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Parameters that the records themselves give: endpoints seen, users and roles that called."""
    endpoints = [uid for uid in view.resources() if uid.startswith(_ENDPOINT)]
    callers = [p for p in principals if ":role/" in p or ":user/" in p]
    return {
        "endpoint": tuple(sorted(uid.removeprefix(_ENDPOINT) for uid in endpoints)),
        "role": tuple(sorted(set(callers))),
    }


def _account_flags(
    _: Control, given: Given, container: str, principal: str, view: Viewed, at: datetime
) -> Contents | None:
    del given, principal
    owner = view.at(_uid(container), "owner", at).value
    return _flags(f"aws:account:{owner}") if owner else None


def _container_flags(
    _: Control, given: Given, container: str, principal: str, view: Viewed, at: datetime
) -> Contents:
    del given, principal, view, at
    return _flags(_uid(container))


def _ownership(
    _: Control, given: Given, container: str, principal: str, view: Viewed, at: datetime
) -> Contents:
    del given, principal, view, at
    return {(_uid(container), "ownership"): _present("BucketOwnerEnforced")}


def _public_removed(
    _: Control, given: Given, container: str, principal: str, view: Viewed, at: datetime
) -> Contents | None:
    """The policy less every statement that the provider's rule calls public."""
    del given, principal
    held = view.at(_uid(container), "policy", at)
    if held.knowledge is not Knowledge.PRESENT or not isinstance(held.value, dict):
        return {} if held.knowledge is Knowledge.ABSENT else None
    kept: list[Json] = []
    for statement in _list(held.value.get("Statement")):
        public = policy_is_public({**held.value, "Statement": [statement]})
        if public is False:
            kept.append(statement)
        elif public is not True:
            return None
    place = (_uid(container), "policy")
    return {place: _present({**held.value, "Statement": kept}) if kept else _ABSENT}


def _container_statement(
    control: Control, given: Given, container: str, principal: str, view: Viewed, at: datetime
) -> Contents | None:
    """The policy with the control's statement beside those that are there."""
    del principal
    held = view.at(_uid(container), "policy", at)
    if held.knowledge is Knowledge.UNKNOWN:
        return None
    added = substituted(control.statement, {**given, "container": (container,)})
    document = held.value if isinstance(held.value, dict) else {"Version": _VERSION}
    whole = {**document, "Statement": [*_list(document.get("Statement")), added]}
    return {(_uid(container), "policy"): _present(whole)}


def _role_statement(
    control: Control, given: Given, container: str, principal: str, view: Viewed, at: datetime
) -> Contents:
    """An inline policy of its own on the roles named; other callers are not reached."""
    del view, at
    if principal not in given.get("role", ()):
        return {}
    added = substituted(control.statement, {**given, "container": (container,)})
    document: Json = {"Version": _VERSION, "Statement": [added]}
    return {(principal, f"inline_policy/{control.name}"): _present(document)}


_KINDS: dict[str, Callable[..., Contents | None]] = {
    "account-flags": _account_flags,
    "container-flags": _container_flags,
    "ownership": _ownership,
    "public-statements-removed": _public_removed,
    "container-statement": _container_statement,
    "role-statement": _role_statement,
}


def substituted(value: Json, given: Given) -> Json:
    """A statement with its parameters filled in; several values make a list."""
    if isinstance(value, dict):
        return {name: substituted(each, given) for name, each in value.items()}
    if isinstance(value, list):
        filled: list[Json] = []
        for each in value:
            found = substituted(each, given)
            filled += found if isinstance(found, list) else [found]
        return filled
    if not isinstance(value, str):
        return value
    texts = [value]
    for name, values in sorted(given.items()):
        texts = [
            text.replace(f"{{{name}}}", one)
            for text in texts
            for one in (values if f"{{{name}}}" in text else ("",))
        ]
    return texts[0] if len(texts) == 1 else list(texts)


def _flags(uid: str) -> Contents:
    return {(uid, f"public_access_block.{flag}"): _present(True) for flag in _FLAGS}


def _uid(container: str) -> str:
    return f"arn:aws:s3:::{container}"


def _list(value: Any) -> list[Json]:  # noqa: ANN401 JSON
    return value if isinstance(value, list) else [] if value is None else [value]


_WHY = "counterfactual"
_ABSENT = SlotState(knowledge=Knowledge.ABSENT, value=None, why=_WHY)


def _present(value: Json) -> SlotState:
    return SlotState(knowledge=Knowledge.PRESENT, value=value, why=_WHY)
