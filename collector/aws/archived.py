"""Digests, log files and public keys inside archives that were handed over whole.

Each archive is read once. Digests and keys are small and kept; of a log file only the digest that
the provider signs is kept. An archive that cannot be read, or not to its end, is said.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from collector.aws import digests
from collector.verify import archive
from collector.verify.archive import ArchiveError, Member
from collector.verify.holdings import Held, Inside
from collector.verify.report import Discrepancy, unchecked

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
        form = archive.kind(held.place, held.name)
        if form is None:
            if LOG.fullmatch(base(held.name)) or digests.concerns(held):
                unfolded.append(held)
            continue
        try:
            for member in archive.members(held.place, form):
                start = archive.read(member.stream, digests.HEAD)
                if archive.form_of(start, member.name) is not None:
                    found.append(_nested(f"{held.path}!/{member.name}"))
                    continue
                inside = _inside(member, start)
                if inside is not None:
                    unfolded.append(
                        replace(
                            held,
                            path=f"{held.path}!/{member.name}",
                            name=member.name,
                            metadata={},
                            inside=inside,
                        )
                    )
        except ArchiveError as error:
            found.append(unchecked("provider-archive", held.path, "an archive to its end", error))
    return tuple(unfolded), found


def _nested(path: str) -> Discrepancy:
    said = "an archive in an archive, which is not entered"
    return unchecked("provider-archive", path, "files", said)


def _inside(member: Member, start: bytes) -> Inside | None:
    """What is kept of a member; None if it is none of ours."""
    head = digests.inflated_head(start)
    if LOG.fullmatch(base(member.name)):
        content = digests.stream_digest(lambda: archive.read(member.stream, 1 << 16), start)
        return Inside(head=head, body=b"", content=content)
    if digests.is_digest(member.name, head) or b'"PublicKeyList"' in head:
        body = start + archive.read(member.stream, digests.LIMIT)
        return Inside(head=head, body=body, content=None)
    return None
