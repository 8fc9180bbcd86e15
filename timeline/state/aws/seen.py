"""One answer of the provider with what it is about; several of them as the pages of one list."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from collector.model import Gap, Provenance
from timeline.model import Json
from timeline.state.ledger import Atoms, Observation

#: (resource, slot, content) that an answer shows.
Shown: TypeAlias = tuple[str, str, Atoms]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One answer with what it is about; `about` is empty where the request is not known."""

    kind: str
    body: Mapping[str, Json]
    at: datetime
    provenance: Provenance | None
    about: str

    @property
    def acquisition(self) -> str:
        """Where it was collected: answers of one collection are of one time."""
        return self.provenance.item.partition(".")[0] if self.provenance else ""

    def observation(
        self, uid: str, slot: str, atoms: Atoms, words: str = "answered", *, ends: str | None = None
    ) -> Observation:
        """One slot as it was seen."""
        return Observation(
            resource_uid=uid, slot=slot, atoms=atoms, at=self.at,
            why=f"{self.kind} observed at {self.at:%Y-%m-%dT%H:%M:%SZ} ({words})",
            provenance=self.provenance, ends=ends,
        )  # fmt: skip

    def gap(self, kind: str, reason: str) -> Gap:
        """Why nothing of it is used."""
        proof = self.provenance
        return Gap(
            kind=kind, subject=f"{self.kind} {self.about}", reason=reason,
            item=proof.item if proof else None, locator=proof.locator if proof else None,
        )  # fmt: skip


def pages(
    seen: Iterable[Seen], kinds: Collection[str], more: Callable[[Seen], bool]
) -> list[list[Seen]]:
    """Lists that are complete: all pages are there, and only the last one speaks of no more.

    Args:
        seen: answers, the pages of one list in their order.
        kinds: kinds of list that are wanted.
        more: whether a page says that others follow.
    """
    groups: dict[tuple[str, str, str, datetime], list[Seen]] = {}
    for one in seen:
        if one.kind in kinds:
            groups.setdefault((one.acquisition, one.kind, one.about, one.at), []).append(one)
    return [
        group
        for _, group in sorted(groups.items())
        if [more(one) for one in group] == [True] * (len(group) - 1) + [False]
    ]
