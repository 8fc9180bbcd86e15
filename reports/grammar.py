"""The grammar of pictures as values: what a lane holds, before anything is drawn.

Marks: bars for state and exposure, strokes for accesses, columns for bytes, triangles for warnings
and responses, numbered rules for changes. `charts.draw` puts them on one axis.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

WIDTH, LEFT, RIGHT = 680.0, 176.0, 672.0
LANE, HEAD = 25.0, 13.0
TICKS = 400
#: Up to so many changes have their words beside them; beyond, numbers alone.
WORDED = 14
BINS = 60
ACCENT, QUIET_INK, RULE = "#1f4e79", "#555555", "#b8b8b8"
FACE = "'Libertinus Serif', 'Source Serif 4', Georgia, serif"


class Style(StrEnum):
    """How a bar is drawn."""

    SOLID = "solid"
    OUTLINED = "outlined"
    UNKNOWN = "unknown"
    ALLOWED = "allowed"
    COVERED = "covered"
    PART = "in part"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A stretch of a lane; None = beyond the records; `exact` ends are upright.

    `row` tells of what it begins with, in the numbered table; `cite` names the record of it.
    """

    start: datetime | None
    end: datetime | None
    style: Style
    text: str = ""
    start_exact: bool = True
    end_exact: bool = True
    row: int | None = None
    cite: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One access, and the row that tells of it."""

    at: datetime
    success: bool
    row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Bytes that one record states."""

    at: datetime
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One warning: a triangle, filled if its delivery is evidenced; a response points down."""

    at: datetime
    filled: bool
    response: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A row of the picture: bars, ticks, sizes or signs, a label, and a note of up to two lines."""

    label: str
    note: str = ""
    bars: tuple[Bar, ...] = ()
    ticks: tuple[Tick, ...] = ()
    signs: tuple[Sign, ...] = ()
    sizes: tuple[Size, ...] = ()

    @property
    def name(self) -> str:
        """Label and note."""
        return f"{self.label} {self.note}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A numbered change; `low`/`high` are its bounds in time."""

    number: int
    low: datetime | None
    high: datetime | None
    text: str
    refused: bool = False


#: The one pattern, for what is unknown; `url(#unknown)` refers to it.
HATCH = (
    '<defs><pattern id="unknown" width="5" height="5" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="5" height="5" fill="#ffffff"/>'
    f'<rect width="1.1" height="5" fill="{QUIET_INK}"/></pattern></defs>'
)
