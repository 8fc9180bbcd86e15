"""Faults and kills: the same evidence as an undisturbed run, nothing wrong, nothing twice."""

import contextlib
import hashlib
import json
import random
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import custody, ledger, warc
from collector.aws.outcomes import settled
from tests import servers
from tests.collector.aws import organization
from tests.collector.aws.test_collect import ROOT, SCOPE, butfor, lines

BUCKETS = 5
#: After how many of its requests each of ten runs is killed. A group is durable after a second, at
#: this pace some 40 requests: runs that reach it add to what is held, the others add nothing.
KILLS = (48, 10, 30, 48, 5, 20, 3, 8, 1, 15)
PACE = 0.1
#: Asked by every run: whose credentials these are; and the Regions, which this server cannot list.
EACH_RUN = ("sts:GetCallerIdentity", "account:ListRegions")
SLOWLY = ("--concurrency", "4")
COLLECT = ("collect", "aws", "--source", "aws.s3_bucket", *SCOPE)

#: What the proxy does to a request that a retry can mend.
HARMS = frozenset(
    {
        servers.Fault.SLOW_DOWN,
        servers.Fault.RESET,
        servers.Fault.TRUNCATE,
        servers.Fault.TOO_MANY,
        servers.Fault.UNAVAILABLE,
    }
)

#: What differs between two answers to the same question: ids of requests, and their times.
VOLATILE = re.compile(rb"<RequestId>[^<]*</RequestId>|<HostId>[^<]*</HostId>|x-amzn?-[a-z-]*id")

#: Fixed back-off: the adaptive mode would slow down for a minute, as it should elsewhere.
PROMPT = {"AWS_RETRY_MODE": "standard"}

Evidence = set[tuple[str, str, str, str]]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Evidence]]:
    """A provider of five buckets, and what an undisturbed run finds there."""
    home = tmp_path_factory.mktemp("undisturbed")
    with servers.moto() as url, servers.proxy(url) as proxy:
        s3 = organization.client(url, "s3")
        for number in range(BUCKETS):
            s3.create_bucket(Bucket=f"bucket-{number}")
        s3.put_bucket_policy(
            Bucket="bucket-0",
            Policy=str(organization.POLICY).replace("'", '"').replace("open-bucket", "bucket-0"),
        )
        case, environment = fresh(url, proxy.url, home)
        assert butfor(environment, *COLLECT, "--case", str(case)).returncode == 3
        yield url, evidence(case)


def fresh(url: str, proxy: str, home: Path, **more: str) -> tuple[Path, dict[str, str]]:
    environment = servers.environment(url, proxy, home, **more)
    case = home / "case"
    assert butfor(environment, "init", str(case)).returncode == 0
    return case, environment


def evidence(case: Path) -> Evidence:
    """(operation, resource, outcome, digest of the answer), the last word on each question."""
    (folder,) = (case / "evidence").iterdir()
    answers = {one.number: one.response for one in warc.read(folder / ledger.WARC) if one.response}
    found: dict[tuple[str, str], tuple[str, str, str, str]] = {}
    for line in lines(case, ledger.OBSERVATIONS):
        digest = hashlib.sha256()
        pages: set[bytes] = set()
        numbers = [one["record"] for one in line["records"] if one["kind"] == "response"]
        for number in numbers:
            answer = answers[number]
            operation = line["operation"].partition(":")
            body = VOLATILE.sub(b"", answer.body)
            # A page that came twice is kept twice, and says no more than once.
            if settled(operation[0], operation[2], answer) and body not in pages:
                pages.add(body)
                digest.update(body)
        key = (line["operation"], line["resource"])
        found[key] = (*key, line["outcome"], digest.hexdigest())
    return set(found.values())


def test_faults_leave_no_answer_silently_wrong(
    provider: tuple[str, Evidence], tmp_path: Path
) -> None:
    url, undisturbed = provider
    kinds = tuple(fault for fault in servers.Fault if fault in HARMS)
    with servers.proxy(url) as proxy:
        # Every seventh request, each kind in turn; a retry is another request.
        proxy.fault = lambda number, _: kinds[number // 7 % 5] if number % 7 == 6 else None
        case, environment = fresh(url, proxy.url, tmp_path, AWS_MAX_ATTEMPTS="8", **PROMPT)
        done = butfor(environment, *COLLECT, "--case", str(case), "--concurrency", "16")
        assert done.returncode == 3, done.stderr[-2000:]
        faults = Counter(one.fault for one in proxy.seen)
        # HEAD answers and empty bodies have nothing that could be cut off.
        assert set(faults) >= {*kinds, None}
    assert evidence(case) == undisturbed
    assert butfor(environment, "verify", str(case)).returncode == 0


def test_of_six_hundred_calls_under_random_faults_none_is_silently_wrong(tmp_path: Path) -> None:
    """A quarter of the requests is harmed, and of the pages that follow a first one every other is
    that one once more; what was kept as an answer is the answer."""
    kinds = tuple(fault for fault in servers.Fault if fault in HARMS)
    dice = random.Random(600)

    def storm_of(_: int, passed: servers.Passed) -> servers.Fault | None:
        if any(map(servers.is_token, passed.path.partition("?")[2].split("&"))):
            return servers.Fault.REPEAT if dice.random() < 0.5 else None
        return dice.choice(kinds) if dice.random() < 0.25 else None

    scope = [part for number in range(4) for part in ("--objects", f"many-{number}/")]
    asked = (*COLLECT, "--source", "aws.objects", *scope)
    (tmp_path / "calm").mkdir()
    (tmp_path / "storm").mkdir()
    with servers.moto() as url, servers.proxy(url) as proxy:
        s3 = organization.client(url, "s3")
        for number in range(20):
            s3.create_bucket(Bucket=f"many-{number}")
            policy = json.dumps(organization.POLICY).replace("open-bucket", f"many-{number}")
            if number % 2:
                s3.put_bucket_policy(Bucket=f"many-{number}", Policy=policy)
            for key in range(9 if number < 4 else 0):
                s3.put_object(Bucket=f"many-{number}", Key=f"{key}", Body=b"x")
        proxy.pages = {"versions": 2}
        calm, environment = fresh(url, proxy.url, tmp_path / "calm")
        assert butfor(environment, *asked, "--case", str(calm)).returncode == 3
        assert len(proxy.seen) >= 600
        proxy.fault, before = storm_of, len(proxy.seen)
        storm, environment = fresh(
            url, proxy.url, tmp_path / "storm", AWS_MAX_ATTEMPTS="6", **PROMPT
        )
        done = butfor(environment, *asked, "--case", str(storm), "--concurrency", "16")
        assert done.returncode == 3, done.stderr[-2000:]
        harmed = Counter(one.fault for one in proxy.seen[before:])
        assert harmed[servers.Fault.REPEAT] >= 5
    expected = {one[:2]: one for one in evidence(calm)}
    found = {one[:2]: one for one in evidence(storm)}
    # What stands on the pages of a listing that failed was not asked; nothing else is missing.
    listings = [one for one in found.values() if one[0] == "s3:ListObjectVersions"]
    cut_off = tuple(one[1].rstrip("*") for one in listings if one[2] == "FAILED")
    # Where it failed whether a bucket locks objects, they are asked for their locks after all.
    unknown = tuple(
        f"{one[1]}/"
        for one in found.values()
        if one[0] == "s3:GetObjectLockConfiguration" and one[2] == "FAILED"
    )
    more = {key for key in set(found) - set(expected) if not key[1].startswith(unknown)}
    assert more == set()
    assert {key for key in set(expected) - set(found) if not key[1].startswith(cut_off)} == set()
    both = [(found[key], expected[key]) for key in found if key in expected]
    wrong = [one for one, other in both if one != other and one[2] != "FAILED"]
    assert wrong == []
    failed = [one for one in found.values() if one[2] == "FAILED"]
    gaps = [gap for gap in lines(storm, ledger.GAPS) if gap["kind"] == "failed"]
    assert len(gaps) == len(failed)


def test_exhausted_retries_are_failures_and_not_answers(
    provider: tuple[str, Evidence], tmp_path: Path
) -> None:
    url, undisturbed = provider
    with servers.proxy(url) as proxy:
        proxy.fault = lambda _, passed: servers.Fault.TRUNCATE if "policy" in passed.path else None
        case, environment = fresh(url, proxy.url, tmp_path, AWS_MAX_ATTEMPTS="2")
        assert butfor(environment, *COLLECT, "--case", str(case)).returncode == 3
    found = {(one[0], one[1]): one[2] for one in evidence(case)}
    for operation, resource, outcome, _ in undisturbed:
        wanted = "FAILED" if operation.startswith("s3:GetBucketPolicy") else outcome
        if operation in ("s3:GetBucketPolicy", "s3:GetBucketPolicyStatus"):
            assert found[(operation, resource)] == wanted, (operation, resource)
    assert len(found) == len(undisturbed)


def test_killed_runs_continue_and_lose_nothing(
    provider: tuple[str, Evidence], tmp_path: Path
) -> None:
    url, undisturbed = provider
    with servers.proxy(url) as proxy:
        case, environment = fresh(url, proxy.url, tmp_path)
        proxy.delay = PACE
        for requests in KILLS:
            assert kill_after(proxy, environment, case, requests), "a run ended before its kill"
        kept = sum(calls_held(case).values())
        proxy.delay, before = 0.0, len(proxy.seen)
        done = butfor(environment, *COLLECT, "--case", str(case))
        last_run = len(proxy.seen) - before
        assert done.returncode == 3, done.stderr[-2000:]
        assert butfor(environment, "verify", str(case)).returncode == 0
    assert evidence(case) == undisturbed
    recoveries = [one for one in custody.read(case) if one.action == "acquisition.recover"]
    assert len(recoveries) == len(KILLS)
    asked = calls_held(case)
    assert set(asked.values()) == {1}, "something was fetched again that was held"
    assert kept > 0, "no killed run left a durable answer"
    missing = len(asked) - kept
    assert last_run == missing + len(EACH_RUN), "the last run asked for just what was not held"


def calls_held(case: Path) -> Counter[str]:
    """Calls with a settled answer in whole records; a killed run may leave a torn one behind."""
    (folder,) = (case / "evidence").iterdir()
    found: Counter[str] = Counter()
    with contextlib.suppress(EOFError, ValueError):
        for one in warc.read(folder / ledger.WARC):
            if one.response is not None and held(one):
                found[one.fields["WARC-Butfor-Call"]] += 1
    return found


def test_credentials_that_end_stop_the_run_and_renewed_ones_continue_it(
    provider: tuple[str, Evidence], tmp_path: Path
) -> None:
    url, undisturbed = provider
    with servers.proxy(url) as proxy:
        proxy.fault = lambda number, _: servers.Fault.EXPIRED if number >= 60 else None
        case, environment = fresh(url, proxy.url, tmp_path)
        stopped = butfor(environment, *COLLECT, "--case", str(case))
        assert stopped.returncode == 3
        assert "renew them, then run the same command again" in stopped.stderr
        proxy.fault = lambda number, passed: None
        assert butfor(environment, *COLLECT, "--case", str(case)).returncode == 3
    assert evidence(case) == undisturbed


def held(one: warc.Exchange) -> bool:
    """Whether an exchange need not be made again; the caller's identity is asked once a run."""
    service, _, name = one.fields["WARC-Butfor-Operation"].partition(":")
    answered = one.response is not None and settled(service, name, one.response)
    return answered and name != "GetCallerIdentity"


def kill_after(
    proxy: servers.Proxy, environment: dict[str, str], case: Path, requests: int
) -> bool:
    """Start a run and end it with SIGKILL when so many of its requests have arrived."""
    reached = threading.Event()
    before = len(proxy.seen)

    def count(number: int, _: servers.Passed) -> None:
        if number - before >= requests:
            reached.set()

    proxy.fault = count
    child = subprocess.Popen(
        [sys.executable, str(ROOT / "butfor.py"), *COLLECT, "--case", str(case), *SLOWLY],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while child.poll() is None and not reached.wait(0.02):
        pass
    child.kill()
    killed = child.wait() == -signal.SIGKILL
    proxy.fault = lambda number, passed: None
    return killed
