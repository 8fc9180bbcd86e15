"""Causation against deciding, in CPU seconds: `python -m benchmarks.causation [EVENTS] [CHANGES]`.

A case of our own making: twelve buckets read by twenty roles and by anybody, policies, lists and
Block Public Access settings changed again and again in the same period. What is compared is the
time of deciding all accesses with the time of explaining all classes, both undos, facts included,
and of the exposure windows.
Then one bucket on which 200 public grants lie over each other, each enough by itself: that the
search stays bounded, and says so.
"""

import gzip
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from click.testing import CliRunner

import butfor
from collector import case as case_file
from collector import store
from timeline import events, normalize
from timeline.correlate import analysis, decisions, exposure
from timeline.correlate.aws.provider import AWS
from timeline.correlate.course import attempts
from timeline.correlate.signatures import Attempts
from timeline.state import replay
from timeline.state.intervals import History

OWNER = "111122223333"
START = datetime(2022, 1, 1, tzinfo=UTC)
ROLES = tuple(f"app-{n:02d}" for n in range(20))
KEYS = 200
BUCKETS = tuple(f"corp-data-{n}" for n in range(12))
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
GRANTS = 200


def main() -> None:
    """Both cases, one line each."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    changes = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _measure(work / "grants", _overlapping)
        _measure(work / "mixed", _mixed, count, changes)


def _measure(work: Path, make: Callable[..., Iterator[dict[str, Any]]], *given: int) -> None:
    """The stages before are carried out and not measured; findings and tables are left out.

    The records are made and ingested in a process of their own, whose memory is not counted.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        apart.submit(_ingested, work, make, *given).result()
    case, derived = work / "case", work / "derived"
    items = store.items(case)
    stored = normalize.Stored(derived / "events")
    state = replay.run(
        stored,
        list(normalize.snapshots(items, lambda item: store.open_item(case, item))),
        gaps=[],
        party_of=lambda _: "unattributed",
    )
    writers = events.by_uid(stored, {row["change_uid"] for row in state.changes})
    held = frozenset(case_file.load(case).assumptions.on())
    made = Attempts(attempts(state.changes))
    setting = decisions.Setting(
        view=History(state.intervals, state.changes), attempts=made, provider=AWS, assumptions=held
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    began = time.process_time()
    decided = decisions.decide_all(stored, setting)
    deciding = time.process_time() - began
    began = time.process_time()
    explained, _ = analysis.explained(decided, setting, writers)
    explaining = time.process_time() - began
    began = time.process_time()
    asked, _ = exposure.seen(decided, setting.view, AWS, held)
    analysis.windows(asked, setting, exposure.edges_of(state.intervals, made))
    windows = time.process_time() - began
    ratio = (explaining + windows) / deciding
    sets = [(part.class_uid, row) for part in explained for row in (*part.sets, *part.facts)]
    capped = {(uid, row["level"]) for uid, row in sets if not row["complete"]}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{work.name}: {len(decided.accesses):,} accesses, {len(decided.classes):,} classes, "
        f"{len(made.ordered):,} writes; deciding {deciding:.1f} s, explaining {explaining:.1f} s, "
        f"windows {windows:.1f} s, ratio {ratio:.2f}; {len(sets):,} sets, "
        f"cap met in {sum(level == 'change' for _, level in capped)} classes at change level and "
        f"{sum(level == 'fact' for _, level in capped)} at fact level; "
        f"peak {peak:,} MB, {before:,} MB of it before deciding",
        flush=True,
    )


def _ingested(work: Path, make: Callable[..., Iterator[dict[str, Any]]], *given: int) -> None:
    case = _imported(work, make(*given))
    normalize.run(case, store.items(case), work / "derived" / "events")


def _imported(work: Path, records: Iterator[dict[str, Any]]) -> Path:
    logs, seen = work / "logs", work / "iam"
    logs.mkdir(parents=True)
    seen.mkdir()
    # As texts: a million records as Python values would take 6 GB.
    ordered = sorted(((str(r["eventTime"]), json.dumps(r)) for r in records), key=lambda p: p[0])
    for number, first in enumerate(range(0, len(ordered), 10_000)):
        texts = ", ".join(text for _, text in ordered[first : first + 10_000])
        body = f'{{"Records": [{texts}]}}'.encode()
        (logs / f"{number:04d}.json.gz").write_bytes(gzip.compress(body, 6, mtime=0))
    (seen / "iam.json").write_text(json.dumps(_listing()), encoding="utf-8")
    case = work / "case"
    for arguments in (
        ["init", str(case)],
        ["import", "--case", str(case), str(logs)],
        ["import", "--case", str(case), "--observed-at", "2021-12-31T00:00:00Z", str(seen)],
    ):
        done = CliRunner().invoke(butfor.main, arguments, catch_exceptions=False)
        if done.exit_code not in (0, 3):
            raise SystemExit(done.output)
    return case


def _listing() -> dict[str, Any]:
    """Twenty roles and an administrator who may do everything in S3."""
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [everything]}
    policy = {"PolicyName": "own", "PolicyDocument": document}
    return {
        "UserDetailList": [], "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [
            {
                "Path": "/", "RoleName": name, "RoleId": f"AROAEXAMPLE{name.upper():0<10.10}",
                "Arn": f"arn:aws:iam::{OWNER}:role/{name}",
                "CreateDate": "2021-11-02T09:00:00+00:00",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
                "RolePolicyList": [policy], "AttachedManagedPolicies": [], "Tags": [],
                "InstanceProfileList": [],
            }
            for name in ("admin", *ROLES)
        ],
    }  # fmt: skip


def _mixed(count: int, changes: int) -> Iterator[dict[str, Any]]:
    """Buckets and their objects first; then reads, one in twenty anonymous, and changes."""
    rng = random.Random(11)
    for bucket in BUCKETS:
        yield _call(START - timedelta(days=2), "CreateBucket", bucket, {})
        for key in range(KEYS):
            yield _call(START - timedelta(days=1), "PutObject", bucket, {}, key=f"part/{key:03d}")
    span = max(count // 3, 1)
    for number in range(count):
        at = START + timedelta(seconds=number // 3)
        caller = None if rng.random() < 0.05 else rng.choice(ROLES)
        bucket, name = rng.choice(BUCKETS), f"part/{rng.randrange(KEYS):03d}"
        yield _call(at, "GetObject", bucket, {}, key=name, caller=caller)
    for number in range(changes):
        at = START + timedelta(seconds=rng.randrange(span))
        yield _change(rng, at, rng.choice(BUCKETS), number)


def _change(rng: random.Random, at: datetime, bucket: str, number: int) -> dict[str, Any]:
    kind = rng.randrange(4)
    if kind == 0:
        return _call(at, "DeleteBucketPolicy", bucket, {"policy": ""})
    if kind == 1:
        flags = {name: rng.random() < 0.3 for name in FLAGS}
        return _call(
            at, "PutBucketPublicAccessBlock", bucket, {"PublicAccessBlockConfiguration": flags}
        )
    if kind == 2:
        canned = rng.choice(("private", "public-read"))
        return _call(at, "PutBucketAcl", bucket, {"x-amz-acl": canned, "acl": ""})
    prefix = rng.choice(("*", f"part/{number % 10}*"))
    return _call(at, "PutBucketPolicy", bucket, _policy(bucket, [prefix]))


def _overlapping() -> Iterator[dict[str, Any]]:
    """One public statement more with every write, each enough for the read at the end."""
    bucket = "many-grants"
    yield _call(START - timedelta(days=1), "CreateBucket", bucket, {})
    for number in range(GRANTS):
        prefixes = [f"a{'?' * n}*" for n in range(number + 1)]
        at = START + timedelta(minutes=number)
        yield _call(at, "PutBucketPolicy", bucket, _policy(bucket, prefixes))
    key = "a" * (GRANTS + 5)
    yield _call(START - timedelta(hours=1), "PutObject", bucket, {}, key=key)
    yield _call(START + timedelta(days=1), "GetObject", bucket, {}, key=key, caller=None)


def _policy(bucket: str, prefixes: list[str]) -> dict[str, Any]:
    statements = [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
         "Resource": f"arn:aws:s3:::{bucket}/{prefix}"}
        for prefix in prefixes
    ]  # fmt: skip
    return {"bucketPolicy": {"Version": "2012-10-17", "Statement": statements}, "policy": ""}


def _call(
    at: datetime,
    name: str,
    bucket: str,
    params: dict[str, Any],
    *,
    key: str | None = None,
    caller: str | None = "admin",
) -> dict[str, Any]:
    """One record; `caller` is a role, None for nobody signed in."""
    unique = f"{name}-{bucket}-{key}-{caller}-{at:%Y%m%d%H%M%S}-{len(json.dumps(params))}"
    named = [{"accountId": OWNER, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}]
    if key:
        named.insert(0, {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"})
    asked = {"bucketName": bucket, **({"key": key} if key else {}), **params}
    return {
        "eventVersion": "1.08", "userIdentity": _caller(caller),
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "eventSource": "s3.amazonaws.com",
        "eventName": name, "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.10" if caller else "198.51.100.23",
        "userAgent": "[aws-cli/2.7.0]", "requestParameters": asked, "responseElements": None,
        "additionalEventData": {
            "CipherSuite": "TLS_AES_128_GCM_SHA256", "bytesTransferredOut": 10,
            **({"AuthenticationMethod": "AuthHeader"} if caller else {}),
        },
        "requestID": unique[:16], "eventID": unique, "readOnly": name == "GetObject",
        "resources": named, "eventType": "AwsApiCall", "managementEvent": key is None,
        "recipientAccountId": OWNER, "eventCategory": "Data" if key else "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
    }  # fmt: skip


def _caller(role: str | None) -> dict[str, Any]:
    if role is None:
        return {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
    unique = f"AROAEXAMPLE{role.upper():0<10.10}"
    return {
        "type": "AssumedRole", "principalId": f"{unique}:run", "accountId": OWNER,
        "arn": f"arn:aws:sts::{OWNER}:assumed-role/{role}/run", "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": f"arn:aws:iam::{OWNER}:role/{role}",
                              "accountId": OWNER, "userName": role, "principalId": unique},
            "attributes": {"mfaAuthenticated": "false", "creationDate": "2021-12-31T00:00:00Z"},
        },
    }  # fmt: skip


if __name__ == "__main__":
    main()
