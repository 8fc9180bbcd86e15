"""CloudTrail records many at once: the rows, gaps and counts that reading one by one gives."""

import dataclasses
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.timeline.normalize.evidence import DATA, Store, places_and_rows
from tests.timeline.normalize.records import ANONYMOUS, BASE, record
from tests.timeline.normalize.test_first_key import FIXTURES, changes
from timeline.normalize import PARSERS, ingest, pieces, split
from timeline.normalize.aws import cloudtrail, cloudtrail_layout, cloudtrail_stretch
from timeline.normalize.lines import BOM
from timeline.normalize.model import Parser, Part, Record, Where
from timeline.normalize.spool import Mapped, Spool

ONE_BY_ONE = tuple(dataclasses.replace(parser, read_pieces=None) for parser in PARSERS)
NESTED = [{"eventVersion": "1.0"}, {"eventVersion": "1.0", "a": 1}]


def dumped(told: object) -> bytes:
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def with_two(data: bytes, name: str, earlier: str) -> bytes:
    """The record with another value of a key after its first one."""
    first = b'{"eventVersion":"1.08",'
    return data.replace(first, b'%s"%s":%s,' % (first, name.encode(), earlier.encode()), 1)


def file_of(*records: bytes) -> bytes:
    return b'{"Records":[%s]}' % b",".join(records)


good = st.sampled_from(
    [
        BASE, record(userIdentity=ANONYMOUS, eventID="E2"),
        record(eventTime="2026-01-03T00:00:00Z", sharedEventID="S", vpcEndpointId="vpce-1"),
        record(eventName="ListRoles", eventSource="iam.amazonaws.com", resources=...,
               additionalEventData=..., eventCategory="Management"),
        record(errorCode="AccessDenied", errorMessage="no", responseElements={"a": [1, 2.50]}),
        record(eventName="ConsoleLogin", responseElements={"ConsoleLogin": "Failure"}),
        record(requestParameters={"list-type": "2", "bucketName": "b", "max-keys": 3, "x": NESTED}),
        record(requestParameters={"omitted": True}, addendum={"reason": "x"}),
        record(requestParameters="omitted", insight=NESTED),
        record(userAgent="caf\u00e9 \u2028 \\ \"", sourceIPAddress="AWS Internal"),
        record(CloudTrailEvent=json.dumps(BASE)), {"detail": BASE},
        {"EventId": "E", "CloudTrailEvent": json.dumps(BASE)}, {"eventVersion": "1.08"},
        record(readOnly="true", eventVersion=["1.02"], apiVersion=2006.0),
    ]
).map(dumped)  # fmt: skip
changed = changes.map(lambda each: dumped(record(**each)))
doubled = st.tuples(
    good, st.sampled_from(["eventID", "requestParameters", "eventName", "userIdentity"]),
    st.sampled_from(['"x"', "null", '{"key":"a","key":"b"}']),
).map(lambda each: with_two(*each))  # fmt: skip
plain_bodies = st.lists(st.one_of(good, good, changed, doubled), min_size=1, max_size=5).map(
    lambda each: file_of(*each)
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A file, now and then damaged somewhere, wrapped otherwise, or followed by more."""
    body: bytes = draw(plain_bodies)
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        at = draw(st.integers(0, len(body)))
        word = st.sampled_from([b"", b'"', b"{", b"}", b",", b"\\", b"\xff", b"]}", b'},{"'])
        body = body[:at] + draw(word) + body[at + draw(st.integers(0, 3)) :]
    before = draw(st.sampled_from([b"", b"", BOM, b" \n", b"\x1e", b"[", b"x"]))
    after = draw(st.sampled_from([b"", b"", b"\n", b" \r\n", b"\x0b", b",", b"\n" + body, body]))
    return before + body + after


def read(body: bytes, parsers: tuple[Parser, ...]) -> tuple[Part, list[dict[str, Any]]]:
    store = Store()
    item = store.add(body)
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "rows.arrow")
        part = ingest.read_item(item, lambda _: io.BytesIO(body), parsers, spool)
        batches = Mapped().batches(spool.close())
        each = [row for batch in batches for row in places_and_rows(batch)]
        return part, [
            row for _, row in sorted(each, key=lambda pair: (pair[1]["time"].date(), pair[0]))
        ]


@settings(max_examples=200, deadline=None)
@given(bodies(), st.sampled_from([1, 2_000, 1 << 23]), st.sampled_from([1, 32]))
@example(file_of(dumped(BASE), dumped(record(x=NESTED)), dumped(BASE)), 1, 1)
@example(file_of(dumped(BASE), dumped(BASE)[:-1], dumped(BASE)), 1, 1)
@example(file_of(dumped(BASE)) + b"\n" + file_of(dumped(BASE)), 1, 1)
def test_together_and_one_by_one_give_the_same(body: bytes, stretch: int, few: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pieces, "STRETCH", stretch)
        patched.setattr(cloudtrail_layout, "FEW", few)
        patched.setattr(cloudtrail_stretch, "MANY", few)
        assert read(body, PARSERS) == read(body, ONE_BY_ONE)


def taken(body: bytes) -> tuple[int, list[int]]:
    """How many rows were read together, and the numbers of the records that were not."""
    where = Where("EV-1.f1", "", 0)
    rows, others = 0, []
    for each in split.read_json(iter((body,)), lambda p: cloudtrail.read_pieces(p, where)):
        if not isinstance(each, Record):
            rows += len(each.times())
        else:
            assert each.data == body[each.offset : each.offset + each.length]
            others.append(each.number)
    return rows, others


def test_what_is_plain_is_read_together() -> None:
    bad = with_two(dumped(BASE), "eventID", '"E0"')
    rest = [dumped(BASE)] * 3
    body = file_of(*[dumped(BASE)] * 70, bad, *rest, dumped({"eventVersion": "1"}))
    assert taken(body) == (73, [70, 74])


@pytest.mark.parametrize("spaced", [b'{"Records": [%s]}', b'{"Records":[%s ]}', b"[%s]", b"%s"])
def test_any_other_frame_is_read_one_by_one(spaced: bytes) -> None:
    assert taken(spaced % dumped(BASE)) == (0, [0])


def test_rows_of_two_days_keep_their_order() -> None:
    times = ["2026-01-02T23:59:59Z", "2026-01-03T00:00:00Z"] * 2
    body = file_of(
        *(dumped(record(eventTime=time, eventID=str(n))) for n, time in enumerate(times))
    )
    part, rows = read(body, PARSERS)
    assert [row["provider_uid"] for row in rows] == ["0", "2", "1", "3"]
    assert [each.day for each in part.partitions] == ["2026-01-02", "2026-01-03"]


@pytest.mark.parametrize(
    "folder", [FIXTURES, DATA / "aws_invictus_stratus", DATA / "aws_stratus_detonation"],
    ids=["fixtures", "invictus", "stratus"],
)  # fmt: skip
def test_real_files_both_ways(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"{folder} is not on this machine")
    store = Store().folder(folder)
    found = []
    for item in store.items:
        with store.open_item(item) as file:
            data = file.read()
        if len(data) < 4_000_000:
            found.append(read(data, PARSERS))
            assert found[-1] == read(data, ONE_BY_ONE)
    assert sum(part.rows for part, _ in found) > 100
