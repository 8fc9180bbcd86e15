"""Cases and command lines for the tests of the evidence store."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import butfor
from collector import session

ROOT = Path(butfor.__file__).resolve().parent


def run(*arguments: str | bytes | Path, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The program as a person runs it; exit code and everything it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "butfor.py"), *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **(env or {})},
        timeout=120,
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def make(folder: Path) -> Path:
    """A new case below `folder`."""
    case = (folder / "case").resolve()
    session.create(case)
    return case


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to read everything: an unprivileged user for the length of a block."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
