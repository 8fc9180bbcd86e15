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

Groups are written one after the other; while one is on its way to the medium the next fills up, and
no further. After a write that failed nothing more is written: the ledgers stay as they were.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from collector import canonical, clock, durable, files, ledger, manifest, recovery
from collector.acquisition_group import Group
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
from collector.index import Index, key
from collector.manifest import ManifestSummary
from collector.model import Digest, EvidenceItem, Gap, Observation, Origin, WarcPointer
from collector.places import Places
from collector.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What is known of a file beside its bytes.

    Attributes:
        name: true name as received: text, or bytes that are not UTF-8. Hostile; kept, never used.
        source: URI it was read from.
        version_id: the provider's version, None if there is none.
        headers: response headers in order; none where no HTTP answer brought the file.
        metadata, modified_at: the provider's user metadata; the file's own time stamp as received.
        observed_at, observed_by: when the provider's state was observed, and who stated so.
        origin: what it was in the case that it comes from, None if it comes from none.
    """

    name: str | bytes
    source: str
    version_id: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    modified_at: datetime | None = None
    observed_at: datetime | None = None
    observed_by: str | None = None
    origin: Origin | None = None


class AcquisitionWriter:
    """An open acquisition. Safe to use from several threads; made by `acquire` only."""

    def __init__(self, session: Session, request: Request, number: int, folder: Path) -> None:
        """Take up the ledgers as they stand (empty, or what an interrupted run left)."""
        self.number = number
        self.folder = folder
        self.request = request
        self.summary: ManifestSummary | None = None
        self._session = session
        # Never taken the other way round: `_writing` holds a group on its way, `_mutex` the next.
        self._writing = threading.RLock()
        self._mutex = threading.RLock()
        self._counting = threading.Lock()
        self._medium = durable.Medium(folder / ledger.FOLDER)
        self._partials = count(1)
        self._group = Group()
        self._failed = False
        self._seen = self._already = self._kept_now = self._gapped_now = 0
        self._held, self._told, self._places = Index(), Index(), Places()
        self._files = 0
        for line in ledger.lines(folder / ledger.FILES):
            self._files += 1
            held = json.dumps([line["bytes"], line["modified_at"]])
            self._held.put(key(line["source"]), held)
        for line in ledger.lines(folder / ledger.GAPS):
            self._told.put(_without_time(line), "")
        for pointer in recovery.pointers(folder / ledger.WARC):
            self._places.add(pointer)

    @property
    def resumed(self) -> bool:
        """Whether this continues what an interruption left."""
        return bool(len(self._held) or len(self._places))

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
        if not len(self._held):
            return None
        with self._mutex:
            held = self._held.get(key(source))
        return None if held is None else tuple(json.loads(held))

    def skip_held(self) -> None:
        """Count one thing of the input as held from before an interruption."""
        with self._counting:
            self._already += 1

    def observations(self) -> Iterator[Observation]:
        """What the ledger holds so far: a resumed collection asks only for the rest."""
        self.commit()
        return map(ledger.read_observation, ledger.lines(self.folder / ledger.OBSERVATIONS))

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
        line = self._file_line(received, facts)
        shown = facts.name if isinstance(facts.name, str) else facts.name.decode("ascii", "replace")
        with self._mutex:
            # Numbered and put into the group in one step: numbers on disk have no holes.
            self._files += 1
            line["item"] = f"EV-{self.number}.f{self._files}"
            line["stored"] = f"{ledger.FOLDER}/{files.stored_name(self._files, shown)}"
            self._group.files.append((received, line))
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
            self._group.gaps.append(line)
        self._commit_if_due()

    def add_exchange(self, members: Sequence[tuple[str, bytes]]) -> tuple[WarcPointer, ...]:
        """Append WARC records to api.warc.gz.

        Args:
            members: kind (`warcinfo`, `request`, `response` …) and gzip member of each record.

        Returns:
            Where they are; cite them in an observation.
        """
        digests = [files.digest_of(member) for _, member in members]
        with self._mutex:
            made = tuple(
                self._place(kind, member, digest)
                for (kind, member), digest in zip(members, digests, strict=True)
            )
        self._commit_if_due()
        return made

    def pointer(self, record: int) -> WarcPointer:
        """Where WARC record number `record` (from 1) is."""
        with self._mutex:
            return self._places.at(record)

    def add_observation(self, observation: Observation) -> None:
        """One line of the ledger of observations, exactly one for every attempt."""
        line = ledger.observation_line(observation)
        with self._mutex:
            self._group.observations.append(line)
        self._commit_if_due()

    def commit(self) -> None:
        """Make everything so far durable, in the order of the module's step 2 and 3.

        Raises:
            OSError: the medium refused, now or before.
        """
        self._commit(lambda group: True)

    def _commit_if_due(self) -> None:
        # Looked at without the lock first: most calls end here.
        if self._group.due():
            self._commit(Group.due)

    def _commit(self, wanted: Callable[[Group], bool]) -> None:
        with self._writing:
            with self._mutex:
                if not wanted(self._group):
                    return  # another thread was faster
                group, self._group = self._group, Group()
            if self._failed:
                raise OSError("an earlier write of this acquisition failed")
            # Cleared only by success: records behind a hole would be at other offsets than cited.
            self._failed = True
            group.write(self.folder, self._medium)
            self._failed = False

    def close(self, *, clock_offset: Mapping[str, Any] | None = None) -> ManifestSummary:
        """Reconcile, write acquisition.json and the manifest, record `acquisition.close`.

        Args:
            clock_offset: our clock against the provider's, as measured; None = not measured.
        """
        with self._writing:
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
        with self._writing, self._mutex:
            for received, _ in self._group.files:
                with suppress(OSError):
                    files.discard(received)
            self._group = Group()
            self._medium.close()

    def _relative(self) -> PurePosixPath:
        return PurePosixPath(self.folder.parent.name) / self.folder.name

    def _file_line(self, received: Received, facts: FileFacts) -> dict[str, Any]:
        return {
            "acquired_at": clock.stamp(clock.now()),
            "bytes": received.size,
            "content_note": received.content_note,
            "content_sha256": received.content_sha256,
            "headers": [list(pair) for pair in facts.headers],
            "metadata": dict(facts.metadata),
            "modified_at": ledger.when(facts.modified_at),
            "observed_at": ledger.when(facts.observed_at),
            "observed_by": facts.observed_by,
            "recovered": False,
            "sha256": received.digest.sha256,
            "sha512": received.digest.sha512,
            "source": facts.source,
            "version_id": facts.version_id,
            **ledger.text_field("name", facts.name),
            **ledger.origin_field(facts.origin),
        }

    def _place(self, kind: str, member: bytes, digest: Digest) -> WarcPointer:
        pointer = WarcPointer(
            record=len(self._places) + 1, kind=kind, offset=self._places.end, length=len(member),
            digest=digest,
        )  # fmt: skip
        self._places.add(pointer)
        self._group.members.append(member)
        self._group.size += len(member)
        return pointer


def _without_time(gap: Mapping[str, Any]) -> bytes:
    line = canonical.encode({name: value for name, value in gap.items() if name != "at"})
    return key(line.decode("ascii"))


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
    summary = manifest.write_ordered(folder, recovery.manifest_lines(folder))
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
