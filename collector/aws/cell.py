"""A cell: one account and Region with its clients. Sources ask through it, and only through it.

`ask` makes one attempted observation out of an operation on a resource: every page to the end,
every outcome recorded, nothing raised for an answer of the provider, nothing empty for a denial.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from collector.acquire import Keeper, Wire, guarded
from collector.aws.scope import Found, Place, RunScope
from collector.model import Outcome
from collector.pool import Pool

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
        """A list member over all pages, to decide what to ask next; no statement of absence.

        Args:
            name: of the member; `Outer.Inner` where it is inside another.
        """
        return [one for page in self.pages for one in member(page, name) or ()]


def member(page: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 (shapes are the provider's)
    """A member of an answer by its name, `Outer.Inner` if it is inside another; None: not there."""
    outer, _, inner = name.partition(".")
    value = page.get(outer)
    return member(value or {}, inner) if inner else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How an operation ended."""

    outcome: Outcome
    reason: str | None
    wire: Wire


class Attempt(Protocol):
    """An operation under way."""

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """The pages; raises nothing for an answer of the provider, see `result`."""

    @property
    def result(self) -> Result:
        """How it ended; complete once the pages are read."""


class Connection(Protocol):
    """One account's way to the provider: `collector.aws.session` implements it."""

    def pages(
        self,
        region: str,
        operation: str,
        params: Mapping[str, Any],
        *,
        first_only: bool,
        fresh: bool = False,
    ) -> Attempt:
        """Start an operation; its pages come as they are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One account and Region, for one source.

    Attributes:
        source: id of the source that asks.
        account: 12 digits.
        region: where questions go that name no other Region.
        partition: `aws`, `aws-cn`, `aws-us-gov` …
        first: whether this is the one Region in which questions of the account are asked.
        run: what was asked for.
        found: what earlier sources learned.
        connections: way to the provider, per account of the run.
        keeper: where observations go.
        pool: bounded concurrency.
    """

    source: str
    account: str
    region: str
    partition: str
    first: bool
    run: RunScope
    found: Found
    connections: Mapping[str, Connection]
    keeper: Keeper
    pool: Pool

    def ask(
        self,
        operation: str,
        resource: str,
        *,
        region: str | None = None,
        owner: str | None = None,
        first_page_only: str | None = None,
        fresh: bool = False,
        **params: Any,  # noqa: ANN401 (shapes are the provider's)
    ) -> Answer:
        """One attempted observation.

        Args:
            operation: `service:Name`.
            resource: what it is about, for the ledger: an ARN where there is one.
            region: another Region than the cell's.
            owner: expected bucket owner, if another than the cell's account.
            first_page_only: why the first page is all that is wanted; None reads all.
            fresh: ask the provider also if an answer is held from before an interruption.
            params: parameters of the operation.
        """
        wanted = self._wanted(operation, owner, params)
        only = first_page_only is not None
        attempt = self._start(operation, region, owner, wanted, only, fresh=fresh)
        pages = tuple(attempt)
        result = attempt.result
        self._finish(operation, resource, region, wanted, result, first_page_only)
        return Answer(outcome=result.outcome, pages=pages, code=result.wire.code)

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
        wanted = self._wanted(operation, owner, params)
        attempt = self._start(operation, region, owner, wanted, False)
        yield from attempt
        self._finish(operation, resource, region, wanted, attempt.result, None)

    def take(
        self, operation: str, *, bucket: str, key: str, region: str | None, owner: str | None
    ) -> None:
        """Store the object that an operation streams, unless it is already held.

        Counted as a file of the input: kept, already held, or a gap.
        """
        resource = f"arn:{self.partition}:s3:::{bucket}/{key}"
        if not self.keeper.expects_file(f"s3://{bucket}/{key}"):
            self.record(operation, resource, Outcome.OBSERVED, "held from before an interruption")
            return
        wanted = self._wanted(operation, owner, {"Bucket": bucket, "Key": key})
        attempt = self._start(operation, region, owner, wanted, True)
        tuple(attempt)
        kept = attempt.result.outcome is Outcome.OBSERVED
        self._finish(operation, resource, region, wanted, attempt.result, None, counted=not kept)

    def each(self, items: Iterable[Item], function: Callable[[Item], None]) -> None:
        """Call a function for every item, several at a time; returns when all are done.

        What breaks for one item becomes a gap; the others go on.
        """
        run = guarded(self.keeper, self.source, self.account, self.region)
        self.pool.each(items, lambda item: run(_short(item), lambda: function(item)))

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
        self.keeper.observe(
            (self.source, self.account, self.region, operation, resource),
            outcome,
            reason=reason,
            period=(time_from, time_to),
        )

    def _wanted(
        self, operation: str, owner: str | None, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        wanted = dict(params)
        if operation.startswith("s3:") and "Bucket" in wanted:
            # Always: a bucket of that name in other hands must not answer for this one.
            wanted["ExpectedBucketOwner"] = owner or self.account
        return wanted

    def _start(
        self,
        operation: str,
        region: str | None,
        owner: str | None,
        wanted: Mapping[str, Any],
        first_only: bool,
        *,
        fresh: bool = False,
    ) -> Attempt:
        connection = self.connections.get(owner or self.account, self.connections[self.account])
        return connection.pages(
            region or self.region, operation, wanted, first_only=first_only, fresh=fresh
        )

    def _finish(
        self,
        operation: str,
        resource: str,
        region: str | None,
        wanted: Mapping[str, Any],
        result: Result,
        note: str | None,
        *,
        counted: bool = False,
    ) -> None:
        self.keeper.observe(
            (self.source, self.account, region or self.region, operation, resource),
            result.outcome,
            reason=result.reason or note,
            asked=wanted,
            wire=result.wire,
            counted=counted,
        )


def _short(item: object) -> str:
    """What names an item in a gap: its identifying member, or its own words, cut."""
    if isinstance(item, Mapping):
        named = next((item[k] for k in ("Arn", "arn", "KeyArn", "Name", "Key") if k in item), item)
        return str(named)[:200]
    return str(item)[:200]
