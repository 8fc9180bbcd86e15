"""`make bench`: each target with its ratio, commands measured as whole processes, in turn.

CPU seconds are user + system of the process and its children; memory is the largest process.
The machine is shared and noisy: the median of the rounds is printed, and only ratios mean anything.

Sizes come from the environment; by default all is run at full size within a quarter of an hour on
two quiet cores, the large sets once and the others in three rounds: BUTFOR_BENCH_EVENTS
(CloudTrail, 1,000,000), BUTFOR_BENCH_SMALL (events in files of 20, 120,000), BUTFOR_BENCH_LINES
(access log, 5,000,000), BUTFOR_BENCH_ACCESSES (assigned to epochs, 20,000,000), BUTFOR_BENCH_ROUNDS
(of all sets), BUTFOR_BENCH_BUCKETS (collected, 120), BUTFOR_BENCH_OBJECTS (log objects, 3,000).
Opponents are used where they are installed (`make opponents`); BUTFOR_TRAILSCRAPER and
BUTFOR_LOG2TIMELINE may name their commands.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import generate, opponents
from benchmarks.measure import ROOT, ROUNDS, Cost, in_turn, printed

__all__ = ("ROUNDS", "report")

EVENTS = int(os.environ.get("BUTFOR_BENCH_EVENTS", "1000000"))
SMALL = int(os.environ.get("BUTFOR_BENCH_SMALL", "120000"))
LINES = int(os.environ.get("BUTFOR_BENCH_LINES", "5000000"))
ACCESSES = int(os.environ.get("BUTFOR_BENCH_ACCESSES", "20000000"))
#: Of sets so large that noise has little part in what they cost.
LARGE_ROUNDS = int(os.environ.get("BUTFOR_BENCH_ROUNDS", "1"))
EPOCHS = 5_000
PYTHON = sys.executable


def report(target: str, what: str, value: float, wanted: str) -> None:
    """One line a target: what was found, and what was wanted."""
    met = ""
    if wanted:
        limit = float(wanted.split()[1])
        good = value >= limit if wanted.startswith(">=") else value <= limit
        met = f"target {wanted:9} {'met' if good else 'NOT MET'}"
    print(f"{target:4} {what:62} {value:9.2f}   {met}".rstrip(), flush=True)


def module(name: str, *arguments: object) -> list[str]:
    """Command that runs one module of the benchmarks."""
    return [PYTHON, "-m", f"benchmarks.{name}", *map(str, arguments)]


def main() -> None:
    """Every target in turn; or those named: `python -m benchmarks P1 P5`."""
    wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BUTFOR_BENCH_FOLDER"] = folder
        for names, run in STAGES:
            if not wanted or set(wanted) & set(names.split()):
                run(Path(folder))


def ingest(work: Path) -> None:
    """P1 to P4: CloudTrail."""
    large, small = work / "large", work / "small"
    generate.cloudtrail(large, EVENTS, 6_250)
    generate.cloudtrail(small, SMALL, 20)
    anchor, ours, few = in_turn(
        module("bare_pass", large),
        module("ingest", large, work / "a", EVENTS),
        module("ingest", small, work / "b", SMALL),
        rounds=LARGE_ROUNDS,
    )
    report("P1", f"ingest / bare pass, {EVENTS:,} events", ours.cpu / anchor.cpu, "<= 6")
    per_event = EVENTS / SMALL * few.cpu / ours.cpu
    report("P3", f"{SMALL // 20:,} files of 20 / large files, per event", per_event, "<= 2.5")
    peak = max(ours.peak_mb, few.peak_mb)
    report("P4", "peak MB of the largest ingest process", peak, "<= 400")
    _opponents(work, ours)


def _opponents(work: Path, ours: Cost) -> None:
    for name, limit, command, events in opponents.commands(work, work / "large", EVENTS):
        what = f"{name} / ingest, per event"
        if command is None:
            print(f"P2   {what:62} not installed   target >= {limit}", flush=True)
            continue
        try:
            (theirs,) = in_turn(command, rounds=1)
        except SystemExit as error:
            print(f"P2   {what:62} does not run: {str(error).splitlines()[-1]}", flush=True)
            continue
        read = opponents.given(name, work, command)
        if read not in (None, events):
            print(f"P2   {what:62} reads {read:,} of {events:,} events", flush=True)
            continue
        report("P2", what, theirs.cpu / events * EVENTS / ours.cpu, f">= {limit}")


def lines(work: Path) -> None:
    """P5: access logs; that no line is lost is asserted, stray quotes or not."""
    folder = work / "access"
    generate.access_log(folder, LINES, 50_000)
    printed(module("ingest", "--list", folder, work / "items.json"))
    bare, ours, hashed = in_turn(
        module("bare_pass", folder, "--lines"),
        module("ingest", folder, work / "c", LINES, work / "items.json"),
        module("ingest", folder, work / "c", LINES),
        rounds=LARGE_ROUNDS,
    )
    shutil.rmtree(folder)
    report("P5", f"access log / bare read, {LINES:,} lines, none lost", ours.cpu / bare.cpu, "<= 6")
    report("P5", "  the same with the files hashed once more", hashed.cpu / bare.cpu, "")


def epochs(work: Path) -> None:
    """P6: accesses to epochs of configuration."""
    assert work.is_dir()
    sizes = (ACCESSES, EPOCHS)
    for spread in ("even", "hot"):
        printed(module("epochs", "table", spread, *sizes))
        _same_epochs(spread, sizes)
    ways = [
        module("epochs", way, spread, *sizes)
        for way in ("assign", "join")
        for spread in ("even", "hot")
    ]
    nothing, anchor, *costs = (
        each.cpu
        for each in in_turn(
            module("epochs", "table", "even", *sizes),
            module("epochs", "scan", "even", *sizes),
            *ways,
            rounds=LARGE_ROUNDS,
        )
    )
    scan = anchor - nothing
    build, build_hot, engine, engine_hot = (cost - nothing for cost in costs)
    what = f"{ACCESSES:,} accesses to {EPOCHS:,} epochs, as a build does / scan"
    report("P6", what, build / scan, "<= 3.5")
    report("P6", "  one hot bucket / twelve even ones", build_hot / build, "<= 1.3")
    report("P6", "  the same by a join in the engine / scan and group-by", engine / scan, "<= 3.5")
    report("P6", "  one hot bucket / twelve even ones", engine_hot / engine, "<= 1.3")


def _same_epochs(spread: str, sizes: tuple[int, int]) -> None:
    few = (min(sizes[0], 100_000), sizes[1])
    found = [printed(module("epochs", way, spread, *few)) for way in ("assign", "join")]
    if found[0] != found[1]:
        raise SystemExit(f"P6: expected the same epochs both ways, found {found}")


def decisions(work: Path) -> None:
    """P7: decisions by class against the evaluator each time; verdicts are compared."""
    assert work.is_dir()
    *_, ratio = printed(module("decide"))
    report("P7", "decisions by class / one by one, equal verdicts", float(ratio), "<= 0.35")


def exhibit(work: Path) -> None:
    """P8: a long exhibit of one line a row; and one of requests, of several lines a row."""
    assert work.is_dir()
    found, requests = in_turn(module("long_exhibit"), module("long_exhibit", 20_000, "requests"))
    report("P8", "20,000 rows to PDF, CPU s", found.cpu, "<= 20")
    report("P8", "  peak MB of its largest process", found.peak_mb, "<= 512")
    report("P8", "20,000 rows of requests, several lines each, CPU s", requests.cpu, "")
    report("P8", "  peak MB of its largest process", requests.peak_mb, "<= 512")


def collecting(work: Path) -> None:
    """C1, C2: collection against a bare thread pool; the module prints its own lines."""
    assert work.is_dir()
    subprocess.run(module("collect"), check=True, cwd=ROOT)


def help_text(work: Path) -> None:
    """P10: what starting costs."""
    assert work.is_dir()
    found, nothing = in_turn([PYTHON, str(ROOT / "butfor.py"), "--help"], [PYTHON, "-c", "pass"])
    report("P10", "butfor --help, CPU s", found.cpu, "<= 0.3")
    report("", "  of which Python itself", nothing.cpu, "")


def new_day(work: Path) -> None:
    """P11: a new day in a year."""
    assert work.is_dir()
    *_, of_year, of_day = printed(module("incremental"))
    report("P11", "one new day / the whole year", float(of_year), "<= 0.1")
    report("", "  one new day / that day alone", float(of_day), "")


STAGES: tuple[tuple[str, Callable[[Path], None]], ...] = (
    ("P1 P2 P3 P4", ingest),
    ("P5", lines),
    ("P6", epochs),
    ("P7", decisions),
    ("P8", exhibit),
    ("P10", help_text),
    ("P11", new_day),
    ("C1 C2", collecting),
)


if __name__ == "__main__":
    main()
