"""Error codes and outcomes: absence is never denial, and what is not known is never an answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.aws import outcomes
from collector.aws.guard import allow_list
from collector.model import Outcome
from collector.warc import Response

CASES = [
    ("s3", "GetBucketPolicy", 404, "NoSuchBucketPolicy", "ABSENT"),
    ("s3", "GetBucketPolicy", 403, "AccessDenied", "DENIED"),
    ("s3", "GetBucketPolicy", 503, "SlowDown", "FAILED"),
    ("s3", "GetBucketPolicy", 500, "InternalError", "FAILED"),
    ("s3", "GetBucketPolicy", 404, "NoSuchSomethingNew", "FAILED"),
    ("s3", "GetBucketPolicy", 400, "ExpiredToken", "FAILED"),
    ("s3", "GetBucketPolicy", 403, "RequestTimeTooSkewed", "FAILED"),
    ("s3", "GetBucketPolicy", 403, "SomethingNew", "DENIED"),
    ("s3", "GetBucketPolicy", 403, "SignatureDoesNotMatch", "FAILED"),
    ("s3", "GetObject", 403, "InvalidObjectState", "FAILED"),
    ("s3", "GetPublicAccessBlock", 404, "NoSuchPublicAccessBlockConfiguration", "ABSENT"),
    ("s3", "GetBucketEncryption", 404, "ServerSideEncryptionConfigurationNotFoundError", "ABSENT"),
    ("s3", "HeadBucket", 404, "404", "ABSENT"),
    ("s3", "HeadBucket", 403, "403", "DENIED"),
    ("s3", "HeadBucket", 400, "400", "FAILED"),
    ("s3", "GetBucketAcl", 404, "404", "FAILED"),
    ("s3control", "GetAccessPointPolicy", 404, "NoSuchAccessPointPolicy", "ABSENT"),
    ("kms", "ListKeys", 400, "AccessDeniedException", "DENIED"),
    ("kms", "ListKeys", 400, "ThrottlingException", "FAILED"),
    ("kms", "DescribeKey", 400, "NotFoundException", "ABSENT"),
    ("iam", "GetLoginProfile", 404, "NoSuchEntity", "ABSENT"),
    ("ec2", "DescribeVpcEndpoints", 403, "UnauthorizedOperation", "DENIED"),
    ("ec2", "DescribeVpcEndpoints", 401, "AuthFailure", "DENIED"),
    ("organizations", "ListRoots", 400, "AWSOrganizationsNotInUseException", "ABSENT"),
    ("organizations", "ListRoots", 400, "AccessDeniedException", "DENIED"),
    ("securityhub", "DescribeHub", 401, "InvalidAccessException", "DENIED"),
    ("kms", "ListKeys", 0, "", "FAILED"),
]


@pytest.mark.parametrize(("service", "operation", "status", "code", "outcome"), CASES)
def test_outcome_of_a_code(
    service: str, operation: str, status: int, code: str, outcome: str
) -> None:
    assert outcomes.classify(service, operation, status, code).value == outcome


def test_absence_that_only_the_message_tells() -> None:
    message = "Account 111111111111 is not subscribed to AWS Security Hub"
    code = "InvalidAccessException"
    found = outcomes.classify("securityhub", "DescribeHub", 401, code, message)
    assert found is Outcome.ABSENT


def test_no_code_means_two_things() -> None:
    absent = frozenset().union(*outcomes.ABSENT.values())
    assert not absent & outcomes.DENIED
    assert not absent & outcomes.TRANSIENT
    assert not outcomes.DENIED & outcomes.TRANSIENT
    assert {one.partition(":")[0] for one in allow_list()} >= set(outcomes.ABSENT)


@given(
    operation=st.sampled_from(sorted(allow_list())),
    status=st.integers(min_value=300, max_value=599),
    code=st.text(max_size=12),
)
@settings(max_examples=150, deadline=None)
def test_an_unknown_code_is_never_absence(operation: str, status: int, code: str) -> None:
    service, _, name = operation.partition(":")
    found = outcomes.classify(service, name, status, code)
    assert found in (Outcome.DENIED, Outcome.FAILED, Outcome.ABSENT)
    if found is Outcome.ABSENT:
        assert name in ("HeadBucket", "HeadObject")
        assert status == 404


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ((), b"<Error><Code>AccessDenied</Code><Message>No</Message></Error>", "AccessDenied"),
        ((), b'{"__type": "com.amazonaws#NotFoundException"}', "NotFoundException"),
        ((("x-amzn-ErrorType", "AccessDeniedException:http://x"),), b"{}", "AccessDeniedException"),
        ((), b"", "404"),
        ((), b"<html>not ours</html>", "404"),
    ],
)
def test_code_of_a_raw_answer(
    headers: tuple[tuple[str, str], ...], body: bytes, expected: str
) -> None:
    answer = Response(status=404, reason="", headers=headers, body=body)
    assert outcomes.code_of(answer)[0] == expected


@pytest.mark.parametrize(
    ("status", "body", "truncated", "expected"),
    [
        (200, b"x", False, True),
        (200, b"x", True, False),
        (301, b"", False, False),
        (404, b"<Error><Code>NoSuchBucketPolicy</Code></Error>", False, True),
        (403, b"<Error><Code>AccessDenied</Code></Error>", False, True),
        (503, b"<Error><Code>SlowDown</Code></Error>", False, False),
        (400, b"<Error><Code>ExpiredToken</Code></Error>", False, False),
    ],
)
def test_only_settled_answers_are_not_asked_again(
    status: int, body: bytes, truncated: bool, expected: bool
) -> None:
    answer = Response(status=status, reason="", headers=(), body=body, truncated=truncated)
    assert outcomes.settled("s3", "GetBucketPolicy", answer) is expected
