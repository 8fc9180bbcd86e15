"""Nested columns of CloudTrail Lake as a query prints them: `{type=AssumedRole, username=null}`.

Not JSON, and nothing in it is escaped: a value that holds a comma and a blank cannot be told from
two by itself. What is read here is read for certain, because something else than the text says so:

- a *struct* prints every one of its names, null or not (schema: CloudTrail user guide, "Supported
  SQL schemas for event data stores"): a name inside a value would be there twice;
- a *map* (parameters, as text) is read where all of its values but the last one are of kinds that
  hold no blank; the last one goes on to the end.

All else is None, which stands for unknown, never for empty.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

#: Names of a struct -> field of the record; a pair where the value is a struct itself.
Names: TypeAlias = Mapping[str, Any]

_ISSUER: Names = {
    "type": "type", "principalid": "principalId", "arn": "arn", "accountid": "accountId",
    "username": "userName",
}  # fmt: skip
_ATTRIBUTES: Names = {"creationdate": "creationDate", "mfaauthenticated": "mfaAuthenticated"}
_SESSION: Names = {
    "attributes": ("attributes", _ATTRIBUTES), "sessionissuer": ("sessionIssuer", _ISSUER),
}  # fmt: skip
#: Printed by some versions of the schema alone, after those that all print.
_MORE_SESSION: Names = {
    "webidfederationdata": "webIdFederationData", "sourceidentity": "sourceIdentity",
    "ec2roledelivery": "ec2RoleDelivery", "ec2issuedinvpc": "ec2IssuedInVpc",
}  # fmt: skip
_IDENTITY: Names = {
    "type": "type", "principalid": "principalId", "arn": "arn", "accountid": "accountId",
    "accesskeyid": "accessKeyId", "username": "userName",
    "sessioncontext": ("sessionContext", _SESSION, _MORE_SESSION), "invokedby": "invokedBy",
}  # fmt: skip
_ON_BEHALF: Names = {"userid": "userId", "identitystorearn": "identityStoreArn"}
_IN_SCOPE: Names = {
    "sourcearn": "sourceArn", "sourceaccount": "sourceAccount", "issuertype": "issuerType",
}  # fmt: skip
#: The guide spells the last one so.
_MORE_IN_SCOPE: Names = {
    "credentialsissuedto": "credentialsIssuedTo", "credentiaisissuedto": "credentialsIssuedTo",
}  # fmt: skip
_MORE_IDENTITY: Names = {
    "onbehalfof": ("onBehalfOf", _ON_BEHALF),
    "inscopeof": ("inScopeOf", _IN_SCOPE, _MORE_IN_SCOPE),
    "identityprovider": "identityProvider", "credentialid": "credentialId",
}  # fmt: skip
_TLS: Names = {
    "tlsversion": "tlsVersion", "ciphersuite": "cipherSuite",
    "clientprovidedhostheader": "clientProvidedHostHeader",
}  # fmt: skip
#: Parameters of S3 requests whose values hold neither blank nor comma.
_PLAIN = frozenset(
    {
        "bucketName", "Host", "host", "versionId", "uploadId", "partNumber", "list-type",
        "max-keys", "encoding-type", "location", "policy", "acl", "tagging", "versioning",
        "x-amz-acl", "x-amz-storage-class", "x-amz-server-side-encryption", "X-Amz-Algorithm",
        "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders",
    }
)  # fmt: skip
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9._:/+;*-]*")
_BUCKET = re.compile(r"(?:^\{|, )bucketName=([A-Za-z0-9._:/-]+)(?=, |\}$)")
_NAME = re.compile(r"([A-Za-z0-9_.-]+)=(.*)", re.DOTALL)
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.0+)?(?: ?UTC|Z)?")
_BRACKETS = re.compile(r"[{}\[\]]")


class Doubtful(ValueError):
    """The text can be read in more ways than one, or in none."""


def identity(text: str) -> dict[str, Any] | None:
    """The caller, in the record's spelling; None where the text is doubtful."""
    found = _read(text, _IDENTITY, _MORE_IDENTITY)
    session = (found or {}).get("sessionContext")
    if session:
        if "webIdFederationData" in session:  # it holds a map
            return None
        attributes = session.get("attributes") or {}
        created = _STAMP.fullmatch(attributes.get("creationDate") or "")
        if created:
            attributes["creationDate"] = f"{created[1]}T{created[2]}Z"
        elif "creationDate" in attributes:
            return None
    return found


def connection(text: str) -> dict[str, Any] | None:
    """The TLS connection; None where the text is doubtful."""
    return _read(text, _TLS, {})


def parameters(text: str) -> dict[str, str] | None:
    """Parameters of an S3 request, values as text; None where the text is doubtful."""
    found: dict[str, str] = {}
    rest = text[1:-1]
    while rest:
        named = _NAME.fullmatch(rest)
        if named is None or named[1] in found:
            return None
        name, value = named[1], named[2]
        if name in _PLAIN:
            value, _, rest = value.partition(", ")
            if _PLAIN_VALUE.fullmatch(value) is None:
                return None
        elif re.search(r", [^,=]*=", value):
            return None  # more may follow, or it may all be the value's
        else:
            rest = ""
        found[name] = value
    return found or None


def bucket(text: str) -> str | None:
    """The bucket that parameters name, if in one place alone; None where the text is doubtful.

    Every request to a bucket names it, so that the one place is where it does.
    """
    found = _BUCKET.findall(text)
    return found[0] if len(found) == 1 and text.count("bucketName=") == 1 else None


def is_notation(text: str) -> bool:
    """Whether a text has the brackets of a struct or map."""
    return text.startswith("{") and text.endswith("}")


def _read(text: str, names: Names, more: Names) -> dict[str, Any] | None:
    try:
        return _struct(text, names, more)
    except Doubtful:
        return None


def _struct(text: str, names: Names, more: Names) -> dict[str, Any]:
    if not is_notation(text):
        raise Doubtful
    found: dict[str, Any] = {}
    seen: set[str] = set()
    #: The last of the names that come before those that not all versions print.
    turn = "sessioncontext" if "sessioncontext" in names else [*names][-1]
    for piece in _pieces(text[1:-1]):
        named = _NAME.fullmatch(piece)
        name = named[1].lower() if named else ""
        if named is None or name in seen or (name not in names and name not in more):
            raise Doubtful
        if name in more and turn not in seen:
            raise Doubtful
        seen.add(name)
        value = _value(named[2], names.get(name) or more[name])
        if value[1] is not None:
            found[value[0]] = value[1]
    if not seen >= names.keys():
        raise Doubtful
    return found


def _value(text: str, field: Any) -> tuple[str, Any]:  # noqa: ANN401 name, or name and names
    name, *inside = (field,) if isinstance(field, str) else field
    if text == "null":
        return name, None
    if inside:
        return name, _struct(text, inside[0], inside[1] if len(inside) > 1 else {})
    if name != "webIdFederationData" and _BRACKETS.search(text):
        raise Doubtful
    return name, text


def _pieces(text: str) -> Iterator[str]:
    """The text cut at commas with a blank that stand outside brackets."""
    depth = start = 0
    for found in re.finditer(r"[{\[]|[}\]]|, ", text):
        mark = found[0]
        if mark == ", ":
            if depth == 0:
                yield text[start : found.start()]
                start = found.end()
        else:
            depth += 1 if mark in "{[" else -1
            if depth < 0:
                raise Doubtful
    if depth:
        raise Doubtful
    yield text[start:]
