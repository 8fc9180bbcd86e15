"""aws.iam: principals, what is attached to them, older policy versions, keys and providers.

Older versions of managed policies are history that no log needs to have kept. Reports that the
provider prepares on request: `collector.aws.iam_jobs`.
"""

from collections.abc import Mapping
from typing import Any

from collector.aws.cell import Cell
from collector.aws.iam_jobs import credential_report, last_accessed
from collector.aws.permissions import operations
from collector.source import Condition, Level, SourceSpec

ACCOUNT: tuple[str, ...] = (
    "GetAccountSummary",
    "GetAccountPasswordPolicy",
    "ListAccountAliases",
    "ListVirtualMFADevices",
    "ListInstanceProfiles",
    "ListOrganizationsFeatures",
    "ListDelegationRequests",
    "GetOutboundWebIdentityFederationInfo",
)
PER_USER: tuple[str, ...] = (
    "GetLoginProfile",
    "ListMFADevices",
    "ListSSHPublicKeys",
    "ListServiceSpecificCredentials",
    "ListSigningCertificates",
    "ListUserTags",
)


def collect(cell: Cell) -> None:
    """Authorization details, then users, roles, policies, providers, then the report."""
    account = f"account/{cell.account}"
    details = cell.ask("iam:GetAccountAuthorizationDetails", account)
    for operation in ACCOUNT:
        answer = cell.ask(f"iam:{operation}", account)
        for request in answer.items("DelegationRequests"):
            number = request["DelegationRequestId"]
            cell.ask("iam:GetDelegationRequest", number, DelegationRequestId=number)
    cell.each(details.items("UserDetailList"), lambda user: _user(cell, user))
    cell.each(details.items("RoleDetailList"), lambda role: _role(cell, role))
    for kind in ("UserDetailList", "RoleDetailList"):
        cell.each(details.items(kind), lambda one: last_accessed(cell, one["Arn"]))
    groups = details.items("GroupDetailList")
    cell.each(groups, lambda group: last_accessed(cell, group["Arn"], entities=True))
    _policies(cell, [policy["Arn"] for policy in details.items("Policies")])
    _providers(cell)
    credential_report(cell)


def _user(cell: Cell, user: Mapping[str, Any]) -> None:
    name, arn = user["UserName"], user["Arn"]
    for operation in PER_USER:
        cell.ask(f"iam:{operation}", arn, UserName=name)
    keys = cell.ask("iam:ListAccessKeys", arn, UserName=name)
    for key in keys.items("AccessKeyMetadata"):
        number = key["AccessKeyId"]
        cell.ask("iam:GetAccessKeyLastUsed", f"access-key/{number}", AccessKeyId=number)


def _role(cell: Cell, role: Mapping[str, Any]) -> None:
    for operation in ("GetRole", "ListRoleTags"):
        cell.ask(f"iam:{operation}", role["Arn"], RoleName=role["RoleName"])


def _policies(cell: Cell, detailed: list[str]) -> None:
    """Every version of every policy in use.

    The authorization details leave out managed policies that are attached as a permissions
    boundary alone, so the attached ones are listed again, once per kind of use.
    """
    arns = dict.fromkeys(detailed)
    for usage in ("PermissionsPolicy", "PermissionsBoundary"):
        answer = cell.ask(
            "iam:ListPolicies",
            f"account/{cell.account}/{usage}",
            OnlyAttached=True,
            PolicyUsageFilter=usage,
        )
        arns |= {policy["Arn"]: None for policy in answer.items("Policies")}

    def about(arn: str) -> None:
        versions = cell.ask("iam:ListPolicyVersions", arn, PolicyArn=arn)
        for version in versions.items("Versions"):
            number = version["VersionId"]
            cell.ask("iam:GetPolicyVersion", f"{arn}/{number}", PolicyArn=arn, VersionId=number)
        last_accessed(cell, arn, entities=True)

    cell.each(arns, about)


def _providers(cell: Cell) -> None:
    account = f"account/{cell.account}"
    web = cell.ask("iam:ListOpenIDConnectProviders", account)
    for provider in web.items("OpenIDConnectProviderList"):
        arn = provider["Arn"]
        cell.ask("iam:GetOpenIDConnectProvider", arn, OpenIDConnectProviderArn=arn)
    saml = cell.ask("iam:ListSAMLProviders", account)
    for provider in saml.items("SAMLProviderList"):
        cell.ask("iam:GetSAMLProvider", provider["Arn"], SAMLProviderArn=provider["Arn"])


SPEC = SourceSpec(
    id="aws.iam",
    title="IAM principals, policies and all their versions, keys, providers",
    level=Level.ACCOUNT,
    operations=(
        *operations("iam", "account", "GetAccountAuthorizationDetails", *ACCOUNT),
        *operations("iam", "delegation request", "GetDelegationRequest"),
        *operations("iam", "user", *PER_USER, "ListAccessKeys", "GetAccessKeyLastUsed"),
        *operations("iam", "role", "GetRole", "ListRoleTags"),
        *operations("iam", "policy", "ListPolicies", "ListPolicyVersions", "GetPolicyVersion"),
        *operations(
            "iam",
            "identity provider",
            "ListOpenIDConnectProviders",
            "GetOpenIDConnectProvider",
            "ListSAMLProviders",
            "GetSAMLProvider",
        ),
        *operations("iam", "account", "GenerateCredentialReport", condition=Condition.JOB),
        *operations("iam", "account", "GetCredentialReport"),
        *operations(
            "iam", "principal", "GenerateServiceLastAccessedDetails", condition=Condition.JOB
        ),
        *operations(
            "iam",
            "principal",
            "GetServiceLastAccessedDetails",
            "GetServiceLastAccessedDetailsWithEntities",
        ),
    ),
    retention="current state; up to five versions of each managed policy",
    docs="https://docs.aws.amazon.com/IAM/latest/APIReference/Welcome.html",
    collect=collect,
)
