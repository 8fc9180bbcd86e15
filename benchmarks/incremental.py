"""P11: one new day in a year of logs, in CPU seconds of this process.

`python -m benchmarks.incremental [EVENTS A DAY] [DAYS]`: the year from nothing, one more day after
it, that day alone from nothing, and the year again with nothing new. The last line is the cost of
the new day over that of the day alone.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks import generate, ingest
from collector.model import EvidenceItem
from timeline import normalize


def main() -> None:
    """Arguments: events a day, days."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 365
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for day in range(days):
            start = generate.START + timedelta(days=day)
            generate.cloudtrail(work / "logs" / f"{day:03}", events, events, start=start, seed=day)
        items = ingest.items_of(work / "logs")
        warm = work / "warm"
        _cost(items[:1], warm)  # whatever the first use of a library costs is no part of it
        year = _cost(items[:-1], work / "year")
        new = _cost(items, work / "year")
        alone = _cost(items[-1:], work / "day")
        again = _cost(items, work / "year")
    print(
        f"{days} days of {events}: year from nothing {year:.2f} s, one new day {new:.2f} s, "
        f"that day alone {alone:.2f} s, nothing new {again:.2f} s; new day / year, / day alone:"
    )
    print(new / year)
    print(new / alone)


def _cost(items: Sequence[EvidenceItem], out: Path) -> float:
    began = time.process_time()
    normalize.run(Path(), items, out, open_item=ingest.open_item, workers=1)
    return time.process_time() - began


if __name__ == "__main__":
    main()
