"""Error code -> outcome. Explicit, per service: what no line names is FAILED or, at 403, DENIED.

ABSENT only where the provider says "there is none" of what was asked. A code that could mean
either absence or refusal is never here. Sources: the errors sections of each operation in the
API references; `docs/collecting-aws.md` prints this table.
"""

import json
import re
from collections.abc import Mapping

from collector.model import Outcome
from collector.warc import Response

ABSENT: Mapping[str, frozenset[str]] = {
    "s3": frozenset(
        {
            "NoSuchBucket",
            "NoSuchBucketPolicy",
            "NoSuchConfiguration",
            "NoSuchCORSConfiguration",
            "NoSuchKey",
            "NoSuchLifecycleConfiguration",
            "NoSuchObjectLockConfiguration",
            "NoSuchPublicAccessBlockConfiguration",
            "NoSuchTagSet",
            "NoSuchVersion",
            "NoSuchWebsiteConfiguration",
            "MetadataConfigurationNotFound",
            "ObjectLockConfigurationNotFoundError",
            "OwnershipControlsNotFoundError",
            "ReplicationConfigurationNotFoundError",
            "ServerSideEncryptionConfigurationNotFoundError",
        }
    ),
    "s3control": frozenset(
        {
            "AccessGrantsInstanceNotExistsError",
            "AccessGrantsInstanceResourcePolicyNotExists",
            "NoSuchAccessPoint",
            "NoSuchAccessPointPolicy",
            "NoSuchConfiguration",
            "NoSuchMultiRegionAccessPoint",
            "NoSuchMultiRegionAccessPointPolicy",
            "NoSuchObjectLambdaAccessPoint",
            "NoSuchObjectLambdaAccessPointPolicy",
            "NoSuchPublicAccessBlockConfiguration",
        }
    ),
    "s3tables": frozenset({"NotFoundException"}),
    "iam": frozenset({"NoSuchEntity", "OutboundWebIdentityFederationDisabled", "ReportNotPresent"}),
    "kms": frozenset({"NotFoundException"}),
    "organizations": frozenset(
        {
            "AWSOrganizationsNotInUseException",
            "EffectivePolicyNotFoundException",
            "PolicyNotFoundException",
            "ResourcePolicyNotFoundException",
        }
    ),
    "cloudtrail": frozenset(
        {
            "EventDataStoreNotFoundException",
            "InsightNotEnabledException",
            "ResourcePolicyNotFoundException",
            "TrailNotFoundException",
        }
    ),
    "config": frozenset(
        {
            "NoSuchConfigurationRecorderException",
            "NoSuchDeliveryChannelException",
            "NoSuchRetentionConfigurationException",
            "ResourceNotDiscoveredException",
        }
    ),
    "ram": frozenset({"UnknownResourceException"}),
    "sso-admin": frozenset({"ResourceNotFoundException"}),
    "identitystore": frozenset({"ResourceNotFoundException"}),
    "accessanalyzer": frozenset({"ResourceNotFoundException"}),
    "securityhub": frozenset({"ResourceNotFoundException"}),
    "guardduty": frozenset(),
    "cloudfront": frozenset({"NoSuchDistribution"}),
    "cognito-identity": frozenset({"ResourceNotFoundException"}),
    "cognito-idp": frozenset({"ResourceNotFoundException"}),
    "transfer": frozenset({"ResourceNotFoundException"}),
    "rolesanywhere": frozenset({"ResourceNotFoundException"}),
}

#: Absence that only the message tells from other meanings of a code: (service, code, message).
ABSENT_MESSAGES: tuple[tuple[str, str, str], ...] = (
    # https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_DescribeHub.html
    ("securityhub", "InvalidAccessException", "not subscribed to AWS Security Hub"),
)

DENIED: frozenset[str] = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AccessDeniedForDependencyException",
        "AllAccessDisabled",
        "AuthorizationError",
        "AuthorizationErrorException",
        "ConstraintViolationException.Access",
        "Forbidden",
        "NotAuthorized",
        "NotAuthorizedException",
        "OptInRequired",
        "SubscriptionRequiredException",
        "UnauthorizedException",
        "UnauthorizedOperation",
        # What a Region answers that the account has not enabled: it does not know the key.
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    }
)

#: Operation -> member that says whether a job at the provider has ended, and the words of those
#: that have not: no answer yet, and never used again once held.
UNDER_WAY: Mapping[str, str] = {
    "GenerateCredentialReport": "State",
    "GetServiceLastAccessedDetails": "JobStatus",
    "GetServiceLastAccessedDetailsWithEntities": "JobStatus",
}
UNFINISHED = frozenset({"STARTED", "INPROGRESS", "IN_PROGRESS"})

#: 4xx answers that say nothing about the resource: asked again on a resume.
TRANSIENT: frozenset[str] = frozenset(
    {
        "BandwidthLimitExceeded",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidObjectState",  # 403, and no refusal: the object is archived
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestExpired",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeTooSkewed",
        "RequestTimeout",
        "RequestTimeoutException",
        "SignatureDoesNotMatch",  # 403, and no refusal: key, clock or proxy
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)

#: The caller's credentials have ended: nothing more can be asked until they are renewed.
EXPIRED: frozenset[str] = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})

#: A page token that the provider no longer takes; the listing is asked again from its start.
STALE_TOKEN: frozenset[str] = frozenset(
    {
        "ExpiredIteratorException",
        "ExpiredNextTokenException",
        "InvalidMarkerException",
        "InvalidNextTokenException",
        "InvalidPaginationTokenException",
    }
)


def classify(service: str, operation: str, status: int, code: str, message: str = "") -> Outcome:
    """The outcome of an answer that is an error.

    Args:
        service: name of the SDK's client.
        operation: name of the operation.
        status: HTTP status.
        code: the provider's error code; where a HEAD answer has no body, the SDK puts the status.
        message: the provider's words, for the few codes that they alone tell apart.
    """
    if code in TRANSIENT:
        return Outcome.FAILED
    if operation in UNDER_WAY and code == "NoSuchEntity":
        return Outcome.FAILED  # the job is gone, which says nothing of what it was about
    if code in ABSENT.get(service, frozenset()):
        return Outcome.ABSENT
    if any(
        (service, code) == (one, other) and words in message
        for one, other, words in ABSENT_MESSAGES
    ):
        return Outcome.ABSENT
    if operation in ("HeadBucket", "HeadObject") and status == 404:
        return Outcome.ABSENT
    if code in DENIED or status in (401, 403):
        return Outcome.DENIED
    return Outcome.FAILED


def code_of(response: Response) -> tuple[str, str]:
    """Code and message of a raw error answer, in any of the provider's three spellings."""
    named = response.header("x-amzn-errortype")
    if response.body.lstrip()[:1] == b"{":
        try:
            body = json.loads(response.body)
        except ValueError:
            body = {}
        named = named or str(body.get("__type") or body.get("code") or "")
        return _bare(named), str(body.get("message") or body.get("Message") or "")
    code = re.search(rb"<Code>([^<]*)</Code>", response.body)
    message = re.search(rb"<Message>([^<]*)</Message>", response.body)
    return (
        _bare(named or (code[1].decode("utf-8", "replace") if code else str(response.status))),
        message[1].decode("utf-8", "replace") if message else "",
    )


def settled(service: str, operation: str, response: Response) -> bool:
    """Whether an answer, once held, need not be asked again."""
    if response.truncated or 300 <= response.status < 400:
        return False
    if response.status < 300:
        return operation not in UNDER_WAY or _ended(UNDER_WAY[operation], response.body)
    code, message = code_of(response)
    outcome = classify(service, operation, response.status, code, message)
    return outcome is not Outcome.FAILED


def _ended(member: str, body: bytes) -> bool:
    """Whether an answer about a job is its last."""
    said = re.search(rf"<{member}>([A-Z_]+)</{member}>".encode(), body)
    return said is not None and said[1].decode() not in UNFINISHED


def _bare(code: str) -> str:
    return code.partition(":")[0].rpartition("#")[2]
