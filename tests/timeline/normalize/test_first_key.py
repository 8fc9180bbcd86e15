"""A key that is there twice: the first wins in every form and every column; nothing else changes.

Records are read in three ways that must agree: with the types that the provider writes, in the
tolerant way, and by the standard library's parser.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.timeline.normalize.evidence import DATA, Store
from tests.timeline.normalize.records import ANONYMOUS, BASE, record
from timeline.normalize import archives, split
from timeline.normalize.aws import (
    cloudtrail,
    cloudtrail_envelope,
    cloudtrail_fields,
    cloudtrail_lookup,
)
from timeline.normalize.aws.cloudtrail_keys import came_out_whole, doubled_keys, first_wins
from timeline.normalize.model import BROKEN, Parser, Record, Unreadable, Where
from timeline.normalize.row import EventRow

WHERE = Where("EV-1.f1", "", 0)
FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"

scalars = st.one_of(
    st.none(), st.booleans(), st.text(max_size=20), st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "Yes", "arn:aws:s3:::b", "true", '"', "\\", "é", "\u2028", "😀", "a/b"]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
asked = st.dictionaries(st.sampled_from(cloudtrail_fields.Asked.__struct_fields__), values)
extra = st.dictionaries(
    st.sampled_from(cloudtrail_fields.Extra.__struct_encode_fields__), values, max_size=5
)
entries = st.lists(
    st.dictionaries(st.sampled_from(["type", "ARN", "arn", "accountId", "x"]), scalars), max_size=3
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "requestParameters": st.one_of(asked, values),
        "additionalEventData": st.one_of(extra, values),
        "resources": st.one_of(entries, values),
        "responseElements": values,
        "userIdentity": st.sampled_from([BASE["userIdentity"], ANONYMOUS, None, {"type": "Root"}]),
        "eventName": st.sampled_from(
            ["GetObject", "PutObject", "ListObjects", "PutBucketPolicy", "AssumeRole", "ListRoles"]
        ),
        "eventSource": st.sampled_from(["s3.amazonaws.com", "iam.amazonaws.com", None]),
        "eventCategory": st.sampled_from(["Data", "Management", None]),
        "errorCode": st.sampled_from(["AccessDenied", "NoSuchKey", ""]),
        "readOnly": st.sampled_from([True, False, "true", None]),
        "userAgent": st.text(max_size=20),
        "sourceIPAddress": st.text(max_size=20),
        "apiVersion": scalars,
        "unknown": values,
    },
)


def row(data: bytes, parser: Parser = cloudtrail.PARSER) -> tuple[EventRow, Any]:
    found, gaps = parser.read(Record(0, 0, len(data), data), WHERE)
    return (found if isinstance(found, EventRow) else found.unpacked()), gaps


def tolerant(data: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[EventRow, Any]:
    """The row read in the tolerant way alone."""

    def refuse(_: object) -> None:
        raise msgspec.ValidationError

    with monkeypatch.context() as patched:
        for name in ("_asked", "_extra", "_resources"):
            patched.setattr(cloudtrail_fields, name, refuse)
        patched.setattr(cloudtrail, "decode", cloudtrail_fields._tolerant)
        cloudtrail.kind_of.cache_clear()
        return row(data)


def outcome(read: Any, *arguments: Any) -> Any:
    """What reading gives, a refusal included."""
    try:
        return read(*arguments)
    except (Unreadable, *BROKEN):
        return "a gap"


def written(changed: dict[str, Any], *, ascii_only: bool, spaced: bool) -> bytes:
    separators = (", ", ": ") if spaced else (",", ":")
    return json.dumps(record(**changed), ensure_ascii=ascii_only, separators=separators).encode(
        "utf-8", "surrogatepass"
    )


@settings(max_examples=200, deadline=None)
@given(changes, st.booleans(), st.booleans())
def test_the_quick_way_and_the_tolerant_way_give_one_row(
    changed: dict[str, Any], ascii_only: bool, spaced: bool
) -> None:
    data = written(changed, ascii_only=ascii_only, spaced=spaced)
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert outcome(row, data) == outcome(tolerant, data, monkeypatch)


@settings(max_examples=200, deadline=None)
@given(changes)
def test_columns_as_the_standard_library_reads_them(changed: dict[str, Any]) -> None:
    data = written(changed, ascii_only=False, spaced=False)
    try:
        found, gaps = row(data)
    except BROKEN:
        return
    told = json.loads(data)
    assert gaps == ()
    assert found.provider_uid == "E1"
    assert found.operation == told["eventName"]
    assert found.time == int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()) * 1_000_000
    assert found.user_agent == (told["userAgent"] or None)
    assert found.src_ip == (told["sourceIPAddress"] or None)
    assert found.error_code == (told.get("errorCode") or None)
    assert found.record_sha256 == sha256(data).hexdigest()
    if found.params is not None:
        kept = json.loads(found.params)
        assert kept["requestParameters"] == told["requestParameters"]
        if "userIdentity" in kept:
            for name in ("responseElements", "additionalEventData", "resources"):
                assert kept[name] == told[name]
        assert f'"requestParameters":{json.dumps(told["requestParameters"], **COMPACT)}' in (
            found.params
        )


COMPACT: dict[str, Any] = {"ensure_ascii": False, "separators": (",", ":")}
pairs = st.recursive(
    scalars.map(lambda value: json.dumps(value, **COMPACT)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: f"[{','.join(each)}]"),
        st.lists(st.tuples(st.sampled_from(["a", "key", "bucketName", "type"]), inner), max_size=4)
        .map(lambda each: "{" + ",".join(f'"{name}":{value}' for name, value in each) + "}"),
    ),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(pairs, pairs, pairs, st.sampled_from(["1E5", "1.0", "-0", "0.1e2", "12.50"]))
def test_a_record_that_comes_out_whole_has_no_key_twice(
    first: str, second: str, third: str, number: str
) -> None:
    text = (
        '{"eventVersion":"1.08","eventTime":"2026-01-02T03:04:05Z","eventName":"GetObject",'
        f'"eventSource":"s3.amazonaws.com","requestParameters":{first},"resources":{second},'
        f'"additionalEventData":{{"bytesTransferredOut":{number},"SSEApplied":{third}}}}}'
    )
    data = text.encode("utf-8", "surrogatepass")
    try:
        f = cloudtrail_fields.decode(data)
    except Unreadable:
        return
    try:
        parts = (
            cloudtrail_fields.asked_of(f), cloudtrail_fields.extra_of(f),
            cloudtrail_fields.resources_of(f),
        )  # fmt: skip
    except BROKEN:
        return
    assert not (came_out_whole(data, f, *parts) and _twice(data))


def _twice(data: bytes) -> bool:
    found: list[str] = []

    def look(items: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in items]
        found.extend({name for name in names if names.count(name) > 1})

    json.loads(data, object_pairs_hook=look)
    return bool(found)


def twice(data: bytes, name: str, earlier: str) -> bytes:
    """The record with another value of a key of its top level before it."""
    assert data.startswith(b"{")
    return b'{"%s":%s,' % (name.encode(), earlier.encode()) + data[1:]


PLAIN_READ = record(
    eventName="ListRoles", eventSource="iam.amazonaws.com", eventCategory="Management",
    requestParameters=None, additionalEventData=None, resources=None, managementEvent=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "earlier", "column", "value"),
    [
        ("eventID", '"E0"', "provider_uid", "E0"),
        ("eventName", '"ListUsers"', "operation", "ListUsers"),
        ("eventTime", '"2026-01-02T03:04:06Z"', "time_text", "2026-01-02T03:04:06Z"),
        ("userIdentity", '{"type":"Root"}', "actor_type", "Root"),
        ("sourceIPAddress", '"192.0.2.1"', "src_ip", "192.0.2.1"),
        ("errorCode", "null", "error_code", None),
    ],
)
def test_first_wins_where_nothing_is_decided(
    name: str, earlier: str, column: str, value: str | None
) -> None:
    told = {**PLAIN_READ, "errorCode": "AccessDenied"}
    data = twice(json.dumps(told).encode(), name, earlier)
    found, gaps = row(data)
    assert (getattr(found, column), gaps) == (value, ())
    assert found.record_sha256 == sha256(data).hexdigest()


def test_first_wins_in_an_access_and_makes_it_opaque() -> None:
    data = twice(json.dumps(BASE).encode(), "requestParameters", '{"bucketName":"other","key":"x"}')
    found, (gap,) = row(data)
    assert (found.container, found.object) == ("other", "x")
    assert gap.kind == "opaque"
    assert "requestParameters" in gap.reason
    assert "duplicate key requestParameters" in (found.omitted or "")


@pytest.mark.parametrize("name", ["eventTime", "eventName"])
def test_a_later_null_does_not_take_a_record_away(name: str) -> None:
    data = twice(json.dumps({**PLAIN_READ, name: None}).encode(), name, json.dumps(BASE[name]))
    found, gaps = row(data)
    assert (found.time_text, gaps) == (BASE["eventTime"], ())


def test_a_number_that_grows_hides_no_key() -> None:
    """100000.0 is five characters longer than 1E5, as much as a lost `"a":1` takes."""
    lost = b'{"requestParameters":{"a":1,"a":1,"b":1E5,"cd":1E5}}'
    assert doubled_keys(lost) == ("a",)


LATER = {**BASE, "eventID": "E9"}


@pytest.mark.parametrize(
    ("parser", "data"),
    [
        (
            cloudtrail_lookup.PARSER,
            twice(
                json.dumps({"EventId": "E", "CloudTrailEvent": json.dumps(LATER)}).encode(),
                "CloudTrailEvent", json.dumps(json.dumps(BASE)),
            ),
        ),
        (
            cloudtrail_envelope.PARSER,
            twice(
                json.dumps({"detail-type": "x", "detail": LATER}).encode(),
                "detail", json.dumps(BASE),
            ),
        ),
    ],
    ids=["lookup", "envelope"],
)  # fmt: skip
def test_first_wins_in_an_envelope(parser: Parser, data: bytes) -> None:
    assert row(data, parser)[0].provider_uid == "E1"


def test_numbers_stay_as_written_when_a_key_goes() -> None:
    data = b'{"a":1.50,"b":18446744073709551616,"a":2,"c":[1e400,-0]}'
    assert first_wins(data) == b'{"a":1.50,"b":18446744073709551616,"c":[1e400,-0]}'


def records_in(folder: Path) -> Iterator[bytes]:
    store = Store().folder(folder)
    for item in store.items:
        for body in archives.bodies(store.open_item(item)):
            head = b"".join(body.chunks)
            if head.lstrip()[:1] in (b"{", b"["):
                for each in split.json_records(iter((head,))):
                    if each.data is not None and cloudtrail.detect(each.data):
                        yield each.data


@pytest.mark.parametrize(
    "folder", [FIXTURES, DATA / "aws_invictus_stratus", DATA / "aws_stratus_detonation"],
    ids=["fixtures", "invictus", "stratus"],
)  # fmt: skip
def test_real_records_both_ways(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not folder.is_dir():
        pytest.skip(f"{folder} is not on this machine")
    found = list(records_in(folder))
    assert len(found) > 100
    for data in found[:1500]:
        assert outcome(row, data) == outcome(tolerant, data, monkeypatch)
