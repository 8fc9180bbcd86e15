"""API answers and findings of AWS that are handed over as files, by the keys that tell them."""

from collections.abc import Mapping

#: IAM's credential report: the kind, and how its CSV begins.
REPORT = "aws.iam.credential_report"
REPORT_HEADER = b"user,arn,user_creation_time,"

#: API answers by the keys that all must be there. The first that fits counts.
ANSWERS: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (kind, frozenset(keys.split()))
    for kind, keys in (
        ("aws.iam.authorization_details", "UserDetailList"),
        ("aws.iam.authorization_details", "RoleDetailList"),
        ("aws.iam.authorization_details", "GroupDetailList"),
        ("aws.iam.authorization_details", "Policies IsTruncated"),  # with versions: `fits`
        ("aws.config.items", "configurationItems"),
        ("aws.config.items", "ConfigurationItems"),
        ("aws.config.items", "configurationItemStatus resourceType"),
        ("aws.config.items", "configurationItemCaptureTime resourceType"),
        ("aws.config.rule_event", "invokingEvent"),
        ("aws.cloudtrail.digest", "digestStartTime digestEndTime logFiles"),
        ("aws.cloudtrail.query_signature", "queryCompleteTime hashSignature files"),
        ("aws.securityhub.findings", "Findings"),
        ("aws.securityhub.findings", "SchemaVersion ProductArn"),
        ("aws.guardduty.findings", "schemaVersion service severity"),
        ("aws.guardduty.findings", "SchemaVersion Service Severity"),
        ("aws.accessanalyzer.findings", "findings"),
        ("aws.accessanalyzer.findings", "resource resourceType analyzedAt"),
        ("aws.cloudtrail.trails", "trailList"),
        ("aws.cloudtrail.selectors", "TrailARN EventSelectors"),
        ("aws.cloudtrail.selectors", "TrailARN AdvancedEventSelectors"),
        ("aws.s3.policy", "Policy"),
        ("aws.s3.acl", "Owner Grants"),
        ("aws.s3.public_access_block", "PublicAccessBlockConfiguration"),
        ("aws.s3.ownership", "OwnershipControls"),
        ("aws.s3.buckets", "Buckets Owner"),
        ("aws.identitystore.users", "Users"),
    )
)


def fits(kind: str, body: Mapping[str, bytes]) -> bool:
    """Whether an answer with the keys of a kind is one: other operations have keys of that name.

    Args:
        kind: of `ANSWERS`.
        body: key -> JSON text of its value.
    """
    if kind == "aws.s3.policy":  # IAM's GetPolicy describes a policy under the same key
        return body["Policy"].startswith(b'"') or b'"Statement"' in body["Policy"]
    if kind == "aws.identitystore.users":  # IAM's ListUsers has the same key
        return b'"IdentityStoreId"' in body["Users"]
    if kind == "aws.iam.authorization_details" and not _LISTS & body.keys():
        return b'"PolicyVersionList"' in body["Policies"]  # ListPolicies gives no documents
    return True


_LISTS = frozenset({"UserDetailList", "RoleDetailList", "GroupDetailList"})
