"""A whole collection from a provider on loopback: outcomes, denial, secrets, sums, verify."""

import json
import re
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import ledger, store, warc
from collector.model import Outcome
from tests import servers
from tests.collector.aws import organization

ROOT = Path(__file__).parents[3]
SCOPE = ("--region", "us-east-1", *organization.PERIOD)


def butfor(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "butfor.py"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def lines(case: Path, name: str) -> list[dict[str, Any]]:
    (folder,) = (case / "evidence").iterdir()
    return list(ledger.lines(folder / name))


def outcomes(case: Path, operation: str) -> dict[str, str]:
    return {
        line["resource"].removeprefix("arn:aws:s3:::"): line["outcome"]
        for line in lines(case, ledger.OBSERVATIONS)
        if line["operation"] == operation
    }


def bodies(case: Path) -> Iterator[warc.Exchange]:
    (folder,) = (case / "evidence").iterdir()
    return warc.read(folder / ledger.WARC)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, list[str]]]:
    """An organization of two accounts, collected once: the case, the second account, the output."""
    home = tmp_path_factory.mktemp("collected")
    with servers.moto() as url, servers.proxy(url) as proxy:
        second = organization.build(url)
        proxy.canned = organization.PUBLIC_KEYS
        environment = servers.environment(url, proxy.url, home, AWS_MAX_ATTEMPTS="1")
        case = home / "case"
        assert butfor(environment, "init", str(case)).returncode == 0
        done = butfor(
            environment,
            *("collect", "aws", "--case", str(case), "--role-name", "Audit"),
            *("--objects", "open-bucket/in/", "--lookup-events", *SCOPE),
        )
        assert done.returncode == 3, done.stderr[-3000:]
        verified = butfor(environment, "verify", str(case))
        assert verified.returncode == 0, verified.stdout
        # The provider's own signatures, under the keys that were archived with the logs.
        assert "aws digests: 0 invalid, 0 missing, 0 unchecked, 5 valid" in verified.stdout
        yield case, second, done.stdout.splitlines()


def test_settings_of_every_bucket_of_every_account(collected: tuple[Path, str, Any]) -> None:
    case, _, _ = collected
    assert outcomes(case, "s3:GetBucketPolicy") == {
        "log-bucket": "ABSENT",
        "open-bucket": "OBSERVED",
        "quiet-bucket": "ABSENT",
        "trail-bucket": "ABSENT",
        "second-bucket": "ABSENT",
    }
    assert set(outcomes(case, "s3:GetBucketAcl").values()) == {"OBSERVED"}
    policies = [
        one.response.body
        for one in bodies(case)
        if one.fields["WARC-Butfor-Operation"] == "s3:GetBucketPolicy"
        and one.response is not None
        and one.response.status == 200
    ]
    assert [json.loads(body) for body in policies] == [organization.POLICY]


def test_expected_owner_is_always_sent(collected: tuple[Path, str, Any]) -> None:
    case, second, _ = collected
    owners = {
        line["parameters"]["asked"]["Bucket"]: line["parameters"]["asked"]["ExpectedBucketOwner"]
        for line in lines(case, ledger.OBSERVATIONS)
        if "Bucket" in line["parameters"]["asked"]
    }
    assert owners["second-bucket"] == second
    assert owners["log-bucket"] == organization.MANAGEMENT
    for one in bodies(case):
        operation = one.fields["WARC-Butfor-Operation"]
        if operation.startswith("s3:") and operation != "s3:ListBuckets":
            assert b"x-amz-expected-bucket-owner: " in one.request.head


def test_log_objects_and_digests_come_with_their_metadata(collected: tuple[Path, str, Any]) -> None:
    case, _, _ = collected
    kept = {line["name"]: line for line in lines(case, ledger.FILES)}
    assert set(kept) == {
        *organization.TRAIL,
        organization.OTHER_KEY,
        organization.ACCESS_LOG_KEY,
    }
    items = {item.name: item for item in store.items(case)}
    for key, stored in organization.TRAIL.items():
        assert kept[key]["metadata"] == dict(stored.metadata)
        with store.open_item(case, items[key]) as file:
            assert file.read() == stored.body
    cited = [one.response for one in bodies(case) if one.response and one.response.stored_as]
    assert sorted(str(one.stored_as).partition(" ")[0] for one in cited) == sorted(
        line["item"] for line in kept.values()
    )


def test_an_answer_can_be_read_from_its_evidence_item(collected: tuple[Path, str, Any]) -> None:
    case, _, _ = collected
    name = "s3:GetBucketPolicy arn:aws:s3:::open-bucket"
    (item,) = (item for item in store.items(case) if item.name == name)
    with store.open_item(case, item) as file:
        answer = warc.answer_in(file.read())
    assert (answer.operation, answer.account) == ("s3:GetBucketPolicy", organization.MANAGEMENT)
    assert json.loads(answer.response.body) == organization.POLICY


def test_doctor_says_what_is_logged_and_what_is_refused(tmp_path: Path) -> None:
    with servers.moto() as url, servers.proxy(url) as proxy:
        organization.build(url)
        proxy.fault = lambda _, passed: (
            servers.Fault.DENIED
            if b"Action=ListVirtualMFADevices" in passed.body or passed.path.endswith("?policy")
            else None
        )
        environment = servers.environment(url, proxy.url, tmp_path, AWS_MAX_ATTEMPTS="1")
        done = butfor(environment, "doctor", "aws")
        as_data = json.loads(butfor(environment, "doctor", "aws", "--json").stdout)
    assert done.returncode == 3, done.stderr
    assert "refused iam:ListVirtualMFADevices (AccessDenied)" in done.stdout
    assert re.search(r"refused s3:GetBucketPolicy about \S+-bucket \(\w+\): needs", done.stdout)
    assert as_data["denied"] == ["iam:ListVirtualMFADevices", "s3:GetBucketPolicy"]
    assert as_data["samples"]["kms:DescribeKey"]
    assert as_data["probes"]["cloudtrail:GetTrailStatus"] == "OBSERVED"
    assert as_data["region"] == "us-east-1"
    assert as_data["probes"]["s3:ListBuckets"] == "OBSERVED"
    assert "to trail-bucket, logging no, data events no, digests yes" in as_data["logging"][0]
    assert "server access logs: 1 of 4 buckets, 0 not established" in as_data["logging"]
    assert "access-log bucket log-bucket: no lifecycle" in " ".join(as_data["expiry"])
    assert "log bucket trail-bucket: no lifecycle: nothing expires by itself" in as_data["expiry"]


def test_objects_in_scope_have_acls_and_no_content_is_read(
    collected: tuple[Path, str, Any],
) -> None:
    case, _, _ = collected
    assert outcomes(case, "s3:GetObjectAcl") == {
        "open-bucket/in/scope.txt?versionId=null": "OBSERVED"
    }
    assert b"secret content" not in everything(case)
    assert outcomes(case, "s3:HeadObject") == {}


def test_look_up_says_what_it_holds_no_more(collected: tuple[Path, str, Any]) -> None:
    case, _, _ = collected
    looked = [
        line
        for line in lines(case, ledger.OBSERVATIONS)
        if line["operation"] == "cloudtrail:LookupEvents"
    ]
    assert {line["outcome"] for line in looked} == {Outcome.OUT_OF_RETENTION.value}
    gaps = [gap for gap in lines(case, ledger.GAPS) if gap["kind"] == "out_of_retention"]
    assert {gap["time_from"] for gap in gaps} == {"2026-01-02T00:00:00.000000Z"}


def test_sums_close(collected: tuple[Path, str, list[str]]) -> None:
    case, _, printed = collected
    ledgered = Counter(line["outcome"] for line in lines(case, ledger.OBSERVATIONS))
    total = next(line for line in printed if line.startswith("sum ")).split()[1:]
    assert [str(ledgered[outcome.value]) for outcome in Outcome] == total[:-1]
    assert sum(ledgered.values()) == int(total[-1])
    answers = (Outcome.OBSERVED, Outcome.ABSENT)
    gaps = sum(number for outcome, number in ledgered.items() if outcome not in answers)
    assert len(lines(case, ledger.GAPS)) == gaps


def test_every_exchange_is_cited_and_every_request_id_listed(
    collected: tuple[Path, str, Any],
) -> None:
    case, _, _ = collected
    ledgered = lines(case, ledger.OBSERVATIONS)
    cited = {record["record"] for line in ledgered for record in line["records"]}
    assert cited >= {one.number for one in bodies(case)}
    listed = {number for line in ledgered for number in line["parameters"]["request_ids"]}
    sent = {one.response.header("x-amzn-requestid") for one in bodies(case) if one.response}
    assert sent - {None} <= listed


def everything(case: Path) -> bytes:
    """Every byte of the store, and what is inside its gzip members."""
    parts = []
    for path in sorted(case.rglob("*")):
        if path.is_file():
            parts.append(path.read_bytes())
            if path.name == ledger.WARC:
                for _, head, block in warc.records(path):
                    parts += [json.dumps(head).encode(), block]
    return b"\n".join(parts)


def test_no_secret_is_in_any_byte_of_the_store(collected: tuple[Path, str, Any]) -> None:
    case, _, printed = collected
    store_bytes = everything(case) + "\n".join(printed).encode()
    assert b"[redacted bytes=" in store_bytes
    for secret in (servers.SECRET, servers.TOKEN, "Signature=", "SecretAccessKey"):
        assert secret.encode() not in store_bytes
    roles = [
        line for line in lines(case, ledger.OBSERVATIONS) if line["operation"] == "sts:AssumeRole"
    ]
    assert len(roles) == 1
    assert roles[0]["records"] == []
    assert roles[0]["request_id"]


def test_a_denied_account_is_a_gap_and_the_rest_goes_on(tmp_path: Path) -> None:
    with servers.moto() as url, servers.proxy(url) as proxy:
        organization.client(url, "organizations").create_organization(FeatureSet="ALL")
        number, _ = organization.member(url, "closed")
        proxy.fault = lambda _, passed: (
            servers.Fault.DENIED if f"{number}%3Arole".encode() in passed.body else None
        )
        environment = servers.environment(url, proxy.url, tmp_path, AWS_MAX_ATTEMPTS="1")
        case = tmp_path / "case"
        butfor(environment, "init", str(case))
        done = butfor(
            environment,
            *("collect", "aws", "--case", str(case), "--role-name", "Audit"),
            *("--source", "aws.s3_bucket", *SCOPE),
        )
    assert done.returncode == 3, done.stderr[-2000:]
    denied = [line for line in lines(case, ledger.OBSERVATIONS) if line["outcome"] == "DENIED"]
    assert number in {line["account"] for line in denied}
    assert "AssumeRole" in denied[-1]["detail"] + denied[-1]["operation"]
    assert outcomes(case, "s3:ListBuckets") == {f"account/{organization.MANAGEMENT}": "OBSERVED"}


def scanner(url: str) -> dict[str, str]:
    """An identity that may read everything but the two settings that make a bucket public."""
    iam = organization.client(url, "iam")
    iam.create_user(UserName="scanner")
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["s3:GetBucketPolicy", "s3:GetBucketAcl"], "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="scanner", PolicyName="scan", PolicyDocument=document)
    key = iam.create_access_key(UserName="scanner")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def test_denied_is_never_taken_for_absent(tmp_path: Path) -> None:
    """Two public buckets, and a scanner that may not see why: scanners report "not public"."""
    with servers.moto() as url, servers.proxy(url) as proxy:
        s3 = organization.client(url, "s3")
        for name in ("open-by-policy", "open-by-acl"):
            s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter")
        policy = json.dumps(organization.POLICY).replace("open-bucket", "open-by-policy")
        s3.put_bucket_policy(Bucket="open-by-policy", Policy=policy)
        s3.put_bucket_acl(Bucket="open-by-acl", ACL="public-read")
        environment = servers.environment(url, proxy.url, tmp_path, **scanner(url))
        del environment["AWS_SESSION_TOKEN"]
        case = tmp_path / "case"
        butfor(environment, "init", str(case))
        request = urllib.request.Request(
            f"{url}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"}, method="POST"
        )
        urllib.request.urlopen(request).close()
        done = butfor(
            environment,
            *("collect", "aws", "--case", str(case), "--source", "aws.s3_bucket", *SCOPE),
        )
    assert done.returncode == 3, done.stderr[-2000:]
    for operation in ("s3:GetBucketPolicy", "s3:GetBucketAcl"):
        assert outcomes(case, operation) == {
            "open-by-acl": "DENIED",
            "open-by-policy": "DENIED",
        }
    subjects = [gap["subject"] for gap in lines(case, ledger.GAPS) if gap["kind"] == "denied"]
    assert len(subjects) == 4
    for one in bodies(case):
        if one.fields["WARC-Butfor-Operation"] in ("s3:GetBucketPolicy", "s3:GetBucketAcl"):
            assert one.response is not None
            assert one.response.status == 403
            assert b"AccessDenied" in one.response.body
    gaps = butfor(environment, "gaps", "--case", str(case))
    output = (done.stdout + done.stderr + gaps.stdout).lower()
    assert "not public" not in output
    assert b'"Statement":[]' not in everything(case).replace(b" ", b"")
