"""The stand-alone verifier, loaded from its file as a reader would run it."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.verify import Trust

PATH = Path(__file__).parents[3] / "reports/verifier/verify.py"


sys.path.append(str(PATH.parent))
MODULE = importlib.import_module("verify")
TREES = importlib.import_module("verify_trees")
AWS = importlib.import_module("verify_aws")
ARCHIVES = importlib.import_module("verify_archives")
REVOCATION = importlib.import_module("verify_revocation")


def run(case: Path, trust: Trust) -> dict[str, Any]:
    """Its report, in this process, in the form that `--json` prints."""
    given = MODULE.Trust(
        sorted(trust.keys),
        str(trust.tsa_root) if trust.tsa_root else None,
        [str(path) for path in trust.earlier],
        trust.sha512,
    )
    report = MODULE.verify(case, given)
    return dict(MODULE.as_data(report))


def command(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of `python -E -s -S verify.py …`: no site packages, no environment."""
    done = subprocess.run(
        [sys.executable, "-E", "-s", "-S", str(PATH), *arguments, "--json"],
        capture_output=True,
        check=False,
        timeout=120,
    )
    return done.returncode, json.loads(done.stdout)


def bare(place: Path, python: str, *programs: str) -> dict[str, str]:
    """An environment in which there is Python without any package, and these programs, and no more.

    Args:
        place: folder that is made, the only one on the path.
        python: name under which it is called there.
        programs: others; a test that needs one which is not installed is skipped.
    """
    place.mkdir()
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    real = base if base.is_file() else Path(sys.executable)
    (place / python).write_text(f'#!/bin/sh\nexec "{real}" -I -S "$@"\n')
    (place / python).chmod(0o755)
    for program in programs:
        found = shutil.which(program)
        if found is None:
            pytest.skip(f"{program} is not installed")
        (place / program).symlink_to(found)
    return {"PATH": str(place)}
