"""Names are taken once; what is reported as written is there."""

import errno
import os
from pathlib import Path

import pytest

from collector import durable


def refuse(code: int) -> object:
    def call(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    return call


@pytest.fixture(params=["renameat2", "link", "check"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The three ways to rename, each forced."""
    if request.param != "renameat2":
        monkeypatch.setattr(durable, "_renameat2", lambda *_: False)
    if request.param == "check":
        monkeypatch.setattr(os, "link", refuse(errno.EPERM))
    return str(request.param)


def test_rename(tmp_path: Path, way: str) -> None:
    (tmp_path / "a").write_bytes(b"a")
    durable.rename_once(tmp_path / "a", tmp_path / "b")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"a"}


def test_rename_never_replaces(tmp_path: Path, way: str) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(FileExistsError):
        durable.rename_once(tmp_path / "a", tmp_path / "b")
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {"a": b"a", "b": b"b"}


def test_rename_passes_on_other_errors(tmp_path: Path, way: str) -> None:
    with pytest.raises(FileNotFoundError):
        durable.rename_once(tmp_path / "absent", tmp_path / "b")


def test_an_append_that_fails_gives_its_half_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable.append(tmp_path / "ledger", b"whole\n")
    with monkeypatch.context() as patch:
        patch.setattr(durable, "flush", refuse(errno.ENOSPC))
        with pytest.raises(OSError, match="No space left"):
            durable.append(tmp_path / "ledger", b"second\n")
    assert (tmp_path / "ledger").read_bytes() == b"whole\n"


@pytest.mark.parametrize("number", [1, durable.FEW, 40])
def test_flush_all(tmp_path: Path, number: int) -> None:
    paths = [tmp_path / str(at) for at in range(number)]
    for path in paths:
        path.write_bytes(b"x")
    medium = durable.Medium(tmp_path)
    medium.flush_all(paths)
    medium.close()
    medium.close()


def test_flush_all_reports_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    medium = durable.Medium(tmp_path)
    with pytest.raises(FileNotFoundError):
        medium.flush_all([tmp_path / "absent"])
    monkeypatch.setattr(durable, "_syncfs", refuse(errno.EIO))
    monkeypatch.setattr(durable, "_flush_path", refuse(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        medium.flush_all([tmp_path] * 40)
    medium.close()
