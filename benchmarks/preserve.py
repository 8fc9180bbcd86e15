"""Import against a plain copy with sha256sum: `python -m benchmarks.preserve [MB [KIND]]`.

Rates are bytes over wall time, taken in turn in one run; both end with the bytes on the medium. The
copy reads once (`tee` into `sha256sum`), as the import does. The import computes two digests, and
inflates gzip members to hash their content, which the copy does not: log files show that cost.
"""

import gzip
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from benchmarks import generate
from collector import importer, session
from collector.importer import HandOver

ROUNDS = int(os.environ.get("BUTFOR_BENCH_ROUNDS", "3"))
COPY = """
set -e
find "$1" -type f -print0 | while IFS= read -r -d '' f; do
  tee "$2/${f//\\//_}" < "$f" | sha256sum
done
sync -f "$2"
"""


def large(folder: Path, megabytes: int) -> None:
    """Files of 64 MB that nothing compresses."""
    dice = random.Random(1)
    for at in range(max(megabytes // 64, 1)):
        with (folder / f"{at}.bin").open("wb") as file:
            for _ in range(64):
                file.write(dice.randbytes(2**20))


def logs(folder: Path, megabytes: int) -> None:
    """Compressed log files, about 0.1 MB each."""
    generate.cloudtrail(folder, megabytes * 8000, 1000)


def small(folder: Path, megabytes: int) -> None:
    """Files of 400 bytes, about 2,500 a megabyte."""
    for at in range(megabytes * 2500):
        place = folder / f"{at // 1000:05d}"
        place.mkdir(exist_ok=True)
        (place / f"{at:08d}.json").write_bytes(b'{"Records":[]}' * 28 + b"%08d" % at)


def plain(folder: Path, megabytes: int) -> None:
    """The same, inflated."""
    logs(folder, megabytes // 8)
    for path in sorted(folder.rglob("*.gz")):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


def import_once(source: Path, work: Path) -> None:
    """A case, and the material in it."""
    session.create(work / "case")
    with session.writing(work / "case", "import") as writing:
        importer.run(writing, [source], HandOver())


def peak_mb(code: str, *arguments: str) -> float:
    """Peak resident megabytes of a Python process that runs this code.

    By the kernel's mark for the program itself: what `getrusage` says begins with the memory of the
    process that started it.
    """
    tail = (
        "lines = open('/proc/self/status').read().splitlines()\n"
        "print(next(int(one.split()[1]) for one in lines if one.startswith('VmHWM')) / 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tail}", *arguments],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout.split()[-1])


IMPORT = """
import sys
from pathlib import Path
from benchmarks.preserve import import_once
import_once(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def peak_of_import(source: Path) -> float:
    """Peak memory of one import, in a process of its own."""
    with tempfile.TemporaryDirectory(dir=source.parent) as work:
        return peak_mb(IMPORT, str(source), work)


def copy_once(source: Path, work: Path) -> None:
    """Copy and hash in one pass."""
    subprocess.run(
        ["bash", "-c", COPY, "copy", str(source), str(work)],
        stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip


def seconds(work: Callable[[Path, Path], None], source: Path) -> float:
    """Wall time of one run on a quiet medium."""
    with tempfile.TemporaryDirectory(dir=source.parent) as name:
        os.sync()
        began = perf_counter()
        work(source, Path(name))
        return perf_counter() - began


def main() -> None:
    """Each kind of material, both ways in turn."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 512
    named = sys.argv[2:] or [kind.__name__ for kind in (large, plain, logs)]
    for kind in (kind for kind in (large, plain, logs) if kind.__name__ in named):
        with tempfile.TemporaryDirectory() as name:
            source = Path(name) / "source"
            source.mkdir()
            kind(source, megabytes if kind is not logs else megabytes // 8)
            size = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(seconds(import_once, source))
                theirs.append(seconds(copy_once, source))
            ratio = statistics.median(theirs) / statistics.median(ours)
            rate = size / 2**20 / statistics.median(ours)
            print(f"{kind.__name__:6} {size / 2**20:7.0f} MB  import {rate:6.0f} MB/s  "
                  f"{ratio:5.2f} x copy + sha256sum   target 0.7   "
                  f"peak {peak_of_import(source):.0f} MB", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
