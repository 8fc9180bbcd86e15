"""Contents of slots as the course of events holds them, and back into what a reader sees."""

import json

from timeline.correlate.course import Content
from timeline.correlate.provider import Provider
from timeline.model import Json, Knowledge, SlotState


def state_of(provider: Provider, content: Content) -> SlotState:
    """A content as the slot that a reader of the history would see."""
    why = "counterfactual"
    if content is None:
        return SlotState(knowledge=Knowledge.UNKNOWN, value=None, why=why)
    if not content:
        return SlotState(knowledge=Knowledge.ABSENT, value=None, why=why)
    value = provider.assemble({fact: json.loads(text) for fact, text in content})
    return SlotState(knowledge=Knowledge.PRESENT, value=value, why=why)


def content_of(state: SlotState) -> Content:
    """Facts of a slot as a content."""
    if state.knowledge is Knowledge.UNKNOWN:
        return None
    if state.knowledge is Knowledge.ABSENT:
        return ()
    facts = {i.fact: canonical(i.value) for i in state.intervals if i.fact != "*"}
    return tuple(sorted(facts.items()))


def canonical(value: Json) -> str:
    """As values stand in the derived tables."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
