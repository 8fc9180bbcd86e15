"""The commands without a provider: plan, policy, refusals; and that help needs no SDK."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from collector.cli_collect import collect, doctor
from tests.collector.aws.test_collect import ROOT


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(collect, ["aws", *arguments])
    return result.exit_code, result.output


def test_plan_prints_every_operation_and_calls_none() -> None:
    code, output = run("--plan", "--json")
    assert code == 0
    plan = json.loads(output)
    assert {"s3:GetBucketPolicy", "organizations:DescribeEffectivePolicy"} <= {
        line["operation"] for line in plan
    }
    assert not next(line for line in plan if line["operation"] == "s3:HeadObject")["requested"]
    code, output = run("--plan")
    assert "  - s3:HeadObject on object: s3:GetObject" in output
    assert output.rstrip().endswith("Nothing was called.")


def test_plan_follows_the_options() -> None:
    _, output = run("--plan", "--json", "--object-metadata", "--objects", "b/p", "--tier", "3")
    assert all(line["requested"] for line in json.loads(output))
    _, output = run("--plan", "--json", "--source", "aws.kms")
    assert {line["source"] for line in json.loads(output)} == {"aws.kms"}


def test_policy_is_a_policy() -> None:
    code, output = run("--policy", "--log-bucket", "logs/p=111111111111", "--role-name", "Audit")
    assert code == 0
    statements = {one["Sid"]: one for one in json.loads(output)["Statement"]}
    assert set(statements) == {"ReadConfiguration", "ReadLogObjects", "ChangeIntoAccounts"}
    assert statements["ReadLogObjects"]["Resource"] == ["arn:aws:s3:::logs/p*"]
    assert {one["Effect"] for one in statements.values()} == {"Allow"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--source", "aws.nothing", "--plan"], "expected sources among"),
        (["--from", "2026-01-02T00:00:00"], "offset to UTC"),
        (["--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z", "--plan"], "before"),
        (["--concurrency", "0"], "--concurrency"),
    ],
)
def test_wrong_calls_are_refused(arguments: list[str], words: str) -> None:
    code, output = run(*arguments)
    assert code == 2
    assert words in output


def test_help_needs_no_sdk() -> None:
    script = (
        "import sys; sys.argv = ['butfor', 'collect', 'aws', '--help']\n"
        "import butfor\n"
        "try:\n    butfor.main()\nexcept SystemExit:\n    pass\n"
        "bad = {'boto3', 'botocore', 'pandas', 'pyarrow', 'duckdb'} & set(sys.modules)\n"
        "assert not bad, bad"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Example: butfor collect aws" in done.stdout


@pytest.mark.parametrize("group", [collect, doctor])
def test_help_has_an_example(group: object) -> None:
    result = CliRunner().invoke(group, ["--help"])  # type: ignore[arg-type]
    assert "Example: butfor" in result.output
