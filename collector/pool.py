"""Bounded concurrency: never more at a time than asked for, never more waiting than a window."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


class Pool:
    """Bounded concurrency for cells and for the items within them.

    Two executors, because an item must never wait for a cell that waits for it; an `each` within
    an item runs in its own thread.
    """

    def __init__(self, concurrency: int) -> None:
        """At most so many cells, and so many items, at a time."""
        self._cells = ThreadPoolExecutor(concurrency, thread_name_prefix="cell")
        self._items = ThreadPoolExecutor(concurrency, thread_name_prefix="item")
        self._window = 4 * concurrency
        self._inside = threading.local()

    def cells(self, work: Iterable[Callable[[], None]]) -> None:
        """Run every piece of work; the first error stops the rest and is raised."""
        self._run(self._cells, work)

    def each(self, items: Iterable[Item], function: Callable[[Item], None]) -> None:
        """Call a function for every item."""
        if getattr(self._inside, "item", False):
            for item in items:
                function(item)
            return

        def entered(item: Item) -> None:
            self._inside.item = True
            function(item)

        self._run(self._items, (partial(entered, item) for item in items))

    def close(self) -> None:
        """Start nothing more, wait for what runs."""
        self._cells.shutdown(wait=True, cancel_futures=True)
        self._items.shutdown(wait=True, cancel_futures=True)

    def _run(self, executor: ThreadPoolExecutor, work: Iterable[Callable[[], None]]) -> None:
        """Submit a window at a time: memory does not grow with the number of items."""
        waiting = iter(work)
        running: set[Future[None]] = {executor.submit(one) for one in islice(waiting, self._window)}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                running |= {executor.submit(one) for one in islice(waiting, len(done))}
        finally:
            for future in running:
                future.cancel()
