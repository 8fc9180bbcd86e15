"""What a run was asked for, and what it has found so far that later sources need."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from collector.errors import UsageError
from collector.model import Outcome


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A bucket and a key prefix in it."""

    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> "Place":
        """`bucket` or `bucket/prefix`, with or without `s3://`."""
        bucket, _, prefix = text.removeprefix("s3://").partition("/")
        return cls(bucket=bucket, prefix=prefix)

    def covers(self, bucket: str, key: str) -> bool:
        """Whether a key of a bucket lies below this place."""
        return bucket == self.bucket and key.startswith(self.prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScope:
    """One run, as asked for.

    Attributes:
        started: our clock when the acquisition was opened; kept over a resume.
        time_from: start of the period that logs and histories are asked for.
        time_to: its end, exclusive.
        accounts: only these accounts; empty means all that are found.
        regions: only these Regions; empty means all that the account has enabled.
        role_name: role assumed in each account of the organization; None: the caller's only.
        log_buckets: log destinations named by hand, with the account that owns each, if stated.
        buckets: buckets to ask by name, with the account that owns each, if stated.
        objects: buckets and prefixes whose objects are in scope.
        object_metadata: HeadObject and GetObjectAttributes too.
        lookup_events: ask the 90-day look-up too.
        access_keys: access key ids whose account is asked.
        tier: highest tier of sources.
        home_region: Region of the questions that have none.
        concurrency: requests in flight at most.
        pause: waits that many seconds; tests do not wait.
    """

    started: datetime
    time_from: datetime
    time_to: datetime
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    role_name: str | None = None
    log_buckets: tuple[tuple[Place, str | None], ...] = ()
    buckets: tuple[tuple[Place, str | None], ...] = ()
    objects: tuple[Place, ...] = ()
    object_metadata: bool = False
    lookup_events: bool = False
    access_keys: tuple[str, ...] = ()
    tier: int = 2
    home_region: str = "us-east-1"
    concurrency: int = 8
    pause: Callable[[float], None] = field(default=lambda _: None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse a period that ends before it begins.

        Raises:
            UsageError: it does.
        """
        if self.time_to < self.time_from:
            raise UsageError(
                f"expected --from before --to, found {self.time_from:%Y-%m-%dT%H:%M:%SZ} and "
                f"{self.time_to:%Y-%m-%dT%H:%M:%SZ}"
            )

    def wants(self, account: str) -> bool:
        """Whether an account is in scope."""
        return not self.accounts or account in self.accounts


class Found:
    """What earlier sources learned and later ones need; filled from many threads.

    It is rebuilt from the held answers when a run resumes: nothing here is stored.
    """

    def __init__(self, run: RunScope) -> None:
        """Start with the log destinations that were named by hand."""
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[str, str]] = {}
        self._enforced: dict[str, bool] = {}
        self._unlocked: dict[str, bool] = {}
        self._trails: set[Place] = set()
        self._access_logs: set[Place] = set()
        self._named = {place for place, _ in run.log_buckets}
        self._owners = {place.bucket: owner for place, owner in run.log_buckets if owner}

    def bucket(self, name: str, account: str, region: str) -> None:
        """A bucket of an account, with the Region it is in."""
        with self._lock:
            self._buckets[name] = (account, region)

    def ownership(self, name: str, outcome: Outcome, rules: Iterable[str]) -> None:
        """What GetBucketOwnershipControls said; a denial says nothing, so ACLs stay in scope."""
        with self._lock:
            self._enforced[name] = outcome is Outcome.OBSERVED and "BucketOwnerEnforced" in tuple(
                rules
            )

    def object_lock(self, name: str, outcome: Outcome) -> None:
        """What GetObjectLockConfiguration said: absence alone means that nothing can be locked."""
        with self._lock:
            self._unlocked[name] = outcome is Outcome.ABSENT

    def trail(self, *, bucket: str, prefix: str, account: str, organization: bool) -> None:
        """A trail's destination. Its bucket may belong to an account that is not collected."""
        with self._lock:
            self._trails.add(Place(bucket=bucket, prefix=prefix))
            if not organization:
                self._owners.setdefault(bucket, account)

    def access_log(self, source: str, bucket: str, prefix: str) -> None:
        """A target of server access logs; it is always in the account of the source bucket."""
        with self._lock:
            self._access_logs.add(Place(bucket=bucket, prefix=prefix))
            if source in self._buckets:
                self._owners.setdefault(bucket, self._buckets[source][0])

    def owner(self, bucket: str) -> str | None:
        """The account whose listing held the bucket, else the one stated or inferred."""
        with self._lock:
            if bucket in self._buckets:
                return self._buckets[bucket][0]
            return self._owners.get(bucket)

    def region(self, bucket: str) -> str | None:
        """The Region of a bucket, None if it was not seen."""
        with self._lock:
            return self._buckets[bucket][1] if bucket in self._buckets else None

    def owner_enforced(self, bucket: str) -> bool:
        """True only where the provider said that ACLs have no effect."""
        with self._lock:
            return self._enforced.get(bucket, False)

    def may_be_locked(self, bucket: str) -> bool:
        """False only where the provider said that the bucket has no object lock."""
        with self._lock:
            return not self._unlocked.get(bucket, False)

    def trail_destinations(self) -> tuple[Place, ...]:
        """Where CloudTrail log files go, sorted."""
        with self._lock:
            return tuple(sorted(self._trails | self._named))

    def access_log_destinations(self) -> tuple[Place, ...]:
        """Where server access logs go, sorted."""
        with self._lock:
            return tuple(sorted(self._access_logs))

    def is_log_destination(self, bucket: str, key: str) -> bool:
        """Whether a key, or a listing prefix, lies in a log destination."""
        with self._lock:
            places = self._trails | self._named | self._access_logs
        return any(
            place.covers(bucket, key) or (place.bucket == bucket and place.prefix.startswith(key))
            for place in places
        )
