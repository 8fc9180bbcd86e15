"""Writing that survives a power cut: what is reported as written is on the medium.

Order everywhere: bytes under a temporary name, flushed; then a rename that never replaces; then
the folder flushed. Only after that does a ledger line say that the file is there.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path

#: Suffix of a name that is not yet evidence: never counted, removed or adopted after a crash.
PARTIAL = ".partial"
#: Windows writes CR LF for LF through a descriptor that was not opened for bytes.
BINARY = getattr(os, "O_BINARY", 0)
#: Fewer files than this are flushed one by one.
FEW = 8


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


class Medium:
    """The file system that a folder is on, to flush many small files there at once.

    Linux can flush a whole file system in one call, which costs a tenth of a call for each file,
    and reports errors of writing since the descriptor was opened: so one is held open.
    """

    def __init__(self, folder: Path) -> None:
        """Hold `folder` open."""
        self._descriptor = os.open(folder, os.O_RDONLY) if sys.platform == "linux" else None

    def flush_all(self, paths: Sequence[Path]) -> None:
        """Bring the bytes of closed files to the medium."""
        if self._descriptor is not None and len(paths) >= FEW:
            _syncfs(self._descriptor)
            return
        with ThreadPoolExecutor(max_workers=8) as pool:
            for _ in pool.map(_flush_path, paths):
                pass

    def close(self) -> None:
        """Let go of the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _flush_path(path: Path) -> None:
    # r+b, because Windows flushes only what is open for writing.
    with path.open("r+b") as file:
        flush(file.fileno())


def _syncfs(descriptor: int) -> None:
    """syncfs(2): not in Python's os module."""
    if _c_library().syncfs(descriptor) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _renameat2(source: Path, target: Path) -> bool:
    """renameat2(2) with RENAME_NOREPLACE; False where kernel or file system do not have it."""
    call = getattr(_c_library(), "renameat2", None)
    here, no_replace = -100, 1
    if call is None:
        return False
    if call(here, os.fsencode(source), here, os.fsencode(target), no_replace) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL):
        return False
    raise OSError(code, os.strerror(code), str(source), None, str(target))


#: What a volume without hard links answers; EINVAL: FAT under Windows.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL)


@cache
def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


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

    Linux has a call for it. Elsewhere a hard link is refused by the file system if the name is
    taken; volumes without hard links (FAT, some network shares) get a check instead, which holds
    because one writer has the lock.

    Raises:
        FileExistsError: `target` exists; both files are left as they are.
    """
    if sys.platform == "linux" and _renameat2(source, target):
        return
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "name is taken", str(target)) from error
        source.rename(target)
        return
    source.unlink()


def write_once(target: Path, data: bytes | Iterable[bytes]) -> None:
    """One file from its bytes, whole or in pieces; durable and never replaced.

    Raises:
        FileExistsError: `target` exists.
    """
    partial = target.with_name(target.name + PARTIAL)
    with partial.open("wb") as file:
        file.writelines((data,) if isinstance(data, bytes) else data)
        file.flush()
        flush(file.fileno())
    rename_once(partial, target)
    flush_folder(target.parent)


def append(target: Path, data: bytes) -> None:
    """Bytes at the end of a ledger, durable when this returns; the file is made if missing."""
    made = not target.exists()
    descriptor = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | BINARY, 0o600)
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
