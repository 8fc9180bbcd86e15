"""Context keys of a request, three-valued, after the table of the decision's specification (1.1).

A key ends in `present`, in `unknown`, or in neither, which is ABSENT. The lists below name every
key that this program knows of; a key that is not among them and not logged is unknown to us too,
and the evaluator treats keys outside its list likewise.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from timeline.model import Json
from timeline.normalize.aws import actions as table
from timeline.normalize.aws.same_request import ACCESS_LOGS
from timeline.normalize.aws.times import when
from timeline.normalize.model import micros

#: Never logged: about the caller's organization, tags, network, and the resource.
NEVER_LOGGED = (
    "aws:SourceVpc", "aws:SourceVpcArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths",
    "aws:PrincipalTag/*", "aws:ResourceOrgID", "aws:ResourceOrgPaths", "aws:ResourceTag/*",
    "aws:RequestTag/*", "aws:TagKeys", "aws:RequestedRegion", "aws:Ec2InstanceSourceVpc",
    "aws:Ec2InstanceSourcePrivateIPv4", "aws:FederatedProvider", "aws:AssumedRoot",
    "aws:ChatbotSourceArn", "aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths",
    "aws:SourceOrgID", "aws:SourceOrgPaths", "s3:BucketTag/*", "s3:AccessGrantsInstanceArn",
    "s3:x-amz-content-sha256", "s3:if-match", "s3:if-none-match",
)  # fmt: skip
#: About the caller: absent for an anonymous one.
OF_CALLERS = (
    "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalTag/*", "aws:FederatedProvider",
    "aws:AssumedRoot", "aws:ChatbotSourceArn", "aws:Ec2InstanceSourceVpc",
    "aws:Ec2InstanceSourcePrivateIPv4",
)  # fmt: skip
#: Headers that only a write of an object carries; not every one is logged.
OF_WRITES = (
    "s3:x-amz-storage-class", "s3:x-amz-website-redirect-location", "s3:RequestObjectTag/*",
    "s3:RequestObjectTagKeys", "s3:object-lock-mode", "s3:object-lock-legal-hold",
    "s3:object-lock-retain-until-date", "s3:object-lock-remaining-retention-days",
)  # fmt: skip
#: Parameters and headers that are logged when the request has them: logged name -> key.
ASKED = {
    "prefix": "s3:prefix",
    "delimiter": "s3:delimiter",
    "max-keys": "s3:max-keys",
    "versionid": "s3:VersionId",
    "x-amz-acl": "s3:x-amz-acl",
    "x-amz-grant-read": "s3:x-amz-grant-read",
    "x-amz-grant-write": "s3:x-amz-grant-write",
    "x-amz-grant-read-acp": "s3:x-amz-grant-read-acp",
    "x-amz-grant-write-acp": "s3:x-amz-grant-write-acp",
    "x-amz-grant-full-control": "s3:x-amz-grant-full-control",
    "x-amz-server-side-encryption": "s3:x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm": (
        "s3:x-amz-server-side-encryption-customer-algorithm"
    ),
}
#: Likewise, but not surely logged whenever the request has them: unknown where not seen.
SEEN = {
    "x-amz-storage-class": "s3:x-amz-storage-class",
    "x-amz-website-redirect-location": "s3:x-amz-website-redirect-location",
    "x-amz-object-lock-mode": "s3:object-lock-mode",
    "x-amz-object-lock-legal-hold": "s3:object-lock-legal-hold",
    "x-amz-object-lock-retain-until-date": "s3:object-lock-retain-until-date",
    "x-amz-metadata-directive": "s3:x-amz-metadata-directive",
    "x-amz-object-ownership": "s3:x-amz-object-ownership",
    "x-amz-copy-source": "s3:x-amz-copy-source",
}
#: Query parameters; the rest of `ASKED` are headers, which an access log does not show.
PARAMETERS = frozenset({"prefix", "delimiter", "max-keys", "versionid"})
LISTINGS = frozenset(
    {"ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads", "ListParts"}
)
_NO_OBJECT_TAGS = frozenset({"PutObject", "DeleteObject", "DeleteObjects"})
_SERVICE_ROLES = (":role/aws-service-role/", ":role/service-role/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of a request's context.

    Attributes:
        present: key -> value.
        unknown: names, sorted.
        asked: parameters and headers by lower-case name, text; empty if the record has none.
    """

    present: dict[str, Json]
    unknown: tuple[str, ...]
    asked: Mapping[str, str]


class _Keys:
    """Collects keys of one request; a later word on a key replaces an earlier one."""

    def __init__(self) -> None:
        self.present: dict[str, Json] = {}
        self.unknown: set[str] = set()

    def put(self, key: str, value: Json) -> None:
        self.unknown.discard(key)
        self.present[key] = value

    def unclear(self, *keys: str) -> None:
        self.unknown.update(key for key in keys if key not in self.present)

    def absent(self, *keys: str) -> None:
        self.unknown.difference_update(keys)


def context_of(row: Mapping[str, Any], params: Mapping[str, Any], event: str) -> Context:
    """The context of the request behind a row, after section 1.1, row by row of its table."""
    keys = _Keys()
    keys.unclear(*NEVER_LOGGED)
    extra = _object(params.get("additionalEventData"))
    _caller(keys, row)
    _network(keys, row, params)
    _transport(keys, row, params, extra)
    _session(keys, row)
    _signature(keys, row, params, extra)
    asked = _asked(params)
    _request(keys, row, params, event, asked)
    _via_service(keys, row)
    _access_point(keys, params)
    return Context(
        present=dict(sorted(keys.present.items())), unknown=tuple(sorted(keys.unknown)), asked=asked
    )


def _caller(keys: _Keys, row: Mapping[str, Any]) -> None:
    """Keys about the caller; PrincipalAccount, userid and others follow from `principal`."""
    kind = row["actor_type"]
    if kind == "Anonymous":
        keys.absent(*OF_CALLERS)
    elif kind == "AssumedRole" and row["session_issuer_uid"]:
        # The session's ARN has lost the role's path; the issuer's has it.
        keys.put("aws:PrincipalArn", row["session_issuer_uid"])
    elif kind not in _KINDS:
        keys.unclear(
            "aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalType", "aws:userid",
            "aws:username", "aws:PrincipalIsAWSService",
        )  # fmt: skip


_KINDS = frozenset(
    {"IAMUser", "AssumedRole", "FederatedUser", "Root", "AWSService", "Anonymous", "AWSAccount"}
)


def console_endpoint(row: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    """Whether the call came through the endpoint that AWS runs for its own console.

    Known by the console's agent with a private source address or an endpoint of a foreign account;
    before 1.09 the endpoint's account is not logged, and the agent alone has to do.
    """
    if "S3Console" not in (row["user_agent"] or ""):
        return False
    if (row["src_ip"] or "").startswith("10."):
        return True
    if not row["src_vpc_endpoint"]:
        return False
    owner = params.get("vpcEndpointAccountId")
    return owner is None or owner not in (row["actor_account_uid"], row["account_uid"])


def _network(keys: _Keys, row: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    address, endpoint = row["src_ip"], row["src_vpc_endpoint"]
    if console_endpoint(row, params):
        keys.unclear("aws:SourceIp", "aws:SourceVpce", "aws:VpcSourceIp")
        return
    if endpoint:
        keys.put("aws:SourceVpce", endpoint)
        if _is_address(address):
            keys.put("aws:VpcSourceIp", address)
        else:
            keys.unclear("aws:VpcSourceIp")
        return
    if "vpcEndpointId" in (row["omitted"] or ""):
        # With an endpoint there is no aws:SourceIp, without one only that.
        keys.unclear("aws:SourceIp", "aws:SourceVpce", "aws:VpcSourceIp")
        return
    # Without an endpoint the keys about endpoints and their networks do not exist.
    keys.absent("aws:SourceVpc", "aws:SourceVpcArn", "aws:VpceAccount", "aws:VpceOrgID")
    keys.absent("aws:VpceOrgPaths")
    if row["source"] in ACCESS_LOGS:
        # The log has no column for an endpoint: a private address is all that could show one.
        keys.unclear("aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp")
        if _is_address(address) and not _is_private(address):
            keys.absent("aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp")
            keys.put("aws:SourceIp", address)
        else:
            keys.unclear("aws:SourceIp")
        return
    if _is_address(address):
        keys.put("aws:SourceIp", address)
    else:
        keys.unclear("aws:SourceIp")


def _is_address(value: str | None) -> bool:
    try:
        ipaddress.ip_address(value or "")
    except ValueError:
        return False
    return True


def _is_private(value: str) -> bool:
    """RFC 1918 and unique local only: documentation ranges are public addresses here."""
    address = ipaddress.ip_address(value)
    return any(address in network for network in _PRIVATE if network.version == address.version)


_PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)


def _transport(
    keys: _Keys, row: Mapping[str, Any], params: Mapping[str, Any], extra: Mapping[str, Any]
) -> None:
    cipher = extra.get("CipherSuite")
    if row["source"] == "aws.s3_access_log":
        keys.put("aws:SecureTransport", "false" if cipher in (None, "-") else "true")
    elif _object(params.get("tlsDetails")) or row["tls_version"] or cipher:
        keys.put("aws:SecureTransport", "true")
    else:
        keys.unclear("aws:SecureTransport")
    if row["tls_version"]:
        keys.put("s3:TlsVersion", row["tls_version"].removeprefix("TLSv").removeprefix("TLS "))
    elif keys.present.get("aws:SecureTransport") != "false":
        keys.unclear("s3:TlsVersion")


def _session(keys: _Keys, row: Mapping[str, Any]) -> None:
    """Sign-in of the session: absent for long-term keys and for nobody."""
    names = ("aws:MultiFactorAuthPresent", "aws:TokenIssueTime", "aws:MultiFactorAuthAge")
    credential = row["credential_uid"] or ""
    if row["actor_type"] == "Anonymous":
        return
    if credential.startswith("AKIA"):
        keys.absent("aws:SourceIdentity", "aws:FederatedProvider")
        return
    keys.unclear(*names, "aws:SourceIdentity")
    if row["mfa"] is not None:
        keys.put("aws:MultiFactorAuthPresent", "true" if row["mfa"] else "false")
        if not row["mfa"]:
            keys.absent("aws:MultiFactorAuthAge")
    if row["session_created"]:
        keys.put("aws:TokenIssueTime", row["session_created"])
    if row["source_identity"]:
        keys.put("aws:SourceIdentity", row["source_identity"])


def _signature(
    keys: _Keys, row: Mapping[str, Any], params: Mapping[str, Any], extra: Mapping[str, Any]
) -> None:
    method = row["auth_method"]
    if method == "anonymous":
        return
    if method == "header":
        keys.put("s3:authType", "REST-HEADER")
    elif method == "query":
        keys.put("s3:authType", "REST-QUERY-STRING")
    else:
        keys.unclear("s3:authType")
    version = {"SigV4": "AWS4-HMAC-SHA256", "SigV2": "AWS"}.get(str(extra.get("SignatureVersion")))
    if version:
        keys.put("s3:signatureversion", version)
    else:
        keys.unclear("s3:signatureversion")
    signed = _asked(params).get("x-amz-date") if method == "query" else None
    at = when(_spread(signed)) if signed else None
    if at is None:
        keys.unclear("s3:signatureAge")
    else:
        keys.put("s3:signatureAge", str((micros(row["time"]) - at) // 1000))


def _spread(basic: str) -> str:
    """`20260102T030405Z` as `2026-01-02T03:04:05Z`."""
    if len(basic) == 16 and basic[8] == "T":
        day, clock = basic[:8], basic[9:15]
        return f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}{basic[15:]}"
    return basic


def _asked(params: Mapping[str, Any]) -> dict[str, str]:
    """Parameters and headers by lower-case name; lists of one are unwrapped (up to 1.05)."""
    found: dict[str, str] = {}
    parameters = _object(params.get("requestParameters"))
    for source in (_object(parameters.get("accessControlList")), parameters):
        for name, value in source.items():
            if isinstance(value, list) and len(value) == 1:
                value = value[0]
            if isinstance(value, bool):
                value = str(value).lower()
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            if isinstance(value, str | int | float):
                found[name.lower()] = str(value)
    return found


def _request(
    keys: _Keys,
    row: Mapping[str, Any],
    params: Mapping[str, Any],
    event: str,
    asked: Mapping[str, str],
) -> None:
    stated = isinstance(params.get("requestParameters"), dict)
    omitted = "requestParameters" in (row["omitted"] or "")
    in_access_log = row["source"] in ACCESS_LOGS
    # As JSON the log has null for an agent or referer that is not available, not for none.
    of_client = row["source"] == "aws.s3_access_log"
    for name, key in ASKED.items():
        if name in asked:
            keys.put(key, asked[name])
        elif not stated or omitted or (in_access_log and name not in PARAMETERS):
            keys.unclear(key)
    if "max-keys" not in asked and event in LISTINGS:
        # It always has a value, which is not always logged.
        keys.unclear("s3:max-keys")
    writes = event in table.S3_WRITES or not stated
    if writes:
        keys.unclear(*OF_WRITES)
    if event in table.COPIES:
        keys.unclear("s3:x-amz-copy-source", "s3:x-amz-metadata-directive")
    if event == "CreateBucket":
        keys.unclear("s3:LocationConstraint", "s3:x-amz-object-ownership")
    for name, key in SEEN.items():
        if name in asked:
            keys.put(key, asked[name])
    if event not in _NO_OBJECT_TAGS and row["object"] is not None:
        keys.unclear("s3:ExistingObjectTag/*")
    agent = row["user_agent"]
    if agent:
        bracketed = agent.startswith("[") and agent.endswith("]")
        keys.put("aws:UserAgent", agent[1:-1] if bracketed else agent)
    elif not of_client:
        keys.unclear("aws:UserAgent")
    if row["referer"]:
        keys.put("aws:Referer", row["referer"])
    elif not of_client:
        keys.unclear("aws:Referer")


def _via_service(keys: _Keys, row: Mapping[str, Any]) -> None:
    kind, service = row["actor_type"], row["invoked_by"]
    chain = ("aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast")
    if kind == "AWSService":
        keys.put("aws:ViaAWSService", "false")
        keys.unclear("aws:SourceAccount", "aws:SourceArn", "aws:PrincipalServiceNamesList")
        if service:
            keys.put("aws:PrincipalServiceName", service)
        else:
            keys.unclear("aws:PrincipalServiceName")
        return
    keys.absent("aws:SourceOrgID", "aws:SourceOrgPaths")
    issuer = row["session_issuer_uid"] or ""
    if kind == "Anonymous" or any(path in issuer for path in _SERVICE_ROLES):
        keys.put("aws:ViaAWSService", "false")
    elif kind in ("IAMUser", "Root", "FederatedUser") and service:
        keys.put("aws:ViaAWSService", "true")
        keys.unclear(*chain)
    elif kind in ("IAMUser", "Root", "FederatedUser", "AssumedRole") and not service:
        keys.put("aws:ViaAWSService", "false")
    else:
        # A role used by a service: its own service role, or on a caller's behalf.
        keys.unclear("aws:ViaAWSService", *chain)


def _access_point(keys: _Keys, params: Mapping[str, Any]) -> None:
    resources = params.get("resources")
    if not isinstance(resources, list):
        names = (
            "s3:DataAccessPointArn",
            "s3:DataAccessPointAccount",
            "s3:AccessPointNetworkOrigin",
        )
        keys.unclear(*names)
        return
    for each in resources:
        arn = each.get("ARN") or each.get("arn") if isinstance(each, dict) else None
        if isinstance(arn, str) and ":accesspoint/" in arn:
            keys.put("s3:DataAccessPointArn", arn)
            keys.put("s3:DataAccessPointAccount", arn.split(":")[4])
            keys.unclear("s3:AccessPointNetworkOrigin")


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
