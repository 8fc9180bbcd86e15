"""The pages on methods that ship with the tool; an edition carries them, named by digest.

Figures that were measured stand in these pages alone, under the headings of `MEASURED`; exhibits
print those sections as they stand, so that no figure can be in two versions.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

FOLDER = "methods"
#: Headings under which a page states what was tried, how, and with what result.
MEASURED = ("How it was tested", "Mutation testing", "Measured agreement")
_HEADING = re.compile(r"(?m)^## (.+)$")


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


def measured() -> Iterator[tuple[str, str, str]]:
    """(file name, heading, text in Markdown) of each section on what was measured."""
    for name, _, _ in pages():
        for heading, body in _sections(name):
            if heading in MEASURED:
                yield name, heading, body


def headings(name: str) -> tuple[str, ...]:
    """Headings of a page, in order."""
    return tuple(heading for heading, _ in _sections(name))


def _sections(name: str) -> Iterator[tuple[str, str]]:
    pieces = _HEADING.split((folder() / name).read_text(encoding="utf-8"))
    yield from zip(pieces[1::2], (body.strip() for body in pieces[2::2]), strict=True)
