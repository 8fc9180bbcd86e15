"""The source files of the project and their syntax trees, for the rules that are tests."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("collector", "timeline", "reports")


def sources() -> tuple[Path, ...]:
    """Every Python file of the three packages and `butfor.py`, sorted."""
    files = [ROOT / "butfor.py"]
    for package in PACKAGES:
        files += sorted((ROOT / package).rglob("*.py"))
    return tuple(files)


@cache
def tree(path: Path) -> ast.Module:
    """Parsed once; tests only read it."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Every module name that the file imports, at any depth, with its line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import; write it absolute"
            yield node.module or "", node.lineno


def name(path: Path) -> str:
    """Path relative to the project, for messages and test ids."""
    return path.relative_to(ROOT).as_posix()
