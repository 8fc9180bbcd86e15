"""`butfor verify --row intervals:N`: a row of the table `intervals` again from its bytes.

The bytes are checked by themselves. What an interval says rests on all records of its slot: it is
compared, as a whole row, with the table that is derived anew (`--rebuild`).
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collector.errors import UsageError
from reports.rederive_row import Cited
from timeline import rederive, tables
from timeline.rederive import Difference

TABLE = "intervals"
METHOD = "docs/methods/reconstruction.md"

_ROW = re.compile(r"intervals:(?P<number>[1-9]\d*|all)")


def numbered(row: str) -> int | None:
    """The number that `intervals:N` names, 0 for all of them; None for any other text."""
    match = _ROW.fullmatch(row)
    if match is None:
        return None
    return 0 if match["number"] == "all" else int(match["number"])


def cited(case: Path, number: int, rebuilt: Path | None) -> tuple[Cited, ...]:
    """Row `number` of the table, counted from 1; every row for 0.

    Raises:
        UsageError: the table has no such row.
    """
    rows = list(tables.read(case / "derived", TABLE))
    anew = None if rebuilt is None else list(tables.read(rebuilt / "derived", TABLE))
    if not (number == 0 or 1 <= number <= len(rows)):
        raise UsageError(
            f"--row {TABLE}:{number}: expected a row from 1 to {len(rows)}, found no such row"
        )
    chosen = range(1, len(rows) + 1) if number == 0 else (number,)
    return tuple(_one(rows[n - 1], n, anew) for n in chosen)


def _one(row: Mapping[str, Any], number: int, anew: Sequence[Mapping[str, Any]] | None) -> Cited:
    what = f"what the interval says: computed ({METHOD})"
    differences: tuple[Difference, ...] = ()
    if anew is not None and number <= len(anew):
        differences = rederive.compare(anew[number - 1], row)
    elif anew is not None:
        differences = (Difference(column="row", expected="no such row", found=dict(row)),)
    return Cited(
        label=f"{TABLE}:{number} {row['resource_uid']} {row['slot']} {row['fact']}",
        item=row["evidence_item"], locator=row["locator"], sha256=row["record_sha256"],
        differences=differences,
        computed=() if anew is None else (f"{what}; compared with tables derived anew",),
        unchecked=(f"{what} over all records: --rebuild compares it",) if anew is None else (),
    )  # fmt: skip
