"""Digests, log files and public keys inside archives that were handed over whole.

Each archive is read once, archives in it included. Digests and keys are small and kept; of a log
file only the digest that the provider signs is kept. What cannot be read to its end is said.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from collector.archives import Cut
from collector.aws import digests
from collector.verify import archive
from collector.verify.archive import Inner
from collector.verify.holdings import Held, Inside
from collector.verify.report import Discrepancy

#: A log file's own name; the same in every version of the format.
LOG = re.compile(
    r"([0-9]{12})_CloudTrail_([a-z0-9-]+)_([0-9]{8}T[0-9]{4})Z_[A-Za-z0-9]+\.json(?:\.gz)?"
)


def base(name: str) -> str:
    """Last part of a name, whatever system it comes from."""
    return re.split(r"[/\\]", name)[-1]


def unfold(files: Iterable[Held]) -> tuple[tuple[Held, ...], list[Discrepancy]]:
    """Files that concern the check, those in archives included, and what could not be read."""
    unfolded: list[Held] = []
    found: list[Discrepancy] = []
    for held in files:
        try:
            with held.place.open("rb", buffering=0) as stream:
                start = stream.read(digests.HEAD)
        except OSError:
            continue  # named as unreadable where files are held against manifests
        form = archive.kind(start, held.name)
        if form is None:
            head = digests.inflated_head(start)
            if LOG.fullmatch(base(held.name)) or digests.concerns(held.name, head):
                unfolded.append(held)
            continue
        for one in archive.files(held.place, form, held.path):
            if isinstance(one, Discrepancy):
                found.append(one)
                continue
            try:
                inside = _inside(one)
            except Cut as cut:
                found.append(archive.unread(one.path, cut.short))
                continue
            if inside is not None:
                unfolded.append(
                    replace(held, path=one.path, name=one.name, metadata={}, inside=inside)
                )
    return tuple(unfolded), found


def _inside(one: Inner) -> Inside | None:
    """What is kept of a file in an archive; None if it is none of ours."""
    head = digests.inflated_head(one.start)
    if LOG.fullmatch(base(one.name)):
        content = digests.stream_digest(lambda: one.rest.read(1 << 16), one.start)
        return Inside(head=head, body=b"", content=content)
    if digests.concerns(one.name, head):
        body = one.start + one.rest.read(digests.LIMIT)
        return Inside(head=head, body=body, content=None)
    return None
