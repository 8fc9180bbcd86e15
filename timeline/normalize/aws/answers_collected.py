"""Answers of AWS as they came over the wire: which operations show a state, and how to read them.

Four protocols, one result: a JSON value. XML becomes objects by element name, repeated elements
and the elements of `member` and `item` lists become lists, all text stays text; what a response
wraps around its result is taken off. An error is `{"Error": {"Code": ...}}`, in every protocol.
Source: the API references of S3, S3 Control, IAM, KMS, Organizations, EC2 and Config.
"""

import re
import xml.parsers.expat
from collections.abc import Mapping
from typing import Any

from timeline.model import Json

#: The kind of an answer that has no body: its headers are what it says.
HEADERS_ALONE = "aws.s3.object_head"

#: Kinds of which every page is of its own time: a listing of objects takes long.
PAGE_BY_PAGE = frozenset({"aws.s3.object_versions"})

#: Operation -> kind of the snapshot that its answers are.
KINDS: dict[str, str] = {
    "s3:ListBuckets": "aws.s3.buckets",
    "s3:GetBucketPolicy": "aws.s3.policy",
    "s3:GetBucketAcl": "aws.s3.acl",
    "s3:GetPublicAccessBlock": "aws.s3.public_access_block",
    "s3control:GetPublicAccessBlock": "aws.s3.public_access_block",
    "s3:GetBucketOwnershipControls": "aws.s3.ownership",
    "s3:GetBucketRequestPayment": "aws.s3.request_payment",
    "s3:GetBucketEncryption": "aws.s3.encryption",
    "s3:GetBucketVersioning": "aws.s3.versioning",
    "s3:GetBucketLogging": "aws.s3.logging",
    "s3:GetBucketTagging": "aws.s3.tags",
    "s3:GetBucketAbac": "aws.s3.abac",
    "s3:GetBucketWebsite": "aws.s3.website",
    "s3:GetBucketReplication": "aws.s3.replication",
    "s3:GetBucketLifecycleConfiguration": "aws.s3.lifecycle",
    "s3:GetObjectLockConfiguration": "aws.s3.object_lock",
    "s3:ListObjectVersions": "aws.s3.object_versions",
    "s3:GetObjectAcl": "aws.s3.object_acl",
    "s3:HeadObject": HEADERS_ALONE,
    "s3control:GetAccessPoint": "aws.s3.access_point",
    "s3control:GetAccessPointPolicy": "aws.s3.access_point_policy",
    "s3control:GetAccessPointPolicyForObjectLambda": "aws.s3.object_lambda_policy",
    "s3control:GetMultiRegionAccessPoint": "aws.s3.multi_region_access_point",
    "s3control:GetMultiRegionAccessPointPolicy": "aws.s3.multi_region_policy",
    "s3control:GetBucketPolicy": "aws.s3.outposts_policy",
    "s3control:GetAccessGrantsInstanceResourcePolicy": "aws.s3.access_grants_policy",
    "s3tables:GetTableBucketPolicy": "aws.s3.table_bucket_policy",
    "iam:GetAccountAuthorizationDetails": "aws.iam.authorization_details",
    "iam:GetPolicyVersion": "aws.iam.policy_version",
    "kms:GetKeyPolicy": "aws.kms.key_policy",
    "kms:DescribeKey": "aws.kms.key",
    "kms:ListGrants": "aws.kms.grants",
    "organizations:DescribeOrganization": "aws.organizations.organization",
    "organizations:ListRoots": "aws.organizations.roots",
    "organizations:ListOrganizationalUnitsForParent": "aws.organizations.units",
    "organizations:ListAccountsForParent": "aws.organizations.accounts",
    "organizations:ListParents": "aws.organizations.parents",
    "organizations:ListTargetsForPolicy": "aws.organizations.targets",
    "organizations:ListPoliciesForTarget": "aws.organizations.attached",
    "organizations:DescribeEffectivePolicy": "aws.organizations.effective",
    "organizations:ListPolicies": "aws.organizations.policies",
    "organizations:DescribePolicy": "aws.organizations.policy",
    "ec2:DescribeVpcEndpoints": "aws.ec2.vpc_endpoints",
    "config:GetResourceConfigHistory": "aws.config.items",
    "cloudtrail:DescribeTrails": "aws.cloudtrail.trails",
    "cloudtrail:GetTrailStatus": "aws.cloudtrail.status",
    "cloudtrail:GetEventSelectors": "aws.cloudtrail.selectors",
    "cloudtrail:GetEventDataStore": "aws.cloudtrail.event_data_store",
    "accessanalyzer:ListFindingsV2": "aws.accessanalyzer.findings",
    "accessanalyzer:GetFindingV2": "aws.accessanalyzer.findings",
    "securityhub:GetFindings": "aws.securityhub.findings",
    "guardduty:GetFindings": "aws.guardduty.findings",
    "identitystore:ListUsers": "aws.identitystore.users",
}

#: Elements deeper than this are no answer of the provider.
DEPTH = 64

_ACCOUNT = re.compile(r"account/(\d{12})")
#: A multi-Region access point is known by its alias; its records have its name alone.
_MULTI_REGION = re.compile(r"arn:[a-z-]+:s3::(\d{12}):accesspoint/.+")


def about(resource: str, account: str | None, asked: Mapping[str, Any]) -> str:
    """What an answer is about, as the tables name it: the request names it, the answer may not.

    Args:
        resource: as in the ledger.
        account: where it was asked.
        asked: parameters of the request.
    """
    bucket, key, version = (asked.get(name) for name in ("Bucket", "Key", "VersionId"))
    if isinstance(bucket, str) and not bucket.startswith("arn:"):  # Outposts: named by ARN
        inside = f"/{key}" if isinstance(key, str) else ""
        numbered = f"?versionId={version}" if inside and isinstance(version, str) else ""
        return f"arn:aws:s3:::{bucket}{inside}{numbered}"
    point = _MULTI_REGION.fullmatch(resource)
    if point is not None and isinstance(asked.get("Name"), str):
        return f"aws:mrap:{point[1]}:{asked['Name']}"
    named = _ACCOUNT.fullmatch(resource)
    if named is not None:
        return f"aws:account:{account or named[1]}"
    if resource == "organization" and account is not None:
        return f"aws:account:{account}"
    return resource


def decoded(body: bytes) -> Json:
    """The body of an answer as JSON.

    Raises:
        ValueError: neither JSON nor XML; an object in which a key occurs twice; XML that
            declares a document type.
    """
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<":
        return _unwrapped(_xml(text))
    value = _json(text)
    named = value.get("__type") if isinstance(value, dict) else None
    if isinstance(named, str) and isinstance(value, dict):
        return {"Error": {"Code": named.partition(":")[0].rpartition("#")[2]}}
    return value


def _json(text: bytes) -> Json:
    import json

    value: Json = json.loads(text, object_pairs_hook=_once)
    return value


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object; where a key occurs twice, parsers differ on what it says."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("expected each key once in an object, found one twice")
    return made


def _unwrapped(value: dict[str, Json]) -> Json:
    """The result inside `<NameResponse><NameResult>`, the error inside `<ErrorResponse>`."""
    ((root, content),) = value.items()
    if isinstance(content, dict) and root.endswith("Response"):
        if root == "ErrorResponse" and "Error" in content:
            return {"Error": content["Error"]}
        errors = content.get("Errors")
        if root == "Response" and isinstance(errors, dict):
            return errors
        result = content.get(f"{root.removesuffix('Response')}Result")
        return content if result is None else result
    return value


def _xml(text: bytes) -> dict[str, Json]:
    """One element as `{name: content}`, names without their namespaces."""
    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    top: list[tuple[str, Json]] = []
    stack: list[tuple[str, list[tuple[str, Json]], list[str]]] = []

    def refuse(*_: Any) -> None:  # noqa: ANN401 (what the parser hands over is not looked at)
        raise ValueError("expected XML without a document type, found one")

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) >= DEPTH:
            raise ValueError(f"expected XML of at most {DEPTH} levels, found more")
        found: list[tuple[str, Json]] = [
            (f"xsi:{key.rpartition(' ')[2]}", value)
            for key, value in attributes.items()
            if key.rpartition(" ")[0].endswith("XMLSchema-instance")
        ]
        stack.append((name.rpartition(" ")[2], found, []))

    def end(_: str) -> None:
        name, children, words = stack.pop()
        content: Json = _object(children) if children else "".join(words)
        (stack[-1][1] if stack else top).append((name, content))

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda data: stack[-1][2].append(data)
    try:
        parser.Parse(text, True)
    except xml.parsers.expat.ExpatError as error:
        raise ValueError(f"expected XML, found {error}") from error
    return dict(top)


def _object(children: list[tuple[str, Json]]) -> Json:
    grouped: dict[str, list[Json]] = {}
    for name, content in children:
        grouped.setdefault(name, []).append(content)
    if grouped.keys() in ({"member"}, {"item"}):
        return [content for _, content in children]
    return {name: found if len(found) > 1 else found[0] for name, found in grouped.items()}
