"""acquisition.json: who obtained what, when, from where, with which tool, and with what result.

The first half is written when the acquisition opens (`acquisition.json.partial`), so that a run
that was killed can be continued or closed with what was true when it began.
"""

import platform
import re
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector import canonical, clock, durable, environment, identity, ledger
from collector.case import CONFIG
from collector.session import Session

RECORD = "acquisition.json"
START = RECORD + durable.PARTIAL
HANDED_OVER = "provenance before hand-over not established"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an acquisition sets out to obtain.

    Attributes:
        source: kind of evidence, `import`, `aws`.
        scope: what it is about, for people and for the folder's name.
        asked: the scope asked for, JSON without floats; the same request again continues an
            interrupted one.
        why: one phrase for custody.
        principal: who asked, as the provider itself reports it; None if no provider was asked.
        handover: releaser, times and note of material that others handed over; None if collected.
    """

    source: str
    scope: str
    asked: Mapping[str, Any]
    why: str
    principal: str | None = None
    handover: Mapping[str, Any] | None = None

    def tail(self) -> str:
        """`<source>-<scope>` in characters that every system takes in a name."""
        words = (re.sub(r"[^A-Za-z0-9._-]+", "_", word) for word in (self.source, self.scope))
        return "-".join(words)[:60].rstrip("._-") or "_"

    def fingerprint(self) -> bytes:
        """Canonical bytes of what makes two requests the same."""
        return canonical.encode(
            {"asked": dict(self.asked), "scope": self.scope, "source": self.source}
        )


def write_start(
    session: Session, folder: Path, request: Request, *, number: int, now: clock.Reading
) -> None:
    """First half of the record, and the bytes of case.toml as they stand."""
    start = {
        "acq": number,
        "asked": dict(request.asked),
        "authority": session.config.matter.authority,
        "dependencies": environment.dependencies(),
        "examiner": session.config.matter.examiner,
        "handover": dict(request.handover) if request.handover is not None else None,
        "host": _host(),
        "principal": request.principal,
        "scope": request.scope,
        "source": request.source,
        "start": reading(now),
        "tool": identity.tool().as_data(),
        "v": 1,
    }
    durable.write_once(folder / CONFIG, (session.case / CONFIG).read_bytes())
    durable.write_once(folder / START, canonical.line(start))


def fingerprint(folder: Path) -> bytes | None:
    """What an open acquisition set out to obtain; None if it was stopped before saying so."""
    start = next(ledger.lines(folder / START), None)
    if start is None:
        return None
    return canonical.encode({key: start[key] for key in ("asked", "scope", "source")})


def closed_record(
    folder: Path,
    number: int,
    *,
    run: Mapping[str, int] | None,
    clock_offset: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The whole record: the start as written, the end, and sums counted again from the ledgers.

    `run` holds the sums of the run that closes (seen = kept + gaps + already), None if it was
    interrupted and nobody can say what it had seen.
    """
    start = next(ledger.lines(folder / START), None)
    kept = size = recovered = 0
    for line in ledger.lines(folder / ledger.FILES):
        kept, size, recovered = kept + 1, size + line["bytes"], recovered + line["recovered"]
    gaps = Counter(line["kind"] for line in ledger.lines(folder / ledger.GAPS))
    outcomes = Counter(
        line["outcome"] or "recovered" for line in ledger.lines(folder / ledger.OBSERVATIONS)
    )
    return {
        **(start or {"acq": number, "start": None, "v": 1}),
        "bytes": size,
        "clock_offset": dict(clock_offset) if clock_offset is not None else "not measured",
        "complete": run is not None,
        "end": reading(clock.reading()),
        "files": kept,
        "gaps": dict(sorted(gaps.items())),
        "outcomes": dict(sorted(outcomes.items())),
        "recovered_files": recovered,
        "run": dict(run) if run is not None else None,
    }


def reading(now: clock.Reading) -> dict[str, Any]:
    """One look at the clock."""
    return {
        "at": clock.stamp(now.at),
        "boot": now.boot,
        "mono_ns": now.mono_ns,
        "synced": now.synced,
    }


def _host() -> dict[str, str]:
    return {
        "machine": platform.machine(),
        "name": platform.node() or "unknown",
        "python": sys.version.split()[0],
        "system": platform.platform(),
    }
