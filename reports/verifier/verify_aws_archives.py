"""Step 7, archives that were handed over whole: digests, keys and log files inside.

Digests and keys are small and kept; of a log file only the digest that CloudTrail signs. What
cannot be read to its end, or is not entered, "could not be checked" and is named; the rest is read
on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from verify_archives import CUT, DAMAGE, DEPTH, HEAD, Closed, Reader, Stream, form_of
from verify_aws import LIMIT, LOG, head_of, stream_digest
from verify_report import Report


class Walk(Reader):
    """Everything in one stored archive that concerns the check."""

    def __init__(self, held: dict[str, Any], report: Report) -> None:
        """`held`: the stored file."""
        super().__init__(held["place"].stat().st_size)
        self.held, self.report = held, report
        self.found: list[dict[str, Any]] = []

    def run(self, form: str) -> list[dict[str, Any]]:
        """Held files for what concerns the check."""
        with self.held["place"].open("rb") as file:
            self.enter(file, form, self.held["path"], 1)
        return self.found

    def unread(self, path: str, said: object) -> None:
        """What could not be read to its end."""
        self.report.open("provider-archive", path, "an archive to its end", said)

    def enter(self, file: Any, form: str, path: str, depth: int) -> None:  # noqa: ANN401
        """One archive."""
        if form == "other":
            self.unread(path, "an archive of a kind that is not read")
            return
        try:
            for name, label, member in self.members(file, form):
                if member is not None:
                    self.member(member, name, f"{path}!/{label}", depth)
        except Closed as error:
            self.unread(path, error)
        except DAMAGE:
            self.unread(path, CUT)

    def member(self, member: Any, name: str, here: str, depth: int) -> None:  # noqa: ANN401
        """One file in an archive: another archive, something to keep, or neither."""
        if isinstance(member, str):
            self.unread(here, member)
            return
        try:
            stream = Stream(member)
            form = form_of(stream.peek(HEAD), name)
            if form is None:
                self.keep(stream, name, here)
            elif depth == DEPTH:
                self.unread(here, f"nested deeper than {DEPTH} archives: not entered")
            else:
                self.enter(stream, form, here, depth + 1)
        except Closed as error:
            self.unread(here, error)

    def keep(self, stream: Stream, name: str, path: str) -> None:
        """A digest, a key or a log file."""
        base, start = re.split(r"[/\\]", name)[-1], stream.read(HEAD)
        head, body, content = head_of(start), b"", None
        if LOG.fullmatch(base):
            content = stream_digest(stream, start)
        elif concerns(name, head):
            body = start + stream.read(LIMIT)
        else:
            return
        self.found.append(
            {**self.held, "base": base, "body": body, "content": content, "head": head,
             "metadata": {}, "name": name, "path": path}
        )  # fmt: skip


def concerns(name: str, head: bytes) -> bool:
    """Is it a digest, or does it hold public keys?"""
    marks = (b'"digestStartTime"', b'"PublicKeyList"')
    return "CloudTrail-Digest" in name or any(mark in head for mark in marks)


def unfold(files: Iterable[dict[str, Any]], report: Report) -> Iterator[dict[str, Any]]:
    """What concerns the check, of files and of members of archives."""
    for held in files:
        try:
            with held["place"].open("rb") as file:
                start = file.read(HEAD)
        except OSError:
            continue  # named as unreadable in step 3
        form = form_of(start, held["name"])
        if form is not None:
            yield from Walk(held, report).run(form)
        elif LOG.fullmatch(held["base"]) or concerns(held["name"], head_of(start)):
            yield held
