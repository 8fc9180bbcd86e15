"""The words of normalization: bodies, records, rows, documents, and the report whose sums close.

*Bytes as received* and *the row that cites them* never blur: a row carries the item, the locator
and the SHA-256 of exactly the bytes it was read from.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeAlias

import msgspec

from collector.model import EvidenceItem, Gap

if TYPE_CHECKING:
    from timeline.normalize.blocks import Block, Taken

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
    """

    number: int
    offset: int
    length: int
    data: bytes | None
    problem: str | None = None


class Where(NamedTuple):
    """Where a record was found: what every row needs besides the record itself."""

    item: str
    prefix: str
    acquired_at: int


class Partition(NamedTuple):
    """One file of the table."""

    provider: str
    day: str


class EventRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of the table `events`, fields in the order of `timeline.schema`.

    Times are microseconds since 1970-01-01T00:00:00Z.
    """

    event_uid: str
    provider_uid: str | None = None
    request_id: str | None = None
    duplicate_of: str | None = None
    time: int
    time_precision: int
    time_text: str
    logged_time: int | None = None
    acquired_at: int
    provider: str
    account_uid: str | None = None
    region: str | None = None
    service: str | None = None
    operation: str
    category: str
    activity: str
    actor_type: str | None = None
    actor_uid: str | None = None
    actor_unique_id: str | None = None
    actor_name: str | None = None
    actor_account_uid: str | None = None
    session_uid: str | None = None
    session_issuer_uid: str | None = None
    session_created: str | None = None
    source_identity: str | None = None
    credential_uid: str | None = None
    mfa: bool | None = None
    invoked_by: str | None = None
    delegation: str | None = None
    src_ip: str | None = None
    src_vpc_endpoint: str | None = None
    user_agent: str | None = None
    referer: str | None = None
    tls_version: str | None = None
    auth_method: str
    auth_evidence: str | None = None
    resource_type: str | None = None
    resource_uid: str | None = None
    container: str | None = None
    object: str | None = None
    object_version: str | None = None
    outcome: str
    status_code: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    bytes_out: int | None = None
    bytes_in: int | None = None
    params: str | None = None
    omitted: str | None = None
    evidence_item: str
    locator: str
    record_sha256: str
    source: str
    recipient_account_uid: str | None = None
    shared_uid: str | None = None
    same_request_as: str | None = None


#: Columns of `events` that repeat with the caller.
ACTOR_COLUMNS = (
    "actor_type", "actor_uid", "actor_unique_id", "actor_name", "actor_account_uid", "session_uid",
    "session_issuer_uid", "session_created", "source_identity", "credential_uid", "mfa",
    "invoked_by", "delegation",
)  # fmt: skip
#: Columns that repeat with the kind of event and its client.
EVENT_COLUMNS = (
    "time_precision", "acquired_at", "provider", "region", "service", "operation", "category",
    "activity", "src_vpc_endpoint", "user_agent", "tls_version", "auth_method", "auth_evidence",
    "outcome", "error_code", "evidence_item", "source", "recipient_account_uid", "logged_time",
    "referer", "status_code",
)  # fmt: skip
#: Columns of which every record has its own.
OWN_COLUMNS = (
    "event_uid", "provider_uid", "request_id", "time", "time_text", "account_uid", "src_ip",
    "resource_type", "resource_uid", "container", "object", "object_version", "error_message",
    "bytes_out", "bytes_in", "params", "omitted", "locator", "record_sha256", "shared_uid",
)  # fmt: skip


class PackedRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `events` in three parts, of which two are shared by many rows.

    A log repeats its callers and kinds of event: their values are put together once, and rows
    carry the same tuple. `duplicate_of` and `same_request_as` are filled in later.

    Attributes:
        provider, source, time, params: as in the columns, for sorting and counting.
        actor, event, own: values of `ACTOR_COLUMNS`, `EVENT_COLUMNS` and `OWN_COLUMNS`.
    """

    provider: str
    source: str
    time: int
    params: str | None
    actor: tuple[Any, ...]
    event: tuple[Any, ...]
    own: tuple[Any, ...]

    def unpacked(self) -> EventRow:
        """The same row with every column by its name."""
        names = (*ACTOR_COLUMNS, *EVENT_COLUMNS, *OWN_COLUMNS)
        values = (*self.actor, *self.event, *self.own)
        return EventRow(**dict(zip(names, values, strict=True)))


#: A row as a parser gives it.
Row: TypeAlias = EventRow | PackedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """One log form: how it is recognised by content and how a record of it becomes a row.

    Attributes:
        source: `aws.cloudtrail`; the same stem as the collector's source.
        version: raised with every change of mapping; a changed version reads its items anew.
        form: how a body is cut into records: `json` or `lines`.
        detect: whether a record has this form.
        read: record and place to row and gaps beside it; raises `Unreadable`.
        read_block: many lines at once: those it is sure of, with the rows that `read` would give.
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
