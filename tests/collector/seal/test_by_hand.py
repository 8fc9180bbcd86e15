"""The other side follows the README of a production: Python, openssl, and nothing else."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from collector import stamp
from tests.collector.seal import build, standalone
from tests.collector.seal.test_sealing import butfor, sealed

#: Python below which the stand-alone verifier promises nothing.
OLDEST = (3, 9)


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """`python` without any package, and `openssl`."""
    return standalone.bare(tmp_path / "bin", "python", "openssl")


def commands(readme: str) -> list[str]:
    """Indented commands, each on one line."""
    blocks = re.findall(r"(?m)^    ((?:python|openssl) (?:.*\\\n)*.*)$", readme)
    return [re.sub(r"\s*\\\n\s*", " ", block) for block in blocks]


def test_readme_followed(
    case: Path, tmp_path: Path, tsa: tuple[str, build.Authority], bare: dict[str, str]
) -> None:
    """Every command of it, as it stands there, ends with 0; one byte changed, and one does not."""
    url, authority = tsa
    keyid = sealed(case, "--tsa", url)
    out = tmp_path / "production"
    assert butfor("produce", "--case", case, "--items", "EV-1.f2", "--out", out).exit_code == 0
    root = tmp_path / "ROOT.pem"
    root.write_bytes(authority.root.read_bytes())

    def run(command: str) -> subprocess.CompletedProcess[bytes]:
        place = out if command.startswith("python") else out / "seals/0001"
        words = command.replace("ROOT.pem", str(root)).replace("FINGERPRINT", keyid)
        words = words.replace("-attime G", f"-attime {seconds}")
        return subprocess.run(
            words.split(), cwd=place, env=bare, capture_output=True, check=False, timeout=60,
            executable=f"{bare['PATH']}/{words.split()[0]}",
        )  # fmt: skip

    token = stamp.read(out / "seals/0001/01.tsr")
    assert token is not None
    seconds = token.seconds
    found = commands((out / "README.txt").read_text())
    asked = [command for command in found if "01.1.ocsp" not in command]  # none was asked for here
    assert [command.split()[0] for command in asked] == ["python", "openssl", "openssl"]
    for command in asked:
        done = run(command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    item = next((out / "items/EV-1.f2").iterdir())
    item.write_bytes(item.read_bytes() + b"x")
    assert run(asked[0]).returncode == 4


def test_it_is_written_for_old_pythons() -> None:
    """No word of it is newer than the oldest Python that it names; every module is standard."""
    sources = sorted(standalone.PATH.parent.glob("verify*.py"))
    own = {path.stem for path in sources}
    for path in sources:
        tree = ast.parse(path.read_text("utf-8"), feature_version=OLDEST)
        for node in ast.walk(tree):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                assert top in own | set(sys.stdlib_module_names), (path.name, name)
