"""Evidence items made by hand, over files or bytes, for the tests of normalization."""

import io
from datetime import UTC, datetime
from hashlib import sha256, sha512
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from collector.model import Digest, EvidenceItem
from timeline.normalize.coded import PLACE, Coded, laid_out

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Store:
    """Bytes by item id, opened like a case's store."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.items: list[EvidenceItem] = []

    def add(self, data: bytes, name: str = "log.json", source: str = "import") -> EvidenceItem:
        """One more item."""
        line = len(self.items) + 1
        item = EvidenceItem(
            uid=f"EV-1.f{line}",
            acquisition=1,
            path=PurePosixPath("evidence/x/files") / str(line),
            name=name,
            size=len(data),
            digest=Digest(sha256=sha256(data).hexdigest(), sha512=sha512(data).hexdigest()),
            content_sha256=None,
            acquired_at=AT,
            observed_at=None,
            source=source,
        )
        self.held[item.uid] = data
        self.items.append(item)
        return item

    def folder(self, path: Path) -> "Store":
        """Every file below `path`, in order of name."""
        for file in sorted(path.rglob("*")):
            if file.is_file():
                self.add(file.read_bytes(), str(file.relative_to(path)))
        return self

    def open_item(self, item: EvidenceItem) -> BinaryIO:
        """The stored bytes."""
        return io.BytesIO(self.held[item.uid])


def places_and_rows(rows: Coded) -> list[tuple[int, dict[str, Any]]]:
    """Rows on their way to the table, each with the place of its record in its item."""
    places: list[int] = rows.own.column(PLACE).to_pylist()
    return list(zip(places, laid_out(rows).to_pylist(), strict=True))
