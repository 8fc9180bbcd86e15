"""What a command costs: CPU seconds and memory of a whole process, medians of runs in turn."""

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = int(os.environ.get("BUTFOR_BENCH_ROUNDS", "3"))
#: On Linux it also waits for processes whose parent did not: a server that makes workers ends after
#: the command, and what it and its workers cost counts as well.
_CHILD = (
    "import ctypes,json,os,resource,subprocess,sys\n"
    "PR_SET_CHILD_SUBREAPER = 36\n"
    "if sys.platform == 'linux': ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)\n"
    "r = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
    "try:\n"
    "    while True: os.wait()\n"
    "except ChildProcessError: pass\n"
    "u = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
    "print(json.dumps([r.returncode, u.ru_utime + u.ru_stime, u.ru_maxrss / 1024]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU seconds and peak resident megabytes of one run."""

    cpu: float
    peak_mb: float


def measure(arguments: list[str]) -> Cost:
    """Run one command to its end and ask the system what it cost.

    Raises:
        SystemExit: the command failed.
    """
    # As where it is installed, modules are compiled once; `butfor` sets the other for itself.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["OPENBLAS_NUM_THREADS"] = "1"
    run = subprocess.run(
        [sys.executable, "-c", _CHILD, *arguments],
        capture_output=True, text=True, check=True, cwd=ROOT, env=environment,
    )  # fmt: skip
    returncode, cpu, peak = json.loads(run.stdout.strip().splitlines()[-1])
    if returncode not in (0, 3):
        raise SystemExit(f"{arguments}: exit {returncode}\n{run.stderr[-2000:].rstrip()}")
    return Cost(cpu=cpu, peak_mb=peak)


def in_turn(*commands: list[str], rounds: int = ROUNDS) -> list[Cost]:
    """Medians of the commands over the rounds, run A B A B."""
    runs: list[list[Cost]] = [[] for _ in commands]
    for _ in range(rounds):
        for held, command in zip(runs, commands, strict=True):
            held.append(measure(command))
    return [
        Cost(
            cpu=statistics.median(c.cpu for c in held),
            peak_mb=max(c.peak_mb for c in held),
        )
        for held in runs
    ]


def printed(command: list[str]) -> list[str]:
    """The lines that a command prints.

    Raises:
        SystemExit: the command failed.
    """
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if run.returncode:
        raise SystemExit(f"{command}: exit {run.returncode}\n{run.stderr[-2000:].rstrip()}")
    return run.stdout.strip().splitlines()
