"""Collecting against a bare thread pool that makes the same calls: `python -m benchmarks.collect`.

A provider on loopback, in a process of its own. In turn, A B A B: `butfor collect aws` (every
answer recorded, hashed, in the ledger, durable), and boto3 clients in a pool of the same size that
make the calls which the ledger names and keep nothing. The same for log objects: `GetObject` into
the case against `get_object()["Body"].read()`. What is compared is calls per second of wall time,
from the first call to the end of the acquisition, opening and closing it included (some tenths of
a second, so short runs say little); CPU seconds are the client's alone. Start of Python and of the
SDK is in neither. On a busy machine the client's CPU decides, on an idle one the provider's.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.__main__ import ROUNDS, report
from collector import acquisition, ledger, session
from collector.acquire import started_at
from collector.acquisition_record import Request
from collector.aws import collect as aws
from collector.aws.guard import Guard
from collector.aws.policy import selected
from collector.aws.scope import Found, Place, RunScope
from tests import servers

CONCURRENCY = 8
BUCKETS = int(os.environ.get("BUTFOR_BENCH_BUCKETS", "120"))
OBJECTS = int(os.environ.get("BUTFOR_BENCH_OBJECTS", "3000"))
SIZE = 20_000
DAY = datetime(2026, 1, 2, tzinfo=UTC)
LOGS = "AWSLogs/123456789012/CloudTrail/us-east-1/2026/01/02/"


def build(url: str) -> None:
    """Buckets with settings, and one with log objects."""
    s3 = boto3.client("s3", endpoint_url=url)
    for number in range(BUCKETS):
        s3.create_bucket(Bucket=f"bucket-{number}")
    s3.create_bucket(Bucket="logs")
    body = os.urandom(SIZE)
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        keys = [f"{LOGS}{number:06d}.json.gz" for number in range(OBJECTS)]
        list(pool.map(lambda key: s3.put_object(Bucket="logs", Key=key, Body=body), keys))


def ours(case: Path, sources: tuple[str, ...]) -> None:
    """What `butfor collect aws` does between its options and its table."""
    run = RunScope(
        started=DAY,
        time_from=DAY,
        time_to=DAY,
        regions=("us-east-1",),
        log_buckets=((Place(bucket="logs", prefix="AWSLogs/"), None),),
        concurrency=CONCURRENCY,
    )
    found = Found(run)
    guard = Guard(run, found)
    caller = aws.identify(None, guard)
    with session.writing(case, "collect aws") as writing:
        request = Request(source="aws", scope=caller.account, asked={}, why="benchmark")
        with acquisition.acquire(writing, request) as writer:
            run = replace(run, started=started_at(writer))
            guard.enforce(run, found)
            specs = selected(run, sources)
            aws.collect(writer, run, guard, found, [caller], specs, lambda *_: aws._Quiet())


def asked(case: Path) -> list[tuple[str, dict[str, Any]]]:
    """Operation and parameters of every call that was sent, in order."""
    (folder,) = (case / "evidence").iterdir()
    return [
        (line["operation"], line["parameters"]["asked"])
        for line in ledger.lines(folder / ledger.OBSERVATIONS)
        if line["operation"].startswith("s3:") and line["records"]
    ]


def bare(calls: list[tuple[str, dict[str, Any]]]) -> None:
    """The same calls, with nothing around them."""
    s3 = boto3.client("s3", config=Config(max_pool_connections=CONCURRENCY))

    def call(one: tuple[str, dict[str, Any]]) -> None:
        operation, params = one
        method = boto3.session.botocore.xform_name(operation.partition(":")[2])
        try:
            answer = getattr(s3, method)(**params)
        except s3.exceptions.ClientError:
            return
        if "Body" in answer:
            answer["Body"].read()

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(call, calls))


def child(kind: str, case: Path, source: str) -> None:
    """One run in a process of its own: prints calls, seconds, CPU seconds, peak megabytes."""
    if kind == "ours":
        session.create(case)
        work: Callable[[], None] = lambda: ours(case, (source,))  # noqa: E731
    else:
        calls = asked(case)
        work = lambda: bare(calls)  # noqa: E731
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = perf_counter()
    work()
    seconds = perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = peak_mb()
    print(json.dumps([len(asked(case)), seconds, cpu, peak]))


def peak_mb() -> float:
    """Largest resident set of this process. The usage record counts the parent's before it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def measured(kind: str, case: Path, source: str, url: str) -> list[float]:
    """Run `child`."""
    environment = servers.environment(url, "", case.parent, AWS_MAX_ATTEMPTS="1")
    del environment["HTTP_PROXY"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.collect", kind, str(case), source],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    result: list[float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Each kind, both ways in turn."""
    with tempfile.TemporaryDirectory() as name, servers.moto() as url:
        os.environ.update(servers.environment(url, "", Path(name)))
        del os.environ["HTTP_PROXY"]
        build(url)
        for what, source in (("calls", "aws.s3_bucket"), ("objects", "aws.cloudtrail_logs")):
            rates: dict[str, list[list[float]]] = {"ours": [], "bare": []}
            for turn in range(ROUNDS):
                case = Path(name) / f"{what}-{turn}"
                # The bare pool needs the ledger of a collection: it makes the calls of this one.
                for kind in ("ours", "bare"):
                    calls, seconds, cpu, peak = measured(kind, case, source, url)
                    rates[kind].append([calls / seconds, cpu / calls * 1000, peak])
            speed, cost, memory = (
                {kind: statistics.median(one[at] for one in runs) for kind, runs in rates.items()}
                for at in range(3)
            )
            report("", f"{what} a second, collected", speed["ours"], "")
            report("", f"{what} a second, bare", speed["bare"], "")
            target = "C1" if what == "calls" else "C2"
            report(target, "  ratio", speed["ours"] / speed["bare"], ">= 0.8")
            report("", "  client CPU ms each, collected", cost["ours"], "")
            report("", "  client CPU ms each, bare", cost["bare"], "")
            report("", "  peak MB, collected", memory["ours"], "")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        child(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    else:
        main()
