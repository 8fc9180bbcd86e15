"""The `state` object of a request: each slot present, absent, or unknown by its dotted path.

Documents come in the provider's own form, as its API returns them; the envelopes of those calls
(`PublicAccessBlockConfiguration`, `OwnershipControls`, `PolicyDocument`) are taken off here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import msgspec

from timeline.policy.aws.language import CACHE, Document, compile_document
from timeline.policy.aws.members import Members
from timeline.policy.kleene import Kleene, Unknown, pending
from timeline.policy.malformed import MalformedError

ENFORCED = "BucketOwnerEnforced"
_LISTED = msgspec.json.Decoder(list[msgspec.Raw])
_OWNERSHIPS = (ENFORCED, "BucketOwnerPreferred", "ObjectWriter")
_PERMISSIONS = ("READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL")
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
SIGNED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"


@dataclass(frozen=True, slots=True)
class PolicySet:
    """The documents of one slot.

    Attributes:
        slot: dotted path.
        documents: (label, compiled) in the order given.
        further: not None if there may be statements that are not known.
        present: whether there is any document at all.
        silent: neither a document nor the possibility of one.
    """

    slot: str
    documents: tuple[tuple[str, Document], ...] = ()
    further: Unknown | None = None
    present: Kleene = field(init=False)
    silent: bool = field(init=False)

    def __post_init__(self) -> None:
        present = True if self.documents else pending(self.further)
        object.__setattr__(self, "present", present)
        object.__setattr__(self, "silent", present is False)


@dataclass(frozen=True, slots=True)
class AclGrant:
    """One grant of an access control list.

    Attributes:
        grantee: a canonical id or a group's URI.
        public: to everyone, or to everyone signed in to any account (R-S3-1).
        label: for reasons.
    """

    grantee: str
    permission: str
    group: bool
    public: bool = field(init=False)
    label: str = field(init=False)

    def __post_init__(self) -> None:
        public = self.group and self.grantee in (ALL_USERS, SIGNED_USERS)
        object.__setattr__(self, "public", public)
        name = self.grantee.rsplit("/", 1)[-1]
        object.__setattr__(self, "label", f"{name} {self.permission}")


@dataclass(frozen=True, slots=True)
class Acl:
    """An access control list; `further` if grants may be missing from it."""

    slot: str
    owner: str | None
    grants: tuple[AclGrant, ...]
    further: Unknown | None


class State:
    """One configuration state with its unknown paths; each slot is read once and kept."""

    __slots__ = ("_kept", "_parts", "_unknown", "access_point", "bucket", "given", "object")

    def __init__(self, given: Mapping[str, Any], unknown: Collection[str]) -> None:
        self.given = given
        self._unknown = _paths(unknown) if unknown else ()
        self._kept: dict[str, Any] = {}
        if isinstance(given, Members) and not self._unknown:
            self._kept = given.kept
        self.bucket = _mapping(given.get("bucket"), "state.bucket")
        self.object = _mapping(given.get("object"), "state.object")
        self.access_point = _mapping(given.get("access_point"), "state.access_point")
        self._parts: dict[str, Mapping[str, Any]] = {
            "": given,
            "bucket": self.bucket,
            "object": self.object,
            "access_point": self.access_point,
        }

    def hidden(self, path: str, *, within: bool = False) -> Unknown | None:
        """Not None if the path, one above it, or (`within`) one below it is not known."""
        for name in self._unknown:
            if path == name or path.startswith(f"{name}."):
                return Unknown(name)
            if within and name.startswith(f"{path}."):
                return Unknown(name)
        return None

    def _value(self, path: str) -> Any:  # noqa: ANN401 - whatever the line holds there
        part, name = _place(path)
        return self._parts[part].get(name)

    def text(self, path: str) -> str | Unknown | None:
        """A text slot such as `bucket.owner_account`."""
        if path not in self._kept:
            hidden = self.hidden(path) if self._unknown else None
            value = self._value(path)
            text = value if value is None or isinstance(value, str) else _number(path, value)
            self._kept[path] = text if hidden is None else hidden
        found: str | Unknown | None = self._kept[path]
        return found

    def named_access_point(self) -> tuple[str, str | None] | None:
        """ARN and alias of the access point whose state is given."""
        arn = self.access_point.get("arn")
        if not isinstance(arn, str):
            return None
        alias = self.access_point.get("alias")
        return arn, alias if isinstance(alias, str) else None

    def canonical_id(self, holder: str) -> str | Unknown | None:
        """Canonical id of the owner of `bucket` or `object`, from its ACL where not given."""
        given = self.text(f"{holder}.owner_canonical_id")
        return self.acl(holder).owner if given is None else given

    def policy(self, path: str) -> PolicySet:
        """A slot that holds one document."""
        if path not in self._kept:
            value = self._value(path)
            further = self.hidden(path, within=True) if self._unknown else None
            self._kept[path] = _one(path, value, further)
        found: PolicySet = self._kept[path]
        return found

    def policies(self, path: str) -> PolicySet:
        """A slot that holds a list of documents."""
        if path not in self._kept:
            further = self.hidden(path, within=True) if self._unknown else None
            if path == "identity_policies" and further is None and self._unknown:
                accounts = (Unknown(n) for n in self._unknown if n.startswith("identity:"))
                further = next(accounts, None)
            self._kept[path] = _set(path, self.given.get(path), further)
        found: PolicySet = self._kept[path]
        return found

    def levels(self, path: str) -> tuple[PolicySet, ...]:
        """Service or resource control policies, one set per level, root first."""
        if path not in self._kept:
            given = self.given.get(path) is not None or self._unknown
            self._kept[path] = self._levels(path) if given else ()
        found: tuple[PolicySet, ...] = self._kept[path]
        return found

    def _levels(self, path: str) -> tuple[PolicySet, ...]:
        value = self.given.get(path)
        further = self.hidden(path, within=True)
        found: tuple[PolicySet, ...] = ()
        if value is not None:
            found = _levels_of(path, value) if type(value) is bytes else _each_level(path, value)
        if further is not None:
            found = (*found, PolicySet(path, (), further))
        return found

    def flag(self, holder: str, name: str) -> Kleene:
        """One Block Public Access flag of `bucket`, `access_point` or the account (``)."""
        slot = f"{holder}.public_access_block" if holder else "account_public_access_block"
        hidden = self.hidden(f"{slot}.{name}") if self._unknown else None
        if hidden is not None:
            return hidden
        block = self._value(slot)
        if block is None:
            return False
        block = _mapping(block, f"state.{slot}")
        block = block.get("PublicAccessBlockConfiguration", block)
        return _yes_or_no(block.get(name), f"state.{slot}.{name}")

    def acl(self, holder: str) -> Acl:
        """The stored access control list of `bucket` or `object`."""
        path = f"{holder}.acl"
        if path not in self._kept:
            value = self._value(path)
            further = self.hidden(path, within=True) if self._unknown else None
            known = Acl(path, None, (), None) if value is None else parse_acl(path, value)
            self._kept[path] = known if further is None else replace(known, further=further)
        found: Acl = self._kept[path]
        return found

    def ownership(self) -> str | Unknown:
        """The bucket's object ownership setting; none set = ObjectWriter."""
        hidden = self.hidden("bucket.ownership", within=True) if self._unknown else None
        if hidden is not None:
            return hidden
        return ownership_of(self.bucket.get("ownership")) or "ObjectWriter"

    def requester_pays(self) -> Kleene:
        """Whether the requester pays."""
        hidden = self.hidden("bucket.requester_pays") if self._unknown else None
        if hidden is not None:
            return hidden
        value = self.bucket.get("requester_pays")
        if value is None or value is False:
            return False
        if isinstance(value, Mapping):
            value = value.get("Payer")
        if value in ("Requester", "BucketOwner"):
            return bool(value == "Requester")
        return _yes_or_no(value, "state.bucket.requester_pays")


@lru_cache(maxsize=64)
def _place(path: str) -> tuple[str, str]:
    part, _, name = path.rpartition(".")
    return part, name


def parse_acl(slot: str, value: object) -> Acl:
    """An access control list in the form of GetBucketAcl: `{Owner, Grants}`, or its grants.

    Raises:
        MalformedError: not of that form.
    """
    return _parsed_acl(slot, value if type(value) is bytes else msgspec.json.encode(value))


@lru_cache(maxsize=4_096)
def _parsed_acl(slot: str, content: bytes) -> Acl:
    value = msgspec.json.decode(content)
    body = _mapping({"Grants": value} if isinstance(value, list) else value, f"state.{slot}")
    body = _mapping(body.get("AccessControlPolicy", body), f"state.{slot}")
    owner = _mapping(body.get("Owner"), f"state.{slot}.Owner").get("ID")
    grants = []
    further = None
    listed = body.get("Grants") or []
    if not isinstance(listed, list):
        raise MalformedError(f"state.{slot}.Grants: expected a list, found {listed!r}")
    for each in listed:
        entry = _mapping(each, f"state.{slot}.Grants")
        grantee = _mapping(entry.get("Grantee"), f"state.{slot}.Grants.Grantee")
        permission = str(entry.get("Permission"))
        if permission not in _PERMISSIONS:
            further = Unknown(f"{slot}: permission {permission}")
        elif grantee.get("URI"):
            grants.append(AclGrant(str(grantee["URI"]), permission, True))
        elif grantee.get("ID"):
            grants.append(AclGrant(str(grantee["ID"]), permission, False))
        else:
            further = Unknown(f"{slot}: a grantee without id")
    return Acl(slot, str(owner) if owner else None, tuple(grants), further)


def ownership_of(value: object) -> str | None:
    """The setting, also out of `{"Rules": [{"ObjectOwnership": …}]}`."""
    if isinstance(value, Mapping):
        body = value.get("OwnershipControls", value)
        rules = body.get("Rules") or [body]
        value = rules[0].get("ObjectOwnership")
    if value is not None and value not in _OWNERSHIPS:
        expected = ", ".join(_OWNERSHIPS)
        raise MalformedError(f"ownership: expected one of {expected}, found {value!r}")
    return value


@lru_cache(maxsize=CACHE)
def _levels_of(path: str, content: bytes) -> tuple[PolicySet, ...]:
    return _each_level(path, msgspec.json.decode(content))


def _each_level(path: str, value: object) -> tuple[PolicySet, ...]:
    if not isinstance(value, list) or not all(isinstance(v, list) for v in value):
        raise MalformedError(f"state.{path}: expected one list of documents per level")
    if path == "scps" and any(not level for level in value):
        raise MalformedError("state.scps: a level is never empty")
    return tuple(_set(f"{path}[{n}]", level, None) for n, level in enumerate(value))


def _one(slot: str, value: object, further: Unknown | None) -> PolicySet:
    """A slot of one document, or of none."""
    if type(value) is bytes:
        found = _one_of(slot, value)
    elif value is None:
        found = _none_of(slot)
    else:
        found = PolicySet(slot, ((slot, compile_document(value)),))
    return found if further is None else replace(found, further=further)


@lru_cache(maxsize=CACHE)
def _one_of(slot: str, content: bytes) -> PolicySet:
    return PolicySet(slot, ((slot, compile_document(content)),))


@lru_cache(maxsize=256)
def _none_of(slot: str) -> PolicySet:
    return PolicySet(slot)


@lru_cache(maxsize=CACHE)
def _set_of(slot: str, content: bytes) -> PolicySet:
    if content.startswith(b"["):
        return _set(slot, [bytes(each) for each in _LISTED.decode(content)], None)
    return _set(slot, msgspec.json.decode(content), None)


def _set(slot: str, value: object, further: Unknown | None) -> PolicySet:
    if value is None or type(value) is bytes:
        found = _none_of(slot) if value is None else _set_of(slot, value)
        return found if further is None else replace(found, further=further)
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    named = tuple((f"{slot}[{n}]", compile_document(d)) for n, d in enumerate(listed))
    return PolicySet(slot, named, further)


def _number(path: str, value: object) -> str:
    """An account id may come as a number; nothing else that is no text is a name."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise MalformedError(f"state.{path}: expected text, found {value!r}")


def _yes_or_no(value: object, where: str) -> bool:
    """A setting as JSON or as text; none is no."""
    if value is None or value is False:
        return False
    if value is True:
        return True
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise MalformedError(f"{where}: expected true or false, found {value!r}")


def _paths(unknown: Collection[str]) -> tuple[str, ...]:
    """Names of what is not known, an owner's as both of its names."""
    names = {path.removeprefix("state.").replace("[", ".") for path in unknown}
    for holder in ("bucket", "object"):
        if f"{holder}.owner" in names:
            names |= {f"{holder}.owner_account", f"{holder}.owner_canonical_id"}
    return tuple(sorted(names))


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if type(value) is dict:
        return value
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MalformedError(f"{where}: expected an object, found {type(value).__name__}")
    return value
