"""A small organization at the test provider: what the collecting tests find there."""

import json
from typing import Any

import boto3

from tests.collector.seal import aws_trails

MANAGEMENT = "123456789012"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::open-bucket/*",
        }
    ],
}
#: Hourly digests with their log files, signed with a key that the provider's answer lists.
TRAIL = aws_trails.trail()
#: What an organization's trail delivers for another account: one level more in the key.
OTHER_KEY = (
    "AWSLogs/o-abc123/222222222222/CloudTrail/eu-west-1/2026/01/02/"
    "222222222222_CloudTrail_eu-west-1_20260102T0305Z_Q.json.gz"
)
LATER_KEY = OTHER_KEY.replace("2026/01/02", "2026/02/02")
PUBLIC_KEYS = {"ListPublicKeys": aws_trails.public_keys()}
ACCESS_LOG_KEY = "access/2026-01-02-03-04-05-ABCDEF"
PERIOD = ("--from", "2026-01-02T00:00:00Z", "--to", "2026-01-03T00:00:00Z")


def client(url: str, service: str, *, region: str = "us-east-1", **credentials: str) -> Any:
    """A client of the provider that no guard holds back: it builds what is collected."""
    keys = {"aws_access_key_id": "builder", "aws_secret_access_key": "builder", **credentials}
    return boto3.client(service, endpoint_url=url, region_name=region, **keys)


def member(url: str, name: str) -> tuple[str, dict[str, str]]:
    """One more account of the organization, and credentials in it."""
    organizations = client(url, "organizations")
    status = organizations.create_account(Email=f"{name}@example.org", AccountName=name)
    number = status["CreateAccountStatus"]["AccountId"]
    role = f"arn:aws:iam::{number}:role/Audit"
    issued = client(url, "sts").assume_role(RoleArn=role, RoleSessionName="build")["Credentials"]
    return number, {
        "aws_access_key_id": issued["AccessKeyId"],
        "aws_secret_access_key": issued["SecretAccessKey"],
        "aws_session_token": issued["SessionToken"],
    }


def build(url: str) -> str:
    """The organization; returns the number of its second account."""
    client(url, "organizations").create_organization(FeatureSet="ALL")
    number, credentials = member(url, "second")
    s3 = client(url, "s3")
    for name in ("open-bucket", "quiet-bucket", "log-bucket", aws_trails.BUCKET):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket="open-bucket", Policy=json.dumps(POLICY))
    group = "uri=http://acs.amazonaws.com/groups/s3/LogDelivery"
    s3.put_bucket_acl(Bucket="log-bucket", GrantWrite=group, GrantReadACP=group)
    target = {"TargetBucket": "log-bucket", "TargetPrefix": "access/"}
    s3.put_bucket_logging(Bucket="quiet-bucket", BucketLoggingStatus={"LoggingEnabled": target})
    for key, stored in TRAIL.items():
        s3.put_object(
            Bucket=aws_trails.BUCKET, Key=key, Body=stored.body, Metadata=dict(stored.metadata)
        )
    for key in (OTHER_KEY, LATER_KEY):
        s3.put_object(Bucket=aws_trails.BUCKET, Key=key, Body=b"")
    s3.put_object(Bucket="log-bucket", Key=ACCESS_LOG_KEY, Body=b"one line\n")
    s3.put_object(Bucket="open-bucket", Key="in/scope.txt", Body=b"secret content")
    client(url, "cloudtrail").create_trail(
        Name=aws_trails.TRAIL, S3BucketName=aws_trails.BUCKET, EnableLogFileValidation=True
    )
    client(url, "kms").create_key(Description="k")
    iam = client(url, "iam")
    iam.create_user(UserName="alice")
    iam.create_access_key(UserName="alice")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    policy = iam.create_policy(PolicyName="p", PolicyDocument=json.dumps(document))["Policy"]
    iam.create_policy_version(
        PolicyArn=policy["Arn"], PolicyDocument=json.dumps(document), SetAsDefault=True
    )
    iam.attach_user_policy(UserName="alice", PolicyArn=policy["Arn"])
    client(url, "s3", **credentials).create_bucket(Bucket="second-bucket")
    return number
