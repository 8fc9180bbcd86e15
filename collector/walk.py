"""Walking what was handed over: every name comes out once, as a file to read or as a gap.

Symbolic links inside are not followed (they may leave the tree, or turn back into it); what they
point to is recorded. A path that the user names is followed, because the user named it.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collector.model import Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A regular file.

    Attributes:
        path: where it is; may hold bytes that are not UTF-8 (surrogate escapes).
        name: true name: the named path's last part and the way below it, `/` between, as bytes.
    """

    path: Path
    name: bytes


def walk(root: Path, *, skip: Path) -> Iterator[Found | Gap]:
    """Everything under a path, in the order of the names' bytes.

    Args:
        root: a file or folder.
        skip: the case folder itself, which is not read into itself.
    """
    name = os.fsencode(root.name or root.resolve().name or "root")
    try:
        state = root.stat()
    except OSError as error:
        yield unreadable(name, error)
        return
    if not stat.S_ISDIR(state.st_mode):
        # Resolved, because the reader refuses links that take a file's place.
        yield _one(root.resolve(), name, state.st_mode)
        return
    found = False
    for one in _below(root, name, ((state.st_dev, state.st_ino),), skip):
        found = True
        yield one
    if not found:
        yield Gap(
            kind="failed",
            subject=shown(name),
            reason="expected files, found an empty folder",
        )


def _below(
    folder: Path, name: bytes, above: tuple[tuple[int, int], ...], skip: Path
) -> Iterator[Found | Gap]:
    """Entries of a folder, depth first; `above` are the folders on the way, against loops."""
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield unreadable(name, error)
        return
    for entry in entries:
        path, inner = folder / entry.name, name + b"/" + os.fsencode(entry.name)
        try:
            state = entry.stat(follow_symlinks=False)
        except OSError as error:
            yield unreadable(inner, error)
            continue
        if not stat.S_ISDIR(state.st_mode):
            yield _one(path, inner, state.st_mode)
        elif (state.st_dev, state.st_ino) in above:
            yield Gap(kind="unreadable", subject=shown(inner), reason=_LOOP)
        elif path.resolve() == skip:
            yield Gap(kind="not_requested", subject=shown(inner), reason=_SELF)
        else:
            yield from _below(path, inner, (*above, (state.st_dev, state.st_ino)), skip)


_LOOP = "expected a folder of its own, found one that leads back to a folder above it: not entered"
_SELF = "expected handed-over material, found this case folder: not read into itself"


def _one(path: Path, name: bytes, mode: int) -> Found | Gap:
    if stat.S_ISREG(mode):
        return Found(path=path, name=name)
    if stat.S_ISLNK(mode):
        try:
            target = shown(os.fsencode(path.readlink()))
        except OSError as error:
            return unreadable(name, error)
        return Gap(
            kind="not_requested",
            subject=shown(name),
            reason=f"expected a file, found a symbolic link to {target!r}: not followed. Import "
            "its target if it belongs to the material.",
        )
    return Gap(
        kind="unreadable",
        subject=shown(name),
        reason=f"expected a file, found {_kind(mode)}: not read",
    )


def unreadable(name: bytes, error: OSError) -> Gap:
    """A gap for what the system refuses: `denied` for lack of permission, else `failed`."""
    kind = "denied" if isinstance(error, PermissionError) else "failed"
    return Gap(
        kind=kind,
        subject=shown(name),
        reason=f"expected a readable file or folder, found: {error.strerror or error}",
    )


def shown(name: bytes) -> str:
    """A hostile name for people: bytes that are not UTF-8 as `\\xe9`."""
    return name.decode("utf-8", "backslashreplace")


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a block device"),
        (stat.S_ISCHR, "a character device"),
    )
    return next((word for test, word in kinds if test(mode)), "something that is not a file")
