"""A request with its state, parsed once and put to the evaluation under one or more readings."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from timeline.policy.aws.callers import Result
from timeline.policy.aws.conditions.dates import iso
from timeline.policy.aws.context import Readings, Request, Value, context_values
from timeline.policy.aws.evaluation import decide_action
from timeline.policy.aws.gates import header_gate, payload_gate
from timeline.policy.aws.principal import Principal, parse_principal
from timeline.policy.aws.slots import State
from timeline.policy.aws.target import Target, target_of
from timeline.policy.kleene import Kleene, all_of, any_of, negate
from timeline.policy.malformed import MalformedError

_DELETE, _VERSION = "s3:deleteobject", "s3:deleteobjectversion"


class Question:
    """Request and state, parsed once and decided under one or more readings.

    `gates_only` leaves the caller's permissions aside.

    Raises:
        MalformedError: request or state are not of the specified form.
    """

    __slots__ = (
        "actions",
        "context",
        "gates_only",
        "operation",
        "payload",
        "principal",
        "state",
        "targets",
        "time",
        "unknown_context",
        "wide",
    )

    def __init__(
        self,
        request: Mapping[str, Any],
        state: Mapping[str, Any],
        unknown: Collection[str],
        gates_only: bool,
    ) -> None:
        self.gates_only = gates_only
        self.payload = request.get("payload") or {}
        self.unknown_context = _names(request.get("unknown_context"))
        if unknown:
            self.unknown_context = [*self.unknown_context, *_context_of(unknown)]
        given = request.get("principal")
        if type(given) is not dict and not isinstance(given, Mapping):
            raise MalformedError(f"request.principal: expected an object, found {given!r}")
        principal = parse_principal(_visible(given, unknown) if unknown else given)
        self.state = State(state, _of_account(principal.account, unknown) if unknown else ())
        self.principal = _known_canonical(principal, self.state)
        action = request.get("action")
        self.actions = (action,) if isinstance(action, str) else _listed(action)
        if not self.actions or not all(map(_is_action, self.actions)):
            raise MalformedError(f"request.action: expected service:Action, found {action!r}")
        name = self.state.bucket.get("name")
        if name is not None and not isinstance(name, str):
            raise MalformedError(f"state.bucket.name: expected a name, found {name!r}")
        resource = request.get("resource")
        if resource is not None and not isinstance(resource, str):
            raise MalformedError(f"request.resource: expected an ARN, found {resource!r}")
        point = self.state.named_access_point()
        self.actions = tuple(a.lower() for a in self.actions)
        self.targets = [target_of(resource, a.partition(":")[0], name, point) for a in self.actions]
        time = None if "request.time" in unknown else request.get("time")
        self.time = None if time is None else iso(str(time))
        self.operation = request.get("operation")
        # A context of which nothing is known: any key.
        self.wide = _beginnings(self.unknown_context) if self.unknown_context else ()
        if "request.context" in unknown:
            self.wide = ("",)
        context = request.get("context") or {}
        if type(context) is not dict and not isinstance(context, Mapping):
            raise MalformedError(f"request.context: expected an object, found {context!r}")
        self.context = context_values(context)

    def decide(self, flips: Collection[str]) -> tuple[Result, frozenset[str]]:
        """All actions under one reading; the ids that were met."""
        results = []
        met: set[str] = set()
        for action, target in zip(self.actions, self.targets, strict=True):
            readings = Readings(flips)
            asked = self._request(target, readings)
            if self.gates_only:
                results.append(self._gates(action, target, asked))
            else:
                results.append(decide_action(action, target, asked, self.state))
                if action == _VERSION and self._needs_delete(results[-1], readings):
                    results.append(decide_action(_DELETE, target, asked, self.state))
            met |= readings.touched
        return results[0] if len(results) == 1 else _together(results), frozenset(met)

    def _needs_delete(self, found: Result, readings: Readings) -> bool:
        """A14: does a delete with a version id need DeleteObject too?"""
        if found.allowed is False or _DELETE in self.actions:
            return False
        return not readings.default("A14")

    def _resource_account(self, target: Target) -> str | None:
        if target.service != "s3":
            return target.account or self.principal.account
        if not target.bucket:
            return self.principal.account
        owner = self.state.text("bucket.owner_account")
        return owner if isinstance(owner, str) else None

    def _point_keys(self, target: Target) -> dict[str, Value]:
        """Keys that a request through an access point carries (R-S3-13)."""
        origin = self.state.text("access_point.network_origin")
        origin = "Internet" if origin is None else origin
        keys: dict[str, Value] = {
            "s3:dataaccesspointarn": target.arn.partition("/object/")[0],
            "s3:dataaccesspointaccount": target.account,
            "s3:accesspointnetworkorigin": origin,
        }
        unknown = {key.lower() for key in self.unknown_context}
        return {key: value for key, value in keys.items() if key not in unknown}

    def _gates(self, action: str, target: Target, asked: Request) -> Result:
        """Every gate that the write meets."""
        point = target.through_access_point
        gates: dict[str, Kleene] = {
            **header_gate(action, asked, self.state, access_point=point),
            **payload_gate(action, self.payload, asked, self.state),
        }
        refusals = [name for name, refused in gates.items() if refused is True]
        return Result(negate(any_of(*gates.values())), denies=refusals)

    def _request(self, target: Target, readings: Readings) -> Request:
        context = self.context
        if target.through_access_point:
            context = {**self._point_keys(target), **context}
        return Request(
            self.principal,
            context,
            self.unknown_context,
            time=self.time,
            resource_account=self._resource_account(target),
            operation=self.operation,
            readings=readings,
            wide=self.wide,
        )


def _together(results: list[Result]) -> Result:
    """All actions must be allowed."""
    first = Result(all_of(*(r.allowed for r in results)))
    first.explicit = any(r.allowed is False and r.explicit for r in results)
    for result in results:
        first.paths += result.paths
        first.denies += result.denies
        first.voided += result.voided
    return first


def _listed(value: object) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _is_action(value: object) -> bool:
    return isinstance(value, str) and ":" in value


def _visible(principal: Mapping[str, Any], unknown: Collection[str]) -> Mapping[str, Any]:
    """The principal less the fields that are named unknown."""
    lost = {path.rpartition(".")[2] for path in unknown if "principal." in path}
    return {k: v for k, v in principal.items() if k not in lost} if lost else principal


def _beginnings(unknown: Collection[str]) -> tuple[str, ...]:
    """`aws:PrincipalTag/*` stands for any rest."""
    return tuple(key[:-1].lower() for key in unknown if key.endswith("*"))


def _names(value: object) -> Collection[str]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise MalformedError(f"request.unknown_context: expected a list of keys, found {value!r}")
    return value


def _of_account(account: str | None, unknown: Collection[str]) -> Collection[str]:
    """Less what is not known of the identity policies of accounts that are not the caller's."""
    if account is None or not any(path.startswith("identity:") for path in unknown):
        return unknown
    mine = f"identity:{account}"
    return [path for path in unknown if path == mine or not path.startswith("identity:")]


def _context_of(unknown: Collection[str]) -> Collection[str]:
    """Context keys among the unknown paths, with or without `request.context.`."""
    if not unknown:
        return ()
    paths = (path.removeprefix("request.").removeprefix("context.") for path in unknown)
    return [path for path in paths if ":" in path and not path.startswith("identity:")]


def _known_canonical(principal: Principal, state: State) -> Principal:
    """An account's canonical id follows from the bucket or object that it owns, and the reverse."""
    named, number = principal.canonical_id, principal.account
    if not principal.signed or (named is None) is (number is None):
        return principal
    for holder in ("bucket", "object"):
        account = state.text(f"{holder}.owner_account")
        canonical = state.canonical_id(holder)
        if not isinstance(canonical, str) or not isinstance(account, str):
            continue
        if account == number or canonical == named:
            return replace(principal, account=account, canonical_id=canonical)
    return principal
