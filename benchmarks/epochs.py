"""P6: accesses to epochs of configuration, against a scan with a group-by of the same table.

`python -m benchmarks.epochs scan|assign|join even|hot ACCESSES EPOCHS`: one way a process, so that
each is measured by itself. All read one Parquet table of (bucket, time) that the first call writes
to the folder in BUTFOR_BENCH_FOLDER. Assigning is what a build does: the interval of the access's
slice, by a search for all rows of a batch (`coding.Timelines`), which asserts that every access
lies in the interval found. Joining is the same in the engine, to compare: by bucket, by hour that
the epoch touches, and by range inside the hour. Both count the accesses of every epoch, assert that
every access has been counted once, and print a digest of the counts. Rows are read some thousands
at a time: memory does not grow with their number.
"""

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from timeline import engine
from timeline.correlate.coding import Timelines
from timeline.correlate.signatures import Slice

START = datetime(2022, 1, 1, tzinfo=UTC)
SPAN = 90 * 86_400_000_000
BUCKETS = 12
HOUR = 3_600_000_000
#: Rows of a batch.
ROWS = 1 << 16


def table(accesses: int, spread: str) -> Path:
    """The table of accesses, in order of time; on one bucket alone if `hot`."""
    path = Path(os.environ["BUTFOR_BENCH_FOLDER"]) / f"accesses-{spread}-{accesses}.parquet"
    if not path.exists():
        rng = np.random.default_rng(5)
        times = np.sort(rng.integers(0, SPAN, accesses))
        buckets = rng.integers(0, BUCKETS, accesses) if spread == "even" else np.zeros(accesses)
        data = {"bucket": buckets.astype(np.int32), "time": times}
        pq.write_table(pa.table(data), path, compression="zstd", row_group_size=1 << 18)
    return path


def slices(epochs: int, spread: str) -> list[Slice]:
    """Times of attempted writes by bucket."""
    rng = np.random.default_rng(6)
    owners = rng.integers(0, BUCKETS, epochs) if spread == "even" else np.zeros(epochs)
    times = np.sort(rng.integers(0, SPAN, epochs))
    return [
        Slice(
            places=frozenset(),
            attempts=(),
            times=tuple(START + timedelta(microseconds=int(t)) for t in times[owners == number]),
        )
        for number in range(BUCKETS)
    ]


def scan(path: Path) -> int:
    """The anchor: read everything, group by bucket and hour, count."""
    connection = engine.connect(path.parent)
    hours = connection.execute(
        "SELECT bucket, time // 3600000000 AS hour, count(*) FROM read_parquet($path) "
        "GROUP BY ALL ORDER BY ALL",
        {"path": str(path)},
    ).fetchall()
    return sum(int(count) for _, _, count in hours)


def assign(path: Path, found: list[Slice]) -> tuple[int, str]:
    """The epoch of every access."""
    lines = Timelines()
    for one in found:
        lines.add([(time - START) // timedelta(microseconds=1) for time in one.times])
    width = max(len(one.times) for one in found) + 1
    totals = np.zeros(len(found) * width, np.int64)
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS):
            buckets = batch.column("bucket").to_numpy().astype(np.int64)
            positions = lines.positions(buckets, batch.column("time").to_numpy())
            totals += np.bincount(buckets * width + positions, minlength=len(totals))
        accesses = file.metadata.num_rows
    counts = {
        (bucket, found[bucket].times[position - 1] if position else None): int(count)
        for bucket in range(len(found))
        for position, count in enumerate(totals[bucket * width : (bucket + 1) * width])
        if count
    }
    assert sum(counts.values()) == accesses
    return accesses, _digest(counts)


def join(path: Path, found: list[Slice]) -> tuple[int, str]:
    """The same by a range join; an hour that several epochs touch is listed once for each."""
    starts: list[tuple[int, int, int]] = []
    for bucket, one in enumerate(found):
        times = [(time - START) // timedelta(microseconds=1) for time in one.times]
        edges = [-1, *times, SPAN]
        starts += [(bucket, a, b) for a, b in pairwise(edges) if a < b]
    columns = zip(*starts, strict=True)
    arrays = [pa.array(column, pa.int64()) for column in columns]
    epochs = pa.table(arrays, names=["bucket", "start", "stop"])
    connection = engine.connect(path.parent)
    connection.register("epochs", epochs)
    counted = connection.execute(
        "WITH binned AS (SELECT bucket, start, stop, unnest(range(greatest(start, 0) // $hour, "
        "(stop - 1) // $hour + 1)) AS hour FROM epochs) "
        "SELECT a.bucket, e.start, count(*) FROM (SELECT bucket, time, time // $hour AS hour "
        "FROM read_parquet($path)) a JOIN binned e ON a.bucket = e.bucket AND a.hour = e.hour "
        "AND a.time >= e.start AND a.time < e.stop GROUP BY ALL",
        {"path": str(path), "hour": HOUR},
    ).fetchall()
    counts = {
        (bucket, START + timedelta(microseconds=start) if start >= 0 else None): count
        for bucket, start, count in counted
    }
    accesses = pq.read_metadata(path).num_rows
    assert sum(counts.values()) == accesses
    return accesses, _digest(counts)


def _digest(counts: Mapping[tuple[int, datetime | None], int]) -> str:
    lines = sorted(f"{bucket} {start} {count}" for (bucket, start), count in counts.items())
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def main() -> None:
    """Arguments: way (or `table`, to write it beforehand), spread, accesses, epochs."""
    way, spread, accesses, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    path = table(accesses, spread)
    if way == "table":
        return
    if way == "scan":
        print(scan(path))
        return
    print(*(assign if way == "assign" else join)(path, slices(epochs, spread)))


if __name__ == "__main__":
    main()
