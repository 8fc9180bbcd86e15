"""Ways in from outside, aggregators, jobs, principals, and buckets that nobody lists.

The provider on loopback where it knows the operation; else our own answers on recorded shapes.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from collector import ledger
from tests import servers
from tests.collector.aws import organization
from tests.collector.aws.test_collect import SCOPE, butfor, lines

ACCOUNT = organization.MANAGEMENT
INSTANCE = "arn:aws:sso:::instance/ssoins-1"
ANALYZER = f"arn:aws:access-analyzer:us-east-1:{ACCOUNT}:analyzer/a"
RESOURCE = "arn:aws:s3:::open-bucket"
JOB = "6f5b6a1e-0c7b-4c1c-9d1f-0a2b3c4d5e6f"
ROLES = f"arn:aws:iam::{ACCOUNT}:role/x"


def iam_answer(action: str, inner: str) -> bytes:
    space = 'xmlns="https://iam.amazonaws.com/doc/2010-05-08/"'
    result = f"<{action}Result>{inner}</{action}Result>"
    return f"<{action}Response {space}>{result}</{action}Response>".encode()


def as_json(**members: Any) -> bytes:
    return json.dumps(members).encode()


CANNED = {
    "GenerateServiceLastAccessedDetails": iam_answer(
        "GenerateServiceLastAccessedDetails", f"<JobId>{JOB}</JobId>"
    ),
    "GetServiceLastAccessedDetails": iam_answer(
        "GetServiceLastAccessedDetails",
        "<JobStatus>COMPLETED</JobStatus><IsTruncated>false</IsTruncated>"
        "<ServicesLastAccessed><member><ServiceNamespace>s3</ServiceNamespace></member>"
        "</ServicesLastAccessed>",
    ),
    "GetIdentityPoolRoles": as_json(Roles={"unauthenticated": ROLES}),
    "/trustanchors": as_json(trustAnchors=[{"trustAnchorId": "t", "name": "outside"}]),
    "/profiles": as_json(profiles=[{"profileId": "p", "roleArns": [ROLES]}]),
    "/crls": as_json(crls=[]),
    "/subjects": as_json(subjects=[{"subjectId": "s", "lastSeenAt": "2026-01-02T03:04:05Z"}]),
    "ListInstances": as_json(
        Instances=[{"InstanceArn": INSTANCE, "IdentityStoreId": "d-1", "OwnerAccountId": ACCOUNT}]
    ),
    "ListPermissionSets": as_json(PermissionSets=[]),
    "ListUsers": as_json(Users=[{"UserId": "u-1"}]),
    "ListGroups": as_json(Groups=[{"GroupId": "g-1"}]),
    "ListGroupMemberships": as_json(GroupMemberships=[]),
    "ListAccountAssignmentsForPrincipal": as_json(
        AccountAssignments=[{"AccountId": ACCOUNT, "PrincipalId": "u-1", "PrincipalType": "USER"}]
    ),
    "/analyzer": as_json(analyzers=[{"arn": ANALYZER, "name": "a", "type": "ACCOUNT"}]),
    "/analyzed-resource": as_json(
        analyzedResources=[
            {
                "resourceArn": RESOURCE,
                "resourceOwnerAccount": ACCOUNT,
                "resourceType": "AWS::S3::Bucket",
            }
        ],
        resource={"resourceArn": RESOURCE, "isPublic": True, "status": "ACTIVE"},
    ),
    "SelectResourceConfig": as_json(Results=['{"resourceId": "open-bucket"}']),
    "SelectAggregateResourceConfig": as_json(Results=[]),
    "DescribeConfigurationAggregatorSourcesStatus": as_json(AggregatedSourceStatusList=[]),
    "BatchGetResourceConfig": as_json(
        baseConfigurationItems=[{"resourceType": "AWS::S3::Bucket", "resourceId": "open-bucket"}],
        unprocessedResourceKeys=[{"resourceType": "AWS::S3::Bucket", "resourceId": "quiet-bucket"}],
    ),
}
SOURCES = (
    "federation",
    "config",
    "iam",
    "identity_center",
    "findings",
    "s3_bucket",
    "named_buckets",
)


def settle(url: str) -> None:
    pools = organization.client(url, "cognito-identity")
    pools.create_identity_pool(IdentityPoolName="visitors", AllowUnauthenticatedIdentities=True)
    config = organization.client(url, "config")
    config.put_configuration_recorder(
        ConfigurationRecorder={
            "name": "default",
            "roleARN": ROLES,
            "recordingGroup": {
                "allSupported": False,
                "includeGlobalResourceTypes": False,
                "resourceTypes": ["AWS::S3::Bucket"],
            },
        }
    )
    config.put_configuration_aggregator(
        ConfigurationAggregatorName="all",
        AccountAggregationSources=[{"AccountIds": [ACCOUNT], "AllAwsRegions": True}],
    )


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("further")
    case = home / "case"
    with servers.moto() as url, servers.proxy(url) as proxy:
        organization.build(url)
        settle(url)
        proxy.canned = CANNED
        proxy.fault = lambda _, passed: (
            servers.Fault.DENIED if passed.path.startswith("/theirs") else None
        )
        environment = servers.environment(url, proxy.url, home, AWS_MAX_ATTEMPTS="1")
        assert butfor(environment, "init", str(case)).returncode == 0
        done = butfor(
            environment,
            *("collect", "aws", "--case", str(case), *SCOPE, "--bucket", "gone-for-ever"),
            *("--bucket", "theirs=222222222222", "--objects", "nowhere/in/"),
            *(part for source in SOURCES for part in ("--source", f"aws.{source}")),
        )
        assert done.returncode == 3, done.stderr[-3000:]
        assert butfor(environment, "verify", str(case)).returncode == 0
    return case


def ends(case: Path, operation: str) -> dict[str, str]:
    return {
        line["resource"]: line["outcome"]
        for line in lines(case, ledger.OBSERVATIONS)
        if line["operation"] == operation
    }


@pytest.mark.parametrize(
    ("operation", "resource"),
    [
        ("rolesanywhere:ListTrustAnchors", f"account/{ACCOUNT}"),
        ("rolesanywhere:ListProfiles", f"account/{ACCOUNT}"),
        ("rolesanywhere:ListCrls", f"account/{ACCOUNT}"),
        ("rolesanywhere:ListSubjects", f"account/{ACCOUNT}"),
        ("sso-admin:ListAccountAssignmentsForPrincipal", f"{INSTANCE}/USER/u-1"),
        ("sso-admin:ListAccountAssignmentsForPrincipal", f"{INSTANCE}/GROUP/g-1"),
        ("accessanalyzer:GetAnalyzedResource", f"{ANALYZER}/{RESOURCE}"),
        ("config:SelectResourceConfig", f"account/{ACCOUNT}"),
        ("config:DescribeAggregationAuthorizations", f"account/{ACCOUNT}"),
        ("iam:GenerateServiceLastAccessedDetails", f"arn:aws:iam::{ACCOUNT}:user/alice"),
        (
            "iam:GetServiceLastAccessedDetails",
            f"arn:aws:iam::{ACCOUNT}:user/alice/{JOB}",
        ),
    ],
)
def test_each_is_asked_and_observed(collected: Path, operation: str, resource: str) -> None:
    assert ends(collected, operation).get(resource) == "OBSERVED"


def test_identity_pools_and_their_roles(collected: Path) -> None:
    pools = ends(collected, "cognito-identity:DescribeIdentityPool")
    assert list(pools.values()) == ["OBSERVED"]
    assert ends(collected, "cognito-identity:GetIdentityPoolRoles") == pools


def test_aggregators_are_asked_whom_they_gather(collected: Path) -> None:
    for operation in (
        "DescribeConfigurationAggregatorSourcesStatus",
        "SelectAggregateResourceConfig",
    ):
        ((resource, outcome),) = ends(collected, f"config:{operation}").items()
        assert "config-aggregator" in resource
        assert outcome == "OBSERVED"


def test_what_a_batch_leaves_unprocessed_is_a_gap(collected: Path) -> None:
    found = ends(collected, "config:BatchGetResourceConfig")
    assert found["AWS::S3::Bucket/0"] == "OBSERVED"
    assert found["AWS::S3::Bucket/quiet-bucket"] == "FAILED"


def test_a_bucket_that_nobody_lists_is_asked_by_its_name(collected: Path) -> None:
    found = ends(collected, "s3:HeadBucket")
    assert found["arn:aws:s3:::gone-for-ever"] == "ABSENT"
    assert found["arn:aws:s3:::theirs"] == "DENIED"
    assert found["arn:aws:s3:::nowhere"] == "ABSENT"
    assert found["arn:aws:s3:::open-bucket"] == "OBSERVED"
    scoped = ends(collected, "s3:ListObjectVersions")
    assert scoped == {"arn:aws:s3:::nowhere/in/*": "NOT_REQUESTED"}
    (asked,) = [
        line["parameters"]["asked"]
        for line in lines(collected, ledger.OBSERVATIONS)
        if line["resource"] == "arn:aws:s3:::theirs"
    ]
    assert asked["ExpectedBucketOwner"] == "222222222222"


def test_a_refused_listing_hides_no_bucket_that_is_named(tmp_path: Path) -> None:
    with servers.moto() as url, servers.proxy(url) as proxy:
        organization.client(url, "s3").create_bucket(Bucket="hidden")

        def refused(_: int, passed: servers.Passed) -> servers.Fault | None:
            listing = passed.method == "GET" and urlsplit(passed.path).path == "/"
            return servers.Fault.DENIED if listing else None

        proxy.fault = refused
        environment = servers.environment(url, proxy.url, tmp_path, AWS_MAX_ATTEMPTS="1")
        case = tmp_path / "case"
        butfor(environment, "init", str(case))
        done = butfor(
            environment,
            *("collect", "aws", "--case", str(case), *SCOPE, "--bucket", "hidden"),
            *("--source", "aws.s3_bucket", "--source", "aws.named_buckets"),
        )
    assert done.returncode == 3, done.stderr[-2000:]
    assert ends(case, "s3:ListBuckets") == {f"account/{ACCOUNT}": "DENIED"}
    assert ends(case, "s3:GetBucketPolicy") == {"arn:aws:s3:::hidden": "ABSENT"}
    assert ends(case, "s3:HeadBucket") == {"arn:aws:s3:::hidden": "OBSERVED"}
