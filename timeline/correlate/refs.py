"""How each number of a finding comes out again: SQL over the derived tables, run in `derived/`.

Any DuckDB runs it; nothing of this program is needed. A test runs every one of them.
"""

from collections.abc import Mapping, Sequence

from timeline.correlate.material import Access

_COUNTS: dict[str, str] = {
    "accesses": "count(*)",
    "objects": "count(distinct e.resource_uid)",
    "anonymous": "count(*) filter (e.auth_method = 'anonymous')",
    "addresses": "count(distinct e.src_ip)",
    "bytes_out": "coalesce(sum(coalesce(e.bytes_out, a.bytes_supplied)), 0)",
}


def refs(
    numbers: Mapping[str, int],
    classes: Sequence[str],
    accesses: Sequence[Access],
    *,
    contradictions: bool,
) -> tuple[Mapping[str, str | int], ...]:
    """One entry per number: {number, value, sql}; none where there is no access."""
    if not accesses:
        return ()
    listed = ", ".join(f"'{uid}'" for uid in classes)
    times = [a.row["time"] for a in accesses]
    which = (
        "a.agreement = 'contradicts'"
        if contradictions
        else "a.logged = 'success' and a.in_incident"
    )
    tail = (
        "from 'access_classes.parquet' a join 'events/**/*.parquet' e using (event_uid) "
        f"where a.class_uid in ({listed}) and {which} and e.time between "
        f"timestamptz '{min(times):%Y-%m-%d %H:%M:%S.%f+00}' and "
        f"timestamptz '{max(times):%Y-%m-%d %H:%M:%S.%f+00}'"
    )
    return tuple(
        {"number": name, "value": value, "sql": f"select {_COUNTS[name]} {tail}"}
        for name, value in sorted(numbers.items())
        if name in _COUNTS
    )
