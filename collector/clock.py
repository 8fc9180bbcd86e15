"""The only module that reads the time. Everything else is given it.

Tests and reproducible runs set `BUTFOR_CLOCK` (an ISO 8601 UTC time): the clock then stands still.
It changes what is recorded as *now*, never a result: results do not read the clock.
"""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at the clock: wall and monotonic time, boot id, whether NTP-synchronized."""

    at: datetime
    mono_ns: int
    boot: str
    synced: bool | None


def now() -> datetime:
    """Wall time, UTC."""
    fixed = os.environ.get("BUTFOR_CLOCK")
    if fixed:
        return datetime.fromisoformat(fixed.replace("Z", "+00:00")).astimezone(UTC)
    return datetime.now(UTC)


def reading() -> Reading:
    """Wall and monotonic time; `synced` is None where the host does not say."""
    return Reading(at=now(), mono_ns=time.monotonic_ns(), boot=_boot_id(), synced=_synced())


def mono_ns() -> int:
    """Monotonic time alone, for spans: a whole reading asks the file system too."""
    return time.monotonic_ns()


def stamp(at: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.ffffffZ`, the form of every time that butfor writes into evidence."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def compact(at: datetime) -> str:
    """`20260102T030405Z`: safe in file names on every system."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


@cache
def _boot_id() -> str:
    """Constant for as long as this process can live: read once."""
    source = Path("/proc/sys/kernel/random/boot_id")
    return source.read_text().strip() if source.is_file() else "unknown"


def _synced() -> bool | None:
    marker = Path("/run/systemd/timesync/synchronized")
    return True if marker.exists() else None
