"""What macOS and Windows do otherwise, as far as it can be seen on one machine."""

import ast
import errno
import os
import sys
from pathlib import Path

import pytest

from collector import durable, files

ROOT = Path(__file__).parents[2]
#: Names that Windows does not take, whatever their suffix.
RESERVED = ("CON", "PRN", "AUX", "NUL", "COM1", "LPT9")


def opened() -> list[tuple[str, str]]:
    """(file, flags) of every `os.open` in the collector that can be written through."""
    found = []
    for path in sorted((ROOT / "collector").rglob("*.py")):
        names: dict[str, str] = {}
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names[node.targets[0].id] = ast.unparse(node.value)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "os.open":
                flags = ast.unparse(node.args[1])
                flags = names.get(flags, flags)
                if "O_WRONLY" in flags or "O_RDWR" in flags:
                    found.append((path.relative_to(ROOT).as_posix(), flags))
    return found


def test_whatever_is_written_is_written_as_bytes() -> None:
    """Through a descriptor that was not opened for bytes Windows writes CR LF for LF. The lock file
    holds nothing."""
    places = [one for one in opened() if one[0] != "collector/lock.py"]
    assert {"collector/durable.py", "collector/files.py", "collector/keys.py"} <= {
        path for path, _ in places
    }
    assert [one for one in places if "BINARY" not in one[1]] == []


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOTSUP, errno.EINVAL])
def test_volume_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """FAT and some network shares: the name is looked for instead, and never replaced."""

    def refuse(*_: object) -> None:
        raise OSError(code, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(durable, "_renameat2", lambda *_: False)
    source, target = tmp_path / "a.partial", tmp_path / "a"
    source.write_bytes(b"one")
    durable.rename_once(source, target)
    assert (target.read_bytes(), source.exists()) == (b"one", False)
    source.write_bytes(b"two")
    with pytest.raises(FileExistsError):
        durable.rename_once(source, target)
    assert (target.read_bytes(), source.read_bytes()) == (b"one", b"two")


@pytest.mark.parametrize("stem", RESERVED)
def test_names_that_windows_does_not_take(stem: str) -> None:
    """The number before it makes every stored name one that it takes."""
    for true in (stem, f"{stem}.json", f"x/{stem}.", "a:b", "a\\b?.json", "trailing. ", " . . "):
        name = files.stored_name(17, true)
        assert name.split(".")[0].upper() not in RESERVED
        assert not set(name) & set('<>:"/\\|?* ')
        assert not name.endswith((".", " "))


def test_folders_are_not_flushed_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """They cannot be opened there."""
    monkeypatch.setattr(sys, "platform", "win32")
    durable.flush_folder(Path("nowhere"))
