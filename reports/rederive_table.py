"""One row, or all rows, of an exhibit's native table: built again and compared (steps 1 and 2)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from collector import case as case_file
from collector import store
from collector.errors import UsageError
from reports import catalogue, inputs, material, table_file
from reports.exhibits.parts import TRACE
from reports.model import Exhibit, Mode
from reports.rederive_row import RECONSTRUCTION, Cited
from timeline import rederive
from timeline.rederive import Difference

#: Exhibit -> columns that the cited record gives by itself, besides those of R-130.
FROM_RECORD: Mapping[str, tuple[str, ...]] = {
    "C": ("change_uid", "operation"),
    "D": ("event_uid", "operation", "container", "object", "resource", "principal",
          "principal_kind", "address", "client", "outcome", "error_code", "bytes_out"),
    "E": ("operation", "outcome", "error_code", "principal", "address", "client", "bytes_out"),
    "F": ("change_uid", "operation"),
}  # fmt: skip
#: Exhibit -> the page on how the other columns come about.
METHODS: Mapping[str, str] = {
    "A": "docs/methods/integrity.md",
    "B": "docs/methods/integrity.md",
    "C": RECONSTRUCTION,
    "D": "docs/methods/decision.md",
    "E": "docs/methods/decision.md",
    "F": "docs/methods/causation.md",
    "G": "docs/methods/scope.md",
    "H": "docs/methods/baseline.md",
    "I": "docs/methods/clocks.md",
    "J": "docs/methods/control.md",
    "K": "docs/sources.md",
    "L": "docs/methods/integrity.md",
    "M": "docs/methods",
}


def cited(case: Path, path: Path, row: int | None, rebuilt: Path | None) -> tuple[Cited, ...]:
    """The rows of a native table that carry the printed number `row`; all of them if None.

    Args:
        case: the case folder.
        path: CSV or Parquet file of an edition.
        row: as printed: the column `row` (`seq` in the custody log), else the position from 1.
        rebuilt: a case with tables derived anew, or None to take those of the case.

    Raises:
        UsageError: not a native table of an edition, or no such row.
    """
    given = _inputs(path)
    exhibit = _exhibit(rebuilt or case, path, given)
    names = [name for name, _ in exhibit.native.columns]
    expected = [dict(zip(names, values, strict=True)) for values in exhibit.native.rows]
    chosen = _chosen(expected, row)
    whole = _tables(case, given)
    try:
        found = table_file.read(path, exhibit.native.columns)
    except (table_file.TableError, UnicodeError) as error:
        found, problem = [], str(error)
        whole = (*whole, Difference(column="file", expected="a native table", found=problem))
    if found and len(found) != len(expected):
        count = Difference(column="number of rows", expected=len(expected), found=len(found))
        whole = (*whole, count)
    extra = [found[at] for at in _chosen(found, row) if row is not None and at < len(found)]
    if not chosen and row is not None and extra:
        more = Difference(column="row", expected="no such row", found=extra[0])
        whole = (*whole, more)
    elif not chosen and row is not None:
        raise UsageError(
            f"{path}:{row}: expected a row number of this table, found none of that number "
            f"({len(expected)} rows)"
        )
    rows = [
        _one(exhibit, f"{path}:{at + 1}" if row is None else f"{path}:{row}", expected[at],
             found[at] if at < len(found) else None, rebuilt is not None)
        for at in chosen
    ]  # fmt: skip
    if whole or not rows:
        empty = () if rows else (f"no rows: compared with {_source(rebuilt is not None)}",)
        table = Cited(
            label=str(path), item=None, locator=None, sha256=None, differences=whole, computed=empty
        )
        rows.insert(0, table)
    return tuple(rows)


def _one(
    exhibit: Exhibit, label: str, expected: Mapping[str, Any], found: Mapping[str, Any] | None,
    anew: bool,
) -> Cited:  # fmt: skip
    if found is None:
        missing = Difference(column="row", expected=dict(expected), found="no such row")
        differences: tuple[Difference, ...] = (missing,)
    else:
        differences = rederive.compare(expected, found)
    return Cited(
        label=label, item=expected.get("evidence_item"), locator=expected.get("locator"),
        sha256=expected.get("record_sha256"), differences=differences,
        computed=_computed(exhibit, expected, anew),
    )  # fmt: skip


def _source(anew: bool) -> str:
    return (
        "what tables derived anew from the evidence give"
        if anew
        else "what the derived tables and custody give"
    )


def _computed(exhibit: Exhibit, row: Mapping[str, Any], anew: bool) -> tuple[str, ...]:
    """What of the row rests on more than its record."""
    own = {name for name, _ in TRACE} | set(FROM_RECORD.get(exhibit.key, ()))
    cites = bool(row.get("evidence_item"))
    names = [name for name, _ in exhibit.native.columns if not (cites and name in own)]
    if not names:
        return ()
    method = METHODS.get(exhibit.key, "docs/methods")
    what = ", ".join(names) if cites else "the whole row (it cites no record)"
    return (f"{what}: computed ({method}); compared with {_source(anew)}",)


def _chosen(expected: Sequence[Mapping[str, Any]], row: int | None) -> list[int]:
    if row is None:
        return list(range(len(expected)))
    for name in ("row", "seq"):
        if expected and name in expected[0]:
            return [at for at, one in enumerate(expected) if one.get(name) == row]
    return [row - 1] if 1 <= row <= len(expected) else []


def _inputs(path: Path) -> dict[str, Any]:
    file = path.parent / inputs.NAME
    try:
        given = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: expected a native table inside an edition (beside its {inputs.NAME}), "
            f"found: {error}"
        ) from error
    if given.get("v") != inputs.VERSION:
        raise UsageError(f"{file}: expected version {inputs.VERSION}, found {given.get('v')!r}.")
    return dict(given)


def _exhibit(case: Path, path: Path, given: Mapping[str, Any]) -> Exhibit:
    loaded = material.load(case, case_file.load(case), store.items(case))
    loaded = material.recorded(loaded, given["custody"]["entries"])
    loaded = replace(loaded, mode=Mode(given.get("mode", Mode.FOR_EXPERT)))
    exhibits = {one.stem: one for one in catalogue.build(loaded, tuple(given["resources"]))}
    if path.stem not in exhibits or path.suffix not in (".csv", ".parquet") or not path.is_file():
        known = "\n  ".join(f"{stem}.csv, {stem}.parquet" for stem in sorted(exhibits))
        raise UsageError(f"{path}: expected a native table of the edition:\n  {known}")
    return exhibits[path.stem]


def _tables(case: Path, given: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Step 2: files under derived/, and case.toml, that are not those of the edition."""
    now = inputs.describe(case, given["label"], given["resources"])
    then = {f"derived/{one['path']}": one["sha256"] for one in given["derived"]}
    have = {f"derived/{one['path']}": one["sha256"] for one in now["derived"]}
    then["case.toml"], have["case.toml"] = given["case_toml"], now["case_toml"]
    ordered = dict.fromkeys(sorted(then.keys() | have.keys()))
    return rederive.compare(
        {name: then.get(name) for name in ordered}, {name: have.get(name) for name in ordered}
    )
