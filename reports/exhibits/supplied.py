"""Registers on a cover: which files were read, with their digests."""

from collections.abc import Sequence

from reports.exhibits import parts
from reports.material import Material
from reports.model import Text, cite, say


def cover_row(material: Material, names: Sequence[str]) -> tuple[str, Text]:
    """The row of the cover: each register with its SHA-256, or that none was supplied."""
    held = [name for name in names if material.registers.supplied(name)]
    if not held:
        return ("Registers", say("not supplied"))
    return (
        "Registers",
        parts.lines(
            *(
                parts.joined(
                    (
                        say(f"registers/{name}.csv"),
                        cite(f"SHA-256 {material.registers.sha256[name]}"),
                    ),
                    " ",
                )
                for name in held
            )
        ),
    )
