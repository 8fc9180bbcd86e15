"""`make bench`: each target with its ratio, commands measured as whole processes, in turn.

CPU seconds are user + system of the process and its children; memory is the largest process.
The machine is shared and noisy: the median of the rounds is printed, and only ratios mean anything.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import generate

ROOT = Path(__file__).resolve().parents[1]
EVENTS = int(os.environ.get("BUTFOR_BENCH_EVENTS", "200000"))
ROUNDS = int(os.environ.get("BUTFOR_BENCH_ROUNDS", "3"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU seconds and peak resident megabytes of one run."""

    cpu: float
    peak_mb: float


def measure(arguments: list[str]) -> Cost:
    """Run one command to its end and ask the system what it cost."""
    code = (
        "import json,resource,subprocess,sys\n"
        "r = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
        "u = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([r.returncode, u.ru_utime + u.ru_stime, u.ru_maxrss / 1024]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    returncode, cpu, peak = json.loads(run.stdout.strip().splitlines()[-1])
    if returncode not in (0, 3):
        raise SystemExit(f"{arguments}: exit {returncode}\n{run.stderr[-2000:]}")
    return Cost(cpu=cpu, peak_mb=peak)


def in_turn(*commands: list[str]) -> list[Cost]:
    """Medians of the commands over the rounds, run A B A B."""
    runs: list[list[Cost]] = [[] for _ in commands]
    for _ in range(ROUNDS):
        for held, command in zip(runs, commands, strict=True):
            held.append(measure(command))
    return [
        Cost(
            cpu=statistics.median(c.cpu for c in held),
            peak_mb=max(c.peak_mb for c in held),
        )
        for held in runs
    ]


def report(target: str, what: str, value: float, wanted: str) -> None:
    """One line a target."""
    print(f"{target:4} {what:58} {value:9.2f}   target {wanted}", flush=True)


def main() -> None:
    """Generate, import once, then measure each stage."""
    python, command = sys.executable, str(ROOT / "butfor.py")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        large, small = work / "large", work / "small"
        generate.cloudtrail(large, EVENTS, 6_250)
        generate.cloudtrail(small, EVENTS // 10, 20)
        bare = [python, "-m", "benchmarks.bare_pass"]
        ingest = [python, "-m", "benchmarks.ingest"]
        anchor, ours, few, _ = in_turn(
            [*bare, str(large)],
            [*ingest, str(large), str(work / "a")],
            [*ingest, str(small), str(work / "b")],
            [*bare, str(small)],
        )
        report("P1", "ingest CPU / bare pass", ours.cpu / anchor.cpu, "<= 6")
        report("P3", "20-record files / large files, per event", 10 * few.cpu / ours.cpu, "<= 2.5")
        report("P4", "peak MB of the largest ingest process", ours.peak_mb, "<= 400")
        (help_text, nothing) = in_turn([python, command, "--help"], [python, "-c", "pass"])
        report("P10", "butfor --help, CPU s", help_text.cpu, "<= 0.3")
        report("", "  of which Python itself", nothing.cpu, "")
        pdf = [python, "-m", "benchmarks.long_exhibit"]
        (long_exhibit,) = in_turn(pdf)
        report("P8", "20,000 rows to PDF, CPU s", long_exhibit.cpu, "<= 20")
        report("", "  peak MB of its largest process", long_exhibit.peak_mb, "<= 512")


if __name__ == "__main__":
    main()
