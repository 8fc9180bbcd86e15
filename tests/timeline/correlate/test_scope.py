"""Scope: tiers are counted apart, bounds follow from gaps, absence is never a number."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.correlate.scope import covers, object_uid, scope

BUCKET = "arn:aws:s3:::claims"
START, END = datetime(2022, 5, 1, tzinfo=UTC), datetime(2022, 6, 1, tzinfo=UTC)


def _access(day: int, key: str | None, size: int | None = 10, **other: Any) -> dict[str, Any]:
    return {
        "event_uid": f"e{day}{key}", "time": START + timedelta(days=day), "object": key,
        "container": "claims", "resource_uid": f"{BUCKET}/{key}" if key else BUCKET,
        "bytes_out": size, "logged": "success", "in_incident": True,
        "class": {"principal": "anonymous", "action": "s3:GetObject"}, **other,
    }  # fmt: skip


def _window(**other: Any) -> dict[str, Any]:
    return {
        "resource_uid": f"{BUCKET}/*", "principal": "anonymous", "action": "s3:GetObject",
        "start": START, "end": END, "decision": "ALLOWED", **other,
    }  # fmt: skip


def _coverage(**other: Any) -> dict[str, Any]:
    return {
        "source": "aws.cloudtrail.data.s3", "container": "claims",
        "time_from": START - timedelta(days=9), "time_to": END + timedelta(days=9), **other,
    }  # fmt: skip


def _scope(accesses: list[Any], windows: list[Any] | None = None, **other: Any) -> Any:
    given_rows = {"intervals": [], "gaps": [], "coverage": [_coverage()]} | other
    return scope(
        sorted(accesses, key=lambda row: row["time"]),
        [_window()] if windows is None else windows,
        anonymous=True,
        **given_rows,
    )


def test_tiers_of_a_small_story() -> None:
    found = _scope([
        _access(2, "a"), _access(3, "a", 7), _access(4, "b", None), _access(5, "c", 0),
        _access(6, None), _access(1, "d", 99, in_incident=False),
        _access(7, "e", None, logged="denied"), _access(40, "f", in_incident=False),
    ])  # fmt: skip
    exposed, accessed, acquired = found.tiers
    assert [tier.name for tier in found.tiers] == ["exposed", "accessed", "acquired"]
    assert exposed.objects == 4, "a to d; e never existed in the records, f came after the window"
    assert exposed.objects_most is None
    assert (accessed.objects, accessed.requests, accessed.repeated) == (3, 4, 1)
    assert accessed.objects_most == 3
    assert (acquired.objects, acquired.size, acquired.single) == (1, 17, 10)
    assert acquired.objects_most is None, "one record states no size"
    assert (found.nameless, found.unsized) == (1, 1)


def test_gap_open_window_and_missing_coverage_open_the_upper_bound() -> None:
    gap = {"time_from": START + timedelta(days=3), "time_to": START + timedelta(days=4)}
    outside = {"time_from": END + timedelta(days=1), "time_to": END + timedelta(days=2)}
    cases: list[tuple[dict[str, Any], str | None]] = [
        ({"gaps": [gap]}, "1 gap of the records in that period"),
        ({"gaps": [gap, {"time_from": None, "time_to": None}]}, "2 gaps of the records"),
        ({"gaps": [outside]}, None),
        ({"coverage": []}, "no source with records of requests to data"),
        ({"coverage": [_coverage(container="other")]}, "no source with records"),
        ({"coverage": [_coverage(time_to=END - timedelta(days=1))]}, "do not span"),
        ({"windows": [_window(end=None)]}, "goes on beyond the records"),
    ]
    for settings_of, reason in cases:
        found = _scope([_access(2, "a")], **settings_of)
        if reason is None:
            assert found.open_reasons == ()
            assert found.tiers[1].objects_most == 1
        else:
            assert any(reason in text for text in found.open_reasons), (settings_of, found)
            assert found.tiers[1].objects_most is None
            assert found.tiers[1].objects == 1


def test_no_window_and_no_access_is_nothing_and_a_window_alone_exposes() -> None:
    assert _scope([], []).things == ()
    put = _access(1, "a", None, in_incident=False)
    found = _scope([put])
    assert [one.uid for one in found.things] == [f"{BUCKET}/a"]
    assert (found.tiers[0].objects, found.tiers[1].objects) == (1, 0)
    assert found.tiers[0].size is None, "no record states a size"
    unknown = _scope([put], [_window(decision="UNKNOWN")])
    assert (unknown.things, unknown.undecided) == ((), 1)


def test_windows_of_other_callers_do_not_count() -> None:
    partner = _window(principal="444455556666")
    assert _scope([_access(1, "a", in_incident=False)], [partner]).windows == ()


def test_names_and_patterns() -> None:
    assert object_uid(_access(1, "x/y")) == f"{BUCKET}/x/y"
    assert object_uid(_access(1, None)) is None
    assert covers(f"{BUCKET}/exports/*", f"{BUCKET}/exports/2022/a b[1].csv")
    assert covers(f"{BUCKET}/a?c", f"{BUCKET}/abc")
    assert covers(BUCKET, f"{BUCKET}/x")
    assert not covers(f"{BUCKET}/exports/*", f"{BUCKET}/private/a")
    assert not covers(f"{BUCKET}/[a]", f"{BUCKET}/a")


ROWS = st.lists(
    st.builds(
        _access,
        st.integers(0, 40),
        st.sampled_from(["a", "b", "c", None]),
        st.sampled_from([None, 0, 5, 9]),
        in_incident=st.booleans(),
        logged=st.sampled_from(["success", "denied"]),
    ),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, gap=st.booleans())
def test_invariants(rows: list[dict[str, Any]], gap: bool) -> None:
    gaps = [{"time_from": START, "time_to": END}] if gap else []
    found = _scope(rows, gaps=gaps)
    met = [r for r in rows if r["in_incident"] and r["logged"] == "success"]
    _, accessed, acquired = found.tiers
    named = [r for r in met if r["object"] is not None]
    assert accessed.requests == len(named)
    assert len(met) == len(named) + found.nameless
    assert accessed.objects == len({r["object"] for r in named})
    assert acquired.objects <= accessed.objects
    assert (acquired.size or 0) == sum(r["bytes_out"] or 0 for r in named)
    assert (acquired.single or 0) <= (acquired.size or 0)
    if gap and found.windows:
        assert accessed.objects_most is None
    again = _scope(rows[::-1], gaps=gaps)
    assert found.tiers == again.tiers, "the order of rows of equal time does not matter"
