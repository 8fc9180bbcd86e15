"""Tasks are shared out between processes, and nothing of it shows in the answers."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from timeline import engine


def told(task: str) -> tuple[str, int, str | None]:
    return task.upper(), os.getpid(), os.environ.get("OPENBLAS_NUM_THREADS")


def refused(task: str) -> str:
    if task == "17":
        raise ValueError(f"{task} is refused")
    return task


def shared(
    function: Callable[[str], Any], count: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> list[Any]:
    monkeypatch.setattr(engine, "WORTH_WORKERS", 0)
    tasks = [f"{n}" for n in range(count)]
    return list(engine.map_files(function, tasks, [1] * count, workers))


@pytest.mark.parametrize(("count", "workers"), [(1, 2), (2, 2), (3, 3), (40, 2)])
def test_answers_come_in_the_order_of_the_tasks(
    count: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    found = shared(told, count, workers, monkeypatch)
    assert [f"{n}" for n in range(count)] == [answer for answer, _, _ in found]
    assert len({process for _, process, _ in found}) <= workers
    assert {threads for _, _, threads in found} == {"1" if count > 1 else "3"}
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"


def test_a_task_that_fails_ends_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="17 is refused"):
        shared(refused, 30, 2, monkeypatch)
