"""What `butfor collect aws` stored, `butfor build` reads: state observed at its time, no more."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import butfor as main
from collector import ledger, store, warc
from tests import servers
from tests.architecture import citations
from tests.architecture.tree import ROOT
from tests.collector.aws import organization
from timeline import normalize, tables
from timeline.model import Knowledge
from timeline.state.intervals import History

OPEN, QUIET, CLOSED = (f"arn:aws:s3:::{name}" for name in ("open-bucket", "quiet-bucket", "shut"))
ACCOUNT = f"aws:account:{organization.MANAGEMENT}"
SOURCES = ("aws.s3_bucket", "aws.s3_account", "aws.iam", "aws.kms", "aws.organization",
           "aws.objects")  # fmt: skip
OBJECTS = ("--objects", "open-bucket/in", "--object-metadata")


def butfor(
    environment: dict[str, str], *arguments: str, wait: int = 120
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "butfor.py"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=wait,
        check=False,
    )


def denied(_: int, passed: servers.Passed) -> servers.Fault | None:
    """The policy and the list of one bucket are refused."""
    refused = ("/shut?policy", "/shut?acl")
    return servers.Fault.DENIED if passed.path.startswith(refused) else None


def settle(url: str) -> None:
    """Settings of every kind that the buckets of the organization do not have yet."""
    s3 = organization.client(url, "s3")
    s3.create_bucket(Bucket="shut")
    policy = json.dumps(organization.POLICY).replace("open-bucket", "shut")
    s3.put_bucket_policy(Bucket="shut", Policy=policy)
    s3.put_bucket_acl(Bucket="open-bucket", ACL="public-read")
    flags = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False}
    s3.put_public_access_block(Bucket="quiet-bucket", PublicAccessBlockConfiguration=flags)
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket="quiet-bucket", OwnershipControls=rules)
    iam = organization.client(url, "iam")
    iam.create_role(RoleName="R", Path="/x/", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_user_policy(UserName="alice", PolicyName="in+line", PolicyDocument=json.dumps(INLINE))


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
INLINE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::a/b+%2Bc"}],
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of a provider on loopback, verified and built: the case."""
    home = tmp_path_factory.mktemp("built")
    case = home / "case"
    with servers.moto() as url, servers.proxy(url) as proxy:
        organization.build(url)
        settle(url)
        proxy.fault = denied
        environment = servers.environment(url, proxy.url, home, AWS_MAX_ATTEMPTS="1")
        assert butfor(environment, "init", str(case)).returncode == 0
        asked = [part for source in SOURCES for part in ("--source", source)]
        done = butfor(
            environment,
            "collect",
            "aws",
            "--case",
            str(case),
            "--region",
            "us-east-1",
            *asked,
            *OBJECTS,
        )
        assert done.returncode == 3, done.stderr[-3000:]
    assert butfor(environment, "verify", str(case)).returncode in (0, 3)
    done = butfor(environment, "build", "--case", str(case))
    assert done.returncode in (0, 3), done.stderr[-3000:]
    return case


def rows(case: Path, table: str) -> list[dict[str, Any]]:
    return list(tables.read(case / "derived", table))


def held(case: Path, resource: str, slot: str) -> list[dict[str, Any]]:
    """Known intervals of a slot."""
    return [
        row
        for row in rows(case, "intervals")
        if (row["resource_uid"], row["slot"]) == (resource, slot) and row["value"] != "UNKNOWN"
    ]


def answer_to(case: Path, operation: str, bucket: str) -> datetime:
    """When an answer was complete, out of its WARC record."""
    (folder,) = (case / "evidence").iterdir()
    (found,) = (
        one.at
        for one in warc.read(folder / ledger.WARC)
        if one.fields.get("WARC-Butfor-Operation") == operation and f"/{bucket}?" in one.request.uri
    )
    return found


def test_a_policy_is_observed_at_the_time_of_its_answer(built: Path) -> None:
    (row,) = held(built, OPEN, "policy")
    at = answer_to(built, "s3:GetBucketPolicy", "open-bucket")
    assert json.loads(row["value"])["Statement"] == organization.POLICY["Statement"][0]
    assert (row["start"], row["start_bound"]) == (at, "no later than")
    assert (row["end"], row["end_bound"]) == (at + timedelta(seconds=1), "no earlier than")
    assert row["how_known"] == "observed"
    assert rows(built, "changes") == []


def test_outside_of_its_time_nothing_is_known(built: Path) -> None:
    history = History(rows(built, "intervals"))
    at = answer_to(built, "s3:GetBucketPolicy", "open-bucket")
    known = {
        moment: history.at(OPEN, "policy", at + timedelta(seconds=moment)).knowledge
        for moment in (-3600, 0, 3600)
    }
    assert known == {-3600: Knowledge.UNKNOWN, 0: Knowledge.PRESENT, 3600: Knowledge.UNKNOWN}


def test_absence_is_what_the_provider_says_is_none(built: Path) -> None:
    (row,) = held(built, QUIET, "policy")
    assert (row["fact"], row["value"], row["how_known"]) == ("*", None, "observed")
    assert "NoSuchBucketPolicy" in row["why"]
    assert [row["value"] for row in held(built, OPEN, "ownership")] == ['"ObjectWriter"']
    for resource in (OPEN, ACCOUNT):
        flags = held(built, resource, "public_access_block.IgnorePublicAcls")
        assert [row["value"] for row in flags] == ["false"]


@pytest.mark.parametrize("slot", ["policy", "acl"])
def test_what_was_denied_is_unknown_and_a_gap_never_empty(built: Path, slot: str) -> None:
    assert held(built, CLOSED, slot) == []
    history = History(rows(built, "intervals"))
    at = answer_to(built, f"s3:GetBucket{slot.capitalize()}", "shut")
    assert history.at(CLOSED, slot, at).knowledge is Knowledge.UNKNOWN
    subjects = {row["subject"] for row in rows(built, "gaps") if row["kind"] == "denied"}
    assert f"s3:GetBucket{slot.capitalize()} {CLOSED}" in subjects
    assert held(built, CLOSED, "ownership") != []


def test_flags_and_ownership_of_a_bucket(built: Path) -> None:
    found = {
        flag: held(built, QUIET, f"public_access_block.{flag}")[0]["value"]
        for flag in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy")
    }
    expected = {"BlockPublicAcls": "true", "IgnorePublicAcls": "true", "BlockPublicPolicy": "false"}
    assert found == expected
    assert [row["value"] for row in held(built, QUIET, "ownership")] == ['"BucketOwnerPreferred"']


def test_a_list_that_may_hide_grants_proves_nothing(built: Path) -> None:
    assert sorted(row["fact"].split(":")[1] for row in held(built, OPEN, "acl")) == [
        "CanonicalUser",
        "Group",
    ]
    assert held(built, QUIET, "acl") == []
    (gap,) = (row for row in rows(built, "gaps") if row["subject"] == f"aws.s3.acl {QUIET}")
    assert gap["kind"] == "opaque"
    assert "IgnorePublicAcls" in gap["reason"]


def test_buckets_belong_to_the_account_that_lists_them(built: Path) -> None:
    assert [json.loads(row["value"]) for row in held(built, CLOSED, "owner")] == [
        organization.MANAGEMENT
    ]
    first = held(built, CLOSED, "existence")[0]
    assert first["start_bound"] == "no later than"
    assert first["start"] < answer_to(built, "s3:GetBucketPolicy", "shut")


def test_principals_and_their_documents(built: Path) -> None:
    user = f"arn:aws:iam::{organization.MANAGEMENT}:user/alice"
    (inline,) = held(built, user, "inline_policy/in+line")
    assert json.loads(inline["value"])["Statement"] == INLINE["Statement"][0]
    role = f"arn:aws:iam::{organization.MANAGEMENT}:role/x/R"
    (trust,) = held(built, role, "trust")
    assert json.loads(trust["value"])["Statement"] == TRUST["Statement"][0]


def test_objects_in_scope(built: Path) -> None:
    uid = f"{OPEN}/in/scope.txt"
    (version,) = {
        row["resource_uid"] for row in rows(built, "intervals") if f"{uid}?" in row["resource_uid"]
    }
    assert held(built, version, "existence") != []
    facts = [sorted(row["fact"] for row in held(built, place, "acl")) for place in (uid, version)]
    assert facts[0] == facts[1] != []
    (uploader,) = held(built, uid, "uploader")
    assert "canonical_id" in json.loads(uploader["value"])
    assert uploader["record_sha256"] is not None


def test_the_tree_of_the_organization(built: Path) -> None:
    root = held(built, f"aws:organizations:target/{organization.MANAGEMENT}", "parent")
    assert {json.loads(row["value"])[:2] for row in root} == {"r-"}
    (tree,) = held(built, "aws:organizations", "tree")
    assert tree["how_known"] == "observed"
    (managing,) = held(built, "aws:organizations", "management_account")
    assert json.loads(managing["value"]) == organization.MANAGEMENT
    full = [row for row in rows(built, "intervals") if row["slot"] == "policy/p-FullAWSAccess"]
    assert {row["resource_uid"].rpartition("/")[2][:2] for row in full} >= {"r-", "12"}


@pytest.mark.parametrize(
    ("resource", "slot"),
    [
        (f"{OPEN}/in/scope.txt", "acl"),
        (ACCOUNT, "canonical_id"),
        ("aws:organizations", "tree"),
        (f"aws:organizations:target/{organization.MANAGEMENT}", "parent"),
        ("aws:organizations:policy/p-FullAWSAccess", "content"),
    ],
)
def test_the_command_says_value_how_known_and_source(built: Path, resource: str, slot: str) -> None:
    at = held(built, resource, slot)[0]["start"]
    moment = f"{at or answer_to(built, 's3:GetBucketPolicy', 'shut'):%Y-%m-%dT%H:%M:%S.%fZ}"
    asked = ["state", resource, "--case", str(built), "--at", moment]
    done = CliRunner().invoke(main.main, [*asked, "--json"])
    assert done.exit_code == 0, done.output
    state = json.loads(done.stdout)["slots"][slot]
    assert state["knowledge"] == "PRESENT"
    assert state["value"] not in (None, "UNKNOWN")
    for fact in state["facts"]:
        assert fact["how_known"] in ("observed", "inferred")
        assert fact["evidence_item"]
        assert fact["locator"]
        assert fact["why"]
    shown = CliRunner().invoke(main.main, asked)
    assert f"\n{slot}: PRESENT" in shown.output
    assert "source: no record" not in shown.output
    apart = CliRunner().invoke(main.main, [*asked, "--diff", "2001-01-01T00:00:00Z", "--json"])
    assert apart.exit_code == 0
    assert isinstance(json.loads(apart.stdout)["slots"], dict)


def test_every_row_cites_the_bytes_of_an_answer(built: Path) -> None:
    assert citations.unresolved(built) == []
    assert citations.undated(built) == []
    cited = {(row["evidence_item"], row["locator"]) for _, row in citations.rows(built)}
    assert len(cited) >= 30
    items = {item.uid: item for item in store.items(built)}
    for uid, locator in sorted(cited):
        body = normalize.reextract(partial(store.open_item, built), items[uid], locator)
        assert body.lstrip()[:1] in (b"<", b"{")
    named = {row["resource_uid"] for row in rows(built, "intervals")}
    assert {OPEN, QUIET, CLOSED, ACCOUNT} <= named


def test_answers_are_documents_and_no_gaps_of_the_logs(built: Path) -> None:
    unread = [
        row for row in rows(built, "gaps") if "expected JSON or an access log" in row["reason"]
    ]
    assert unread == []
