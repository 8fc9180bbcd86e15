"""A medium that is full at any one step of writing: said, nothing lost, the next run goes on.

Every function through which the store touches the medium is made to refuse from the n-th step on,
for every n with `BUTFOR_SOAK`, else for every second.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector import acquisition_group, durable, store, verify
from tests.collector import cases
from tests.collector.seal.test_sealing import butfor

STRIDE = 1 if os.environ.get("BUTFOR_SOAK") else 2
STEPS = ("flush", "_syncfs", "rename_once", "write_once", "append")


@contextmanager
def refusing(at: int) -> Iterator[list[int]]:
    """No room from the `at`-th step on.

    Yields how many steps are left, negative once it has refused.
    """
    left = [at]
    held = {name: getattr(durable, name) for name in STEPS}

    def wrapped(name: str) -> Any:
        def step(*arguments: Any) -> Any:
            left[0] -= 1
            if left[0] >= 0:
                return held[name](*arguments)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return step

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(acquisition_group, "GROUP_FILES", 2)
        patch.setattr(durable, "FEW", 2)
        for name in STEPS:
            patch.setattr(durable, name, wrapped(name))
        yield left


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    root = tmp_path / "logs"
    root.mkdir()
    for at in range(4):
        (root / f"{at}.json").write_bytes(bytes([65 + at]) * (at * 1000))
    return root


def test_import(tmp_path: Path, logs: Path) -> None:
    """Exit code 3 and words; then the same command ends, and every file is there once."""
    expected = {f"logs/{path.name}": path.read_bytes() for path in logs.iterdir()}
    for at in range(0, 200, STRIDE):
        case = cases.make(tmp_path / f"{at}")
        with refusing(at) as left:
            done = butfor("import", logs, "--case", case)
        if left[0] >= 0:
            assert done.exit_code == 0, (at, done.output)
            assert at > 15
            break
        assert done.exit_code == 3, (at, done.output)
        assert "run the same command again" in done.output, (at, done.output)
        assert verify.run(case).wrong == (), at
        again = butfor("import", logs, "--case", case)
        assert again.exit_code == 0, (at, again.output)
        whole = {one.number for one in store.acquisitions(case) if one.record["complete"]}
        assert len(whole) == 1, at
        found = {}
        for item in store.items(case):
            with store.open_item(case, item) as file:
                if item.acquisition in whole:
                    found[item.name] = file.read()
        assert found == expected, at
        assert verify.run(case).exit_code == 0, at
    else:
        pytest.fail("the import never got through")


def test_seal(tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a seal: no half of one counts, and the next run makes it whole."""
    monkeypatch.setenv("BUTFOR_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("BUTFOR_PASSPHRASE", "correct horse")
    keyid = butfor("key", "new").output.split()[1]
    trust = verify.Trust(keys=frozenset({keyid}))
    for at in range(100):
        case = cases.make(tmp_path / f"{at}")
        assert butfor("import", logs, "--case", case).exit_code == 0
        with refusing(at) as left:
            done = butfor("seal", "--case", case)
        if left[0] >= 0:
            assert done.exit_code == 0, (at, done.output)
            assert at >= 3
            break
        assert done.exit_code == 3, (at, done.output)
        assert "run the same command again" in done.output, (at, done.output)
        assert verify.run(case, trust).wrong == (), at
        assert butfor("seal", "--case", case).exit_code == 0, at
        assert verify.run(case, trust).exit_code == 0, at
    else:
        pytest.fail("the seal never got through")
