"""An exhibit of 20,000 rows to PDF: `python -m benchmarks.long_exhibit [ROWS [requests]]`.

One of two tables: short cells, one line a row; or, if `requests` is given, the list of requests as
exhibit D prints it, whose rows run to several lines with principal, outcome, record and digest.
"""

import sys
import tempfile
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.model import Exhibit, Table


def main() -> None:
    """Arguments: number of rows, 20,000 if not given; `requests`."""
    # Here and not above: each process that typesets a part may read this file again, as it reads
    # `butfor`, which loads as little.
    from reports import catalogue, pdf
    from tests.reports import builder, edition

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    key, made = ("D", requests) if sys.argv[2:] == ["requests"] else ("E", lines)
    with tempfile.TemporaryDirectory() as name:
        material = builder.write(Path(name) / "case")
        exhibits = catalogue.build(material, catalogue.chosen(material, ()))
        exhibit = next(one for one in exhibits if one.key == key)
        section = replace(exhibit.sections[-1], blocks=(made(exhibit, rows),))
        longer = replace(exhibit, sections=(*exhibit.sections, section))
        cover = edition.cover_of(material, longer)
        done = pdf.render(longer, cover, edition.imprint(), None, Path(name) / "long.pdf")
        print(f"{rows} rows: {done.pages} pages in {len(done.files)} files")


def lines(_: "Exhibit", rows: int) -> "Table":
    """A table of one line a row."""
    from reports.model import Column, Table, say

    return Table(
        caption=say("many"),
        columns=(
            Column(title="No.", number=True), Column(title="Time (UTC)"),
            Column(title="Entry"), Column(title="Record"),
        ),
        rows=tuple(
            (say(str(n)), say("2022-06-01 00:11:23 Z"), say(f"GetObject claims/{n:06d}.json"),
             say(f"EV-1.f17 {n}@{n * 1287}+1287"))
            for n in range(rows)
        ),
        empty=say("none"),
    )  # fmt: skip


def requests(exhibit: "Exhibit", rows: int) -> "Table":
    """The longest table of the exhibit, its rows again and again, numbered through."""
    from reports.model import Table, say

    tables = [b for s in exhibit.sections for b in s.blocks if isinstance(b, Table) and b.numbered]
    longest = max(tables, key=lambda table: len(table.rows))
    again = islice(cycle(longest.rows), rows)
    return replace(longest, rows=tuple((say(str(n)), *row[1:]) for n, row in enumerate(again, 1)))


if __name__ == "__main__":
    main()
