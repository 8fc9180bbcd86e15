"""Records of a body by their places: what a form looks at when it reads many of them at once."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from timeline.normalize.blocks import Pieces
from timeline.normalize.coded import Numbers
from timeline.normalize.columns import Mask

#: Printable ASCII, and what a JSON text is escaped with.
_FIRST, _LAST, _BACKSLASH = b" ~\\"


class Spans(NamedTuple):
    """Records of a body that follow each other.

    Attributes:
        body: the body.
        starts, ends: of each record in it, ascending.
        first: number of the first one among the records of the body.
    """

    body: bytes
    starts: Numbers
    ends: Numbers
    first: int

    def pieces(self, places: Sequence[int]) -> Pieces:
        """Some of them, cut out."""
        starts, ends = self.starts[places].tolist(), self.ends[places].tolist()
        data = [self.body[start:end] for start, end in zip(starts, ends, strict=True)]
        return Pieces(data, starts, [self.first + place for place in places])

    def plain(self) -> Mask:
        """Of each whether it holds nothing but printable ASCII without backslash."""
        begin, end = int(self.starts[0]), int(self.ends[-1])
        text = np.frombuffer(self.body, np.uint8)[begin:end]
        escaped = self.body.find(b"\\", begin, end) >= 0
        if not escaped and text.min() >= _FIRST and text.max() <= _LAST:
            return np.ones(len(self.starts), np.bool_)
        others = begin + np.flatnonzero((text < _FIRST) | (text > _LAST) | (text == _BACKSLASH))
        before, after = (np.searchsorted(others, edges) for edges in (self.starts, self.ends))
        found: Mask = before == after
        return found
