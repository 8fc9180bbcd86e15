"""Where work runs. The seam is two verbs, so that another engine can take its place: map a function
over files, and run a relational expression over Parquet.

Workers are spawned, not forked: the same on every system, and no lock is inherited half-held. One
file is one task, answers come back in the order of the tasks, and so the number of processors
changes nothing but the time it takes.
"""

import ctypes
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
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
        ProcessPoolExecutor(count, mp_context=context, initializer=_begin) as pool,
    ):
        step = max(1, min(32, len(tasks) // (count * 4)))
        yield from pool.map(function, tasks, chunksize=step)


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


def _begin() -> None:
    """In every worker, before its first task."""
    hold_memory()
    without_pandas()


class _NoPandas:
    """Says that pandas is not installed."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """As of a finder of modules."""
        if name == "pandas":
            raise ModuleNotFoundError(name, name=name)


def without_pandas() -> None:
    """Keeps Arrow from loading pandas only to see whether a value is one of its kind.

    It does at the first list that becomes a column: 0.2 s of CPU and 40 MB a worker, which meets no
    such value. Arrow looks once; who imports pandas afterwards gets it.
    """
    import pyarrow as pa

    if "pandas" in sys.modules:
        return
    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(_NoPandas)


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
