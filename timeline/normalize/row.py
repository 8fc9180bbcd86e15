"""Rows of `events` as parsers give them, in parts that many rows share.

A log repeats its callers and kinds of event: their values are put together once, and rows carry the
same tuple.
"""

from typing import Any, TypeAlias

import msgspec


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
    host_id: str | None = None
    request_uri: str | None = None
    object_size: int | None = None
    total_ms: int | None = None
    turn_around_ms: int | None = None


#: Columns of `events` that repeat with the caller.
ACTOR_COLUMNS = (
    "actor_type", "actor_uid", "actor_unique_id", "actor_name", "actor_account_uid", "session_uid",
    "session_issuer_uid", "session_created", "source_identity", "credential_uid", "mfa",
    "invoked_by", "delegation",
)  # fmt: skip
#: Columns that repeat with the evidence item.
ITEM_COLUMNS = ("evidence_item", "acquired_at")
#: Columns that repeat with the kind of event and its client.
EVENT_COLUMNS = (
    "time_precision", "provider", "region", "service", "operation", "category", "activity",
    "src_vpc_endpoint", "user_agent", "tls_version", "auth_method", "auth_evidence", "outcome",
    "error_code", "source", "recipient_account_uid", "logged_time", "referer", "status_code",
)  # fmt: skip
#: Columns of which every record has its own.
OWN_COLUMNS = (
    "event_uid", "provider_uid", "request_id", "time", "time_text", "account_uid", "src_ip",
    "resource_type", "resource_uid", "container", "object", "object_version", "error_message",
    "bytes_out", "bytes_in", "params", "omitted", "locator", "record_sha256", "shared_uid",
    "host_id", "request_uri", "object_size", "total_ms", "turn_around_ms",
)  # fmt: skip
#: Those of them that repeat with what was acted on.
ABOUT_COLUMNS = ("account_uid", "resource_type", "container")
#: Those that repeat with what was asked, in some logs.
ASKED_COLUMNS = ("params",)


class PackedRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `events` in four parts, of which three are shared by many rows.

    `duplicate_of` and `same_request_as` are filled in later.

    Attributes:
        provider, source, time, params: as in the columns, for sorting and counting.
        item, actor, event, own: values of `ITEM_COLUMNS`, `ACTOR_COLUMNS`, `EVENT_COLUMNS` and
            `OWN_COLUMNS`.
    """

    provider: str
    source: str
    time: int
    params: str | None
    item: tuple[Any, ...]
    actor: tuple[Any, ...]
    event: tuple[Any, ...]
    own: tuple[Any, ...]

    def unpacked(self) -> EventRow:
        """The same row with every column by its name."""
        names = (*ITEM_COLUMNS, *ACTOR_COLUMNS, *EVENT_COLUMNS, *OWN_COLUMNS)
        values = (*self.item, *self.actor, *self.event, *self.own)
        return EventRow(**dict(zip(names, values, strict=True)))


#: A row as a parser gives it.
Row: TypeAlias = EventRow | PackedRow
