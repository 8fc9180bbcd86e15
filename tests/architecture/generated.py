"""Documents that are generated: `make docs` writes them, a test compares them."""

import inspect
from collections.abc import Callable
from pathlib import Path

from collector import errors
from tests.architecture.tree import ROOT
from timeline.normalize import sources as event_sources
from timeline.schema import TABLES


def schema() -> str:
    """docs/schema.md from the table of tables."""
    lines = ["# The derived tables", "", inspect.getdoc(__import__("timeline.schema").schema) or ""]
    for table, columns in TABLES.items():
        lines += ["", f"## {table}", "", "| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{n}` | {kind} | {_cell(text)} |" for n, kind, text in columns]
    return "\n".join(lines) + "\n"


def error_list() -> str:
    """docs/errors.md from the tree in the module's docstring and each class's own."""
    lines = ["# Errors and exit codes", "", "```", inspect.getdoc(errors) or "", "```", ""]
    for name, item in sorted(vars(errors).items()):
        if isinstance(item, type) and issubclass(item, errors.ButforError):
            lines.append(f"- **{name}** (exit {item.exit_code}): {inspect.getdoc(item)}")
    return "\n".join(lines) + "\n"


def source_list() -> str:
    """docs/sources.md from the parsers' own mappings."""
    return "\n".join(event_sources.lines()) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


#: file -> what writes it
GENERATED: dict[str, Callable[[], str]] = {
    "docs/schema.md": schema,
    "docs/errors.md": error_list,
    "docs/sources.md": source_list,
}


def main() -> None:
    """Write every generated document."""
    for file, write in GENERATED.items():
        Path(ROOT / file).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
