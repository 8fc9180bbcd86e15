"""Cases built from records in CloudTrail's form, through the same import and build as a user's."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner

import butfor
from timeline import tables

OWNER, PARTNER = "111122223333", "444455556666"
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
START = datetime(2022, 6, 1, tzinfo=UTC)
KEY = "data/report.csv"
STRANGER = "198.51.100.23"

Record = dict[str, Any]

ANONYMOUS: Record = {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
PARTNER_USER: Record = {
    "type": "AWSAccount",
    "principalId": "AIDAEXAMPLEPARTNER001",
    "accountId": PARTNER,
}


def user(name: str) -> Record:
    """userIdentity of a user of the owner's account."""
    return {
        "type": "IAMUser",
        "principalId": f"AIDAEXAMPLE{name.upper():0<10.10}",
        "arn": f"arn:aws:iam::{OWNER}:user/{name}",
        "accountId": OWNER,
        "accessKeyId": f"AKIAEXAMPLE{name.upper():0<9.9}",
        "userName": name,
    }


ADMIN = user("admin")
READER = user("reader")


class Trail:
    """Records of one bucket, a minute apart; each call adds one and returns its eventID."""

    def __init__(self, bucket: str, start: datetime = START) -> None:
        self.bucket = bucket
        self.now = start
        self.records: list[Record] = []

    def add(
        self,
        name: str,
        who: Record,
        params: Record | None = None,
        *,
        key: str | None = None,
        data: bool = False,
        error: str | None = None,
        query: bool = False,
    ) -> str:
        """One record; `error` makes it a refused call, `query` a presigned one."""
        self.now += timedelta(minutes=1)
        n = len(self.records)
        uid = f"{self.bucket}-{n:03d}"
        asked = {"bucketName": self.bucket, **({"key": key} if key else {}), **(params or {})}
        resources = [{"accountId": OWNER, "type": "AWS::S3::Bucket", "ARN": self._arn()}]
        if key:
            resources.insert(0, {"type": "AWS::S3::Object", "ARN": self._arn(key)})
        extra: Record = {"CipherSuite": "TLS_AES_128_GCM_SHA256", "bytesTransferredOut": 10}
        if who is not ANONYMOUS:
            extra |= {"AuthenticationMethod": "QueryString" if query else "AuthHeader"}
        self.records.append(
            {
                "eventVersion": "1.08",
                "userIdentity": who,
                "eventTime": self.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "eventSource": "s3.amazonaws.com",
                "eventName": name,
                "awsRegion": "us-east-1",
                "sourceIPAddress": STRANGER if who is ANONYMOUS else "192.0.2.10",
                "userAgent": "[tool/1.0]",
                "requestParameters": asked,
                "responseElements": None,
                "additionalEventData": extra,
                "requestID": f"REQ{n}",
                "eventID": uid,
                "readOnly": name.startswith(("Get", "List", "Head")),
                "resources": resources,
                "eventType": "AwsApiCall",
                "managementEvent": not data,
                "recipientAccountId": OWNER,
                "eventCategory": "Data" if data else "Management",
                "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
                **({"errorCode": error, "errorMessage": "Access Denied"} if error else {}),
            }
        )
        return uid

    def create(self) -> None:
        """The bucket and one object, by the administrator."""
        self.add("CreateBucket", ADMIN)
        self.add("PutObject", ADMIN, key=KEY, data=True)

    def policy(self, *statements: Record, error: str | None = None) -> str:
        """PutBucketPolicy; without statements DeleteBucketPolicy."""
        if not statements:
            return self.add("DeleteBucketPolicy", ADMIN, {"policy": ""})
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        return self.add(
            "PutBucketPolicy", ADMIN, {"bucketPolicy": document, "policy": ""}, error=error
        )

    def block(self, *flags: str) -> str:
        """PutBucketPublicAccessBlock with these flags on and the others off."""
        names = (
            "BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets",
        )  # fmt: skip
        body = {name: name in flags for name in names}
        return self.add(
            "PutBucketPublicAccessBlock", ADMIN, {"PublicAccessBlockConfiguration": body}
        )

    def object_acl(self, canned: str, error: str | None = None) -> str:
        """PutObjectAcl with a canned list."""
        return self.add(
            "PutObjectAcl", ADMIN, {"x-amz-acl": canned, "acl": ""}, key=KEY, data=True, error=error
        )

    def read(
        self, who: Record = ANONYMOUS, *, error: str | None = None, query: bool = False
    ) -> str:
        """GetObject."""
        return self.add("GetObject", who, key=KEY, data=True, error=error, query=query)

    def public(self, sid: str = "Public") -> Record:
        """Everybody may read every object."""
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": self._arn("*"),
        }

    def partner(self) -> Record:
        """The partner's user may read every object."""
        return {
            "Sid": "Partner",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{PARTNER}:user/partner"},
            "Action": "s3:GetObject",
            "Resource": self._arn("*"),
        }

    def deny_strangers(self) -> Record:
        """Nobody from outside the office."""
        return {
            "Sid": "Office",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": self._arn("*"),
            "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        }

    def _arn(self, key: str | None = None) -> str:
        return f"arn:aws:s3:::{self.bucket}" + (f"/{key}" if key else "")


def listing(account: str, users: dict[str, tuple[str, Record | None]]) -> Record:
    """GetAccountAuthorizationDetails: name -> (unique id, inline policy statement)."""
    return {
        "UserDetailList": [
            {
                "Path": "/",
                "UserName": name,
                "UserId": unique,
                "Arn": f"arn:aws:iam::{account}:user/{name}",
                "CreateDate": "2021-11-02T09:00:00+00:00",
                "UserPolicyList": [
                    {
                        "PolicyName": "own",
                        "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
                    }
                ]
                if statement
                else [],
                "GroupList": [],
                "AttachedManagedPolicies": [],
                "Tags": [],
            }
            for name, (unique, statement) in users.items()
        ],
        "GroupDetailList": [],
        "RoleDetailList": [],
        "Policies": [],
    }


ALLOW_S3 = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


def listings() -> dict[str, Record]:
    """IAM of the owner's and the partner's account, the same before and after."""
    return {
        OWNER: listing(
            OWNER,
            {
                "admin": (ADMIN["principalId"], ALLOW_S3),
                "reader": (READER["principalId"], ALLOW_S3),
            },
        ),
        PARTNER: listing(PARTNER, {"partner": (PARTNER_USER["principalId"], ALLOW_S3)}),
    }


def run(*arguments: str) -> tuple[int, str]:
    """One command of butfor in this process: (exit code, output)."""
    result = CliRunner().invoke(butfor.main, list(arguments), catch_exceptions=False)
    return result.exit_code, result.output


def build(folder: Path, trails: list[Trail], *, iam: bool = True, toml: str = "") -> Path:
    """A case of these records, built; returns its folder."""
    case, logs = folder / "case", folder / "logs"
    logs.mkdir(parents=True)
    records = sorted((r for t in trails for r in t.records), key=lambda r: r["eventTime"])
    packed = gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)
    (logs / "trail.json.gz").write_bytes(packed)
    assert run("init", str(case))[0] == 0
    if toml:
        (case / "case.toml").write_text(toml, encoding="utf-8")
    assert run("import", "--case", str(case), str(logs))[0] in (0, 3)
    if iam:
        for day in ("2022-05-31", "2022-07-01"):
            seen = folder / day
            seen.mkdir()
            for account, answer in listings().items():
                (seen / f"{account}.json").write_text(json.dumps(answer), encoding="utf-8")
            at = f"{day}T00:00:00Z"
            assert run("import", "--case", str(case), "--observed-at", at, str(seen))[0] in (0, 3)
    code, output = run("build", "--case", str(case))
    assert code in (0, 3), output
    return case


def read(case: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a derived table."""
    return tables.read(case / "derived", table)
