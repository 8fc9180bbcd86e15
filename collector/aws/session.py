"""Sessions: the caller's own, one per account by role, and the clients of each.

Credentials, profiles, proxies, CA bundles and endpoints come by the SDK's standard means. Every
client gets the guard (through the session) and the recorder.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import botocore
import botocore.credentials
import botocore.session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from collector.acquire import Wire
from collector.aws.cell import Result
from collector.aws.guard import Guard, NotAllowedError
from collector.aws.outcomes import EXPIRED, STALE_TOKEN, classify
from collector.aws.paging import next_page, page_content, says_more, under_way
from collector.aws.recorder import Recorder, naming, tracing
from collector.errors import IncompleteError, UsageError
from collector.model import Outcome

SESSION_NAME = "butfor"
ATTEMPTS = 10

#: Looks at a job at most, and seconds between them: 1, 2, 4, then 8 each.
LOOKS = 10
LONGEST_PAUSE = 8.0


#: Errors of the SDK that say the same as an expired token.
ENDED = (SSOTokenLoadError, TokenRetrievalError, UnauthorizedSSOTokenError)

REPEATED = "the provider gave the same page twice, also when asked again; one may be missing"

#: Outcome, the provider's error code, reason.
_End = tuple[Outcome, str | None, str | None]


class AccountConnection:
    """One account's clients, made when first needed; safe to use from many threads."""

    def __init__(
        self,
        session: botocore.session.Session,
        account: str,
        recorder: Recorder,
        concurrency: int,
        pause: Callable[[float], None] = lambda _: None,
    ) -> None:
        """`session` carries the credentials and the guard; the recorder bounds what is in flight.

        `pause` waits that many seconds between two looks at a job.
        """
        self.pause = pause
        self._session = session
        self._account = account
        self._recorder = recorder
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._concurrency = concurrency

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401
        """The client of a service in a Region."""
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                config = client_config(self._session, self._concurrency)
                if not _offered(self._session, service, region):
                    # Asked all the same, the SDK's list may be old; but ten attempts at a name
                    # that does not resolve would take minutes.
                    once = {**(config.retries or {}), "total_max_attempts": 1}
                    config = config.merge(Config(retries=once))
                client = self._session.create_client(service, region_name=region, config=config)
                self._recorder.attach(client, self._account, region)
                self._clients[key] = client
            return self._clients[key]

    def pages(
        self,
        region: str,
        operation: str,
        params: Mapping[str, Any],
        *,
        first_only: bool,
        fresh: bool = False,
    ) -> "_Attempt":
        """Start an operation; `fresh`: no answer from before an interruption will do."""
        return _Attempt(self, region, operation, params, first_only=first_only, fresh=fresh)

    def call(
        self,
        client: Any,  # noqa: ANN401
        name: str,
        params: Mapping[str, Any],
    ) -> dict[str, Any]:
        """One request."""
        key = str(params.get("Key", ""))
        with naming(key, f"s3://{params.get('Bucket', '')}/{key}"):
            answer: dict[str, Any] = getattr(client, xform_name(name))(**params)
        return answer


class _Attempt:
    """An operation read page by page; how it ended is known when the pages are read."""

    def __init__(
        self,
        connection: AccountConnection,
        region: str,
        operation: str,
        params: Mapping[str, Any],
        *,
        first_only: bool,
        fresh: bool,
    ) -> None:
        self._connection = connection
        self._region = region
        self._service, _, self._name = operation.partition(":")
        self._params = dict(params)
        self._first_only = first_only
        self._fresh = fresh
        self._looks = 0
        self._client: Any = None
        self._note: str | None = None
        self._records: list[int] = []
        self._request_ids: list[str] = []
        self._stored: str | None = None
        self._pages = 0
        self._ended: _End | None = None

    @property
    def result(self) -> Result:
        """How it ended; the pages must have been read."""
        assert self._ended is not None, "the pages have not been read to the end"
        outcome, code, reason = self._ended
        return Result(
            outcome=outcome,
            reason=reason,
            wire=Wire(
                records=tuple(self._records),
                request_ids=tuple(self._request_ids),
                code=code,
                pages=self._pages,
                stored=self._stored,
            ),
        )

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Pages in order. Each request runs with the trace of its thread, so that a generator
        which is read from several places still attributes exchanges to this attempt."""
        token: dict[str, Any] = {}
        seen: list[dict[str, Any]] = []
        listed: set[bytes] = set()
        again = False
        while self._ended is None:
            page = self._page(token, again=again)
            if page is None:  # ended, or from the start again
                token, seen, listed, again = {}, [], set(), False
                continue
            if under_way(self._name, page):
                self._wait()
                continue
            following = self._following(page)
            content = page_content(page)
            if content in listed:
                # Where it should have been another: one may be missing. Asked once more.
                if again:
                    self._ended = (Outcome.FAILED, "RepeatedPage", REPEATED)
                again, self._note = True, "a page came twice and was asked again: both are kept"
                continue
            again = False
            if content is not None:
                listed.add(content)
            self._pages += 1
            yield page
            token = following
            if not token:
                self._ended = self._whole(page)
            elif token in seen:
                reason = "the provider gave the same page token twice; the listing was stopped"
                self._ended = (Outcome.FAILED, "RepeatedPageToken", reason)
            seen = [*seen[-3:], token]

    def _page(self, token: Mapping[str, Any], *, again: bool) -> dict[str, Any] | None:
        """One page. None: it has ended (`_ended` says how), or must begin anew (it does not)."""
        try:
            if self._client is None:
                self._client = self._connection.client(self._service, self._region)
            page = self._request(token, fresh=self._fresh or again)
        except NotAllowedError:
            raise
        except ClientError as error:
            if token and not self._fresh and _code(error) in STALE_TOKEN:
                # A token from a held page, too old by now. The listing is asked again from
                # its start; it may have changed since, and both are kept.
                self._fresh = True
            elif _code(error) in EXPIRED:
                raise IncompleteError(_renew(str(error))) from error
            else:
                self._ended = self._error(error)
            return None
        except ENDED as error:
            raise IncompleteError(_renew(str(error))) from error
        except (BotoCoreError, ResponseParserError) as error:
            self._ended = (Outcome.FAILED, type(error).__name__, str(error))
            return None
        page.pop("ResponseMetadata", None)
        page.pop("Body", None)
        return page

    def _wait(self) -> None:
        """A job that has not ended: wait, then ask the provider again, not what is held."""
        self._looks += 1
        self._fresh = True
        if self._looks == LOOKS:
            reason = f"the job had not ended after {LOOKS} looks"
            self._ended = (Outcome.FAILED, "JobNotEnded", reason)
        else:
            self._connection.pause(min(2.0 ** (self._looks - 1), LONGEST_PAUSE))

    def _following(self, page: Mapping[str, Any]) -> dict[str, Any]:
        return {} if self._first_only else next_page(self._client, self._name, page)

    def _request(self, token: Mapping[str, Any], *, fresh: bool) -> dict[str, Any]:
        params = {**self._params, **token}
        with tracing(fresh=fresh) as trace:
            try:
                return self._connection.call(self._client, self._name, params)
            finally:
                self._records += trace.records
                self._request_ids += [i for i in trace.request_ids if i not in self._request_ids]
                self._stored = trace.stored or self._stored

    def _whole(self, page: Mapping[str, Any]) -> _End:
        if not self._first_only and says_more(page):
            reason = "the provider said that there is more, and gave no token to ask for it"
            return Outcome.FAILED, "TruncatedWithoutToken", reason
        return Outcome.OBSERVED, None, self._note

    def _error(self, error: ClientError) -> _End:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        message = str(error.response.get("Error", {}).get("Message", ""))
        code = _code(error)
        if error.operation_name != self._name:
            # Raised by the exchange that was to bring credentials for this one.
            message = f"{error.operation_name}: {message}"
        return classify(self._service, self._name, status, code, message), code, message or None


def _renew(found: str) -> str:
    return (
        f"stopped part-way: the credentials have ended ({found}). What was collected is held: "
        "renew them, then run the same command again: it continues."
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _offered(session: botocore.session.Session, service: str, region: str) -> bool:
    """Whether the SDK's list has the service in the Region; global services have no list."""
    partition = session.get_partition_for_region(region)
    regions = session.get_available_regions(service, partition_name=partition)
    return not regions or region in regions


def client_config(session: botocore.session.Session, concurrency: int) -> Config:
    """Adaptive retries with jitter, ten attempts, unless environment or profile say otherwise."""
    from butfor import __version__

    profile = session.get_scoped_config()
    retries: dict[str, Any] = {}
    if "AWS_RETRY_MODE" not in os.environ and "retry_mode" not in profile:
        retries["mode"] = "adaptive"
    if "AWS_MAX_ATTEMPTS" not in os.environ and "max_attempts" not in profile:
        retries["total_max_attempts"] = ATTEMPTS
    return Config(
        max_pool_connections=max(10, concurrency),
        # Our own requests are told apart in the provider's logs. The SDK builds its long default
        # anew for every request, which is a tenth of the client's time.
        user_agent=f"butfor/{__version__} Botocore/{botocore.__version__}",
        connect_timeout=10,
        read_timeout=60,
        retries=retries or None,
    )


def base_session(profile: str | None, guard: Guard) -> botocore.session.Session:
    """The caller's session, guarded before any client exists.

    Raises:
        UsageError: the profile is not there, or no credentials are found.
    """
    try:
        session = botocore.session.Session(profile=profile)
        guard.install(session.get_component("event_emitter"))
        credentials = session.get_credentials()
    except ProfileNotFound as error:
        raise UsageError(
            f"{error}. `aws configure list-profiles` lists those there are."
        ) from error
    if credentials is None:
        raise UsageError(
            "expected AWS credentials (AWS_PROFILE, --profile, environment, SSO), found none"
        )
    return session


def role_session(
    base: botocore.session.Session, guard: Guard, role_arn: str
) -> botocore.session.Session:
    """A session that changes into a role and renews itself; its exchanges are never recorded."""
    session = botocore.session.Session(profile=base.profile)
    guard.install(session.get_component("event_emitter"))
    fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
        client_creator=base.create_client,
        source_credentials=base.get_credentials(),
        role_arn=role_arn,
        extra_args={"RoleSessionName": SESSION_NAME},
    )
    session._credentials = botocore.credentials.DeferredRefreshableCredentials(
        refresh_using=fetcher.fetch_credentials, method="assume-role"
    )
    return session
