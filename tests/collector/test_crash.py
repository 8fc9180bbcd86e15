"""Killed at any point: nothing lost, nothing half-written taken for whole, the next run continues.

Two kinds: a child that dies at the n-th step that touches the medium, for every n (some steps after
half of their bytes), and real processes killed with SIGKILL at random moments (a hundred with
`BUTFOR_SOAK`, else ten).
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector import acquisition_group, durable, importer, session, store
from collector.importer import HandOver
from tests.collector import cases

KILLS = 100 if os.environ.get("BUTFOR_SOAK") else 10
#: The functions through which the store touches the medium.
STEPS = ("flush", "_syncfs", "flush_folder", "rename_once", "write_once", "append")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Four small files and a named pipe, so that there is a gap too."""
    root = tmp_path / "logs"
    root.mkdir()
    for at in range(4):
        (root / f"{at}.json").write_bytes(bytes([65 + at]) * (at * 1000))
    os.mkfifo(root / "pipe")
    return root


def import_all(case: Path, logs: Path) -> None:
    with session.writing(case, "import") as writing:
        importer.run(writing, [logs], HandOver())


def in_child(work: Callable[[], None]) -> int:
    """Run in a forked child, which ends without tidying up; its exit code."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def dying(at: int, *, torn: bool) -> Callable[[Any], None]:
    """Make this process die at its `at`-th step; `torn`: after half of what it appends."""
    left = [at]

    def wrap(name: str) -> None:
        real = getattr(durable, name)

        def step(*arguments: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                if torn and name == "append":
                    target, data = arguments
                    with target.open("ab") as file:
                        file.write(data[: len(data) // 2])
                os._exit(9)
            return real(*arguments)

        setattr(durable, name, step)

    def install(_: Any = None) -> None:
        acquisition_group.GROUP_FILES = acquisition_group.GROUP_LINES = durable.FEW = 2
        for name in STEPS:
            wrap(name)

    return install


def check_whole(case: Path, logs: Path) -> None:
    """Every file exactly once among complete acquisitions, readable, chain and bytes verified."""
    expected = {f"logs/{path.name}": path.read_bytes() for path in logs.iterdir() if path.is_file()}
    complete = {one.number for one in store.acquisitions(case) if one.record["complete"]}
    assert len(complete) == 1
    found = {}
    for item in store.items(case):
        with store.open_item(case, item) as file:
            body = file.read()
        assert body == expected[item.name]
        if item.acquisition in complete:
            assert item.name not in found, "nothing twice"
            found[item.name] = body
    assert found == expected
    assert sum(gap.subject == "logs/pipe" for gap in store.gaps(case)) >= 1
    leftovers = [path for path in case.rglob("*.partial")]
    assert leftovers == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("torn", [False, True], ids=["before", "torn"])
def test_dying_at_every_step(tmp_path: Path, logs: Path, torn: bool) -> None:
    import_all(cases.make(tmp_path / "warm"), logs)  # loads everything, once
    for at in range(1000):
        case = cases.make(tmp_path / f"{at}")

        def work(at: int = at, case: Path = case) -> None:
            dying(at, torn=torn)(None)
            import_all(case, logs)

        code = in_child(work)
        assert code in (0, 9), f"step {at}"
        if not is_complete(case):
            assert store.items(case) == (), f"step {at}"
            import_all(case, logs)
        check_whole(case, logs)
        if code == 0:
            assert at > 20
            break
    else:
        pytest.fail("the import never got through")


def is_complete(case: Path) -> bool:
    return any(one.record["complete"] for one in store.acquisitions(case))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_dying_twice(tmp_path: Path, logs: Path) -> None:
    """The run that puts the first crash right dies too, at every step of its own."""
    import_all(cases.make(tmp_path / "warm"), logs)
    for at in range(0, 1000, 3):
        case = cases.make(tmp_path / f"{at}")

        def first(case: Path = case) -> None:
            dying(17, torn=True)(None)
            import_all(case, logs)

        def second(at: int = at, case: Path = case) -> None:
            dying(at, torn=False)(None)
            import_all(case, logs)

        assert in_child(first) == 9
        code = in_child(second)
        if not is_complete(case):
            import_all(case, logs)
        check_whole(case, logs)
        if code == 0:
            break


def start(case: Path, logs: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, str(cases.ROOT / "butfor.py"), "import", str(logs), "--case", str(case)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def test_killed_at_random_moments(tmp_path: Path) -> None:
    """Real processes, SIGKILL; the seed is printed, so that a failure can be had again."""
    seed = int(os.environ.get("BUTFOR_SEED", str(random.SystemRandom().randrange(2**32))))
    print(f"BUTFOR_SEED={seed}")
    dice = random.Random(seed)
    logs = tmp_path / "logs"
    logs.mkdir()
    for at in range(500):
        (logs / f"{at:04d}.json").write_bytes(dice.randbytes(dice.randrange(3000)))
    os.mkfifo(logs / "pipe")
    warm = cases.make(tmp_path / "warm")
    began = time.monotonic()
    assert cases.run("import", logs, "--case", warm)[0] == 3
    whole = time.monotonic() - began
    killed = 0
    round_ = 0
    while killed < KILLS:
        case = cases.make(tmp_path / f"case{round_}")
        round_ += 1
        for _ in range(5):
            process = start(case, logs)
            time.sleep(dice.uniform(0.2, 0.95) * whole)
            process.send_signal(signal.SIGKILL)
            code = process.wait(timeout=60)
            process.communicate()
            killed += code == -signal.SIGKILL
            if code in (0, 3) or is_complete(case):
                break
        if not is_complete(case):
            code, output = cases.run("import", logs, "--case", case)
            assert code == 3, output
        check_whole(case, logs)
        code, output = cases.run("verify", case)
        assert code == 0, output


def test_two_processes_at_once(tmp_path: Path) -> None:
    """One imports, the other is turned away with exit code 2; the case is as if alone."""
    logs = tmp_path / "logs"
    logs.mkdir()
    for at in range(500):
        (logs / f"{at:04d}.json").write_bytes(bytes([at % 256]) * 2000)
    os.mkfifo(logs / "pipe")
    case = cases.make(tmp_path)
    processes = [start(case, logs) for _ in range(3)]
    outputs = [process.communicate(timeout=120)[0].decode() for process in processes]
    codes = sorted(process.returncode for process in processes)
    # Slow starters may come when the first has ended: they then import the material again.
    assert codes[0] in (2, 3)
    assert set(codes) <= {2, 3}
    assert codes.count(3) == len(store.acquisitions(case))
    for process, output in zip(processes, outputs, strict=True):
        if process.returncode == 2:
            # The name is written just after the lock is taken, so it may not be there yet.
            assert "found the lock held by" in output
    code, output = cases.run("verify", case)
    assert code == 0, output
