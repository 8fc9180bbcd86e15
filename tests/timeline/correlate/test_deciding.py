"""Deciding by columns and by shared answers gives what each access by itself gives."""

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import case as case_file
from tests.timeline.correlate.scenarios import built
from timeline import normalize, tables
from timeline.correlate import coding, decisions, signatures
from timeline.correlate.accesses import Accesses
from timeline.correlate.answers import Answers, Seen
from timeline.correlate.apart import Apart
from timeline.correlate.aws import told
from timeline.correlate.aws.provider import AWS
from timeline.correlate.coding import Coder, Timelines
from timeline.correlate.counted import NOTHING
from timeline.correlate.course import attempts
from timeline.correlate.signatures import Attempts, Group
from timeline.correlate.views import Doubted, Overlay
from timeline.events import KEPT, batches
from timeline.model import Knowledge, SlotState
from timeline.schema import schema
from timeline.state.intervals import History


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(__file__).parents[3] / "fixtures" / "scenarios" / "traps"
    names = sorted(p.name for p in folder.iterdir() if (p / "names.json").is_file())
    return built(tmp_path_factory.mktemp("deciding"), names[:8])


@pytest.fixture(scope="module")
def setting(case: Path) -> decisions.Setting:
    return set_up(case)


def set_up(case: Path) -> decisions.Setting:
    derived = case / "derived"
    changes = tables.read(derived, "changes")
    held = frozenset(case_file.load(case).assumptions.on())
    history = History(tables.read(derived, "intervals"), changes)
    return decisions.Setting(
        view=Doubted(history, held), attempts=Attempts(attempts(changes)), provider=AWS,
        assumptions=held,
    )  # fmt: skip


def by_itself(
    row: Mapping[str, Any], setting: decisions.Setting, groups: dict[str, Group]
) -> decisions.RequestClass | None:
    """The class of one access, without columns, numbers or shared answers."""
    provider = setting.provider
    if not provider.is_access(row) or row["duplicate_of"] or row["same_request_as"]:
        return None
    request = provider.request_of(row)
    if request is None:
        return None
    own = [u for u in provider.own_places(request) if u in setting.attempts.resources]
    key = json.dumps([provider.group(request), own], sort_keys=True)
    if key not in groups:
        groups[key] = decisions._group(request, row["time"], setting)
    group = groups[key]
    signature = decisions._signature(group, request, row["time"], setting)
    uid = signatures.uid(signature, group.slice.epoch(row["time"]))
    alone = replace(setting, answers=Answers())
    return decisions._decided(uid, group, request, row["time"], alone, signature)


@pytest.mark.parametrize("at_once", [1, 3, 16_384])
def test_every_access_as_by_itself(
    case: Path, setting: decisions.Setting, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("timeline.events.AT_ONCE", at_once)
    rows = list(normalize.rows(case / "derived" / "events"))
    found = decisions.decide_all(rows, replace(setting, answers=Answers()))
    groups: dict[str, Group] = {}
    alone = [(row, one) for row in rows if (one := by_itself(row, setting, groups)) is not None]
    assert [(row["event_uid"], uid) for row, uid in found.accesses] == [
        (row["event_uid"], one.uid) for row, one in alone
    ]
    first: dict[str, decisions.RequestClass] = {}
    for _, one in alone:
        first.setdefault(one.uid, one)
    assert list(found.classes) == list(first)
    assert list(found.classes.values()) == list(first.values())
    for row, one in alone:  # not of the first access alone
        told_ = found.classes[one.uid]
        assert (told_.decision, told_.bare) == (one.decision, one.bare), row["event_uid"]
    assert found.candidates == len(found.accesses) + sum(found.left_out.values())


def test_the_table_where_it_lies_gives_the_same(case: Path, setting: decisions.Setting) -> None:
    events = case / "derived" / "events"
    one = decisions.decide_all(normalize.rows(events), setting)
    other = decisions.decide_all(normalize.Stored(events), setting)
    assert one.classes == other.classes
    assert [(dict(r), u) for r, u in one.accesses] == [(dict(r), u) for r, u in other.accesses]


def test_kept_rows_are_mappings_of_their_columns(case: Path, setting: decisions.Setting) -> None:
    rows = {row["event_uid"]: row for row in normalize.rows(case / "derived" / "events")}
    found = decisions.decide_all(rows.values(), setting).accesses
    for kept, _ in found:
        row = rows[kept["event_uid"]]
        assert dict(kept) == {**{name: row[name] for name in KEPT}, **NOTHING}
        assert len(kept) == len(dict(kept))
    with pytest.raises(KeyError):
        found[0][0]["params"]
    assert [dict(r) for r, _ in found[-2:]] == [dict(found[n][0]) for n in (-2, -1)]
    with pytest.raises(IndexError):
        found[len(found)]


def test_a_second_record_supplies_an_access(case: Path, setting: decisions.Setting) -> None:
    rows: list[dict[str, Any]] = [dict(r) for r in normalize.rows(case / "derived" / "events")]
    access = next(r for r in rows if AWS.is_access(r) and AWS.request_of(r) is not None)
    access["bytes_out"] = None
    second = {
        **access, "event_uid": "EV-9.f1/1", "same_request_as": access["event_uid"],
        "bytes_out": 7, "auth_evidence": '{"aclRequired":"Yes"}',
    }  # fmt: skip
    copy = {**access, "event_uid": "EV-9.f1/2", "duplicate_of": access["event_uid"]}
    found = decisions.decide_all([*rows, second, copy], setting)
    (row,) = [r for r, _ in found.accesses if r["event_uid"] == access["event_uid"]]
    assert (row["bytes_out"], row["supplied_by"], row["bytes_supplied"]) == (7, "EV-9.f1/1", 7)
    assert json.loads(row["auth_evidence_supplied"]) == {"aclRequired": "Yes"}
    assert found.left_out["copy of an event that is counted"] == 1
    assert found.left_out["another log's record of a request that is counted"] == 1


def test_requests_are_made_of_the_declared_columns_alone(case: Path) -> None:
    """A column that a request reads and does not declare is missing where requests are made."""
    for row in normalize.rows(case / "derived" / "events"):
        if AWS.is_access(row):
            assert AWS.request_of(row) == AWS.request_of({n: row[n] for n in told.COLUMNS})


def test_rows_that_are_told_alike_have_one_request(case: Path) -> None:
    rows = [r for r in normalize.rows(case / "derived" / "events") if AWS.is_access(r)]
    (table,) = batches(rows, told.COLUMNS)
    columns = [column.to_pylist() for column in told.told(table)]
    requests: dict[Any, Any] = {}
    for row, key in zip(rows, zip(*columns, strict=True), strict=True):
        request = AWS.request_of(row)
        said: dict[str, Any] = {**(request or {}), "time": None, "resource": None}
        if said.get("also"):
            said["also"] = {**said["also"], "time": None}
        assert requests.setdefault(key, said) == said
    assert 1 < len(requests) < len(rows)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ('{"requestParameters":{"key":"a"}}', '{"requestParameters":{"key":"b"}}', True),
        ('{"requestParameters":{"prefix":"a"}}', '{"requestParameters":{"prefix":"b"}}', False),
        ('{"requestParameters":null}', '{"requestParameters":{}}', False),
        ('{"additionalEventData":{"bytesTransferredOut":1}}', '{"additionalEventData":{}}', True),
        ('{"additionalEventData":{"CipherSuite":"x"}}', '{"additionalEventData":{}}', False),
        ('{"tlsDetails":{}}', '{"tlsDetails":{"tlsVersion":"TLSv1.2"}}', False),
        ('{"resources":[{"ARN":"arn:aws:s3:::a/1"}]}', '{"resources":[{"ARN":"x"}]}', True),
        ('{"resources":[{"ARN":"arn:aws:s3:r:1:accesspoint/a"}]}',
         '{"resources":[{"ARN":"arn:aws:s3:r:1:accesspoint/b"}]}', False),
        (r'{"resources":[{"ARN":"arn:aws:s3:r:1:accesspoint\/a"}]}',
         r'{"resources":[{"ARN":"arn:aws:s3:r:1:accesspoint\/b"}]}', False),
        ('{"resources":[]}', "{}", False),
        ("not JSON", "nor this", False),
        ('{"requestParameters":[1]}', '{"requestParameters":[2]}', False),
    ],
)  # fmt: skip
def test_what_of_the_parameters_counts(one: str, other: str, *, alike: bool) -> None:
    assert (told._part(one) == told._part(other)) is alike


class Holding:
    """Every resource holds its own name."""

    def at(self, resource_uid: str, slot: str, t: datetime) -> SlotState:
        return SlotState(knowledge=Knowledge.PRESENT, value=resource_uid, why=f"{slot} {t}")

    def resources(self) -> tuple[str, ...]:
        return ()

    def slots(self, resource_uid: str) -> tuple[str, ...]:
        return (resource_uid,)


@pytest.mark.parametrize("slot", ["acl", ""])
def test_what_is_read_of_an_object_is_read_of_that_object(slot: str) -> None:
    """By its place in the request and not by its name, whatever is assumed of the records."""
    answers, at = Answers(), datetime(2022, 6, 1, tzinfo=UTC)
    seen = [Seen(Holding(), at, answers, lambda _: False, (name,)) for name in ("a", "b", "a")]
    read = (seen[0].own["a"], slot, None)
    for views in (seen, [each.doubted(()) for each in seen]):
        one, other, same = (each.number(read) for each in views)
        assert one == same != other


def test_a_view_without_edges_is_refused(setting: decisions.Setting) -> None:
    with pytest.raises(TypeError, match="expected a view that tells its edges, found Overlay"):
        Apart(Overlay(setting.view, {}), setting.attempts, AWS, lambda *_: pytest.fail("made"))


@pytest.mark.parametrize("table", [0, coding._TABLE])
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_positions_are_those_of_a_search_one_by_one(table: int, data: st.DataObject) -> None:
    times = st.integers(-20, 20)
    edges = data.draw(st.lists(st.lists(times, max_size=8, unique=True).map(sorted), min_size=1))
    asked = data.draw(st.lists(st.tuples(st.integers(0, len(edges) - 1), times), max_size=30))
    lines = Timelines()
    for each in edges:
        lines.add(each)
    owners, at = (np.array([pair[n] for pair in asked], np.int64) for n in (0, 1))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(coding, "_TABLE", table)
        found = [lines.positions(owners, at).tolist() for _ in range(2)]
    assert found[0] == found[1] == [bisect_right(edges[owner], t) for owner, t in asked]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.tuples(*[st.integers(0, 2**40)] * 3), min_size=1), min_size=1))
def test_combinations_have_one_number_through_all_batches(
    parts: list[list[tuple[int, int, int]]],
) -> None:
    coder = Coder()
    known: dict[tuple[int, ...], int] = {}
    for part in parts:
        columns = [np.array(column, np.int64) for column in zip(*part, strict=True)]
        found, fresh = coder.rows(columns)
        new = [row for row in dict.fromkeys(part) if row not in known]
        assert [part[row] for _, row in fresh] == new
        for row in new:
            known[row] = len(known)
        assert found.tolist() == [known[row] for row in part]


def test_no_accesses() -> None:
    empty = Accesses()
    empty.add(schema("events").empty_table(), np.empty(0, np.int64))
    assert (len(empty), list(empty)) == (0, [])
    assert isinstance(empty[:], list)
