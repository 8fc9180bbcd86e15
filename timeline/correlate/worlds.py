"""Classes of requests asked again under other assumptions and readings (R-165, R-166).

A *world* is the case's own assumptions with some of them toggled: one or two of the named ones, or
one entry of the register of ambiguities read otherwise. In each:
1. decisions are made again, hidden changes are placed anew by what outcomes then show, and periods
   without records are filled with unknown writes where `gaps-minimal` does not hold, as in a build;
2. a class that is then allowed is explained again, by both undos, in every order;
3. what is needed of it is kept: the decision, the necessity of each change, and the formulas.
One world is asked for all classes and left behind before the next, so that classes share their runs
and no two worlds lie in memory at the same time.

A class stands for its accesses as the case's own assumptions tell them apart. With an assumption
switched off fewer facts are known, and fewer tell accesses apart; with one on records switched *on*
more may, so such a world is not asked and says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import combinations
from typing import Any

from collector.errors import UsageError
from timeline.correlate import decisions, formulas, holes, narrowing, orders
from timeline.correlate.answers import Answers
from timeline.correlate.causation import Explained
from timeline.correlate.causes import Causes
from timeline.correlate.decisions import Decided, RequestClass, Setting
from timeline.correlate.provider import Provider
from timeline.correlate.questions import Questions
from timeline.correlate.views import GAPS_MINIMAL, RECORDS_COMPLETE, Doubted, Viewed
from timeline.model import Decision, Verdict

DOCUMENTED = "documented-readings"
#: Names of the assumptions, as case.toml spells them.
NAMED = (
    DOCUMENTED, GAPS_MINIMAL, RECORDS_COMPLETE, "unseen-guardrails-absent",
)  # fmt: skip
#: Before the reading of one entry among the assumptions.
READING = "reading "
#: Necessity of each change under each undo.
Necessity = frozenset[tuple[str, str, str]]
#: Names toggled, in order.
Toggled = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """What a build starts from, before outcomes place hidden changes.

    Attributes:
        history: of configuration, under no assumption.
        setting: view and attempts as observed.
        decided: classes and accesses.
        changes: rows of the table.
        narrowed: whether outcomes placed any hidden change.
        across_gaps: whether any content is known only across a period of missing records.
    """

    history: Viewed
    setting: Setting
    decided: Decided
    changes: Sequence[Mapping[str, Any]]
    narrowed: bool
    across_gaps: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What classes are asked again in.

    Attributes:
        records: as observed.
        setting, decided, causes: as causation was asked.
        writers: rows of `events` that made changes, by event uid.
        missing: periods in which records of changes may be missing.
    """

    records: Records
    setting: Setting
    decided: Decided
    causes: Causes
    writers: Mapping[str, Mapping[str, Any]]
    missing: Sequence[holes.Hole] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One class in one world.

    Attributes:
        verdict: the decision.
        flips: whether the decision, or of an allowed class the necessity of any change, is not what
            it is under the case's own assumptions.
        formulas: undo -> id in the store; empty where the class is not allowed.
    """

    verdict: Verdict
    flips: bool
    formulas: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """Every class in every world that it was asked in.

    Attributes:
        held: the case's own assumptions.
        replies: (class uid, names toggled) -> reply; the case's own world is ().
        store: formula id -> formula.
        met: entries of the register that turned some answer, in any world asked.
        left_out: classes that were asked in the case's own world alone, for want of room.
    """

    held: frozenset[str]
    replies: Mapping[tuple[str, Toggled], Reply]
    store: Mapping[str, Mapping[str, Any]]
    met: tuple[str, ...]
    left_out: int


def checked(provider: Provider, held: frozenset[str]) -> Provider:
    """The provider, where it knows every reading that the case takes.

    Raises:
        UsageError: case.toml takes a reading of an entry that its register does not have.
    """
    for name in sorted(held):
        entry = name.removeprefix(READING).partition("=")[0]
        if name.startswith(READING) and entry not in provider.readings:
            known = ", ".join(sorted(provider.readings))
            raise UsageError(
                f"case.toml, [assumptions] readings: expected an entry of the register ({known}), "
                f"found {entry}"
            )
    return provider


def toggles(names: Iterable[str]) -> tuple[Toggled, ...]:
    """Each name alone, then each pair, in order."""
    ordered = sorted(set(names))
    return tuple((name,) for name in ordered) + tuple(combinations(ordered, 2))


def readings(met: Iterable[str], held: frozenset[str], provider: Provider) -> list[Toggled]:
    """What to toggle for each reading, of the entries met, that the case itself does not take."""
    found = []
    for each in sorted(met):
        own = {name for name in held if name.startswith(f"{READING}{each}=")}
        both = each in provider.without_default or DOCUMENTED not in held
        ways = ("first", "other") if both else ("other",)
        wanted = [{f"{READING}{each}={way}"} for way in ways] + ([set()] if own else [])
        found += [tuple(sorted(own ^ one)) for one in wanted if one != own]
    return found


def askable(toggled: Toggled, held: frozenset[str]) -> bool:
    """Whether the case's own classes still stand for all their accesses in a world."""
    return not {GAPS_MINIMAL, RECORDS_COMPLETE} & set(toggled) - held


class World:
    """One set of assumptions over one case."""

    def __init__(self, case: Case, held: frozenset[str], met: set[str]) -> None:
        """Places hidden changes and fills holes as a build with these assumptions does.

        Args:
            case: what is asked.
            held: the assumptions.
            met: takes up every entry of the register that matters to any evaluation.
        """
        self._case = case
        records = case.records
        provider = _noting(records.setting.provider, met)
        setting = replace(
            records.setting,
            view=Doubted(records.history, held), provider=provider, assumptions=held,
            answers=Answers(),  # which go with the world
        )  # fmt: skip
        self._observed = setting
        self._asked: dict[str, RequestClass] = {}
        self._placed: Decided | None = None
        if records.narrowed:
            classes = {uid: self._decided(one) for uid, one in records.decided.classes.items()}
            decided = replace(records.decided, classes=classes)
            found = narrowing.narrowed(decided, setting, records.changes, case.writers)
            self._placed, setting, _ = narrowing.applied(
                found, decided, setting, records.history, records.changes
            )
        filled = holes.applied(setting, case.missing)
        self._filled = filled is not setting
        self._setting = filled
        self._questions = Questions(
            filled.view, filled.attempts, provider, held, case.writers
        )  # fmt: skip

    def _decided(self, one: RequestClass) -> RequestClass:
        return replace(one, decision=decisions.again(one, self._observed))

    def decision(self, uid: str) -> Decision:
        """The decision on a class, as causation is asked."""
        return self._class(uid).decision

    def _class(self, uid: str) -> RequestClass:
        if self._placed is not None:
            return self._placed.classes[uid]
        if uid not in self._asked:
            self._asked[uid] = self._decided(self._case.records.decided.classes[uid])
        return self._asked[uid]

    @cached_property
    def _times(self) -> dict[str, datetime]:
        return {a.change_uid: a.time for a in self._setting.attempts.ordered}

    def explained(self, uid: str) -> tuple[Explained, formulas.Asked]:
        """An allowed class by both undos, and what its formulas are computed from."""
        one = holes.asked_in(self._class(uid), self._setting)
        question = self._questions.of(one)
        found = orders.explain_in_every_order(one, self._questions, question=question)
        settled = found
        if self._filled:
            settled = holes.settled_at(found, one.at, self._times, self._case.missing)
        return settled, formulas.Asked(
            question=question,
            changes=settled.changes,
            sets=settled.sets,
            exact=settled is found and not self._questions.loose(one),
        )


def _noting(provider: Provider, met: set[str]) -> Provider:
    """The provider, with every entry of the register that matters to an answer noted."""

    def decide(*asked: Any) -> Decision:  # noqa: ANN401 (arguments passed on)
        found = provider.decide(*asked)
        met.update(found.ambiguities)
        return found

    def gate(*asked: Any) -> Decision:  # noqa: ANN401
        found = provider.gate(*asked)
        met.update(found.ambiguities)
        return found

    return replace(provider, decide=decide, gate=gate)


@dataclass(slots=True, kw_only=True)
class _Asking:
    """Work in progress of `ask`."""

    case: Case
    held: frozenset[str]
    room: formulas.Room
    met: set[str] = field(default_factory=set)
    replies: dict[tuple[str, Toggled], Reply] = field(default_factory=dict)

    def world(self, toggled: Toggled, uids: Iterable[str]) -> None:
        """Asks some classes in one world."""
        wanted = [uid for uid in uids if (uid, toggled) not in self.replies]
        if not wanted:
            return
        world = World(self.case, self.held ^ frozenset(toggled), self.met)
        for uid in wanted:
            self.replies[uid, toggled] = self._reply(uid, toggled, world)

    def toggled(self, toggled: Toggled, uids: Sequence[str]) -> None:
        """As `world`, but taken over from a world that cannot differ from it, where there is one.

        Without gaps `gaps-minimal` says nothing. Where no entry of the register turned any answer
        in a world, it is the same without `documented-readings`.
        """
        records = self.case.records
        gapless = not (self.case.missing or records.narrowed or records.across_gaps)
        for name, idle in ((GAPS_MINIMAL, gapless), (DOCUMENTED, True)):
            if not idle or name not in toggled or name not in self.held:
                continue
            source = tuple(each for each in toggled if each != name)
            self.toggled(source, uids)
            if name == GAPS_MINIMAL or not self.met:
                for uid in uids:
                    self.replies.setdefault((uid, toggled), self.replies[uid, source])
                return
        self.world(toggled, uids)

    def _reply(self, uid: str, toggled: Toggled, world: World) -> Reply:
        own = self.case.decided.classes[uid].decision.verdict
        verdict = world.decision(uid).verdict
        if verdict is not Verdict.ALLOWED:
            return Reply(verdict=verdict, flips=verdict is not own, formulas={})
        found, asked = world.explained(uid)
        stored = _answers(self.case.causes.changes.get(uid, ()))
        return Reply(
            verdict=verdict,
            flips=verdict is not own or _answers(found.changes) != stored,
            formulas=self.room.formulas(asked),
        )


def ask(
    wanted: Mapping[str, Iterable[Toggled]], everywhere: Sequence[str], case: Case
) -> Replies:  # fmt: skip
    """Asks classes in worlds.

    Args:
        wanted: class uid -> names toggled, that are asked in any case.
        everywhere: classes that are asked in every world, in order of their weight; of more than
            `formulas.CLASSES` the first.
        case: what they are asked in.
    """
    held = case.setting.assumptions
    asking = _Asking(case=case, held=held, room=formulas.Room())
    asking.world((), wanted)
    chosen = list(dict.fromkeys(everywhere))[: formulas.CLASSES]
    named = {uid: set(several) for uid, several in wanted.items()}
    common = set(toggles(NAMED))
    for toggled in sorted(common.union(*named.values()), key=lambda names: (len(names), names)):
        uids = [uid for uid, several in named.items() if toggled in several]
        whole = chosen if toggled in common and askable(toggled, held) else []
        asking.toggled(toggled, list(dict.fromkeys([*whole, *uids])))
    provider = case.setting.provider
    known = len(asking.met) + 1
    while known != len(asking.met):  # a reading may lead to entries that no world met before
        known = len(asking.met)
        met = asking.met & provider.readings.keys()
        for toggled in readings(met, held, provider):
            asking.world(toggled, chosen)
    return Replies(
        held=held,
        replies=asking.replies,
        store=asking.room.store,
        met=tuple(sorted(asking.met & provider.readings.keys())),
        left_out=len(set(everywhere)) - len(chosen),
    )


def _answers(rows: Sequence[Mapping[str, Any]]) -> Necessity:
    return frozenset((r["change_uid"], r["undo"], r["but_for"]) for r in rows)
