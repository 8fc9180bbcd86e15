"""`butfor explain EVENT`: the facts that a decision rests on, with the write that set each."""

from pathlib import Path

import pytest

from tests.timeline.correlate.cases import Trail, build, read, run


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A public statement beside a denial, which is then taken away; a read before each."""
    trail = Trail("grounds")
    trail.create()
    trail.block()
    uids = {"default": trail.read(error="AccessDenied")}
    trail.policy(trail.public(), trail.deny_strangers())
    uids["denied"] = trail.read(error="AccessDenied")
    trail.policy(trail.public())
    uids["allowed"] = trail.read()
    return build(tmp_path_factory.mktemp("grounds"), [trail]), uids


def explained(case: tuple[Path, dict[str, str]], name: str) -> str:
    folder, uids = case
    code, said = run("explain", "--case", str(folder), uids[name])
    assert code == 0
    return said


def test_the_statement_that_allowed_is_shown_with_the_write_that_set_it(
    case: tuple[Path, dict[str, str]],
) -> None:
    said = explained(case, "allowed")
    assert '+   "Sid": "Public"' in said
    assert said.index("PutBucketPolicy at 2022-06-01") < said.index('+   "Sid": "Public"')
    assert "in force from 2022-06-01" in said
    put = next(c for c in read(case[0], "changes") if c["operation"] == "PutBucketPolicy")
    assert put["record_sha256"] in said


def test_a_denial_that_was_taken_away_counts_by_its_absence(
    case: tuple[Path, dict[str, str]],
) -> None:
    said = explained(case, "allowed")
    assert "a fact that was not there, and counts" in said
    assert '-   "Sid": "Office"' in said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("default", "denied by default: no grant in force, and with effect, allows this request"),
        ("denied", "denied by: bucket.policy(Office)"),
    ],
)
def test_a_denial_says_its_ground(case: tuple[Path, dict[str, str]], name: str, words: str) -> None:
    said = explained(case, name)
    assert words in said
    assert ("denied by default" in said) == (name == "default")
