"""CloudTrail records as tests want them: one good record, with what differs."""

import json
from typing import Any

BASE: dict[str, Any] = {
    "eventVersion": "1.08",
    "userIdentity": {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLEEXAMPLE000",
        "arn": "arn:aws:iam::111111111111:user/alice",
        "accountId": "111111111111",
        "accessKeyId": "AKIAEXAMPLEEXAMPLE00",
        "userName": "alice",
    },
    "eventTime": "2026-01-02T03:04:05Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "GetObject",
    "awsRegion": "us-east-1",
    "sourceIPAddress": "198.51.100.7",
    "userAgent": "[aws-cli/2.15.0]",
    "requestParameters": {"bucketName": "b", "key": "k", "Host": "b.s3.amazonaws.com"},
    "responseElements": None,
    "additionalEventData": {
        "SignatureVersion": "SigV4",
        "CipherSuite": "ECDHE-RSA-AES128-GCM-SHA256",
        "bytesTransferredIn": 0,
        "AuthenticationMethod": "AuthHeader",
        "x-amz-id-2": "aG9zdA==",
        "bytesTransferredOut": 12,
    },
    "requestID": "R1",
    "eventID": "E1",
    "readOnly": True,
    "resources": [
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/k"},
        {"accountId": "111111111111", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::b"},
    ],
    "eventType": "AwsApiCall",
    "managementEvent": False,
    "recipientAccountId": "111111111111",
    "eventCategory": "Data",
    "tlsDetails": {"tlsVersion": "TLSv1.2", "cipherSuite": "ECDHE-RSA-AES128-GCM-SHA256"},
}

ANONYMOUS = {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}


def record(**changed: Any) -> dict[str, Any]:
    """The good record with fields replaced; a field set to `...` is left out."""
    merged = {**BASE, **changed}
    return {name: value for name, value in merged.items() if value is not ...}


def native(*records: dict[str, Any]) -> bytes:
    """A CloudTrail object file."""
    return json.dumps({"Records": list(records)}).encode()
