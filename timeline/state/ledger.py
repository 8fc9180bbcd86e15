"""Facts, and what changes them: writes and observations of one slot.

A slot is a place where configuration lives; its content is a mapping from fact to value
(`Atoms`). A document is held as one fact per statement, a grant list as one fact per grant, a
setting as the single fact `value`. An empty mapping is a slot known to be empty; `None` is a slot
whose content is not known. The two are never exchanged.

Source: `access.md` G2 (facts, not documents), `causation.md` 7.1 (facts and changes).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from collector.model import Gap, Provenance
from timeline.model import Json

#: Content of a slot: fact -> value.
Atoms: TypeAlias = Mapping[str, Json]

#: The fact of a slot that holds one value.
SCALAR = "value"

#: The fact that stands for a whole slot: known to be empty, or not known.
WHOLE = "*"

#: What a column of a derived table says when the value is not known.
UNKNOWN = "UNKNOWN"

#: A slot name with this end stands for all slots of that family that any record mentions.
FAMILY = "/*"

#: The slot by which a resource begins and ends.
EXISTENCE = "existence"

#: The slot that names the account of a resource.
OWNER = "owner"


class ChangeKind(StrEnum):
    """Where a change comes from; column `kind` of `changes`."""

    LOGGED = "logged"
    DEFAULT = "default"
    HIDDEN = "hidden"
    OPAQUE = "opaque"


class Effect(StrEnum):
    """What a write did to one fact; column `effect` of `changes`."""

    ADDS = "adds"
    REMOVES = "removes"
    SETS = "sets"
    RE_ASSERTS = "re-asserts"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Shown(StrEnum):
    """Whether a write leaves rows in `changes`.

    What a creation sets by default, and what ends with an object, are no changes; an overwrite
    that clears a list is one.
    """

    ALWAYS = "always"
    IF_REPLACING = "if it replaces one known content by another"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One row of `events`, as far as it can carry configuration.

    Attributes:
        event_uid, provider_uid, provider: as in `events`.
        time: start of the interval in which it happened.
        precision: width of that interval.
        operation, service: the provider's names.
        account: owner of the resource, else the recipient; None if not logged.
        region: None if not logged.
        actor: ARN or account of the caller as logged; None if not logged.
        actor_account: account of the caller; None if anonymous or not logged.
        error_code: None if it succeeded.
        who: what else the record says of the caller: user agent, address, session, key.
        container, object: bucket and key as normalized; None if none.
        params: the record's own sub-documents by name.
        omitted: names of fields that the provider left out.
        provenance: the bytes.
    """

    event_uid: str
    provider_uid: str | None
    provider: str
    time: datetime
    precision: timedelta
    operation: str
    service: str
    account: str | None
    region: str | None
    actor: str | None
    actor_account: str | None
    error_code: str | None
    who: Mapping[str, Json]
    container: str | None
    object: str | None
    params: Mapping[str, Json]
    omitted: tuple[str, ...]
    provenance: Provenance

    @property
    def end(self) -> datetime:
        """End of the interval in which it happened, exclusive."""
        return self.time + self.precision

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Total order. Within one tick it is a tie-break by id, and is marked as such."""
        return (self.time, self.provider_uid or "", self.event_uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One attempted write to one slot: a full replacement of its content.

    Attributes:
        resource_uid, slot: what is written.
        atoms: content that the slot is to have; None = the record does not carry it.
        record: the event that wrote it.
        accepted: False for a refused write, which alters nothing.
        kind: logged, default or opaque.
        why: one sentence for the interval that it begins.
        before: content that its success implies for the moment before; None = implies nothing.
        rank: order inside one tick: 0 begins a resource, 1 configures it, 2 ends it.
        shown: whether it leaves rows in `changes`.
    """

    resource_uid: str
    slot: str
    atoms: Atoms | None
    record: Recorded
    accepted: bool = True
    kind: ChangeKind = ChangeKind.LOGGED
    why: str = ""
    before: Atoms | None = None
    rank: int = 1
    shown: Shown = Shown.ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one slot was seen to hold at one instant, by an answer or by a logged read.

    Attributes:
        resource_uid, slot: what was seen.
        atoms: its content; None = it was seen to be non-empty, without its content.
        at: instant.
        why: one sentence.
        provenance: the bytes; None for dated reference data.
        not_before: an instant at which the earlier content still stood, for other reasons: a
            principal that made a call existed; None = none is known.
        ends: resource that was seen to be there no more; its last recorded use comes before that.
    """

    resource_uid: str
    slot: str
    atoms: Atoms | None
    at: datetime
    why: str
    provenance: Provenance | None
    not_before: datetime | None = None
    ends: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A complete list of the resources of one kind in one account: what is not in it is not there.

    Attributes:
        prefixes: starts of the `resource_uid`s that the list would show.
        seen: what it showed: resource -> slot -> content, None = there, but not readable.
        at: instant.
        why: one sentence.
        provenance: the bytes.
    """

    prefixes: tuple[str, ...]
    seen: Mapping[str, Mapping[str, Atoms | None]]
    at: datetime
    why: str
    provenance: Provenance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name that never changes (owner, ARN of an id), as one record or answer gives it.

    Attributes:
        value: the name.
        provenance: the bytes of what gives it; None for an answer whose bytes are not evidence.
    """

    value: str
    provenance: Provenance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """What reference data of ours states of a slot, and the record for whose sake it is stated.

    Attributes:
        since: the day from which the data states it.
        atoms: content.
        why: row and source of the data.
        provenance: the first record or answer that refers to the resource.
    """

    since: datetime
    atoms: Atoms
    why: str
    provenance: Provenance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What the records of one provider say of configuration, not yet folded.

    Attributes:
        writes: attempted writes, in no particular order.
        observations: of single slots.
        listings: complete lists.
        names: (resource, slot) -> name that never changes: owner, ARN of a unique id or of a name.
        constants: (resource, slot) -> content that reference data states.
        gaps: answers of which nothing is used, and why.
    """

    writes: tuple[Write, ...] = ()
    observations: tuple[Observation, ...] = ()
    listings: tuple[Listing, ...] = ()
    names: Mapping[tuple[str, str], Name] = field(default_factory=dict)
    constants: Mapping[tuple[str, str], Constant] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()

    def owners(self) -> dict[str, str]:
        """Resource -> account that owns it, as far as records say."""
        return {uid: name.value for (uid, slot), name in self.names.items() if slot == OWNER}


def canonical(value: Json) -> str:
    """JSON with sorted keys and no spaces; values and the order of lists untouched."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: Json) -> str:
    """SHA-256 of the canonical JSON, hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def scalar(value: Json) -> Atoms:
    """Content of a slot that holds one value."""
    return {SCALAR: value}


def same(one: Atoms, other: Atoms) -> bool:
    """Whether two contents are the same facts.

    Facts that are identified by what they say (statements, grants) are compared by their name
    alone: a statement under another label is the same fact.
    """
    if one.keys() != other.keys():
        return False
    return SCALAR not in one or canonical(one[SCALAR]) == canonical(other[SCALAR])
