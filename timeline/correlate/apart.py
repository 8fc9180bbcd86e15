"""Accesses told apart by what decides them, a batch of rows at once.

Rows get a number each; equal numbers mean one request class, the same epoch included:
1. records that ask alike but for time and resource are one *asking*: its request is made once;
2. an asking on one container, with what was attempted on the resource itself, has a *group*, and
   there a signature, its resource aside; both are worked out for the first row;
3. what the documents of the group say of each distinct resource;
4. time by search (`coding.Timelines`): the interval between edges of the group's slice in which
   epoch, near changes and gaps are the same; likewise of the resource's own slots.
The number is that of the combination. Nothing here decides: the class of a number, its signature
and decision are worked out for its first row as for a row by itself.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np

from timeline.correlate import coding
from timeline.correlate.coding import Coder, Numbers, Timelines
from timeline.correlate.provider import Provider, Request
from timeline.correlate.signatures import Attempts, Group
from timeline.correlate.views import Dated, Place, Viewed, across_a_gap, content_key
from timeline.normalize.model import at as instant
from timeline.normalize.model import micros

#: Makes the group of a request from its first access.
MakeGroup: TypeAlias = Callable[[Request, datetime], Group]

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Records that ask alike.

    Attributes:
        request: of the first of them; None where no known action or resource is asked.
        fixed: its resource is that of all of them, whatever a row names.
        of_resource: number of its own places, the resource's name aside.
        operation: of the first of them.
    """

    request: Request | None
    fixed: bool
    of_resource: int
    operation: str

    def at(self, resource: str, t: datetime) -> Request:
        """The request on a resource at an instant."""
        assert self.request is not None
        time = t.strftime("%Y-%m-%dT%H:%M:%SZ")
        found = {**self.request, "time": time}
        if not self.fixed:
            found["resource"] = resource
        if found.get("also"):
            found["also"] = {**found["also"], "time": time}
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What the history knows of a resource itself.

    Attributes:
        places: that the records mention.
        writes: attempts on them.
    """

    places: tuple[Place, ...]
    writes: tuple[str, ...]


class Apart:
    """Numbers for accesses, the same through all batches of a case."""

    def __init__(
        self, view: Viewed, attempts: Attempts, provider: Provider, make: MakeGroup
    ) -> None:
        """Of a history; `make` makes a group where none is known.

        Raises:
            TypeError: the view does not tell when its answers may change.
        """
        if not isinstance(view, Dated):
            raise TypeError(f"expected a view that tells its edges, found {type(view).__name__}")
        self._view, self._dated, self._make = view, view, make
        self._attempts, self._provider = attempts, provider
        self.askings: list[Asking] = []
        self.groups: list[Group] = []
        self._told: list[Coder] = []
        self._asked, self._forms = Coder(), Coder()
        self._labels, self._attempted, self._mentions = Coder(), Coder(), Coder()
        self._own_keys, self._own = Coder(), [Own(places=(), writes=())]
        self._own_keys.number(())
        self._settings = _Settings()
        self._matched, self._numbers = Coder(), Coder()
        self._cells, self._own_cells = _Cells(), _Cells()
        self._own_cells.times.add(())

    def asked(self, rows: Any) -> Numbers:  # noqa: ANN401 Arrow
        """Step 1: the number of each row's asking."""
        columns = self._provider.told(rows)
        self._told += [Coder() for _ in columns[len(self._told) :]]
        coded = [coder.column(c) for coder, c in zip(self._told, columns, strict=True)]
        found, fresh = self._asked.rows(coded)
        for _, row in fresh:
            self.askings.append(self._asking(rows.slice(row, 1).to_pylist()[0]))
        return found

    def numbers(
        self,
        rows: Any,  # noqa: ANN401 Arrow
        asked: Numbers,
    ) -> tuple[Numbers, list[tuple[int, int]], Numbers]:
        """Steps 2 to 4, of rows that ask something.

        Args:
            rows: with `time` and `resource_uid`.
            asked: numbers of their askings.

        Returns:
            (numbers, [(number, first row) of each not met before, in order], number of each row's
            group).
        """
        times = coding.times_of(rows["time"])
        named, resources = self._resources(rows, asked)
        label, own, attempted = self._of_resources(asked, named, resources, times)
        place, fresh = self._settings.keys.rows([asked, label, attempted])
        for _, row in fresh:
            at = instant(int(times[row]))
            request = self.askings[asked[row]].at(resources[named[row]], at)
            self._settle(request, int(attempted[row]), at)
        group, signature, mentions, timed = self._settings.of(place)
        columns = [
            group,
            signature,
            self._matching(mentions, named, resources),
            self._cells.of(group, times, self._cell),
            self._own_cells.of(own, times, self._own_cell),
            np.where(timed, times // _SECOND, 0),
        ]
        return *self._numbers.rows(columns), group

    def _asking(self, row: Mapping[str, Any]) -> Asking:
        request = self._provider.request_of(row)
        if request is None:
            return Asking(request=None, fixed=True, of_resource=0, operation=row["operation"])
        resource = str(request["resource"])
        own = self._provider.own_places(request)
        form = tuple(uid.replace(resource, "\0") for uid in own)
        return Asking(
            request=request,
            fixed=resource != row["resource_uid"],
            of_resource=self._forms.number(form),
            operation=row["operation"],
        )

    def _resources(
        self,
        rows: Any,  # noqa: ANN401 Arrow
        asked: Numbers,
    ) -> tuple[Numbers, list[str]]:
        """(place of each row's resource among the distinct ones of the batch, these)."""
        named, distinct = coding.distinct_of(rows["resource_uid"])
        resources = [str(each) for each in distinct]
        for number in np.unique(asked).tolist():
            asking = self.askings[number]
            if asking.fixed and asking.request is not None:
                named = np.where(asked == number, len(resources), named)
                resources.append(str(asking.request["resource"]))
        return named, resources

    def _of_resources(
        self, asked: Numbers, named: Numbers, resources: list[str], times: Numbers
    ) -> tuple[Numbers, Numbers, Numbers]:
        """Of each row: its container, its own places, and those of its names that were written."""
        form = np.array([each.of_resource for each in self.askings], np.int64)[asked]
        pairs, fresh = Coder().rows([form, named])
        found = np.empty((len(fresh), 3), np.int64)
        for number, row in fresh:
            at = instant(int(times[row]))
            request = self.askings[asked[row]].at(resources[named[row]], at)
            own = self._provider.own_places(request)
            written = tuple(uid for uid in own if uid in self._attempts.resources)
            found[number] = (
                self._labels.number(self._provider.container_label(request)),
                self._own_number(own),
                self._attempted.number(written),
            )
        label, numbers, attempted = found[pairs].T
        return label, numbers, attempted

    def _own_number(self, own: tuple[str, ...]) -> int:
        places = tuple((uid, slot) for uid in own for slot in sorted(self._view.slots(uid)))
        number = self._own_keys.number(places)
        if number == len(self._own):
            by_place, ordered = self._attempts.by_place, self._attempts.ordered
            writes = [ordered[n].change_uid for place in places for n in by_place.get(place, ())]
            self._own.append(Own(places=places, writes=tuple(writes)))
            self._own_cells.times.add(self._edges(places))
        return number

    def _edges(self, places: Iterable[Place]) -> list[int]:
        return sorted({micros(t) for place in places for t in self._dated.edges(*place)})

    def _settle(self, request: Request, attempted: int, at: datetime) -> None:
        """Step 2: group and signature of a request."""
        written = self._attempted.value(attempted)
        key = as_json([self._provider.group(request), written])
        number = self._settings.groups.number(key)
        if number == len(self.groups):
            group = self._make(request, at)
            self.groups.append(group)
            edges = {micros(t) for t in group.slice.times}
            edges.update(micros(e.start) + 1 for e in group.effects)
            edges.update(micros(e.end) for e in group.effects)
            self._cells.times.add(sorted(edges.union(self._edges(group.slice.places))))
        mentions = self.groups[number].mentions
        told = dict(self._provider.signature(request, mentions))
        del told["resource"]
        timed = told["time"] is not None
        if timed:
            untimed = {**request, "time": ""}
            if request.get("also"):
                untimed["also"] = {**request["also"], "time": ""}
            told = dict(self._provider.signature(untimed, mentions))
            del told["resource"]
        self._settings.add(number, as_json(told), self._mentions.number(mentions), timed=timed)

    def _matching(self, mentions: Numbers, named: Numbers, resources: list[str]) -> Numbers:
        """Step 3."""
        pairs, fresh = Coder().rows([mentions, named])
        found = np.empty(len(fresh), np.int64)
        for number, row in fresh:
            mentioned = self._mentions.value(int(mentions[row]))
            said = self._provider.resource_told(resources[named[row]], mentioned)
            found[number] = self._matched.number(as_json(said))
        return found[pairs]

    def _cell(self, number: int, t: datetime) -> Hashable:
        """What a signature says of an instant, in a group."""
        group = self.groups[number]
        return group.slice.epoch(t)[0], tuple(group.near(t)), group.across_a_gap(self._view, t)

    def _own_cell(self, number: int, t: datetime) -> Hashable:
        """What a signature says of the resource itself at an instant."""
        own = self._own[number]
        states = [self._view.at(*place, t) for place in own.places]
        held = [[slot, *content_key(s)] for (_, slot), s in zip(own.places, states, strict=True)]
        return as_json(held), own.writes, any(map(across_a_gap, states))


class _Settings:
    """Askings on a container: their group, signature and mentions, by number."""

    def __init__(self) -> None:
        self.keys, self.groups, self._signatures = Coder(), Coder(), Coder()
        self._found: list[tuple[int, int, int, bool]] = []

    def add(self, group: int, signature: str, mentions: int, *, timed: bool) -> None:
        """The next one; `timed`: some document names the time of a request."""
        self._found.append((group, self._signatures.number(signature), mentions, timed))

    def of(self, numbers: Numbers) -> Numbers:
        """(group, signature, mentions, timed) of each row."""
        found: Numbers = np.array(self._found, np.int64).reshape(-1, 4)[numbers].T
        return found


class _Cells:
    """Intervals of time in which an owner is the same, and what is the same in several of them."""

    def __init__(self) -> None:
        self.times = Timelines()
        self._keys, self._contents = Coder(), Coder()
        self._found: list[int] = []

    def of(
        self, owners: Numbers, times: Numbers, content: Callable[[int, datetime], Hashable]
    ) -> Numbers:
        """Number of the content of each row's interval.

        Args:
            owners: by number, in the order in which their edges were added.
            times: of the rows.
            content: (owner, instant) -> what holds then, and through the whole interval.
        """
        places, fresh = self._keys.rows([owners, self.times.positions(owners, times)])
        for _, row in fresh:
            held = content(int(owners[row]), instant(int(times[row])))
            self._found.append(self._contents.number(held))
        return np.array(self._found, np.int64)[places]


def as_json(value: Any) -> str:  # noqa: ANN401 JSON
    """Text that is equal for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
