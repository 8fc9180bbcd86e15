"""What is inside an archive that was handed over, for a provider's integrity check.

Archives in it are entered to the depth of `archives.DEPTH`. What cannot be read, or is not entered,
"could not be checked", and is named; the rest is read on. Each file may be read until the next one
is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collector import archives
from collector.archives import Allowance, Cut, Reader
from collector.verify.report import Discrepancy, unchecked

_ZIP_NAMES = (".zip",)
_TAR_NAMES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_OTHER_NAMES = (".7z", ".rar", ".tar.zst", ".tzst")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A file in an archive.

    Attributes:
        name: its name in the innermost archive, printable.
        path: that of the stored archive, then the names that lead to it, `!/` between; the second
            of a name has `#2` after it.
        start: its first bytes.
        rest: the bytes after them; its breaks are `Cut`.
    """

    name: str
    path: str
    start: bytes
    rest: Reader


def kind(head: bytes, name: str) -> str | None:
    """`zip`, `tar`, `other` (an archive of a kind that is not read), or None.

    By first bytes; where these say nothing by the name: damage is not passed over.
    """
    lower = name.lower()
    if lower.endswith(_OTHER_NAMES):
        return "other"
    named = "zip" if lower.endswith(_ZIP_NAMES) else "tar" if lower.endswith(_TAR_NAMES) else None
    return archives.form_of(head) or named


def files(place: Path, form: str, path: str) -> Iterator[Inner | Discrepancy]:
    """Every file in a stored archive and in archives in it, and what could not be looked into.

    Args:
        place: the archive.
        form: as `kind` gives it.
        path: of the archive, as printed.
    """
    with place.open("rb") as stream:
        yield from _inside(stream, form, path, Allowance.of(place.stat().st_size), 1)


def _inside(
    stream: Reader, form: str, path: str, allowance: Allowance, depth: int
) -> Iterator[Inner | Discrepancy]:
    if form == "other":
        yield unread(path, "an archive of a kind that is not read")
        return
    try:
        for member in archives.members(stream, form, allowance):
            name, here = _shown(member.name), f"{path}!/{_shown(member.label)}"
            if member.problem is not None:
                if member.problem.short != archives.LINK:
                    yield unread(here, member.problem.short)
                continue
            try:
                start = archives.filled(member.stream, archives.HEAD)
            except Cut as cut:
                yield unread(here, cut.short)
                continue
            inner = kind(start, name)
            if inner is None:
                yield Inner(name=name, path=here, start=start, rest=member.stream)
            elif depth == archives.DEPTH:
                yield unread(here, f"nested deeper than {archives.DEPTH} archives: not entered")
            else:
                whole = archives.Rejoined(start, member.stream)
                yield from _inside(whole, inner, here, allowance, depth + 1)
    except Cut as cut:
        yield unread(path, cut.short)


def unread(path: str, said: str) -> Discrepancy:
    """What could not be read to its end."""
    return unchecked("provider-archive", path, "an archive to its end", said)


def _shown(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
