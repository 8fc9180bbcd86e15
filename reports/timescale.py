"""A time axis with breaks: long stretches in which nothing happened are drawn short, and marked.

Inside a piece between two breaks, time is drawn to scale; all pieces share one scale.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

#: A quiet stretch is broken if it takes more than this part of the whole.
QUIET = 0.11
#: Width of a break, as part of the axis.
BREAK_WIDTH = 0.045
#: Room on both sides, as part of the time that is drawn to scale.
ROOM = 0.02
STEPS = tuple(
    timedelta(seconds=s)
    for s in (1, 5, 15, 60, 300, 900, 3600, 10800, 21600, 43200, 86400, 172800, 604800,
              1209600, 2592000, 7776000, 31536000, 315360000)
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch `[start, end]` drawn from `left` to `right`; `quiet` ones are breaks."""

    start: datetime
    end: datetime
    left: float
    right: float
    quiet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Pieces that cover the axis from left to right."""

    pieces: tuple[Piece, ...]

    @property
    def start(self) -> datetime:
        """First instant drawn."""
        return self.pieces[0].start

    @property
    def end(self) -> datetime:
        """Last instant drawn."""
        return self.pieces[-1].end

    def x(self, at: datetime | None, *, missing: float) -> float:
        """Position of an instant, held inside the axis; `missing` for one that is not known."""
        if at is None:
            return missing
        at = min(max(at, self.start), self.end)
        piece = next(p for p in self.pieces if at <= p.end)
        share = (at - piece.start) / (piece.end - piece.start)
        return piece.left + share * (piece.right - piece.left)

    def breaks(self) -> tuple[Piece, ...]:
        """The pieces that are not to scale."""
        return tuple(piece for piece in self.pieces if piece.quiet)

    def ticks(self, apart: float) -> tuple[tuple[float, datetime], ...]:
        """Round instants at least `apart` from each other, outside breaks."""
        loud = [piece for piece in self.pieces if not piece.quiet]
        per_unit = min(
            ((p.end - p.start) / (p.right - p.left) for p in loud), default=timedelta(days=1)
        )
        step = next((s for s in STEPS if s >= per_unit * apart), STEPS[-1])
        found: list[tuple[float, datetime]] = []
        for piece in loud:
            at = _ceil(piece.start, step)
            while at <= piece.end:
                x = self.x(at, missing=0)
                if not found or x - found[-1][0] >= apart:
                    found.append((x, at))
                at += step
            if not any(piece.left <= x <= piece.right for x, _ in found):
                middle = piece.start + (piece.end - piece.start) / 2
                x = self.x(middle, missing=0)
                if not found or x - found[-1][0] >= apart:
                    found.append((x, middle.replace(microsecond=0)))
        return tuple(found)


def scale(instants: Iterable[datetime], left: float, right: float) -> Scale:
    """A scale for everything that happened, with a little room on both sides."""
    marks = sorted(set(instants))
    first, last = marks[0], marks[-1]
    span = max(last - first, timedelta(minutes=1))
    # Room by what is drawn to scale: a part of the whole would fill the picture after breaks.
    busy = sum((b - a for a, b in pairwise(marks) if b - a <= span * QUIET), timedelta())
    room = max(busy, timedelta(minutes=1)) * ROOM
    edges = [_moved(first, -room), *marks, _moved(last, room)]
    quiet = [b - a > span * QUIET for a, b in pairwise(edges)]
    width = right - left
    broken = sum(quiet) * BREAK_WIDTH * width
    loud = sum(
        (b - a for (a, b), q in zip(pairwise(edges), quiet, strict=True) if not q), timedelta()
    )
    per_second = (width - broken) / max(loud.total_seconds(), 1e-9)
    pieces: list[Piece] = []
    x = left
    for (a, b), is_quiet in zip(pairwise(edges), quiet, strict=True):
        if a == b:
            continue
        step = BREAK_WIDTH * width if is_quiet else (b - a).total_seconds() * per_second
        pieces.append(Piece(start=a, end=b, left=x, right=x + step, quiet=is_quiet))
        x += step
    return Scale(pieces=_joined(pieces))


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Neighbors that are both to scale are one piece."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and not piece.quiet and not joined[-1].quiet:
            before = joined.pop()
            piece = Piece(
                start=before.start, end=piece.end, left=before.left, right=piece.right, quiet=False
            )
        joined.append(piece)
    return tuple(joined)


def _moved(at: datetime, by: timedelta) -> datetime:
    """Shifted, held inside the calendar."""
    try:
        return at + by
    except OverflowError:
        return at


def _ceil(at: datetime, step: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + -((epoch - at) // step) * step
