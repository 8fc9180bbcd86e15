"""The request as policies see it: principal, context keys, and the keys that follow from them.

A key is a text, a tuple of texts (multivalued), `SomePath` (a role ARN whose path the records do
not hold), None (absent) or `Unknown`. Section 1.1 and 6 of the specification.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, TypeAlias

from timeline.policy.aws.principal import Principal
from timeline.policy.kleene import Kleene, Unknown
from timeline.policy.malformed import MalformedError


@dataclass(frozen=True, slots=True)
class SomePath:
    """ARN of a role of which the session ARN has lost the path (R-IAM-10)."""

    head: str
    name: str

    def at(self, path: str) -> str:
        """The ARN if this were the path (`` or `a/b/`)."""
        return f"{self.head}{path}{self.name}"


Value: TypeAlias = str | tuple[str | SomePath, ...] | SomePath | Unknown | None

#: Keys that the documentation calls multivalued: one element of them is still a list.
MULTIVALUED = frozenset(
    (
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:tagkeys",
        "aws:sourceorgpaths",
        "aws:vpceorgpaths",
        "kms:encryptioncontextkeys",
        "kms:grantoperations",
        "kms:resourcealiases",
        "s3:inventoryaccessibleoptionalfields",
        "s3:requestobjecttagkeys",
        "sts:transitivetagkeys",
    )
)


class Readings:
    """Which reading of each ambiguity is taken, and which ids were come across at all."""

    __slots__ = ("other", "touched")

    def __init__(self, other: Collection[str] = ()) -> None:
        self.other = frozenset(other)
        self.touched: set[str] = set()

    def begin(self) -> set[str]:
        """Start afresh; returns what was met until now."""
        met, self.touched = self.touched, set()
        return met

    def end(self, met: set[str], *, forget: bool) -> None:
        """Join with what was met before; `forget` what was met since, which decided nothing."""
        self.touched = met if forget else met | self.touched

    def default(self, ambiguity: str) -> bool:
        """True for the reading the register names first."""
        self.touched.add(ambiguity)
        return ambiguity not in self.other


class Request:
    """One request with its context; `readings` collects the ambiguities met on the way."""

    __slots__ = (
        "_known",
        "_unknown",
        "_wide",
        "operation",
        "principal",
        "readings",
        "resource_account",
        "time",
    )

    def __init__(
        self,
        principal: Principal,
        context: Mapping[str, Value],
        unknown: Collection[str],
        *,
        time: str | None,
        resource_account: str | None,
        readings: Readings,
        wide: tuple[str, ...] = (),
        operation: str | None = None,
    ) -> None:
        self.principal = principal
        self.operation = operation
        self._known = dict(context)
        self._unknown = _named(unknown) if unknown else {}
        for key in self._unknown:  # what is given and named unknown is not known
            self._known.pop(key, None)
        self._wide = wide
        self.time = time
        self.resource_account = resource_account
        self.readings = readings

    def lookup(self, key: str) -> Value:
        """Value of a context key given in lower case."""
        try:
            return self._known[key]
        except KeyError:
            pass
        value: Value
        if key in self._unknown or (self._wide and key.startswith(self._wide)):
            value = Unknown(self._unknown.get(key, key))
        else:
            derive = DERIVED.get(key)
            value = derive(self) if derive is not None else None
        self._known[key] = value
        return value

    def for_service(
        self,
        added: Mapping[str, Value],
        unknown: Collection[str],
        wide: tuple[str, ...],
        resource_account: str,
    ) -> "Request":
        """The same caller as another service sees it, called by S3 on its behalf.

        Args:
            added: keys that it sees, in lower case.
            unknown: keys that are known here and not there.
            wide: beginnings of keys that are not known there unless added.
            resource_account: owner of what is asked for there.
        """
        lost = {key.lower(): key for key in unknown}
        kept = {k: v for k, v in self._known.items() if k not in lost and not k.startswith("s3:")}
        kept.pop("aws:resourceaccount", None)
        named = [
            name
            for key, name in self._unknown.items()
            if not key.startswith("s3:") and key not in added
        ]
        return Request(
            self.principal,
            {**kept, **added},
            [*named, *lost.values()],
            time=self.time,
            resource_account=resource_account,
            readings=self.readings,
            wide=(*wide, *(begin for begin in self._wide if not begin.startswith("s3:"))),
        )


def context_values(given: Mapping[str, Any]) -> dict[str, Value]:
    """`request.context` with keys in lower case and values as text."""
    values: dict[str, Value] = {}
    for name, value in given.items():
        key = name.lower()
        if type(value) is str:
            values[key] = (value,) if key in MULTIVALUED else value
            if key in _ADDRESSES and not _is_address(value):
                values[key] = Unknown(name)  # `AWS Internal`, a service: no address is shown
        elif isinstance(value, list | tuple):
            listed = tuple(_text(each) for each in value)
            few = len(listed) < 2 and key not in MULTIVALUED
            values[key] = (listed[0] if listed else None) if few else listed
        elif value is None:
            values[key] = None
        else:
            values[key] = (_text(value),) if key in MULTIVALUED else _text(value)
    return values


#: Keys that always hold an address in the request itself.
_ADDRESSES = ("aws:sourceip", "aws:vpcsourceip")


@lru_cache(maxsize=65_536)
def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise MalformedError(f"request.context: expected texts, found {value!r}")


def _principal_arn(request: Request) -> Value:
    who = request.principal
    if who.kind in ("Anonymous", "AWSService"):
        return None
    if who.kind == "AssumedRole" and who.account and who.role:
        if who.issuer_arn:
            return who.issuer_arn
        return SomePath(f"arn:{who.partition}:iam::{who.account}:role/", who.role)
    if who.arn is None or who.kind == "AssumedRole":
        return Unknown("request.principal.arn")
    return who.arn


def _principal_account(request: Request) -> Value:
    who = request.principal
    if who.kind == "Anonymous":
        return "anonymous"
    return who.account or Unknown("request.principal.account")


def _principal_type(request: Request) -> Value:
    return _TYPES.get(request.principal.kind) or Unknown("aws:PrincipalType")


_TYPES = {
    "Anonymous": "Anonymous",
    "Root": "Account",
    "IAMUser": "User",
    "AssumedRole": "AssumedRole",
    "FederatedUser": "FederatedUser",
}


def _is_service(request: Request) -> Value:
    if request.principal.kind == "Anonymous":
        return None
    return "true" if request.principal.kind == "AWSService" else "false"


def _service_name(request: Request) -> Value:
    who = request.principal
    if who.kind != "AWSService":
        return None
    return who.service or Unknown("aws:PrincipalServiceName")


def _username(request: Request) -> Value:
    who = request.principal
    if who.kind == "IAMUser":
        return who.user or Unknown("aws:username")
    if who.kind == "AWSAccount":
        return None if (who.unique_id or "").startswith("AROA") else Unknown("aws:username")
    return None


def _userid(request: Request) -> Value:
    who = request.principal
    if who.kind == "Anonymous":
        return "anonymous"
    if who.kind == "Root" and who.account:
        return who.account
    if who.kind == "FederatedUser" and who.account and who.session:
        return f"{who.account}:{who.session}"
    if who.unique_id is None:
        return Unknown("aws:userid")
    if who.kind == "AssumedRole" and ":" not in who.unique_id:
        return f"{who.unique_id}:{who.session}" if who.session else Unknown("aws:userid")
    return who.unique_id


def _resource_account(request: Request) -> Value:
    return request.resource_account or Unknown("aws:ResourceAccount")


def _current_time(request: Request) -> Value:
    return request.time or Unknown("aws:CurrentTime")


def _epoch_time(request: Request) -> Value:
    if not request.time:
        return Unknown("aws:EpochTime")
    moment = datetime.fromisoformat(request.time)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return str(int(aware.timestamp()))


#: Keys that follow from principal, resource and time where the context does not give them.
DERIVED: dict[str, Callable[[Request], Value]] = {
    "aws:principalarn": _principal_arn,
    "aws:principalaccount": _principal_account,
    "aws:principaltype": _principal_type,
    "aws:principalisawsservice": _is_service,
    "aws:principalservicename": _service_name,
    "aws:username": _username,
    "aws:userid": _userid,
    "aws:resourceaccount": _resource_account,
    "s3:resourceaccount": _resource_account,
    "aws:currenttime": _current_time,
    "aws:epochtime": _epoch_time,
}


def _named(keys: Collection[str]) -> dict[str, str]:
    """Names by their lower case, so that a reason spells a key as the caller did."""
    return {key.lower(): key for key in keys}


def in_account(request: Request, account: str | Unknown | None, slot: str) -> Kleene:
    """Whether the caller belongs to the account."""
    who = request.principal
    if not who.signed:
        return False
    if isinstance(account, Unknown):
        return account
    if account is None:
        return Unknown(slot)
    if who.account is None:
        return Unknown("request.principal.account")
    return who.account == account
