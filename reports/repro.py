"""How each number of the findings comes out again, by other software than this (R-117).

One query a number, as the finding itself states it, over the derived tables of the case, which an
opponent can open with any reader of Parquet. Their digests are in inputs.json.
"""

from collections.abc import Iterator
from pathlib import Path

from reports.material import Material
from reports.pinpoint import visible

FILE = "repro.md"
_HEAD = """\
# How each number of the findings comes out again

Needs the case folder and DuckDB; nothing of the tool that computed the numbers. The tables are
those whose SHA-256 stand in inputs.json under “derived”: compare them first. Then, in the folder
derived/ of the case, each query below gives the number above it:

    duckdb -noheader -list -c "QUERY"

What the numbers mean, and which records each rests on, is in findings.json.
"""


def write(material: Material, folder: Path) -> None:
    """The file of an edition; it holds no more than the findings do."""
    text = "\n".join((_HEAD, *_findings(material)))
    (folder / FILE).write_text(f"{text.rstrip()}\n", encoding="utf-8", newline="\n")


def _findings(material: Material) -> Iterator[str]:
    if not material.findings:
        yield "No finding was computed from the records examined."
    for row in material.findings:
        yield f"## {visible(str(row['number']))}\n"
        refs = row.get("refs") or ()
        if not refs:
            yield "No number of this finding is counted from the tables.\n"
        for ref in refs:
            yield f"{visible(str(ref['number']))}: {ref['value']}\n"
            yield "".join(f"    {line}\n" for line in str(ref["sql"]).splitlines())
