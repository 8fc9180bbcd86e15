"""Reading the parameters of a CloudTrail record: forms that mean the same come out the same.

eventVersion up to 1.05 wraps values in one-element lists, later ones do not; XML bodies arrive
with their types coerced (`true` for the text "true") and with an object where there is one
element and a list where there are several. Source: `state.md` section 1.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import unquote

from timeline.model import Json
from timeline.state.ledger import Atoms, Recorded, digest

_TIMESTAMPED_VERSION = re.compile(r"^(\d{4}-\d{2}-\d{2})T00:00:00(\.0+)?(Z|\+00:00)$")


class Unreadable(ValueError):
    """The record does not carry the value, or carries it in a form that is not understood."""


def one(value: Json) -> Json:
    """The value itself, or the only element of a one-element list."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def many(value: Json) -> list[Json]:
    """A list, from a list, a single value, or nothing (`None`, `""`)."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def mapping(value: Json) -> dict[str, Json]:
    """A JSON object; anything else is an empty one."""
    inner = one(value)
    return inner if isinstance(inner, dict) else {}


def text(value: Json) -> str | None:
    """Text, from text or from what an XML parser made of it; None for nothing."""
    inner = one(value)
    if inner is None or inner == "" or isinstance(inner, list | dict):
        return None
    if isinstance(inner, bool):
        return "true" if inner else "false"
    return str(inner)


def truth(value: Json) -> bool:
    """A boolean, from a boolean or its text; absent means false.

    Raises:
        Unreadable: neither.
    """
    word = text(value)
    if word is None or word.lower() == "false":
        return False
    if word.lower() == "true":
        return True
    raise Unreadable(f"expected true or false, found {word!r}")


def request(record: Recorded) -> dict[str, Json]:
    """`requestParameters`; empty if null."""
    return mapping(record.params.get("requestParameters"))


def response(record: Recorded) -> dict[str, Json]:
    """`responseElements`; empty if null."""
    return mapping(record.params.get("responseElements"))


def body_missing(record: Recorded) -> bool:
    """Whether the provider left out the request, or wrote none."""
    named = any(name.split(".")[0] == "requestParameters" for name in record.omitted)
    return named or not request(record)


def require_body(record: Recorded) -> None:
    """Go on only with a record that carries its request.

    Raises:
        Unreadable: it does not.
    """
    if body_missing(record):
        raise Unreadable("the record carries no request parameters")


def field(params: Mapping[str, Json], *names: str) -> Json:
    """The first of several spellings that is there.

    As spelled first: beside `Tagging` and `OwnershipControls`, which are documents, records hold
    `tagging` and `ownershipControls`, which name the sub-resource and are empty.
    """
    exact = next((params[name] for name in names if name in params), None)
    if exact is not None:
        return exact
    folded = {name.lower(): value for name, value in params.items()}
    return next((folded[n.lower()] for n in names if n.lower() in folded), None)


def spread(record: Recorded) -> dict[str, Json]:
    """The request with the body that some records wrap, under the operation's name, spread out."""
    given = request(record)
    return given | mapping(field(given, f"{record.operation}Request"))


def document(value: Json) -> dict[str, Json]:
    """A policy document, from an object, its JSON text, or its URL-encoded JSON text.

    Raises:
        Unreadable: it is none of these.
    """
    inner = one(value)
    if isinstance(inner, dict):
        return inner
    if not isinstance(inner, str) or not inner.strip():
        raise Unreadable("expected a policy document, found none")
    for candidate in (inner, unquote(inner)):
        try:
            parsed = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(parsed, dict):
            return parsed
    raise Unreadable(f"expected a policy document, found {inner[:40]!r}")


def statements(policy: Mapping[str, Json]) -> Atoms:
    """Facts of a policy document: SHA-256 of (Version, statement less its Sid) -> both as written.

    Raises:
        Unreadable: `Statement` is missing or is not made of objects.
    """
    version = text(policy.get("Version"))
    # Re-shaped exports turn the date of the policy language into a time stamp (events.md).
    stamped = _TIMESTAMPED_VERSION.match(version) if version else None
    version = stamped.group(1) if stamped else version
    atoms: dict[str, Json] = {}
    for statement in many(policy.get("Statement")):
        if not isinstance(statement, dict):
            raise Unreadable("expected an object in Statement, found something else")
        bare = {name: value for name, value in statement.items() if name != "Sid"}
        fact = digest({"Version": version, "Statement": bare})
        atoms.setdefault(fact, {"Version": version, "Statement": statement})
    if "Statement" not in policy:
        raise Unreadable("expected Statement in the policy document, found none")
    return atoms


def resource_account(record: Recorded) -> str | None:
    """Account of the bucket that the record names; else the row's account."""
    return stated_account(record) or record.account


def stated_account(record: Recorded) -> str | None:
    """Account of the bucket that the record names; None where it names none."""
    for entry in many(record.params.get("resources")):
        if isinstance(entry, dict) and str(field(entry, "type")).endswith("::Bucket"):
            account = text(field(entry, "accountId"))
            if account:
                return account
    return None
