"""Writing that survives a power cut: what is reported as written is on the medium.

Order everywhere: bytes under a temporary name, flushed; then a rename that never replaces; then
the folder flushed. Only after that does a ledger line say that the file is there.
"""

import errno
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

#: Suffix of a name that is not yet evidence: never counted, removed or adopted after a crash.
PARTIAL = ".partial"


def flush(descriptor: int) -> None:
    """Bring a file's bytes to the medium.

    macOS keeps fsync'ed bytes in the drive's cache; F_FULLFSYNC asks the drive as well.
    """
    if sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:  # network volumes refuse it: fsync below is all there is
            os.fsync(descriptor)
        return
    os.fsync(descriptor)


def flush_all(descriptors: Iterable[int]) -> None:
    """Flush several files at once: one journal commit then serves many of them."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        for _ in pool.map(flush, descriptors):
            pass


def flush_folder(folder: Path) -> None:
    """Bring the names of a folder to the medium (not possible, and not needed, on Windows)."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename_once(source: Path, target: Path) -> None:
    """Rename that does not replace.

    A hard link is refused by the file system if the name is taken; volumes without hard links
    (FAT, some network shares) get a check instead, which holds because one writer has the lock.

    Raises:
        FileExistsError: `target` exists; both files are left as they are.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "name is taken", str(target)) from error
        source.rename(target)
        return
    source.unlink()


def write_once(target: Path, data: bytes) -> None:
    """One small file, durable and never replaced.

    Raises:
        FileExistsError: `target` exists.
    """
    partial = target.with_name(target.name + PARTIAL)
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        flush(file.fileno())
    rename_once(partial, target)
    flush_folder(target.parent)


def append(target: Path, data: bytes) -> None:
    """Bytes at the end of a ledger, durable when this returns; the file is made if missing."""
    made = not target.exists()
    descriptor = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    size = os.fstat(descriptor).st_size
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        flush(descriptor)
    except OSError:
        # A full disk takes half a line: give the half back, so that the ledger ends in a whole one.
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        raise
    finally:
        os.close(descriptor)
    if made:
        flush_folder(target.parent)
