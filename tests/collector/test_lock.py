"""One writer at a time, whatever happened to the one before."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collector import lock
from collector.errors import CaseError
from tests.collector import cases

HOLD = """
import sys, time
from pathlib import Path
from collector import lock
with lock.hold(Path(sys.argv[1]), "import"):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(case: Path) -> "subprocess.Popen[str]":
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(case)],
        cwd=cases.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_second_writer_is_told_who_holds_it(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        told = pytest.raises(CaseError, match=f"process {process.pid} on .* butfor import, since")
        with told, lock.hold(tmp_path, "import"):
            pytest.fail("must not be reached")
    finally:
        end(process)


def test_a_killed_holder_is_no_obstacle(tmp_path: Path) -> None:
    end(holder(tmp_path))
    assert (tmp_path / lock.HOLDER).exists()
    with lock.hold(tmp_path, "import"):
        assert json.loads((tmp_path / lock.HOLDER).read_text())["pid"] == os.getpid()
    assert not (tmp_path / lock.HOLDER).exists()


def test_held_without_a_name(tmp_path: Path) -> None:
    with lock.hold(tmp_path, "a"):
        (tmp_path / lock.HOLDER).write_text("{")
        told = pytest.raises(CaseError, match="another process that left no name")
        with told, lock.hold(tmp_path, "b"):
            pytest.fail("must not be reached")


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    told = pytest.raises(CaseError, match="expected a case folder that can be written to")
    with told, lock.hold(tmp_path / "absent", "import"):
        pytest.fail("must not be reached")
