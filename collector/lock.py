"""One writer at a time. The lock is the operating system's and dies with the process that holds it;
beside it an information file says who holds it, for people.

A stale information file is therefore no obstacle: if the lock can be had, nobody holds it.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from collector import clock, identity
from collector.errors import CaseError

LOCK = ".lock"
HOLDER = ".lock.holder.json"


@contextmanager
def hold(case: Path, purpose: str) -> Iterator[None]:
    """Hold the case for writing until the block ends.

    Args:
        case: case folder.
        purpose: the command, for whoever is turned away.

    Raises:
        CaseError: another process holds it (named, with pid, host and since when), or the folder
            cannot be written to.
    """
    try:
        descriptor = os.open(case / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CaseError(
            f"{case}: expected a case folder that can be written to, found: {error.strerror}. "
            "Work on a copy, or give write permission."
        ) from error
    try:
        if not _take(descriptor):
            raise CaseError(_held_by(case))
        _write_holder(case, purpose)
        try:
            yield
        finally:
            with suppress(OSError):
                (case / HOLDER).unlink()
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    """Whether the lock was free and is now ours."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_holder(case: Path, purpose: str) -> None:
    """Information only, so a full disk must not keep anybody from working."""
    holder = {
        "host": platform.node(),
        "login": identity.actor(None).login,
        "pid": os.getpid(),
        "purpose": purpose,
        "since": clock.stamp(clock.now()),
    }
    partial = case / f"{HOLDER}.{os.getpid()}"
    with suppress(OSError):
        partial.write_text(json.dumps(holder, sort_keys=True) + "\n", encoding="ascii")
        partial.replace(case / HOLDER)


def _held_by(case: Path) -> str:
    """Who holds the lock, and what to do."""
    try:
        holder = json.loads((case / HOLDER).read_text(encoding="ascii"))
        who = (
            f"process {holder['pid']} on {holder['host']} ({holder['login']}), "
            f"butfor {holder['purpose']}, since {holder['since']}"
        )
    except (OSError, ValueError, KeyError, TypeError):
        who = "another process that left no name"
    return (
        f"{case}: expected to be the only writer, found the lock held by {who}. Wait until it "
        "ends. The lock ends with its process; if no such process runs, the folder may be shared "
        "with another machine: look there."
    )
