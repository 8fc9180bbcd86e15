"""Step 7, what a provider's own integrity check works on: held files and archived API answers.

Read straight from the ledgers, leniently: a case whose custody is broken is still checked as far
as it goes. Whatever a ledger says here is covered by the manifest checked in step 3.
"""

import base64
import json
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import ledger, warc
from collector.verify.files import Acquired
from collector.verify.report import Discrepancy

#: Records that inflate beyond this are not looked into: what is looked for is small.
LIMIT = 1 << 26

_STORED = re.compile(r"files/[0-9]{8,}-[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What was read of a member of an archive, where it is not a file of its own.

    Attributes:
        head: its first bytes, inflated if they are gzip.
        body: its bytes, where the check needs them, else empty.
        content: digest of its inflated content and what its container is, where that is enough.
    """

    head: bytes
    body: bytes
    content: tuple[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One stored file, or one member of a stored archive.

    Attributes:
        uid: id of the evidence item.
        path: stored path as reports print it; `!/` and the member's name for a member.
        place: where its bytes, or those of its archive, are.
        name: true name as received; of a member its name in the archive.
        source: URI it came from.
        metadata: the provider's user metadata, empty where a hand-over lost it.
        inside: what was read of a member; None for a file of its own.
    """

    uid: str
    path: str
    place: Path
    name: str
    source: str
    metadata: Mapping[str, str]
    inside: Inside | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One archived API exchange: bodies of the request and of a successful answer."""

    request: bytes
    response: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Everything of a case that a provider's integrity check may look at.

    `files` and `answers` are read anew each time they are gone through, so that a check keeps only
    what concerns it.
    """

    files: Iterable[Held]
    answers: Iterable[Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """Stored files of acquisitions, (folder, its path as printed) each, in order."""

    folders: tuple[tuple[Path, str], ...]

    def __iter__(self) -> Iterator[Held]:
        for folder, at in self.folders:
            yield from _files(folder, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """Archived exchanges of acquisitions, in order."""

    folders: tuple[Path, ...]

    def __iter__(self) -> Iterator[Answer]:
        for folder in self.folders:
            yield from _answers(folder / ledger.WARC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What such a check says; `part` is None if the case holds nothing of that provider."""

    discrepancies: tuple[Discrepancy, ...]
    part: Mapping[str, Any] | None
    notes: tuple[str, ...]


def of(root: Path, acquired: Iterable[Acquired], at: str) -> Holdings:
    """Holdings of every closed acquisition, in order."""
    folders: list[tuple[Path, str]] = []
    for one in acquired:
        if one.entry is not None and (root / one.folder).is_dir():
            folders.append((root / one.folder, f"{at}{one.folder}/"))
    return Holdings(
        files=_Files(folders=tuple(folders)),
        answers=_Answers(folders=tuple(folder for folder, _ in folders)),
    )


def _files(folder: Path, at: str) -> Iterator[Held]:
    path = folder / ledger.FILES
    if not path.is_file():
        return
    with path.open("rb") as file:
        yield from _held(folder, at, file)


def _held(folder: Path, at: str, rows: Iterable[bytes]) -> Iterator[Held]:
    for raw in rows:
        try:
            line = json.loads(raw)
            stored, uid, metadata = line["stored"], line["item"], line["metadata"]
            name = line["name"] if "name" in line else base64.b64decode(line["name_b64"])
        except (ValueError, KeyError, TypeError):
            continue
        place = folder / str(stored)
        if _STORED.fullmatch(str(stored)) and _regular(place):
            yield Held(
                uid=str(uid),
                path=at + str(stored),
                place=place,
                name=name.decode("latin-1") if isinstance(name, bytes) else str(name),
                source=str(line.get("source")),
                metadata=metadata if isinstance(metadata, dict) else {},
            )


def _regular(place: Path) -> bool:
    """Whether a file that is no link is there."""
    try:
        return stat.S_ISREG(place.lstat().st_mode)
    except OSError:
        return False


def _answers(path: Path) -> Iterator[Answer]:
    if not path.is_file():
        return
    request = b""
    try:
        for _, head, block in warc.records(path, limit=LIMIT):
            http, _, body = block.partition(b"\r\n\r\n")
            if head.get("WARC-Type") == "request":
                request = body
            elif head.get("WARC-Type") == "response" and http.split(b" ")[1:2] == [b"200"]:
                yield Answer(request=request, response=body)
    except (OSError, ValueError):
        return  # a damaged file is named by the manifest check; nothing is concluded from it
