"""`butfor state` over tables written as the build writes them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from collector import session
from timeline import tables
from timeline.cli_state import state
from timeline.state.replay import run

from .events import block, create_bucket, delete_policy, event, policy, public_read, put_policy

AT, LATER = "2022-06-01T00:00:15Z", "2022-06-01T00:00:25Z"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "case"
    session.create(folder)
    rows = [
        create_bucket(1),
        put_policy(10, policy(public_read("Open\x1b[31m"))),
        block(12, {"IgnorePublicAcls": True}),
        delete_policy(20),
        put_policy(40, ""),
        event("ListBuckets", 1000),
    ]
    found = run(rows)
    tables.write(folder / "derived", "changes", found.changes)
    tables.write(folder / "derived", "intervals", found.intervals)
    return folder


def call(case: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(state, [*arguments, "--case", str(case)])
    return done.exit_code, done.output


def test_value_bounds_and_source(case: Path) -> None:
    code, text = call(case, "b", "--at", AT)
    assert code == 0
    for part in ("policy: PRESENT", '"Principal": "*"', "(exact)", "observed: PutBucketPolicy",
                 "EV-1.f1 0@10+10 sha256 ", "provider default aws-bucket-2"):  # fmt: skip
        assert part in text, part
    assert "\x1b" not in text


def test_same_as_json(case: Path) -> None:
    code, text = call(case, "arn:aws:s3:::b", "--at", AT, "--json")
    answer: dict[str, Any] = json.loads(text)
    assert code == 0
    assert answer["slots"]["policy"]["knowledge"] == "PRESENT"
    fact = answer["slots"]["policy"]["facts"][0]
    assert fact["start"] == "2022-06-01T00:00:10.000000Z"
    assert fact["end_bound"] == "exact"
    assert len(fact["record_sha256"]) == 64


def test_difference(case: Path) -> None:
    code, text = call(case, "b", "--at", AT, "--diff", LATER)
    assert code == 0
    assert '-   "Principal": "*",' in text
    assert "+ " not in text.replace("+++", "")


def test_difference_with_the_unknown_is_no_difference(case: Path) -> None:
    code, text = call(case, "b", "--at", AT, "--diff", "2022-06-01T00:00:45Z")
    assert code == 0
    assert "not known at 2022-06-01T00:00:45" in text


def test_whole_history_names_who_wrote(case: Path) -> None:
    code, text = call(case, "b")
    assert code == 0
    assert "by arn:aws:iam::111111111111:user/alice, user agent (self-declared)" in text
    assert text.index("PutBucketPolicy policy") < text.index("DeleteBucketPolicy policy")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobucket",), "expected a resource that the records mention"),
        (("b", "--diff", LATER), "expected --at as well"),
        (("b", "--at", "2022-06-01T00:00:15"), "offset to UTC"),
    ],
)
def test_usage(case: Path, arguments: tuple[str, ...], said: str) -> None:
    code, text = call(case, *arguments)
    assert code == 2
    assert said in text


def test_case_that_is_not_built(tmp_path: Path) -> None:
    session.create(tmp_path / "case")
    code, text = call(tmp_path / "case", "b")
    assert code == 2
    assert "un `butfor build` first" in text
