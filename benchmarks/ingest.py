"""The ingest stage alone over a folder of logs: gunzip, split, hash each record, decode, Parquet.

`python -m benchmarks.ingest FOLDER TABLE [ROWS [ITEMS]]` also hashes the files first, as they are
when they come into a case, unless ITEMS lists them as a case does (`--list FOLDER ITEMS`).
"""

import hashlib
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import msgspec

from collector.model import Digest, EvidenceItem
from timeline import normalize

#: Path, size and SHA-256 of a file.
Listed = tuple[str, int, str]


def open_item(item: EvidenceItem) -> BinaryIO:
    """The file itself: the benchmark leaves the store out of the measure."""
    return Path(item.path).open("rb")


def items_of(folder: Path) -> list[EvidenceItem]:
    """Every file of a folder as an evidence item, hashed."""
    return _items(_listed(folder))


def _listed(folder: Path) -> list[Listed]:
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            found.append((str(path), stream.tell(), digest))
    return found


def _items(files: list[Listed]) -> list[EvidenceItem]:
    return [
        EvidenceItem(
            uid=f"EV-1.f{number}", acquisition=1, path=PurePosixPath(path),
            name=path.rpartition("/")[2], size=size,
            digest=Digest(sha256=digest, sha512="0" * 128), content_sha256=None,
            acquired_at=datetime(2026, 1, 1, tzinfo=UTC), observed_at=None, source="import",
        )
        for number, (path, size, digest) in enumerate(files, 1)
    ]  # fmt: skip


def main() -> None:
    """Folder of logs, folder for the table, number of rows that must come out, list of items."""
    if sys.argv[1] == "--list":
        Path(sys.argv[3]).write_bytes(msgspec.json.encode(_listed(Path(sys.argv[2]))))
        return
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    shutil.rmtree(out, ignore_errors=True)
    if len(sys.argv) > 4:
        items = _items(msgspec.json.decode(Path(sys.argv[4]).read_bytes(), type=list[Listed]))
    else:
        items = items_of(folder)
    report = normalize.run(Path(), items, out, open_item=open_item)
    assert report.records == report.rows + report.record_gaps
    if len(sys.argv) > 3 and report.rows != int(sys.argv[3]):
        raise SystemExit(f"expected {sys.argv[3]} rows, found {report.rows}")
    print(report.rows)


if __name__ == "__main__":
    main()
