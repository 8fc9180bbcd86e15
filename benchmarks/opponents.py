"""P2: other programs over the same events, where they are installed (`make opponents`, or jq).

What each is asked for is the least that compares: jq prints every record on a line, trailscraper
selects all records, plaso makes its own table. None of them hashes, keeps offsets, folds
duplicates, or sorts; plaso reads JSON lines as the command line prints answers of LookupEvents, so
it gets these, unpacked. What the last two gave is counted: a program that reads nothing is quick.
"""

import gzip
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.measure import ROOT

#: Where `make opponents` puts them.
INSTALLED = ROOT / ".venv" / "opponents"
#: Events for the slow ones.
FEW = 30_000
#: The table that plaso makes.
STORED = "out.plaso"


def commands(
    work: Path, logs: Path, events: int
) -> Iterator[tuple[str, float, list[str] | None, int]]:
    """Name, target, command or None, and number of events it reads."""
    jq = shutil.which("jq") and shutil.which("gzip")
    every = ["sh", "-c", 'gzip -dc "$0"/*.gz | jq -c ".Records[]"', str(logs)]
    yield "jq", 2.5, every if jq else None, events
    few = work / "few"
    few.mkdir()
    taken = 0
    for path in sorted(logs.glob("*.gz")):
        if taken < FEW:
            shutil.copy(path, few)
            taken += len(_records(path))
    scraper = _command("BUTFOR_TRAILSCRAPER", "trailscraper", "trailscraper")
    select = [scraper, "select", "--log-dir", str(few)] if scraper else None
    yield "trailscraper", 4, select, taken
    plaso = _command("BUTFOR_LOG2TIMELINE", "plaso", "log2timeline")
    yield "plaso", 12, _plaso(plaso, work, few) if plaso else None, taken


def _command(variable: str, name: str, command: str) -> str | None:
    own = INSTALLED / name / "bin" / command
    return os.environ.get(variable) or (str(own) if own.exists() else shutil.which(command))


def given(name: str, work: Path, command: list[str]) -> int | None:
    """How many events a program gave; None for jq, whose lines nobody counts."""
    if name == "trailscraper":
        run = subprocess.run(command, capture_output=True, check=True)
        return len(json.loads(run.stdout)["Records"])
    if name == "plaso":
        with closing(sqlite3.connect(work / STORED)) as stored:
            found: tuple[int] = stored.execute("SELECT count(*) FROM event").fetchone()
            return found[0]
    return None


def _records(path: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(gzip.decompress(path.read_bytes()))["Records"]
    return found


def _plaso(command: str, work: Path, logs: Path) -> list[str]:
    target = work / "lookup.jsonl"
    with target.open("w", encoding="utf-8") as stream:
        for path in sorted(logs.glob("*.gz")):
            for record in _records(path):
                entry = {
                    "EventId": record["eventID"], "EventName": record["eventName"],
                    "EventSource": record["eventSource"],
                    "EventTime": _as_printed(str(record["eventTime"])),
                    "AccessKeyId": "", "Username": "", "Resources": [],
                    "CloudTrailEvent": json.dumps(record),
                }  # fmt: skip
                stream.write(f"{json.dumps(entry)}\n")
    return [
        command, "--unattended", "--single_process", "--status_view", "none", "--parsers", "jsonl",
        "--logfile", str(work / "plaso.log.gz"), "--storage_file", str(work / STORED),
        str(target),
    ]  # fmt: skip


def _as_printed(time: str) -> str:
    """An event's time as the command line prints it; plaso knows lines of the log by that."""
    return time.replace("T", " ").replace("Z", "+00:00")
