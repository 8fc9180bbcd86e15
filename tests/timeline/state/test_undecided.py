"""What is read and shown and not decided: ways to data, permission sets, shares, delegation."""

import json
from datetime import timedelta
from typing import Any

import pytest

from timeline.model import Knowledge
from timeline.state.intervals import History
from timeline.state.replay import run

from .events import BUCKET_UID, OWNER, at, event, policy

FIRST, LAST = event("ListBuckets", 0), event("ListBuckets", 1000)
UNKNOWN = Knowledge.UNKNOWN
SHOWN = policy({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"})
SET = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
SHARE = f"arn:aws:ram:us-east-1:{OWNER}:resource-share/1"
INSTANCE = f"arn:aws:s3:us-east-1:{OWNER}:access-grants/default"
LAMBDA = f"arn:aws:s3-object-lambda:us-east-1:{OWNER}:accesspoint/ol"
POINT = f"arn:aws:s3express:us-east-1:{OWNER}:accesspoint/ap--use1-az4--xa-s3"
OUTPOST = f"arn:aws:s3-outposts:us-east-1:{OWNER}:outpost/op-1/bucket/b"
TABLES = f"arn:aws:s3tables:us-east-1:{OWNER}:bucket/t"
MULTI = f"aws:mrap:{OWNER}:m"
GIVEN = {"targetId": OWNER, "targetType": "AWS_ACCOUNT", "permissionSetArn": SET,
         "principalType": "GROUP", "principalId": "g-1"}  # fmt: skip
ASSIGNED = f"assignment/{OWNER}/GROUP/g-1"
LOCATION = {"accountId": OWNER, "IAMRoleArn": "arn:aws:iam::1:role/L", "LocationScope": "s3://b/*"}
SCOPE = {"Prefixes": ["x/"], "Permissions": ["GetObject"]}
CONFIGURED = {"SupportingAccessPoint": "arn:aws:s3:us-east-1:1:accesspoint/a"}


def sso(operation: str, seconds: float, **given: Any) -> dict[str, Any]:
    request = {"instanceArn": "arn:aws:sso:::instance/ssoins-1", "permissionSetArn": SET}
    given["request"] = request | given.get("request", {})
    return event(operation, seconds, service="sso.amazonaws.com", **given)


def ram(operation: str, seconds: float, request: dict[str, Any], **given: Any) -> dict[str, Any]:
    return event(operation, seconds, service="ram.amazonaws.com", request=request, **given)


def share(seconds: float = 5, **request: Any) -> dict[str, Any]:
    answer = {"resourceShare": {"resourceShareArn": SHARE, "allowExternalPrincipals": True}}
    return ram("CreateResourceShare", seconds, {"name": "s"} | request, response=answer)


@pytest.mark.parametrize(
    ("what", "rows", "uid", "slot", "value"),
    [
        ("assigned", [sso("CreateAccountAssignment", 5, request=GIVEN)], SET, ASSIGNED, True),
        ("no longer", [sso("CreateAccountAssignment", 5, request=GIVEN),
                       sso("DeleteAccountAssignment", 6, request=GIVEN)], SET, ASSIGNED, None),
        ("what a set allows", [sso("PutInlinePolicyToPermissionSet", 5, request={
            "inlinePolicy": json.dumps(SHOWN)})], SET, "inline_policy", SHOWN),
        ("hidden by the service", [sso("PutInlinePolicyToPermissionSet", 5, request={
            "inlinePolicy": "HIDDEN_DUE_TO_SECURITY_REASONS"})], SET, "inline_policy", UNKNOWN),
        ("a new set", [sso("CreatePermissionSet", 5, response={
            "permissionSet": {"permissionSetArn": SET}})], SET, "inline_policy", None),
        ("a policy of the account", [sso(
            "AttachCustomerManagedPolicyReferenceToPermissionSet", 5, request={
                "customerManagedPolicyReference": {"name": "P", "path": "/t/"}})],
         SET, "policy//t/P", True),
        ("a managed one, taken away", [
            sso("AttachManagedPolicyToPermissionSet", 5, request={"managedPolicyArn": "arn:P"}),
            sso("DetachManagedPolicyFromPermissionSet", 6, request={"managedPolicyArn": "arn:P"})],
         SET, "policy/arn:P", None),
        ("a boundary", [sso("PutPermissionsBoundaryToPermissionSet", 5, request={
            "permissionsBoundary": {"managedPolicyArn": "arn:B"}})],
         SET, "permissions_boundary", {"managedPolicyArn": "arn:B"}),
        ("shared", [share(resourceArns=["arn:r"])], SHARE, "resource/arn:r", True),
        ("open to outsiders, by the answer alone", [share()], SHARE, "allow_external_principals",
         True),
        ("a principal that left", [
            share(principals=["222222222222"]),
            ram("DisassociateResourceShare", 6, {"resourceShareArn": SHARE,
                                                 "principals": ["222222222222"]})],
         SHARE, "principal/222222222222", None),
        ("a share that is gone", [
            share(resourceArns=["arn:r"]),
            ram("DeleteResourceShare", 6, {"resourceShareArn": SHARE})],
         SHARE, "resource/arn:r", None),
        ("a multi-Region access point: when it took effect no record says",
         [event("PutMultiRegionAccessPointPolicy", 5, region="us-west-2", request={
             "PutMultiRegionAccessPointPolicyRequest": {
                 "Details": {"Name": "m", "Policy": json.dumps(SHOWN)}}})],
         MULTI, "policy", UNKNOWN),
        ("a location of Access Grants", [event("CreateAccessGrantsLocation", 5, request=LOCATION,
                                               response={"accessGrantsLocationId": "l"})],
         INSTANCE, "location/l", {"role": "arn:aws:iam::1:role/L", "scope": "s3://b/*"}),
        ("an instance that is gone",
         [event("CreateAccessGrantsLocation", 5, request=LOCATION,
                response={"accessGrantsLocationId": "l"}),
          event("DeleteAccessGrantsInstance", 6, request={"accountId": OWNER})],
         INSTANCE, "location/l", None),
        ("an Object Lambda access point", [event("CreateAccessPointForObjectLambda", 5, request={
            "name": "ol", "accountId": OWNER, "Configuration": CONFIGURED})],
         LAMBDA, "configuration", CONFIGURED),
        ("which starts without a policy",
         [event("CreateAccessPointForObjectLambda", 5, request={
             "name": "ol", "accountId": OWNER, "Configuration": CONFIGURED})],
         LAMBDA, "policy", None),
        ("the scope of an access point", [event("PutAccessPointScope", 5, request={
            "name": "ap--use1-az4--xa-s3", "accountId": OWNER, "Scope": SCOPE})],
         POINT, "scope", SCOPE),
        ("no scope any more", [event("DeleteAccessPointScope", 5, service="s3express.amazonaws.com",
                                     request={"name": "ap--use1-az4--xa-s3"})],
         POINT, "scope", None),
        ("a bucket on an Outpost", [event("PutBucketPolicy", 5,
                                          service="s3-outposts.amazonaws.com", request={
                                              "bucket": OUTPOST, "policy": json.dumps(SHOWN)})],
         OUTPOST, "policy", SHOWN),
        ("a table", [event("PutTablePolicy", 5, service="s3tables.amazonaws.com", request={
            "tableBucketARN": TABLES, "namespace": "n", "name": "x",
            "resourcePolicy": json.dumps(SHOWN)})], f"{TABLES}/table/n.x", "policy", SHOWN),
        ("who may manage the organization's policies",
         [event("PutResourcePolicy", 5, service="organizations.amazonaws.com",
                request={"content": json.dumps(SHOWN)})],
         "aws:organizations", "delegation_policy", SHOWN),
        ("a lifecycle, under the name that records use",
         [event("PutBucketLifecycle", 5, request={"bucketName": "b", "LifecycleConfiguration": {
             "Rule": {"Status": "Enabled", "Expiration": {"Days": 1}}}})],
         BUCKET_UID, "lifecycle", {"Rule": {"Expiration": {"Days": "1"}, "Status": "Enabled"}}),
    ],
)  # fmt: skip
def test_a_record_says(
    what: str, rows: list[dict[str, Any]], uid: str, slot: str, value: Any
) -> None:
    state = History(run([FIRST, *rows, LAST]).intervals).at(uid, slot, at(500))
    if value is UNKNOWN:
        assert state.knowledge is UNKNOWN, what
    elif value is None:
        assert state.knowledge is Knowledge.ABSENT, what
    else:
        assert (state.knowledge, state.value) == (Knowledge.PRESENT, value), what


@pytest.mark.parametrize(
    ("what", "kind", "body", "slot", "value"),
    [
        ("the established policy", "aws.s3.multi_region_policy",
         {"GetMultiRegionAccessPointPolicyResult": {"Policy": {
             "Established": {"Policy": json.dumps(SHOWN)},
             "Proposed": {"Policy": json.dumps(policy())}}}}, "policy", SHOWN),
        ("a policy that is only proposed", "aws.s3.multi_region_policy",
         {"GetMultiRegionAccessPointPolicyResult": {"Policy": {
             "Proposed": {"Policy": json.dumps(SHOWN)}}}}, "policy", None),
        ("buckets behind it", "aws.s3.multi_region_access_point",
         {"GetMultiRegionAccessPointResult": {"AccessPoint": {
             "Status": "READY", "Regions": {"Region": [{"Bucket": "b"}, {"Bucket": "a"}]}}}},
         "buckets", ["a", "b"]),
        ("one whose buckets the answer does not show", "aws.s3.multi_region_access_point",
         {"GetMultiRegionAccessPointResult": {"AccessPoint": {"Status": "READY"}}},
         "buckets", UNKNOWN),
        ("one that is being made", "aws.s3.multi_region_access_point",
         {"GetMultiRegionAccessPointResult": {"AccessPoint": {"Status": "CREATING"}}},
         "buckets", UNKNOWN),
    ],
)  # fmt: skip
def test_an_answer_says(what: str, kind: str, body: Any, slot: str, value: Any) -> None:
    asked = event("PutMultiRegionAccessPointPolicy", 5, region="us-west-2", request={
        "Details": {"Name": "m", "Policy": json.dumps(SHOWN)}})  # fmt: skip
    seen = (kind, body, at(50) + timedelta(minutes=2), None, MULTI)
    state = History(run([FIRST, asked, LAST], [seen]).intervals).at(MULTI, slot, at(500))
    if value is UNKNOWN:
        assert state.knowledge is UNKNOWN, what
    elif value is None:
        assert state.knowledge is Knowledge.ABSENT, what
    else:
        assert state.value == value, what


def test_a_refused_assignment_alters_nothing() -> None:
    refused = sso("CreateAccountAssignment", 5, request=GIVEN, error_code="AccessDenied")
    found = run([FIRST, sso("DeleteAccountAssignment", 3, request=GIVEN), refused, LAST])
    assert History(found.intervals).at(SET, ASSIGNED, at(500)).knowledge is Knowledge.ABSENT
