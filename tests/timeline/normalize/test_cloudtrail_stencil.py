"""Data events that are cut around their holes: the rows that reading one by one gives."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.timeline.normalize.records import ANONYMOUS, BASE, record
from tests.timeline.normalize.test_cloudtrail_block import ONE_BY_ONE, dumped, file_of, read
from timeline.normalize import PARSERS, pieces
from timeline.normalize.aws import cloudtrail_layout, cloudtrail_stencil, cloudtrail_stretch
from timeline.normalize.model import Where
from timeline.normalize.spans import Spans

KEYS = ("k", "a/b.txt", "0", "with space", "arn:aws:s3:::b/k", "eventTime", "~hole-key", "x\\y",
        "é", 'q"q', "\x01", ":accesspoint/p", "2001-02-03T04:05:06Z", "-")  # fmt: skip
ROLE = {
    "type": "AssumedRole", "principalId": "AROAEXAMPLE:run", "accountId": "111111111111",
    "arn": "arn:aws:sts::111111111111:assumed-role/r/run", "accessKeyId": "ASIAEXAMPLE",
    "sessionContext": {
        "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111111111111:role/r"},
        "attributes": {"creationDate": "2026-01-01T00:00:00Z", "mfaAuthenticated": "false"},
    },
}  # fmt: skip
CALLERS: tuple[dict[str, Any], ...] = (
    BASE["userIdentity"],
    ANONYMOUS,
    ROLE,
    {**ROLE, "eventTime": "2026-01-01T00:00:00Z"},
    {},
)
NUMBERS = (0, 7, 4096, 10**12, 10**17, 2**63, -1, 1.5, "5", None)
TIMES = ("2026-01-02T03:04:05Z", "2026-01-02T23:59:60Z", "2026-01-02T03:04:05.5Z", "soon", None)
POINT = {"type": "AWS::S3::AccessPoint", "ARN": "arn:aws:s3:us-east-1:1:accesspoint/p"}


def event(name: str, key: str, **changed: Any) -> dict[str, Any]:
    """A data event as the provider writes it, and its key where it belongs."""
    listing = name.startswith("List")
    asked = {"bucketName": "b", "Host": "b.s3.amazonaws.com", ("prefix" if listing else "key"): key}
    entry = {
        "type": "AWS::S3::Object",
        ("ARNPrefix" if listing else "ARN"): f"arn:aws:s3:::b/{key}",
    }
    told: dict[str, Any] = {
        "eventName": name, "requestParameters": asked, "resources": [entry, BASE["resources"][1]],
        "readOnly": not name.startswith(("Put", "Delete")),
    }  # fmt: skip
    return record(**(told | changed))


@pytest.fixture(autouse=True)
def at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many stencils are looked at depends on what was read before."""
    monkeypatch.setitem(cloudtrail_stencil._counts, "looked at", 0)


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """Mostly plain, with the contents of the holes drawn; now and then with something strange."""

    def mostly(*values: Any) -> Any:
        return draw(st.sampled_from([*values[:2]] * 6 + list(values[2:])))

    extra = BASE["additionalEventData"] | {
        "bytesTransferredIn": mostly(*NUMBERS), "bytesTransferredOut": mostly(*NUMBERS),
        "x-amz-id-2": mostly("aG9zdA==", "b", "", "-"),
    }  # fmt: skip
    if draw(st.booleans()):
        extra = {name: extra[name] for name in ("bytesTransferredIn", "bytesTransferredOut",
                                                "x-amz-id-2", "CipherSuite")}  # fmt: skip
    told = event(
        mostly("GetObject", "PutObject", "HeadObject", "ListObjects", "DeleteObject", "ListParts"),
        mostly(*KEYS), userIdentity=mostly(*CALLERS), eventTime=mostly(*TIMES),
        sourceIPAddress=mostly("192.0.2.1", "s3.amazonaws.com", "", None),
        requestID=mostly("R1", "R2", "", None), eventID=mostly("E1", "E22", "", None),
        additionalEventData=extra, responseElements=mostly(None, None, {"x-amz-version-id": "v"}),
        eventVersion=mostly("1.08", "1.09", "1.08 "),
    )  # fmt: skip
    if draw(st.integers(0, 9)) == 0:
        told["resources"] = [*told["resources"], POINT]
    if draw(st.integers(0, 9)) == 0:
        told["addendum"] = {"reason": "DELIVERY_DELAY"}
    return dumped(told)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(events(), min_size=1, max_size=12))
def test_cut_around_holes_and_one_by_one_give_the_same(records: list[bytes]) -> None:
    body = file_of(*records)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cloudtrail_layout, "FEW", 1)
        patched.setattr(cloudtrail_stretch, "MANY", 1)
        assert read(body, PARSERS) == read(body, ONE_BY_ONE)


def changed(old: str, new: str) -> bytes:
    """A plain event with another text in one place."""
    plain = dumped(event("GetObject", "k"))
    assert plain.count(old.encode()) == 1
    return plain.replace(old.encode(), new.encode())


def left(*records: dict[str, Any] | bytes) -> list[int]:
    """Places of the records that are left, of those that follow many plain ones."""
    many = [
        event("GetObject", f"k{number}", eventID=f"E{number}")
        for number in range(cloudtrail_stretch.MANY)
    ]
    found: list[list[int]] = []

    def take(spans: Spans) -> Any:
        taken = cloudtrail_stretch.read(spans, Where("EV-1.f1", "", 0))
        found.append(taken.left)
        return taken._replace(left=[], rows=[])

    body = file_of(
        *(each if isinstance(each, bytes) else dumped(each) for each in [*many, *records])
    )
    assert list(pieces.read(body, 0, take)) == []
    return [place - len(many) for place in found[0]]


def test_plain_events_are_taken() -> None:
    assert left() == []
    assert left(*(event("GetObject", key) for key in ("other", "0", "~hole"))) == []


@pytest.mark.parametrize(
    "strange",
    [
        event("GetObject", ":accesspoint/p"),
        event("GetObject", "x\\y"),
        event("GetObject", "é"),
        event("GetObject", ""),
        event("GetObject", "k", eventTime="2026-01-02T25:04:05Z"),
        event("GetObject", "k", resources=[{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/x"}]),
        event("GetObject", "k", additionalEventData=BASE["additionalEventData"] | {
            "bytesTransferredOut": 10**18}),
        changed('"bytesTransferredOut":12', '"bytesTransferredOut":012'),
        changed('"bytesTransferredIn":0', '"bytesTransferredIn":-0'),
        changed('"eventID":"E1"', '"eventID":"E\x1f1"'),
        changed('"eventTime"', '"eventtime"'),
        changed('{"type":"IAMUser"', '{"type":"x","type":"IAMUser"'),
        changed('"readOnly":', '"readOnly":true,"readOnly":'),
    ],
)  # fmt: skip
def test_what_is_in_doubt_is_left(strange: dict[str, Any] | bytes) -> None:
    assert left(strange) == [0]


def test_a_log_without_anything_in_common_is_not_looked_at_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert left() == []
    monkeypatch.setitem(cloudtrail_stencil._counts, "looked at", 10**9)
    assert left(event("GetObject", "k", userAgent="never met before")) == [0]


def test_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloudtrail_stencil, "HELD", 1)
    other = BASE["userIdentity"] | {"userName": "other"}
    assert left(event("PutObject", "k"), event("HeadObject", "k", userIdentity=other)) == []


def test_marks_stand_in_no_stencil() -> None:
    assert left(event("GetObject", "k", userAgent="~hole-key")) == [0]
