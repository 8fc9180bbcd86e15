"""A cell: one account and Region with its clients. Sources ask through it, and only through it.

`ask` makes one attempted observation out of an operation on a resource: every page to the end,
every outcome recorded, nothing raised for an answer of the provider, nothing empty for a denial.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from collector.aws.scope import Found, Place, RunScope
from collector.model import Outcome

__all__ = ["Answer", "Cell", "Connection", "Place"]

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an attempted observation brought.

    Attributes:
        outcome: one of the six; only OBSERVED has pages that may be read as the answer.
        pages: the parsed answers, in order. For FAILED, those held before it failed.
        code: the provider's error code, None if there was none.
    """

    outcome: Outcome
    pages: tuple[Mapping[str, Any], ...] = ()
    code: str | None = None

    @property
    def observed(self) -> bool:
        """Whether the provider answered with what was asked."""
        return self.outcome is Outcome.OBSERVED

    def get(self, name: str) -> Any:  # noqa: ANN401 (shapes are the provider's)
        """A member of the first page, None if it was not there or nothing was observed."""
        return self.pages[0].get(name) if self.pages else None

    def items(self, name: str) -> list[Any]:
        """A list member over all pages, to decide what to ask next; no statement of absence."""
        return [one for page in self.pages for one in page.get(name) or ()]


class Connection(Protocol):
    """One account's way to the provider: `collector.aws.session` implements it."""

    def pages(
        self, region: str, operation: str, params: Mapping[str, Any], *, first_only: bool
    ) -> "Attempt":
        """Start an operation; its pages come as they are read."""


class Attempt(Protocol):
    """An operation under way."""

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """The pages; raises nothing for an answer of the provider, see `result`."""

    @property
    def result(self) -> "Result":
        """How it ended; complete once the pages are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How an operation ended on the wire."""

    outcome: Outcome
    code: str | None
    status: int | None
    reason: str | None
    records: tuple[int, ...]
    request_ids: tuple[str, ...]
    stored: str | None


class Ledger(Protocol):
    """Where observations go: `collector.acquire` implements it over the evidence store."""

    def observe(
        self,
        *,
        source: str,
        account: str,
        region: str,
        operation: str,
        resource: str,
        outcome: Outcome,
        reason: str | None = None,
        result: Result | None = None,
        pages: int = 0,
        time_from: datetime | None = None,
        time_to: datetime | None = None,
    ) -> None:
        """Record one attempted observation; the last four outcomes are gaps as well."""

    def holds_file(self, uri: str) -> bool:
        """Whether a file of this source address is already held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One account and Region, for one source.

    Attributes:
        source: id of the source that asks.
        account: 12 digits.
        region: where questions go that name no other Region.
        partition: `aws`, `aws-cn`, `aws-us-gov` …
        run: what was asked for.
        found: what earlier sources learned.
        connection: the account's clients.
        ledger: where observations go.
        pool: maps a function over items with bounded concurrency.
    """

    source: str
    account: str
    region: str
    partition: str
    run: RunScope
    found: Found
    connection: Connection
    ledger: Ledger
    pool: Callable[[Iterable[Any], Callable[[Any], None]], None]

    def ask(
        self,
        operation: str,
        resource: str,
        *,
        region: str | None = None,
        owner: str | None = None,
        first_page_only: str | None = None,
        **params: Any,  # noqa: ANN401 (shapes are the provider's)
    ) -> Answer:
        """One attempted observation.

        Args:
            operation: `service:Name`.
            resource: what it is about, for the ledger: an ARN where there is one.
            region: another Region than the cell's.
            owner: expected bucket owner, if another than the cell's account.
            first_page_only: why the first page is all that is wanted; None reads all.
            params: parameters of the operation.
        """
        attempt = self._start(operation, region, owner, params, first_page_only is not None)
        pages = tuple(attempt)
        self._finish(operation, resource, region, attempt.result, len(pages), first_page_only)
        return Answer(outcome=attempt.result.outcome, pages=pages, code=attempt.result.code)

    def pages(
        self,
        operation: str,
        resource: str,
        *,
        region: str | None = None,
        owner: str | None = None,
        **params: Any,  # noqa: ANN401
    ) -> Iterator[Mapping[str, Any]]:
        """The same as `ask`, page by page: memory does not grow with the listing."""
        attempt = self._start(operation, region, owner, params, False)
        count = 0
        for page in attempt:
            count += 1
            yield page
        self._finish(operation, resource, region, attempt.result, count, None)

    def take(
        self,
        operation: str,
        resource: str,
        *,
        region: str | None = None,
        owner: str | None = None,
        **params: Any,  # noqa: ANN401
    ) -> None:
        """Store the object that an operation streams, unless it is already held."""
        if self.ledger.holds_file(resource):
            return
        self.ask(operation, resource, region=region, owner=owner, **params)

    def each(self, items: Iterable[Item], function: Callable[[Item], None]) -> None:
        """Call a function for every item, several at a time; returns when all are done."""
        self.pool(items, function)

    def not_requested(self, operation: str, resource: str, reason: str) -> None:
        """Record that something in scope was not asked, and why."""
        self.record(operation, resource, Outcome.NOT_REQUESTED, reason)

    def record(
        self,
        operation: str,
        resource: str,
        outcome: Outcome,
        reason: str,
        time_from: datetime | None = None,
        time_to: datetime | None = None,
    ) -> None:
        """Record an outcome that needed no call."""
        self.ledger.observe(
            source=self.source,
            account=self.account,
            region=self.region,
            operation=operation,
            resource=resource,
            outcome=outcome,
            reason=reason,
            time_from=time_from,
            time_to=time_to,
        )

    def _start(
        self,
        operation: str,
        region: str | None,
        owner: str | None,
        params: Mapping[str, Any],
        first_only: bool,
    ) -> Attempt:
        wanted = dict(params)
        if operation.startswith("s3:") and "Bucket" in wanted:
            # Always: a bucket of that name in other hands must not answer for this one.
            wanted["ExpectedBucketOwner"] = owner or self.account
        return self.connection.pages(
            region or self.region, operation, wanted, first_only=first_only
        )

    def _finish(
        self,
        operation: str,
        resource: str,
        region: str | None,
        result: Result,
        pages: int,
        note: str | None,
    ) -> None:
        self.ledger.observe(
            source=self.source,
            account=self.account,
            region=region or self.region,
            operation=operation,
            resource=resource,
            outcome=result.outcome,
            reason=result.reason or note,
            result=result,
            pages=pages,
        )
