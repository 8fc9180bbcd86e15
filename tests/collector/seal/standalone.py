"""The stand-alone verifier, loaded from its file as a reader would run it."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from collector.verify import Trust

PATH = Path(__file__).parents[3] / "reports/verifier/verify.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("standalone_verify", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MODULE = _load()


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
    """Exit code and JSON of `python -I -S verify.py …`: no site packages, no environment."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(PATH), *arguments, "--json"],
        capture_output=True,
        check=False,
        timeout=120,
    )
    return done.returncode, json.loads(done.stdout)
