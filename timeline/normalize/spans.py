"""Records of a body by their places: what a form looks at when it reads many of them at once."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from timeline.normalize.blocks import Pieces

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Spans(NamedTuple):
    """Records of a body that follow each other.

    Attributes:
        body: the body.
        starts, ends: of each record in it, ascending.
        first: number of the first one among the records of the body.
        plain: of each whether it holds nothing but printable ASCII without backslash.
    """

    body: bytes
    starts: Numbers
    ends: Numbers
    first: int
    plain: Flags

    def pieces(self, places: Sequence[int]) -> Pieces:
        """Some of them, cut out."""
        starts, ends = self.starts[places].tolist(), self.ends[places].tolist()
        data = [self.body[start:end] for start, end in zip(starts, ends, strict=True)]
        return Pieces(data, starts, [self.first + place for place in places])
