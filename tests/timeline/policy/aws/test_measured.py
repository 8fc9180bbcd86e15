"""Decisions against measured outcomes: histories that were run on a real S3 server.

The replay here knows nothing but the log's own successful writes; it shares no code with the
reconstruction of configuration histories.
"""

import gzip
import json
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from timeline.policy.aws import evaluate, write_gate
from timeline.policy.aws.s3 import ANONYMOUS_ID

DATA = Path(__file__).resolve().parents[5] / "shared" / "data" / "aws_causation_experiment"
OWNER = "9bfdb95dcb9991160d89acd82a617868f4467b876bcc1f41494cb30d14e36e6f"
OWNERS = {"111111111111": OWNER, "222222222222": "bob's", "333333333333": "carol's"}
ADMIN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
ADMINS = ("user/alice", "user/bob", "user/carol", "assumed-role/deploy")
ACTIONS = {
    "GetObject": ["s3:GetObject"],
    "HeadObject": ["s3:GetObject"],
    "ListObjects": ["s3:ListBucket"],
    "PutObject": ["s3:PutObject"],
    "GetObjectAcl": ["s3:GetObjectAcl"],
    "GetBucketAcl": ["s3:GetBucketAcl"],
    "PutBucketPolicy": ["s3:PutBucketPolicy"],
    "PutBucketAcl": ["s3:PutBucketAcl"],
    "PutObjectAcl": ["s3:PutObjectAcl"],
}


class Replay:
    """The configuration as the successful writes before an event leave it."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, Any]] = {}
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {}

        #: Callers from other accounts are logged by unique id; the IAM listings name them.
        self.names = {
            user["UserId"]: user["Arn"]
            for path in sorted(DATA.glob("iam/*/*.json"))
            for user in json.loads(path.read_text())["UserDetailList"]
        }

    def state(self, event: dict[str, Any]) -> dict[str, Any]:
        given = event["requestParameters"]
        name, key = given["bucketName"], given.get("key", "")
        who = event["userIdentity"]
        arn = who.get("arn") or self.names.get(who.get("principalId", ""), "")
        policies = list(self.users.get(arn.rsplit("/", 1)[-1], {}).values())
        policies += [ADMIN for admin in ADMINS if f":{admin}" in arn]
        return {
            "bucket": self.buckets.get(name),
            "object": self.objects.get((name, key)),
            "identity_policies": policies,
        }

    def apply(self, event: dict[str, Any]) -> None:
        given, name = event["requestParameters"], event["eventName"]
        bucket = self.buckets.get(given.get("bucketName", ""), {})
        if name == "CreateBucket":
            self.buckets[given["bucketName"]] = {
                "name": given["bucketName"],
                "owner_account": "111111111111",
                "owner_canonical_id": OWNER,
                "ownership": "ObjectWriter",
                "acl": acl_of(given),
            }
        elif name == "PutBucketPolicy":
            bucket["policy"] = given["bucketPolicy"]
        elif name == "DeleteBucketPolicy":
            bucket["policy"] = None
        elif name == "PutBucketAcl":
            bucket["acl"] = acl_of(given)
        elif name == "PutBucketPublicAccessBlock":
            bucket["public_access_block"] = given["PublicAccessBlockConfiguration"]
        elif name == "DeleteBucketPublicAccessBlock":
            bucket["public_access_block"] = None
        elif name == "PutObject":
            who = event["userIdentity"].get("accountId")
            self.objects[given["bucketName"], given["key"]] = {
                "owner_account": who if who in OWNERS else None,
                "owner_canonical_id": OWNERS.get(who, ANONYMOUS_ID),
                "acl": acl_of(given),
            }
        elif name == "PutObjectAcl":
            self.objects[given["bucketName"], given["key"]]["acl"] = acl_of(given)
        elif name == "PutUserPolicy":
            user = self.users.setdefault(given["userName"], {})
            user[given["policyName"]] = given["policyDocument"]
        elif name == "DeleteUserPolicy":
            self.users[given["userName"]].pop(given["policyName"], None)


def acl_of(given: dict[str, Any]) -> dict[str, Any]:
    body = given.get("AccessControlPolicy", {}).get("AccessControlList", {}).get("Grant", [])
    grants = body if isinstance(body, list) else [body]
    groups = {
        "public-read": ("AllUsers", ["READ"]),
        "public-read-write": ("AllUsers", ["READ", "WRITE"]),
    }
    groups["authenticated-read"] = ("AuthenticatedUsers", ["READ"])
    canned = given.get("x-amz-acl", "private")
    canned = canned[0] if isinstance(canned, list) else canned
    group, permissions = groups.get(canned, ("", []))
    uri = f"http://acs.amazonaws.com/groups/global/{group}"
    grants = grants + [{"Grantee": {"URI": uri}, "Permission": p} for p in permissions]
    return {"Owner": {"ID": OWNER}, "Grants": grants}


def request_of(event: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    given, who = event["requestParameters"], event["userIdentity"]
    arn = f"arn:aws:s3:::{given['bucketName']}" + (f"/{given['key']}" if given.get("key") else "")
    context = {"aws:SourceIp": event["sourceIPAddress"], "aws:SecureTransport": "true"}
    context["aws:UserAgent"] = event["userAgent"].removeprefix("[").removesuffix("]")
    for name in ("prefix", "x-amz-acl"):
        if name in given:
            context[f"s3:{name}"] = given[name]
    principal = {
        "type": who["type"],
        "arn": who.get("arn") or names.get(who.get("principalId", "")),
        "account": who.get("accountId"),
    }
    principal["unique_id"] = who.get("principalId")
    if who.get("accountId") in ("anonymous", "ANONYMOUS_PRINCIPAL"):
        principal = {"type": "Anonymous"}
    payload: dict[str, Any] = {}
    if event["eventName"] == "PutBucketPolicy":
        payload = {"policy": given.get("bucketPolicy")}
    if "AccessControlPolicy" in given:
        payload = {"acl": acl_of(given)}
    return {
        "principal": principal,
        "action": ACTIONS[event["eventName"]],
        "resource": arn,
        "time": event["eventTime"],
        "context": context,
        "payload": payload,
    }


def events() -> list[dict[str, Any]]:
    found = []
    for path in sorted(DATA.glob("AWSLogs/**/*.json.gz")):
        found += json.loads(gzip.decompress(path.read_bytes()))["Records"]
    return sorted(found, key=lambda e: e["eventTime"])


@pytest.mark.skipif(not DATA.exists(), reason="the measured histories are not on this machine")
def test_every_decision_agrees_with_what_the_server_did() -> None:
    replay, tally, wrong = Replay(), Counter[str](), []
    undecided: set[str] = set()
    for event in events():
        succeeded = "errorCode" not in event
        if event["eventName"] in ACTIONS:
            request, state = request_of(event, replay.names), deepcopy(replay.state(event))
            decision = evaluate(request, state, ())
            if decision.verdict == "ALLOWED":
                decision = write_gate(request, state, ())
            found = decision.verdict
            expected = "ALLOWED" if succeeded else "DENIED"
            tally["agrees" if found == expected else found.value] += 1
            if found not in (expected, "UNKNOWN"):
                wrong.append((event["eventID"], event["eventName"], found.value, succeeded))
            if found == "UNKNOWN":
                undecided.update(decision.unknowns)
        if succeeded:
            replay.apply(event)
    assert wrong[:10] == []
    # A third party's PutObject over an existing key, by a bucket ACL's WRITE: the pages differ.
    assert {"A21"} == undecided
    assert tally["agrees"] > 5_600
    assert tally["UNKNOWN"] < 0.005 * tally["agrees"]
