"""Against a second provider, for what the first does not know: look-up, object lock, pool roles."""

import json
from pathlib import Path

import pytest

from collector import ledger
from tests import servers
from tests.collector.aws import organization
from tests.collector.aws.test_collect import bodies, butfor, lines

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/visitor"
SOURCES = ("s3_bucket", "objects", "federation", "lookup_events")


def settle(url: str) -> None:
    s3 = organization.client(url, "s3")
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket="locked", Key="in/held.txt", Body=b"content")
    s3.put_object_legal_hold(Bucket="locked", Key="in/held.txt", LegalHold={"Status": "ON"})
    pools = organization.client(url, "cognito-identity")
    pool = pools.create_identity_pool(
        IdentityPoolName="visitors", AllowUnauthenticatedIdentities=True
    )["IdentityPoolId"]
    pools.set_identity_pool_roles(IdentityPoolId=pool, Roles={"unauthenticated": ROLE})


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("ministack")
    case = home / "case"
    with servers.ministack(home) as url, servers.proxy(url) as proxy:
        settle(url)
        environment = servers.environment(url, proxy.url, home, AWS_MAX_ATTEMPTS="1")
        assert butfor(environment, "init", str(case)).returncode == 0
        done = butfor(
            environment,
            *("collect", "aws", "--case", str(case), "--region", "us-east-1"),
            *("--objects", "locked/in/", "--lookup-events"),
            *(part for source in SOURCES for part in ("--source", f"aws.{source}")),
        )
        assert done.returncode in (0, 3), done.stderr[-3000:]
        assert butfor(environment, "verify", str(case)).returncode == 0
    return case


def outcomes(case: Path, operation: str) -> set[str]:
    return {
        line["outcome"]
        for line in lines(case, ledger.OBSERVATIONS)
        if line["operation"] == operation
    }


@pytest.mark.parametrize(
    ("operation", "within"),
    [
        ("cloudtrail:LookupEvents", b"CreateBucket"),
        ("s3:GetObjectLegalHold", b"<Status>ON</Status>"),
        ("s3:GetObjectLockConfiguration", b"Enabled"),
        ("cognito-identity:GetIdentityPoolRoles", ROLE.encode()),
    ],
)
def test_what_the_second_provider_answers_is_kept(
    collected: Path, operation: str, within: bytes
) -> None:
    assert outcomes(collected, operation) == {"OBSERVED"}
    kept = [
        one.response.body
        for one in bodies(collected)
        if one.fields["WARC-Butfor-Operation"] == operation and one.response is not None
    ]
    assert any(within in body for body in kept), kept


def test_content_is_not_read(collected: Path) -> None:
    asked = {json.dumps(line["operation"]) for line in lines(collected, ledger.OBSERVATIONS)}
    assert '"s3:GetObject"' not in asked
    assert lines(collected, ledger.FILES) == []
