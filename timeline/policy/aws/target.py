"""What a request names: bucket, object, access point, or something of another service."""

from dataclasses import dataclass, field
from functools import lru_cache

from timeline.policy.aws import s3
from timeline.policy.aws.patterns import split_arn
from timeline.policy.malformed import MalformedError

_ACCOUNT_WIDE = "arn:aws:s3:::*"
_ALIAS = "-s3alias"
#: Services whose resources have no policies, role trust apart (reference_aws-services-that-work-
#: with-iam): there the caller's account decides alone. Of any other the state must give one.
WITHOUT_RESOURCE_POLICY = frozenset(
    (
        "account",
        "cloudformation",
        "cloudtrail",
        "config",
        "ec2",
        "iam",
        "organizations",
        "ram",
        "sso",
        "sts",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The resource of a request.

    Attributes:
        arn: as identity policies see it.
        service: `s3`, `iam`, … of the action.
        bucket, key: names, "" where none.
        bucket_arn: as the bucket policy sees it, also through an access point.
        account: account in the ARN, or "".
        through_access_point: the request names an access point.
        problem: a kind of resource that is not decided (R-S3-18), or "".
        of_s3: slots of the policies that most S3 actions are asked of, with the ARN they see.
    """

    arn: str
    service: str
    bucket: str = ""
    key: str = ""
    bucket_arn: str = ""
    account: str = ""
    through_access_point: bool = False
    problem: str = ""
    of_s3: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        bucket = ("bucket.policy", self.bucket_arn)
        point = ("access_point.policy", self.arn)
        found = (point, bucket) if self.through_access_point else (bucket,)
        object.__setattr__(self, "of_s3", found)

    def unsupported(self, action: str) -> str:
        """Why the action on this target is never decided, or ""."""
        if self.service == "s3":
            return "Access Grants" if action == "s3:getdataaccess" else self.problem
        if action.startswith(("s3express:", "s3-object-lambda:", "s3-outposts:", "s3tables:")):
            return action.partition(":")[0]
        if action in ("sts:assumerolewithsaml", "sts:assumerolewithwebidentity"):
            return "federation"
        return self.problem

    def policies(self, action: str) -> tuple[tuple[str, str], ...]:
        """Slots of the resource policies that are asked, each with the ARN it sees."""
        if self.service == "s3":
            return () if action in s3.IDENTITY_ONLY else self.of_s3
        if self.service == "kms":
            return (("kms_key_policy", self.arn),)
        if action.startswith("sts:assumerole") or self.service not in WITHOUT_RESOURCE_POLICY:
            return (("resource_policy", self.arn),)
        return ()


@lru_cache(maxsize=8_192)
def target_of(
    resource: str | None,
    service: str,
    bucket_name: str | None,
    point: tuple[str, str | None] | None = None,
) -> Target:
    """The target of an action.

    Args:
        resource: ARN, or None or `*` for calls on no resource in particular.
        service: `s3`, `iam`, … of the action.
        bucket_name: name of the bucket whose state is given.
        point: (ARN, alias) of the access point whose state is given.

    Raises:
        MalformedError: no ARN.
    """
    if resource is None or resource in ("*", _ACCOUNT_WIDE):
        return Target(arn=_ACCOUNT_WIDE if service == "s3" else "*", service=service)
    fields = split_arn(resource)
    if len(fields) != 6 or fields[0].lower() != "arn":
        raise MalformedError(f"request.resource: expected an ARN, found {resource!r}")
    arn, name = resource, fields[5]
    if service != "s3":
        return Target(arn=arn, service=service, account=fields[4])
    if fields[2] != "s3":
        return Target(arn=arn, service=service, problem=f"resource of {fields[2]}")
    if not name.startswith("accesspoint/"):
        bucket, _, key = name.partition("/")
        if point is not None and _is_alias(bucket, *point):
            seen = f"{point[0]}/object/{key}" if key else point[0]
            return target_of(seen, service, bucket_name)
        problem = "directory bucket" if bucket.endswith("--x-s3") else ""
        if bucket.endswith((_ALIAS, ".mrap")):
            problem = "access point alias"
        return Target(
            arn=arn, service=service, bucket=bucket, key=key, bucket_arn=arn, problem=problem
        )
    key = name.partition("/object/")[2]
    bucket_arn = f"arn:{fields[1]}:s3:::{bucket_name or ''}" + (f"/{key}" if key else "")
    return Target(
        arn=arn,
        service=service,
        bucket=bucket_name or "",
        key=key,
        bucket_arn=bucket_arn,
        account=fields[4],
        through_access_point=True,
        problem="" if fields[3] else "Multi-Region access point",
    )


def _is_alias(bucket: str, arn: str, alias: str | None) -> bool:
    """Whether a bucket name is the access point's alias: `NAME-…-s3alias` where it is not given.

    Policies never name the alias: they see the access point's ARN (access-points-naming).
    """
    if alias is not None:
        return bucket == alias
    name = arn.rpartition(":accesspoint/")[2]
    return bucket.endswith(_ALIAS) and bucket.startswith(f"{name}-")
