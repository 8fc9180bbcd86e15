"""verify against `sha256sum -c` over the same files: `python -m benchmarks.fixity [MB [KIND]]`.

Rates are bytes over wall time, in turn in one run, all from the page cache. Both recompute one
SHA-256 a file; verify also checks the custody chain, manifests and names, and looks into each file
for digests of a provider, on two processors. `small` shows what that costs for each of many files.
"""

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks import preserve
from collector import verify

ROUNDS = int(os.environ.get("BUTFOR_BENCH_ROUNDS", "3"))


VERIFY = """
import sys
from pathlib import Path
from collector import verify
verify.run(Path(sys.argv[1]))
"""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    """Large files and log files, both ways in turn."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 512
    kinds = (preserve.large, preserve.logs, preserve.small)
    named = sys.argv[2:] or [kind.__name__ for kind in kinds]
    for kind in (kind for kind in kinds if kind.__name__ in named):
        with tempfile.TemporaryDirectory() as name:
            source = Path(name) / "source"
            source.mkdir()
            share = {preserve.logs: 8, preserve.small: 32}.get(kind, 1)
            kind(source, megabytes // share)
            preserve.import_once(source, Path(name))
            case = Path(name) / "case"
            files = sorted(p for p in (case / "evidence").rglob("*") if p.is_file())
            sums = Path(name) / "sums"
            sums.write_text("".join(f"{_sha256(path)}  {path}\n" for path in files))
            size = sum(p.stat().st_size for p in files)
            ours, theirs = [], []
            for _ in range(ROUNDS):
                began = perf_counter()
                report = verify.run(case)
                ours.append(perf_counter() - began)
                assert not report.wrong, report.wrong
                began = perf_counter()
                subprocess.run(["sha256sum", "--quiet", "-c", str(sums)], check=True)
                theirs.append(perf_counter() - began)
            ratio = statistics.median(theirs) / statistics.median(ours)
            print(f"{kind.__name__:6} {size / 2**20:7.0f} MB  verify  {ratio:5.2f} x sha256sum -c"
                  f"   target 0.8   peak {preserve.peak_mb(VERIFY, str(case)):.0f} MB",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
