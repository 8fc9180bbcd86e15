"""The ingest stage alone over a folder of logs: hash, gunzip, split, decode, Parquet."""

import hashlib
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from collector.model import Digest, EvidenceItem
from timeline import normalize


def open_item(item: EvidenceItem) -> BinaryIO:
    """The file itself: the benchmark leaves the store out of the measure."""
    return Path(item.path).open("rb")


def items_of(folder: Path) -> list[EvidenceItem]:
    """Every file of a folder as an evidence item, hashed."""
    found = []
    with os.scandir(folder) as entries:
        files = sorted((entry.name, entry.path) for entry in entries)
    for number, (name, path) in enumerate(files, 1):
        with Path(path).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
        found.append(
            EvidenceItem(
                uid=f"EV-1.f{number}", acquisition=1, path=PurePosixPath(path), name=name,
                size=size, digest=Digest(sha256=digest, sha512="0" * 128),
                content_sha256=None, acquired_at=datetime(2026, 1, 1, tzinfo=UTC),
                observed_at=None, source="import",
            )
        )  # fmt: skip
    return found


def main() -> None:
    """Arguments: folder of logs, folder for the table, number of rows that must come out."""
    out = Path(sys.argv[2])
    shutil.rmtree(out, ignore_errors=True)
    report = normalize.run(Path(), items_of(Path(sys.argv[1])), out, open_item=open_item)
    assert report.records == report.rows + report.record_gaps
    if len(sys.argv) > 3 and report.rows != int(sys.argv[3]):
        raise SystemExit(f"expected {sys.argv[3]} rows, found {report.rows}")
    print(report.rows)


if __name__ == "__main__":
    main()
