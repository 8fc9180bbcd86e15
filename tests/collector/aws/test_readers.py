"""Who reads buckets for others, and jobs at the provider that a continued run does not restart."""

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from collector import ledger
from tests import servers
from tests.collector.aws import organization
from tests.collector.aws.test_collect import SCOPE, butfor, lines
from tests.collector.aws.test_further_sources import CANNED, as_json, ends, iam_answer
from timeline import tables

ACCOUNT = organization.MANAGEMENT
NUMBER = "s-01234567890123456"
SERVER = f"arn:aws:transfer:us-east-1:{ACCOUNT}:server/{NUMBER}"
PLACE = f"arn:aws:datasync:us-east-1:{ACCOUNT}:location/loc-1"
TASK = f"arn:aws:datasync:us-east-1:{ACCOUNT}:task/task-1"
RUN = f"{TASK}/execution/exec-1"
#: On the shapes of the API references, where the provider on loopback does not know the operation.
OURS = CANNED | {
    "TransferService.ListServers": as_json(Servers=[{"ServerId": NUMBER, "Arn": SERVER}]),
    "TransferService.DescribeServer": as_json(Server={"ServerId": NUMBER, "Arn": SERVER}),
    "TransferService.ListUsers": as_json(ServerId=NUMBER, Users=[{"UserName": "feed"}]),
    "TransferService.DescribeUser": as_json(
        ServerId=NUMBER, User={"UserName": "feed", "HomeDirectory": "/open-bucket"}
    ),
    "TransferService.ListAccesses": as_json(ServerId=NUMBER, Accesses=[{"ExternalId": "S-1-1"}]),
    "TransferService.DescribeAccess": as_json(ServerId=NUMBER, Access={"ExternalId": "S-1-1"}),
    "FmrsService.ListLocations": as_json(
        Locations=[
            {"LocationArn": PLACE, "LocationUri": "s3://open-bucket/"},
            {"LocationArn": PLACE + "-nfs", "LocationUri": "nfs://host/share"},
        ]
    ),
    "FmrsService.DescribeLocationS3": as_json(LocationArn=PLACE, LocationUri="s3://open-bucket/"),
    "FmrsService.ListTasks": as_json(Tasks=[{"TaskArn": TASK}]),
    "FmrsService.DescribeTask": as_json(TaskArn=TASK),
    "FmrsService.ListTaskExecutions": as_json(TaskExecutions=[{"TaskExecutionArn": RUN}]),
    "FmrsService.DescribeTaskExecution": as_json(TaskExecutionArn=RUN, Status="SUCCESS"),
    "GetServiceLastAccessedDetails": iam_answer(
        "GetServiceLastAccessedDetails",
        "<JobStatus>COMPLETED</JobStatus><IsTruncated>false</IsTruncated><ServicesLastAccessed>"
        "<member><ServiceNamespace>s3</ServiceNamespace>"
        "<TotalAuthenticatedEntities>1</TotalAuthenticatedEntities></member>"
        "<member><ServiceNamespace>kms</ServiceNamespace>"
        "<TotalAuthenticatedEntities>0</TotalAuthenticatedEntities></member>"
        "<member><ServiceNamespace>ec2</ServiceNamespace>"
        "<TotalAuthenticatedEntities>1</TotalAuthenticatedEntities></member>"
        "</ServicesLastAccessed>",
    ),
    "GetServiceLastAccessedDetailsWithEntities": iam_answer(
        "GetServiceLastAccessedDetailsWithEntities",
        "<JobStatus>COMPLETED</JobStatus><IsTruncated>false</IsTruncated><EntityDetailsList/>",
    ),
}
ORIGIN = {
    "Id": "origin",
    "DomainName": "open-bucket.s3.amazonaws.com",
    "S3OriginConfig": {"OriginAccessIdentity": ""},
}
READERS = ("federation", "cloudfront", "transfer", "datasync", "iam")


def settle(url: str) -> None:
    front = organization.client(url, "cloudfront")
    for number in range(2):
        front.create_distribution(
            DistributionConfig={
                "CallerReference": str(number),
                "Origins": {"Quantity": 1, "Items": [ORIGIN]},
                "DefaultCacheBehavior": {
                    "TargetOriginId": "origin",
                    "ViewerProtocolPolicy": "allow-all",
                },
                "Comment": "",
                "Enabled": True,
            }
        )
    pools = organization.client(url, "cognito-idp")
    pool = pools.create_user_pool(PoolName="customers")["UserPool"]["Id"]
    pools.create_user_pool_client(UserPoolId=pool, ClientName="web", GenerateSecret=True)
    pools.create_group(UserPoolId=pool, GroupName="readers")
    iam = organization.client(url, "iam")
    iam.create_group(GroupName="staff")


def collect(case: Path, environment: dict[str, str], *sources: str) -> Any:
    asked = [part for source in sources for part in ("--source", f"aws.{source}")]
    return butfor(environment, "collect", "aws", "--case", str(case), *SCOPE, *asked)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[servers.Passed]]:
    """A case, and every request; credentials ended before the last question, and were renewed."""
    home = tmp_path_factory.mktemp("readers")
    case = home / "case"
    with servers.moto() as url, servers.proxy(url) as proxy:
        organization.build(url)
        settle(url)
        proxy.canned = OURS
        proxy.fault = lambda _, passed: (
            servers.Fault.EXPIRED if action(passed) == "GetCredentialReport" else None
        )
        environment = servers.environment(url, proxy.url, home, AWS_MAX_ATTEMPTS="1")
        assert butfor(environment, "init", str(case)).returncode == 0
        stopped = collect(case, environment, *READERS)
        assert "renew them" in stopped.stderr, stopped.stderr[-2000:]
        proxy.fault = lambda number, passed: None
        done = collect(case, environment, *READERS)
        assert done.returncode in (0, 3), done.stderr[-3000:]
        assert butfor(environment, "verify", str(case)).returncode == 0
        assert butfor(environment, "build", "--case", str(case)).returncode in (0, 3)
        return case, proxy.seen


def action(passed: servers.Passed) -> str:
    return dict(parse_qsl(passed.body.decode("latin-1"))).get("Action", "")


def test_distributions_are_asked_one_by_one(
    collected: tuple[Path, list[servers.Passed]],
) -> None:
    case, _ = collected
    found = ends(case, "cloudfront:GetDistribution")
    assert list(found.values()) == ["OBSERVED"] * 2
    for listing in ("ListDistributions", "ListOriginAccessControls", "ListKeyGroups"):
        assert set(ends(case, f"cloudfront:{listing}").values()) == {"OBSERVED"}


@pytest.mark.parametrize(
    ("operation", "resource"),
    [
        ("transfer:DescribeServer", SERVER),
        ("transfer:DescribeUser", f"{SERVER}/feed"),
        ("transfer:DescribeAccess", f"{SERVER}/S-1-1"),
        ("datasync:DescribeLocationS3", PLACE),
        ("datasync:DescribeTask", TASK),
        ("datasync:DescribeTaskExecution", RUN),
        (
            "iam:GetServiceLastAccessedDetailsWithEntities",
            f"arn:aws:iam::{ACCOUNT}:group/staff/6f5b6a1e-0c7b-4c1c-9d1f-0a2b3c4d5e6f/s3",
        ),
        ("iam:GetCredentialReport", f"account/{ACCOUNT}"),
    ],
)
def test_each_is_asked_and_observed(
    collected: tuple[Path, list[servers.Passed]], operation: str, resource: str
) -> None:
    assert ends(collected[0], operation).get(resource) == "OBSERVED"


def test_user_pools_and_no_secret_of_theirs(
    collected: tuple[Path, list[servers.Passed]],
) -> None:
    case, seen = collected
    for operation in ("DescribeUserPool", "ListGroups", "ListUserPoolClients"):
        assert list(ends(case, f"cognito-idp:{operation}").values()) == ["OBSERVED"]
    assert not any(b"ClientSecret" in passed.body for passed in seen)


def test_the_build_takes_every_answer_as_a_document(
    collected: tuple[Path, list[servers.Passed]],
) -> None:
    """No state is computed from these; what was not observed is a gap, and nothing else is."""
    case, _ = collected
    unread = [
        gap
        for gap in tables.read(case / "derived", "gaps")
        if gap["kind"] in ("not_understood", "unreadable", "truncated")
    ]
    assert unread == []


def test_a_continued_run_starts_no_job_again(
    collected: tuple[Path, list[servers.Passed]],
) -> None:
    case, seen = collected
    jobs = Counter(
        (action(one), dict(parse_qsl(one.body.decode("latin-1"))).get("Arn"))
        for one in seen
        if action(one).startswith("GenerateServiceLastAccessedDetails")
    )
    assert set(jobs.values()) == {1}
    assert len(jobs) >= 3, "a user, a group and a policy"
    # Started, and asked once more until it was complete; not again by the continued run.
    assert sum(action(one) == "GenerateCredentialReport" for one in seen) == 2
    (line,) = [
        one
        for one in lines(case, ledger.OBSERVATIONS)
        if one["operation"] == "iam:GenerateCredentialReport"
    ]
    assert (line["outcome"], len(line["records"])) == ("OBSERVED", 4)
    assert json.dumps(line["parameters"]["asked"]) == "{}"
