"""`params` of a CloudTrail record: its parts as received, or what of them makes a request."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from timeline.normalize.aws.cloudtrail_fields import (
    NULL,
    Extra,
    Fields,
    Resource,
    compact,
    decoded,
    encoded,
    text,
)
from timeline.normalize.aws.cloudtrail_keys import same_length

_any = msgspec.json.Decoder().decode
#: In the ARN of an access point.
POINT = ":accesspoint/"


@dataclass(frozen=True, slots=True, eq=False)
class Tls:
    """A connection's details.

    Attributes:
        version: of the protocol.
        beside: their text if the version is not in it.
        whole: whether they are known to hold no key twice.
    """

    version: str | None
    beside: bytes
    whole: bool


@lru_cache(maxsize=4096)
def tls_of(raw: bytes) -> Tls:
    """A connection's details out of their JSON."""
    found = decoded(raw)
    version = text(found.get("tlsVersion"))
    return Tls(version, b"" if version or not found else raw, same_length(raw))


#: What still names a slot when the body cannot be trusted.
_NAMING = (
    "bucketName", "key", "userName", "roleName", "groupName", "policyName", "policyArn",
    "accountId",
)  # fmt: skip


def params_of(f: Fields, doubled: bool) -> str:
    """The bodies as received, put together as text: numbers and order stay untouched."""
    asked: bytes | msgspec.Raw = f.requestParameters
    answered: bytes | msgspec.Raw = f.responseElements
    if doubled:
        whole = decoded(f.requestParameters)
        asked = compact({k: whole[k] for k in _NAMING if isinstance(whole.get(k), str)}).encode()
        answered = b"null"
    parts: tuple[bytes | msgspec.Raw, ...] = (
        b'{"requestParameters":', asked,
        b',"responseElements":', answered,
        b',"additionalEventData":', f.additionalEventData,
        b',"resources":', f.resources,
        b',"userIdentity":', f.userIdentity,
        b',"tlsDetails":', f.tlsDetails,
        rest_of(
            b"null" if f.addendum is NULL else bytes(f.addendum), f.eventVersion, f.vpcEndpointId,
            f.vpcEndpointAccountId, f.sessionCredentialFromConsole,
        ),
    )  # fmt: skip
    return b"".join(parts).decode()


@lru_cache(maxsize=1024)
def rest_of(
    addendum: bytes, version: str | None, endpoint: str | None, owner: str | None,
    console: str | None,
) -> bytes:  # fmt: skip
    """The end of the text: fields that most records lack, and the version."""
    parts = [] if addendum == b"null" else [b',"addendum":', addendum]
    for name, value in (
        (b"eventVersion", version),
        (b"vpcEndpointId", endpoint),
        (b"vpcEndpointAccountId", owner),
        (b"sessionCredentialFromConsole", console),
    ):
        if value:
            parts += [b',"', name, b'":', encoded(value)]
    parts.append(b"}")
    return b"".join(parts)


def is_lean(f: Fields, resources: Sequence[Resource]) -> bool:
    """Whether a plain read says no more than plain reads do.

    Resources that could not be read are kept as received: an entry of another type must not take an
    access point with it.
    """
    usual = len(f.responseElements) == 4 and f.addendum is NULL
    return usual and (bool(resources) or not _any(f.resources))


def lean_params(f: Fields, extra: Extra, resources: Sequence[Resource], tls: Tls) -> str:
    """What the request of a plain read is made of, and no column has.

    The other parts repeat what columns hold, and would be most of the table.
    """
    points = None
    if bytes(f.resources).startswith(b"["):
        arns = (each.ARN or each.arn or "" for each in resources)
        points = tuple(arn for arn in arns if POINT in arn)
    end = lean_end(extra.CipherSuite, extra.SignatureVersion, points, tls, f.vpcEndpointAccountId)
    return b"".join((b'{"requestParameters":', f.requestParameters, end)).decode()


@lru_cache(maxsize=4096)
def lean_end(
    cipher: str | None, signature: str | None, points: tuple[str, ...] | None, tls: Tls,
    owner: str | None,
) -> bytes:  # fmt: skip
    """What follows the parameters.

    Args:
        cipher, signature: suite and version.
        points: ARNs of access points; None where the record has no list of resources.
        tls: of the connection.
        owner: account of the endpoint.
    """
    extra = {"CipherSuite": cipher, "SignatureVersion": signature}
    kept = {name: value for name, value in extra.items() if value}
    listed = None if points is None else [{"ARN": point} for point in points]
    parts = [b',"additionalEventData":', encoded(kept or None), b',"resources":', encoded(listed)]
    if tls.beside:
        parts += [b',"tlsDetails":', tls.beside]
    if owner:
        parts += [b',"vpcEndpointAccountId":', encoded(owner)]
    return b"".join((*parts, b"}"))
