"""Rows of `events` made by hand, in the shapes of real records."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

START = datetime(2022, 6, 1, tzinfo=UTC)
OWNER = "111111111111"
ALICE = f"arn:aws:iam::{OWNER}:user/alice"
BUCKET = "b"
BUCKET_UID = "arn:aws:s3:::b"
ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
CANONICAL = "9" * 64


def at(seconds: float) -> datetime:
    """An instant, in seconds from the start."""
    return START + timedelta(seconds=seconds)


def event(operation: str, seconds: float, **given: Any) -> dict[str, Any]:
    """One row; `request`, `response`, `extra` are sub-documents, everything else a column."""
    number = given.pop("number", None)
    request = given.pop("request", {})
    params = {
        "requestParameters": request,
        "responseElements": given.pop("response", None),
        "additionalEventData": given.pop("extra", None),
    }
    error = given.get("error_code")
    named = isinstance(request, dict)
    uid = f"EV-1.f1/{operation}-{seconds}" if number is None else f"EV-1.f1/{number}"
    row = {
        "event_uid": uid,
        "provider_uid": sha256(uid.encode()).hexdigest()[:12],
        "duplicate_of": None,
        "same_request_as": None,
        "time": at(seconds),
        "time_precision": 1_000_000,
        "provider": "aws",
        "account_uid": OWNER,
        "region": "us-east-1",
        "category": "data" if named and "key" in request else "management",
        "service": given.pop("service", "s3.amazonaws.com"),
        "operation": operation,
        "actor_type": "IAMUser",
        "actor_uid": ALICE,
        "actor_account_uid": OWNER,
        "user_agent": "[aws-cli/2.7.0]",
        "container": request.get("bucketName") if named else None,
        "object": request.get("key") if named else None,
        "outcome": "success" if error is None else "denied",
        "error_code": error,
        "params": json.dumps(params),
        "omitted": None,
        "evidence_item": "EV-1.f1",
        "locator": f"0@{int(seconds)}+10",
        "record_sha256": sha256(json.dumps(params).encode()).hexdigest(),
    }
    return row | given


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def public_read(sid: str | None = None) -> dict[str, Any]:
    """A statement that lets everyone read."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*",
    }
    return ({"Sid": sid} if sid else {}) | statement


def put_policy(seconds: float, document: Any, **given: Any) -> dict[str, Any]:
    """PutBucketPolicy."""
    request = {"bucketName": BUCKET, "policy": "", "bucketPolicy": document}
    return event("PutBucketPolicy", seconds, request=request, **given)


def delete_policy(seconds: float, **given: Any) -> dict[str, Any]:
    """DeleteBucketPolicy."""
    request = {"bucketName": BUCKET, "policy": ""}
    return event("DeleteBucketPolicy", seconds, request=request, **given)


def block(seconds: float, given: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """PutBucketPublicAccessBlock."""
    request = {"bucketName": BUCKET, "publicAccessBlock": ""}
    body = {} if given is None else {"PublicAccessBlockConfiguration": given}
    return event("PutBucketPublicAccessBlock", seconds, request=request | body, **more)


def create_bucket(seconds: float, **request: Any) -> dict[str, Any]:
    """CreateBucket."""
    return event("CreateBucket", seconds, request={"bucketName": BUCKET} | request)


def iam(operation: str, seconds: float, **given: Any) -> dict[str, Any]:
    """An event of IAM."""
    return event(operation, seconds, service="iam.amazonaws.com", **given)
