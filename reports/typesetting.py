"""Typesetting one part, and calling such work in processes of its own.

The typesetter and the merger of parts need much memory once, and a process that ends gives it back.
So each call gets a process. Where the system can fork, a server that has loaded what these calls
need, and no more, makes it in milliseconds; elsewhere each process begins anew.
"""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from collector.errors import ConfigError

Argument = TypeVar("Argument")
Answer = TypeVar("Answer")
#: `map`, here or in worker processes.
Call = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
WORKERS = 2
#: What a worker needs: it runs none of the rest of the program.
LOADED = ["typst", "pikepdf", "reports.typesetting", "reports.pdf_merge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One part to typeset: template, file of its data, date of the document in seconds."""

    template: Path
    data: Path
    epoch: int
    tags: bool = True


def typeset(job: Job) -> Path:
    """One part, in this process; returns the PDF's path.

    Raises:
        ConfigError: the layout template has an error, with its place.
    """
    import typst

    target = job.data.with_suffix(".pdf")
    try:
        made = typst.compile(
            str(job.template), format="pdf", sys_inputs={"data": job.data.read_text("utf-8")},
            ignore_system_fonts=True, pdf_standards=["a-3a"] if job.tags else ["a-3b"],
            pdf_tags=job.tags, timestamp=job.epoch, root=str(job.template.parent),
        )  # fmt: skip
    except typst.TypstError as error:
        raise ConfigError(f"{job.template}: expected a layout to set, found: {error}") from error
    target.write_bytes(made)
    return target


@contextmanager
def workers(parts: int) -> Iterator[Call]:
    """How to call: in this process for one part, else each call in a process of its own."""
    if parts == 1:
        yield map
        return
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if forks else "spawn")
    # Without effect once the server runs, and where nothing is forked.
    context.set_forkserver_preload(LOADED)
    # More than one task a process hangs at times, on Python 3.11.
    with ProcessPoolExecutor(
        min(WORKERS, parts), mp_context=context, max_tasks_per_child=1
    ) as pool:
        yield pool.map
