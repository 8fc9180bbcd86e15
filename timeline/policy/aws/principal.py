"""Who asks, and whether a statement's Principal or NotPrincipal means them (R-IAM-9).

A match has a kind, because the kinds weigh differently in the evaluation (R-EVAL step 5):
`direct` the user, the session or everyone; `role` the role of a session; `account` its account.

References: IAM User Guide, reference_policies_elements_principal, …_notprincipal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from timeline.policy.kleene import Kleene, Unknown, any_of
from timeline.policy.malformed import MalformedError

KINDS = (
    "Anonymous",
    "IAMUser",
    "AssumedRole",
    "FederatedUser",
    "Root",
    "AWSAccount",
    "AWSService",
)


_FIELDS = ("type", "arn", "account", "canonical_id", "unique_id", "issuer_arn", "service")
#: Account ids under which logs show callers who did not sign.
_NOBODY = ("anonymous", "ANONYMOUS_PRINCIPAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller.

    Attributes:
        kind: one of `KINDS`; `AWSAccount` = a caller of whom only account and unique id are known.
        arn: user, session or root ARN; None where not known or none.
        account: 12 digits; None for anonymous callers and services.
        canonical_id: of the account, for ACL grants.
        unique_id: `AIDA…`, `AROA…:session`.
        issuer_arn: role or federating user behind a session, with its path.
        role, user, session: names taken from the ARN.
        service: `cloudtrail.amazonaws.com`.
        signed: an account's own principal: neither anonymous nor a service.
    """

    kind: str
    arn: str | None = None
    partition: str = "aws"
    account: str | None = None
    canonical_id: str | None = None
    unique_id: str | None = None
    issuer_arn: str | None = None
    role: str | None = None
    user: str | None = None
    session: str | None = None
    service: str | None = None
    signed: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "signed", self.kind not in ("Anonymous", "AWSService"))


def parse_principal(given: Mapping[str, Any]) -> Principal:
    """The `principal` object of a request.

    Raises:
        MalformedError: no type that is known.
    """
    try:
        return _parsed(*map(given.get, _FIELDS))
    except TypeError as error:  # a list or an object is never a name
        raise MalformedError(f"principal: expected text in {', '.join(_FIELDS)}") from error


@lru_cache(maxsize=8_192)
def _parsed(
    kind: str,
    arn: str | None,
    account: str | None,
    canonical_id: str | None,
    unique_id: str | None,
    issuer_arn: str | None,
    service: str | None,
) -> Principal:
    names = (kind, arn, account, canonical_id, unique_id, issuer_arn, service)
    if not all(name is None or isinstance(name, str) for name in names):
        raise MalformedError(f"principal: expected text in {', '.join(_FIELDS)}")
    if kind not in KINDS:
        raise MalformedError(f"principal.type: expected one of {', '.join(KINDS)}, found {kind!r}")
    if kind == "Anonymous" or account in _NOBODY:
        return Principal(kind="Anonymous")
    if kind == "AWSService":
        named = (service, arn, unique_id, account)
        return Principal(kind=kind, service=next((n for n in named if _is_service(n)), None))
    fields = arn.split(":", 5) if arn else []
    if len(fields) != 6:
        arn, fields = None, ["arn", "aws", "", "", "", ""]
    if kind == "AWSAccount" and arn is not None:
        kind = _kind_of(fields)
    rest = fields[5].split("/")
    account = account or fields[4] or None
    if kind == "AssumedRole" and rest[0] == "role" and len(rest) > 1:
        return _by_its_role(arn, fields, account, canonical_id, unique_id)
    if kind == "Root" and arn is None and account:
        arn = f"arn:aws:iam::{account}:root"
    return Principal(
        kind=kind,
        arn=arn,
        partition=fields[1] or "aws",
        account=account,
        canonical_id=canonical_id or None,
        unique_id=unique_id or None,
        issuer_arn=issuer_arn or None,
        role=rest[1] if rest[0] == "assumed-role" and len(rest) > 2 else None,
        user=rest[-1] if rest[0] == "user" else None,
        session="/".join(rest[2:]) if rest[0] == "assumed-role" else _federated(rest),
    )


def _by_its_role(
    arn: str | None,
    fields: list[str],
    account: str | None,
    canonical_id: str | None,
    unique_id: str | None,
) -> Principal:
    """A session named by the ARN of its role: its own ARN follows where its name is known."""
    role = fields[5].rsplit("/", 1)[1]
    session = (unique_id or "").partition(":")[2] or None
    head = f"arn:{fields[1]}:sts::{account}:assumed-role/{role}"
    return Principal(
        kind="AssumedRole",
        arn=f"{head}/{session}" if session else None,
        partition=fields[1] or "aws",
        account=account,
        canonical_id=canonical_id or None,
        unique_id=unique_id or None,
        issuer_arn=arn,
        role=role,
        session=session,
    )


def _is_service(name: str | None) -> bool:
    return name is not None and "amazonaws.com" in name


def _federated(rest: list[str]) -> str | None:
    return "/".join(rest[1:]) if rest[0] == "federated-user" else None


def _kind_of(fields: list[str]) -> str:
    """Type of a caller whose ARN is known after all."""
    kinds = {"user": "IAMUser", "assumed-role": "AssumedRole", "federated-user": "FederatedUser"}
    if fields[5] == "root":
        return "Root"
    return kinds.get(fields[5].split("/")[0], "AWSAccount")


class Match(NamedTuple):
    """How far a Principal element means a caller."""

    direct: Kleene
    role: Kleene
    account: Kleene

    @property
    def any(self) -> Kleene:
        """In one way or another."""
        return any_of(self.direct, self.role, self.account)


_NONE = Match(False, False, False)
_DIRECT = Match(True, False, False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principals:
    """A compiled Principal or NotPrincipal element."""

    everyone: bool
    accounts: frozenset[str]
    exact: frozenset[str]
    roles: frozenset[tuple[str, str]]
    canonical: frozenset[str]
    services: frozenset[str]
    ids: frozenset[str]
    federated: bool
    text: str

    def match(self, who: Principal) -> Match:
        """The match; a service is meant only where it is named, never by `*`."""
        if who.kind == "AWSService":
            return self._service(who)
        if self.everyone:
            return _DIRECT
        if who.kind == "Anonymous":
            return _NONE
        account = self._account(who)
        if who.kind == "Root":
            named = who.arn in self.exact if who.arn else False
            return Match(any_of(named, account), False, False)
        if not (self.exact or self.roles or self.ids):
            return Match(False, False, account)
        if who.arn is None:
            role = self._role(who) if who.role else self._unseen_role(who)
            return Match(self._unseen_direct(who), role, account)
        direct = any_of(who.arn in self.exact, self._by_id(who, whole=True))
        return Match(direct, self._role(who), account)

    def _service(self, who: Principal) -> Match:
        if "*" in self.services:
            return _DIRECT
        if who.service is None:
            found: Kleene = Unknown("request.principal.arn") if self.services else False
            return Match(found, False, False)
        return Match(who.service in self.services, False, False)

    def _account(self, who: Principal) -> Kleene:
        named: Kleene = False
        if self.accounts:
            if who.account is None:
                named = Unknown("request.principal.account")
            else:
                named = who.account in self.accounts
        if self.canonical and named is not True:
            if who.canonical_id is None:
                return any_of(named, Unknown("request.principal.canonical_id"))
            return any_of(named, who.canonical_id in self.canonical)
        return named

    def _role(self, who: Principal) -> Kleene:
        if who.kind == "FederatedUser":
            if who.issuer_arn:
                return who.issuer_arn in self.exact
            near = f"::{who.account}:user/"
            possible = any(near in arn for arn in self.exact)
            return Unknown("request.principal.issuer_arn") if possible else False
        if who.kind != "AssumedRole":
            return False
        named = (who.account or "", who.role or "") in self.roles
        return any_of(named, self._by_id(who, whole=False))

    def _by_id(self, who: Principal, *, whole: bool) -> Kleene:
        """Unique ids stand in a policy once its principal was deleted (`AROA…`, `AIDA…`)."""
        if not self.ids:
            return False
        if who.unique_id is None:
            prefix = "AROA" if who.kind == "AssumedRole" else "AIDA"
            fitting = any(i.startswith(prefix) and (":" in i) == whole for i in self.ids)
            if whole and who.kind == "IAMUser":
                fitting = any(i.startswith(prefix) for i in self.ids)
            return Unknown("request.principal.unique_id") if fitting else False
        return (who.unique_id if whole else who.unique_id.split(":")[0]) in self.ids

    def _unseen_direct(self, who: Principal) -> Kleene:
        """A caller known by account and unique id only: a named user or session may be it."""
        if who.unique_id and who.unique_id in self.ids:
            return True
        near = [arn for arn in self.exact if who.account is None or f"::{who.account}:" in arn]
        unique = who.unique_id or ""
        if unique.startswith("AIDA"):
            near = [arn for arn in near if ":user/" in arn]
        elif unique.startswith("AROA"):
            session = unique.partition(":")[2]
            near = [
                arn
                for arn in near
                if ":assumed-role/" in arn and (not session or arn.endswith(f"/{session}"))
            ]
        hidden = near or (not unique and self.ids)
        return Unknown("request.principal.arn") if hidden else False

    def _unseen_role(self, who: Principal) -> Kleene:
        unique = who.unique_id or ""
        if unique.split(":")[0] in self.ids:
            return True
        if unique.startswith("AIDA"):
            return False
        near = any(who.account in (None, account) for account, _ in self.roles)
        return Unknown("request.principal.arn") if near else False


def compile_principals(element: object) -> Principals:
    """A Principal element: `"*"` or a mapping of kinds to names.

    Raises:
        MalformedError: neither.
    """
    if element == "*":
        element = {"AWS": "*"}
    if not isinstance(element, Mapping):
        raise MalformedError(f'principal: expected "*" or an object, found {element!r}')
    names = {kind: _listed(value) for kind, value in element.items()}
    unknown = sorted(set(names) - {"AWS", "Service", "Federated", "CanonicalUser"})
    if unknown:
        raise MalformedError(f"principal: kind {unknown[0]!r} is not known")
    accounts, exact, roles, ids = set(), set(), set(), set()
    for name in names.get("AWS", ()):
        fields = name.split(":", 5)
        if name.isdigit():
            accounts.add(name)
        elif len(fields) == 6 and fields[5] == "root":
            accounts.add(fields[4])
        elif len(fields) == 6:
            exact.add(name)
            if fields[5].startswith("role/"):
                roles.add((fields[4], fields[5].rsplit("/", 1)[1]))
        else:
            ids.add(name)
    return Principals(
        everyone="*" in names.get("AWS", ()),
        accounts=frozenset(accounts),
        exact=frozenset(exact),
        roles=frozenset(roles),
        canonical=frozenset(names.get("CanonicalUser", ())),
        services=frozenset(names.get("Service", ())),
        ids=frozenset(ids - {"*"}),
        federated="Federated" in names,
        text=", ".join(name for kind in sorted(names) for name in names[kind]),
    )


def _listed(value: object) -> tuple[str, ...]:
    return tuple(str(v) for v in value) if isinstance(value, list) else (str(value),)
