"""What a request is grouped by: the bucket, or an access point that is asked by its own name."""

import pytest

from timeline.correlate.aws.requests import container_label

POINT = "arn:aws:s3:eu-west-1:111122223333:accesspoint/"


@pytest.mark.parametrize(
    ("resource", "label"),
    [
        ("arn:aws:s3:::b/k/l", "b"),
        ("arn:aws:s3:::b", "b"),
        ("arn:aws:s3:::accesspoint/k", "accesspoint"),
        (f"{POINT}one/object/k", f"{POINT}one"),
        (f"{POINT}two/object/k", f"{POINT}two"),
        (f"{POINT}one", f"{POINT}one"),
        ("*", ""),
        (None, ""),
    ],
)
def test_each_access_point_is_a_container_of_its_own(resource: str | None, label: str) -> None:
    assert container_label({"resource": resource}) == label
