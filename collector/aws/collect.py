"""One collection from AWS: who asks, which accounts and Regions, then every source.

1. the caller's own identity is asked, and kept once the acquisition is open
2. accounts: the caller's, those of further profiles, and with `--role-name` every account of
   the organization; an account that does not let us in is a gap, the rest goes on
3. Regions: the account's own list of those it has enabled
4. sources in order, each for its cells (`collector.acquire`)
5. sums asserted, clock offset recorded, acquisition closed
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import botocore.session

from collector import warc
from collector.acquire import Keeper, Wire, guarded, read_sources
from collector.acquisition import AcquisitionWriter
from collector.aws.cell import Answer, Cell
from collector.aws.guard import Guard
from collector.aws.recorder import Recorder
from collector.aws.scope import Found, RunScope
from collector.aws.session import AccountConnection, base_session, role_session
from collector.errors import IncompleteError, UsageError
from collector.model import Outcome
from collector.pool import Pool
from collector.source import Level, SourceSpec
from collector.sweeping import seldom_swept

SCOPE = "aws.caller_scope"
#: Where global services are asked, and what a partition's first Region is.
HOMES: Mapping[str, str] = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
}


class Watcher(Protocol):
    """Who is told how far a collection has come."""

    def cells(self, number: int) -> None:
        """So many cells are to be read in all."""

    def source(self, spec: SourceSpec) -> None:
        """A source begins."""

    def cell(self, account: str, region: str) -> None:
        """A cell was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account that lets us in: what it is called, and its Regions."""

    number: str
    arn: str
    regions: tuple[str, ...]

    @property
    def partition(self) -> str:
        """Second part of every ARN of the account."""
        return self.arn.split(":")[1]


@dataclass(slots=True)
class Caller:
    """The identity of one profile, asked before an acquisition could be open.

    The exchanges wait in memory until there is somewhere to keep them.
    """

    profile: str | None
    session: botocore.session.Session
    region: str
    pages: list[Mapping[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    request_ids: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """12 digits."""
        return str(self.pages[0]["Account"])

    @property
    def arn(self) -> str:
        """The principal, as the provider reports it."""
        return str(self.pages[0]["Arn"])

    def exchange(
        self,
        at: datetime,
        request: warc.Request,
        response: warc.Response | None,
        *,
        error: str | None,
        fields: Mapping[str, str],
    ) -> tuple[int, ...]:
        """Hold an exchange until the acquisition is open."""
        self.waiting.append(
            {
                "at": at,
                "request": request,
                "response": response,
                "error": error,
                "fields": dict(fields),
            }
        )
        return ()

    def file(
        self, chunks: Iterator[bytes], *, name: str, uri: str, headers: tuple[warc.Header, ...]
    ) -> str:
        """No file is asked for here."""
        raise AssertionError(f"no acquisition is open for {uri}")

    def held(self, key: str) -> None:
        """Nothing is held here."""


def identify(profile: str | None, guard: Guard) -> Caller:
    """Ask who a profile's credentials belong to.

    Raises:
        UsageError: no credentials, or the provider does not know them.
    """
    session = base_session(profile, guard)
    region = session.get_config_variable("region") or HOMES["aws"]
    caller = Caller(profile=profile, session=session, region=region)
    connection = AccountConnection(
        session, "unknown", Recorder(caller, concurrency=1), concurrency=1
    )
    attempt = connection.pages(region, "sts:GetCallerIdentity", {}, first_only=True)
    caller.pages = list(attempt)
    caller.request_ids = attempt.result.wire.request_ids
    if not caller.pages:
        raise UsageError(
            f"expected the identity of {profile or 'the default profile'}, found: "
            f"{attempt.result.wire.code}: {attempt.result.reason}. Check the credentials."
        )
    return caller


class Collection:
    """A run under way: connections, what was found, and where everything goes."""

    def __init__(
        self, run: RunScope, guard: Guard, found: Found, keeper: Keeper, watcher: Watcher
    ) -> None:
        """The acquisition is open."""
        self.run = run
        self.guard = guard
        self.found = found
        self.keeper = keeper
        self.watcher = watcher
        self.recorder = Recorder(keeper, concurrency=run.concurrency)
        self.pool = Pool(run.concurrency)
        self.connections: dict[str, AccountConnection] = {}
        self.accounts: list[Account] = []

    def enter(self, callers: Iterable[Caller]) -> None:
        """Steps 1 to 3: the callers' accounts, then those of the organization."""
        callers = tuple(callers)
        for caller in callers:
            self._keep_identity(caller)
            self.connections[caller.account] = self._connection(caller.session, caller.account)
            self._note_credentials(caller.session)
            if self.run.wants(caller.account) or caller is callers[0]:
                self._add(caller.account, caller.arn)
        if self.run.role_name is not None:
            self._organization(callers[0], self.run.role_name)
        for account in self.run.accounts:
            if account not in self.connections:
                self._cell(SCOPE, account, self.run.home_region).not_requested(
                    "sts:AssumeRole", account, "not among the accounts that were found"
                )

    def read(self, specs: tuple[SourceSpec, ...]) -> None:
        """Step 4."""
        self.watcher.cells(sum(len(self._places(spec)) for spec in specs))
        read_sources(specs, self._work, self.pool, self.watcher.source)

    def _work(self, spec: SourceSpec) -> Iterator[Callable[[], None]]:
        for account, region in self._places(spec):
            yield partial(self._one, spec, account, region)

    def _one(self, spec: SourceSpec, account: str, region: str) -> None:
        cell = self._cell(spec.id, account, region)
        guarded(self.keeper, spec.id, account, region)("source", lambda: spec.collect(cell))
        self.watcher.cell(account, region)

    def _places(self, spec: SourceSpec) -> list[tuple[str, str]]:
        home = self.run.home_region
        match spec.level:
            case Level.RUN:
                return [(self.accounts[0].number, home)]
            case Level.ACCOUNT:
                return [(account.number, home) for account in self.accounts if self._in(account)]
            case Level.REGION:
                return [
                    (account.number, region)
                    for account in self.accounts
                    if self._in(account)
                    for region in account.regions
                ]

    def _in(self, account: Account) -> bool:
        return self.run.wants(account.number)

    def _keep_identity(self, caller: Caller) -> None:
        records: tuple[int, ...] = ()
        for one in caller.waiting:
            records += self.keeper.exchange(
                one["at"],
                one["request"],
                one["response"],
                error=one["error"],
                fields=one["fields"] | {"WARC-Butfor-Account": caller.account},
            )
        self.keeper.cite(
            (SCOPE, caller.account, caller.region, "sts:GetCallerIdentity", caller.arn),
            Wire(records=records, request_ids=caller.request_ids, pages=1),
        )

    def _organization(self, caller: Caller, role: str) -> None:
        """Step 2: every active account, by its role."""
        home = self.run.home_region
        listed = self._cell("aws.organization", caller.account, home).ask(
            "organizations:ListAccounts", "organization"
        )
        wanted: dict[str, str] = {}
        for account in listed.items("Accounts"):
            number, state = account["Id"], account.get("State", account.get("Status"))
            if not self.run.wants(number) or number in self.connections:
                continue
            if state != "ACTIVE":
                self._cell(SCOPE, caller.account, home).not_requested(
                    "sts:AssumeRole", number, f"the account is {state}"
                )
                continue
            wanted[number] = account["Arn"]
        if not listed.observed:
            wanted = {n: "" for n in self.run.accounts if n not in self.connections}
        partition = caller.arn.split(":")[1]
        for number in wanted:
            arn = f"arn:{partition}:iam::{number}:role/{role}"
            session = role_session(caller.session, self.guard, arn)
            connection = self._connection(session, number)
            self._note_credentials(caller.session)
            answer = self._identity(number, connection, arn)
            if answer.observed:
                self._add(number, str(answer.get("Arn")))

    def _identity(self, number: str, connection: AccountConnection, role: str) -> Answer:
        """Change into the role and ask who we are then: the first call of an account."""
        self.connections[number] = connection
        cell = self._cell(SCOPE, number, self.run.home_region)
        answer = cell.ask("sts:GetCallerIdentity", role)
        if not answer.observed:
            del self.connections[number]
        return answer

    def _add(self, number: str, arn: str) -> None:
        """Step 3."""
        cell = self._cell(SCOPE, number, self.run.home_region, partition=arn.split(":")[1])
        listed = cell.ask(
            "account:ListRegions",
            f"account/{number}",
            RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT", "DISABLING"],
        )
        regions = tuple(sorted(region["RegionName"] for region in listed.items("Regions")))
        if not listed.observed:
            # The gap is recorded; the SDK's own list stands in, so that evidence is not lost.
            names = botocore.session.get_session().get_available_regions(
                "ec2", partition_name=arn.split(":")[1]
            )
            regions = tuple(sorted(names))
        for region in self.run.regions:
            if region not in regions:
                cell.not_requested("account:ListRegions", region, "not enabled in the account")
        chosen = tuple(r for r in regions if not self.run.regions or r in self.run.regions)
        self.accounts.append(Account(number=number, arn=arn, regions=chosen))

    def _connection(self, session: botocore.session.Session, number: str) -> AccountConnection:
        return AccountConnection(
            session,
            number,
            self.recorder,
            concurrency=self.run.concurrency,
            pause=self.run.pause,
        )

    def _note_credentials(self, session: botocore.session.Session) -> None:
        """A ledger line, and not one byte, for every exchange that issues credentials."""

        def after_call(parsed: Mapping[str, Any], model: Any, **_: Any) -> None:  # noqa: ANN401
            meta = parsed.get("ResponseMetadata", {})
            role = parsed.get("AssumedRoleUser", {}).get("Arn", "credentials of the profile")
            status = meta.get("HTTPStatusCode", 0)
            number = role.split(":")[4] if role.count(":") >= 5 else ""
            self.keeper.credentials(
                (SCOPE, number, "", f"{model.service_model.service_name}:{model.name}", role),
                Outcome.OBSERVED if status < 300 else Outcome.DENIED,
                str(meta.get("RequestId", "")),
            )

        events = session.get_component("event_emitter")
        for name in ("sts.AssumeRole", "sts.AssumeRoleWithWebIdentity", "sso.GetRoleCredentials"):
            events.register(f"after-call.{name}", after_call, unique_id=f"butfor-{name}")

    def _cell(
        self, source: str, account: str, region: str, *, partition: str | None = None
    ) -> Cell:
        known = {one.number: one.partition for one in self.accounts}
        regions = {one.number: one.regions for one in self.accounts}.get(account, ())
        home = self.run.home_region
        first = home if home in regions or not regions else regions[0]
        return Cell(
            source=source,
            account=account,
            region=region,
            partition=partition or known.get(account, "aws"),
            first=region == first,
            run=self.run,
            found=self.found,
            connections=self.connections,
            keeper=self.keeper,
            pool=self.pool,
        )


def collect(
    writer: AcquisitionWriter,
    run: RunScope,
    guard: Guard,
    found: Found,
    callers: Iterable[Caller],
    specs: tuple[SourceSpec, ...],
    watcher: Callable[[Keeper, Callable[[], int]], Watcher],
) -> Keeper:
    """Steps 1 to 5, into an open acquisition."""
    keeper = Keeper(writer)
    collection = Collection(run, guard, found, keeper, _Quiet())
    collection.watcher = watcher(keeper, lambda: collection.recorder.sent)
    try:
        collection.enter(callers)
        with seldom_swept():
            collection.read(specs)
    except (IncompleteError, KeyboardInterrupt):
        writer.commit()  # stopped in good order: what was answered is held
        raise
    finally:
        collection.pool.close()
    keeper.assert_sums()
    offsets = collection.recorder.offsets
    writer.close(
        clock_offset={"first": offsets[0], "last": offsets[-1], "of": "the provider's Date header"}
        if offsets
        else None
    )
    return keeper


class _Quiet:
    """Tells nobody."""

    def cells(self, number: int) -> None:
        """Nothing."""

    def source(self, spec: SourceSpec) -> None:
        """Nothing."""

    def cell(self, account: str, region: str) -> None:
        """Nothing."""
