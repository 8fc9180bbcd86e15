"""What is installed: exactly four top-level names, and the data that run time needs."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.architecture.tree import ROOT


def test_wheel_has_exactly_our_top_level_and_carries_templates_and_demo(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "-o",
            str(tmp_path),
            str(ROOT),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names)), "a file is in the wheel twice"
    top = {n.split("/")[0] for n in names if not n.split("/")[0].endswith(".dist-info")}
    assert top == {"butfor.py", "collector", "timeline", "reports"}
    assert any(n.startswith("reports/templates/") for n in names)
    assert any(n.startswith("reports/demo_evidence/logs/AWSLogs/") for n in names)
    assert "reports/verifier/verify.py" in names
    assert "reports/methods/causation.md" in names
