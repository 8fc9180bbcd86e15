"""The search for cyclic garbage, done less often while much is made and little lies in cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: Objects made and not yet freed, before the young ones are searched; Python's own is 700.
YOUNG = 20_000


@contextmanager
def seldom_swept() -> Iterator[None]:
    """Search less often, and not through what is loaded for good.

    What a request or a line leaves behind is freed by its counts. Searched through again and again,
    service models of an SDK cost a fifteenth of a collection's time, and compiled policies some
    hundredths of a decision's.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
