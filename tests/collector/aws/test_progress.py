"""What is said while a collection runs: counts in words, one line piped, two on a terminal."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from collector.model import Outcome
from collector.progress import Progress
from collector.sources import SOURCES


def progress(tally: dict[str, Counter[Outcome]], sent: int) -> Progress:
    keeper: Any = SimpleNamespace(tally=tally, bytes=3 * 2**20)
    return Progress(keeper, lambda: sent)


def test_one_is_one_and_many_are_many(capsys: pytest.CaptureFixture[str]) -> None:
    one = progress({"s": Counter({Outcome.OBSERVED: 1})}, 1)
    one.cells(2)
    one.source(SOURCES[0])
    one.cell("1", "r")
    head, _, counts = one.lines().partition("\n")
    assert head.startswith(f"{SOURCES[0].title}: 1/2 cells, ~")
    assert counts.strip() == "1 account, 1 Region, 1 observation, 1 request, 3.0 MiB, 0 gaps"
    many = progress({"s": Counter({Outcome.DENIED: 1200, Outcome.ABSENT: 1})}, 1300)
    many.cells(1)
    many.cell("1", "r")
    assert "1,201 observations, 1,300 requests" in many.line()
    assert many.line().endswith("1,200 gaps")
    assert "\n" not in many.line()
    assert capsys.readouterr().err.count("\n") == 1  # when a source begins; else every ten seconds
