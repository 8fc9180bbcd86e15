"""Bounded concurrency: never more at a time than asked for, and nothing waiting in between."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from functools import partial
from typing import TypeVar

Item = TypeVar("Item")


class Pool:
    """Bounded concurrency for cells and for the items within them.

    Two executors, because an item must never wait for a cell that waits for it; an `each` within
    an item runs in its own thread. There are some more threads for items than requests may be in
    flight (the recorder bounds those): while some write what was received, others ask.
    """

    def __init__(self, concurrency: int) -> None:
        """At most so many cells, and half as many items more, at a time."""
        self._concurrency = concurrency
        self._spare = concurrency // 2
        self._cells = ThreadPoolExecutor(concurrency, thread_name_prefix="cell")
        self._items = ThreadPoolExecutor(concurrency + self._spare, thread_name_prefix="item")
        self._inside = threading.local()

    def cells(self, work: Iterable[Callable[[], None]]) -> None:
        """Run every piece of work; the first error stops the rest and is raised."""
        self._run(self._cells, self._concurrency, work)

    def each(self, items: Iterable[Item], function: Callable[[Item], None]) -> None:
        """Call a function for every item."""
        if getattr(self._inside, "item", False):
            for item in items:
                function(item)
            return

        def entered(item: Item) -> None:
            self._inside.item = True
            function(item)

        work = (partial(entered, item) for item in items)
        self._run(self._items, self._concurrency + self._spare, work)

    def close(self) -> None:
        """Start nothing more, wait for what runs."""
        self._cells.shutdown(wait=True, cancel_futures=True)
        self._items.shutdown(wait=True, cancel_futures=True)

    def _run(
        self, executor: ThreadPoolExecutor, threads: int, work: Iterable[Callable[[], None]]
    ) -> None:
        """Each thread takes the next piece when it has done one, so none waits in memory."""
        waiting, taking, stopped = iter(work), threading.Lock(), threading.Event()

        def run() -> None:
            try:
                while not stopped.is_set():
                    with taking:
                        one = next(waiting, None)
                    if one is None:
                        return
                    one()
            except BaseException:
                stopped.set()
                raise

        running = [executor.submit(run) for _ in range(threads)]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
        finally:
            stopped.set()
            for future in running:
                future.cancel()
        for future in wait(running).done:
            if not future.cancelled():
                future.result()
