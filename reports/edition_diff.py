"""What changed between two editions (R-092): findings, counts, evidence, rows of each exhibit.

Exhibits are matched by what they show, not by their number; rows by what identifies them (an event,
a change with slot and fact, an item, an entry), else as whole rows. Both editions are read from
their own files, so that the other side can run the same comparison.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from collector.errors import UsageError
from reports import numbering, table_file

#: Columns that identify a row, first match wins; tables without any are compared by whole rows.
IDENTITY: tuple[tuple[str, ...], ...] = (
    ("change_uid", "slot", "fact"), ("event_uid",), ("seq",), ("evidence_item",),
)  # fmt: skip
#: Where a row stands; it moves when rows before it are added.
POSITION = frozenset({"row", "entry"})
#: Parts of a finding that are compared, in the order of printing.
OF_FINDING = (
    "statement", "result_class", "numbers", "changes", "classes", "windows", "alternatives",
    "counter_evidence", "limitations", "falsifiers", "assumptions", "quality_grade", "coverage",
)  # fmt: skip
SHOWN = 20

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One value that differs; None where there was none or is none."""

    where: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ExhibitChange:
    """One exhibit in both editions, or in one of them.

    Attributes:
        name: what it shows.
        before, after: its number in each edition, None where it is not.
        rows: number of rows in each.
        added, removed: rows of the native table, by printed number where there is one.
        changed: values of rows that are in both.
    """

    name: str
    before: str | None
    after: str | None
    rows: tuple[int, int]
    added: tuple[Row, ...]
    removed: tuple[Row, ...]
    changed: tuple[Changed, ...]

    @property
    def differs(self) -> bool:
        """Whether there is anything to say of it."""
        return bool(
            self.added or self.removed or self.changed or self.before is None or self.after is None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two editions.

    Attributes:
        before, after: their labels.
        inputs: names of the inputs that differ (case.toml, a derived table, a template …).
        findings: added (before None), withdrawn (after None), changed, by their id.
        new_evidence, withdrawn_evidence: item ids.
        exhibits: every one, those without change included.
    """

    before: str
    after: str
    reason: str | None
    inputs: tuple[str, ...]
    findings: tuple[Changed, ...]
    new_evidence: tuple[str, ...]
    withdrawn_evidence: tuple[str, ...]
    exhibits: tuple[ExhibitChange, ...]

    def as_data(self) -> dict[str, Any]:
        """The object that `--json` prints, and `supplement.json` holds."""
        data = asdict(self)
        data["exhibits"] = [asdict(one) for one in self.exhibits if one.differs]
        return {"v": 1, **data}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edition:
    """An edition as its files tell it."""

    inputs: Mapping[str, Any]
    findings: Mapping[str, Mapping[str, Any]]
    exhibits: Mapping[tuple[str, str], tuple[str, Path]]


def compare(before: Path, after: Path) -> Difference:
    """Compare two editions.

    Raises:
        UsageError: a folder that is no edition.
    """
    old, new = _read(before), _read(after)
    names = [*old.exhibits, *(name for name in new.exhibits if name not in old.exhibits)]
    gone, come = _items(old), _items(new)
    supplements = new.inputs.get("supplements") or {}
    return Difference(
        before=str(old.inputs["label"]), after=str(new.inputs["label"]),
        reason=supplements.get("reason"),
        inputs=tuple(_inputs(old.inputs, new.inputs)),
        findings=tuple(_findings(old.findings, new.findings)),
        new_evidence=tuple(sorted(set(come) - set(gone), key=_natural)),
        withdrawn_evidence=tuple(
            sorted(
                {uid for uid, why in come.items() if why and not gone.get(uid)}
                | (set(gone) - set(come)),
                key=_natural,
            )
        ),
        exhibits=tuple(_exhibit(name, old.exhibits, new.exhibits) for name in names),
    )  # fmt: skip


def lines(found: Difference) -> Iterator[str]:
    """For a person: what changed, most important first; long lists are cut, and say so."""
    yield f"{found.before} -> {found.after}"
    if found.reason:
        yield f"reason: {found.reason}"
    yield f"inputs that differ: {', '.join(found.inputs) or 'none'}"
    yield f"findings: {_count(found.findings)}"
    yield from _cut([f"  {one.where}: {_shown(one.before)} -> {_shown(one.after)}"
                     for one in found.findings])  # fmt: skip
    yield f"new evidence: {', '.join(found.new_evidence) or 'none'}"
    yield f"withdrawn evidence: {', '.join(found.withdrawn_evidence) or 'none'}"
    for one in found.exhibits:
        number = f"{one.before or 'none'} -> {one.after or 'none'}"
        rows = f"rows {one.rows[0]:,} -> {one.rows[1]:,}"
        if not one.differs:
            yield f"exhibit {number}, {one.name}: {rows}, the same"
            continue
        yield (
            f"exhibit {number}, {one.name}: {rows}; {len(one.added):,} added, "
            f"{len(one.removed):,} removed, {len(one.changed):,} values changed"
        )
        told = [f"  added: {_brief(row)}" for row in one.added]
        told += [f"  removed: {_brief(row)}" for row in one.removed]
        told += [f"  {v.where}: {_shown(v.before)} -> {_shown(v.after)}" for v in one.changed]
        yield from _cut(told)


def folder_of(case: Path, name: str) -> Path:
    """An edition by its label in the case, or by its path."""
    inside = case / "exhibits" / name
    return inside if inside.is_dir() else Path(name)


def _read(folder: Path) -> _Edition:
    try:
        inputs = json.loads((folder / "inputs.json").read_bytes())
        index = table_file.read(folder / "index.csv", ())
        file = folder / "findings.json"
        findings = json.loads(file.read_bytes()) if file.is_file() else []
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{folder}: expected an edition of exhibits, with inputs.json and index.csv, found: "
            f"{error}"
        ) from error
    exhibits = {}
    for row in index:
        name = str(row["file"])
        if name.endswith(".csv"):
            number = str(row["exhibit"])
            stem = name.removesuffix(".csv").removeprefix(f"exhibit-{numbering.file_part(number)}-")
            exhibits[stem, str(row["title"])] = (number, folder / name)
    return _Edition(
        inputs=inputs, findings={str(one["finding_uid"]): one for one in findings},
        exhibits=exhibits,
    )  # fmt: skip


def _inputs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in ("tool", "case_toml", "evidence", "resources"):
        if old.get(name) != new.get(name):
            yield name
    for name in ("derived", "registers", "templates", "case_templates"):
        before = {one["path"]: one["sha256"] for one in old.get(name, ())}
        after = {one["path"]: one["sha256"] for one in new.get(name, ())}
        for path in sorted(before.keys() | after.keys()):
            if before.get(path) != after.get(path):
                yield f"{name}/{path}"


def _findings(old: Mapping[str, Row], new: Mapping[str, Row]) -> Iterator[Changed]:
    for uid in [*old, *(one for one in new if one not in old)]:
        if uid not in new:
            yield Changed(where=f"finding {uid}", before=old[uid].get("statement"), after=None)
        elif uid not in old:
            yield Changed(where=f"finding {uid}", before=None, after=new[uid].get("statement"))
        else:
            for name in OF_FINDING:
                one, other = old[uid].get(name), new[uid].get(name)
                if one != other:
                    yield Changed(where=f"finding {uid}, {name}", before=one, after=other)


def _items(edition: _Edition) -> dict[str, str | None]:
    """Item -> why it was withdrawn, from the index of evidence."""
    found: dict[str, str | None] = {}
    for (name, _), (_, path) in edition.exhibits.items():
        if name == "evidence-index" and path.is_file():
            for row in table_file.read(path, ()):
                found[str(row["evidence_item"])] = row.get("withdrawn")
    return found


def _exhibit(
    key: tuple[str, str], old: Mapping[tuple[str, str], tuple[str, Path]],
    new: Mapping[tuple[str, str], tuple[str, Path]],
) -> ExhibitChange:  # fmt: skip
    name, title = key
    before, after = old.get(key), new.get(key)
    then = table_file.read(before[1], ()) if before else []
    now = table_file.read(after[1], ()) if after else []
    added, removed, changed = _rows(then, now)
    return ExhibitChange(
        name=f"{name} ({title})", before=before[0] if before else None,
        after=after[0] if after else None, rows=(len(then), len(now)), added=added,
        removed=removed, changed=changed,
    )  # fmt: skip


def _rows(
    then: Sequence[Row], now: Sequence[Row]
) -> tuple[tuple[Row, ...], tuple[Row, ...], tuple[Changed, ...]]:
    """Rows added, rows removed, values changed."""
    names = set(then[0]) & set(now[0]) if then and now else set()
    for identity in IDENTITY:
        if set(identity) <= names:
            old, new = _by(then, identity), _by(now, identity)
            if old is not None and new is not None:
                return (
                    tuple(row for key, row in new.items() if key not in old),
                    tuple(row for key, row in old.items() if key not in new),
                    tuple(_changed(old, new)),
                )
    before, after = Counter(map(_whole, then)), Counter(map(_whole, now))
    return _beyond(now, before), _beyond(then, after), ()


def _changed(
    old: Mapping[tuple[str, ...], Row], new: Mapping[tuple[str, ...], Row]
) -> Iterator[Changed]:
    """Values of rows that both tables have."""
    for key, row in new.items():
        if key in old:
            number = f"row {row['row']}" if "row" in row else "entry"
            for column in dict.fromkeys([*row, *old[key]]):
                before, after = old[key].get(column), row.get(column)
                if column not in POSITION and before != after:
                    where = f"{number} ({' '.join(key)}), {column}"
                    yield Changed(where=where, before=before, after=after)


def _beyond(rows: Sequence[Row], other: Counter[str]) -> tuple[Row, ...]:
    """Rows that the other table has not, or has fewer times."""
    left = Counter(other)
    found = []
    for row in rows:
        whole = _whole(row)
        if left[whole]:
            left[whole] -= 1
        else:
            found.append(row)
    return tuple(found)


def _by(rows: Sequence[Row], identity: tuple[str, ...]) -> dict[tuple[str, ...], Row] | None:
    """Rows by what identifies them; None where that is missing or not unique."""
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple("" if row.get(name) is None else str(row[name]) for name in identity)
        if key in found or not any(key):
            return None
        found[key] = row
    return found


def _whole(row: Row) -> str:
    return json.dumps({k: v for k, v in row.items() if k not in POSITION}, sort_keys=True)


def _brief(row: Row) -> str:
    """The first values of a row, with its printed number."""
    return ", ".join(
        f"{name} {value}" for name, value in list(row.items())[:6] if value is not None
    )


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 300 else f"{text[:300]} … ({len(text):,} characters)"


def _count(findings: Sequence[Changed]) -> str:
    return f"{len(findings):,} differences" if findings else "the same"


def _cut(told: Sequence[str]) -> Iterator[str]:
    yield from told[:SHOWN]
    if len(told) > SHOWN:
        yield f"  and {len(told) - SHOWN:,} more: --json lists all"


def _natural(uid: str) -> tuple[int, str, int]:
    """EV-2.f10 after EV-2.f9."""
    acquisition, _, item = uid.removeprefix("EV-").partition(".")
    number = item[1:]
    return (
        int(acquisition) if acquisition.isdigit() else 0, item[:1],
        int(number) if number.isdigit() else 0,
    )  # fmt: skip
