"""The pages on methods that ship with the tool; an edition carries them, named by digest."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

FOLDER = "methods"


def folder() -> Path:
    """Packaged beside this module (wheel), else in the source tree."""
    packaged = Path(__file__).parent / FOLDER
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "docs" / FOLDER


def pages() -> Iterator[tuple[str, str, str]]:
    """(file name, title, SHA-256) of each page, by name."""
    for path in sorted(folder().glob("*.md")):
        raw = path.read_bytes()
        first = raw.decode("utf-8").partition("\n")[0]
        yield path.name, first.removeprefix("# "), hashlib.sha256(raw).hexdigest()


def carry(target: Path) -> None:
    """Copies the pages into an edition."""
    for name, _, _ in pages():
        (target / FOLDER).mkdir(exist_ok=True)
        shutil.copyfile(folder() / name, target / FOLDER / name)
