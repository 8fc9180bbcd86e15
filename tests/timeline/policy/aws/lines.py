"""Random requests and states in the form of `butfor decide`, small enough to collide often."""

from random import Random
from typing import Any

OWNER, OTHER, THIRD = "111111111111", "222222222222", "333333333333"
IDS = {OWNER: "id-owner", OTHER: "id-other", THIRD: "id-third"}
GROUPS = "http://acs.amazonaws.com/groups/global/"
BUCKET, KEYS = "arn:aws:s3:::b", ("k", "pub/k", "alice/k")

CALLERS: tuple[dict[str, Any], ...] = (
    {"type": "Anonymous"},
    {"type": "IAMUser", "arn": f"arn:aws:iam::{OWNER}:user/alice", "unique_id": "AIDAALICE"},
    {"type": "IAMUser", "arn": f"arn:aws:iam::{OTHER}:user/bob", "unique_id": "AIDABOB"},
    {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{OWNER}:assumed-role/deploy/s1",
        "unique_id": "AROADEPLOY:s1",
    },
    {"type": "AssumedRole", "arn": f"arn:aws:sts::{OTHER}:assumed-role/app/s2"},
    {"type": "FederatedUser", "arn": f"arn:aws:sts::{OWNER}:federated-user/fred"},
    {"type": "Root", "arn": f"arn:aws:iam::{OWNER}:root"},
    {"type": "Root", "arn": f"arn:aws:iam::{OTHER}:root"},
    {"type": "AWSAccount", "account": OTHER, "unique_id": "AIDABOB"},
    {"type": "AWSService", "arn": "logging.s3.amazonaws.com"},
)
POINT = f"arn:aws:s3:us-east-1:{OWNER}:accesspoint/ap"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/1"
PRINCIPALS: tuple[Any, ...] = (
    "*",
    {"AWS": "*"},
    {"AWS": OWNER},
    {"AWS": f"arn:aws:iam::{OTHER}:root"},
    {"AWS": f"arn:aws:iam::{OWNER}:user/alice"},
    {"AWS": f"arn:aws:iam::{OTHER}:user/bob"},
    {"AWS": [f"arn:aws:iam::{OWNER}:role/team/deploy", f"arn:aws:iam::{OTHER}:role/app"]},
    {"AWS": f"arn:aws:sts::{OWNER}:assumed-role/deploy/s1"},
    {"AWS": f"arn:aws:sts::{OWNER}:federated-user/fred"},
    {"Service": "logging.s3.amazonaws.com"},
    {"CanonicalUser": "id-other"},
    {"CanonicalUser": ["id-third", "id-owner"]},
    {"AWS": ["AIDAALICE", "AROADEPLOY", OTHER]},
    {"AWS": ["AIDABOB", THIRD], "Service": ["config.amazonaws.com", "logging.s3.amazonaws.com"]},
    {"AWS": [f"arn:aws:iam::{OWNER}:root", f"arn:aws:iam::{OTHER}:role/app"]},
    {"Federated": "cognito-identity.amazonaws.com"},
)
ACTIONS = (
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:GetObjectAcl",
    "s3:ListBucket",
    "s3:GetBucketPolicy",
    "s3:GetBucketAcl",
    "s3:DeleteObjectVersion",
    "s3:GetBucketVersioning",
)
ACTION_PATTERNS = (
    "s3:*",
    "*",
    "*",
    "kms:*",
    "s3:Get*",
    "s3:getobject",
    "s3:PutObject",
    "s3:*Object",
    "ec2:*",
    "S3:?etObject",
    "s3:Delete*",
    "s3:List*",
    "kms:Decrypt",
)
RESOURCES = (
    "*",
    f"{POINT}/object/*",
    f"{BUCKET}",
    f"{BUCKET}/*",
    f"{BUCKET}/pub/*",
    f"{BUCKET}/${{aws:username}}/*",
    f"{BUCKET}/${{aws:PrincipalTag/class, 'pub'}}/?",
    f"{BUCKET}/${{aws:PrincipalTag/home,'alice'}}/*",
    f"{BUCKET}/*${{*}}",
    "arn:aws:s3*",
    "ARN:AWS:s3:::b/?",
    f"{POINT}",
    KEY,
)
CONDITIONS: tuple[dict[str, Any], ...] = (
    {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}},
    {"NotIpAddress": {"aws:SourceIp": ["198.51.100.0/24", "203.0.113.7"]}},
    {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}},
    {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}},
    {"StringLike": {"aws:UserAgent": "aws-cli/*", "s3:prefix": ["", "pub/*"]}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Null": {"aws:SourceVpce": "true"}},
    {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}},
    {"ForAllValues:StringLike": {"aws:TagKeys": ["a*"]}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}},
    {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWNER}:role/*deploy"}},
    {"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OWNER}:role/team/deploy"}},
    {"StringEquals": {"aws:PrincipalAccount": [OWNER, OTHER]}},
    {"DateLessThan": {"aws:CurrentTime": "2026-01-02T00:00:00Z"}},
    {"StringEquals": {"s3:DataAccessPointAccount": OWNER}},
    {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
    {"StringEquals": {"aws:ResourceAccount": OWNER}},
    {"NumericLessThanEquals": {"s3:max-keys": "10"}},
    {"StringEquals": {"s3:ExistingObjectTag/class": "${aws:PrincipalTag/class}"}},
    {"StringNotLike": {"aws:UserAgent": ["${aws:PrincipalTag/class, 'aws'}*", "curl/?"]}},
    {"StringLike": {"aws:PrincipalTag/class": "${aws:PrincipalTag/home, 'r??'}"}},
    {"StringEqualsIgnoreCase": {"AWS:UserAgent": "CURL/8"}},
    {"StringNotEqualsIgnoreCase": {"aws:PrincipalTag/class": ["RED", "${*}"]}},
    {"ForAllValues:StringNotEquals": {"aws:TagKeys": ["c", "b"]}},
    {"ForAnyValue:StringLike": {"aws:CalledVia": ["*thena.amazonaws.com"]}},
    {"ForAllValues:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}},
    {"ForAllValues:StringEquals": {"aws:UserAgent": ["curl/8", "aws-cli/2.7"]}},
    {"StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}},
    {"StringNotEquals": {"aws:TagKeys": "z"}},
    {"Null": {"aws:TagKeys": "false", "aws:Referer": "true"}},
    {"Null": {"aws:PrincipalArn": ["true"]}},
    {"NumericGreaterThan": {"s3:max-keys": ["100", "4"]}},
    {"NumericNotEquals": {"s3:max-keys": [5, "x"]}},
    {"NumericEqualsIfExists": {"s3:max-keys": 500}},
    {"DateGreaterThanEquals": {"aws:TokenIssueTime": "2025-12-31T00:00:00Z"}},
    {"DateLessThanIfExists": {"aws:TokenIssueTime": "1767139200"}},
    {"DateNotEquals": {"aws:CurrentTime": "2026-01-01T12:00:00Z"}},
    {"IpAddress": {"aws:SourceIp": ["2001:db8::/32", "10.0.0.0/8"]}},
    {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
    {"NotIpAddressIfExists": {"aws:SourceIp": "::/0"}},
    {"BinaryEquals": {"aws:PrincipalTag/bin": "QUI="}},
    {"StringEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}},
    {"StringLike": {"aws:SourceVpce": "vpce-*"}},
    {"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}},
    {"ForAnyValue:StringEquals": {"aws:SourceVpc": ["vpc-1"]}},
    {"StringNotEqualsIfExists": {"aws:SourceVpc": "vpc-1"}},
    {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*:111111111111:t"}},
    {"ArnNotLikeIfExists": {"aws:SourceArn": ["arn:aws:s*:t", "arn:aws:sns:us-east-1:*:?"]}},
    {"StringLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-east-1:111111111111:accesspoint/*"}},
    {"StringEquals": {"s3:AccessPointNetworkOrigin": "VPC"}},
    {"Bool": {"aws:PrincipalIsAWSService": False}},
    {"StringEquals": {"kms:CallerAccount": [OWNER, THIRD]}},
    {"StringLike": {"kms:EncryptionContext:aws:s3:arn": f"{BUCKET}/*"}},
    {"StringNotEqualsIfExists": {"kms:EncryptionContext:aws:s3:arn": [BUCKET, f"{BUCKET}/k"]}},
    {"StringNotEquals": {"aws:PrincipalType": ["User", "Anonymous"]}},
    {"StringLike": {"aws:userid": ["AIDA*", "222222222222"]}},
    {"StringEquals": {"aws:PrincipalOrgID": ["o-1", "${aws:PrincipalTag/class}"]}},
)
CONTEXT: dict[str, tuple[Any, ...]] = {
    "aws:SourceIp": ("198.51.100.9", "203.0.113.7", "2001:db8::1"),
    "aws:PrincipalOrgID": ("o-1", "o-2"),
    "aws:UserAgent": ("aws-cli/2.7", "curl/8"),
    "aws:SecureTransport": ("true", "false"),
    "aws:MultiFactorAuthPresent": ("true", "false"),
    "aws:SourceVpce": ("vpce-1",),
    "aws:SourceVpc": ("vpc-1", "vpc-2"),
    "aws:TagKeys": (["a"], ["a", "c"], []),
    "s3:prefix": ("", "pub/x"),
    "s3:max-keys": ("5", "500"),
    "s3:ExistingObjectTag/class": ("red",),
    "aws:PrincipalTag/class": ("red", "blue"),
    "s3:x-amz-acl": ("public-read", "private", "bucket-owner-full-control"),
    "aws:PrincipalTag/home": ("", "alice", "*"),
    "aws:PrincipalTag/bin": ("QUI=", "QUI"),
    "aws:CalledVia": ("athena.amazonaws.com", ["athena.amazonaws.com", "glue.amazonaws.com"]),
    "aws:SourceArn": ("arn:aws:sns:us-east-1:111111111111:t", "none"),
    "aws:TokenIssueTime": ("2025-12-30T23:59:59Z", "2025-12-31T00:00:00Z"),
    "s3:x-amz-server-side-encryption": ("aws:kms", "AES256"),
}
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
#: Every slot that may be hidden, by dotted path.
SLOTS = (
    "bucket.policy",
    "bucket.acl",
    "bucket.ownership",
    "bucket.requester_pays",
    "bucket.public_access_block.IgnorePublicAcls",
    "bucket.public_access_block",
    "account_public_access_block",
    "account_public_access_block.RestrictPublicBuckets",
    "organization_s3_policy",
    "object",
    "object.acl",
    "object.owner_account",
    "identity_policies",
    "permissions_boundary",
    "session_policies",
    "scps",
    "rcps",
    "vpc_endpoint_policy",
    "access_point.policy",
    "access_point.network_origin",
    "access_point.public_access_block",
    "bucket.owner_account",
    "bucket.owner_canonical_id",
    "kms_key_policy",
    "object.kms_key",
    "object.legal_hold",
    "object.owner_canonical_id",
    "object.sse",
    "object.bucket_key_enabled",
    "rcps_of_key",
    "request.time",
    "request.principal.account",
    "request.principal.arn",
    "request.principal.unique_id",
    "request.principal.canonical_id",
)


_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
EVERYTHING = {"Version": "2012-10-17", "Statement": _ALL}
OWNERSHIPS = ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")


def some(r: Random, pool: tuple[Any, ...], most: int, least: int = 0) -> list[Any]:
    """Between `least` and `most` of the pool, with repetition."""
    return [r.choice(pool) for _ in range(r.randint(least, most))]


def statement(r: Random, principal: bool) -> dict[str, Any]:
    """One statement, of a resource policy or of an identity policy."""
    body: dict[str, Any] = {"Effect": r.choice(("Allow", "Allow", "Allow", "Deny"))}
    if principal:
        body[r.choice(("Principal",) * 6 + ("NotPrincipal",))] = r.choice(PRINCIPALS)
    body[r.choice(("Action",) * 8 + ("NotAction",))] = some(r, ACTION_PATTERNS, 2, 1)
    body[r.choice(("Resource",) * 8 + ("NotResource",))] = some(r, RESOURCES, 2, 1)
    if r.random() < 0.4:
        body["Condition"] = r.choice(CONDITIONS)
    return body


def document(r: Random, principal: bool) -> dict[str, Any]:
    """One policy document."""
    listed = [statement(r, principal) for _ in range(r.randint(1, 3))]
    return {"Version": "2012-10-17", "Statement": listed}


def acl(r: Random, owner: str) -> dict[str, Any]:
    """An access control list."""
    grantees: list[dict[str, str]] = [{"URI": f"{GROUPS}AllUsers"}] * 2
    grantees += [{"URI": f"{GROUPS}AuthenticatedUsers"}]
    grantees += [{"ID": canonical} for canonical in IDS.values()]
    permissions = ("READ", "WRITE", "READ_ACP", "FULL_CONTROL")
    grants = [
        {"Grantee": r.choice(grantees), "Permission": r.choice(permissions)}
        for _ in range(r.randint(0, 2))
    ]
    return {"Owner": {"ID": owner}, "Grants": grants}


def block(r: Random) -> dict[str, bool] | None:
    """A Block Public Access configuration, or none."""
    return {flag: r.random() < 0.4 for flag in FLAGS} if r.random() < 0.5 else None


def state(r: Random) -> dict[str, Any]:
    """A whole state."""
    owner = r.choice((OWNER, OWNER, OTHER))
    stored: dict[str, Any] = {
        "owner_account": owner,
        "owner_canonical_id": IDS[owner],
        "acl": acl(r, IDS[owner]),
    }

    if r.random() < 0.2:
        stored |= {"sse": "aws:kms", "kms_key": KEY, "bucket_key_enabled": r.random() < 0.5}
    if r.random() < 0.1:
        stored["legal_hold"] = "ON"
    point = {
        "arn": POINT,
        "account": OWNER,
        "network_origin": r.choice(("Internet", "VPC")),
        "vpc_id": "vpc-1",
        "policy": document(r, principal=True),
        "public_access_block": block(r),
    }

    def identity() -> dict[str, Any]:
        return EVERYTHING if r.random() < 0.5 else document(r, principal=False)

    def rarely(value: Any) -> Any:
        return value if r.random() < 0.25 else None

    return {
        "bucket": {
            "name": "b",
            "owner_account": OWNER,
            "owner_canonical_id": IDS[OWNER],
            "policy": document(r, principal=True) if r.random() < 0.7 else None,
            "acl": acl(r, IDS[OWNER]),
            "ownership": r.choice(OWNERSHIPS),
            "public_access_block": block(r),
            "requester_pays": r.random() < 0.1,
            "default_bucket_key_enabled": r.random() < 0.5,
        },
        "object": stored if r.random() < 0.8 else None,
        "access_point": point,
        "kms_key_policy": rarely(document(r, principal=True)),
        "account_public_access_block": block(r),
        "organization_s3_policy": rarely(r.choice(("all", "none"))),
        "identity_policies": [identity() for _ in range(r.randint(0, 2))],
        "permissions_boundary": rarely(identity()),
        "session_policies": rarely([identity() for _ in range(r.randint(0, 2))]),
        "scps": rarely([[identity()] for _ in range(r.randint(1, 2))]),
        "rcps": rarely([[document(r, principal=True)]]),
        "vpc_endpoint_policy": rarely(document(r, principal=True)),
    }


def milder(r: Random, state: dict[str, Any]) -> dict[str, Any]:
    """The state with most denies, and some conditions, taken out: more is allowed of it."""

    def mild(value: Any) -> Any:
        if isinstance(value, list):
            return [mild(v) for v in value]
        if not isinstance(value, dict):
            return value
        if value.get("Effect") == "Deny" and r.random() < 0.8:
            value = {**value, "Effect": "Allow"}
        dropped = ("Condition",) if r.random() < 0.4 else ()
        return {k: mild(v) for k, v in value.items() if k not in dropped}

    found: dict[str, Any] = mild(state)
    if r.random() < 0.7:
        found["identity_policies"].append(EVERYTHING)
    opened = (found["kms_key_policy"], found["access_point"]["policy"], found["bucket"]["policy"])
    for each in opened:
        if each is not None and r.random() < 0.6:
            each["Statement"].append({**_ALL, "Principal": r.choice(PRINCIPALS)})
    return found


def request(r: Random) -> dict[str, Any]:
    """A request by one of the callers."""
    caller = dict(r.choice(CALLERS))
    account = caller.get("account") or (str(caller.get("arn", "")).split(":") + [""] * 5)[4]
    if account in IDS:
        caller |= {"account": account, "canonical_id": IDS[account]}
    action = r.choice(ACTIONS)
    target = POINT + "/object" if r.random() < 0.15 and "Object" in action else BUCKET
    names = sorted(set(some(r, tuple(sorted(CONTEXT)), 6)))
    return {
        "principal": caller,
        "action": action,
        "resource": f"{target}/{r.choice(KEYS)}" if "Object" in action else BUCKET,
        "time": "2026-01-01T12:00:00Z",
        "context": {name: r.choice(CONTEXT[name]) for name in names},
        "unknown_context": [],
    }


def without(request: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    """The request with these context keys unknown."""
    context = {k: v for k, v in request["context"].items() if k not in keys}
    return {**request, "context": context, "unknown_context": keys}
