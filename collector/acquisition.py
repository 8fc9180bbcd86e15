"""Writing one acquisition: bytes first, ledger second, manifest last.

    with acquisition.acquire(session, Request(source="import", ...)) as writer:
        writer.saw()
        writer.keep(writer.receive(stream), FileFacts(name="a.json.gz", source="file:///a.json.gz"))

Order, so that a crash at any point loses nothing and takes nothing half-written for whole:

1. `acquisition.open` is durable in custody, then the folder is made;
2. bytes go to temporary names; a group (256 files or one second) is flushed together;
3. the group's ledger lines are durable in `files.pending.partial`, then each file gets its name by
   a rename that does not replace, then the folder is flushed, then files.jsonl gets the lines;
4. at the end acquisition.json and the manifest are written once, `acquisition.close` is recorded,
   and the folder becomes read-only (a courtesy, not a protection).

What step 3 leaves after a crash is put right by `collector.recovery`.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from collector import canonical, clock, durable, files, ledger, manifest, recovery
from collector.acquisition_record import (
    RECORD,
    START,
    Request,
    closed_record,
    fingerprint,
    write_start,
)  # fmt: skip
from collector.errors import IncompleteError
from collector.files import Received
from collector.manifest import ManifestSummary
from collector.model import EvidenceItem, Gap, Observation, WarcPointer
from collector.session import Session

#: A group of small files is made durable at once: so many, or after so long.
GROUP_FILES = 256
GROUP_SECONDS = 1.0
#: WARC records wait in memory: no more than so many bytes of them.
GROUP_BYTES = 16 * 2**20
NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What is known of a file beside its bytes.

    Attributes:
        name: true name as received: text, or bytes that are not UTF-8. Hostile; kept, never used.
        source: URI it was read from.
        version_id: the provider's version, None if there is none.
        headers: response headers in order; empty for files that no HTTP answer brought.
        metadata: the provider's user metadata.
        modified_at: the file's own time stamp as received, None if unknown.
        observed_at: when the provider's state was observed, as stated; None if not stated.
        observed_by: who stated it.
    """

    name: str | bytes
    source: str
    version_id: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    modified_at: datetime | None = None
    observed_at: datetime | None = None
    observed_by: str | None = None


class AcquisitionWriter:
    """An open acquisition. Safe to use from several threads; made by `acquire` only."""

    def __init__(self, session: Session, request: Request, number: int, folder: Path) -> None:
        """Take up the ledgers as they stand (empty, or what an interrupted run left)."""
        self.number = number
        self.folder = folder
        self.request = request
        self.summary: ManifestSummary | None = None
        self._session = session
        self._mutex = threading.RLock()
        self._counting = threading.Lock()
        self._medium = durable.Medium(folder / ledger.FOLDER)
        self._partials = count(1)
        self._group: list[tuple[Received, dict[str, Any]]] = []
        self._gaps: list[dict[str, Any]] = []
        self._observations: list[dict[str, Any]] = []
        self._members: list[bytes] = []
        self._group_since = clock.reading().mono_ns
        self._seen = self._already = self._kept_now = self._gapped_now = 0
        self._held = {
            line["source"]: (line["bytes"], line["modified_at"])
            for line in ledger.lines(folder / ledger.FILES)
        }
        self._files = sum(1 for _ in ledger.lines(folder / ledger.FILES))
        self._told = {_without_time(line) for line in ledger.lines(folder / ledger.GAPS)}
        self._pointers = recovery.pointers(folder / ledger.WARC)

    @property
    def resumed(self) -> bool:
        """Whether this continues what an interruption left."""
        return bool(self._held or self._pointers)

    @property
    def counts(self) -> dict[str, int]:
        """Of this run: seen = kept + gaps + already (held from before an interruption)."""
        return {
            "already": self._already, "gaps": self._gapped_now, "kept": self._kept_now,
            "seen": self._seen,
        }  # fmt: skip

    def saw(self, number: int = 1) -> None:
        """Count things of the input, before anything is done with them."""
        with self._counting:
            self._seen += number

    def held(self, source: str) -> tuple[int, str | None] | None:
        """Size and modification time (as in the ledger) of a file that an interrupted run of this
        acquisition already kept, by its source URI; None if it did not."""
        return self._held.get(source)

    def skip_held(self) -> None:
        """Count one thing of the input as held from before an interruption."""
        with self._counting:
            self._already += 1

    def observations(self) -> tuple[Observation, ...]:
        """What the ledger holds so far: a resumed collection asks only for the rest."""
        with self._mutex:
            self.commit()
            path = self.folder / ledger.OBSERVATIONS
            return tuple(ledger.read_observation(line) for line in ledger.lines(path))

    def receive(self, source: BinaryIO, *, limit: int | None = None) -> Received:
        """Store and hash a stream under a temporary name. Heavy; may run in several threads.

        Raises:
            SourceError: the source could not be read; nothing is left behind.
            OSError: the target could not be written.
        """
        # No lock here: a group on its way to the medium must not keep others from receiving.
        name = f"{next(self._partials)}{durable.PARTIAL}"
        return files.receive(source, self.folder / ledger.FOLDER / name, limit=limit)

    def keep(self, received: Received, facts: FileFacts) -> EvidenceItem:
        """Make received bytes an evidence item; durable at the latest when this closes."""
        with self._mutex:
            self._files += 1
            line = self._file_line(received, facts)
            self._group.append((received, line))
            self._kept_now += 1
            self._commit_if_due()
        return ledger.read_item(self.number, self._relative(), line, self.request.source)

    def add_file(self, source: BinaryIO, facts: FileFacts) -> EvidenceItem:
        """`receive` and `keep` in one."""
        return self.keep(self.receive(source), facts)

    def add_gap(self, gap: Gap, *, counted: bool = False) -> None:
        """Record what could not be observed or read.

        Args:
            gap: with its reason.
            counted: it stands for one thing of the input (`saw`), which is not kept.
        """
        line = ledger.gap_line(gap, at=clock.now(), counted=counted)
        with self._mutex:
            self._gapped_now += counted
            if _without_time(line) in self._told:
                return  # an interrupted run of this acquisition has recorded it
            self._gaps.append(line)
            self._commit_if_due()

    def add_exchange(self, members: Sequence[tuple[str, bytes]]) -> tuple[WarcPointer, ...]:
        """Append WARC records to api.warc.gz.

        Args:
            members: kind (`warcinfo`, `request`, `response` …) and gzip member of each record.

        Returns:
            Where they are; cite them in an observation.
        """
        with self._mutex:
            made = tuple(self._place(kind, member) for kind, member in members)
            self._commit_if_due()
        return made

    def pointer(self, record: int) -> WarcPointer:
        """Where WARC record number `record` (from 1) is."""
        return self._pointers[record - 1]

    def add_observation(self, observation: Observation) -> None:
        """One line of the ledger of observations, exactly one for every attempt."""
        line = ledger.observation_line(observation)
        with self._mutex:
            self._observations.append(line)
            self._commit_if_due()

    def commit(self) -> None:
        """Make everything so far durable, in the order of the module's step 2 and 3."""
        with self._mutex:
            self._commit_files()
            if self._members:
                durable.append(self.folder / ledger.WARC, b"".join(self._members))
                self._members.clear()
            self._append(ledger.OBSERVATIONS, self._observations)
            self._append(ledger.GAPS, self._gaps)
            self._group_since = clock.reading().mono_ns

    def close(self, *, clock_offset: Mapping[str, Any] | None = None) -> ManifestSummary:
        """Reconcile, write acquisition.json and the manifest, record `acquisition.close`.

        Args:
            clock_offset: our clock against the provider's, as measured; None = not measured.
        """
        with self._mutex:
            self.commit()
            counts = self.counts
            assert counts["seen"] == counts["kept"] + counts["gaps"] + counts["already"], counts
            self.summary = finish(
                self._session, self.number, self.folder, run=counts, clock_offset=clock_offset
            )
            self._medium.close()
            record = next(ledger.lines(self.folder / RECORD))
            assert record["files"] == self._files, (record["files"], self._files)
        return self.summary

    def abandon(self) -> None:
        """Leave the acquisition open after an error: what the ledger holds stays."""
        with self._mutex:
            for received, _ in self._group:
                with suppress(OSError):
                    files.discard(received)
            self._group.clear()
            self._medium.close()

    def _relative(self) -> PurePosixPath:
        return PurePosixPath(self.folder.parent.name) / self.folder.name

    def _file_line(self, received: Received, facts: FileFacts) -> dict[str, Any]:
        shown = facts.name if isinstance(facts.name, str) else facts.name.decode("ascii", "replace")
        return {
            "acquired_at": clock.stamp(clock.now()),
            "bytes": received.size,
            "content_note": received.content_note,
            "content_sha256": received.content_sha256,
            "headers": [list(pair) for pair in facts.headers],
            "item": f"EV-{self.number}.f{self._files}",
            "metadata": dict(facts.metadata),
            "modified_at": ledger.when(facts.modified_at),
            "observed_at": ledger.when(facts.observed_at),
            "observed_by": facts.observed_by,
            "recovered": False,
            "sha256": received.digest.sha256,
            "sha512": received.digest.sha512,
            "source": facts.source,
            "stored": f"{ledger.FOLDER}/{files.stored_name(self._files, shown)}",
            "version_id": facts.version_id,
            **ledger.text_field("name", facts.name),
        }

    def _place(self, kind: str, member: bytes) -> WarcPointer:
        last = self._pointers[-1] if self._pointers else None
        pointer = WarcPointer(
            record=len(self._pointers) + 1,
            kind=kind,
            offset=last.offset + last.length if last else 0,
            length=len(member),
            digest=files.digest_of(member),
        )
        self._pointers.append(pointer)
        self._members.append(member)
        return pointer

    def _commit_if_due(self) -> None:
        waiting = len(self._group) + len(self._gaps) + len(self._members) + len(self._observations)
        size = sum(map(len, self._members))
        age = clock.reading().mono_ns - self._group_since
        if waiting >= GROUP_FILES or size >= GROUP_BYTES or age >= GROUP_SECONDS * NS:
            self.commit()

    def _commit_files(self) -> None:
        if not self._group:
            return
        group, self._group = self._group, []
        self._medium.flush_all([received.partial for received, _ in group])
        pending = b"".join(
            canonical.line({"line": line, "partial": received.partial.name})
            for received, line in group
        )
        recovery.write_pending(self.folder, pending)
        for received, line in group:
            durable.rename_once(received.partial, self.folder / line["stored"])
        durable.flush_folder(self.folder / ledger.FOLDER)
        self._append(ledger.FILES, [line for _, line in group])

    def _append(self, name: str, waiting: list[dict[str, Any]]) -> None:
        if waiting:
            durable.append(self.folder / name, b"".join(canonical.line(one) for one in waiting))
            waiting.clear()


def _without_time(gap: Mapping[str, Any]) -> bytes:
    return canonical.encode({key: value for key, value in gap.items() if key != "at"})


@contextmanager
def acquire(session: Session, request: Request) -> Iterator[AcquisitionWriter]:
    """Open an acquisition, or continue the one that an interruption left open for the same request.

    Acquisitions left open by other requests are put right and closed as interrupted first.

    Raises:
        IncompleteError: the medium refused (disk full); the same call continues later.
    """
    resumed = _settle(session, request)
    number, folder = resumed or _open(session, request)
    writer = AcquisitionWriter(session, request, number, folder)
    try:
        yield writer
        if writer.summary is None:
            writer.close()
    except OSError as error:
        writer.abandon()
        raise IncompleteError(
            f"{folder.name}: stopped part-way: {error.strerror or error}. What the ledger holds is "
            "whole. Make room or give permission, then run the same command again: it continues."
        ) from error
    except BaseException:
        writer.abandon()
        raise


def finish(
    session: Session,
    number: int,
    folder: Path,
    *,
    run: Mapping[str, int] | None,
    clock_offset: Mapping[str, Any] | None = None,
) -> ManifestSummary:
    """Step 4: acquisition.json, manifest, custody, read-only. `run` is None if interrupted."""
    recovery.drop_pending(folder)
    record = closed_record(folder, number, run=run, clock_offset=clock_offset)
    durable.write_once(folder / RECORD, canonical.line(record))
    (folder / START).unlink(missing_ok=True)
    summary = manifest.write(folder, recovery.manifest_lines(folder))
    session.record(
        "acquisition.close",
        why="ended by itself" if run is not None else "closed after an interruption",
        data={"acq": number, "manifest": summary.as_data()},
    )
    recovery.make_read_only(folder)
    return summary


def _settle(session: Session, request: Request) -> tuple[int, Path] | None:
    """Put open acquisitions right; returns the one that this request continues."""
    wanted = None
    for number, folder in recovery.unclosed(session.case, session.entries):
        recovery.repair(session, number, folder)
        if wanted is None and fingerprint(folder) == request.fingerprint():
            wanted = (number, folder)
        else:
            recovery.note_interruption(folder, number)
            finish(session, number, folder, run=None)
    return wanted


def _open(session: Session, request: Request) -> tuple[int, Path]:
    """Step 1."""
    opened = [one.data["acq"] for one in session.entries if one.action == "acquisition.open"]
    number = max(opened, default=0) + 1
    now = clock.reading()
    name = f"{number:04d}-{clock.compact(now.at)}-{request.tail()}"
    session.record(
        "acquisition.open",
        why=request.why,
        data={"acq": number, "dir": f"evidence/{name}", "source": request.source},
    )
    folder = session.case / "evidence" / name
    recovery.make_folder(folder)
    write_start(session, folder, request, number=number, now=now)
    return number, folder
