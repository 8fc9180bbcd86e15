"""The stand-alone verifier, loaded from its file as a reader would run it."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

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
