"""How far a collection has come: live on a terminal, plain lines when piped; and its last table."""

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from collector import clock
from collector.model import Outcome

if TYPE_CHECKING:
    from collector.acquire import Keeper
    from collector.source import SourceSpec

#: Nanoseconds between plain lines.
PAUSE = 10_000_000_000
NS = 1_000_000_000


class Progress:
    """Counts cells (source × account × Region), operations, bytes and gaps; estimates the rest.

    The estimate takes cells to be equal, which they are not: it is marked `~`.
    """

    def __init__(self, keeper: "Keeper", sent: Callable[[], int]) -> None:
        """`sent` counts the requests that left."""
        self._keeper = keeper
        self._sent = sent
        self._lock = threading.Lock()
        self._started = self._shown = clock.mono_ns()
        self._all = self._done = 0
        self._accounts: set[str] = set()
        self._regions: set[str] = set()
        self._source = ""
        self._status = _status() if sys.stderr.isatty() else None

    def cells(self, number: int) -> None:
        """So many cells are to be read in all."""
        self._all = number
        if self._status is not None:
            self._status.start()

    def source(self, spec: "SourceSpec") -> None:
        """A source begins."""
        self._source = spec.title
        self._show(force=True)

    def cell(self, account: str, region: str) -> None:
        """A cell was read."""
        with self._lock:
            self._done += 1
            self._accounts.add(account)
            self._regions.add(region)
        self._show()

    def stop(self) -> None:
        """Leave the terminal as it was."""
        if self._status is not None:
            self._status.stop()

    def line(self) -> str:
        """One line: where, how much, how long still."""
        return f"{self._where()}, {self._counts()}{self._rest()}"

    def lines(self) -> str:
        """The same in two lines, for a terminal: one would wrap at every other width."""
        return f"{self._where()}{self._rest()}\n  {self._counts()}"

    def _where(self) -> str:
        return f"{self._source}: {self._done}/{self._all} cells"

    def _counts(self) -> str:
        counts = [
            one for tally in tuple(self._keeper.tally.values()) for one in tuple(tally.items())
        ]
        answers = (Outcome.OBSERVED, Outcome.ABSENT)
        gaps = sum(number for outcome, number in counts if outcome not in answers)
        asked = sum(number for _, number in counts)
        return (
            f"{_number(len(self._accounts), 'account')}, {_number(len(self._regions), 'Region')}, "
            f"{_number(asked, 'observation')}, {_number(self._sent(), 'request')}, "
            f"{self._keeper.bytes / 2**20:,.1f} MiB, {_number(gaps, 'gap')}"
        )

    def _rest(self) -> str:
        if not self._done or self._done >= self._all:
            return ""
        passed = (clock.mono_ns() - self._started) / NS
        return f", ~{passed / self._done * (self._all - self._done):,.0f} s left"

    def _show(self, *, force: bool = False) -> None:
        if self._status is not None:
            self._status.update(self.lines())
            return
        with self._lock:
            now = clock.mono_ns()
            due = force or now - self._shown >= PAUSE
            self._shown = now if due else self._shown
        if due:
            sys.stderr.write(self.line() + "\n")


def _number(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _status() -> Any:  # noqa: ANN401 (rich is imported only on a terminal)
    from rich.console import Console

    return Console(stderr=True).status("")


def table(keeper: "Keeper") -> list[str]:
    """Per source the six counts, and the sum that closes."""
    heads = ["source", *(outcome.value for outcome in Outcome), "attempted"]
    rows = [
        [
            source,
            *(str(keeper.tally[source][outcome]) for outcome in Outcome),
            str(keeper.attempted[source]),
        ]
        for source in sorted(keeper.tally)
    ]
    total = [
        "sum",
        *(str(sum(tally[outcome] for tally in keeper.tally.values())) for outcome in Outcome),
        str(sum(keeper.attempted.values())),
    ]
    assert int(total[-1]) == sum(int(number) for number in total[1:-1]), total
    cells = [heads, *rows, total]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return [
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
