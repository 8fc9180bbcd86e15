"""Where work runs. The seam is two verbs, so that another engine can take its place: map a function
over files, and run a relational expression over Parquet.

Workers are spawned, not forked: the same on every system, and no lock is inherited half-held. One
file is one task, answers come back in the order of the tasks, and so the number of processors
changes nothing but the time it takes.
"""

import ctypes
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    import duckdb

#: `mallopt` of glibc: free memory at the top, and allocations that are mapped on their own.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_HELD = 256 * 1024 * 1024
_USUAL = 128 * 1024

Task = TypeVar("Task")
Answer = TypeVar("Answer")

#: Fewer bytes than this are read in this process: starting workers costs more.
WORTH_WORKERS = 32 * 1024 * 1024


def map_files(
    function: Callable[[Task], Answer],
    tasks: Sequence[Task],
    sizes: Iterable[int],
    workers: int = 0,
) -> Iterator[Answer]:
    """`function` over every task, answers in the order of the tasks.

    Args:
        function: importable by name, so that a spawned process finds it.
        tasks: picklable values.
        sizes: stored bytes of each task, to judge whether workers are worth starting.
        workers: processes; 0 = BUTFOR_WORKERS, else as many as there are processors; 1 = none but
            this.
    """
    hold_memory()
    count = workers or int(os.environ.get("BUTFOR_WORKERS") or 0) or min(os.cpu_count() or 1, 8)
    if count == 1 or len(tasks) < 2 or sum(sizes) < WORTH_WORKERS:
        yield from map(function, tasks)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    with (
        _one_thread_each(),
        # This process is one of them: starting one costs as much as reading a hundred thousand
        # records.
        ProcessPoolExecutor(count - 1, mp_context=context, initializer=hold_memory) as pool,
    ):
        yield from _shared_out(pool, function, tasks)


def _shared_out(
    pool: "ProcessPoolExecutor", function: Callable[[Task], Answer], tasks: Sequence[Task]
) -> Iterator[Answer]:
    """Workers take tasks from the front, this process from the end, until they meet."""
    given = [pool.submit(function, task) for task in tasks]
    mine: dict[int, Answer] = {}
    try:
        for number in reversed(range(len(tasks))):
            if not given[number].cancel():
                break
            mine[number] = function(tasks[number])
        for number, future in enumerate(given):
            yield mine.pop(number) if number in mine else future.result()
    finally:
        for future in given:
            future.cancel()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started within have no threads for linear algebra.

    NumPy starts one for every processor when it is loaded, and they spin: 0.1 s of CPU a worker.
    """
    name = "OPENBLAS_NUM_THREADS"
    had = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
        if had is not None:
            os.environ[name] = had


def hold_memory() -> None:
    """Asks the C library to keep what is freed for the next body, a tenth of the time of ingest.

    Without it every body of some megabytes is fresh pages, given back and asked for again. A
    system without glibc goes without.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _HELD)
        mallopt(_MMAP_THRESHOLD, _HELD)


def release_memory() -> None:
    """Gives back what `hold_memory` kept: later stages hold Python values, which cannot use it."""
    library = ctypes.CDLL(None) if os.name == "posix" else None
    if library is not None and hasattr(library, "mallopt") and hasattr(library, "malloc_trim"):
        library.mallopt(_TRIM_THRESHOLD, _USUAL)
        library.mallopt(_MMAP_THRESHOLD, _USUAL)
        library.malloc_trim(0)


def connect(scratch: Path, memory: str = "1GB") -> "duckdb.DuckDBPyConnection":
    """A DuckDB connection that spills to `scratch`; equal answers for any thread count."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET memory_limit='{memory}'")
    connection.execute("SET TimeZone='UTC'")
    connection.execute("SET preserve_insertion_order=true")
    connection.execute("SET temp_directory=?", [str(scratch)])
    return connection
