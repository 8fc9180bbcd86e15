"""The course of events that a counterfactual runs again: writes, worlds, and the two undos.

A *place* is one slot of one resource. A *content* is what a place holds: facts by name with their
values as JSON text, or None where it is not known. A *world* is one content per place, in the
order of the course's places. Specification: causation, 7.1 and 7.3.

- `delta_step`: a write applies only what it altered in the history as it happened.
- `replay_step`: a write is attempted again; whether it would be accepted is asked anew, and where
  that is not known both worlds go on. A replayed state is therefore a set of worlds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

from timeline.correlate.views import Place

#: Facts by name, sorted, each with its value as JSON text; None = not known.
Content: TypeAlias = tuple[tuple[str, str], ...] | None

#: One content per place of a course.
World: TypeAlias = tuple[Content, ...]

#: What may be the case after a replay; one world where nothing is unknown.
Worlds: TypeAlias = frozenset[World]

#: The fact that stands for a whole slot in the derived tables.
WHOLE = "*"
#: Slots by which something begins to exist.
BEGINNING = ("existence", "listing", "uploader", "unique_id")
#: What a table cell says when the value is not known.
UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """What one write altered in one place.

    Attributes:
        facts: fact -> new value as JSON text, None = removed.
        whole: the earlier content was not known: the write set the place as a whole.
        prior: the content before an accepted write, as its rows say; None = not known.
        content: the content after the write; None = not known.
    """

    facts: Mapping[str, str | None]
    whole: bool
    prior: Content
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempted write, or one hidden change, to one or more places.

    Attributes:
        change_uid: of the table `changes`.
        time: when it was made; of a hidden change the first moment at which it is proven.
        kind: logged, default, hidden, opaque.
        operation: the provider's; None unless logged.
        accepted: as logged.
        written: place -> what it wrote and altered.
        since: of a hidden change the last moment at which the old content is proven.
    """

    change_uid: str
    time: datetime
    kind: str
    operation: str | None
    accepted: bool
    written: Mapping[Place, Alteration]
    since: datetime | None = None

    @property
    def removable(self) -> bool:
        """Accepted changes can be undone; creations, and the defaults that come with them, cannot.

        A grant list given at a creation is a change of its own and can.
        """
        only_begins = all(slot in BEGINNING for _, slot in self.written)
        return self.accepted and self.kind != "default" and not only_begins

    @property
    def altering(self) -> bool:
        """True if it altered any fact, or one cannot tell."""
        return self.accepted and any(a.facts or a.whole for a in self.written.values())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """Writes to some places up to an instant, in order, and the world before them.

    Two courses are the same only if they are one object: that is what results are kept by.
    """

    places: tuple[Place, ...]
    start: World
    attempts: tuple[Attempt, ...]

    @property
    def removable(self) -> int:
        """Mask of the attempts that can be undone."""
        return sum(1 << i for i, a in enumerate(self.attempts) if a.removable)


def attempts(changes: Iterable[Mapping[str, Any]]) -> tuple[Attempt, ...]:
    """Rows of the table `changes`, put together into the writes they come from.

    Returns:
        In order of time, provider's id and change uid: the same total order as the state replay.
    """
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for row in changes:
        grouped.setdefault(row["change_uid"], []).append(row)
    made = [_attempt(uid, rows) for uid, rows in grouped.items()]
    return tuple(a for _, a in sorted(made, key=lambda pair: pair[0]))


def course(
    written: Sequence[Attempt],
    places: Iterable[Place],
    until: datetime,
    before: Callable[[Place, datetime | None], Content],
) -> Course:
    """The part of a history that can matter to some places up to and including an instant.

    Args:
        written: all attempts, ordered.
        places: the slice.
        until: latest time of a write that still counts.
        before: content of a place just before an instant (None = at its first record).

    Returns:
        A course whose start holds each place as it was before its first attempt; a place without
        an attempt holds its content at `until`.
    """
    held = frozenset(places)
    wanted = tuple(sorted(held))
    chosen = tuple(a for a in written if a.time <= until and not held.isdisjoint(a.written))
    first: dict[Place, Attempt] = {}
    for a in chosen:
        for place in a.written:
            first.setdefault(place, a)
    start = tuple(_start(p, first.get(p), before) for p in wanted)
    return Course(places=wanted, start=start, attempts=chosen)


def _start(
    place: Place, first: Attempt | None, before: Callable[[Place, datetime | None], Content]
) -> Content:
    """Content before the first attempt: as the attempt's own rows say, else as the history says."""
    if first is not None and first.accepted and first.written[place].prior is not None:
        return first.written[place].prior
    return before(place, first.time if first is not None else None)


def delta_step(this: Course) -> Callable[[int, World], World]:
    """Applies what write i altered, to whatever world there is."""
    position = {place: n for n, place in enumerate(this.places)}

    def step(i: int, world: World) -> World:
        attempt = this.attempts[i]
        if not attempt.accepted:
            return world
        changed = list(world)
        for place, alteration in attempt.written.items():
            if place in position:
                n = position[place]
                changed[n] = _altered(changed[n], alteration)
        return tuple(changed)

    return step


def replay_step(
    this: Course, admits: Callable[[int, World], bool | None]
) -> Callable[[int, Worlds], Worlds]:
    """Attempts write i again in each world.

    Args:
        this: the course.
        admits: whether write i would be accepted in a world; None = not known.
    """
    position = {place: n for n, place in enumerate(this.places)}

    def written(i: int, world: World) -> World:
        changed = list(world)
        for place, alteration in this.attempts[i].written.items():
            if place in position:
                changed[position[place]] = alteration.content
        return tuple(changed)

    def step(i: int, worlds: Worlds) -> Worlds:
        after: set[World] = set()
        for world in worlds:
            answer = admits(i, world)
            if answer is not False:
                after.add(written(i, world))
            if answer is not True:
                after.add(world)
        return frozenset(after)

    return step


@lru_cache(maxsize=8)
def as_logged(this: Course) -> tuple[World, ...]:
    """The worlds of the history as it happened: before each attempt, and after the last."""
    position = {place: n for n, place in enumerate(this.places)}
    worlds = [this.start]
    for attempt in this.attempts:
        changed = list(worlds[-1])
        if attempt.accepted:
            for place, alteration in attempt.written.items():
                if place in position:
                    changed[position[place]] = alteration.content
        worlds.append(tuple(changed))
    return tuple(worlds)


def _altered(content: Content, alteration: Alteration) -> Content:
    if alteration.whole:
        return alteration.content
    if content is None:
        return None
    facts = dict(content)
    for fact, value in alteration.facts.items():
        if value is None:
            facts.pop(fact, None)
        else:
            facts[fact] = value
    return tuple(sorted(facts.items()))


def _attempt(
    uid: str, rows: Sequence[Mapping[str, Any]]
) -> tuple[tuple[datetime, str, str], Attempt]:
    head = rows[0]
    time = head["time_to"] if head["kind"] == "hidden" else head["time_from"]
    by_place: dict[Place, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_place.setdefault((row["resource_uid"], row["slot"]), []).append(row)
    attempt = Attempt(
        change_uid=uid,
        time=time,
        kind=head["kind"],
        operation=head["operation"],
        accepted=bool(head["accepted"]),
        written={place: _alteration(held) for place, held in sorted(by_place.items())},
        since=head["time_from"] if head["kind"] == "hidden" else None,
    )
    return (time, head["provider_uid"] or "", uid), attempt


def _alteration(rows: Sequence[Mapping[str, Any]]) -> Alteration:
    """One write to one place, from its rows (one per fact)."""
    opaque = any(r["new"] == UNKNOWN for r in rows)
    facts = {
        r["fact"]: r["new"]
        for r in rows
        if r["effect"] in ("adds", "removes", "sets") and r["fact"] != WHOLE
    }
    after = sorted((r["fact"], r["new"]) for r in rows if r["new"] is not None)
    before = sorted((r["fact"], r["old"]) for r in rows if r["old"] is not None)
    blind = any(r["old"] == UNKNOWN for r in rows)
    return Alteration(
        facts=facts,
        whole=opaque or blind,
        prior=None if blind or not rows[0]["accepted"] else tuple(before),
        content=None if opaque else tuple(after),
    )
