"""P2: other programs over the same events, where they are installed.

What each is asked for is the least that compares: jq prints every record on a line, trailscraper
selects all records, plaso makes its own table. None of them hashes, keeps offsets, folds
duplicates, or sorts; plaso reads JSON lines as LookupEvents gives them, so it gets these, unpacked.
"""

import gzip
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

#: Events for the slow ones.
FEW = 30_000


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
    scraper = _command("BUTFOR_TRAILSCRAPER", "trailscraper")
    select = [scraper, "select", "--log-dir", str(few)] if scraper else None
    yield "trailscraper", 4, select, taken
    plaso = _command("BUTFOR_LOG2TIMELINE", "log2timeline.py")
    yield "plaso", 12, _plaso(plaso, work, few) if plaso else None, taken


def _command(variable: str, name: str) -> str | None:
    return os.environ.get(variable) or shutil.which(name)


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
                    "EventSource": record["eventSource"], "EventTime": record["eventTime"],
                    "AccessKeyId": "", "Username": "", "Resources": [],
                    "CloudTrailEvent": json.dumps(record),
                }  # fmt: skip
                stream.write(f"{json.dumps(entry)}\n")
    return [
        command, "--unattended", "--single_process", "--status_view", "none", "--parsers", "jsonl",
        "--logfile", str(work / "plaso.log.gz"), "--storage_file", str(work / "out.plaso"),
        str(target),
    ]  # fmt: skip
