"""Operations that bear on access to stored data and that no source asks, each with the reason.

`butfor collect aws --plan` prints them after the plan, so that nobody has to guess what was left
out. A test holds this list and the allow-list disjoint, and both together equal to the table of
operations that a collection is measured by.
"""

from collections.abc import Mapping

_WHOLE = "the listing that is asked holds the same, whole"
_CHECK = "sends a policy to be checked; says nothing of what is stored"
_SHOWS = "the answer holds a secret"
_CREDENTIALS = "issues credentials"

NOT_ASKED: Mapping[str, str] = {
    "accessanalyzer:CheckAccessNotGranted": _CHECK,
    "accessanalyzer:CheckNoNewAccess": _CHECK,
    "accessanalyzer:CheckNoPublicAccess": _CHECK,
    "accessanalyzer:ValidatePolicy": _CHECK,
    "cloudfront:GetCloudFrontOriginAccessIdentity": _WHOLE,
    "cloudfront:GetOriginAccessControl": _WHOLE,
    "cognito-idp:DescribeIdentityProvider": _SHOWS,
    "cognito-idp:DescribeUserPoolClient": _SHOWS,
    "cognito-idp:ListUsers": "people who signed up, without a setting that decides access",
    "kms:GetParametersForImport": "makes key material",
    "lambda:ListFunctions": (
        "the answer holds environment variables, which often are secrets; what a function may "
        "read is in its role (aws.iam)"
    ),
    "s3:GetBucketAnalyticsConfiguration": _WHOLE,
    "s3:GetBucketIntelligentTieringConfiguration": _WHOLE,
    "s3:GetBucketInventoryConfiguration": _WHOLE,
    "s3:GetBucketMetricsConfiguration": _WHOLE,
    "s3:SelectObjectContent": "reads content",
    "s3control:GetDataAccess": _CREDENTIALS,
    "sts:GetDelegatedAccessToken": _CREDENTIALS,
    "sts:GetFederationToken": _CREDENTIALS,
    "sts:GetSessionToken": _CREDENTIALS,
    "sts:GetWebIdentityToken": _CREDENTIALS,
}
