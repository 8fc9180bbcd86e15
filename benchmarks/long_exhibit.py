"""An exhibit of 20,000 rows with pinpoint columns to PDF: `python -m benchmarks.long_exhibit`."""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path


def main() -> None:
    """Argument: number of rows, 20,000 if not given."""
    # Here and not above: each process that typesets a part reads this file again, as it reads
    # `butfor`, which loads as little.
    from reports import catalogue, pdf
    from reports.model import Column, Table, say
    from tests.reports import builder, edition

    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as name:
        material = builder.write(Path(name) / "case")
        exhibits = catalogue.build(material, catalogue.chosen(material, ()))
        exhibit = next(one for one in exhibits if one.key == "E")
        table = Table(
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
        section = replace(exhibit.sections[-1], blocks=(table,))
        longer = replace(exhibit, sections=(*exhibit.sections, section))
        cover = edition.cover_of(material, longer)
        done = pdf.render(longer, cover, edition.imprint(), None, Path(name) / "long.pdf")
        print(f"{rows} rows: {done.pages} pages in {len(done.files)} files")


if __name__ == "__main__":
    main()
