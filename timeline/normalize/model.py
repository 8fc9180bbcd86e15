"""The words of normalization: bodies, records, rows, documents, and the report whose sums close.

*Bytes as received* and *the row that cites them* never blur: a row carries the item, the locator
and the SHA-256 of exactly the bytes it was read from.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeAlias

import msgspec

from collector.model import EvidenceItem, Gap
from timeline.normalize.row import Row

if TYPE_CHECKING:
    from timeline.normalize.blocks import Block, Taken, TakenPieces
    from timeline.normalize.spans import Spans

#: Opens the stored bytes of an item for reading.
OpenItem: TypeAlias = Callable[[EvidenceItem], BinaryIO]

#: A record over this many bytes is a gap: no provider writes one (CloudTrail's limit is 256 KB).
RECORD_LIMIT = 16 * 1024 * 1024
#: A body over this many bytes is split as a stream and never held whole.
BODY_LIMIT = 64 * 1024 * 1024

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(ValueError):
    """A record or body cannot be read; the message says what was expected and what was found."""


#: How decoding says that bytes are no JSON, or JSON of other types than declared.
BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeError)


class Record(NamedTuple):
    """One record as split from a decompressed body.

    `data` is None where the bytes could not be held or delimited; `problem` then says why.
    `heading` is the line that names the cells, where it is a row of a table.
    """

    number: int
    offset: int
    length: int
    data: bytes | None
    problem: str | None = None
    heading: bytes | None = None


@lru_cache(maxsize=64)
def _item_values(item: str, acquired_at: int) -> tuple[Any, ...]:
    """The very same tuple for every row of an item."""
    return (item, acquired_at)


class Where(NamedTuple):
    """Where a record was found: what every row needs besides the record itself."""

    item: str
    prefix: str
    acquired_at: int
    #: Records of the item before this body.
    before: int = 0

    @property
    def values(self) -> tuple[Any, ...]:
        """Values of `ITEM_COLUMNS`."""
        return _item_values(self.item, self.acquired_at)


class Partition(NamedTuple):
    """One file of the table."""

    provider: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """One log form: how it is recognised by content and how a record of it becomes a row.

    Attributes:
        source: `aws.cloudtrail`; the same stem as the collector's source.
        version: raised with every change of mapping; a changed version reads its items anew.
        form: how a body is cut into records: `json`, `lines`, or `table`: rows of CSV below a line
            that names their cells.
        detect: whether a record has this form; of a table its heading is asked, once for all.
        read: record and place to row and gaps beside it; raises `Unreadable`.
        read_block: many lines at once: those it is sure of, with the rows that `read` would give.
        read_pieces: the same for records of a body that were cut before; it is sure of none that
            another form recognises. Raises `msgspec.DecodeError` if one is no JSON.
        never: columns of `events` that this source can never fill.
    """

    source: str
    version: int
    form: str
    detect: Callable[[bytes], bool]
    read: Callable[[Record, Where], tuple[Row, tuple[Gap, ...]]]
    mapping: tuple[tuple[str, str], ...] = ()
    never: tuple[str, ...] = ()
    read_block: Callable[["Block", Where], "Taken"] | None = None
    read_pieces: Callable[["Spans", Where], "TakenPieces"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file that is no log: an API answer that shows a state, or a paper beside the logs.

    Attributes:
        kind: `aws.iam.authorization_details`, `aws.config.items`, `text` ...
        item: evidence item.
        locator: archive member, or empty for the whole item.
        name: as received.
    """

    kind: str
    item: str
    locator: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A recognised API answer with the time at which the state was observed.

    Attributes:
        kind: `aws.iam.authorization_details`, `aws.config.items`, `aws.iam.credential_report`.
        item: the evidence item.
        locator: `[member!/]record@offset+length`, as in a row.
        observed_at: as stated with the item, None if nobody stated it.
        sha256: of exactly the bytes of `body`.
        body: the answer, decoded JSON (a list of dicts for CSV).
        about: resource that the request named, as the tables name it; None where the answer was
            handed over without its request.
    """

    kind: str
    item: EvidenceItem
    locator: str
    observed_at: datetime | None
    sha256: str
    body: Any
    about: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one evidence item gave.

    Attributes:
        item: its id.
        files, files_read, files_gapped: bodies in it.
        records, rows, record_gaps: records in its logs.
        sources: rows per source.
        partitions: (provider, day) of its rows, sorted.
    """

    item: str
    gaps: tuple[Gap, ...] = ()
    documents: tuple[Document, ...] = ()
    files: int = 0
    files_read: int = 0
    files_gapped: int = 0
    records: int = 0
    rows: int = 0
    record_gaps: int = 0
    sources: Mapping[str, int] = field(default_factory=dict)
    partitions: tuple[Partition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """Counts of one run; `check` asserts that they close.

    Attributes:
        items: evidence items given.
        files: bodies found in them (an archive counts by its members).
        files_read: bodies read as logs.
        files_gapped: bodies that could not be read at all.
        documents: bodies that are no logs.
        records: records found in the logs.
        rows: records that became rows.
        record_gaps: records that became gaps.
        unique: rows that are the first of their event.
        duplicates: rows that repeat one.
        same_requests: events whose request another event stands for.
        conflicts: ids, of events or requests, that came with different contents.
        gaps: every gap, those of whole files and cuts included.
        per_source: rows per source.
        reused: items whose rows were taken from an earlier run.
    """

    items: int
    files: int
    files_read: int
    files_gapped: int
    documents: tuple[Document, ...]
    records: int
    rows: int
    record_gaps: int
    unique: int
    duplicates: int
    conflicts: int
    gaps: tuple[Gap, ...]
    per_source: dict[str, int] = field(default_factory=dict)
    reused: int = 0
    same_requests: int = 0

    def check(self) -> None:
        """Assert that nothing was dropped unseen."""
        assert self.records == self.rows + self.record_gaps, self
        assert self.files == self.files_read + self.files_gapped + len(self.documents), self
        assert self.rows == self.unique + self.duplicates, self
        assert 0 <= self.same_requests <= self.unique, self

    def lines(self) -> Iterator[str]:
        """The sums, for printing."""
        yield (
            f"files in {self.files:,} = read {self.files_read:,} + gapped {self.files_gapped:,} "
            f"+ documents {len(self.documents):,}"
        )
        yield (f"records read {self.records:,} = rows {self.rows:,} + gaps {self.record_gaps:,}")
        yield f"rows {self.rows:,} = events {self.unique:,} + duplicates {self.duplicates:,}"
        if self.same_requests:
            kept = self.unique - self.same_requests
            yield (
                f"events {self.unique:,} = counted {kept:,} + recorded a second time by another "
                f"log {self.same_requests:,}"
            )
        for source, count in self.per_source.items():
            yield f"  {source}: {count:,} rows"

    def again(self) -> str | None:
        """What was taken over from the run before."""
        if not self.reused:
            return None
        fresh = self.items - self.reused
        return f"items {self.items:,} = read {fresh:,} + as in the last build {self.reused:,}"


def micros(at: datetime) -> int:
    """Microseconds since 1970-01-01T00:00:00Z, exact (no float in between)."""
    return (at - EPOCH) // timedelta(microseconds=1)


def at(value: int) -> datetime:
    """The aware UTC time of microseconds since 1970; clamped to years 1 to 9999."""
    try:
        return EPOCH + timedelta(microseconds=value)
    except OverflowError:
        return datetime(9999 if value > 0 else 1, 1, 1, tzinfo=UTC)
