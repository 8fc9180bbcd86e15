"""A seal that is killed, or that finds the disk full: nothing lost, nothing half-made counts."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collector import custody, verify
from tests.collector.seal import build
from tests.collector.seal.conftest import PASSPHRASE
from tests.collector.seal.test_sealing import butfor, sealed

ROOT = Path(__file__).parents[3]

#: Points at which a seal is killed; the long run is `make soak`.
KILLS = 100 if os.environ.get("BUTFOR_SOAK") else 8


def start(case: Path, *words: str, limit: int | None = None) -> subprocess.Popen[bytes]:
    """`butfor seal` in a process of its own, perhaps with a limit on the size of any file."""

    def restrict() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, str(ROOT / "butfor.py"), "seal", "--case", str(case), *words],
        env={**os.environ, "BUTFOR_PASSPHRASE": PASSPHRASE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=restrict,
    )


@pytest.mark.parametrize("point", range(KILLS))
def test_killed(case: Path, point: int) -> None:
    """At any point: never "wrong", and the next seal goes on to a verified case."""
    keyid = sealed(case)
    trust = verify.Trust(keys=frozenset({keyid}))
    with start(case) as process:
        time.sleep(0.15 + 0.48 * point / KILLS)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert verify.run(case, trust).wrong == ()
    done = butfor("seal", "--case", case)
    assert done.exit_code == 0, done.output
    assert verify.run(case, trust).exit_code == 0


@pytest.mark.parametrize("room", [0, 1, 40, 400])
def test_disk_full(case: Path, room: int) -> None:
    """No room after so many bytes of custody: exit 3 and words, then the next run goes on."""
    keyid = sealed(case)
    trust = verify.Trust(keys=frozenset({keyid}))
    size = (case / custody.NAME).stat().st_size
    with start(case, limit=size + room) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 3, said
    assert b"run the same command again" in said
    assert verify.run(case, trust).wrong == ()
    assert butfor("seal", "--case", case).exit_code == 0
    report = verify.run(case, trust)
    assert (report.exit_code, report.wrong) == (0, ())


def test_two_at_once(case: Path) -> None:
    """One writer at a time: both seals are made one after the other, or one is turned away."""
    keyid = sealed(case)
    processes = [start(case) for _ in range(3)]
    codes = []
    for process in processes:
        process.communicate(timeout=60)
        codes.append(process.returncode)
    assert set(codes) <= {0, 2}
    assert 0 in codes
    report = verify.run(case, verify.Trust(keys=frozenset({keyid})))
    assert report.exit_code == 0
    assert len(report.parts["seals"]) == 1 + codes.count(0)


def test_token_without_its_entry(case: Path, tsa: tuple[str, build.Authority]) -> None:
    """A crash between the token and token.add: the next run records it."""
    keyid = sealed(case, "--tsa", tsa[0])
    log = case / custody.NAME
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    trust = verify.Trust(keys=frozenset({keyid}), tsa_root=tsa[1].root)
    assert {one.check for one in verify.run(case, trust).unchecked} == {"token-unrecorded"}
    assert butfor("seal", "--case", case, "--again", "--tsa", tsa[0]).exit_code == 0
    report = verify.run(case, trust)
    assert (report.exit_code, len(report.parts["tokens"])) == (0, 2)
