"""Rows as Python values: those that were read one by one, or whose fields were decoded together."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from timeline.normalize.coded import (
    OWN,
    PLACE,
    Coded,
    Many,
    Numbers,
    array,
    own_of,
    own_schema,
    part_of,
)
from timeline.normalize.row import (
    ABOUT_COLUMNS,
    ACTOR_COLUMNS,
    EVENT_COLUMNS,
    ITEM_COLUMNS,
    OWN_COLUMNS,
    PackedRow,
    Row,
)

#: What a row takes besides its `params`, about.
ROW_BYTES = 400
_WIDTH = len(OWN_COLUMNS)
_PARAMS = OWN_COLUMNS.index("params")
_ABOUT = [OWN_COLUMNS.index(name) for name in ABOUT_COLUMNS]
Each = TypeVar("Each")
_item = attrgetter(*ITEM_COLUMNS)
_actor = attrgetter(*ACTOR_COLUMNS)
_event = attrgetter(*EVENT_COLUMNS)
_own = attrgetter(*OWN_COLUMNS)


class PackedRows(NamedTuple):
    """Rows of one form in the parts of `PackedRow`.

    Attributes:
        provider, source: of all of them.
        at: time of each.
        places: of each, the number of its record among those of its item.
        items, actors, events: one tuple a row; equal ones may be one object, and cost once then.
        own: the values of `OWN_COLUMNS`, row after row.
    """

    provider: str
    source: str
    at: list[int]
    places: list[int]
    items: list[tuple[Any, ...]]
    actors: list[tuple[Any, ...]]
    events: list[tuple[Any, ...]]
    own: list[Any]

    def times(self) -> Numbers:
        """As of `Many`."""
        return np.array(self.at, np.int64)

    def of_times(self, start: int, end: int) -> "PackedRows":
        """As of `Many`."""
        kept = [place for place, time in enumerate(self.at) if start <= time < end]
        own = (self.own[_WIDTH * place : _WIDTH * (place + 1)] for place in kept)
        return self._replace(
            at=[self.at[place] for place in kept],
            places=[self.places[place] for place in kept],
            items=[self.items[place] for place in kept],
            actors=[self.actors[place] for place in kept],
            events=[self.events[place] for place in kept],
            own=[value for values in own for value in values],
        )

    def size(self) -> int:
        """As of `Many`."""
        texts = filter(None, self.own[_PARAMS::_WIDTH])
        return ROW_BYTES * len(self.at) + sum(map(len, texts))

    def taken_up(self, more: Many) -> bool:
        """As of `Many`."""
        if not isinstance(more, PackedRows):
            return False
        self.at.extend(more.at)
        self.places.extend(more.places)
        self.items.extend(more.items)
        self.actors.extend(more.actors)
        self.events.extend(more.events)
        self.own.extend(more.own)
        return True

    def coded(self) -> Coded:
        """As of `Many`."""
        target = own_schema()
        columns = {
            name: array(self.own[OWN_COLUMNS.index(name) :: _WIDTH], target.field(name).type)
            for name in OWN
        }
        columns[PLACE] = array(self.places, pa.int64())
        about = list(zip(*(self.own[place::_WIDTH] for place in _ABOUT), strict=True))
        asked = [(text,) for text in self.own[_PARAMS::_WIDTH]]
        parts = []
        for name, rows, keys in (
            ("item", self.items, map(id, self.items)),
            ("actor", self.actors, map(id, self.actors)),
            ("event", self.events, map(id, self.events)),
            ("about", about, about),
            ("asked", asked, range(len(asked))),
        ):
            distinct, codes = numbered(rows, keys)
            columns[name] = array(codes, pa.int32())
            parts.append(part_of(name, distinct))
        return Coded(own_of(columns, len(self.at)), tuple(parts))


def numbered(rows: Sequence[Each], keys: Iterable[Any]) -> tuple[list[Each], list[int]]:
    """One row for each key, and of every row the number of its own.

    Args:
        rows: in their order.
        keys: of each; rows of one key are equal.
    """
    keys = list(keys)
    distinct = dict(zip(keys, rows, strict=True))
    number = {key: place for place, key in enumerate(distinct)}
    return list(distinct.values()), [number[key] for key in keys]


def packed(row: Row, place: int) -> PackedRows:
    """One row by itself.

    Args:
        row: as a parser gave it.
        place: number of its record among those of its item.
    """
    if isinstance(row, PackedRow):
        item, actor, event, own = row.item, row.actor, row.event, list(row.own)
    else:
        item, actor, event, own = _item(row), _actor(row), _event(row), list(_own(row))
    return PackedRows(row.provider, row.source, [row.time], [place], [item], [actor], [event], own)
