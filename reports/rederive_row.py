"""Rows of exhibits and derived tables, derived again (R-081, R-117, R-130).

1. the exhibit is built again from the derived tables, counts and totals included, and the row in
   the file is compared with it cell by cell
2. the derived tables are compared with the digests that the edition recorded (inputs.json)
3. the evidence item that the row cites is checked: bytes, ledger, manifest, custody
4. the record is cut out by its locator, hashed, parsed again, and every column of `events` that
   comes out is compared with the stored row
5. what no single record gives is named as computed, with its method; `--rebuild` derives all
   tables anew from the evidence, and then compares these columns as well

A row is never passed in silence: it was compared, or the result says what was not and why.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from collector import store
from collector.errors import CaseError, UsageError, worst
from collector.model import EvidenceItem
from reports import rederive_item
from timeline import rederive
from timeline.normalize.model import Unreadable
from timeline.rederive import Difference, Place

#: Resource, slot, fact: which row of a change.
Key: TypeAlias = tuple[str, str, str]

RECONSTRUCTION = "docs/methods/reconstruction.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A row to be checked against the bytes that it cites.

    Attributes:
        label: as printed, `exhibits/…csv:3` or an uid.
        item, locator, sha256: of the cite; None where the row has none.
        stated: columns of `events` that the row repeats, with the names they have in it.
        differences: what is known to differ already.
        computed: what no single record gives, one sentence a method.
        unchecked: what of it is not compared with anything, and why.
    """

    label: str
    item: str | None
    locator: str | None
    sha256: str | None
    differences: tuple[Difference, ...] = ()
    computed: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    stated: Mapping[str, tuple[str, Any]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one row.

    Attributes:
        differences: derived things that differ (exit 1).
        altered: bytes that differ from what was recorded (exit 4).
        unchecked: sentences on what could not be checked (exit 3).
        computed: what rests on more than one record, and how it was compared.
    """

    label: str
    item: str | None
    locator: str | None
    sha256: str | None
    differences: tuple[Difference, ...] = ()
    altered: tuple[Difference, ...] = ()
    unchecked: tuple[str, ...] = ()
    computed: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """4 bytes differ, 1 derived things differ, 3 could not be checked, 0."""
        return worst(
            4 if self.altered else 0, 1 if self.differences else 0, 3 if self.unchecked else 0
        )

    def as_data(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            "altered": [one.as_data() for one in self.altered],
            "computed": list(self.computed),
            "differences": [one.as_data() for one in self.differences],
            "evidence_item": self.item,
            "exit": self.exit_code,
            "locator": self.locator,
            "record_sha256": self.sha256,
            "row": self.label,
            "unchecked": list(self.unchecked),
        }


def against_bytes(case: Path, rows: Sequence[Cited]) -> tuple[Result, ...]:
    """Steps 3 and 4 for some rows, each item being read once; results in the order of the rows."""
    items = {item.uid: item for item in store.items(case, withdrawn=True)}
    places = [rederive.place_of(row.locator) for row in rows]
    uids = {
        f"{row.item}/{place.prefix}{place.number}"
        for row, place in zip(rows, places, strict=True)
        if place is not None
    }
    stored = stored_events(case, uids)
    found: dict[int, Result] = {}
    lists: dict[int, rederive_item.Listed] = {}
    for uid in sorted({row.item for row in rows if row.item is not None}):
        of_item = [n for n, row in enumerate(rows) if row.item == uid]
        if uid not in items:
            for n in of_item:
                why = f"{uid}: expected an evidence item of this case, found none of that id"
                found[n] = replace(_result(rows[n]), unchecked=(*rows[n].unchecked, why))
            continue
        number = items[uid].acquisition
        known = lists.get(number) or lists.setdefault(number, rederive_item.listed(case, number))
        read = _read(case, items[uid], known, {p for n in of_item if (p := places[n]) is not None})
        for n in of_item:
            found[n] = _checked(rows[n], places[n], items[uid], read, stored)
    return tuple(found.get(n) or _result(row) for n, row in enumerate(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """An item as it is now."""

    altered: tuple[Difference, ...]
    records: Mapping[Place, rederive.Found]
    problem: str | None


def whole_case(case: Path) -> tuple[Result, ...]:
    """The check of the whole case, for what rests on all of it; empty if nothing is wrong."""
    from collector import verify

    wrong = verify.run_safely(case).wrong
    altered = tuple(
        Difference(column=f"{one.path} [{one.check}]", expected=one.expected, found=one.found)
        for one in wrong
    )
    whole = Result(label=str(case), item=None, locator=None, sha256=None, altered=altered)
    return (whole,) if altered else ()


def _read(
    case: Path, item: EvidenceItem, known: rederive_item.Listed, places: Collection[Place]
) -> _Read:
    try:
        altered = rederive_item.altered(case, item, known)
    except CaseError as error:
        return _Read(altered=(), records={}, problem=error.message)
    try:
        records = rederive.read_back(partial(store.open_item, case), item, places)
    except (UsageError, OSError) as error:
        return _Read(altered=altered, records={}, problem=None if altered else str(error))
    except Exception as error:
        # Altered bytes may break any decoder; unaltered ones that do are a defect to be seen.
        if not altered:
            raise
        return _Read(altered=altered, records={}, problem=repr(error))
    return _Read(altered=altered, records=records, problem=None)


def _result(row: Cited) -> Result:
    return Result(
        label=row.label, item=row.item, locator=row.locator, sha256=row.sha256,
        differences=row.differences, computed=row.computed, unchecked=row.unchecked,
    )  # fmt: skip


def _checked(
    row: Cited, place: Place | None, item: EvidenceItem, read: _Read,
    stored: Mapping[str, Mapping[str, Any]],
) -> Result:  # fmt: skip
    result = replace(
        _result(row), altered=read.altered,
        unchecked=(*row.unchecked, *((read.problem,) if read.problem else ())),
    )  # fmt: skip
    if place is None or read.problem:
        return result
    found = read.records.get(place)
    if found is None:
        gone = Difference(column="locator", expected=row.locator, found="no bytes at that place")
        if read.altered:
            return replace(result, altered=(*result.altered, gone))
        # Without a digest the row cites a place at which a record breaks off: a gap.
        return replace(result, differences=(*result.differences, *((gone,) if row.sha256 else ())))
    if row.sha256 is not None and found.sha256 != row.sha256:
        other = Difference(column="record_sha256", expected=row.sha256, found=found.sha256)
        if read.altered:
            result = replace(result, altered=(*result.altered, other))
        else:
            turned = replace(other, expected=found.sha256, found=row.sha256)
            result = replace(result, differences=(*result.differences, turned))
    return replace(
        result, differences=(*result.differences, *_parsed(row, place, item, found, stored))
    )


def _parsed(
    row: Cited, place: Place, item: EvidenceItem, found: rederive.Found,
    stored: Mapping[str, Mapping[str, Any]],
) -> Iterator[Difference]:  # fmt: skip
    """Step 4: the record as a row of `events`, against the stored row and what `row` repeats."""
    uid = f"{item.uid}/{place.prefix}{place.number}"
    if found.number is not None and found.number != place.number:
        yield Difference(column="locator, record number", expected=found.number, found=place.number)
    try:
        again = rederive.event_row(item, place, found)
    except Unreadable as error:
        again = None
        if uid in stored:
            yield Difference(column="event_uid", expected=f"no row: {error}", found=uid)
    if again is None:
        return
    if uid in stored:
        yield from rederive.compare(again, stored[uid], leave=rederive.OVER_ALL_RECORDS)
    elif row.sha256 is not None:
        yield Difference(column="event_uid", expected=uid, found="no such row in derived/events")
    for column, (name, value) in (row.stated or {}).items():
        if again[name] != value:
            yield Difference(column=column, expected=again[name], found=value)


def stored_events(case: Path, uids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Rows of derived/events by event_uid, without loading the others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from timeline.normalize import table

    wanted = pa.array(sorted(uids), pa.string())
    rows: dict[str, dict[str, Any]] = {}
    for path in table.files(case / "derived" / "events"):
        for group in table.row_groups(path):
            chosen = group.filter(pc.is_in(group["event_uid"], value_set=wanted))
            rows.update((row["event_uid"], row) for row in chosen.to_pylist())
    return rows


def by_uid(case: Path, uid: str, rebuilt: Path | None) -> tuple[Cited, ...]:
    """The row of `events`, or the rows of `changes`, that an id names, or a row of `intervals`.

    Raises:
        UsageError: no table has it.
    """
    from reports import rederive_interval
    from timeline import tables

    number = rederive_interval.numbered(uid)
    if number is not None:
        return rederive_interval.cited(case, number, rebuilt)

    events = stored_events(case, {uid})
    changes = [row for row in tables.read(case / "derived", "changes") if row["change_uid"] == uid]
    if not events and not changes:
        raise UsageError(
            f"--row {uid}: expected TABLE:ROW of an exhibit, an event_uid, a change_uid or "
            "intervals:N of this case, found none. `butfor timeline` and `butfor state` print ids."
        )
    again = _same_changes(rebuilt, uid)
    cited = [_event(row, rebuilt) for row in events.values()]
    cited += [_change(row, again, rebuilt) for row in changes]
    if again:
        lost = Difference(column="rows", expected=sorted(again), found="not in derived/changes")
        cited[-1] = replace(cited[-1], differences=(*cited[-1].differences, lost))
    return tuple(cited)


def _event(row: Mapping[str, Any], rebuilt: Path | None) -> Cited:
    over_all = ", ".join(rederive.OVER_ALL_RECORDS)
    differences: tuple[Difference, ...] = ()
    how = "not compared (--rebuild compares it)"
    if rebuilt is not None:
        anew = stored_events(rebuilt, {row["event_uid"]}).get(row["event_uid"])
        differences = _against(anew, row)
        how = "compared with tables derived anew from the evidence"
    return Cited(
        label=f"events {row['event_uid']}", item=row["evidence_item"], locator=row["locator"],
        sha256=row["record_sha256"], differences=differences,
        computed=(f"{over_all}: computed over all records (docs/sources.md); {how}",),
    )  # fmt: skip


def _change(
    row: Mapping[str, Any], again: dict[Key, Mapping[str, Any]], rebuilt: Path | None
) -> Cited:
    """A row of `changes`; its counterpart is taken out of `again`."""
    key = (row["resource_uid"], row["slot"], row["fact"])
    what = f"values before and after, effect, actors, party: computed ({RECONSTRUCTION})"
    known = rebuilt is not None
    return Cited(
        label=f"changes {row['change_uid']} {' '.join(key)}", item=row["evidence_item"],
        locator=row["locator"], sha256=row["record_sha256"], stated=repeats(row),
        differences=_against(again.pop(key, None), row) if known else (),
        computed=(f"{what}; compared with tables derived anew from the evidence",) if known else (),
        unchecked=() if known else (f"{what} over all records: --rebuild compares them",),
    )  # fmt: skip


def _same_changes(rebuilt: Path | None, uid: str) -> dict[Key, Mapping[str, Any]]:
    from timeline import tables

    if rebuilt is None:
        return {}
    return {
        (row["resource_uid"], row["slot"], row["fact"]): row
        for row in tables.read(rebuilt / "derived", "changes")
        if row["change_uid"] == uid
    }


def _against(again: Mapping[str, Any] | None, row: Mapping[str, Any]) -> tuple[Difference, ...]:
    if again is None:
        return (Difference(column="row", expected="no such row", found=dict(row)),)
    return rederive.compare(again, row)


def repeats(row: Mapping[str, Any]) -> dict[str, tuple[str, Any]] | None:
    """Columns of a logged change that its record gives by itself: name -> (of `events`, value)."""
    if row["kind"] != "logged":
        return None
    pairs = {"provider_uid": "provider_uid", "operation": "operation", "time_from": "time"}
    return {column: (name, row[column]) for column, name in pairs.items()}


@contextmanager
def derived_anew(case: Path) -> Iterator[Path]:
    """A scratch case over the same evidence, with every table derived anew."""
    from timeline import build

    with TemporaryDirectory(prefix="butfor-") as scratch:
        mirror = Path(scratch) / "case"
        mirror.mkdir()
        for path in sorted(case.iterdir()):
            if path.name not in ("derived", "exhibits"):
                (mirror / path.name).symlink_to(path.resolve())
        build.run(mirror)
        yield mirror


def printed(value: Any) -> str:  # noqa: ANN401 (a cell)
    """A cell in one line."""
    return json.dumps(value, ensure_ascii=False, default=str)
