"""The words of collection: evidence items, observations, gaps, custody.

All values are frozen and complete at birth. Times are aware UTC `datetime`s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any


class Outcome(StrEnum):
    """How one attempted observation (operation x resource) ended. Exactly these six.

    The last four are gaps. No function of butfor returns an empty value for a denial.
    """

    OBSERVED = "OBSERVED"
    ABSENT = "ABSENT"
    DENIED = "DENIED"
    FAILED = "FAILED"
    OUT_OF_RETENTION = "OUT_OF_RETENTION"
    NOT_REQUESTED = "NOT_REQUESTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Two digests of one sequence of bytes, lower-case hex."""

    sha256: str
    sha512: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Which bytes a statement rests on.

    Attributes:
        item: id of the evidence item, `EV-3.f17`.
        locator: `record@offset+length` in the item's decompressed stream, records counted from 0;
            members of an archive come first, joined by `!/`: `day1.json!/4@120+998`.
        sha256: of exactly those bytes, hex.
    """

    item: str
    locator: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What an item was in the case that it was imported from.

    Attributes:
        case: id of that case, as its first custody entry gives it.
        path: of the file, relative to the folder that was handed over.
        item: id of the item there; None for what is no item: custody, seals, ledgers, exhibits.
        source: URI that it was read from there; None if it is no item.
        acquired_at: when it was acquired there; None if it is no item.
    """

    case: str
    path: str
    item: str | None = None
    source: str | None = None
    acquired_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceItem:
    """One preserved sequence of bytes, as received; never changed.

    Attributes:
        uid: `EV-<acquisition>.f<line of files.jsonl>` or `EV-<acquisition>.w<WARC record>`.
        acquisition: number of the acquisition, from 1.
        path: stored path, relative to the case folder.
        name: true name as received (object key or path), hostile input, never used as a path.
        size: bytes as stored.
        digest: of the stored bytes.
        content_sha256: of the bytes inside one gzip member, or None if not gzip.
        acquired_at: our clock at acquisition.
        observed_at: when the provider's state was observed, as stated by whoever handed it over;
            None if unknown.
        source: kind of evidence, as the acquisition knows it (`import`, `aws.cloudtrail`).
        origin: what it was in the case that it was imported from, None if it comes from none.
    """

    uid: str
    acquisition: int
    path: PurePosixPath
    name: str
    size: int
    digest: Digest
    content_sha256: str | None
    acquired_at: datetime
    observed_at: datetime | None
    source: str
    origin: Origin | None = None

    @property
    def accompanies(self) -> bool:
        """Whether it is a record of another case (custody, ledger, seal), not evidence in it."""
        return self.origin is not None and self.origin.item is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Anything in scope that could not be observed or read, with its reason and time span.

    Attributes:
        kind: closed word: `denied`, `failed`, `out_of_retention`, `not_requested`, `unreadable`,
            `truncated`, `not_understood`, `logging_off`, `missing_log`, `opaque`.
        subject: file, operation or resource it is about.
        reason: one sentence: expected, found.
        time_from: start of the period affected, None if unknown.
        time_to: end of the period affected, None if unknown.
        item: evidence item it was found in, None if there is none.
        locator: position in the item, None if it is the whole item.
    """

    kind: str
    subject: str
    reason: str
    time_from: datetime | None = None
    time_to: datetime | None = None
    item: str | None = None
    locator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcPointer:
    """Where one WARC record of an acquisition is: one gzip member, so one seek.

    Attributes:
        record: number in the acquisition, from 1; item id `EV-<acquisition>.w<record>`.
        kind: `warcinfo`, `request`, `response`, `metadata`.
        offset: of the member in api.warc.gz.
        length: of the member.
        digest: of the member's bytes.
        origin: what it was in the case that it was imported from, else None.
    """

    record: int
    kind: str
    offset: int
    length: int
    digest: Digest
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One attempted observation (operation x resource) and how it ended.

    Attributes:
        operation: `s3:GetBucketPolicy`, the provider's own word.
        resource: what it was about.
        outcome: exactly one of six; None only for an exchange that was found beyond the ledger
            after an interruption (`recovered`), where nobody had judged the answer yet.
        at: when it ended, our clock.
        request_id: the provider's id of the request, None if it gave none or nothing was sent.
        account, region: where it was asked, None if it has no such place.
        parameters: what was asked, JSON without floats.
        detail: the provider's error code, or why nothing was sent; None if observed.
        records: WARC records of the exchange (every attempt, in order); empty if nothing was sent.
        recovered: adopted after an interruption.
    """

    operation: str
    resource: str
    outcome: Outcome | None
    at: datetime
    request_id: str | None = None
    account: str | None = None
    region: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    detail: str | None = None
    records: tuple[WarcPointer, ...] = ()
    recovered: bool = False
