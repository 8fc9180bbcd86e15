"""Which permission an operation needs, where its name does not say so.

From the Service Authorization Reference (docs.aws.amazon.com/service-authorization). The rule is
`<prefix>:<operation>`; this table holds every exception that an operation of ours meets.
"""

from collector.source import Condition, Operation

#: Prefix of the permission, where it is not the name of the SDK's client.
PREFIX: dict[str, str] = {
    "s3control": "s3",
    "sso-admin": "sso",
    "accessanalyzer": "access-analyzer",
}

#: Operation -> the permissions it needs. Empty: the provider asks for none.
IRREGULAR: dict[str, tuple[str, ...]] = {
    "sts:GetCallerIdentity": (),
    "sso:GetRoleCredentials": (),
    "sso-oidc:CreateToken": (),
    "signin:CreateOAuth2Token": (),
    "s3:ListBuckets": ("s3:ListAllMyBuckets",),
    "s3:ListDirectoryBuckets": ("s3express:ListAllMyDirectoryBuckets",),
    "s3:HeadBucket": ("s3:ListBucket",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:ListObjectVersions": ("s3:ListBucketVersions",),
    "s3:ListMultipartUploads": ("s3:ListBucketMultipartUploads",),
    "s3:GetPublicAccessBlock": ("s3:GetBucketPublicAccessBlock",),
    "s3:GetBucketCors": ("s3:GetBucketCORS",),
    "s3:GetBucketEncryption": ("s3:GetEncryptionConfiguration",),
    "s3:GetBucketLifecycleConfiguration": ("s3:GetLifecycleConfiguration",),
    "s3:GetBucketReplication": ("s3:GetReplicationConfiguration",),
    "s3:GetBucketNotificationConfiguration": ("s3:GetBucketNotification",),
    "s3:GetBucketAccelerateConfiguration": ("s3:GetAccelerateConfiguration",),
    "s3:GetObjectLockConfiguration": ("s3:GetBucketObjectLockConfiguration",),
    "s3:ListBucketInventoryConfigurations": ("s3:GetInventoryConfiguration",),
    "s3:ListBucketAnalyticsConfigurations": ("s3:GetAnalyticsConfiguration",),
    "s3:ListBucketMetricsConfigurations": ("s3:GetMetricsConfiguration",),
    "s3:ListBucketIntelligentTieringConfigurations": ("s3:GetIntelligentTieringConfiguration",),
    "s3:GetBucketMetadataConfiguration": ("s3:GetBucketMetadataTableConfiguration",),
    "s3:GetObject": ("s3:GetObject", "s3:GetObjectVersion"),
    "s3:HeadObject": ("s3:GetObject", "s3:GetObjectVersion"),
    "s3:GetObjectAcl": ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    "s3:GetObjectTagging": ("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
    "s3:GetObjectAttributes": (
        "s3:GetObject",
        "s3:GetObjectAttributes",
        "s3:GetObjectVersion",
        "s3:GetObjectVersionAttributes",
    ),
    "s3control:GetPublicAccessBlock": ("s3:GetAccountPublicAccessBlock",),
    "s3control:GetAccessPointScope": ("s3express:GetAccessPointScope",),
    "s3control:ListAccessPointsForDirectoryBuckets": (
        "s3express:ListAccessPointsForDirectoryBuckets",
    ),
    "s3control:ListRegionalBuckets": ("s3-outposts:ListRegionalBuckets",),
    "s3control:GetBucket": ("s3-outposts:GetBucket",),
    "s3control:GetBucketPolicy": ("s3-outposts:GetBucketPolicy",),
    "accessanalyzer:ListFindingsV2": ("access-analyzer:ListFindings",),
    "accessanalyzer:GetFindingV2": ("access-analyzer:GetFinding",),
}


def operations(
    service: str, resource: str, *names: str, condition: Condition = Condition.ALWAYS
) -> tuple[Operation, ...]:
    """Operations of one service on one kind of resource, with the permissions they need."""
    prefix = PREFIX.get(service, service)
    return tuple(
        Operation(
            service=service,
            name=name,
            permissions=IRREGULAR.get(f"{service}:{name}", (f"{prefix}:{name}",)),
            resource=resource,
            condition=condition,
        )
        for name in names
    )
