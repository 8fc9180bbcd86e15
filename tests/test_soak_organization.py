"""One command collects an organization; verify passes, build reads the answers, sums close.

Five accounts and a log bucket: 13 buckets, or 201 with `BUTFOR_SOAK`. One request in eleven is
harmed when it comes for the first time, by each kind of fault: what is asserted must hold as ever.
"""

import json
import os
import zlib
from collections import Counter
from pathlib import Path

import pytest

from collector import ledger
from collector.model import Outcome
from tests import servers
from tests.collector.aws import organization, test_faults
from tests.collector.aws.test_collect import lines
from tests.test_collect_to_state import butfor, rows

SOAK = bool(os.environ.get("BUTFOR_SOAK"))
MEMBERS = 4
EACH = 49 if SOAK else 2
#: The small run asks what the build reads and the logs; the long one asks everything.
SOURCES = (
    ()
    if SOAK
    else ("organization", "s3_account", "s3_bucket", "iam", "cloudtrail", "cloudtrail_logs")
)


def buckets(url: str, account: str, credentials: dict[str, str]) -> dict[str, bool]:
    """So many buckets of an account; every other one with a policy. Name -> whether it has one."""
    s3 = organization.client(url, "s3", **credentials)
    made = {}
    for number in range(EACH):
        name = f"data-{account}-{number}"
        s3.create_bucket(Bucket=name)
        made[name] = number % 2 == 0
        if made[name]:
            policy = json.dumps(organization.POLICY).replace("open-bucket", name)
            s3.put_bucket_policy(Bucket=name, Policy=policy)
    return made


class Harm:
    """Harms chosen requests once; a retry passes. Which ones depends on the request alone."""

    def __init__(self) -> None:
        self.done: dict[tuple[str, bytes], servers.Fault] = {}

    def __call__(self, _: int, passed: servers.Passed) -> servers.Fault | None:
        request = (f"{passed.method} {passed.path}", passed.body)
        drawn = zlib.crc32(request[0].encode() + request[1])
        # The SDK's own exchange for credentials is not ours to mend.
        if drawn % 11 or request in self.done or b"Action=AssumeRole" in passed.body:
            return None
        self.done[request] = HARMS[drawn // 11 % len(HARMS)]
        return self.done[request]


HARMS = sorted(test_faults.HARMS, key=lambda one: one.value)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bool], str]:
    """The case, what was made (bucket -> policy), and what the collection printed."""
    home = tmp_path_factory.mktemp("organization")
    case = home / "case"
    with servers.moto() as url, servers.proxy(url) as proxy:
        organization.build(url)
        made = buckets(url, "management", {})
        for number in range(MEMBERS - 1):
            account, credentials = organization.member(url, f"member-{number}")
            made |= buckets(url, account, credentials)
        proxy.canned = organization.PUBLIC_KEYS
        proxy.fault = harm = Harm()
        retries = {"AWS_MAX_ATTEMPTS": "3", "AWS_RETRY_MODE": "standard"}
        environment = servers.environment(url, proxy.url, home, **retries)
        assert butfor(environment, "init", str(case)).returncode == 0
        done = butfor(
            environment,
            *("collect", "aws", "--case", str(case), "--role-name", "Audit"),
            *("--region", "us-east-1", *organization.PERIOD),
            *(part for one in SOURCES for part in ("--source", f"aws.{one}")),
            wait=1200,
        )
        assert done.returncode == 3, done.stderr[-3000:]
        assert set(harm.done.values()) == set(HARMS), "a kind of fault did not come about"
    verified = butfor(environment, "verify", str(case), wait=600)
    assert verified.returncode == 0, verified.stdout[-3000:]
    built = butfor(environment, "build", "--case", str(case), wait=1200)
    assert built.returncode in (0, 3), built.stderr[-3000:]
    return case, made, done.stdout


def test_every_bucket_of_every_account_is_state_at_the_time_of_its_answer(
    whole: tuple[Path, dict[str, bool], str],
) -> None:
    case, made, _ = whole
    known: dict[str, set[bool]] = {}
    bounds = set()
    for row in rows(case, "intervals"):
        if row["slot"] == "policy" and row["value"] != "UNKNOWN":
            known.setdefault(row["resource_uid"].rpartition(":")[2], set()).add(
                row["value"] is not None
            )
            bounds.add((row["start_bound"], row["end_bound"], row["how_known"]))
    assert {name: known.get(name) for name in made} == {name: {has} for name, has in made.items()}
    assert bounds == {("no later than", "no earlier than", "observed")}


def test_five_accounts_were_entered(whole: tuple[Path, dict[str, bool], str]) -> None:
    case, _, _ = whole
    entered = {
        line["account"]
        for line in lines(case, ledger.OBSERVATIONS)
        if line["operation"] == "s3:ListBuckets" and line["outcome"] == "OBSERVED"
    }
    assert len(entered) == MEMBERS + 1


def test_the_sums_of_the_ledger_close(whole: tuple[Path, dict[str, bool], str]) -> None:
    case, _, printed = whole
    ledgered = Counter(line["outcome"] for line in lines(case, ledger.OBSERVATIONS))
    total = next(line for line in printed.splitlines() if line.startswith("sum ")).split()[1:]
    assert [int(number) for number in total[:-1]] == [ledgered[one.value] for one in Outcome]
    assert sum(ledgered.values()) == int(total[-1])
    (folder,) = (case / "evidence").iterdir()
    record = json.loads((folder / "acquisition.json").read_bytes())
    assert record["outcomes"] == dict(sorted(ledgered.items()))
    run = record["run"]
    assert run["seen"] == run["kept"] + run["gaps"] + run["already"]
    gaps = ledgered.total() - ledgered["OBSERVED"] - ledgered["ABSENT"]
    assert len(lines(case, ledger.GAPS)) == gaps
    # The other account's log object; the long run takes the access log too.
    assert len(lines(case, ledger.FILES)) == len(organization.TRAIL) + 1 + SOAK
