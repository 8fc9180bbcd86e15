"""The driver of a collection, the same for every provider.

    1. the acquisition is open: custody has `acquisition.open` (`collector.acquisition`)
    2. sources are read in the order of SOURCES, each for its cells, several cells at a time
    3. every question of a source becomes one observation, through `Keeper`
    4. whatever breaks in a source becomes a recorded gap; the rest goes on
    5. the sums close: attempted == the sum of the six outcomes, per source and in the ledger
    6. the acquisition closes: manifest, custody

What is held from before an interruption is not asked again: `Keeper.held` answers the same request
with the stored bytes, and the ledger never gets a second line for the same question.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collector import acquisition_record, clock, ledger, warc
from collector.acquisition import AcquisitionWriter, FileFacts
from collector.errors import ButforError
from collector.index import Index, key
from collector.model import Gap, Observation, Outcome
from collector.pool import Pool
from collector.source import SourceSpec

#: Outcome -> word of gaps.jsonl. OBSERVED and ABSENT are answers, not gaps.
GAP_KINDS: Mapping[Outcome, str] = {
    Outcome.DENIED: "denied",
    Outcome.FAILED: "failed",
    Outcome.OUT_OF_RETENTION: "out_of_retention",
    Outcome.NOT_REQUESTED: "not_requested",
}

#: Characters of a provider's message that the ledger repeats; the answer itself is kept whole.
REASON = 500

#: One question: source, account, region, operation, resource.
Question = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """What a question did on the wire.

    Attributes:
        records: numbers of its WARC records, every attempt, in order.
        request_ids: the provider's ids of our own requests.
        code: the provider's error code, None if there was none.
        pages: answers that were read.
        stored: `<evidence id> sha256:<hex>` of a file that the answer went to.
    """

    records: tuple[int, ...] = ()
    request_ids: tuple[str, ...] = ()
    code: str | None = None
    pages: int = 0
    stored: str | None = None


class Keeper:
    """Exchanges, files and observations of a collection, into one acquisition.

    Safe to use from many threads.
    """

    def __init__(self, writer: AcquisitionWriter) -> None:
        """Take up what the acquisition already holds."""
        self._writer = writer
        self._lock = threading.Lock()
        self._held, self._asked = Index(), Index()
        self.tally: dict[str, Counter[Outcome]] = {}
        self.attempted: Counter[str] = Counter()
        self.bytes = 0
        if writer.resumed:
            for call, records in _held(writer):
                self._held.put(call.encode(), json.dumps(records))
            for one in writer.observations():
                if one.outcome is not None:
                    self._count(_question(one), one.outcome)
        else:
            writer.add_exchange([("warcinfo", _warcinfo(writer))])

    def exchange(
        self,
        at: datetime,
        request: warc.Request,
        response: warc.Response | None,
        *,
        error: str | None,
        fields: Mapping[str, str],
    ) -> tuple[int, ...]:
        """Store one exchange; returns the numbers of its WARC records."""
        members = warc.exchange(at, request, response, error=error, fields=fields)
        kinds = ("request", "response")[: len(members)]
        pointers = self._writer.add_exchange(list(zip(kinds, members, strict=True)))
        with self._lock:
            self.bytes += len(response.body) if response is not None else 0
        return tuple(pointer.record for pointer in pointers)

    def file(
        self, chunks: Iterator[bytes], *, name: str, uri: str, headers: tuple[warc.Header, ...]
    ) -> str:
        """Store one file; returns `<evidence id> sha256:<hex>`. An error in `chunks` keeps none."""
        received = self._writer.receive(_Stream(chunks))  # type: ignore[arg-type]
        metadata = {
            name.lower().removeprefix("x-amz-meta-"): value
            for name, value in headers
            if name.lower().startswith("x-amz-meta-")
        }
        version = next((v for n, v in headers if n.lower() == "x-amz-version-id"), None)
        facts = FileFacts(
            name=name, source=uri, version_id=version, headers=headers, metadata=metadata
        )
        item = self._writer.keep(received, facts)
        with self._lock:
            self.bytes += item.size
        return f"{item.uid} sha256:{item.digest.sha256}"

    def held(self, call: str) -> tuple[tuple[int, ...], warc.Response] | None:
        """The answer to the same request from before an interruption, with its WARC records."""
        if not len(self._held):
            return None
        with self._lock:
            records = self._held.get(call.encode())
        if records is None:
            return None
        found = tuple(json.loads(records))
        head, block = warc.read_at(
            self._writer.folder / ledger.WARC, self._writer.pointer(found[-1]).offset
        )
        return found, warc.response_of(head, block)

    def expects_file(self, uri: str) -> bool:
        """Count a file of the input; True if it is to be fetched, False if it is held."""
        self._writer.saw()
        if self._writer.held(uri) is None:
            return True
        self._writer.skip_held()
        return False

    def observe(
        self,
        question: Question,
        outcome: Outcome,
        *,
        reason: str | None = None,
        asked: Mapping[str, Any] | None = None,
        wire: Wire | None = None,
        period: tuple[datetime | None, datetime | None] = (None, None),
        counted: bool = False,
    ) -> None:
        """One line of the ledger, and a gap for the last four outcomes.

        Args:
            question: what was asked; a second line for the same question is not written.
            outcome: one of the six.
            reason: the provider's words or ours.
            asked: the parameters.
            wire: what happened on the wire; None if nothing was sent.
            period: what the question was about in time, for the gap.
            counted: a file of the input that is not kept.
        """
        source, account, region, operation, resource = question
        sent = wire or Wire()
        words = " ".join((reason or "").split())[:REASON]
        detail = ": ".join(part for part in (sent.code, words) if part) or None
        if self._count(question, outcome):
            self._writer.add_observation(
                Observation(
                    operation=operation,
                    resource=resource,
                    outcome=outcome,
                    at=clock.now(),
                    request_id=sent.request_ids[-1] if sent.request_ids else None,
                    account=account,
                    region=region,
                    parameters=_parameters(source, asked or {}, sent),
                    detail=detail,
                    records=tuple(self._writer.pointer(number) for number in sent.records),
                )
            )
        elif not counted:
            return
        if outcome in GAP_KINDS or counted:
            gap = Gap(
                kind=GAP_KINDS.get(outcome, "missing_log"),
                subject=f"{operation} {resource}",
                reason=f"account {account}, {region}: {detail or outcome.value}",
                time_from=period[0],
                time_to=period[1],
            )
            self._writer.add_gap(gap, counted=counted)

    def broken(self, source: str, account: str, region: str, subject: str, error: str) -> None:
        """A source could not go on with something; what it had not asked is not known."""
        question = (source, account, region, "butfor:source", subject)
        self.observe(question, Outcome.FAILED, reason=error)

    def cite(self, question: Question, wire: Wire) -> None:
        """An observation made before the acquisition was open, now that its exchange is kept."""
        self.observe(question, Outcome.OBSERVED, wire=wire)

    def credentials(self, question: Question, outcome: Outcome, request_id: str) -> None:
        """An exchange that issued credentials: one line each time, without a single byte of it."""
        numbered = (*question[:4], f"{question[4]} {request_id}")
        self.observe(
            numbered,
            outcome,
            reason="issues credentials: not recorded",
            wire=Wire(request_ids=(request_id,)),
        )

    @property
    def gaps(self) -> int:
        """Observations that are gaps."""
        with self._lock:
            return sum(
                number
                for tally in self.tally.values()
                for outcome, number in tally.items()
                if outcome in GAP_KINDS
            )

    def known(self, question: Question) -> bool:
        """Whether the ledger has a line for this question."""
        with self._lock:
            return key(*question) in self._asked

    def assert_sums(self) -> None:
        """attempted == the sum of the six outcomes, per source and against the ledger itself."""
        last = Index()  # a question that was asked again has two lines: the later one counts
        ledgers: dict[str, Counter[Outcome]] = {}
        for one in self._writer.observations():
            if one.outcome is None:
                continue
            question = _question(one)
            counts = ledgers.setdefault(question[0], Counter())
            counts[one.outcome] += 1
            if (before := last.get(key(*question))) is not None:
                counts[Outcome(before)] -= 1
            last.put(key(*question), one.outcome)
        for source, counts in self.tally.items():
            assert self.attempted[source] == sum(counts.values()), (source, counts)
        found = {source: +counts for source, counts in ledgers.items()}
        assert found == {source: +counts for source, counts in self.tally.items()}

    def _count(self, question: Question, outcome: Outcome) -> bool:
        """Whether a line is to be written: a new question, or one that had failed and was asked
        again after an interruption, with another end."""
        asked = key(*question)
        with self._lock:
            new = self._asked.add(asked, outcome)
            before = None if new else self._asked.get(asked)
            again = before == Outcome.FAILED and outcome is not Outcome.FAILED
            if not new and not again:
                return False
            counts = self.tally.setdefault(question[0], Counter())
            counts[outcome] += 1
            if new:
                self.attempted[question[0]] += 1
            else:
                self._asked.put(asked, outcome)
                counts[Outcome.FAILED] -= 1
            return True


def guarded(
    keeper: Keeper, source: str, account: str, region: str
) -> Callable[[str, Callable[[], None]], None]:
    """A runner that turns whatever breaks in a source into a gap; the driver's one broad except.

    A refusal of the guard, a full disk and an interruption are not the source's: they go up.
    """

    def run(subject: str, work: Callable[[], None]) -> None:
        try:
            work()
        except (ButforError, OSError, AssertionError):
            raise
        except Exception as error:
            keeper.broken(source, account, region, subject, f"{type(error).__name__}: {error}")

    return run


def read_sources(
    specs: Iterable[SourceSpec],
    cells: Callable[[SourceSpec], Iterable[Callable[[], None]]],
    pool: Pool,
    started: Callable[[SourceSpec], None],
) -> None:
    """Step 2: each source to its end before the next begins, because later ones build on it."""
    for spec in specs:
        started(spec)
        pool.cells(cells(spec))


def started_at(writer: AcquisitionWriter) -> datetime:
    """When the acquisition was opened, also if this run continues it."""
    start = next(ledger.lines(writer.folder / acquisition_record.START))
    return datetime.fromisoformat(start["start"]["at"])


class _Stream:
    """Chunks as a file that is read from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, amount: int) -> bytes:
        """At most `amount` bytes; empty at the end."""
        if not self._rest:
            self._rest = next((chunk for chunk in self._chunks if chunk), b"")
        part, self._rest = self._rest[:amount], self._rest[amount:]
        return part


def _held(writer: AcquisitionWriter) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Key of the request -> its records, for every answered exchange that is held whole."""
    for one in warc.read(writer.folder / ledger.WARC):
        answer = one.response
        if answer is not None and not answer.truncated and "WARC-Butfor-Call" in one.fields:
            yield one.fields["WARC-Butfor-Call"], (one.number - 1, one.number)


def _question(one: Observation) -> Question:
    source = str(one.parameters.get("source"))
    return (source, one.account or "", one.region or "", one.operation, one.resource)


def _parameters(source: str, asked: Mapping[str, Any], sent: Wire) -> dict[str, Any]:
    return {
        "asked": _plain(asked),
        "code": sent.code,
        "file": sent.stored,
        "pages": sent.pages,
        "request_ids": list(sent.request_ids),
        "source": source,
    }


def _warcinfo(writer: AcquisitionWriter) -> bytes:
    from butfor import __version__

    fields = {
        "software": f"butfor/{__version__}",
        "format": "WARC File Format 1.1",
        "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "description": f"acquisition {writer.number}: {writer.request.why}",
    }
    return warc.warcinfo(clock.now(), fields)


def _plain(value: Any) -> Any:  # noqa: ANN401 (parameters are the provider's)
    """Parameters as JSON: times as text."""
    if isinstance(value, datetime):
        return clock.stamp(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
