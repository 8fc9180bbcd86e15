"""Recorded exchanges with a provider: which answers show a state, where their bytes are.

An observation of the ledger says what was asked, about what, and how it ended; its answers are
evidence items of their own (`EV-3.w17`), one WARC response record each. Only OBSERVED and ABSENT
speak of the state. The other outcomes are gaps since they were collected: no document is made of
a refusal, so that what was refused stays unknown and is never empty.

The time of an answer is that of its record, when it was complete: an observation that was written
after an interruption may rest on an answer from before it. The pages of one listing bear the time
of the last one.
"""

import zlib
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from collector import ledger, store, warc
from collector.model import EvidenceItem, Gap, Observation, Outcome
from timeline.normalize import split
from timeline.normalize.aws import answers_collected as provider
from timeline.normalize.model import BROKEN, Record, Snapshot

#: What follows the block of a WARC record.
_END = len(warc.CRLF + warc.CRLF)


class Received(NamedTuple):
    """One answer with the place of its body, and of its head, in the item's decompressed stream."""

    answer: warc.Answer
    offset: int
    head: int
    header: bytes

    @property
    def locator(self) -> str:
        """`record@offset+length` of the body."""
        return f"0@{self.offset}+{len(self.answer.response.body)}"

    @property
    def accepted(self) -> bool:
        """Whether it is what was asked for, and whole."""
        response = self.answer.response
        whole = not response.truncated and self.answer.error is None
        return whole and 200 <= response.status < 300

    def text(self) -> bytes:
        """The body, with the provider's content coding undone.

        Raises:
            ValueError: it is coded in a way that is not known, or broken.
        """
        response = self.answer.response
        coding = (response.header("content-encoding") or "identity").strip().lower()
        if coding in ("identity", "", "aws-chunked"):
            return response.body
        if coding != "gzip":
            raise ValueError(f"expected a body without coding or in gzip, found {coding!r}")
        try:
            return zlib.decompress(response.body, 31)
        except zlib.error as error:
            raise ValueError(f"expected a body in gzip, found {error}") from error


def is_exchange(item: EvidenceItem) -> bool:
    """Whether an item is an answer in a WARC file, not a file of its own."""
    return item.path.name == ledger.WARC


def received(member: bytes) -> Received:
    """The answer in the stored bytes of an item.

    Raises:
        ValueError: they are not one whole response record.
    """
    try:
        answer = warc.answer_in(member)
        data = zlib.decompress(member, 31)
        head = data.index(warc.CRLF + warc.CRLF) + _END
    except (zlib.error, KeyError) as error:
        raise ValueError(f"expected one response record, found {error!r}") from error
    offset = len(data) - _END - len(answer.response.body)
    return Received(answer, offset, head, data[head:offset])


def records(page: Received) -> tuple[Record, ...]:
    """Records of a JSON answer, placed in the item's decompressed stream.

    None of an answer that refuses or was not whole: how it ended is in the ledger. None of a
    packed body either: a record of it has no place of its own.

    Raises:
        ValueError: the body cannot be unpacked.
    """
    body = page.answer.response.body
    if not page.accepted or page.text() != body or body[:1] != b"{":
        return ()
    return tuple(
        record._replace(offset=page.offset + record.offset)
        for record in split.json_records(iter((body,)))
    )


def snapshots(
    case: Path, items: Sequence[EvidenceItem]
) -> tuple[tuple[Snapshot, ...], tuple[Gap, ...]]:
    """Answers of every closed collection that show a state, in order, and those not readable.

    Args:
        case: case folder.
        items: evidence items of the case; an answer that is not among them was withdrawn, which
            is a gap of the store.
    """
    known = {item.uid: item for item in items if is_exchange(item)}
    found: list[Snapshot] = []
    gaps: list[Gap] = []
    for acquisition, observation in store.observations(case):
        kind = provider.KINDS.get(observation.operation)
        if kind is None or observation.outcome not in (Outcome.OBSERVED, Outcome.ABSENT):
            continue
        shown, missing = _of(case, acquisition.number, observation, kind, known)
        found += shown
        gaps += missing
    return tuple(found), tuple(gaps)


def _of(
    case: Path,
    acquisition: int,
    observation: Observation,
    kind: str,
    known: Mapping[str, EvidenceItem],
) -> tuple[list[Snapshot], list[Gap]]:
    """Snapshots of one observation: a page each, or the one answer that says "there is none"."""
    uids = [
        f"EV-{acquisition}.w{one.record}" for one in observation.records if one.kind == "response"
    ]
    gaps: list[Gap] = []
    pages: list[tuple[EvidenceItem, Received]] = []
    for item in (known[uid] for uid in uids if uid in known):
        try:
            with store.open_item(case, item) as file:
                pages.append((item, received(file.read())))
        except ValueError as error:
            gaps.append(_gap(item, str(error), None))
    if observation.outcome is Outcome.OBSERVED:
        pages = [page for page in pages if page[1].accepted]
    else:
        pages = pages[-1:]
    if not pages and all(uid in known for uid in uids) and not gaps:
        reason = f"expected the answer of an observation {observation.outcome}, found no record"
        gaps.append(Gap(kind="unreadable", subject=_name(observation), reason=reason))
    found = []
    for item, page in pages:
        try:
            found.append(_snapshot(item, page, pages[-1][1], observation, kind))
        except (ValueError, *BROKEN) as error:
            gaps.append(_gap(item, f"expected a readable answer, found {error}", page.locator))
    return found, gaps


def _snapshot(
    item: EvidenceItem, page: Received, last: Received, observation: Observation, kind: str
) -> Snapshot:
    asked = observation.parameters.get("asked")
    locator, cited, body = page.locator, page.answer.response.body, None
    if kind == provider.HEADERS_ALONE:
        headers = {name.lower(): value for name, value in page.answer.response.headers}
        locator, cited = f"0@{page.head}+{len(page.header)}", page.header
        body = {"Headers": headers}
    return Snapshot(
        kind=kind,
        item=item,
        locator=locator,
        observed_at=(page if kind in provider.PAGE_BY_PAGE else last).answer.at,
        sha256=sha256(cited).hexdigest(),
        body=body or provider.decoded(page.text()),
        about=provider.about(
            observation.resource, observation.account, asked if isinstance(asked, Mapping) else {}
        ),
    )


def _gap(item: EvidenceItem, reason: str, locator: str | None) -> Gap:
    return Gap(
        kind="not_understood", subject=item.name, reason=reason, item=item.uid, locator=locator
    )


def _name(observation: Observation) -> str:
    return f"{observation.operation} {observation.resource}"
