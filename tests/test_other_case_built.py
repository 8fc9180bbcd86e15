"""A case imported into another one is built to the same result as where it came from."""

from pathlib import Path

from click.testing import CliRunner

import butfor
from tests.collector import cases

NORTHWIND = cases.ROOT / "fixtures/scenarios/northwind"


def run(*arguments: str | Path) -> str:
    done = CliRunner().invoke(butfor.main, [str(one) for one in arguments])
    assert done.exit_code in (0, 3), done.output
    return done.output


def built(case: Path) -> list[str]:
    """What `build` says, without the line that names the folder."""
    return run("build", "--case", case).splitlines()[:-1]


def test_same_result(tmp_path: Path) -> None:
    """Custody, ledgers and derived tables of the imported case are no evidence, and are not read:
    a second reading of them would count every event twice."""
    first, second = cases.make(tmp_path / "first"), cases.make(tmp_path / "second")
    for case in (first, second):
        (case / "case.toml").write_bytes((NORTHWIND / "case.toml").read_bytes())
    run("import", NORTHWIND / "logs", NORTHWIND / "iam", "--observed-at", "2022-06-09T00:00:00Z",
        "--case", first)  # fmt: skip
    expected = built(first)
    run("import", first, "--case", second)
    assert expected
    assert built(second) == expected
